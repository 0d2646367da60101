/* SPDX-License-Identifier: MIT */
#include "tuner/ab.h"

#include "base/text.h"
#include "tuner/ab_blocks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_TIMEOUT_S 60.0 /* the worker's own watchdog is quicker */
#define ROUNDS_MOST 4         /* tries to fill a look with fair blocks */
#define STEP 5                /* blocks a job: what a reader sees move, what a stop waits for */

/* A comparison on its way. */
struct ab {
    struct session *session;
    const struct ab_kernels *kernels;
    const struct ab_job *job;
    const struct ab_host *host;
    struct ab_outcome *outcome;
    struct random random;
    struct ab_block *blocks; /* all that were timed */
    size_t count;
    struct event event; /* the latest */
    bool stopped;
};

void ab_outcome_free(struct ab_outcome *outcome)
{
    free(outcome->differences);
    *outcome = (struct ab_outcome){0};
}

static bool is_own(const struct ab *ab, const char *hash)
{
    for (size_t i = 0; i < ab->kernels->count; i++)
        if (strcmp(ab->kernels->items[i].kernel.hash, hash) == 0)
            return true;
    return false;
}

/* The next event of the command `id`; false: the worker is gone or says an error. */
static bool next_event(struct ab *ab, long long id, struct error *err)
{
    const struct event *event = &ab->event;

    for (;;) {
        enum client_next next = client_next(ab->session->client, ANSWER_TIMEOUT_S, &ab->event);
        if (next == CLIENT_TIMEOUT)
            return error_set(
                err, ERROR_FAILED, "worker: silent for %.0f s, given up", ANSWER_TIMEOUT_S);
        if (next == CLIENT_ENDED || event->op == EVENT_ERROR)
            return error_set(err, ERROR_FAILED, "%s", event->text);
        if (event->op == EVENT_LOADED && !event->ok && is_own(ab, event->hash))
            return error_set(err, ERROR_FAILED, "load: %s", event->text);
        if (event->op == EVENT_CHUNK ? event->chunk.job == id : event->id == id)
            return true;
        if (ab->host->event)
            ab->host->event(event, ab->host->arg);
    }
}

static const struct ab_side *side_of(const struct ab_job *job, bool is_b)
{
    return is_b ? &job->b : &job->a;
}

static struct measure_item item_of(const struct ab *ab, enum gemm gemm, bool is_b)
{
    const struct tile *tile = &side_of(ab->job, is_b)->tiles[gemm];
    struct measure_item item = {.gemm = gemm, .m = ab->job->m, .tile = *tile, .samples = 1};

    memcpy(item.kernel, ab_find_kernel(ab->kernels, gemm, tile)->kernel.hash, sizeof item.kernel);
    return item;
}

/* Notes in the outcome what a side's kernel did. */
static void blame(struct ab *ab, enum gemm gemm, bool is_b, const char *what)
{
    char text[TILE_TEXT_SIZE];

    snprintf(ab->outcome->error, sizeof ab->outcome->error, "%s, %s, %s: %.120s", is_b ? "B" : "A",
        gemm_name(gemm), tile_format(&side_of(ab->job, is_b)->tiles[gemm], text, sizeof text),
        what);
    ab->outcome->end = ab->event.end;
    ab->outcome->at_gemm = gemm;
    ab->outcome->at_b = is_b;
}

static bool verify_side(struct ab *ab, enum gemm gemm, bool is_b, struct error *err)
{
    struct measure_item item = item_of(ab, gemm, is_b);
    long long id = ++ab->session->jobs;

    if (!client_verify(ab->session->client, id, &item, err))
        return false;
    do
        if (!next_event(ab, id, err))
            return false;
    while (ab->event.op != EVENT_VERIFIED);
    ab->outcome->checked[gemm][is_b] = ab->event.end == JOB_DONE;
    ab->outcome->checks[gemm][is_b] = ab->event.verify;
    if (ab->event.end != JOB_DONE)
        blame(ab, gemm, is_b, ab->event.text);
    else if (!ab->event.verify.right)
        blame(ab, gemm, is_b, "its results are wrong");
    return true;
}

/* Each kernel that runs is checked once at this M; the first fault ends the comparison. */
static bool verify(struct ab *ab, struct error *err)
{
    const struct ab_job *job = ab->job;

    for (enum gemm gemm = GEMM_UP; gemm < GEMM_COUNT; gemm++) {
        bool alike = tile_equal(&job->a.tiles[gemm], &job->b.tiles[gemm]);
        for (int b = 0; job->gemms[gemm] && b < (alike ? 1 : 2); b++) {
            const struct ab_kernel *kernel =
                ab_find_kernel(ab->kernels, gemm, &side_of(job, b)->tiles[gemm]);
            ab->event = (struct event){0};
            if (kernel->text[0])
                blame(ab, gemm, b, kernel->text);
            else if (!verify_side(ab, gemm, b, err))
                return false;
            if (ab->outcome->error[0])
                return true;
        }
    }
    return true;
}

