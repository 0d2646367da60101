/* SPDX-License-Identifier: MIT */
#include "tuner/tuner_state.h"

#include "base/clock.h"
#include "base/log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAVE 128        /* kernels compiled between two timing phases on unified memory */
#define QUEUE 4096      /* kernels asked for at once elsewhere */
#define WAIT_S 0.1      /* between two looks at the commands */
#define JOB_PATIENCE 60 /* seconds without a word from a worker that has a watchdog of its own */
#define SUSPECT_AGAIN 2 /* suspect chunks in a row before a new baseline */
#define SUSPECT_TAKE 4  /* .. before the drift is taken as the card's new state */
#define SILENT_DEATHS 5

/* What a job ended with, and whose fault it was. */
struct outcome {
    enum job_end end;
    int item; /* -1 unknown */
    char text[1024];
};

/* Ends what store_begin began; a write that failed in it has rolled it back already. */
static bool end_batch(struct tuner *tuner, bool done, struct error *err)
{
    if (done)
        return store_commit(tuner->store, err);
    store_rollback(tuner->store);
    return false;
}

bool tuner_take_kernel(
    struct tuner *tuner, enum gemm gemm, int tile, struct compile_result *result, struct error *err)
{
    struct tuner_kernel *kernel = &tuner->kernels[gemm][tile];

    kernel->ticket = 0;
    if (result->status == COMPILE_STOPPED)
        return error_set(err, ERROR_DEVICE, "%s", result->text);
    if (result->status == COMPILE_TIMED_OUT) {
        tuner_event(tuner, "compile", "given up for this run: %s", result->text);
        race_set_kernel(tuner->race, gemm, tile, KERNEL_BAD, POINT_TIMED_OUT);
        return true;
    }
    tuner->view.compiles += !result->kernel.cached && !tuner->session.recorded;
    if (!tuner_keep_compile(tuner, gemm, tile, result, err))
        return false;
    if (result->status != COMPILE_OK) {
        tuner_view_kernel(tuner, gemm, tile);
        return true;
    }
    memcpy(kernel->hash, result->kernel.hash, sizeof kernel->hash);
    if (!client_load(
            tuner->session.client, &result->kernel, gemm, &tuner->plan.tiles[tile].tile, NULL)) {
        race_set_kernel(tuner->race, gemm, tile, KERNEL_UNKNOWN, POINT_OK);
        return true; /* the worker is gone: the next job says so */
    }
    race_set_kernel(tuner->race, gemm, tile, KERNEL_READY, POINT_OK);
    return true;
}

bool tuner_take_answer(struct tuner *tuner, struct compile_result *result, struct error *err)
{
    for (int g = 0; g < GEMM_COUNT; g++) {
        for (size_t t = 0; t < tuner->plan.count; t++) {
            if (tuner->kernels[g][t].ticket == result->ticket)
                return tuner_take_kernel(tuner, (enum gemm)g, (int)t, result, err);
        }
    }
    return true;
}

/* Takes one compile's answer, waiting up to `timeout`; *any says whether there was one. */
static bool take_compile(struct tuner *tuner, double timeout, bool *any, struct error *err)
{
    struct compile_result *result = calloc(1, sizeof *result);
    bool done = true;

    *any = session_next(&tuner->session, timeout, result);
    if (*any) {
        done = tuner_take_answer(tuner, result, err);
        kernel_free(&result->kernel);
    }
    free(result);
    return done;
}

static bool submit(struct tuner *tuner, size_t limit, struct error *err)
{
    struct race_kernel_id *wanted = calloc(limit, sizeof *wanted);
    size_t count = race_wanted(tuner->race, wanted, limit);
    bool done = true;

    for (size_t i = 0; done && i < count; i++) {
        long long *ticket = &tuner->kernels[wanted[i].gemm][wanted[i].tile].ticket;
        done = session_submit(
            &tuner->session, wanted[i].gemm, &tuner->plan.tiles[wanted[i].tile].tile, ticket, err);
        race_set_kernel(tuner->race, wanted[i].gemm, wanted[i].tile, KERNEL_ASKED, POINT_OK);
    }
    free(wanted);
    return done;
}

