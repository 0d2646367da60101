/* SPDX-License-Identifier: MIT */
#include "cli/bench.h"
#include "cli/commands.h"

static const struct option_spec bench_options[] = {
    TARGET_OPTIONS,
    {"gemm", "WHICH", "up, down or both (both)"},
    {"m", "LIST", "batch sizes: 1,16,64"},
    {"tile", "T", "BM16,BN64,BK128,G1,w4,s3; once for each tile"},
    {"samples", "N", "samples of each tile, shuffled among them (30)"},
    {"compile-only", NULL, "what the compiler says, without a GPU"},
    {"arch", "A", "with compile-only: sm_121 (the device's)"},
    COMPILER_OPTIONS,
    JOBS_OPTION,
    {"no-cache", NULL, "compile again what was compiled before"},
    {"routing", "R", "uniform, zipf:S, or a file of expert ids (uniform)"},
    {"seed", "N", "of inputs and routings (1)"},
    {"hot", NULL, "the same experts every launch: for comparison only"},
    {"allow-busy", NULL, "go on though another process uses the GPU"},
    {"device-ordinal", "N", "which card (0)"},
    {"json", NULL, "print JSON, all samples"},
    {0},
};

static bool read_arch(const struct arguments *args, struct bench *bench, struct error *err)
{
    const char *text = arguments_text(args, "arch", NULL);
    bench->hello.device = bench->target.device;
    return text == NULL || device_parse_arch(text, &bench->hello.device.arch, err);
}

static int bench_command(const struct arguments *args, struct error *err)
{
    struct bench bench = {.compile_only = arguments_flag(args, "compile-only")};
    bool ok = target_resolve(args, arguments_operand(args, 0), &bench.target, err) &&
              bench_plan(&bench, args, err);
    if (ok && bench.compile_only)
        ok = read_arch(args, &bench, err) && bench_compile(&bench, args, err);
    else if (ok)
        ok = bench_measure(&bench, args, err);
    if (ok && arguments_flag(args, "json"))
        bench_print_json(&bench);
    else if (ok)
        bench_print(&bench);
    bench_free(&bench);
    return (int)err->kind;
}

const struct command cmd_bench = {
    .name = "bench",
    .operands = "MODEL",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "one tile or a few, all numbers",
    .options = bench_options,
    .run = bench_command,
};
