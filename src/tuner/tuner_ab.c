/* SPDX-License-Identifier: MIT */
#include "tuner/tuner_state.h"

#include "base/text.h"
#include "tuner/ab.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A/B and checks by hand, between the race's own jobs and on its worker. */

static void set_phase(struct tuner *tuner, enum tuner_state state, const char *phase)
{
    tuner->view.state = state;
    snprintf(tuner->view.phase, sizeof tuner->view.phase, "%s", phase);
    tuner_publish(tuner, true);
}

static bool go_on(void *arg)
{
    struct tuner *tuner = arg;
    bool stop = tuner->stop;

    pthread_mutex_lock(&tuner->lock);
    for (size_t i = 0; i < tuner->command_count; i++)
        stop |= tuner->commands[i].kind == TUNER_AB_STOP;
    pthread_mutex_unlock(&tuner->lock);
    tuner_publish(tuner, false);
    return !stop;
}

static bool take_compiled(struct compile_result *result, void *arg, struct error *err)
{
    return tuner_take_answer(arg, result, err);
}

static void take_event(const struct event *event, void *arg)
{
    if (event->op == EVENT_LOADED && !event->ok)
        tuner_load_refused(arg, event);
}

/* Of the plot, so that any budget fits. */
static void thin_points(struct ab_view *view)
{
    for (int i = 0; i < view->point_count / 2; i++)
        view->points[i] = view->points[2 * i + 1];
    view->point_count /= 2;
}

static void take_progress(
    const struct ab_job *job, const struct ab_outcome *outcome, bool look, void *arg)
{
    struct tuner *tuner = arg;
    struct ab_view *view = &tuner->view.ab;
    const struct ab_result *result = &outcome->result;
    struct ab_point point = {
        result->blocks, result->effect_pct, result->ci_pct[0], result->ci_pct[1]};

    if (job->budget == 0)
        return;
    tuner->view.state = TUNER_TIMING;
    snprintf(view->phase, sizeof view->phase, "blocks");
    view->result = *result;
    view->a_us = outcome->a_us;
    view->b_us = outcome->b_us;
    memcpy(view->flags, outcome->flags, sizeof view->flags);
    if (look && view->look_count < AB_VIEW_LOOKS)
        view->looks[view->look_count++] = point;
    if (!look && result->blocks > 0) {
        if (view->point_count == AB_VIEW_POINTS)
            thin_points(view);
        view->points[view->point_count++] = point;
    }
    tuner_publish(tuner, look);
}

static struct ab_host host_of(struct tuner *tuner)
{
    return (struct ab_host){
        .arg = tuner,
        .go_on = go_on,
        .progress = take_progress,
        .compiled = take_compiled,
        .event = take_event,
    };
}

/* What the race does not know yet of the kernels of its plan. */
static bool share_kernels(struct tuner *tuner, struct ab_kernels *kernels, struct error *err)
{
    for (size_t i = 0; i < kernels->count; i++) {
        struct ab_kernel *kernel = &kernels->items[i];
        int tile = plan_find(&tuner->plan, &kernel->tile);
        struct compile_result result = {.status = kernel->status, .kernel = kernel->kernel};

        if (tile < 0 || race_kernel(tuner->race, kernel->gemm, tile) == KERNEL_READY)
            continue;
        snprintf(result.text, sizeof result.text, "%s", kernel->text);
        if (!tuner_take_kernel(tuner, kernel->gemm, tile, &result, err))
            return false;
    }
    return true;
}

/* The job's kernels before all others: what the race has queued is asked for again afterwards. */
static bool prepare(
    struct tuner *tuner, const struct ab_job *job, struct ab_kernels *kernels, struct error *err)
{
    const struct ab_host host = host_of(tuner);

    if (!tuner_need_worker(tuner, err))
        return false;
    set_phase(tuner, TUNER_COMPILING, "compile");
    if (session_cancel(&tuner->session))
        tuner_forget_kernels(tuner, KERNEL_ASKED);
    if (!ab_prepare(&tuner->session, job, 1, &host, kernels, err))
        return false;
    if (share_kernels(tuner, kernels, err))
        return true;
    ab_kernels_free(kernels);
    return false;
}

