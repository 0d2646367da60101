/* SPDX-License-Identifier: MIT */
/* What the screen reads of the store: a cell's samples, its entry's history, the tune's events. */
#include "tests/cmocka_all.h"

#include "tests/ui_fixture.h"
#include "ui/past.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct tile tile_a = {64, 128, 128, 1, 8, 3, false};
static const struct tile tile_b = {16, 32, 256, 16, 4, 2, false};

struct place {
    char folder[64], path[96];
    struct store *store; /* the writer */
    long long tune, build;
};

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    struct store_device device = {.device = {.name = "NVIDIA GB10", .arch = 121}};
    struct store_build build = {.engine = "sglang", .triton = "3.6.0", .arch = 121};
    struct store_tune tune = {.question = (char[]){"{}"}, .model = "m", .backend = "cuda"};
    snprintf(place->folder, sizeof place->folder, "/tmp/moebench-past-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->path, sizeof place->path, "%s/past.db", place->folder);
    place->store = store_open(place->path, STORE_WRITE, NULL);
    assert_non_null(place->store);
    assert_true(store_put_device(place->store, &device, NULL));
    assert_true(store_put_build(place->store, &build, NULL));
    tune.device = device.id;
    tune.build = build.id;
    assert_true(store_add_tune(place->store, &tune, NULL));
    place->tune = tune.id;
    place->build = build.id;
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
    char path[128];
    store_close(place->store);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        snprintf(path, sizeof path, "%s%s", place->path, ends[i]);
        unlink(path);
    }
    rmdir(place->folder);
    free(place);
    return 0;
}

static void write_samples(
    struct place *place, const struct tile *tile, double time, bool suspect, const float *samples)
{
    struct store_measurement measurement = {.key = {.gemm = GEMM_UP, .m = 64, .tile = *tile},
        .launches = 8,
        .sm_mhz = 2400,
        .samples = samples,
        .count = 3};
    struct store_chunk chunk = {.tune = place->tune,
        .build = place->build,
        .time = time,
        .method = "graph 8 launches",
        .temperature_c = 70,
        .suspect = suspect,
        .measurements = &measurement,
        .count = 1};
    assert_true(store_write_chunk(place->store, &chunk, NULL));
}

static void choose(struct place *place, enum gemm gemm, int m, enum choice_source source)
{
    struct store_choice choice = {.build = place->build,
        .gemm = gemm,
        .m = m,
        .tile = tile_a,
        .source = source,
        .reason = "because",
        .median_us = 2};
    assert_true(store_add_choices(place->store, place->tune, &choice, 1, NULL));
}

static void compare(struct place *place, int gemm, int m)
{
    struct store_ab ab = {.gemm = gemm,
        .m = m,
        .a = {tile_a, tile_a},
        .b = {tile_b, tile_b},
        .verdict = "SLOWER",
        .blocks = 3};
    assert_true(store_add_ab(place->store, place->tune, &ab, NULL));
}

static void test_cell(void **state)
{
    struct place *place = *state;
    struct past_reader *reader = past_open(place->path);
    struct past past = {0};
    write_samples(place, &tile_a, 100, false, (const float[]){3, 1, 2});
    write_samples(place, &tile_a, 300, false, (const float[]){5, 4, 6});
    write_samples(place, &tile_a, 200, true, (const float[]){9, 9, 9});
    assert_true(past_look(reader, place->tune, GEMM_UP, 64, &tile_a, &past));
    assert_int_equal(past.sample_count, 6);
    assert_true(past.samples[0] == 3 && past.samples[5] == 6);
    assert_int_equal(past.chunks, 3);
    assert_int_equal(past.suspect_chunks, 1);
    assert_string_equal(past.method, "graph 8 launches");
    assert_string_equal(past.build.triton, "3.6.0");
    assert_true(past.sm_mhz == 2400 && past.temperature_c == 70);
    assert_true(past_look(reader, place->tune, GEMM_UP, 64, &tile_b, &past));
    assert_int_equal(past.sample_count, 0);
    assert_int_equal(past.build.id, 0);
    past_free(&past);
    past_close(reader);
}

