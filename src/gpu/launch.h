/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_GPU_LAUNCH_H
#define MOEBENCH_GPU_LAUNCH_H

#include "compile/compile.h"
#include "gpu/layer.h"

/* How work on the card ended. After a fault or a hang the process must end: the context is lost. */
enum gpu_end { GPU_DONE, GPU_FAULT, GPU_HANG, GPU_ERROR };

/* A compiled fused_moe_kernel loaded onto the card for one GEMM and tile of a layer. */
struct loaded;

/*
 * Loads the cubin, sets what Triton's loader sets, and refuses where the kernel's parameters are
 * not, one by one, those that the engine's launch would fill: unknown name, other type, other
 * offset or size than the code's own. `kernel` is not needed afterwards; the layer must outlive it.
 */
struct loaded *launch_load(struct layer *layer, const struct kernel *kernel, enum gemm gemm,
    const struct tile *tile, struct error *err);
void launch_unload(struct loaded *loaded); /* NULL does nothing; nothing of it may be running */
enum gemm launch_gemm(const struct loaded *loaded);
const struct tile *launch_tile(const struct loaded *loaded);

#endif
