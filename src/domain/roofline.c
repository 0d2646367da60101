/* SPDX-License-Identifier: MIT */
#include "domain/roofline.h"

#include "domain/routing.h"

#include <math.h>

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
    const double rows = routing_expected_rows(shape, m), out_rows = (double)m * shape->top_k;
    const double a_rows = gemm == GEMM_UP ? fmin(m, rows) : rows;
    const double peak = peak_flops(shape, device);
    double memory_us, compute_us;

    roofline->bytes = experts * n * k * dtype_b_bytes(shape->dtype) +
                      a_rows * k * dtype_a_bytes(shape->dtype) + out_rows * n * 2 +
                      scale_bytes(shape, gemm, a_rows, experts);
    roofline->flops = 2 * rows * n * k;
    memory_us = device->bandwidth > 0 ? 1e6 * roofline->bytes / device->bandwidth : 0;
    compute_us = peak > 0 ? 1e6 * roofline->flops / peak : 0;
    roofline->memory = memory_us >= compute_us;
    roofline->us = roofline->memory ? memory_us : compute_us;
}