/* The items of `count` blocks, four a block and GEMM in the block's order; free(). */
static struct measure_item *make_items(struct ab *ab, size_t count, int *item_count)
{
    struct measure_item *items = xcalloc(4 * GEMM_COUNT * count, sizeof *items);
    bool discarded[GEMM_COUNT][2] = {{false}};

    *item_count = 0;
    for (size_t k = 0; k < count; k++) {
        const struct ab_block *block = &ab->blocks[ab->count + k];
        for (enum gemm gemm = GEMM_UP; gemm < GEMM_COUNT; gemm++) {
            for (int i = 0; ab->job->gemms[gemm] && i < 4; i++) {
                struct measure_item *item = &items[(*item_count)++];
                *item = item_of(ab, gemm, block->is_b[i]);
                item->drawn = (int)(4 * (ab->count + k)) + i;
                item->discard = !discarded[gemm][block->is_b[i]];
                discarded[gemm][block->is_b[i]] = true;
            }
        }
    }
    return items;
}

static void take_chunk(struct ab *ab, const struct measure_item items[])
{
    const struct measure_chunk *chunk = &ab->event.chunk;
    int gemms = ab->job->gemms[GEMM_UP] + ab->job->gemms[GEMM_DOWN];

    for (int s = 0; s < chunk->sample_count; s++) {
        int item = chunk->samples[s].item;
        struct ab_block *block = &ab->blocks[ab->count + (size_t)(item / (4 * gemms))];
        block->samples[items[item].gemm][item % 4] = (struct ab_sample){
            .taken = true,
            .suspect = chunk->suspect,
            .us = (double)chunk->samples[s].us,
            .clock_mhz = chunk->clock_mhz,
        };
    }
}

/* Times so many further blocks; a job that ends early is told in the outcome. */
static bool time_blocks(struct ab *ab, size_t count, struct error *err)
{
    int item_count;
    struct measure_item *items;
    struct measure_job job = {.id = ++ab->session->jobs, .paired = true, .seed = ab->job->seed};
    bool ok;

    ab->blocks = xrealloc(ab->blocks, ab->count + count, sizeof *ab->blocks);
    memset(ab->blocks + ab->count, 0, count * sizeof *ab->blocks);
    for (size_t k = 0; k < count; k++)
        ab_plan_block(&ab->random, ab->blocks[ab->count + k].is_b);
    items = make_items(ab, count, &item_count);
    job.items = items;
    job.item_count = item_count;
    ok = client_measure(ab->session->client, &job, err);
    do {
        ok = ok && next_event(ab, job.id, err);
        if (ok && ab->event.op == EVENT_CHUNK)
            take_chunk(ab, items);
    } while (ok && ab->event.op != EVENT_DONE);
    if (ok && ab->event.end != JOB_DONE) {
        int at = ab->event.item >= 0 && ab->event.item < item_count ? ab->event.item : 0;
        blame(ab, items[at].gemm, !tile_equal(&items[at].tile, &ab->job->a.tiles[items[at].gemm]),
            ab->event.text);
    }
    ab->count += count;
    free(items);
    return ok;
}

static void add_flag(struct ab_outcome *outcome, const char *flag)
{
    size_t length = strlen(outcome->flags);

    snprintf(
        outcome->flags + length, sizeof outcome->flags - length, "%s%s", length ? "," : "", flag);
}

/* What the fair blocks say. */
static void judge(struct ab *ab)
{
    struct ab_outcome *outcome = ab->outcome;
    const bool *gemms = ab->job->gemms;

    outcome->differences =
        xrealloc(outcome->differences, ab->count + 1, sizeof *outcome->differences);
    outcome->count = 0;
    for (size_t k = 0; k < ab->count; k++)
        if (ab_block_fair(&ab->blocks[k], gemms))
            outcome->differences[outcome->count++] = ab_block_difference(&ab->blocks[k], gemms);
    ab_judge(outcome->differences, outcome->count, AB_LEVEL, &outcome->result);
    outcome->p = ab_p_value(outcome->differences, outcome->count);
    outcome->a_us = ab_blocks_median(ab->blocks, ab->count, gemms, false);
    outcome->b_us = ab_blocks_median(ab->blocks, ab->count, gemms, true);
    outcome->flags[0] = '\0';
    if (ab_blocks_drift(ab->blocks, ab->count, gemms) > AB_CLOCK_DRIFT)
        add_flag(outcome, "clock-drift");
    if (outcome->count < ab->count)
        add_flag(outcome, "blocks-dropped");
}

static void tell(const struct ab *ab, bool look)
{
    if (ab->host->progress)
        ab->host->progress(ab->job, ab->outcome, look, ab->host->arg);
}

/* Times `count` blocks, a few a job; fewer on an error or a stop. */
static bool time_in_steps(struct ab *ab, size_t count, struct error *err)
{
    while (count > 0 && !ab->outcome->error[0] && !ab->stopped) {
        size_t step = count < STEP ? count : STEP;
        if (!time_blocks(ab, step, err))
            return false;
        count -= step;
        judge(ab);
        tell(ab, false);
        ab->stopped = !ab_goes_on(ab->host);
    }
    return true;
}

