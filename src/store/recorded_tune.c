/* SPDX-License-Identifier: MIT */
#include "store/recorded.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is gathered before its place in the set is known. */
struct recording {
    struct recorded *set;
    struct measured {
        struct store_point_key key;
        enum point_status status;
        int count;
        size_t first; /* in the set's samples of its GEMM */
    } * points;
    size_t point_count, point_capacity;
    size_t sample_count[GEMM_COUNT], sample_capacity[GEMM_COUNT];
    size_t tile_capacity[GEMM_COUNT];
};

static void add_tile(struct recording *recording, enum gemm gemm, const struct recorded_tile *tile)
{
    struct recorded *set = recording->set;

    if (set->tile_count[gemm] == recording->tile_capacity[gemm]) {
        recording->tile_capacity[gemm] = 2 * recording->tile_capacity[gemm] + 64;
        set->tiles[gemm] =
            xrealloc(set->tiles[gemm], recording->tile_capacity[gemm], sizeof *set->tiles[gemm]);
    }
    set->tiles[gemm][set->tile_count[gemm]++] = *tile;
}

static bool take_compile(const struct store_compile *fact, void *arg)
{
    add_tile(arg, fact->gemm,
        &(struct recorded_tile){.tile = fact->tile,
            .status = fact->status,
            .shared_bytes = fact->shared_bytes,
            .registers = fact->registers,
            .spill_bytes = fact->spill_bytes});
    return true;
}

static void add_samples(
    struct recording *recording, enum gemm gemm, const float *samples, int count)
{
    struct recorded *set = recording->set;
    size_t used = recording->sample_count[gemm];

    if (used + (size_t)count > recording->sample_capacity[gemm]) {
        recording->sample_capacity[gemm] = 2 * (used + (size_t)count);
        set->samples[gemm] =
            xrealloc(set->samples[gemm], recording->sample_capacity[gemm], sizeof(float));
    }
    if (count > 0)
        memcpy(set->samples[gemm] + used, samples, (size_t)count * sizeof(float));
    recording->sample_count[gemm] += (size_t)count;
}

static bool take_point(const struct store_point *point, void *arg)
{
    struct recording *recording = arg;
    enum gemm gemm = point->key.gemm;
    int count = point->status == POINT_SUSPECT ? 0 : (int)point->count;

    if (recording->point_count == recording->point_capacity) {
        recording->point_capacity = 2 * recording->point_capacity + 1024;
        recording->points =
            xrealloc(recording->points, recording->point_capacity, sizeof *recording->points);
    }
    recording->points[recording->point_count++] = (struct measured){.key = point->key,
        .status = point->status,
        .count = count,
        .first = recording->sample_count[gemm]};
    add_samples(recording, gemm, point->samples, count);
    return true;
}

static int compare_tiles(const void *a, const void *b)
{
    return tile_compare(
        &((const struct recorded_tile *)a)->tile, &((const struct recorded_tile *)b)->tile);
}

static int compare_int(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;

    return (x > y) - (x < y);
}

/* The facts of a kernel hold for every GROUP_SIZE_M: it only orders the blocks. */
static struct recorded_tile facts_of_kernel(
    const struct recorded *set, const struct measured *point)
{
    struct recorded_tile facts = {
        .tile = point->key.tile, .shared_bytes = -1, .registers = -1, .spill_bytes = -1};

    for (size_t i = 0; i < set->tile_count[point->key.gemm]; i++) {
        struct recorded_tile known = set->tiles[point->key.gemm][i];
        if (!tile_same_kernel(&known.tile, &facts.tile))
            continue;
        known.tile = facts.tile;
        return known;
    }
    return facts;
}

/* Tiles that were timed though no fact of their very own is stored. */
static void add_missing_tiles(struct recording *recording)
{
    struct recorded *set = recording->set;

    for (size_t i = 0; i < recording->point_count; i++) {
        const struct measured *point = &recording->points[i];
        enum gemm gemm = point->key.gemm;
        if (recorded_find_tile(set, gemm, &point->key.tile))
            continue;
        struct recorded_tile facts = facts_of_kernel(set, point);
        add_tile(recording, gemm, &facts);
        qsort(set->tiles[gemm], set->tile_count[gemm], sizeof *set->tiles[gemm], compare_tiles);
    }
}