bool tuner_get_kernel(struct tuner *tuner, enum gemm gemm, int tile, struct error *err)
{
    enum kernel_state state = race_kernel(tuner->race, gemm, tile);
    struct ab_kernels kernels;
    struct ab_job job = {0};

    if (state == KERNEL_BAD || (state == KERNEL_READY && tuner->session.client))
        return true;
    job.gemms[gemm] = true;
    job.a.tiles[gemm] = job.b.tiles[gemm] = tuner->plan.tiles[tile].tile;
    if (!prepare(tuner, &job, &kernels, err))
        return false;
    ab_kernels_free(&kernels);
    return true;
}

static bool keep_check(struct tuner *tuner, const struct ab_job *job, enum gemm gemm,
    const struct tile *tile, const struct verify_report *report, struct error *err)
{
    int index = plan_find(&tuner->plan, tile);

    if (index >= 0) {
        race_add_check(tuner->race, gemm, job->m, index, report->right);
        tuner_view_kernel(tuner, gemm, index);
    }
    return tuner_keep_check(tuner, gemm, job->m, tile, report, err);
}

/* A kernel that brought the worker down counts as it does in the race. */
static bool keep_kill(struct tuner *tuner, const struct ab_job *job,
    const struct ab_outcome *outcome, struct error *err)
{
    const struct ab_side *side = outcome->at_b ? &job->b : &job->a;
    struct race_item item = {
        .gemm = outcome->at_gemm,
        .m = job->m,
        .tile = plan_find(&tuner->plan, &side->tiles[outcome->at_gemm]),
    };
    enum point_status status = outcome->end == JOB_HANG ? POINT_TIMED_OUT : POINT_FAULTED;

    if (outcome->end != JOB_FAULT && outcome->end != JOB_HANG)
        return true;
    tuner->view.worker_restarts++;
    tuner_forget_kernels(tuner, KERNEL_READY);
    tuner_event(tuner, "worker-restart", "A/B: %s", outcome->error);
    if (item.tile < 0)
        return true;
    race_add_kill(tuner->race, item.gemm, item.tile, status);
    tuner_view_kernel(tuner, item.gemm, item.tile);
    return tuner_keep_kill(tuner, &item, status, outcome->error, err);
}

static bool keep_findings(struct tuner *tuner, const struct ab_job *job,
    const struct ab_outcome *outcome, struct error *err)
{
    for (int g = 0; g < GEMM_COUNT; g++) {
        for (int b = 0; b < 2; b++) {
            const struct tile *tile = b ? &job->b.tiles[g] : &job->a.tiles[g];
            if (outcome->checked[g][b] &&
                !keep_check(tuner, job, (enum gemm)g, tile, &outcome->checks[g][b], err))
                return false;
        }
    }
    return keep_kill(tuner, job, outcome, err);
}

/* After an error of the worker's: the race needs another one, a tune at rest none. */
static bool replace_worker(struct tuner *tuner, struct error *err)
{
    session_drop_worker(&tuner->session);
    tuner_forget_kernels(tuner, KERNEL_READY);
    tuner->view.worker_restarts++;
    return tuner->ended > 0 || tuner_open_worker(tuner, err);
}

/* One job's kernels and blocks; what stands in the way of its own stands in outcome->error. */
static bool run(
    struct tuner *tuner, const struct ab_job *job, struct ab_outcome *outcome, struct error *err)
{
    const struct ab_host host = host_of(tuner);
    struct ab_kernels kernels;
    struct error why = {0};
    bool done;

    *outcome = (struct ab_outcome){0};
    if (!prepare(tuner, job, &kernels, &why)) {
        snprintf(outcome->error, sizeof outcome->error, "%.255s", why.text);
        return true;
    }
    if (job->budget > 0)
        snprintf(tuner->view.ab.phase, sizeof tuner->view.ab.phase, "verify");
    tuner->view.m = job->m;
    tuner->view.gemm = job->gemms[GEMM_UP] ? GEMM_UP : GEMM_DOWN;
    tuner->view.running_tile = -1;
    set_phase(tuner, TUNER_VERIFYING, job->budget > 0 ? "A/B" : "verify");
    done = ab_run(&tuner->session, &kernels, job, &host, outcome, &why);
    ab_kernels_free(&kernels);
    if (done)
        return keep_findings(tuner, job, outcome, err);
    snprintf(outcome->error, sizeof outcome->error, "%.255s", why.text);
    return replace_worker(tuner, err);
}

