/* SPDX-License-Identifier: MIT */
/* The cuda back-end on the stand-in for libcuda (fake_cuda.c): what is launched, in which order,
 * with which arguments, and what a wrong, slow, faulty or endless kernel leads to. Each test runs
 * in a process of its own, as a worker does, since a context that is lost stays lost. */
#include "tests/cmocka_all.h"

#include "base/clock.h"
#include "base/text.h"
#include "domain/argument.h"
#include "gpu/nvml.h"
#include "worker/backend.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const names[] = {"a_ptr", "a_desc", "b_ptr", "b_desc", "bias_ptr", "c_ptr",
    "a_scale_ptr", "b_scale_ptr", "topk_weights_ptr", "sorted_token_ids_ptr", "expert_ids_ptr",
    "num_tokens_post_padded_ptr", "N", "K", "EM", "num_valid_tokens", "stride_am", "stride_ak",
    "stride_be", "stride_bk", "stride_bn", "stride_bias_e", "stride_bias_n", "stride_cm",
    "stride_cn", "stride_asm", "stride_ask", "stride_bse", "stride_bsk", "stride_bsn"};

static const struct shape tiny = {
    .experts = 8, .routed = 8, .top_k = 2, .hidden = 64, .intermediate = 32, .gated = true};

struct world {
    void *self;
    struct device device;
    struct setup setup;
    struct setup_report report;
    struct error err;
};

static struct tile tile_of(int group)
{
    return (struct tile){.block_m = 16,
        .block_n = 32,
        .block_k = 32,
        .group_m = group,
        .num_warps = 4,
        .num_stages = 3};
}

/* As the compiler would answer: the parameters left, and the scratch pointers. `us` of a launch. */
static struct kernel make_kernel(
    const struct setup *setup, enum gemm gemm, const struct tile *tile, double us, const char *more)
{
    struct kernel kernel = {.num_warps = 4, .shared_bytes = 60000};
    struct text text = {0};

    text_add(&text, "fused us=%g bm=%d top_k=%d %s%s", us, tile->block_m,
        gemm == GEMM_UP ? setup->shape.top_k : 1, gemm == GEMM_UP ? "" : "weighted ", more);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct argument argument;
        struct error err = {0};

        if (!argument_describe(
                &setup->engine, &setup->shape, gemm, tile, 1, names[i], &argument, &err))
            fail_msg("%s", err.text);
        if (argument.kind == ARGUMENT_CONSTANT)
            continue;
        snprintf(kernel.arguments[kernel.argument_count].name, 40, "%s", names[i]);
        snprintf(kernel.arguments[kernel.argument_count++].type, 16, "%s", argument.type);
        text_add(&text, " %s:%s", names[i], argument.type);
    }
    for (int i = 0; i < 2; i++) {
        const char *name = i ? "profile_scratch" : "global_scratch";

        snprintf(kernel.arguments[kernel.argument_count].name, 40, "%s", name);
        snprintf(kernel.arguments[kernel.argument_count++].type, 16, "*i8");
        text_add(&text, " %s:*i8", name);
    }
    snprintf(
        kernel.hash, sizeof kernel.hash, "%s-%d-%g%s", gemm_name(gemm), tile->group_m, us, more);
    snprintf(kernel.entry, sizeof kernel.entry, "fused_moe_kernel");
    kernel.cubin_size = text.length;
    kernel.cubin = (unsigned char *)text_take(&text);
    return kernel;
}

static void open_world(struct world *world, bool per_channel)
{
    *world = (struct world){0};
    world->self = backend_cuda.open("0", 1, &world->device, &world->err);
    if (!world->self)
        fail_msg("%s", world->err.text);
    world->setup = (struct setup){.max_m = 8, .seed = 5};
    world->setup.shape = tiny;
    world->setup.shape.per_channel = per_channel;
    world->setup.shape.dtype = per_channel ? DTYPE_FP8_W8A8 : DTYPE_BF16;
    assert_true(engine_parse("sglang:0.5.4.post2", &world->setup.engine, &world->err));
    if (!backend_cuda.setup(world->self, &world->setup, &world->report, &world->err))
        fail_msg("%s", world->err.text);
}

static struct measure_item load(
    struct world *world, enum gemm gemm, int group, int m, double us, const char *more)
{
    struct measure_item item = {
        .gemm = gemm, .m = m, .tile = tile_of(group), .samples = 1, .discard = 1};
    struct kernel kernel = make_kernel(&world->setup, gemm, &item.tile, us, more);

