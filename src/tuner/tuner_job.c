/* SPDX-License-Identifier: MIT */
#include "tuner/tuner_state.h"

#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The tuner's jobs with the worker, and what their ends do to it. */

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

/* A chunk in which the sentinel was off is kept and measured again, after two in a row against a
 * new baseline; when the fourth is off too, that is how the card is now. */
static bool counts(struct tuner *tuner, const struct measure_chunk *chunk)
{
    if (!chunk->suspect)
        tuner->suspects = 0;
    else if (!tuner->rebase)
        tuner->suspects++;
    tuner->rebase = tuner->suspects == SUSPECT_AGAIN;
    return !chunk->suspect || tuner->suspects >= SUSPECT_TAKE;
}

static void show_item(struct tuner *tuner, const struct race_item *item)
{
    tuner->view.gemm = item->gemm;
    tuner->view.m = item->m;
    tuner->view.running_tile = (size_t)item->tile < tuner->plan.space_count ? item->tile : -1;
}

/* A job goes through many items: the one that was timed last stands for what runs. */
static void show_chunk(
    struct tuner *tuner, const struct race_step *step, const struct measure_chunk *chunk)
{
    if (chunk->sample_count > 0)
        show_item(tuner, &step->items[chunk->samples[chunk->sample_count - 1].item]);
    tuner->view.samples += chunk->sample_count;
    tuner->view.launches += chunk->launches;
    tuner->view.gpu_s += chunk->gpu_s;
    tuner->view.clock_mhz = tuner_known(chunk->clock_mhz);
    tuner->view.temperature_c = tuner_known(chunk->temperature_c);
    tuner->view.power_w = tuner_known(chunk->power_w);
    tuner->view.sentinel = chunk->sentinel;
    tuner->view.sentinel_ok = !chunk->suspect;
}

/* Samples into the race, and their cells, each once, into the view. */
static void add_samples(
    struct tuner *tuner, const struct race_step *step, const struct measure_chunk *chunk)
{
    bool *seen = xcalloc((size_t)step->count, sizeof *seen);

    for (int i = 0; i < chunk->sample_count; i++) {
        const struct race_item *item = &step->items[chunk->samples[i].item];
        race_add_sample(
            tuner->race, item->gemm, item->m_index, item->tile, step->phase, chunk->samples[i].us);
    }
    for (int i = 0; i < chunk->sample_count; i++) {
        const struct race_item *item = &step->items[chunk->samples[i].item];
        if (!seen[chunk->samples[i].item])
            tuner_view_cell(tuner, item->gemm, item->m_index, item->tile);
        seen[chunk->samples[i].item] = true;
    }
    free(seen);
}

