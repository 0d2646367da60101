/* SPDX-License-Identifier: MIT */
#include "tests/cmocka_all.h"

#include "base/clock.h"
#include "base/path.h"
#include "base/text.h"
#include "store/lock.h"
#include "store/recorded.h"
#include "store/schema.h"
#include "store/sql.h"
#include "tests/layer.h"
#include "tests/stored.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each test has a folder of its own, with room for one database. */
struct place {
    char folder[64];
    char path[96];
};

static int place_make(void **state)
{
    struct place *place = xcalloc(1, sizeof *place);

    snprintf(place->folder, sizeof place->folder, "/tmp/moebench-store-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->path, sizeof place->path, "%s/a b?#.db", place->folder);
    *state = place;
    return 0;
}

static int place_remove(void **state)
{
    struct place *place = *state;
    DIR *folder = opendir(place->folder);

    for (struct dirent *entry; (entry = readdir(folder));)
        unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
    rmdir(place->folder);
    free(place);
    return 0;
}

static void assert_refused(const char *path, enum store_mode mode, const char *part)
{
    struct error err = {0};

    assert_null(store_open(path, mode, &err));
    assert_int_equal(err.kind, ERROR_FAILED);
    if (!strstr(err.text, part) || !strstr(err.text, path))
        fail_msg("\"%s\" lacks \"%s\" or \"%s\"", err.text, part, path);
}

static const struct tile tile_a = {64, 128, 128, 1, 8, 3, false};
static const struct tile tile_b = {16, 32, 256, 16, 4, 2, true};

static const struct shape shape = LAYER_GLM_TP4;

/* A tune with device and build, as the tuner makes it. */
static long long add_tune(struct store *store, const char *question)
{
    struct error err = {0};
    struct store_device device = {.device = {.name = "NVIDIA GB10", .arch = 121}};
    struct store_build build = {.engine = "sglang", .triton = "3.6.0", .arch = 121};
    char copy[256];

    must(store_put_device(store, &device, &err), &err);
    must(store_put_build(store, &build, &err), &err);
    snprintf(copy, sizeof copy, "%s", question);
    struct store_tune tune = {.question = copy,
        .model = "glm-4.7-fp8 TP4",
        .engine = "sglang:0.5.4.post2",
        .backend = "cuda",
        .shape = shape,
        .device = device.id,
        .build = build.id,
        .seed = UINT64_MAX,
        .total = 100};
    must(store_add_tune(store, &tune, &err), &err);
    return tune.id;
}

static void write_point(struct store *store, long long tune, const struct store_point_key *key,
    enum point_status status, bool suspect, const float samples[], size_t count)
{
    struct error err = {0};
    struct store_measurement measurement = {.key = *key,
        .status = status,
        .launches = 8,
        .sm_mhz = 2431.4F,
        .samples = samples,
        .count = count};
    struct store_chunk chunk = {.tune = tune,
        .build = 1,
        .phase = 2,
        .time = 1000,
        .wall_s = 0.5F,
        .gpu_s = 0.25F,
        .launches = 40,
        .routing_seed = 7,
        .method = "graph 8 launches",
        .sm_mhz = 2431,
        .sm_mhz_min = NAN,
        .temperature_c = 61.5F,
        .power_w = NAN,
        .sentinel = 0.01F,
        .suspect = suspect,
        .measurements = &measurement,
        .count = 1,
        .done = 12,
        .total = 34};

    must(store_write_chunk(store, &chunk, &err), &err);
    assert_true(chunk.id > 0);
}

/* The points that a visit has seen, copied without what is borrowed. */
struct seen {
    struct store_point points[64];
    float first[64]; /* the first sample of each */
    size_t count, most;
    struct store_measurement last; /* the last measurement of the last point */
};

static bool see(const struct store_point *point, void *arg)
{
    struct seen *seen = arg;

    assert_true(seen->count < 64);
    seen->points[seen->count] = *point;
    seen->first[seen->count] = point->count ? point->samples[0] : NAN;
    seen->last = point->measurements[point->measurement_count - 1];
    seen->count++;
    return seen->most == 0 || seen->count < seen->most;
}

static struct seen see_points(struct store *store, struct store_filter filter)
{
    struct error err = {0};
    struct seen seen = {0};

    must(store_each_point(store, &filter, see, &seen, &err), &err);
    return seen;
}

static void tunes_devices_and_builds_come_back(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    struct store *store = must_open(place->path, STORE_WRITE);
    struct store_device device = {.device = {.name = "NVIDIA GB10",
                                      .arch = 121,
                                      .smem_limit = 101376,
                                      .sm_count = 48,
                                      .bandwidth = 273e9,
                                      .l2_bytes = 25165824,
                                      .unified = true},
        .uuid = "GPU-1",
        .driver = "580.95.05"};
    struct store_device again = device, read;
    struct store_build build = {.engine = "sglang",
        .engine_version = "0.5.4.post2",
        .kernel_hash = "abc",
        .triton = "3.6.0",
        .ptxas = "13.0",
        .arch = 121,
        .variant = "fp8"};
    struct store_build other = build, read_build;

    must(store_put_device(store, &device, &err), &err);
    must(store_put_device(store, &again, &err), &err);
    assert_int_equal(device.id, again.id);
    must(store_get_device(store, device.id, &read, &err), &err);
    assert_memory_equal(&read, &device, sizeof read);
    must(store_put_build(store, &build, &err), &err);
    strcpy(other.triton, "3.7.0");
    must(store_put_build(store, &other, &err), &err);
    assert_int_not_equal(build.id, other.id);
    must(store_get_build(store, build.id, &read_build, &err), &err);
    assert_memory_equal(&read_build, &build, sizeof build);
    assert_false(store_get_build(store, 99, &read_build, &err));
    assert_non_null(strstr(err.text, "no kernel build 99"));

    struct store_tune tune = {.question = xstrdup("{\"m\":1}"),
        .model = "glm",
        .engine = "sglang:0.5.4.post2",
        .backend = "cuda",
        .shape = shape,
        .device = device.id,
        .seed = UINT64_MAX,
        .total = 10};
    must(store_add_tune(store, &tune, &err), &err);
    tune.state = TUNE_DONE;
    tune.build = build.id;
    tune.done = 10;
    tune.result = xstrdup("{\"ok\":true}");
    must(store_update_tune(store, &tune, &err), &err);
    store_close(store);

    store = must_open(place->path, STORE_READ);
    struct store_tune found;
    must(store_find_tune(store, "{\"m\":1}", &found, &err), &err);
    assert_int_equal(found.id, tune.id);
    assert_string_equal(found.question, tune.question);
    assert_string_equal(found.result, tune.result);
    assert_string_equal(found.engine, tune.engine);
    assert_memory_equal(&found.shape, &shape, sizeof shape);
    assert_true(found.seed == UINT64_MAX && found.state == TUNE_DONE && found.done == 10);
    assert_true(found.build == build.id && found.touched == tune.touched);
    assert_string_equal(tune_state_name(found.state), "done");
    store_tune_free(&found);
    assert_false(store_find_tune(store, "{\"m\":2}", &found, &err));
    assert_int_equal(err.kind, ERROR_NONE);
    assert_false(store_get_tune(store, 99, &found, &err));
    assert_non_null(strstr(err.text, "no tune 99"));
    store_close(store);
    store_tune_free(&tune);
}

static void tunes_are_listed_last_touched_first(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    struct store *store = must_open(place->path, STORE_WRITE);
    long long first = add_tune(store, "1"), second = add_tune(store, "2");
    long long again = add_tune(store, "1");
    struct store_tune *tunes, tune;
    size_t count;

    must(store_find_tune(store, "1", &tune, &err), &err);
    assert_int_equal(tune.id, again);
    store_tune_free(&tune);
    must(store_get_tune(store, first, &tune, &err), &err);
    clock_sleep(0.01);
    must(store_update_tune(store, &tune, &err), &err);
    store_tune_free(&tune);
    must(store_list_tunes(store, &tunes, &count, &err), &err);
    assert_int_equal(count, 3);
    assert_int_equal(tunes[0].id, first);
    assert_int_equal(tunes[1].id, again);
    assert_int_equal(tunes[2].id, second);
    for (size_t i = 0; i < count; i++)
        store_tune_free(&tunes[i]);
    free(tunes);
    store_close(store);
}

struct news {
    int count, samples, hot;
};

static bool see_news(const struct store_measurement *measurement, void *arg)
{
    struct news *news = arg;

    news->count++;
    news->samples += (int)measurement->count;
    news->hot += measurement->key.hot;
    return true;
}

static void points_gather_their_measurements(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    struct store *store = must_open(place->path, STORE_WRITE);
    long long tune = add_tune(store, "1");
    const struct store_point_key up = {GEMM_UP, 64, false, tile_a};
    const struct store_point_key other = {GEMM_UP, 64, false, tile_b};
    const struct store_point_key down = {GEMM_DOWN, 1, false, tile_a};
    const struct store_point_key hot = {GEMM_UP, 64, true, tile_a};
    const float slow[] = {90, 91}, fast[] = {10, 12, 11, 14, 13, 15};

    write_point(store, tune, &up, POINT_OK, true, slow, 2);
    write_point(store, tune, &up, POINT_OK, false, fast, 3);
    write_point(store, tune, &up, POINT_OK, false, fast + 3, 3);
    write_point(store, tune, &other, POINT_OK, false, fast, 1);
    write_point(store, tune, &other, POINT_WRONG_RESULT, false, NULL, 0);
    write_point(store, tune, &other, POINT_OK, false, fast, 1);
    write_point(store, tune, &down, POINT_SUSPECT, false, slow, 2);
    write_point(store, tune, &hot, POINT_FAULTED, true, NULL, 0);

    struct seen seen = see_points(store, (struct store_filter){.tune = tune, .gemm = -1});
    assert_int_equal(seen.count, 3);
    struct store_point *a = &seen.points[0], *b = &seen.points[1], *c = &seen.points[2];
    assert_true(tile_equal(&a->key.tile, &tile_a) && a->key.m == 64 && a->key.gemm == GEMM_UP);
    assert_true(a->status == POINT_OK && a->count == 6 && a->measurement_count == 3);
    assert_true(a->median_us == 12.5 && a->low_us == 10 && a->high_us == 15);
    assert_true(seen.first[0] == 10);
    assert_true(tile_equal(&b->key.tile, &tile_b) && b->status == POINT_WRONG_RESULT);
    assert_true(b->count == 2 && isnan(b->low_us));
    assert_true(c->key.gemm == GEMM_DOWN && c->status == POINT_SUSPECT && c->median_us == 90.5);
    assert_true(seen.last.suspect && seen.last.phase == 2 && seen.last.launches == 8);
    assert_true(seen.last.sm_mhz == 2431 && seen.last.time == 1000);

    struct store_chunk chunk;
    must(store_get_chunk(store, seen.last.chunk, &chunk, &err), &err);
    assert_true(chunk.tune == tune && chunk.temperature_c == 61.5F && isnan(chunk.power_w));
    assert_string_equal(chunk.method, "graph 8 launches");
    assert_true(chunk.done == 12 && chunk.total == 34 && chunk.routing_seed == 7);

    struct store_totals totals;
    must(store_get_totals(store, tune, &totals, &err), &err);
    assert_true(totals.chunks == 8 && totals.launches == 320 && totals.samples == 12);
    assert_true(totals.gpu_s == 2 && totals.wall_s == 4);

    struct news all = {0}, late = {0};
    must(store_each_measurement(store, tune, 1, 0, see_news, &all, &err), &err);
    assert_true(all.count == 8 && all.samples == 12 && all.hot == 1);
    must(store_each_measurement(store, tune, 1, seen.last.chunk - 1, see_news, &late, &err), &err);
    assert_true(late.count == 2 && late.samples == 2 && late.hot == 1);
    store_close(store);
}

static void filters_narrow_the_points(void **state)
{
    struct place *place = *state;
    struct store *store = must_open(place->path, STORE_WRITE);
    long long tune = add_tune(store, "1"), other = add_tune(store, "2");
    const float sample = 5;

    for (int m = 1; m <= 4; m *= 2) {
        for (int i = 0; i < 8; i++) {
            const struct store_point_key key = {
                i & 1 ? GEMM_DOWN : GEMM_UP, m, i & 2, i & 4 ? tile_a : tile_b};
            write_point(store, tune, &key, POINT_OK, false, &sample, 1);
        }
    }
    struct store_filter all = {.tune = tune, .gemm = -1, .hot = -1};
    struct store_filter cold = {.tune = tune, .gemm = GEMM_DOWN};
    struct store_filter map = {.tune = tune, .gemm = GEMM_DOWN, .m = 2};
    struct store_filter cell = {.tune = tune, .gemm = GEMM_UP, .m = 2, .hot = 1, .tile = &tile_a};
    struct store_filter nothing = {.tune = other, .gemm = -1};
    struct store_filter other_build = {.tune = tune, .build = 9, .gemm = -1};
    assert_int_equal(see_points(store, all).count, 24);
    assert_int_equal(see_points(store, cold).count, 6);
    assert_int_equal(see_points(store, map).count, 2);
    assert_int_equal(see_points(store, cell).count, 1);
    assert_int_equal(see_points(store, nothing).count, 0);
    assert_int_equal(see_points(store, other_build).count, 0);
    struct tile unknown = tile_a;
    unknown.group_m = 64;
    cell.tile = &unknown;
    assert_int_equal(see_points(store, cell).count, 0);

    struct seen two = {.most = 2};
    struct error err = {0};
    must(store_each_point(store, &all, see, &two, &err), &err);
    assert_int_equal(two.count, 2);
    store_close(store);
}

static bool see_compile(const struct store_compile *fact, void *arg)
{
    struct store_compile **next = arg;

    *(*next)++ = *fact;
    return true;
}

static void compile_facts_replace_and_sort(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    struct store *store = must_open(place->path, STORE_WRITE);
    struct store_compile facts[4], *next = facts;
    long long tune = add_tune(store, "1");
    struct store_compile a = {.gemm = GEMM_UP,
        .tile = tile_a,
        .status = POINT_TIMED_OUT,
        .shared_bytes = -1,
        .registers = -1,
        .spill_bytes = -1,
        .seconds = NAN,
        .reason = "120 s"};
    struct store_compile b = {.gemm = GEMM_UP,
        .tile = tile_b,
        .shared_bytes = 49152,
        .registers = 168,
        .seconds = 0.5F,
        .cubin = "abc"};

    must(store_put_compile(store, 1, &a, &err), &err);
    must(store_put_compile(store, 1, &b, &err), &err);
    a.status = POINT_OK;
    a.shared_bytes = 65536;
    a.reason[0] = '\0';
    must(store_put_compile(store, 1, &a, &err), &err);
    b.gemm = GEMM_DOWN;
    must(store_put_compile(store, 1, &b, &err), &err);
    must(store_each_compile(store, 1, GEMM_UP, see_compile, &next, &err), &err);
    assert_int_equal(next - facts, 2);
    assert_true(tile_equal(&facts[0].tile, &tile_b) && facts[0].registers == 168);
    assert_string_equal(facts[0].cubin, "abc");
    assert_true(facts[1].status == POINT_OK && facts[1].shared_bytes == 65536);
    assert_true(facts[1].registers == -1 && isnan(facts[1].seconds));
    next = facts;
    must(store_each_compile(store, 1, -1, see_compile, &next, &err), &err);
    assert_int_equal(next - facts, 3);
    struct store_totals totals;
    must(store_get_totals(store, tune, &totals, &err), &err);
    assert_int_equal(totals.compiles, 3);
    store_close(store);
}

static bool see_fault(const struct store_fault *fault, void *arg)
{
    *(struct store_fault *)arg = *fault;
    return true;
}

static bool see_check(const struct store_check *check, void *arg)
{
    *(struct store_check *)arg = *check;
    return true;
}

static void faults_are_counted_and_checks_kept(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    struct store *store = must_open(place->path, STORE_WRITE);
    long long tune = add_tune(store, "1");
    struct store_fault fault = {.gemm = GEMM_UP,
        .tile = tile_a,
        .m = 64,
        .status = POINT_FAULTED,
        .reason = "illegal address"};
    struct store_check check = {.key = {GEMM_DOWN, 64, false, tile_b},
        .right = true,
        .error = 0.0012,
        .unwritten = 3,
        .time = 5};
    int count;

    must(store_add_fault(store, tune, 1, &fault, &count, &err), &err);
    assert_int_equal(count, 1);
    fault.m = 128;
    fault.status = POINT_TIMED_OUT;
    must(store_add_fault(store, tune, 1, &fault, &count, &err), &err);
    assert_int_equal(count, 2);
    memset(&fault, 0, sizeof fault);
    must(store_each_fault(store, tune, 1, see_fault, &fault, &err), &err);
    assert_true(fault.count == 2 && fault.m == 128 && fault.status == POINT_TIMED_OUT);
    assert_true(tile_equal(&fault.tile, &tile_a) && fault.time > 0);

    must(store_put_check(store, tune, 1, &check, &err), &err);
    check.right = false;
    must(store_put_check(store, tune, 1, &check, &err), &err);
    struct store_check read = {0};
    must(store_each_check(store, tune, 1, see_check, &read, &err), &err);
    assert_true(read.key.gemm == check.key.gemm && read.key.m == check.key.m);
    assert_true(read.key.hot == check.key.hot && tile_equal(&read.key.tile, &check.key.tile));
    assert_true(read.right == check.right && read.error == check.error && read.time == check.time);
    assert_true(read.nans == check.nans && read.unwritten == check.unwritten);
    store_close(store);
}

static void choices_have_a_history(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    struct store *store = must_open(place->path, STORE_WRITE);
    long long tune = add_tune(store, "1");
    struct store_choice pair[] = {
        {.build = 1,
            .gemm = GEMM_UP,
            .m = 64,
            .tile = tile_a,
            .median_us = 100,
            .default_us = 130,
            .incumbent_us = 110,
            .low_us = NAN,
            .high_us = NAN,
            .verified = true,
            .reason = "least of the race"},
        {.build = 1, .gemm = GEMM_DOWN, .m = 64, .tile = tile_b, .source = CHOICE_DEFAULT},
    };
    struct store_choice hand = {.gemm = GEMM_UP, .m = 64, .tile = tile_b, .source = CHOICE_HAND};
    struct store_choice dropped = {.gemm = GEMM_DOWN, .m = 1, .dropped = true};
    struct store_choice *list;
    size_t count;

    must(store_add_choices(store, tune, pair, 2, &err), &err);
    must(store_add_choices(store, tune, &hand, 1, &err), &err);
    must(store_add_choices(store, tune, &dropped, 1, &err), &err);
    must(store_list_choices(store, tune, &list, &count, &err), &err);
    assert_int_equal(count, 3);
    assert_true(list[0].gemm == GEMM_UP && list[0].source == CHOICE_HAND);
    assert_true(tile_equal(&list[0].tile, &tile_b));
    assert_true(list[1].m == 1 && list[1].dropped);
    assert_true(list[2].m == 64 && list[2].source == CHOICE_DEFAULT && list[2].build == 1);
    free(list);
    must(store_list_history(store, tune, GEMM_UP, 64, &list, &count, &err), &err);
    assert_int_equal(count, 2);
    assert_int_equal(list[0].id, hand.id);
    assert_true(list[1].median_us == 100 && list[1].incumbent_us == 110 && list[1].verified &&
                isnan(list[1].low_us));
    assert_string_equal(list[1].reason, "least of the race");
    free(list);
    must(store_list_history(store, tune, -1, 0, &list, &count, &err), &err);
    assert_int_equal(count, 4);
    free(list);
    store_close(store);
}

static void ab_results_and_events_are_listed(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    struct store *store = must_open(place->path, STORE_WRITE);
    long long tune = add_tune(store, "1");
    const double differences[] = {0.01, 0.02, 0.03};
    struct store_ab pair = {.gemm = -1,
        .m = 64,
        .a = {tile_a, tile_b},
        .b = {tile_b, tile_a},
        .a_label = "choice",
        .b_label = "by hand",
        .seed = 3,
        .verdict = "SLOWER",
        .effect_pct = 2,
        .low_pct = 1,
        .high_pct = 3,
        .mde_pct = NAN,
        .blocks = 3,
        .blocks_to_decide = -1,
        .a_us = 10,
        .b_us = 11,
        .differences = differences};
    struct store_ab up = pair, *abs;
    struct store_event *events;
    size_t count;

    must(store_add_ab(store, tune, &pair, &err), &err);
    up.gemm = GEMM_UP;
    must(store_add_ab(store, tune, &up, &err), &err);
    must(store_list_abs(store, tune, &abs, &count, &err), &err);
    assert_int_equal(count, 2);
    assert_true(abs[0].id == up.id && abs[0].gemm == GEMM_UP && abs[0].a[GEMM_DOWN].block_m == 0);
    assert_true(abs[1].gemm == -1 && abs[1].blocks_to_decide == -1 && isnan(abs[1].mde_pct));
    assert_true(tile_equal(&abs[1].b[GEMM_DOWN], &tile_a) && abs[1].b_us == 11);
    assert_string_equal(abs[1].verdict, "SLOWER");
    assert_string_equal(abs[1].b_label, "by hand");
    free(abs);
    for (int i = 0; i < 5; i++)
        must(store_add_event(store, tune, "note", (char[]){(char)('a' + i), 0}, &err), &err);
    must(store_list_events(store, tune, 2, &events, &count, &err), &err);
    assert_int_equal(count, 2);
    assert_string_equal(events[0].text, "d");
    assert_string_equal(events[1].text, "e");
    free(events);
    store_close(store);
}

static void a_transaction_is_all_or_nothing(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    struct store *store = must_open(place->path, STORE_WRITE);
    struct store *reader = must_open(place->path, STORE_READ);
    long long tune = add_tune(store, "1");
    const struct store_point_key key = {GEMM_UP, 64, false, tile_a};
    const float sample = 1;
    struct store_filter all = {.tune = tune, .gemm = -1};

    assert_true(store_changed(reader));
    assert_false(store_changed(reader));
    must(store_begin(store, &err), &err);
    write_point(store, tune, &key, POINT_OK, false, &sample, 1);
    assert_int_equal(see_points(store, all).count, 1);
    assert_int_equal(see_points(reader, all).count, 0);
    assert_false(store_changed(reader));
    must(store_commit(store, &err), &err);
    assert_true(store_changed(reader));
    assert_int_equal(see_points(reader, all).count, 1);

    must(store_begin(store, &err), &err);
    write_point(store, tune, &key, POINT_OK, false, &sample, 1);
    store_rollback(store);
    assert_int_equal(see_points(store, all).points[0].measurement_count, 1);
    store_close(reader);
    store_close(store);
}

/* Runs `work` in a child that then waits to be killed; returns its pid once work is done. */
static pid_t start_child(const char *path, void (*work)(struct store *store))
{
    int ready[2];
    char byte;

    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct error err = {0};
        struct store *store = store_open(path, STORE_WRITE, &err);
        if (store)
            work(store);
        if (write(ready[1], store ? "y" : "n", 1) == 1)
            pause();
        _exit(1);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    close(ready[0]);
    return pid;
}

static void kill_child(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void write_three_and_a_half(struct store *store)
{
    struct error err = {0};
    long long tune = add_tune(store, "killed");
    const float sample = 1;

    for (int m = 1; m <= 4; m++) {
        const struct store_point_key key = {GEMM_UP, m, false, tile_a};
        if (m == 4)
            must(store_begin(store, &err), &err);
        write_point(store, tune, &key, POINT_OK, false, &sample, 1);
    }
}

static void kill_9_loses_only_what_was_not_acknowledged(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    struct store_tune tune;

    kill_child(start_child(place->path, write_three_and_a_half));
    struct store *store = must_open(place->path, STORE_WRITE);
    must(store_find_tune(store, "killed", &tune, &err), &err);
    assert_int_equal(
        see_points(store, (struct store_filter){.tune = tune.id, .gemm = -1}).count, 3);
    store_tune_free(&tune);
    store_close(store);
}

static void the_second_opener_reads(void **state)
{
    struct place *place = *state;
    pid_t pid = start_child(place->path, write_three_and_a_half);
    char name[32];
    long holder;

    snprintf(name, sizeof name, "pid %ld", (long)pid);
    assert_refused(place->path, STORE_WRITE, name);
    struct store *store = must_open(place->path, STORE_WRITE_OR_READ);
    assert_false(store_writable(store));
    snprintf(name, sizeof name, "process %ld", (long)pid);
    assert_non_null(strstr(store_notice(store), name));
    assert_true(store_is_held(store, &holder));
    assert_int_equal(holder, pid);
    assert_int_equal(see_points(store, (struct store_filter){.tune = 1, .gemm = -1}).count, 3);
    kill_child(pid);
    assert_false(store_is_held(store, NULL));
    store_close(store);
    store = must_open(place->path, STORE_WRITE_OR_READ);
    assert_true(store_writable(store));
    assert_string_equal(store_notice(store), "");
    store_close(store);
}

/* A link has its target's lock; of two names of one file, neither would see the other's. */
static void one_file_has_one_lock(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    char *link = xasprintf("%s/link", place->folder), *late = xasprintf("%s/late", place->folder);
    struct store_tune tune;

    assert_int_equal(symlink("a b?#.db", link), 0);
    assert_refused(link, STORE_READ, "no such database");
    struct store *store = must_open(link, STORE_WRITE);
    add_tune(store, "through the link");
    assert_null(store_open(place->path, STORE_WRITE, &err));
    assert_non_null(strstr(err.text, "in use by"));
    store_close(store);
    store = must_open(place->path, STORE_WRITE);
    must(store_find_tune(store, "through the link", &tune, &err), &err);
    store_tune_free(&tune);
    assert_null(store_open(link, STORE_WRITE, &err));
    assert_non_null(strstr(err.text, "in use by"));
    store_close(store);

    assert_int_equal(linkat(AT_FDCWD, place->path, AT_FDCWD, late, 0), 0);
    assert_refused(late, STORE_WRITE, "hard link");
    assert_refused(place->path, STORE_WRITE, "hard link");
    store_close(must_open(place->path, STORE_READ));
    free(link);
    free(late);
}

/* Names that SQLite would take for no file, or for another one. */
static void every_name_is_a_file(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    const char *names[] = {":memory:", "file:a.db", "%41.db"};

    assert_null(store_open("", STORE_WRITE, &err));
    assert_non_null(strstr(err.text, "name is empty"));
    assert_refused(place->folder, STORE_WRITE, "not a regular file");
    assert_refused("/dev/null", STORE_READ, "not a regular file");
    char *here = getcwd(NULL, 0);
    assert_int_equal(chdir(place->folder), 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct store *store = must_open(names[i], STORE_WRITE);
        add_tune(store, names[i]);
        store_close(store);
        assert_true(path_exists(names[i]));
        store_close(must_open(names[i], STORE_READ));
    }
    assert_int_equal(chdir(here), 0);
    free(here);
}

/* In a child: takes the lock, makes an empty file, and copies `made` into it a moment later. */
static pid_t start_maker(const char *path, const char *made)
{
    int ready[2];
    char byte;

    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct lock_holder holder;
        sqlite3 *from, *to;
        bool unclean;
        int fd;
        lock_take(path, true, &fd, &unclean, &holder, NULL);
        close(open(path, O_WRONLY | O_CREAT, 0600));
        if (write(ready[1], "y", 1) == 1)
            clock_sleep(0.1);
        sqlite3_open(made, &from);
        sqlite3_open(path, &to);
        sqlite3_backup *copy = sqlite3_backup_init(to, "main", from, "main");
        sqlite3_backup_step(copy, -1);
        sqlite3_backup_finish(copy);
        pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return pid;
}

static void a_reader_waits_for_what_is_being_made(void **state)
{
    struct place *place = *state;
    char *made = xasprintf("%s/made", place->folder);

    store_close(must_open(made, STORE_WRITE));
    pid_t pid = start_maker(place->path, made);
    store_close(must_open(place->path, STORE_READ));
    kill_child(pid);
    free(made);
}

static void a_handle_does_not_cross_a_fork(void **state)
{
    struct place *place = *state;
    struct store *store = must_open(place->path, STORE_WRITE);
    int status;

    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGABRT, SIG_DFL);
        store_changed(store);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    for (int fd = 3; fd < 64; fd++) {
        int flags = fcntl(fd, F_GETFD);
        char link[32], target[256] = "";
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        if (flags >= 0 && readlink(link, target, sizeof target - 1) > 0 &&
            strstr(target, place->folder))
            assert_true(flags & FD_CLOEXEC);
    }
    store_close(store);
}

static void write_file(const char *path, const char *text)
{
    struct error err = {0};

    must(path_write_atomic(path, text, strlen(text), &err), &err);
}

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void foreign_files_are_refused(void **state)
{
    struct place *place = *state;
    char big[4096];

    assert_refused(place->path, STORE_READ, "no such database");
    assert_false(path_exists(place->path));
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    write_file(place->path, big);
    assert_refused(place->path, STORE_WRITE, "not a moebench database");
    assert_refused(place->path, STORE_READ, "not a moebench database");
    write_file(place->path, "");
    assert_refused(place->path, STORE_READ, "not a moebench database");
    run_sql(place->path, "CREATE TABLE other (a)");
    assert_refused(place->path, STORE_WRITE, "of another program");
    assert_refused(place->path, STORE_READ, "of another program");
}

static void newer_files_are_refused(void **state)
{
    struct place *place = *state;

    store_close(must_open(place->path, STORE_WRITE));
    run_sql(place->path, "PRAGMA user_version = 1000");
    assert_refused(place->path, STORE_WRITE, "newer moebench (schema 1000");
    assert_refused(place->path, STORE_READ, "newer moebench");
}

static void damage_is_found_and_named(void **state)
{
    struct place *place = *state;
    struct store *store = must_open(place->path, STORE_WRITE);
    char noise[4096], *lock = xasprintf("%s.lock", place->path);

    for (int i = 0; i < 50; i++)
        add_tune(store, "a question");
    store_close(store);
    int fd = open(place->path, O_WRONLY);
    memset(noise, 0x5a, sizeof noise);
    for (int page = 2; page < 30; page++)
        assert_int_equal(pwrite(fd, noise, sizeof noise, 4096 * page), 4096);
    close(fd);
    /* A writer whose predecessor died looks before it writes. */
    write_file(lock, "1 elsewhere\n");
    free(lock);
    assert_refused(place->path, STORE_WRITE, "damaged");
    struct error err = {0};
    struct store_tune *tunes;
    size_t count;
    store = store_open(place->path, STORE_READ, &err);
    assert_false(store && store_list_tunes(store, &tunes, &count, &err));
    assert_non_null(strstr(err.text, "damaged"));
    assert_non_null(strstr(err.text, place->path));
    store_close(store);
}

static void a_full_disk_loses_nothing(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    struct store *store = must_open(place->path, STORE_WRITE);
    long long tune = add_tune(store, "1");
    float samples[20000] = {0};
    struct store_measurement measurement = {.key = {GEMM_UP, 1, false, tile_a},
        .samples = samples,
        .count = sizeof samples / sizeof *samples};
    struct store_chunk chunk = {.tune = tune, .build = 1, .measurements = &measurement, .count = 1};
    int written = 0;

    assert_int_equal(sqlite3_exec(store->db, "PRAGMA max_page_count = 120", NULL, NULL, NULL), 0);
    for (; written < 50 && store_write_chunk(store, &chunk, &err); written++)
        measurement.key.m++;
    assert_in_range(written, 1, 20);
    assert_non_null(strstr(err.text, "disk is full"));
    assert_non_null(strstr(err.text, place->path));
    assert_true(sqlite3_get_autocommit(store->db));
    assert_int_equal(
        see_points(store, (struct store_filter){.tune = tune, .gemm = -1}).count, written);
    assert_int_equal(
        sqlite3_exec(store->db, "PRAGMA max_page_count = 100000", NULL, NULL, NULL), 0);
    must(store_write_chunk(store, &chunk, &err), &err);
    store_close(store);
}

/* What is written to a file without a name is lost when it is closed. */
static void a_file_that_goes_away_is_missed(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    struct store *store = must_open(place->path, STORE_WRITE);
    char *elsewhere = xasprintf("%s/elsewhere", place->folder);

    add_tune(store, "moved and back");
    assert_int_equal(rename(place->path, elsewhere), 0);
    assert_false(store_begin(store, &err));
    assert_non_null(strstr(err.text, "deleted or moved away"));
    assert_int_equal(rename(elsewhere, place->path), 0);
    must(store_begin(store, &err), &err);
    must(store_commit(store, &err), &err);
    assert_int_equal(rename(place->path, elsewhere), 0);
    store_close(store);
    assert_int_equal(rename(elsewhere, place->path), 0);

    struct store_tune tune;
    store = must_open(place->path, STORE_WRITE);
    must(store_find_tune(store, "moved and back", &tune, &err), &err);
    store_tune_free(&tune);
    assert_int_equal(unlink(place->path), 0);
    assert_false(store_begin(store, &err));
    store_close(store);
    free(elsewhere);
}

static void a_foreign_lock_is_waited_for_then_named(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    struct store *store = must_open(place->path, STORE_WRITE);
    sqlite3 *other;

    sqlite3_busy_timeout(store->db, 10);
    assert_int_equal(sqlite3_open(place->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_false(store_begin(store, &err));
    assert_non_null(strstr(err.text, "locked by another program"));
    assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    must(store_begin(store, &err), &err);
    store_rollback(store);
    store_close(store);
}

static void steps_migrate_or_leave_all_as_it_was(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    struct store *store = must_open(place->path, STORE_WRITE);
    const char *steps[] = {schema_steps[0], schema_steps[1], schema_steps[2], schema_steps[3],
        "ALTER TABLE tune ADD COLUMN extra TEXT",
        "CREATE TABLE more (a); INSERT INTO nowhere VALUES (1)"};
    long long number;

    assert_int_equal(schema_version, 4);
    add_tune(store, "kept");
    assert_false(schema_migrate(store, steps, 6, &err));
    assert_non_null(strstr(err.text, "schema 5 to 6"));
    assert_false(sql_number(store, &err, 0, &number, "SELECT count(extra) FROM tune", ""));
    must(sql_number(store, &err, 0, &number, "PRAGMA user_version", ""), &err);
    assert_int_equal(number, 4);
    must(schema_migrate(store, steps, 5, &err), &err);
    must(sql_number(store, &err, 9, &number, "SELECT count(extra) FROM tune", ""), &err);
    assert_int_equal(number, 0);
    store_close(store);
    assert_refused(place->path, STORE_WRITE, "newer moebench (schema 5");
}

static void only_an_empty_tune_is_dropped(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    struct store *store = must_open(place->path, STORE_WRITE);
    long long empty = add_tune(store, "empty"), chosen = add_tune(store, "chosen");
    struct store_choice choice = {.m = 1, .dropped = true};
    struct store_tune *tunes;
    size_t count;

    must(store_add_event(store, empty, "phase", "begins", &err), &err);
    must(store_add_choices(store, chosen, &choice, 1, &err), &err);
    must(store_drop_empty_tune(store, empty, &err), &err);
    must(store_drop_empty_tune(store, chosen, &err), &err);
    must(store_list_tunes(store, &tunes, &count, &err), &err);
    assert_int_equal(count, 1);
    assert_int_equal(tunes[0].id, chosen);
    store_tune_free(&tunes[0]);
    free(tunes);
    store_close(store);
}

/* A database as the first schema's moebench left it. */
static void make_old(const char *path)
{
    struct error err = {0};
    size_t length;
    char *script = path_read(TEST_DATA "/store_v1.sql", 1 << 20, &length, &err);
    sqlite3 *db;

    must(script != NULL, &err);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, script, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    free(script);
}

static void a_database_of_schema_1_goes_on(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    struct store_choice *choices;
    struct store_tune *tunes;
    size_t count;

    make_old(place->path);
    struct store *store = must_open(place->path, STORE_READ);
    store_close(store);
    store = must_open(place->path, STORE_WRITE);
    must(store_list_tunes(store, &tunes, &count, &err), &err);
    assert_int_equal(count, 1);
    assert_int_equal(tunes[0].state, TUNE_DONE);
    assert_int_equal(tunes[0].incumbent, 0);
    assert_int_equal(see_points(store, (struct store_filter){.tune = 1, .gemm = -1}).count, 20);
    must(store_list_choices(store, 1, &choices, &count, &err), &err);
    assert_int_equal(count, 4);
    assert_true(isnan(choices[0].incumbent_us) && choices[0].median_us > 10);
    assert_true(choices[0].verified && choices[0].tile.block_n == 64);
    free(choices);

    struct store_incumbent incumbent = {
        .layer = xstrdup("l"), .path = xstrdup("p"), .up = xstrdup("{}")};
    must(store_put_incumbent(store, &incumbent, &err), &err);
    tunes[0].incumbent = incumbent.id;
    must(store_update_tune(store, &tunes[0], &err), &err);
    store_incumbent_free(&incumbent);
    store_tune_free(&tunes[0]);
    free(tunes);
    store_close(store);
}

static struct store_incumbent make_incumbent(
    enum incumbent_how how, const char *layer, const char *path)
{
    return (struct store_incumbent){
        .how = how,
        .layer = xstrdup(layer),
        .model = "glm-4.7-fp8 TP4",
        .engine = "sglang:0.5.4.post2",
        .device = "NVIDIA GB10",
        .path = xstrdup(path),
        .hash = "abc",
        .up = xstrdup("{\"1\": {}}"),
    };
}

static void the_newest_import_counts(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    struct store *store = must_open(place->path, STORE_WRITE);
    struct store_incumbent all[] = {
        make_incumbent(INCUMBENT_IMPORTED, "layer", "a.json"),
        make_incumbent(INCUMBENT_IMPORTED, "layer", "b.json"),
        make_incumbent(INCUMBENT_IMPORTED, "layer", "a.json"),
        make_incumbent(INCUMBENT_IMPORTED, "other", "c.json"),
        make_incumbent(INCUMBENT_FOUND, "layer", "d.json"),
        make_incumbent(INCUMBENT_FOUND, "layer", "d.json"),
    };
    struct store_incumbent found, *list;
    size_t count;

    assert_false(store_find_import(store, "layer", &found, &err));
    assert_int_equal(err.kind, ERROR_NONE);
    all[2].down = xstrdup("{}");
    all[2].down_path = xstrdup("a_down.json");
    for (size_t i = 0; i < 6; i++)
        must(store_put_incumbent(store, &all[i], &err), &err);
    assert_true(all[2].id > all[0].id);
    assert_int_equal(all[4].id, all[5].id);
    must(store_find_import(store, "layer", &found, &err), &err);
    assert_int_equal(found.id, all[2].id);
    assert_string_equal(found.down_path, "a_down.json");
    assert_string_equal(found.device, "NVIDIA GB10");
    assert_true(found.time > 0);
    store_incumbent_free(&found);
    must(store_get_incumbent(store, all[4].id, &found, &err), &err);
    assert_int_equal(found.how, INCUMBENT_FOUND);
    assert_true(found.down == NULL);
    store_incumbent_free(&found);
    must(store_list_imports(store, &list, &count, &err), &err);
    assert_int_equal(count, 4);
    assert_string_equal(list[0].path, "c.json");
    for (size_t i = 0; i < count; i++)
        store_incumbent_free(&list[i]);
    free(list);
    for (size_t i = 0; i < 6; i++)
        store_incumbent_free(&all[i]);
    store_close(store);
}

static void read_only_folders_can_be_read(void **state)
{
    struct place *place = *state;
    struct store *store = must_open(place->path, STORE_WRITE);
    char *wal = xasprintf("%s-wal", place->path), *shm = xasprintf("%s-shm", place->path);
    char *lock = xasprintf("%s.lock", place->path);

    add_tune(store, "1");
    store_close(store);
    if (geteuid() == 0) { /* root may write anywhere */
        print_message("skipped: run by root\n");
        goto out;
    }
    assert_int_equal(chmod(place->folder, 0500), 0);
    store = must_open(place->path, STORE_READ);
    assert_int_equal(see_points(store, (struct store_filter){.tune = 1, .gemm = -1}).count, 0);
    store_close(store);
    assert_refused(place->path, STORE_WRITE, "cannot be written");
    assert_int_equal(chmod(lock, 0400), 0);
    assert_refused(place->path, STORE_WRITE_OR_READ, "name another database");
    assert_int_equal(chmod(lock, 0600), 0);
    assert_int_equal(chmod(place->folder, 0700), 0);

    /* Another user's while it is written, and when its writer was killed. */
    pid_t pid = start_child(place->path, write_three_and_a_half);
    assert_int_equal(chmod(place->folder, 0500) | chmod(lock, 0400), 0);
    store = must_open(place->path, STORE_WRITE_OR_READ);
    assert_int_equal(see_points(store, (struct store_filter){.tune = 2, .gemm = -1}).count, 3);
    store_close(store);
    kill_child(pid);
    assert_int_equal(chmod(place->folder, 0700) | unlink(shm) | chmod(place->folder, 0500), 0);
    assert_true(path_exists(wal));
    assert_refused(place->path, STORE_READ, "-wal file");
    assert_int_equal(chmod(place->folder, 0700), 0);
out:
    free(lock);
    free(shm);
    free(wal);
}

static void a_tune_becomes_a_recorded_set(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    struct store *store = must_open(place->path, STORE_WRITE);
    long long tune = add_tune(store, "1");
    struct tile grouped = tile_a, unfit = {256, 256, 256, 1, 8, 4, false};
    struct store_compile fact = {.tile = tile_a, .shared_bytes = 65536, .registers = 168};
    struct store_compile no_fact = {
        .tile = unfit, .status = POINT_DOES_NOT_FIT, .shared_bytes = 400000, .registers = -1};
    const float samples[] = {3, 1, 2}, hot = 0.5F;
    char *path = xasprintf("%s.set", place->path);

    assert_null(recorded_from_tune(store, tune, &err));
    assert_non_null(strstr(err.text, "no measurements yet"));
    must(store_put_compile(store, 1, &fact, &err), &err);
    must(store_put_compile(store, 1, &no_fact, &err), &err);
    grouped.group_m = 16;
    const struct store_point_key keys[] = {{GEMM_UP, 64, false, tile_a},
        {GEMM_UP, 1, false, grouped}, {GEMM_DOWN, 64, false, tile_b}, {GEMM_UP, 1, true, tile_a}};
    write_point(store, tune, &keys[0], POINT_OK, false, samples, 3);
    write_point(store, tune, &keys[1], POINT_OK, false, samples, 1);
    write_point(store, tune, &keys[2], POINT_WRONG_RESULT, false, NULL, 0);
    write_point(store, tune, &keys[3], POINT_OK, false, &hot, 1);

    struct recorded *set = recorded_from_tune(store, tune, &err);
    must(set != NULL, &err);
    must(recorded_write(path, set, &err), &err);
    recorded_free(set);
    must((set = recorded_open(path, &err)) != NULL, &err);
    assert_string_equal(set->device.name, "NVIDIA GB10");
    assert_string_equal(set->triton, "3.6.0");
    assert_memory_equal(&set->shape, &shape, sizeof shape);
    assert_true(set->batch_size_count == 2 && set->batch_sizes[0] == 1);
    assert_true(set->tile_count[GEMM_UP] == 3 && set->tile_count[GEMM_DOWN] == 1);
    const struct recorded_tile *facts = recorded_find_tile(set, GEMM_UP, &grouped);
    assert_true(facts && facts->registers == 168 && facts->shared_bytes == 65536);
    const struct recorded_point *point = recorded_find(set, GEMM_UP, 64, &tile_a);
    assert_true(point->count == 3 && point->samples[0] == 3 && point->status == POINT_OK);
    assert_true(recorded_find(set, GEMM_UP, 1, &grouped)->count == 1);
    assert_int_equal(recorded_find(set, GEMM_UP, 1, &tile_a)->count, 0);
    assert_int_equal(recorded_find(set, GEMM_UP, 64, &unfit)->status, POINT_DOES_NOT_FIT);
    assert_int_equal(recorded_find(set, GEMM_DOWN, 64, &tile_b)->status, POINT_WRONG_RESULT);
    recorded_free(set);
    free(path);
    store_close(store);
}

static int count_scan(unsigned event, void *arg, void *statement, void *unused)
{
    int *scans = arg;

    (void)event;
    (void)unused;
    int found = sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0) +
                sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_SORT, 0);
    if (found > 0)
        print_message("%d scans or sorts: %s\n", found, sqlite3_sql(statement));
    *scans += found;
    return 0;
}

/* What a screen asks for again and again walks an index, and sorts nothing. */
static void screen_queries_use_indices(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    struct store *store = must_open(place->path, STORE_WRITE);
    const float sample = 1;
    long long tune = 0;
    int scans = 0;
    struct store_choice *choices;
    struct store_event *events;
    size_t count;

    for (int i = 0; i < 3; i++) {
        tune = add_tune(store, (char[]){(char)('a' + i), 0});
        for (int m = 1; m < 10; m++) {
            struct store_choice choice = {.m = m, .tile = tile_a};
            const struct store_point_key key = {GEMM_UP, m, false, m & 1 ? tile_a : tile_b};
            write_point(store, tune, &key, POINT_OK, false, &sample, 1);
            must(store_add_choices(store, tune, &choice, 1, &err), &err);
            must(store_add_event(store, tune, "note", "x", &err), &err);
        }
    }
    sqlite3_trace_v2(store->db, SQLITE_TRACE_PROFILE, count_scan, &scans);
    struct store_tune found;
    must(store_find_tune(store, "a", &found, &err), &err);
    store_tune_free(&found);
    see_points(store, (struct store_filter){.tune = tune, .gemm = -1});
    see_points(store, (struct store_filter){.tune = tune, .gemm = 0, .m = 2});
    see_points(store, (struct store_filter){.tune = tune, .m = 3, .hot = 0, .tile = &tile_a});
    must(store_list_history(store, tune, GEMM_UP, 3, &choices, &count, &err), &err);
    free(choices);
    must(store_list_events(store, tune, 5, &events, &count, &err), &err);
    free(events);
    assert_int_equal(scans, 0);
    store_close(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tunes_devices_and_builds_come_back),
        TEST(tunes_are_listed_last_touched_first),
        TEST(points_gather_their_measurements),
        TEST(filters_narrow_the_points),
        TEST(compile_facts_replace_and_sort),
        TEST(faults_are_counted_and_checks_kept),
        TEST(choices_have_a_history),
        TEST(ab_results_and_events_are_listed),
        TEST(a_transaction_is_all_or_nothing),
        TEST(kill_9_loses_only_what_was_not_acknowledged),
        TEST(the_second_opener_reads),
        TEST(one_file_has_one_lock),
        TEST(every_name_is_a_file),
        TEST(a_reader_waits_for_what_is_being_made),
        TEST(a_handle_does_not_cross_a_fork),
        TEST(foreign_files_are_refused),
        TEST(newer_files_are_refused),
        TEST(damage_is_found_and_named),
        TEST(a_full_disk_loses_nothing),
        TEST(a_file_that_goes_away_is_missed),
        TEST(a_foreign_lock_is_waited_for_then_named),
        TEST(steps_migrate_or_leave_all_as_it_was),
        TEST(only_an_empty_tune_is_dropped),
        TEST(a_database_of_schema_1_goes_on),
        TEST(the_newest_import_counts),
        TEST(read_only_folders_can_be_read),
        TEST(a_tune_becomes_a_recorded_set),
        TEST(screen_queries_use_indices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