/* Times blocks until `look` of them are fair; gives up after some tries. */
static bool reach_look(struct ab *ab, size_t look, struct error *err)
{
    for (int round = 0; round < ROUNDS_MOST && ab->outcome->count < look; round++) {
        if (!time_in_steps(ab, look - ab->outcome->count, err))
            return false;
        if (ab->outcome->error[0] || ab->stopped)
            return true;
    }
    return true;
}

/* One of several comparisons must hold after Holm's correction: Bonferroni's bound suffices. */
static bool decided(const struct ab *ab)
{
    enum ab_verdict verdict = ab->outcome->result.verdict;

    if (verdict == AB_UNDECIDED || verdict == AB_SAME || ab->job->comparisons <= 1)
        return verdict != AB_UNDECIDED;
    return ab->outcome->p * ab->job->comparisons < 0.05;
}

/* Ended elsewhere than at a look, where no verdict holds. */
static void end_undecided(struct ab *ab, const char *flag)
{
    ab->outcome->result.verdict = AB_UNDECIDED;
    ab->outcome->result.blocks_to_decide = -1;
    add_flag(ab->outcome, flag);
}

static bool look_on(struct ab *ab, struct error *err)
{
    int look = 0;

    tell(ab, false);
    while ((look = ab_next_look(look, ab->job->budget)) > 0) {
        if (!reach_look(ab, (size_t)look, err))
            return false;
        if (ab->outcome->error[0])
            return true;
        if (ab->outcome->count < (size_t)look) {
            end_undecided(ab, ab->stopped ? "stopped" : "not-comparable");
            return true;
        }
        tell(ab, true);
        if (decided(ab))
            return true;
        if (ab->stopped && ab_next_look(look, ab->job->budget) > 0)
            end_undecided(ab, "stopped");
        if (ab->stopped)
            return true;
    }
    return true;
}

/* Where a kernel brought the worker down. */
static bool replace_worker(const struct ab *ab, struct error *err)
{
    if (ab->outcome->end != JOB_FAULT && ab->outcome->end != JOB_HANG)
        return true;
    return session_start_worker(ab->session, err) && ab_load_kernels(ab->session, ab->kernels, err);
}

bool ab_run(struct session *session, const struct ab_kernels *kernels, const struct ab_job *job,
    const struct ab_host *host, struct ab_outcome *outcome, struct error *err)
{
    struct ab *ab = xcalloc(1, sizeof *ab);
    bool ok;

    *outcome = (struct ab_outcome){.p = 1, .a_us = NAN, .b_us = NAN};
    outcome->result = (struct ab_result){.effect_pct = NAN, .ci_pct = {NAN, NAN}, .mde_pct = NAN};
    outcome->result.blocks_to_decide = -1;
    ab->session = session;
    ab->kernels = kernels;
    ab->job = job;
    ab->host = host;
    ab->outcome = outcome;
    random_seed(&ab->random, job->seed);
    ok = verify(ab, err) && (outcome->error[0] || look_on(ab, err)) && replace_worker(ab, err);
    free(ab->blocks);
    free(ab);
    return ok;
}

void ab_record(const struct ab_job *job, const struct ab_outcome *outcome, struct store_ab *record)
{
    const struct ab_result *result = &outcome->result;
    bool pair = job->gemms[GEMM_UP] && job->gemms[GEMM_DOWN];

    *record = (struct store_ab){
        .gemm = pair                  ? -1
                : job->gemms[GEMM_UP] ? GEMM_UP
                                      : GEMM_DOWN,
        .m = job->m,
        .seed = job->seed,
        .effect_pct = result->effect_pct,
        .low_pct = result->ci_pct[0],
        .high_pct = result->ci_pct[1],
        .mde_pct = result->mde_pct,
        .blocks = result->blocks,
        .blocks_to_decide = result->blocks_to_decide > 0 ? result->blocks_to_decide : -1,
        .a_us = outcome->a_us,
        .b_us = outcome->b_us,
        .differences = outcome->differences,
    };
    memcpy(record->a, job->a.tiles, sizeof record->a);
    memcpy(record->b, job->b.tiles, sizeof record->b);
    memcpy(record->a_label, job->a.label, sizeof record->a_label);
    memcpy(record->b_label, job->b.label, sizeof record->b_label);
    memcpy(record->flags, outcome->flags, sizeof record->flags);
    snprintf(record->verdict, sizeof record->verdict, "%s", ab_verdict_name(result->verdict));
}

void ab_describe(const struct ab_result *result, char *text, size_t size)
{
    if (result->blocks == 0)
        snprintf(text, size, "A/B: %s, no block", ab_verdict_name(result->verdict));
    else
        snprintf(text, size, "A/B: %s %+.2f %% [%+.2f, %+.2f], %d blocks",
            ab_verdict_name(result->verdict), result->effect_pct, result->ci_pct[0],
            result->ci_pct[1], result->blocks);
}