    if (!backend_cuda.load(world->self, &kernel, gemm, &item.tile, &world->err))
        fail_msg("%s", world->err.text);
    memcpy(item.kernel, kernel.hash, sizeof item.kernel);
    kernel_free(&kernel);
    return item;
}

static struct verify_report verify(struct world *world, const struct measure_item *item)
{
    struct verify_report report;

    if (backend_cuda.verify(world->self, item, &report, &world->err) != JOB_DONE)
        fail_msg("%s", world->err.text);
    return report;
}

static void right_and_wrong_outputs(bool per_channel)
{
    struct world world;

    open_world(&world, per_channel);
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++) {
        for (int m = 1; m <= 8; m += 7) {
            struct measure_item good = load(&world, (enum gemm)gemm, 1, m, 10, "");
            struct measure_item off = load(&world, (enum gemm)gemm, 1, m, 10, "scale=1.5 ");
            struct measure_item skips = load(&world, (enum gemm)gemm, 1, m, 10, "skip ");
            struct verify_report report = verify(&world, &good);

            assert_true(report.right);
            assert_true(report.relative_error < 5e-3 && report.relative_error > 0);
            report = verify(&world, &off);
            assert_false(report.right);
            assert_true(report.relative_error > 0.49 && report.relative_error < 0.51);
            report = verify(&world, &skips);
            assert_false(report.right);
            assert_int_equal(report.unwritten, 2 * m);
        }
    }
}

static void bf16_outputs(void)
{
    right_and_wrong_outputs(false);
}

static void per_channel_outputs(void)
{
    right_and_wrong_outputs(true);
}

struct seen {
    int chunks, samples, order[64];
    float us[64];
    bool suspect;
    double gpu_s;
    int stop_after; /* chunks, 0: never */
};

static bool note(const struct measure_chunk *chunk, void *arg)
{
    struct seen *seen = arg;

    assert_int_equal(chunk->number, seen->chunks);
    assert_true(chunk->clock_mhz == 1500);
    seen->chunks++;
    seen->suspect |= chunk->suspect;
    seen->gpu_s += chunk->gpu_s;
    for (int i = 0; i < chunk->sample_count && seen->samples < 64; i++) {
        seen->order[seen->samples] = chunk->samples[i].item;
        seen->us[seen->samples++] = chunk->samples[i].us;
    }
    return seen->chunks != seen->stop_after;
}

static enum job_end measure(
    struct world *world, struct measure_item *items, int count, struct seen *seen, int *item)
{
    const struct measure_job job = {.id = 3, .items = items, .item_count = count};

    return backend_cuda.measure(world->self, &job, note, seen, item, &world->err);
}

static void item_by_item(void)
{
    struct world world;
    struct seen seen = {0};
    int at_fault;

    open_world(&world, false);
    assert_true(world.report.granularity_us > 0);
    assert_true(world.report.sentinel_us[0] > 30 && world.report.sentinel_us[0] < 31);
    struct measure_item items[3] = {load(&world, GEMM_UP, 1, 1, 10, ""),
        load(&world, GEMM_UP, 16, 1, 40, ""), load(&world, GEMM_UP, 32, 1, 90, "")};
    items[0].samples = 3;
    items[2].give_up_us = 80; /* 90 is slower: its first launch stands */
    items[2].samples = 5;
    assert_int_equal(measure(&world, items, 3, &seen, &at_fault), JOB_DONE);
    assert_int_equal(seen.samples, 5);
    for (int i = 0; i < 5; i++) {
        static const int order[] = {0, 0, 0, 2, 1}; /* 2 gave up before 1 was sampled */
        static const float us[] = {10, 10, 10, 90, 40};

        assert_int_equal(seen.order[i], order[i]);
        assert_true(seen.us[i] >= us[i] && seen.us[i] < us[i] + 1);
    }
    assert_false(seen.suspect);
}

static void shuffled_rounds(void)
{
    struct world world;
    struct seen seen = {0};
    struct measure_item items[6];
    int at_fault, in_order = 0;

    open_world(&world, false);
    for (int i = 0; i < 6; i++) {
        items[i] = load(&world, GEMM_UP, i + 1, 1, 20 + i, "");
        items[i].samples = 5;
    }
    const struct measure_job job = {.items = items, .item_count = 6, .shuffle = true, .seed = 9};
    assert_int_equal(
        backend_cuda.measure(world.self, &job, note, &seen, &at_fault, &world.err), JOB_DONE);
    assert_int_equal(seen.samples, 30);
    for (int round = 0; round < 5; round++) {
        unsigned set = 0;

        for (int i = 0; i < 6; i++) {
            set |= 1u << seen.order[6 * round + i];
            in_order += seen.order[6 * round + i] == i;
        }
        assert_int_equal(set, 63); /* every item once a round */
    }
    assert_true(in_order < 20);
}

