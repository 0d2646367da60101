/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_WORKER_REPLAY_H
#define MOEBENCH_WORKER_REPLAY_H

#include "compile/compile.h"
#include "store/recorded.h"

/*
 * What a recorded set answers in place of a GPU and of a compiler. backend_replay measures: samples
 * are drawn with replacement from the recorded ones by (seed, point, number of the draw) alone, so
 * that neither order nor kills change them. The functions below are for the tuner's own process.
 */

/* `file`, or the set shipped in data/recorded when it is NULL. free(); NULL and *err: there is
 * none. */
char *replay_path(const char *file, struct error *err);
/* "recorded on NVIDIA H100 80GB HBM3, 2026-11-25" into a caller's buffer. */
void replay_label(const struct recorded *recorded, char *buffer, size_t size);
/* Whether it can answer about this layer at these M (none: M aside); *err says what it holds. */
bool replay_holds(const struct recorded *recorded, const struct engine *engine,
    const struct shape *shape, const int batch_sizes[], int count, struct error *err);
/* The compile's outcome as a compiler gives it, without a cubin (kernel.hash is ""). A tile that
 * is not in the set: COMPILE_FAILED, "not recorded". */
void replay_compile(const struct recorded *recorded, enum gemm gemm, const struct tile *tile,
    struct compile_result *result);
void replay_toolchain(const struct recorded *recorded, struct toolchain *toolchain);
/* The draw-th sample of a point that has samples, in us a launch. */
float replay_draw(const struct recorded_point *point, unsigned long long seed, enum gemm gemm,
    int m, const struct tile *tile, int draw);

#endif