static void test_entry(void **state)
{
    struct place *place = *state;
    struct past_reader *reader = past_open(place->path);
    struct past past = {0};
    choose(place, GEMM_UP, 64, CHOICE_RACE);
    choose(place, GEMM_UP, 64, CHOICE_HAND);
    choose(place, GEMM_UP, 32, CHOICE_RACE);
    choose(place, GEMM_DOWN, 64, CHOICE_RACE);
    compare(place, -1, 64);
    compare(place, GEMM_DOWN, 64);
    compare(place, GEMM_UP, 64);
    compare(place, GEMM_UP, 1);
    assert_true(past_look(reader, place->tune, GEMM_UP, 64, NULL, &past));
    assert_int_equal(past.history_count, 2);
    assert_int_equal(past.history[0].source, CHOICE_HAND);
    assert_int_equal(past.ab_count, 2);
    assert_int_equal(past.abs[0].gemm, GEMM_UP);
    assert_int_equal(past.abs[1].gemm, -1);
    assert_true(past_about_entry(&past, place->tune, GEMM_UP, 64));
    assert_false(past_about_entry(&past, place->tune, GEMM_UP, 32));
    past_free(&past);
    past_close(reader);
}

/* Nothing is read twice; what another connection commits is seen. */
static void test_events_as_they_come(void **state)
{
    struct place *place = *state;
    struct past_reader *reader = past_open(place->path);
    struct past past = {0};
    assert_true(past_look(reader, place->tune, GEMM_UP, 64, &tile_a, &past));
    assert_int_equal(past.event_count, 0);
    assert_false(past_look(reader, place->tune, GEMM_UP, 64, &tile_a, &past));
    store_add_event(place->store, place->tune, "note", "one", NULL);
    store_add_event(place->store, place->tune, "note", "two", NULL);
    assert_true(past_look(reader, place->tune, GEMM_UP, 64, &tile_a, &past));
    assert_int_equal(past.event_count, 2);
    assert_string_equal(past.events[1].text, "two");
    past_free(&past);
    past_close(reader);
}

/* Who reads back in the log keeps the place; who looks at its end sees the news. */
static void test_log_stays(void **state)
{
    struct place *place = *state;
    struct past_reader *reader = past_open(place->path);
    struct snapshot snapshot;
    struct state view;
    fixture_snapshot(&snapshot);
    snapshot.tune = place->tune;
    state_open(&view, &snapshot, THEME_VIRIDIS);
    for (int scroll = 0; scroll < 2; scroll++) {
        store_add_event(place->store, place->tune, "note", "one", NULL);
        assert_true(state_look_back(&view, &snapshot, reader));
        view.overlay = OVERLAY_LOG;
        view.scroll = scroll;
        store_add_event(place->store, place->tune, "note", "two", NULL);
        store_add_event(place->store, place->tune, "note", "three", NULL);
        assert_true(state_look_back(&view, &snapshot, reader));
        assert_int_equal(view.scroll, scroll ? 3 : 0);
    }
    state_close(&view);
    fixture_free(&snapshot);
    past_close(reader);
}

static void test_no_database(void **state)
{
    struct past_reader *reader = past_open(NULL);
    struct past past = {0};
    (void)state;
    assert_false(past_look(reader, 1, GEMM_UP, 64, &tile_a, &past));
    past_close(reader);
    reader = past_open("/nonexistent/moebench.db");
    assert_false(past_look(reader, 1, GEMM_UP, 64, &tile_a, &past));
    assert_int_equal(past.tune, 0);
    past_close(reader);
    past_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cell, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_entry, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_events_as_they_come, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_log_stays, set_up, tear_down),
        cmocka_unit_test(test_no_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