bool tuner_check(struct tuner *tuner, int m, const bool gemms[GEMM_COUNT],
    const struct tile tiles[GEMM_COUNT], char why[256], struct error *err)
{
    struct ab_job job = {.m = m};
    struct ab_outcome outcome;
    bool done;

    memcpy(job.gemms, gemms, sizeof job.gemms);
    memcpy(job.a.tiles, tiles, sizeof job.a.tiles);
    memcpy(job.b.tiles, tiles, sizeof job.b.tiles);
    done = run(tuner, &job, &outcome, err);
    /* Both sides are one: which of them it was says nothing. */
    snprintf(why, 256, "%s", outcome.error + (text_starts_with(outcome.error, "A, ") ? 3 : 0));
    ab_outcome_free(&outcome);
    return done;
}

/* The sides as the engine runs them; false: they cannot be compared. */
static bool settle_job(struct tuner *tuner, struct ab_job *job, struct error *err)
{
    const struct question *q = &tuner->question;
    struct ab_side *sides[] = {&job->a, &job->b};

    if (job->m < 1 || job->m > q->batch_sizes[q->batch_size_count - 1])
        return error_set(err, ERROR_USAGE, "M=%d: up to %d in this tune", job->m,
            q->batch_sizes[q->batch_size_count - 1]);
    for (int s = 0; s < 2; s++) {
        struct tile *tiles = sides[s]->tiles;
        for (int g = 0; g < GEMM_COUNT; g++)
            if (job->gemms[g] &&
                !engine_effective_tile(&q->engine, &q->shape, &tiles[g], &tiles[g], err))
                return false;
        if (job->gemms[GEMM_UP] && job->gemms[GEMM_DOWN] &&
            tiles[GEMM_UP].block_m != tiles[GEMM_DOWN].block_m)
            return error_set(
                err, ERROR_USAGE, "%c: up and down of one M share BLOCK_SIZE_M", s ? 'B' : 'A');
    }
    if (job->budget <= 0)
        job->budget = AB_BUDGET;
    job->comparisons = 1;
    job->seed = q->seed + tuner->ab_number++;
    return true;
}

static bool keep_result(struct tuner *tuner, const struct ab_job *job,
    const struct ab_outcome *outcome, struct error *err)
{
    struct store_ab record;

    ab_record(job, outcome, &record);
    record.build = tuner->build.id;
    if (!store_add_ab(tuner->store, tuner->tune.id, &record, err))
        return false;
    tuner->view.ab.id = record.id;
    tuner_event(tuner, "ab", "M=%d: %s against %s: %s", job->m, job->b.label, job->a.label,
        tuner->view.ab.text);
    return true;
}

static void show_end(struct tuner *tuner, const struct ab_outcome *outcome)
{
    struct ab_view *view = &tuner->view.ab;

    view->running = false;
    view->ended = true;
    view->phase[0] = '\0';
    memcpy(view->error, outcome->error, sizeof view->error);
    if (view->error[0])
        return;
    view->result = outcome->result;
    view->a_us = outcome->a_us;
    view->b_us = outcome->b_us;
    memcpy(view->flags, outcome->flags, sizeof view->flags);
    ab_describe(&view->result, view->text, sizeof view->text);
}

bool tuner_ab(struct tuner *tuner, const struct ab_job *asked, struct error *err)
{
    struct ab_view *view = &tuner->view.ab;
    struct ab_outcome outcome = {0};
    struct error why = {0};
    bool done = true;

    *view = (struct ab_view){
        .running = true, .serial = view->serial + 1, .job = *asked, .a_us = NAN, .b_us = NAN};
    view->result = (struct ab_result){.effect_pct = NAN, .ci_pct = {NAN, NAN}, .mde_pct = NAN};
    snprintf(view->phase, sizeof view->phase, "compile");
    if (settle_job(tuner, &view->job, &why))
        done = run(tuner, &view->job, &outcome, err);
    else
        snprintf(outcome.error, sizeof outcome.error, "%.255s", why.text);
    show_end(tuner, &outcome);
    if (done && !view->error[0])
        done = keep_result(tuner, &view->job, &outcome, err);
    ab_outcome_free(&outcome);
    tuner_publish(tuner, true);
    return done;
}