static void set_state(struct tuner *tuner, enum tuner_state state, const char *phase)
{
    tuner->view.state = state;
    snprintf(tuner->view.phase, sizeof tuner->view.phase, "%s", phase);
}

/*
 * On unified memory a wave is compiled to its end before timing goes on: both share the memory's
 * bandwidth. Elsewhere everything is queued and collected as it comes.
 */
static bool compile_some(struct tuner *tuner, struct error *err)
{
    bool unified = tuner->question.device.unified && !tuner->session.recorded;
    bool any = true, done = true;

    if (!unified || session_pending(&tuner->session) == 0) {
        if (!submit(tuner, unified ? WAVE : QUEUE, err))
            return false;
    }
    if (!store_begin(tuner->store, err)) /* one commit for all that has come */
        return false;
    while (any && done) {
        bool wait = unified && session_pending(&tuner->session) > 0 && !tuner->stop;
        if (wait)
            set_state(tuner, TUNER_COMPILING, "compile");
        tuner_stage(tuner, wait ? STAGE_COMPILE : STAGE_OTHER);
        done = take_compile(tuner, wait ? WAIT_S : 0, &any, err);
        tuner_publish(tuner, false);
        any = any || (wait && session_pending(&tuner->session) > 0 && !tuner->stop);
    }
    tuner_stage(tuner, STAGE_OTHER);
    return end_batch(tuner, done, err);
}

static bool take_chunk(struct tuner *tuner, const struct race_step *step,
    const struct measure_chunk *chunk, struct error *err)
{
    enum tuner_stage stage;
    bool counts, kept;

    if (isnan(tuner->view.first_timing_s))
        tuner->view.first_timing_s = clock_monotonic() - tuner->started;
    tuner->suspects = chunk->suspect ? tuner->suspects + 1 : 0;
    counts = !chunk->suspect || tuner->suspects >= SUSPECT_TAKE;
    stage = tuner_stage(tuner, STAGE_COMMIT);
    kept = tuner_keep_chunk(tuner, step, chunk, counts, err);
    tuner_stage(tuner, stage);
    if (!kept)
        return false;
    tuner->silent = 0;
    race_set_clock(tuner->race, chunk->clock_mhz);
    for (int i = 0; i < chunk->sample_count && counts; i++) {
        const struct race_item *item = &step->items[chunk->samples[i].item];
        race_add_sample(
            tuner->race, item->gemm, item->m_index, item->tile, step->phase, chunk->samples[i].us);
    }
    for (int i = 0; i < step->count && counts; i++)
        tuner_view_cell(tuner, step->items[i].gemm, step->items[i].m_index, step->items[i].tile);
    if (chunk->suspect)
        tuner_event(tuner, "suspect", "sentinel off by %.1f %%: %s", 100 * chunk->sentinel,
            counts ? "taken as the card's state" : "this chunk again");
    tuner->view.samples += chunk->sample_count;
    tuner->view.launches += chunk->launches;
    tuner->view.gpu_s += chunk->gpu_s;
    tuner->view.clock_mhz = chunk->clock_mhz;
    tuner->view.temperature_c = chunk->temperature_c;
    tuner->view.power_w = chunk->power_w;
    tuner->view.sentinel = chunk->sentinel;
    tuner->view.sentinel_ok = !chunk->suspect;
    tuner_publish(tuner, false);
    return true;
}

void tuner_load_refused(struct tuner *tuner, const struct event *event)
{
    for (int g = 0; g < GEMM_COUNT; g++) {
        for (size_t t = 0; t < tuner->plan.count; t++) {
            if (strcmp(tuner->kernels[g][t].hash, event->hash) == 0)
                race_set_kernel(
                    tuner->race, (enum gemm)g, (int)t, KERNEL_BAD, POINT_COMPILE_FAILED);
        }
    }
    tuner_event(tuner, "load", "%s", event->text);
}

