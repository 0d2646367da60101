/* SPDX-License-Identifier: MIT */
/*
 * Usage: bench_store FILE [MEASUREMENTS]. Makes a database with one tune of that many measurements
 * (100,000) over 18 M and 2 GEMMs, some choices and A/Bs, then prints what opening it, resuming
 * and a screen's queries take: "NAME SECONDS" lines.
 */
#include "base/clock.h"
#include "base/random.h"
#include "base/text.h"
#include "domain/space.h"
#include "store/store.h"
#include "tests/layer.h"
#include "tuner/question.h"

#include <stdio.h>
#include <stdlib.h>

#define CHUNK 300

static struct error err;

static void must(bool done)
{
    if (done)
        return;
    fprintf(stderr, "bench_store: %s\n", err.text);
    exit(1);
}

static const int batch_sizes[] = {
    1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 256, 512, 1024, 1536, 2048, 3072, 4096};

enum { BATCH_SIZES = sizeof batch_sizes / sizeof *batch_sizes };

static long long add_tune(struct store *store)
{
    struct store_device device = {.device = {.name = "NVIDIA H100", .arch = 90}};
    struct store_build build = {.engine = "sglang", .engine_version = "0.5.4.post2", .arch = 90};
    struct question question;

    question_defaults(&question);
    must(engine_parse("sglang:0.5.4.post2", &question.engine, &err));
    must(device_find("NVIDIA H100 80GB HBM3", &question.device, &err));
    question.shape = (struct shape)LAYER_GLM_TP4;
    must(store_put_device(store, &device, &err));
    must(store_put_build(store, &build, &err));
    struct store_tune tune = {.question = question_json(&question, "replay"),
        .model = "glm-4.7-fp8 TP4",
        .engine = "sglang:0.5.4.post2",
        .backend = "replay",
        .shape = LAYER_GLM_TP4,
        .device = device.id,
        .build = build.id,
        .seed = 1};
    must(store_add_tune(store, &tune, &err));
    free(tune.question);
    question_free(&question);
    return tune.id;
}

/* Point by point in the order of the first pass: a tile's M and GEMMs one after the other. */
static struct store_measurement measurement(
    const struct space *space, long point, size_t count, float samples[3], struct random *random)
{
    size_t tile = (size_t)(point / (2L * BATCH_SIZES)) % space->count;

    for (int i = 0; i < 3; i++)
        samples[i] = (float)(100 + 10 * random_unit(random));
    return (struct store_measurement){
        .key = {.gemm = point / BATCH_SIZES % 2 ? GEMM_DOWN : GEMM_UP,
            .m = batch_sizes[point % BATCH_SIZES],
            .tile = space->tiles[tile]},
        .launches = 8,
        .sm_mhz = 1755,
        .samples = samples,
        .count = count,
    };
}

/* One measurement of each of the first `points` points. */
static void fill(struct store *store, long long tune, const struct space *space, long points)
{
    static struct random random = {{1, 2, 3, 4}};
    struct store_measurement items[CHUNK];
    float samples[CHUNK][3];

    for (long point = 0; point < points;) {
        size_t filled = 0;
        for (; point < points && filled < CHUNK; point++, filled++)
            items[filled] =
                measurement(space, point, 1 + (size_t)point % 3, samples[filled], &random);
        struct store_chunk chunk = {.tune = tune,
            .build = 1,
            .time = 1e9 + (double)point,
            .wall_s = 1,
            .gpu_s = 0.9F,
            .launches = 10 * (int)filled,
            .method = "graph 8 launches",
            .measurements = items,
            .count = filled,
            .done = point,
            .total = points};
        must(store_write_chunk(store, &chunk, &err));
    }
}

static void choose(struct store *store, long long tune, const struct space *space)
{
    struct store_choice choices[2 * BATCH_SIZES];

    for (int i = 0; i < 2 * BATCH_SIZES; i++)
        choices[i] = (struct store_choice){.build = 1,
            .gemm = i % 2 ? GEMM_DOWN : GEMM_UP,
            .m = batch_sizes[i / 2],
            .tile = space->tiles[i],
            .source = i % 3 ? CHOICE_RACE : CHOICE_DEFAULT,
            .median_us = 100,
            .low_us = 99,
            .high_us = 101,
            .default_us = 130,
            .verified = true,
            .reason = "least of the race"};
    must(store_add_choices(store, tune, choices, 2 * BATCH_SIZES, &err));
}

static bool count_point(const struct store_point *point, void *arg)
{
    (void)point;
    ++*(long *)arg;
    return true;
}

static double each(struct store *store, const struct store_filter *filter, long *points)
{
    double since = clock_monotonic();

    *points = 0;
    must(store_each_point(store, filter, count_point, points, &err));
    return clock_monotonic() - since;
}

static void time_queries(struct store *store, long long tune, const struct space *space)
{
    struct store_filter map = {.tune = tune, .gemm = GEMM_DOWN, .m = 64};
    struct store_filter cell = {
        .tune = tune, .gemm = GEMM_DOWN, .m = 64, .hot = -1, .tile = &space->tiles[0]};
    struct store_choice *choices;
    size_t count;
    long points;

    printf("map_s %.4f\n", each(store, &map, &points));
    printf("cell_s %.4f\n", each(store, &cell, &points));
    double since = clock_monotonic();
    must(store_list_choices(store, tune, &choices, &count, &err));
    free(choices);
    printf("choices_s %.4f\n", clock_monotonic() - since);
}

static bool keep_newest(const struct store_measurement *measurement, void *arg)
{
    long long *newest = arg;

    *newest = measurement->chunk > *newest ? measurement->chunk : *newest;
    return true;
}

/* What a second process, which has all but the last chunk, reads twice a second. */
static void time_follower(struct store *store, long long tune)
{
    struct store_totals totals;
    long long newest = 0, build;
    struct store_tune found;

    must(store_get_tune(store, tune, &found, &err));
    build = found.build;
    store_tune_free(&found);
    must(store_each_measurement(store, tune, build, 0, keep_newest, &newest, &err));
    double since = clock_monotonic();
    must(store_get_totals(store, tune, &totals, &err));
    must(store_each_measurement(store, tune, build, newest - 1, keep_newest, &newest, &err));
    printf("follow_s %.4f\n", clock_monotonic() - since);
}

int main(int argc, char **argv)
{
    long count = argc > 2 ? strtol(argv[2], NULL, 10) : 100000;
    struct space space;
    long points;

    if (argc < 2)
        return 2;
    space_default(&space);
    struct store *store = store_open(argv[1], STORE_WRITE, &err);
    must(store != NULL);
    long long tune = add_tune(store);
    double since = clock_monotonic();
    fill(store, tune, &space, count / 2);
    fill(store, tune, &space, count / 2);
    printf("write_s %.4f\n", clock_monotonic() - since);
    choose(store, tune, &space);
    store_close(store);

    since = clock_monotonic();
    must((store = store_open(argv[1], STORE_WRITE, &err)) != NULL);
    printf("open_s %.4f\n", clock_monotonic() - since);
    struct store_filter all = {.tune = tune, .gemm = -1};
    printf("resume_s %.4f\n", each(store, &all, &points));
    printf("points %ld\n", points);
    time_queries(store, tune, &space);
    time_follower(store, tune);
    store_close(store);
    space_free(&space);
    return 0;
}
