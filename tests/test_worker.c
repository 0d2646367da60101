/* SPDX-License-Identifier: MIT */
/* The protocol's lines both ways, and a real worker process on a small recorded set. */
#include "tests/cmocka_all.h"

#include "base/base64.h"
#include "base/text.h"
#include "store/recorded.h"
#include "tests/layer.h"
#include "worker/client.h"
#include "worker/replay.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct shape shape = LAYER_SMALL;

static struct tile tile_of(const char *text)
{
    struct tile tile;
    assert_true(tile_parse(text, &tile, NULL));
    return tile;
}

static struct setup setup_of(void)
{
    struct setup setup = {.shape = shape, .max_m = 16, .seed = 0xffffffffffffff01ULL};
    assert_true(engine_parse("sglang:0.5.4.post2", &setup.engine, NULL));
    return setup;
}

/* Two tiles, M 1 and 16; the second tile was sampled once at M=16 and never at M=1. */
static char *write_recorded(void)
{
    static float samples[] = {10, 11, 12, 30};
    struct recorded_tile tiles[] = {
        {tile_of("BM16,BN64,BK128,G1,w4,s3"), POINT_OK, 20480, 64, 0},
        {tile_of("BM32,BN64,BK128,G1,w4,s3"), POINT_OK, 24576, 80, -1},
    };
    struct recorded_point points[] = {{POINT_OK, 3, samples}, {POINT_OK, 0, NULL},
        {POINT_OK, 2, samples}, {POINT_WRONG_RESULT, 1, samples + 3}};
    int sizes[] = {1, 16};
    struct recorded set = {.shape = shape, .batch_sizes = sizes, .batch_size_count = 2};
    set.device = (struct device){.name = "NVIDIA Test", .arch = 90};
    strcpy(set.date, "2026-11-25");
    assert_true(engine_parse("sglang:0.5.4.post2", &set.engine, NULL));
    for (enum gemm gemm = GEMM_UP; gemm < GEMM_COUNT; gemm++) {
        set.tiles[gemm] = tiles;
        set.tile_count[gemm] = 2;
        set.points[gemm] = points;
    }
    char *path = xasprintf("/tmp/moebench-test-%ld ?.db", (long)getpid());
    struct error err = {0};
    if (!recorded_write(path, &set, &err))
        fail_msg("%s", err.text);
    return path;
}

static void test_base64(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        size_t length;
        char *text = base64_encode(pairs[i][0], strlen(pairs[i][0]));
        assert_string_equal(text, pairs[i][1]);
        unsigned char *bytes = base64_decode(text, &length);
        assert_int_equal(length, strlen(pairs[i][0]));
        assert_memory_equal(bytes, pairs[i][0], length);
        free(bytes);
        free(text);
    }
    size_t length;
    assert_null(base64_decode("Zg=", &length));
    assert_null(base64_decode("Z===", &length));
    assert_null(base64_decode("Zm9v====", &length));
    assert_null(base64_decode("Zm\n9", &length));
}

/* What is printed is read back to what prints the same again. */
static void check_command(const struct worker_command *command)
{
    struct worker_command back;
    struct error err = {0};
    char *line = command_print(command);
    if (!command_parse(line, &back, &err))
        fail_msg("%s", err.text);
    char *again = command_print(&back);
    assert_string_equal(line, again);
    assert_null(strchr(line, '\n'));
    free(line);
    free(again);
    command_free(&back);
}

static void test_commands(void **state)
{
    (void)state;
    unsigned char cubin[] = {1, 2, 0, 255};
    struct measure_item items[2] = {{.kernel = "ab",
                                        .gemm = GEMM_DOWN,
                                        .m = 64,
                                        .samples = 3,
                                        .drawn = 7,
                                        .give_up_us = 12.5,
                                        .group = 2},
        {.m = 1, .samples = 1, .discard = 2}};
    items[0].tile = items[1].tile = tile_of("BM16,BN64,BK128,G8,w4,s3");
    struct worker_command load = {.op = COMMAND_LOAD, .gemm = GEMM_DOWN, .tile = items[0].tile};
    strcpy(load.kernel.hash, "cafe");
    strcpy(load.kernel.entry, "fused_moe_kernel");
    strcpy(load.kernel.arguments[0].name, "a_ptr");
    strcpy(load.kernel.arguments[0].type, "*fp8e4nv");
    load.kernel.argument_count = 1;
    load.kernel.cubin = cubin;
    load.kernel.cubin_size = sizeof cubin;
    check_command(&load);
    check_command(&(struct worker_command){.op = COMMAND_SETUP, .setup = setup_of()});
    check_command(&(struct worker_command){.op = COMMAND_VERIFY, .id = 9, .item = items[0]});
    check_command(&(struct worker_command){.op = COMMAND_SETTLE});
    check_command(&(struct worker_command){.op = COMMAND_CANCEL});
    struct measure_job job = {
        .id = 5, .items = items, .item_count = 2, .shuffle = true, .seed = 0x123456789abcdef0ULL};
    check_command(&(struct worker_command){.op = COMMAND_MEASURE, .job = job});
}

