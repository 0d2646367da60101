/* SPDX-License-Identifier: MIT */
#include "domain/engine_rules.h"

/* Under this many bytes a block SGLang 0.5.23 takes its small fp8 defaults. */
enum { LOW_SMEM_BYTES = 128 * 1024 };

/* GROUP 8 and no num_warps, num_stages: Triton's 4 and 3. */
static const struct tile sglang_large = {64, 64, 32, 8, 4, 3, false};
static const struct tile sglang_small = {16, 32, 64, 1, 4, 3, false};
static const struct tile sglang_fp8_large = {128, 256, 128, 32, 8, 4, false};
static const struct tile sglang_fp8_small = {64, 128, 128, 1, 4, 4, false};
static const struct tile sglang_fp8_low_large = {64, 128, 256, 64, 4, 2, false};
static const struct tile sglang_fp8_low_small = {32, 64, 256, 1, 4, 4, false};

/* fused_moe_triton_config.py, get_default_config: M is held against E. */
static void sglang_default(const struct engine *engine, const struct shape *shape,
    const struct device *device, int m, struct tile *tile)
{
    bool small = m <= shape->experts;

    if (shape->dtype != DTYPE_FP8_W8A8) {
        *tile = small ? sglang_small : sglang_large;
    } else if (shape->block_k) {
        *tile = (struct tile){64, shape->block_n, shape->block_k, 32, 4, 3, false};
    } else if (engine->rules->low_smem_default && device->smem_limit < LOW_SMEM_BYTES) {
        *tile = small ? sglang_fp8_low_small : sglang_fp8_low_large;
    } else {
        *tile = small ? sglang_fp8_small : sglang_fp8_large;
    }
}

static void vllm_blockwise(const struct shape *shape, int m, struct tile *tile)
{
    bool narrow = m <= 8 && shape->block_n % 64 == 0;

    tile->block_m = m <= 64 ? 16 : 64;
    tile->block_n = narrow ? 64 : shape->block_n;
    tile->block_k = shape->block_k;
    tile->group_m = m <= 16 ? 1 : 32;
    tile->num_warps = 4;
    tile->num_stages = narrow && m <= 4 ? 4 : 3;
}

/* Weights in groups with 16-bit activations. With six rows an expert or fewer vLLM runs int4 on a
 * CUDA kernel of its own instead, which no file tunes. */
static void vllm_grouped(int m, struct tile *tile)
{
    tile->block_m = m <= 20 ? 16 : m <= 40 ? 32 : 64;
    tile->block_n = m == 1 ? 32 : 64;
    tile->block_k = m == 1 ? 64 : 32;
    tile->group_m = 1;
    tile->num_warps = 4;
    tile->num_stages = 3;
}

static void vllm_general(const struct shape *shape, int m, struct tile *tile)
{
    tile->block_m = m <= 32 ? 16 : m <= 96 ? 32 : m <= 512 ? 64 : 128;
    tile->block_n = m <= 64 ? 64 : 128;
    tile->block_k = shape->dtype == DTYPE_FP8_W8A8 || m <= 64 ? 128 : 64;
    tile->group_m = m / shape->experts > 128 ? 16 : 1;
    tile->num_warps = m <= 128 ? 4 : 8;
    tile->num_stages = m <= 32 ? 4 : 3;
}

void engine_default_tile(const struct engine *engine, const struct shape *shape,
    const struct device *device, int m, struct tile *tile)
{
    tile->use_tma = false;
    if (engine->kind == ENGINE_SGLANG)
        sglang_default(engine, shape, device, m, tile);
    else if (shape->dtype == DTYPE_FP8_W8A8 && shape->block_k)
        vllm_blockwise(shape, m, tile);
    else if (shape->group_size)
        vllm_grouped(m, tile);
    else
        vllm_general(shape, m, tile);
}