/* Events until the job `id` has ended. False with *err: the store failed. */
static bool await(struct tuner *tuner, const struct race_step *step, long long id,
    struct verify_report *report, struct outcome *outcome, struct error *err)
{
    struct event *event = calloc(1, sizeof *event);
    bool done = true, ended = false;

    *outcome = (struct outcome){.end = JOB_FAULT, .item = -1};
    while (done && !ended) {
        enum client_next next = client_next(tuner->session.client, JOB_PATIENCE, event);
        if (next == CLIENT_TIMEOUT) {
            outcome->end = JOB_HANG;
            snprintf(outcome->text, sizeof outcome->text, "no word for %d s", JOB_PATIENCE);
            ended = true;
        } else if (next == CLIENT_ENDED) {
            snprintf(outcome->text, sizeof outcome->text, "%s", event->text);
            ended = true;
        } else if (event->op == EVENT_CHUNK && event->chunk.job == id) {
            done = take_chunk(tuner, step, &event->chunk, err);
        } else if (event->op == EVENT_LOADED && !event->ok) {
            tuner_load_refused(tuner, event);
        } else if ((event->op == EVENT_DONE || event->op == EVENT_VERIFIED) && event->id == id) {
            outcome->end = event->end;
            outcome->item = event->item;
            snprintf(outcome->text, sizeof outcome->text, "%s", event->text);
            if (report)
                *report = event->verify;
            ended = true;
        } else if (event->op == EVENT_ERROR) {
            tuner_event(tuner, "worker", "%s", event->text);
        }
    }
    free(event);
    return done;
}

static bool restart_worker(struct tuner *tuner, struct error *err)
{
    tuner->view.worker_restarts++;
    if (++tuner->silent > SILENT_DEATHS)
        return error_set(err, ERROR_DEVICE,
            "the worker died %d times in a row without a result; see the log; `moebench doctor` "
            "looks at the card",
            tuner->silent);
    tuner_forget_kernels(tuner, KERNEL_READY);
    return tuner_open_worker(tuner, err);
}

/* The tile at fault is run alone from now on, and left after the second time; when it cannot be
 * told, all of the job's are run alone until they are seen to be well. */
static bool blame(struct tuner *tuner, const struct race_step *step, const struct outcome *outcome,
    struct error *err)
{
    enum point_status status = outcome->end == JOB_HANG ? POINT_TIMED_OUT : POINT_FAULTED;
    int item = step->count == 1 ? 0 : outcome->item;
    char text[TILE_TEXT_SIZE];

    if (item < 0 || item >= step->count) {
        for (int i = 0; i < step->count; i++)
            race_suspect(tuner->race, step->items[i].gemm, step->items[i].tile);
        tuner_event(tuner, "worker-restart", "%s; each tile of the job alone now", outcome->text);
        return restart_worker(tuner, err);
    }
    if (!tuner_keep_kill(tuner, &step->items[item], status, outcome->text, err))
        return false;
    race_add_kill(tuner->race, step->items[item].gemm, step->items[item].tile, status);
    tuner_view_kernel(tuner, step->items[item].gemm, step->items[item].tile);
    tuner_event(tuner, "worker-restart", "%s %s at M=%d: %s",
        tile_format(&tuner->plan.tiles[step->items[item].tile].tile, text, sizeof text),
        gemm_name(step->items[item].gemm), step->items[item].m, outcome->text);
    tuner->silent = 0;
    return restart_worker(tuner, err);
}

/* A job that could not be done though the worker lives. */
static bool refuse(struct tuner *tuner, const struct race_step *step, const struct outcome *outcome,
    struct error *err)
{
    int item = step->count == 1 ? 0 : outcome->item;

    if (item < 0 || item >= step->count)
        return error_set(err, ERROR_FAILED, "worker: %s", outcome->text);
    race_set_kernel(
        tuner->race, step->items[item].gemm, step->items[item].tile, KERNEL_BAD, POINT_FAULTED);
    tuner_view_kernel(tuner, step->items[item].gemm, step->items[item].tile);
    tuner_event(tuner, "worker", "%s", outcome->text);
    return true;
}