static void test_bad_commands(void **state)
{
    (void)state;
    static const char *const lines[] = {"", "[]", "{\"op\":\"dance\"}", "{\"op\":\"load\"}",
        "{\"op\":\"setup\",\"engine\":\"sglang\"}", "{\"op\":\"measure\",\"id\":1,\"items\":[]}",
        "{\"op\":\"measure\",\"id\":1,\"items\":[{}]}", "{\"op\":\"verify\"}"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct worker_command command;
        struct error err = {0};
        assert_false(command_parse(lines[i], &command, &err));
        assert_true(err.text[0]);
    }
}

static void test_events(void **state)
{
    (void)state;
    struct event *event = calloc(1, sizeof *event), *back = calloc(1, sizeof *back);
    event->op = EVENT_CHUNK;
    event->chunk = (struct measure_chunk){.job = 4, .number = 2, .sample_count = 2, .gpu_s = 0.5};
    event->chunk.samples[0].item = 1;
    event->chunk.samples[0].us = 12.25f;
    event->chunk.samples[1].us = 3.1415927f;
    char *line = event_print(event);
    assert_true(event_parse(line, back, NULL));
    assert_int_equal(back->chunk.sample_count, 2);
    assert_int_equal(back->chunk.samples[0].item, 1);
    assert_true(back->chunk.samples[1].us == event->chunk.samples[1].us);
    free(line);
    *event = (struct event){.op = EVENT_VERIFIED, .id = 3, .end = JOB_HANG, .item = -1};
    event->verify.relative_error = NAN;
    line = event_print(event);
    assert_true(event_parse(line, back, NULL));
    assert_int_equal(back->end, JOB_HANG);
    assert_int_equal(back->item, -1);
    assert_true(isnan(back->verify.relative_error));
    free(line);
    assert_false(event_parse("{\"op\":\"done\",\"id\":1,\"end\":\"fine\"}", back, NULL));
    free(event);
    free(back);
}

static void test_recorded(void **state)
{
    const char *path = *state;
    struct error err = {0};
    struct recorded *set = recorded_open(path, &err);
    if (set == NULL)
        fail_msg("%s", err.text);
    struct tile tile = tile_of("BM32,BN64,BK128,G1,w4,s3");
    const struct recorded_point *point = recorded_find(set, GEMM_DOWN, 16, &tile);
    assert_int_equal(point->count, 1);
    assert_int_equal(point->status, POINT_WRONG_RESULT);
    assert_true(point->samples[0] == 30);
    assert_int_equal(recorded_find_tile(set, GEMM_UP, &tile)->spill_bytes, -1);
    assert_null(recorded_find(set, GEMM_UP, 2, &tile));
    tile.group_m = 8;
    assert_null(recorded_find_tile(set, GEMM_UP, &tile));
    struct compile_result result;
    replay_compile(set, GEMM_UP, &tile, &result);
    assert_int_equal(result.status, COMPILE_FAILED);
    recorded_free(set);
    assert_null(recorded_open("/dev/null", &err));
}

/* The draws of a point do not depend on what else was drawn. */
static void test_draws(void **state)
{
    (void)state;
    float samples[] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct recorded_point point = {POINT_OK, 8, samples};
    struct tile tile = tile_of("BM16,BN64,BK128,G1,w4,s3");
    bool seen[9] = {false}, differs = false;
    for (int i = 0; i < 200; i++) {
        float us = replay_draw(&point, 1, GEMM_UP, 16, &tile, i);
        assert_true(us == replay_draw(&point, 1, GEMM_UP, 16, &tile, i));
        differs |= us != replay_draw(&point, 2, GEMM_UP, 16, &tile, i);
        seen[(int)us] = true;
    }
    assert_true(differs);
    for (int i = 1; i <= 8; i++)
        assert_true(seen[i]);
}

static struct client *start(const char *path)
{
    struct error err = {0};
    char *backend = xasprintf("replay:%s", path);
    struct client_options options = {.program = getenv("MOEBENCH"), .backend = backend};
    struct client *client = client_open(&options, &err);
    free(backend);
    if (client == NULL)
        fail_msg("%s", err.text);
    return client;
}

