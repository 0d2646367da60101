/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_DOMAIN_SHAPE_H
#define MOEBENCH_DOMAIN_SHAPE_H

#include "base/error.h"
#include "base/json.h"

#include <stdbool.h>

enum dtype {
    DTYPE_BF16,
    DTYPE_FP16,
    DTYPE_FP32,
    DTYPE_FP8_W8A8,
    DTYPE_INT8_W8A8,
    DTYPE_INT8_W8A16,
    DTYPE_INT4_W4A16,
    DTYPE_COUNT
};

enum gemm { GEMM_UP, GEMM_DOWN, GEMM_COUNT };

const char *dtype_name(enum dtype dtype); /* "bf16", "fp8_w8a8", ... */
/* By that name or as config.json writes it ("bfloat16", "torch.float16"). */
bool dtype_parse(const char *name, enum dtype *dtype);
/* Bytes of an element of A and of B as the kernel loads them. */
int dtype_a_bytes(enum dtype dtype);
int dtype_b_bytes(enum dtype dtype);
const char *gemm_name(enum gemm gemm); /* "up", "down" */
bool gemm_parse(const char *name, enum gemm *gemm);

/*
 * One MoE layer as one rank of one engine sees it. Tensors, M tokens entering:
 *   up:   A [M, K]         B [E, w1_rows, K]  C [M*top_k, w1_rows]   w1_rows = gated ? 2N : N
 *   down: A [M*top_k, N]   B [E, K, N]        C [M*top_k, K]
 */
struct shape {
    int experts;      /* E: held by this rank, a fused shared expert counted in */
    int routed;       /* experts of the whole model that the router chooses among */
    int top_k;        /* as the kernel sees it, a fused shared expert counted in */
    int hidden;       /* K */
    int intermediate; /* N: of one rank, after the gate */
    enum dtype dtype; /* of the expert weights and activations */
    enum dtype out;   /* hidden dtype: bf16 or fp16 */
    int block_n;      /* block_shape, 0 when there is none */
    int block_k;
    int group_size; /* along K, of int4 and int8 weights with 16-bit activations; 0: none */
    bool per_channel;
    bool gated;
};

/* Whether a kernel and its timings cannot tell them apart. */
bool shape_equal(const struct shape *a, const struct shape *b);
/* Rows of B (kernel N) and reduction length (kernel K) of a GEMM. */
int shape_gemm_n(const struct shape *shape, enum gemm gemm);
int shape_gemm_k(const struct shape *shape, enum gemm gemm);
/* How many blocks of `block` cover `size`. */
int shape_blocks(long long size, int block);
void shape_add_json(struct json *object, const struct shape *shape);
bool shape_from_json(const struct json *object, struct shape *shape, struct error *err);

#endif