static void set_batch_sizes(struct recording *recording)
{
    struct recorded *set = recording->set;
    size_t kept = 0;

    set->batch_sizes = xcalloc(recording->point_count + 1, sizeof *set->batch_sizes);
    for (size_t i = 0; i < recording->point_count; i++)
        set->batch_sizes[i] = recording->points[i].key.m;
    qsort(set->batch_sizes, recording->point_count, sizeof *set->batch_sizes, compare_int);
    for (size_t i = 0; i < recording->point_count; i++)
        if (kept == 0 || set->batch_sizes[kept - 1] != set->batch_sizes[i])
            set->batch_sizes[kept++] = set->batch_sizes[i];
    set->batch_size_count = kept;
}

/* A point that was never measured keeps the status of its tile's compile and no samples. */
static void place_points(struct recording *recording)
{
    struct recorded *set = recording->set;

    for (enum gemm gemm = GEMM_UP; gemm < GEMM_COUNT; gemm++) {
        size_t tiles = set->tile_count[gemm];
        set->points[gemm] = xcalloc(tiles * set->batch_size_count + 1, sizeof *set->points[gemm]);
        for (size_t i = 0; i < tiles * set->batch_size_count; i++)
            set->points[gemm][i].status = set->tiles[gemm][i % tiles].status;
    }
    for (size_t i = 0; i < recording->point_count; i++) {
        const struct measured *from = &recording->points[i];
        enum gemm gemm = from->key.gemm;
        const struct recorded_point *found = recorded_find(set, gemm, from->key.m, &from->key.tile);
        const float *samples = from->count ? set->samples[gemm] + from->first : NULL;
        set->points[gemm][found - set->points[gemm]] =
            (struct recorded_point){from->status, from->count, samples};
    }
}

static bool set_facts(
    struct store *store, long long id, struct recorded *set, long long *build_id, struct error *err)
{
    struct store_tune tune;
    struct store_device device = {0};
    struct store_build build = {0};
    char iso[32];

    if (!store_get_tune(store, id, &tune, err))
        return false;
    bool done = store_get_device(store, tune.device, &device, err) &&
                store_get_build(store, tune.build, &build, err) &&
                engine_parse(tune.engine, &set->engine, err);
    *build_id = tune.build;
    set->device = device.device;
    set->shape = tune.shape;
    snprintf(set->engine_version, sizeof set->engine_version, "%s", build.engine_version);
    snprintf(set->kernel_hash, sizeof set->kernel_hash, "%s", build.kernel_hash);
    snprintf(set->triton, sizeof set->triton, "%s", build.triton);
    snprintf(set->ptxas, sizeof set->ptxas, "%s", build.ptxas);
    snprintf(set->date, sizeof set->date, "%.10s", clock_iso(tune.touched, iso, sizeof iso));
    snprintf(set->provenance, sizeof set->provenance, "%s, driver %s, begun %s", tune.model,
        device.driver, clock_iso(tune.created, iso, sizeof iso));
    store_tune_free(&tune);
    return done;
}

struct recorded *recorded_from_tune(struct store *store, long long tune, struct error *err)
{
    struct recording recording = {.set = xcalloc(1, sizeof *recording.set)};
    struct store_filter cold = {.tune = tune, .gemm = -1};

    bool done = set_facts(store, tune, recording.set, &cold.build, err) &&
                store_each_compile(store, cold.build, -1, take_compile, &recording, err) &&
                store_each_point(store, &cold, take_point, &recording, err);
    if (done && recording.point_count == 0)
        done = error_set(
            err, ERROR_FAILED, "%s: tune %lld has no measurements yet", store_path(store), tune);
    if (done) {
        add_missing_tiles(&recording);
        set_batch_sizes(&recording);
        place_points(&recording);
    } else {
        recorded_free(recording.set);
        recording.set = NULL;
    }
    free(recording.points);
    return recording.set;
}