static void drift_is_suspect(void)
{
    struct world world;
    struct seen seen = {0};
    struct error err = {0};
    int at_fault;

    setenv("FAKE_CUDA", "drift=0:1", 1);
    open_world(&world, false);
    struct measure_item item = load(&world, GEMM_UP, 1, 1, 10, "");
    setenv("FAKE_CUDA", "drift=0:1.05", 1);
    assert_int_equal(measure(&world, &item, 1, &seen, &at_fault), JOB_DONE);
    assert_true(seen.suspect);
    assert_true(backend_cuda.settle(world.self, &world.report, &err));
    seen = (struct seen){0};
    assert_int_equal(measure(&world, &item, 1, &seen, &at_fault), JOB_DONE);
    assert_false(seen.suspect); /* by the new baseline, with the kernels as they were */
}

static void cancelled_job_leaves_the_card_usable(void)
{
    struct world world;
    struct seen seen = {.stop_after = 1};
    struct measure_item items[5];
    int at_fault;

    open_world(&world, false);
    for (int i = 0; i < 5; i++)
        items[i] = load(&world, GEMM_UP, i + 1, 1, 10, "");
    assert_int_equal(measure(&world, items, 5, &seen, &at_fault), JOB_CANCELLED);
    assert_int_equal(seen.samples, 1);
    seen = (struct seen){0};
    assert_int_equal(measure(&world, items, 5, &seen, &at_fault), JOB_DONE);
    assert_int_equal(seen.samples, 5);
}

static void fault_names_its_item(void)
{
    struct world world;
    struct seen seen = {0};
    int at_fault = -1;

    open_world(&world, false);
    struct measure_item items[2] = {
        load(&world, GEMM_UP, 1, 1, 10, ""), load(&world, GEMM_UP, 2, 1, 10, "")};
    setenv("FAKE_CUDA", "fault=2", 1); /* the discarded launch of the second item */
    assert_int_equal(measure(&world, items, 2, &seen, &at_fault), JOB_FAULT);
    assert_int_equal(at_fault, 1);
    assert_non_null(strstr(world.err.text, "CUDA_ERROR_ILLEGAL_ADDRESS"));
}

static void hang_is_seen_within_its_time(void)
{
    struct world world;
    struct seen seen = {0};
    int at_fault = -1;
    double start;

    open_world(&world, false);
    struct measure_item items[2] = {
        load(&world, GEMM_UP, 1, 1, 10, ""), load(&world, GEMM_UP, 2, 1, 10, "")};
    setenv("FAKE_CUDA", "hang=2", 1);
    start = clock_monotonic();
    assert_int_equal(measure(&world, items, 2, &seen, &at_fault), JOB_HANG);
    assert_int_equal(at_fault, 1);
    assert_true(clock_monotonic() - start > 1); /* it did wait */
}

static void too_little_memory_is_refused(void)
{
    struct world world = {0};

    setenv("FAKE_CUDA", "memory=300000000", 1);
    open_world(&world, false);
    world.setup.max_m = 1 << 20;
    assert_false(backend_cuda.setup(world.self, &world.setup, &world.report, &world.err));
    assert_non_null(strstr(world.err.text, "300,000,000 are free"));
}

/* A parameter that moved, or that the launch would fill otherwise, is never launched. */
static void other_parameters_are_refused(void)
{
    struct world world;
    struct tile tile = tile_of(1);

    open_world(&world, false);
    struct kernel kernel = make_kernel(&world.setup, GEMM_UP, &tile, 10, "");
    snprintf(kernel.arguments[3].type, 16, "*i8");
    assert_false(backend_cuda.load(world.self, &kernel, GEMM_UP, &tile, &world.err));
    assert_non_null(strstr(world.err.text, kernel.arguments[3].name));
    kernel_free(&kernel);
    kernel = make_kernel(&world.setup, GEMM_UP, &tile, 10, "");
    kernel.argument_count--;
    assert_false(backend_cuda.load(world.self, &kernel, GEMM_UP, &tile, &world.err));
    assert_non_null(strstr(world.err.text, "more than the launch's"));
    kernel.argument_count++;
    snprintf(kernel.arguments[0].name, 40, "novel_ptr");
    assert_false(backend_cuda.load(world.self, &kernel, GEMM_UP, &tile, &world.err));
    assert_non_null(strstr(world.err.text, "novel_ptr"));
    kernel_free(&kernel);
}

