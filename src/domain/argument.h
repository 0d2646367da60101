/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_DOMAIN_ARGUMENT_H
#define MOEBENCH_DOMAIN_ARGUMENT_H

#include "domain/engine.h"

/* The device buffers that a launch of fused_moe_kernel points at; shapes in domain/shape.h. */
enum buffer {
    BUFFER_A,            /* up: hidden [M, K]; down: activated [M*top_k, N] */
    BUFFER_B,            /* up: w13 [E, w1_rows, K]; down: w2 [E, K, N] */
    BUFFER_C,            /* [M*top_k, gemm_n] in the hidden dtype */
    BUFFER_A_SCALE,      /* fp32: [1], [rows, 1] or [rows, k/block_k] */
    BUFFER_B_SCALE,      /* fp32: [E], [E, rows, 1] or [E, rows/block_n, k/block_k] */
    BUFFER_TOPK_WEIGHTS, /* fp32 [M*top_k] */
    BUFFER_SORTED_IDS,   /* int32 [EM] */
    BUFFER_EXPERT_IDS,   /* int32 [ceil(EM / BLOCK_SIZE_M)] */
    BUFFER_POST_PADDED,  /* int32 [1]: num_tokens_post_padded */
    BUFFER_COUNT
};

enum argument_kind {
    ARGUMENT_POINTER, /* stays an argument; carries the 16-byte hint */
    ARGUMENT_INT,     /* stays an argument of type i32 or i64 */
    ARGUMENT_CONSTANT /* constexpr, None, or an int equal to 1: compiled in */
};

/* One parameter of the kernel for one (engine, shape, GEMM, tile, M). */
struct argument {
    const char *name; /* static */
    enum argument_kind kind;
    enum buffer buffer; /* of a pointer */
    char type[16];      /* Triton's signature word: "*fp8e4nv", "*bf16", "i32", ... */
    long long value;    /* of an int, or of an int or bool constant */
    enum { CONSTANT_NONE, CONSTANT_INT, CONSTANT_BOOL, CONSTANT_DTYPE } constant;
    const char *dtype; /* of a CONSTANT_DTYPE: "bf16", "fp16", "fp32"; static */
    bool hint16;       /* an int whose value never depends on M and is a multiple of 16 */
};

/* Whether launches of this engine and dtype are known at all; says which are not. */
bool argument_supported(const struct engine *engine, const struct shape *shape, struct error *err);
/*
 * Describes the parameter `name`, as the engine's own launch would pass it. One table by name for
 * all engine versions. False, naming engine, version and parameter, when the name is unknown: the
 * caller may then fall back on the parameter's own default if it has one. `m` only matters for EM
 * and num_valid_tokens, which are never constants and never carry a hint (one cubin serves all M).
 */
bool argument_describe(const struct engine *engine, const struct shape *shape, enum gemm gemm,
    const struct tile *tile, int m, const char *name, struct argument *argument, struct error *err);

#endif
