/* SPDX-License-Identifier: MIT */
#include "worker/replay.h"

#include "base/clock.h"
#include "base/random.h"
#include "base/text.h"
#include "worker/backend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE_LEAST_US 200.0 /* launches are chained until a sample lasts this long */
#define CHUNK_MOST_S 1.0

struct replay {
    struct recorded *recorded;
    double pace;
    unsigned long long seed;
};

/* A job on its way. */
struct run {
    struct replay *replay;
    const struct measure_job *job;
    const struct recorded_point **points; /* of each item */
    int *launches;                        /* a sample, of each item */
    int *taken;                           /* samples, of each item */
    struct measure_chunk chunk;
    bool (*emit)(const struct measure_chunk *chunk, void *arg);
    void *arg;
    double began; /* the chunk, by the wall */
};

static void *replay_open(
    const char *argument, double pace, struct device *device, struct error *err)
{
    char *path = replay_path(argument, err);
    struct recorded *recorded = path ? recorded_open(path, err) : NULL;
    free(path);
    if (recorded == NULL)
        return NULL;
    struct replay *replay = xcalloc(1, sizeof *replay);
    replay->recorded = recorded;
    replay->pace = pace;
    *device = recorded->device;
    return replay;
}

static void label(const void *self, char *buffer, size_t size)
{
    const struct replay *replay = self;
    replay_label(replay->recorded, buffer, size);
}

static bool replay_setup(
    void *self, const struct setup *setup, struct setup_report *report, struct error *err)
{
    struct replay *replay = self;
    if (!replay_holds(replay->recorded, &setup->engine, &setup->shape, NULL, 0, err))
        return false;
    replay->seed = setup->seed;
    *report = (struct setup_report){0};
    replay_label(replay->recorded, report->note, sizeof report->note);
    return true;
}

static bool replay_settle(void *self, struct setup_report *report, struct error *err)
{
    (void)self, (void)err;
    *report = (struct setup_report){0};
    return true;
}

static bool replay_load(void *self, const struct kernel *kernel, enum gemm gemm,
    const struct tile *tile, struct error *err)
{
    (void)self, (void)kernel, (void)gemm, (void)tile, (void)err;
    return true; /* tiles name the recorded points: there is nothing to load */
}

/* Launches a sample: from the best tile recorded at (gemm, m), the same for all of a race. */
static int launches_at(const struct recorded *recorded, enum gemm gemm, int m)
{
    size_t row = 0, tiles = recorded->tile_count[gemm];
    while (recorded->batch_sizes[row] != m)
        row++;
    double best = INFINITY;
    for (size_t i = 0; i < tiles; i++) {
        const struct recorded_point *point = &recorded->points[gemm][row * tiles + i];
        for (int k = 0; k < point->count; k++)
            best = fmin(best, (double)point->samples[k]);
    }
    return (int)fmax(ceil(SAMPLE_LEAST_US / best), 1);
}

/* Finds every item's point; false with the item that has none. */
static bool run_prepare(struct run *run, int *item, struct error *err)
{
    const struct recorded *recorded = run->replay->recorded;
    for (int i = 0; i < run->job->item_count; i++) {
        const struct measure_item *asked = &run->job->items[i];
        char text[TILE_TEXT_SIZE];
        run->points[i] = recorded_find(recorded, asked->gemm, asked->m, &asked->tile);
        if (run->points[i] == NULL || run->points[i]->count == 0) {
            *item = i;
            return error_set(err, ERROR_FAILED, "not recorded: %s, M=%d, %s",
                gemm_name(asked->gemm), asked->m, tile_format(&asked->tile, text, sizeof text));
        }
        const struct measure_item *before = i ? &run->job->items[i - 1] : NULL;
        bool same = before && before->gemm == asked->gemm && before->m == asked->m;
        run->launches[i] =
            same ? run->launches[i - 1] : launches_at(recorded, asked->gemm, asked->m);
    }
    return true;
}

/* Hands the chunk over at the pace asked for; false: cancelled. */
static bool run_flush(struct run *run)
{
    struct measure_chunk *chunk = &run->chunk;
    if (chunk->sample_count == 0)
        return true;
    clock_sleep(run->replay->pace * chunk->gpu_s);
    chunk->wall_s = clock_monotonic() - run->began;
    bool go_on = run->emit(chunk, run->arg);
    *chunk = (struct measure_chunk){.job = chunk->job, .number = chunk->number + 1};
    run->began = clock_monotonic();
    return go_on;
}

