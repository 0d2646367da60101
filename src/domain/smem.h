/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_DOMAIN_SMEM_H
#define MOEBENCH_DOMAIN_SMEM_H

#include "domain/engine.h"

/* Shared memory a block of fused_moe_kernel asks for. */
struct smem {
    int bytes;
    bool exact; /* seen exact on this arch, engine and dtype, or compiled */
};

/*
 * (stages-1) * (BM*a + BN*b) * BK on sm_8x and sm_12x, `stages` instead of `stages-1` for wgmma
 * tiles on sm_90, plus what blockwise scales need. Found by compiling the engines' kernels with
 * Triton 3.5 and 3.6. A prediction: a compiler's own figure for the tile at hand wins. A
 * BLOCK_SIZE_K that the engine clamps is counted as it runs.
 */
struct smem smem_estimate(
    const struct engine *engine, const struct shape *shape, int arch, const struct tile *tile);

#endif
