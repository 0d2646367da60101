/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_CLI_BENCH_H
#define MOEBENCH_CLI_BENCH_H

#include "cli/arguments.h"
#include "cli/target.h"
#include "compile/compile.h"
#include "worker/client.h"

/* What `moebench bench` is about: plan, run and report share it. */

/* A tile of one GEMM, compiled. */
struct bench_kernel {
    enum gemm gemm;
    struct tile tile;
    enum compile_status status;
    char text[1024]; /* why not, when not OK */
    struct kernel kernel;
};

/* A kernel at one M, timed. */
struct bench_row {
    struct bench_kernel *kernel;
    int m;
    enum point_status status;
    char text[256]; /* why there is no figure */
    float *samples; /* us a launch, in the order taken */
    size_t sample_count;
    bool suspect; /* a chunk of it was */
    bool verified;
    struct verify_report verify;
};

struct bench {
    struct target target;
    struct toolchain toolchain;
    struct hello hello; /* of the worker; device.arch alone when compiling only */
    struct setup_report report;
    bool compile_only;
    struct bench_kernel *kernels; /* [GEMM][tile] */
    size_t kernel_count;
    struct bench_row *rows; /* [GEMM][M][tile] */
    size_t row_count;
    int samples;          /* wanted */
    double gpu_s, wall_s; /* of all chunks: kernel time with sentinels; wall */
    long long launches;
};

/* Reads --gemm, --m, --tile into kernels and rows; bench_free in either case. */
bool bench_plan(struct bench *bench, const struct arguments *args, struct error *err);
void bench_free(struct bench *bench);
bool bench_compile(struct bench *bench, const struct arguments *args, struct error *err);
/* Sets a worker up, measures, verifies. */
bool bench_measure(struct bench *bench, const struct arguments *args, struct error *err);
void bench_print(const struct bench *bench);
void bench_print_json(const struct bench *bench);

#endif
