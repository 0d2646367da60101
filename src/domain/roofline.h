/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_DOMAIN_ROOFLINE_H
#define MOEBENCH_DOMAIN_ROOFLINE_H

#include "domain/device.h"
#include "domain/shape.h"
#include "domain/tile.h"

/* The least that a GEMM at M must move and compute, and how long the device needs for that. */
struct roofline {
    double bytes; /* weights of the experts hit, once; activations, scales and outputs, once */
    double flops; /* 2 * rows * n * k, no padding */
    double us;    /* the larger of bytes / bandwidth and flops / peak; 0 when neither is known */
    bool memory;  /* the bytes decide */
};

/* `experts`: distinct experts hit, such as routing_expected_experts gives. */
void roofline_make(const struct shape *shape, enum gemm gemm, int m, double experts,
    const struct device *device, struct roofline *roofline);

/*
 * A guess at a tile's time for putting a search in order, never for leaving a tile out: weights
 * and padded rows against the device's rates, times the unevenness of the last wave of blocks.
 * `shared_bytes` of the tile says how many blocks an SM holds.
 */
double roofline_guess_us(const struct shape *shape, enum gemm gemm, int m, double experts,
    const struct device *device, const struct tile *tile, int shared_bytes);

#endif