/* One sample of an item. */
static bool run_sample(struct run *run, int i)
{
    const struct measure_item *item = &run->job->items[i];
    struct measure_chunk *chunk = &run->chunk;
    float us = replay_draw(run->points[i], run->replay->seed, item->gemm, item->m, &item->tile,
        item->drawn + run->taken[i]);
    bool first = run->taken[i] == 0;
    bool hopeless = first && item->give_up_us > 0 && us > item->give_up_us;
    int launches = hopeless ? 1 : run->launches[i] + (first ? item->discard : 0);
    chunk->samples[chunk->sample_count].item = i;
    chunk->samples[chunk->sample_count++].us = us;
    chunk->launches += launches;
    chunk->gpu_s += (double)us * launches * 1e-6;
    run->taken[i] = hopeless ? item->samples : run->taken[i] + 1;
    bool full = chunk->sample_count == CHUNK_SAMPLES || chunk->gpu_s >= CHUNK_MOST_S;
    return !full || run_flush(run);
}

/* Rounds over all items in shuffled orders, a sample of each a round. */
static bool run_shuffled(struct run *run)
{
    struct random random;
    int count = run->job->item_count, rounds = 0;
    int *order = xcalloc((size_t)count, sizeof *order);
    bool go_on = true;
    random_seed(&random, run->job->seed);
    for (int i = 0; i < count; i++) {
        order[i] = i;
        rounds = run->job->items[i].samples > rounds ? run->job->items[i].samples : rounds;
    }
    for (int round = 0; go_on && round < rounds; round++) {
        random_shuffle(&random, order, (size_t)count, sizeof *order);
        for (int i = 0; go_on && i < count; i++)
            if (run->taken[order[i]] < run->job->items[order[i]].samples)
                go_on = run_sample(run, order[i]);
    }
    free(order);
    return go_on;
}

static bool run_in_order(struct run *run)
{
    for (int i = 0; i < run->job->item_count; i++)
        while (run->taken[i] < run->job->items[i].samples)
            if (!run_sample(run, i))
                return false;
    return true;
}

static enum job_end replay_measure(void *self, const struct measure_job *job,
    bool (*emit)(const struct measure_chunk *chunk, void *arg), void *arg, int *item,
    struct error *err)
{
    size_t count = (size_t)job->item_count;
    struct run run = {.replay = self, .job = job, .emit = emit, .arg = arg};
    enum job_end end = JOB_ERROR;
    run.points = xcalloc(count, sizeof *run.points);
    run.launches = xcalloc(count, sizeof *run.launches);
    run.taken = xcalloc(count, sizeof *run.taken);
    run.chunk.job = job->id;
    run.began = clock_monotonic();
    *item = -1;
    if (run_prepare(&run, item, err)) {
        bool shuffle = job->shuffle && !job->paired;
        bool whole = (shuffle ? run_shuffled(&run) : run_in_order(&run)) && run_flush(&run);
        end = whole ? JOB_DONE : JOB_CANCELLED;
    }
    free(run.points);
    free(run.launches);
    free(run.taken);
    return end;
}

/* What was found when it was recorded: wrong results were marked. The second M of a check need not
 * be in the set: what the kernel did at the others stands for it. */
static enum job_end replay_verify(
    void *self, const struct measure_item *item, struct verify_report *report, struct error *err)
{
    const struct recorded *set = ((const struct replay *)self)->recorded;
    bool exact = recorded_find(set, item->gemm, item->m, &item->tile) != NULL;
    bool right = false, wrong = false;

    if (recorded_find_tile(set, item->gemm, &item->tile) == NULL) {
        error_set(err, ERROR_FAILED, "not recorded: M=%d", item->m);
        return JOB_ERROR;
    }
    for (size_t i = 0; i < set->batch_size_count; i++) {
        const struct recorded_point *point =
            recorded_find(set, item->gemm, exact ? item->m : set->batch_sizes[i], &item->tile);
        right |= point->status == POINT_OK;
        wrong |= point->status == POINT_WRONG_RESULT;
    }
    *report = (struct verify_report){.right = right && !wrong};
    return JOB_DONE;
}

const struct backend backend_replay = {
    .name = "replay",
    .recorded = true,
    .label = label,
    .open = replay_open,
    .setup = replay_setup,
    .settle = replay_settle,
    .load = replay_load,
    .measure = replay_measure,
    .verify = replay_verify,
};
