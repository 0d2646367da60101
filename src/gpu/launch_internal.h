/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_GPU_LAUNCH_INTERNAL_H
#define MOEBENCH_GPU_LAUNCH_INTERNAL_H

#include "gpu/launch.h"
#include "gpu/layer_internal.h"

struct loaded {
    struct layer *layer;
    enum gemm gemm;
    struct tile tile;
    int shared_bytes, num_warps;
    CUmodule module;
    CUfunction function;
    char names[KERNEL_ARGUMENTS][40]; /* of its parameters, in order */
    int argument_count;
};

/* A launch at one M, all values in place; the addresses follow the turn. */
struct bound {
    const struct loaded *loaded;
    const struct placed *placed; /* borrowed until the next layer_route */
    union {
        long long i64;
        CUdeviceptr pointer;
    } values[KERNEL_ARGUMENTS];
    void *pointers[KERNEL_ARGUMENTS]; /* to the values, as cuLaunchKernel wants them */
    int buffers[KERNEL_ARGUMENTS];    /* enum buffer of each pointer, -1 of others */
    unsigned grid;
};

/* How a call that failed ended: with the context, or without harm to it. */
enum gpu_end launch_failed(void);
/* layer_route(m, the tile's BLOCK_SIZE_M) came before. `bound` must not be moved. */
bool launch_bind(const struct loaded *loaded, int m, struct bound *bound, struct error *err);
/* Queues it on `stream`, or into the capture that runs there. */
bool launch_queue(struct bound *bound, CUstream stream, struct turn turn, struct error *err);

#endif
