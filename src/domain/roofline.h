/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_DOMAIN_ROOFLINE_H
#define MOEBENCH_DOMAIN_ROOFLINE_H

#include "domain/device.h"
#include "domain/shape.h"

/* The least that one GEMM at M tokens must move and compute, under uniform routing. */
struct roofline {
    double bytes; /* weights of the experts hit (in expectation), activations, output */
    double flops; /* 2 * M * top_k * N * K of the kernel */
    double us;    /* max(bytes / bandwidth, flops / rate) by the datasheet; 0 when it is unknown */
};

struct roofline roofline_of(
    const struct shape *shape, const struct device *device, enum gemm gemm, int m);

#endif