static void old_driver_is_named(void)
{
    struct device device;
    struct error err = {0};

    setenv("FAKE_CUDA", "lack=cuGraphLaunch", 1);
    assert_null(backend_cuda.open("0", 1, &device, &err));
    assert_int_equal(err.kind, ERROR_DEVICE);
    assert_non_null(strstr(err.text, "cuGraphLaunch"));
    setenv("FAKE_CUDA", "", 1);
}

/* Case A14: a GB10's NVML has no memory figures; the machine's are taken, marked as shared. */
static void nvml_without_memory(void)
{
    struct nvml_state state;
    struct nvml *nvml;

    setenv("MOEBENCH_LIBNVML", FAKE_CUDA_LIBRARY, 1);
    setenv("FAKE_CUDA", "", 1);
    assert_null(nvml_open("0000:02:00.0"));
    nvml = nvml_open("0000:01:00.0");
    assert_non_null(nvml);
    nvml_read(nvml, false, &state);
    assert_true(nvml_has(&state, NVML_MEMORY) && state.memory_used == 40 && !state.memory_shared);
    assert_true(nvml_has(&state, NVML_POWER) && state.power_w > 12 && state.power_w < 13);
    setenv("FAKE_CUDA", "gb10", 1);
    nvml_read(nvml, false, &state);
    assert_false(nvml_has(&state, NVML_MEMORY));
    assert_true(nvml_has(&state, NVML_TEMPERATURE) && state.temperature_c > 40);
    nvml_read(nvml, true, &state);
    assert_true(nvml_has(&state, NVML_MEMORY) && state.memory_shared);
    assert_true(state.memory_total > state.memory_used && state.memory_used > 0);
    assert_int_equal(nvml_processes(nvml, NULL, 0), 0);
    nvml_close(nvml);
    nvml_read(NULL, false, &state); /* no NVML at all */
    assert_int_equal(state.has, 0);
    assert_int_equal(nvml_processes(NULL, NULL, 0), -1);
}

/* Whoever else uses the GPU is named, and refused unless it is allowed. */
static void busy_card_is_refused(void)
{
    struct world world = {0};
    char other[32], pid[32];

    setenv("MOEBENCH_LIBNVML", FAKE_CUDA_LIBRARY, 1);
    snprintf(other, sizeof other, "other=%ld", (long)getppid());
    snprintf(pid, sizeof pid, "pid %ld, 3.0 GB", (long)getppid());
    setenv("FAKE_CUDA", other, 1);
    world.self = backend_cuda.open("0", 1, &world.device, &world.err);
    assert_non_null(world.self);
    world.setup = (struct setup){.max_m = 8, .shape = tiny};
    assert_true(engine_parse("sglang:0.5.4.post2", &world.setup.engine, &world.err));
    assert_false(backend_cuda.setup(world.self, &world.setup, &world.report, &world.err));
    assert_non_null(strstr(world.err.text, pid));
    assert_non_null(strstr(world.err.text, "--allow-busy"));
    world.setup.allow_busy = true;
    assert_true(backend_cuda.setup(world.self, &world.setup, &world.report, &world.err));
    assert_non_null(strstr(world.report.note, pid));
}

static void run_apart(void (*body)(void))
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        setenv("CMOCKA_TEST_ABORT", "1", 1); /* a failure ends this process, not the test alone */
        body();
        fflush(NULL);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void in_a_process_of_its_own(void **state)
{
    run_apart(*(void (**)(void)) * state);
}

#define TEST(body)                                                       \
    {                                                                    \
#body, in_a_process_of_its_own, NULL, NULL, &(void (*[1])(void)) \
        {                                                                \
            body                                                         \
        }                                                                \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bf16_outputs),
        TEST(per_channel_outputs),
        TEST(item_by_item),
        TEST(shuffled_rounds),
        TEST(drift_is_suspect),
        TEST(cancelled_job_leaves_the_card_usable),
        TEST(fault_names_its_item),
        TEST(hang_is_seen_within_its_time),
        TEST(too_little_memory_is_refused),
        TEST(other_parameters_are_refused),
        TEST(old_driver_is_named),
        TEST(nvml_without_memory),
        TEST(busy_card_is_refused),
    };

    if (access(FAKE_CUDA_LIBRARY, R_OK) != 0) {
        puts("skipped: built without cuda.h");
        return 77;
    }
    setenv("MOEBENCH_LIBCUDA", FAKE_CUDA_LIBRARY, 1);
    setenv("MOEBENCH_LIBNVML", "/nonexistent", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
