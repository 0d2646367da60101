/* SPDX-License-Identifier: MIT */
#include "domain/smem.h"

#include "domain/engine_rules.h"

static int larger(int a, int b)
{
    return a > b ? a : b;
}

/* Whether the tile's dot runs on sm_90's wgmma, whose operands stay in shared memory. */
static bool uses_wgmma(
    const struct engine *engine, const struct shape *shape, const struct tile *tile)
{
    bool swapped = engine->rules->swap_ab_sm90 && shape->dtype == DTYPE_FP8_W8A8 &&
                   tile->block_m < 64 && tile->block_n >= 64;

    return tile->num_warps >= 4 && (tile->block_m >= 64 || swapped);
}

/* What blockwise scales add: read off all tiles of the grid (tests/data/smem_sm121_t36_block.csv);
 * vLLM's is the larger of the sides that fill their warps. */
static int blockwise_extra(const struct engine *engine, const struct tile *tile)
{
    int m = tile->block_m, n = tile->block_n, lanes = 32 * tile->num_warps;

    if (engine->kind == ENGINE_VLLM)
        return 4 * larger(m >= lanes ? m : 0, n >= lanes ? n : 0);
    return 4 * larger(n > 128 ? n : 0, m == 256 || (m == 128 && tile->num_warps == 4) ? m : 0);
}

/* The cases of which every tile of the default grid was compiled and compared. */
static bool was_compiled(
    const struct engine *engine, const struct shape *shape, int arch, const struct tile *tile)
{
    bool block = shape->block_n == 128 && shape->block_k == 128;

    return engine->kind == ENGINE_SGLANG && arch == 121 && shape->dtype == DTYPE_FP8_W8A8 &&
           (shape->block_k ? block : shape->per_channel) && tile->block_m <= 256 &&
           tile->block_n >= 32 && tile->block_n <= 256 && tile->block_k >= 64 &&
           tile->block_k <= 256 && (tile->num_warps == 4 || tile->num_warps == 8) &&
           tile->num_stages >= 2 && tile->num_stages <= 5 && !tile->use_tma;
}

struct smem smem_estimate(
    const struct engine *engine, const struct shape *shape, int arch, const struct tile *tile)
{
    struct tile run;
    int buffers, per_k;

    /* What SGLang would compute wrongly still has a size. */
    engine_effective_tile(engine, shape, tile, &run, NULL);
    /* Without a pipeline the operands pass through shared memory once. */
    buffers = larger(run.num_stages - 1, 1);
    if (arch >= 90 && arch < 120 && uses_wgmma(engine, shape, &run))
        buffers = run.num_stages;
    per_k = run.block_m * dtype_a_bytes(shape->dtype) + run.block_n * dtype_b_bytes(shape->dtype);
    return (struct smem){
        .bytes = buffers * per_k * run.block_k +
                 (shape->block_k ? blockwise_extra(engine, &run) : 0) +
                 (arch >= 100 && arch < 120 ? 16 : 0),
        .exact = was_compiled(engine, shape, arch, &run),
    };
}