static bool take_chunk(struct tuner *tuner, const struct race_step *step,
    const struct measure_chunk *chunk, struct error *err)
{
    enum tuner_stage stage;
    bool counted, kept;

    if (isnan(tuner->view.first_timing_s))
        tuner->view.first_timing_s = clock_monotonic() - tuner->started;
    counted = counts(tuner, chunk);
    stage = tuner_stage(tuner, STAGE_COMMIT);
    kept = tuner_keep_chunk(tuner, step, chunk, counted, err);
    tuner_stage(tuner, stage);
    if (!kept)
        return false;
    tuner->silent = 0;
    race_set_clock(tuner->race, chunk->clock_mhz);
    if (counted)
        add_samples(tuner, step, chunk);
    if (chunk->suspect)
        tuner_event(tuner, "suspect", "sentinel off by %.1f %% at %.0f MHz, %.0f W: %s",
            100 * chunk->sentinel, chunk->clock_mhz, chunk->power_w,
            counted ? "taken as the card's state" : "this chunk again");
    show_chunk(tuner, step, chunk);
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

/* Whether the running job is to end after its chunk. */
static bool interrupted(struct tuner *tuner)
{
    return tuner->stop || tuner->rebase || tuner_out_of_time(tuner) || tuner_has_command(tuner);
}

/* The worker's next event. What is compiled meanwhile is taken in and loaded, so that the next job
 * finds it ready. False: the store failed. */
static bool next_event(
    struct tuner *tuner, struct event *event, enum client_next *next, struct error *err)
{
    struct client *client = tuner->session.client;
    double end = clock_monotonic() + JOB_PATIENCE;
    bool any = false;

    for (;;) {
        struct pollfd fds[] = {
            {.fd = client_fd(client), .events = POLLIN},
            {.fd = session_fd(&tuner->session), .events = POLLIN},
        };
        *next = client_next(client, 0, event);
        if (*next != CLIENT_TIMEOUT || clock_monotonic() > end)
            return true;
        if (!tuner_take_compiled(tuner, 0, &any, err) || (any && !tuner_ask_kernels(tuner, err)))
            return false;
        if (!any && poll(fds, 2, 1000) < 0 && errno != EINTR)
            abort();
    }
}

/* Events until the job `id` has ended. False with *err: the store failed. */
static bool await(struct tuner *tuner, const struct race_step *step, long long id,
    struct verify_report *report, struct outcome *outcome, struct error *err)
{
    struct event *event = xcalloc(1, sizeof *event);
    bool done = true, ended = false, cancelled = false;
    enum client_next next;

    *outcome = (struct outcome){.end = JOB_FAULT, .item = -1};
    while (done && !ended && (done = next_event(tuner, event, &next, err))) {
        if (next == CLIENT_TIMEOUT) {
            outcome->end = JOB_HANG;
            snprintf(outcome->text, sizeof outcome->text, "no word for %d s", JOB_PATIENCE);
            ended = true;
        } else if (next == CLIENT_ENDED) {
            snprintf(outcome->text, sizeof outcome->text, "%s", event->text);
            ended = true;
        } else if (event->op == EVENT_CHUNK && event->chunk.job == id) {
            done = take_chunk(tuner, step, &event->chunk, err);
            if (done && !cancelled && interrupted(tuner))
                cancelled = client_cancel(tuner->session.client, NULL);
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

/* Which of a job's tiles was at fault cannot be told: each that gave no sample is run alone until
 * it is seen to be well. */
static void suspect_all(struct tuner *tuner, const struct race_step *step)
{
    for (int i = 0; i < step->count; i++) {
        const struct race_item *item = &step->items[i];
        struct race_summary summary = {0};
        if (item->m_index >= 0)
            race_point(tuner->race, item->gemm, item->m_index, item->tile, &summary);
        if (summary.samples <= item->drawn)
            race_suspect(tuner->race, item->gemm, item->tile);
    }
}

/* The tile at fault is run alone from now on, and left after the second time. */
static bool blame(struct tuner *tuner, const struct race_step *step, const struct outcome *outcome,
    struct error *err)
{
    enum point_status status = outcome->end == JOB_HANG ? POINT_TIMED_OUT : POINT_FAULTED;
    int item = step->count == 1 ? 0 : outcome->item;
    char text[TILE_TEXT_SIZE];

    if (item < 0 || item >= step->count) {
        suspect_all(tuner, step);
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
        .group = item->group,
    };
    memcpy(out->kernel, tuner->kernels[item->gemm][item->tile].hash, sizeof out->kernel);
}

/* A new baseline of the sentinel. */
static bool settle(struct tuner *tuner, struct error *err)
{
    enum tuner_stage stage = tuner_stage(tuner, STAGE_WORKER);
    struct error why = {0};
    bool done = client_settle(tuner->session.client, &tuner->session.report, &why);

    tuner->rebase = false;
    tuner_stage(tuner, stage);
    if (done)
        return true;
    tuner_event(tuner, "worker-restart", "%s", why.text);
    return restart_worker(tuner, err);
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
    tuner_set_state(tuner, TUNER_TIMING, race_phase_name(step->phase));
    client_measure(tuner->session.client, &job, NULL); /* a dead worker shows in await() */
    tuner_stage(tuner, STAGE_MEASURE);
    done = await(tuner, step, job.id, NULL, &outcome, err);
    tuner_stage(tuner, STAGE_OTHER);
    done = done && settle_outcome(tuner, step, &outcome, err);
    free(items);
    return done && (!tuner->rebase || settle(tuner, err));
}

static long long post_check(struct tuner *tuner, const struct race_item *item)
{
    struct measure_item asked;

    fill_item(tuner, item, &asked);
    client_verify(tuner->session.client, ++tuner->session.jobs, &asked, NULL);
    return tuner->session.jobs;
}

static void tell_wrong(
    struct tuner *tuner, const struct race_item *item, const struct verify_report *report)
{
    char tile[TILE_TEXT_SIZE];

    tuner_event(tuner, "wrong",
        "%s M=%d %s: never chosen: relative error %.3g, %lld NaN, %lld unwritten",
        gemm_name(item->gemm), item->m,
        tile_format(&tuner->plan.tiles[item->tile].tile, tile, sizeof tile), report->relative_error,
        report->nan_count, report->unwritten);
}

/* Waits for one check; *answered: whether there is a report. */
static bool take_check(struct tuner *tuner, const struct race_item *item, long long id,
    struct verify_report *report, bool *answered, struct error *err)
{
    struct race_step *single = xcalloc(1, sizeof *single);
    struct outcome outcome;
    bool done;

    single->items[0] = *item;
    single->count = 1;
    show_item(tuner, item);
    tuner_stage(tuner, STAGE_VERIFY);
    done = await(tuner, single, id, report, &outcome, err);
    tuner_stage(tuner, STAGE_OTHER);
    done = done && settle_outcome(tuner, single, &outcome, err);
    free(single);
    *answered = done && outcome.end == JOB_DONE;
    if (!*answered)
        return done;
    race_add_check(tuner->race, item->gemm, item->m, item->tile, report->right);
    tuner_view_kernel(tuner, item->gemm, item->tile);
    if (!report->right)
        tell_wrong(tuner, item, report);
    return true;
}

static bool keep_check(struct tuner *tuner, const struct race_item *item,
    const struct verify_report *report, struct error *err)
{
    return tuner_keep_check(
        tuner, item->gemm, item->m, &tuner->plan.tiles[item->tile].tile, report, err);
}

bool tuner_verify(struct tuner *tuner, const struct race_item *item, struct error *err)
{
    struct verify_report report;
    bool answered;

    return take_check(tuner, item, post_check(tuner, item), &report, &answered, err) &&
           (!answered || keep_check(tuner, item, &report, err));
}

static bool keep_checks(struct tuner *tuner, const struct race_step *step,
    const struct verify_report reports[], const bool answered[], struct error *err)
{
    bool done = store_begin(tuner->store, err);

    if (!done)
        return false;
    for (int i = 0; done && i < step->count; i++) {
        if (answered[i])
            done = keep_check(tuner, &step->items[i], &reports[i], err);
    }
    if (done)
        return store_commit(tuner->store, err);
    store_rollback(tuner->store);
    return false;
}

bool tuner_verify_all(struct tuner *tuner, const struct race_step *step, struct error *err)
{
    struct verify_report *reports = xcalloc((size_t)step->count, sizeof *reports);
    bool *answered = xcalloc((size_t)step->count, sizeof *answered), done = true;
    int restarts = tuner->view.worker_restarts;
    long long first = 0;

    tuner_set_state(tuner, TUNER_VERIFYING, "verify");
    for (int i = 0; i < step->count; i++) {
        long long id = post_check(tuner, &step->items[i]);
        first = i == 0 ? id : first;
    }
    /* A worker that died took the others along: the race asks for them again. */
    for (int i = 0; done && i < step->count && tuner->view.worker_restarts == restarts; i++) {
        done = take_check(tuner, &step->items[i], first + i, &reports[i], &answered[i], err);
        tuner_publish(tuner, false);
    }
    done = done && keep_checks(tuner, step, reports, answered, err);
    free(reports);
    free(answered);
    return done;
}
