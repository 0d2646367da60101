/* SPDX-License-Identifier: MIT */
#include "domain/roofline.h"

#include <math.h>

/* Where the device's table has no rate: of the order of today's cards, so that guesses stay sane.
 */
#define BANDWIDTH_UNKNOWN 1e12
#define TENSOR_UNKNOWN 2e14

static double peak_flops(const struct shape *shape, const struct device *device)
{
    const bool narrow = shape->dtype == DTYPE_FP8_W8A8 || shape->dtype == DTYPE_INT8_W8A8;

    return narrow && device->tensor_fp8 > 0 ? device->tensor_fp8 : device->tensor_bf16;
}

static double scale_bytes(const struct shape *shape, enum gemm gemm, double a_rows, double experts)
{
    const double n = shape_gemm_n(shape, gemm), k = shape_gemm_k(shape, gemm);

    if (shape->dtype != DTYPE_FP8_W8A8 && shape->dtype != DTYPE_INT8_W8A8)
        return 0;
    if (shape->block_n > 0 && shape->block_k > 0)
        return 4 * (a_rows + experts * ceil(n / shape->block_n)) * ceil(k / shape->block_k);
    return shape->per_channel ? 4 * (a_rows + experts * n) : 0;
}

void roofline_make(const struct shape *shape, enum gemm gemm, int m, double experts,
    const struct device *device, struct roofline *roofline)
{
    const double n = shape_gemm_n(shape, gemm), k = shape_gemm_k(shape, gemm);
    const double rows = (double)m * shape->top_k, a_rows = gemm == GEMM_UP ? m : rows;
    const double peak = peak_flops(shape, device);
    double memory_us, compute_us;

    roofline->bytes = experts * n * k * dtype_b_bytes(shape->dtype) +
                      a_rows * k * dtype_a_bytes(shape->dtype) + rows * n * 2 +
                      scale_bytes(shape, gemm, a_rows, experts);
    roofline->flops = 2 * rows * n * k;
    memory_us = device->bandwidth > 0 ? 1e6 * roofline->bytes / device->bandwidth : 0;
    compute_us = peak > 0 ? 1e6 * roofline->flops / peak : 0;
    roofline->memory = memory_us >= compute_us;
    roofline->us = roofline->memory ? memory_us : compute_us;
}

/* Blocks of rows: each expert's share rounded up to BLOCK_SIZE_M. */
static double row_blocks(const struct shape *shape, int m, double experts, const struct tile *tile)
{
    const double rows = (double)m * shape->top_k;

    return experts > 0 ? experts * ceil(fmax(rows / experts, 1) / tile->block_m) : 0;
}

double roofline_guess_us(const struct shape *shape, enum gemm gemm, int m, double experts,
    const struct device *device, const struct tile *tile, int shared_bytes)
{
    const double n = shape_gemm_n(shape, gemm), k = shape_gemm_k(shape, gemm);
    const double bandwidth = device->bandwidth > 0 ? device->bandwidth : BANDWIDTH_UNKNOWN;
    const double peak = peak_flops(shape, device);
    const double blocks_m = row_blocks(shape, m, experts, tile);
    const double blocks = blocks_m * ceil(n / tile->block_n);
    const double held =
        shared_bytes > 0 ? fmax(1, floor((double)device->smem_limit / shared_bytes)) : 1;
    const double wave = (device->sm_count > 0 ? device->sm_count : 64) * fmin(held, 8);
    const double waves = blocks / wave;
    struct roofline roofline;
    double flops;

    roofline_make(shape, gemm, m, experts, device, &roofline);
    flops = 2 * blocks_m * tile->block_m * ceil(n / tile->block_n) * tile->block_n *
            ceil(k / tile->block_k) * tile->block_k;
    return 1e6 * fmax(roofline.bytes / bandwidth, flops / (peak > 0 ? peak : TENSOR_UNKNOWN)) *
           (waves > 0 ? ceil(waves) / waves : 1);
}