static bool settle_outcome(struct tuner *tuner, const struct race_step *step,
    const struct outcome *outcome, struct error *err)
{
    switch (outcome->end) {
    case JOB_DONE:
    case JOB_CANCELLED:
        if (step->count == 1)
            race_clear(tuner->race, step->items[0].gemm, step->items[0].tile);
        return true;
    case JOB_ERROR:
        return refuse(tuner, step, outcome, err);
    default:
        return blame(tuner, step, outcome, err);
    }
}

static void fill_item(
    const struct tuner *tuner, const struct race_item *item, struct measure_item *out)
{
    *out = (struct measure_item){
        .gemm = item->gemm,
        .m = item->m,
        .tile = tuner->plan.tiles[item->tile].tile,
        .samples = item->samples,
        .drawn = item->drawn,
        .discard = 1,
        .give_up_us = item->give_up_us,
    };
    memcpy(out->kernel, tuner->kernels[item->gemm][item->tile].hash, sizeof out->kernel);
}

static void show_item(struct tuner *tuner, const struct race_item *item)
{
    tuner->view.gemm = item->gemm;
    tuner->view.m = item->m;
    tuner->view.running_tile = (size_t)item->tile < tuner->plan.space_count ? item->tile : -1;
}

bool tuner_measure(struct tuner *tuner, const struct race_step *step, struct error *err)
{
    struct measure_item *items = calloc((size_t)step->count, sizeof *items);
    struct measure_job job = {
        .id = ++tuner->session.jobs,
        .items = items,
        .item_count = step->count,
        .shuffle = step->shuffle,
        .seed = tuner->question.seed * 1000003 + (unsigned long long)tuner->session.jobs,
    };
    struct outcome outcome = {.end = JOB_FAULT, .item = -1};
    bool done = true;

    for (int i = 0; i < step->count; i++)
        fill_item(tuner, &step->items[i], &items[i]);
    show_item(tuner, &step->items[0]);
    set_state(tuner, TUNER_TIMING, race_phase_name(step->phase));
    client_measure(tuner->session.client, &job, NULL); /* a dead worker shows in await() */
    tuner_stage(tuner, STAGE_MEASURE);
    done = await(tuner, step, job.id, NULL, &outcome, err);
    tuner_stage(tuner, STAGE_OTHER);
    done = done && settle_outcome(tuner, step, &outcome, err);
    free(items);
    if (done && tuner->suspects == SUSPECT_AGAIN)
        return restart_worker(tuner, err); /* preheats, and takes a new baseline */
    return done;
}

bool tuner_verify(struct tuner *tuner, const struct race_item *item, struct error *err)
{
    struct race_step *single = calloc(1, sizeof *single);
    struct measure_item asked;
    struct verify_report report = {0};
    struct outcome outcome;
    long long id = ++tuner->session.jobs;
    bool done;

    single->items[0] = *item;
    single->count = 1;
    fill_item(tuner, item, &asked);
    show_item(tuner, item);
    client_verify(tuner->session.client, id, &asked, NULL);
    tuner_stage(tuner, STAGE_VERIFY);
    done = await(tuner, single, id, &report, &outcome, err);
    tuner_stage(tuner, STAGE_OTHER);
    done = done && settle_outcome(tuner, single, &outcome, err);
    free(single);
    if (!done || outcome.end != JOB_DONE)
        return done;
    race_add_check(tuner->race, item->gemm, item->m, item->tile, report.right);
    tuner_view_kernel(tuner, item->gemm, item->tile);
    if (!report.right)
        tuner_event(tuner, "wrong",
            "%s M=%d: relative error %.3g, %lld NaN, %lld unwritten: "
            "never chosen",
            gemm_name(item->gemm), item->m, report.relative_error, report.nan_count,
            report.unwritten);
    return tuner_keep_check(tuner, item, &report, err);
}

