/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_DOMAIN_ROOFLINE_H
#define MOEBENCH_DOMAIN_ROOFLINE_H

#include "domain/device.h"
#include "domain/shape.h"

/* The least that a GEMM at M must move and compute, and how long the device needs for that. */
struct roofline {
    double bytes; /* weights of the experts hit, once; activations, scales and outputs, once;
                   * the kernel writes zeros for the rows of experts of other ranks */
    double flops; /* 2 * rows * n * k of this rank's experts, no padding */
    double us;    /* the larger of bytes / bandwidth and flops / peak; 0 when neither is known */
    bool memory;  /* the bytes decide */
};

/* `experts`: distinct experts hit, such as routing_expected_experts gives. */
void roofline_make(const struct shape *shape, enum gemm gemm, int m, double experts,
    const struct device *device, struct roofline *roofline);

#endif
