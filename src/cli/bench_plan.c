/* SPDX-License-Identifier: MIT */
/* What the line of `moebench bench` asks for, and the kernels of it. */
#include "cli/bench.h"

#include "base/text.h"
#include "domain/argument.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TILES_MOST 4096
#define MS_MOST 64

static bool read_tiles(
    const struct arguments *args, struct tile tiles[], size_t *count, struct error *err)
{
    const char *text;
    for (*count = 0; (text = arguments_nth(args, "tile", *count)) != NULL; ++*count) {
        if (*count == TILES_MOST)
            return error_set(err, ERROR_USAGE, "bench: more than %d tiles", TILES_MOST);
        if (!tile_parse(text, &tiles[*count], err))
            return false;
    }
    return *count > 0 ||
           error_set(err, ERROR_USAGE, "bench: a tile is needed: --tile BM16,BN64,BK128,G1,w4,s3");
}

/* "1,16,64", all mentions together. */
static bool read_ms(const struct arguments *args, int ms[], size_t *count, struct error *err)
{
    const char *list;
    *count = 0;
    for (size_t i = 0; (list = arguments_nth(args, "m", i)) != NULL; i++) {
        while (*list) {
            size_t length = strcspn(list, ",");
            char *number = xstrndup(list, length);
            long m;
            bool ok = *count < MS_MOST && text_to_int(number, 1, 1 << 20, &m);
            free(number);
            if (!ok)
                return error_set(
                    err, ERROR_USAGE, "bench: --m takes up to %d numbers, as 1,16,64", MS_MOST);
            ms[(*count)++] = (int)m;
            list += length + (list[length] == ',');
        }
    }
    return *count > 0 || error_set(err, ERROR_USAGE, "bench: a batch size is needed: --m 64");
}

/* Adds a GEMM's kernels and its rows, M by M. */
static void plan_gemm(struct bench *bench, enum gemm gemm, const struct tile tiles[],
    size_t tile_count, const int ms[], size_t m_count)
{
    struct bench_kernel *kernels = bench->kernels + bench->kernel_count;
    for (size_t i = 0; i < tile_count; i++) {
        kernels[i].gemm = gemm;
        kernels[i].tile = tiles[i];
    }
    bench->kernel_count += tile_count;
    for (size_t m = 0; m < m_count; m++) {
        for (size_t i = 0; i < tile_count; i++) {
            struct bench_row *row = &bench->rows[bench->row_count++];
            row->kernel = &kernels[i];
            row->m = ms[m];
        }
    }
}

bool bench_plan(struct bench *bench, const struct arguments *args, struct error *err)
{
    struct tile *tiles = xcalloc(TILES_MOST, sizeof *tiles);
    size_t tile_count = 0, m_count = 0;
    int ms[MS_MOST];
    bool gemms[GEMM_COUNT];
    long samples = 0;
    bool ok = arguments_gemms(args, "both", gemms, err) &&
              read_tiles(args, tiles, &tile_count, err) &&
              (bench->compile_only || read_ms(args, ms, &m_count, err)) &&
              arguments_int(args, "samples", 1, 100000, 30, &samples, err);
    if (ok) {
        bench->samples = (int)samples;
        bench->kernels = xcalloc(GEMM_COUNT * tile_count, sizeof *bench->kernels);
        bench->rows = xcalloc(GEMM_COUNT * tile_count * m_count + 1, sizeof *bench->rows);
        for (enum gemm gemm = GEMM_UP; gemm < GEMM_COUNT; gemm++)
            if (gemms[gemm])
                plan_gemm(bench, gemm, tiles, tile_count, ms, m_count);
    }
    free(tiles);
    return ok;
}

void bench_free(struct bench *bench)
{
    for (size_t i = 0; i < bench->kernel_count; i++)
        kernel_free(&bench->kernels[i].kernel);
    for (size_t i = 0; i < bench->row_count; i++)
        free(bench->rows[i].samples);
    free(bench->kernels);
    free(bench->rows);
}

/* The engine is the one that is installed, unless the line names one. */
static bool settle_engine(struct bench *bench, const struct arguments *args, struct error *err)
{
    struct target *target = &bench->target;
    const struct toolchain *tools = &bench->toolchain;
    if (arguments_text(args, "engine", NULL)) {
        if (tools->engine_version[0] && strcmp(tools->engine_version, target->engine.version) != 0)
            fprintf(stderr, "moebench: note: the kernel is %s %s's, the rules are %s's\n",
                tools->engine, tools->engine_version, target->engine.version);
        return true;
    }
    if (tools->engine[0] == 0 || tools->engine_version[0] == 0)
        return true;
    char *name = xasprintf("%s:%s", tools->engine, tools->engine_version);
    bool ok = engine_parse(name, &target->engine, err) &&
              engine_shape(&target->engine, &target->model, &target->parallel, &target->shape, err);
    free(name);
    return ok;
}

/* Kernels of later versions have parameters whose meaning for a launch was not read yet. */
static bool check_engine(const struct engine *engine, const struct shape *shape, struct error *err)
{
    const char *rules = engine_rules_version(engine);
    if (!argument_supported(engine, shape, err))
        return false;
    if (strcmp(rules, "0.5.4.post2") == 0 || strcmp(rules, "0.5.8.post1") == 0)
        return true;
    return error_set(err, ERROR_FAILED,
        "sglang %s: its kernel can not be launched yet, only those of 0.5.4 and 0.5.8; name the "
        "server's with --engine sglang:VERSION",
        engine->version);
}

static void take_result(struct bench *bench, struct compile_result *result)
{
    struct bench_kernel *kernel = &bench->kernels[result->ticket - 1];
    kernel->status = result->status;
    kernel->kernel = result->kernel;
    memcpy(kernel->text, result->text, sizeof kernel->text);
}

/* Tickets are counted from 1 in the order of the kernels. */
static bool compile_all(struct bench *bench, struct compiler *compiler, struct error *err)
{
    const struct target *target = &bench->target;
    struct compile_result result;
    for (size_t i = 0; i < bench->kernel_count; i++) {
        const struct bench_kernel *kernel = &bench->kernels[i];
        if (!compiler_submit(
                compiler, &target->engine, &target->shape, kernel->gemm, &kernel->tile, err))
            return false;
    }
    while (compiler_next(compiler, -1, &result)) {
        take_result(bench, &result);
        if (result.status == COMPILE_STOPPED)
            return error_set(err, ERROR_DEVICE, "%s", result.text);
    }
    return true;
}

bool bench_compile(struct bench *bench, const struct arguments *args, struct error *err)
{
    long jobs;
    struct compiler_options options = arguments_compiler(args);
    options.arch = bench->hello.device.arch;
    options.no_cache = arguments_flag(args, "no-cache");
    if (!arguments_int(args, "jobs", 1, 4096, 0, &jobs, err))
        return false;
    options.jobs = (int)jobs;
    struct compiler *compiler = compiler_open(&options, err);
    if (compiler == NULL)
        return false;
    bench->toolchain = *compiler_toolchain(compiler);
    bool ok = settle_engine(bench, args, err) &&
              check_engine(&bench->target.engine, &bench->target.shape, err) &&
              compile_all(bench, compiler, err);
    compiler_close(compiler);
    return ok;
}