static bool verify(struct tuner *tuner, const struct race_step *step, struct error *err)
{
    int restarts = tuner->view.worker_restarts;

    bool done = store_begin(tuner->store, err);

    if (!done)
        return false;
    set_state(tuner, TUNER_VERIFYING, "verify");
    /* After a restart nothing is loaded any more: the race is asked again. */
    for (int i = 0; done && i < step->count && tuner->view.worker_restarts == restarts; i++) {
        done = tuner_verify(tuner, &step->items[i], err);
        tuner_publish(tuner, false);
    }
    return end_batch(tuner, done, err);
}

static bool choose(struct tuner *tuner, int m_index, struct error *err)
{
    struct race_decision decision;

    race_decide(tuner->race, m_index, &decision);
    if (decision.chosen && !tuner_keep_decision(tuner, m_index, &decision, err))
        return false;
    race_settle(tuner->race, m_index);
    tuner_view_decision(tuner, m_index, &decision, true);
    return true;
}

static bool wait_for_kernel(struct tuner *tuner, struct error *err)
{
    bool any, done;

    set_state(tuner, TUNER_COMPILING, "compile");
    if (session_pending(&tuner->session) == 0)
        return error_set(err, ERROR_FAILED, "the race waits for a kernel that nobody compiles");
    tuner_publish(tuner, false);
    tuner_stage(tuner, STAGE_COMPILE);
    done = take_compile(tuner, WAIT_S, &any, err);
    tuner_stage(tuner, STAGE_OTHER);
    return done;
}

static bool do_step(struct tuner *tuner, const struct race_step *step, struct error *err)
{
    switch (step->action) {
    case RACE_MEASURE:
        return tuner_measure(tuner, step, err);
    case RACE_VERIFY:
        return verify(tuner, step, err);
    case RACE_CHOOSE:
        return choose(tuner, step->m_index, err);
    case RACE_WAIT:
        return wait_for_kernel(tuner, err);
    case RACE_FINISHED:
        return true;
    }
    abort();
}

static bool out_of_time(const struct tuner *tuner)
{
    return tuner->question.budget_s > 0 &&
           clock_monotonic() - tuner->started >= tuner->question.budget_s;
}

static bool work(struct tuner *tuner, struct error *err)
{
    struct race_step *step = calloc(1, sizeof *step);
    bool done = true, finished = false;

    while (done && !finished && !tuner->stop && !out_of_time(tuner)) {
        done = tuner_obey(tuner, err);
        if (!done || tuner->stop)
            break;
        if (tuner->paused) {
            set_state(tuner, TUNER_PAUSED, "paused");
            tuner_publish(tuner, false);
            clock_sleep(WAIT_S);
            continue;
        }
        done = compile_some(tuner, err);
        if (!done || tuner->stop)
            break;
        race_next(tuner->race, step);
        finished = step->action == RACE_FINISHED;
        done = do_step(tuner, step, err);
    }
    free(step);
    if (done && !finished)
        return error_set(err, ERROR_STOPPED,
            "%s; all that was measured is stored: the same "
            "command goes on",
            tuner->stop ? "stopped" : "out of time");
    return done;
}

bool tuner_run(struct tuner *tuner, struct error *err)
{
    struct error later = {0};
    bool done;

    set_state(tuner, TUNER_STARTING, "start");
    if (!tuner_need_session(tuner, err))
        return false;
    tuner_publish(tuner, true);
    if (tuner->tune.state == TUNE_DONE)
        return true;
    if (!tuner_need_worker(tuner, err))
        return false;
    done = work(tuner, err);
    if (!done && err->kind == ERROR_STOPPED && !tuner_verify_so_far(tuner, &later))
        log_line("%s", later.text);
    tuner_publish(tuner, true);
    tuner->view.state = done ? TUNER_DONE : TUNER_STOPPED;
    if (!tuner_keep_state(tuner, done ? TUNE_DONE : TUNE_UNFINISHED, done ? err : &later))
        return false;
    return done;
}