static void next(struct client *client, enum event_op op, struct event *event)
{
    assert_int_equal(client_next(client, 20, event), CLIENT_EVENT);
    assert_int_equal(event->op, op);
}

static void test_worker(void **state)
{
    struct client *client = start(*state);
    struct event *event = calloc(1, sizeof *event);
    struct setup_report report;
    struct setup setup = setup_of();
    assert_true(client_hello(client)->recorded);
    assert_string_equal(client_hello(client)->device.name, "NVIDIA Test");
    assert_string_equal(client_hello(client)->label, "recorded on NVIDIA Test, 2026-11-25");

    struct error err = {0};
    setup.shape.experts = 9;
    assert_false(client_setup(client, &setup, &report, &err));
    assert_non_null(strstr(err.text, "another layer: E=8"));
    setup.shape.experts = 8;
    assert_true(client_setup(client, &setup, &report, &err));

    struct measure_item items[2] = {{.m = 16, .samples = 5}, {.m = 16, .samples = 5}};
    items[0].tile = tile_of("BM16,BN64,BK128,G1,w4,s3");
    items[1].tile = tile_of("BM32,BN64,BK128,G1,w4,s3");
    items[1].give_up_us = 20; /* it takes 30 */
    struct measure_job job = {.id = 7, .items = items, .item_count = 2, .shuffle = true};
    assert_true(client_measure(client, &job, &err));
    next(client, EVENT_CHUNK, event);
    assert_int_equal(event->chunk.sample_count, 6);
    next(client, EVENT_DONE, event);
    assert_int_equal(event->end, JOB_DONE);

    items[1].m = 1; /* never recorded */
    assert_true(client_measure(client, &job, &err));
    next(client, EVENT_DONE, event);
    assert_int_equal(event->end, JOB_ERROR);
    assert_int_equal(event->item, 1);

    items[1].m = 16;
    assert_true(client_verify(client, 8, &items[1], &err));
    next(client, EVENT_VERIFIED, event);
    assert_int_equal(event->id, 8);
    assert_false(event->verify.right);
    items[0].m = 8; /* a check's second M: known from the others */
    assert_true(client_verify(client, 9, &items[0], &err));
    next(client, EVENT_VERIFIED, event);
    assert_true(event->verify.right);
    free(event);
    client_close(client, false);
}

/* At the card's own pace and more, a job of minutes: pings are answered, cancel ends it. */
static void test_cancel(void **state)
{
    struct error err = {0};
    char *backend = xasprintf("replay:%s", (const char *)*state);
    struct client_options options = {.program = getenv("MOEBENCH"), .backend = backend, .pace = 10};
    struct client *client = client_open(&options, &err);
    free(backend);
    assert_non_null(client);
    struct event *event = calloc(1, sizeof *event);
    struct setup setup = setup_of();
    struct setup_report report;
    assert_true(client_setup(client, &setup, &report, &err));
    struct measure_item item = {.m = 16, .samples = 1000000};
    item.tile = tile_of("BM16,BN64,BK128,G1,w4,s3");
    struct measure_job job = {.id = 1, .items = &item, .item_count = 1};
    assert_true(client_measure(client, &job, &err));
    job.id = 2;
    assert_true(client_measure(client, &job, &err));
    next(client, EVENT_CHUNK, event);
    assert_true(client_cancel(client, &err));
    bool ended[3] = {false};
    while (!ended[1] || !ended[2]) {
        assert_int_equal(client_next(client, 20, event), CLIENT_EVENT);
        if (event->op != EVENT_DONE)
            continue;
        assert_int_equal(event->end, JOB_CANCELLED);
        ended[event->id] = true;
    }
    free(event);
    client_close(client, true);
}

static void test_refusals(void **state)
{
    (void)state;
    struct error err = {0};
    struct client_options options = {.program = getenv("MOEBENCH"), .backend = "replay:/nowhere"};
    assert_null(client_open(&options, &err));
    assert_int_equal(err.kind, ERROR_DEVICE);
    assert_non_null(strstr(err.text, "/nowhere"));
    options.program = "false";
    assert_null(client_open(&options, &err));
    assert_non_null(strstr(err.text, "exited with 1"));
}

static int make_set(void **state)
{
    *state = write_recorded();
    return 0;
}

static int drop_set(void **state)
{
    unlink(*state);
    free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_bad_commands),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_recorded),
        cmocka_unit_test(test_draws),
        cmocka_unit_test(test_worker),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_refusals),
    };

    /* Without it a client would start this test again as its worker, and so on. */
    if (!getenv("MOEBENCH")) {
        fputs("MOEBENCH, the program's path, is not set: run `make check`\n", stderr);
        return 1;
    }
    return cmocka_run_group_tests(tests, make_set, drop_set);
}
