/* SPDX-License-Identifier: MIT */
#include "domain/roofline.h"

#include <math.h>

/* A token takes top_k distinct ones of `routed` experts, this rank holds `experts` of them: an
 * expert is hit by at least one of M tokens with 1 - (1 - top_k/routed)^M. */
static double experts_hit(const struct shape *shape, int m)
{
    int routed = shape->routed > shape->experts ? shape->routed : shape->experts;
    return shape->experts * (1 - pow(1 - (double)shape->top_k / routed, m));
}

struct roofline roofline_of(
    const struct shape *shape, const struct device *device, enum gemm gemm, int m)
{
    double n = shape_gemm_n(shape, gemm), k = shape_gemm_k(shape, gemm);
    double rows = (double)m * shape->top_k, a_rows = gemm == GEMM_UP ? m : rows;
    struct roofline roofline = {
        .bytes = experts_hit(shape, m) * n * k * dtype_b_bytes(shape->dtype) +
                 a_rows * k * dtype_a_bytes(shape->dtype) + rows * n * dtype_a_bytes(shape->out),
        .flops = 2 * rows * n * k,
    };
    double rate = shape->dtype == DTYPE_FP8_W8A8 ? device->tensor_fp8 : device->tensor_bf16;
    double memory_s = device->bandwidth > 0 ? roofline.bytes / device->bandwidth : 0;
    double compute_s = rate > 0 ? roofline.flops / rate : 0;
    roofline.us = fmax(memory_s, compute_s) * 1e6;
    return roofline;
}
