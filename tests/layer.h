/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TESTS_LAYER_H
#define MOEBENCH_TESTS_LAYER_H

#include "domain/shape.h"

/* The layer of GLM-4.7-FP8 at TP 4: initialises a struct shape. */
#define LAYER_GLM_TP4                                                                   \
    {                                                                                   \
        .experts = 160, .routed = 160, .top_k = 8, .hidden = 5120, .intermediate = 384, \
        .dtype = DTYPE_FP8_W8A8, .out = DTYPE_BF16, .per_channel = true, .gated = true, \
    }

/* The layer of Qwen3-30B-A3B-FP8 at TP 1. */
#define LAYER_QWEN3                                                                     \
    {                                                                                   \
        .experts = 128, .routed = 128, .top_k = 8, .hidden = 2048, .intermediate = 768, \
        .dtype = DTYPE_FP8_W8A8, .block_n = 128, .block_k = 128, .gated = true,         \
    }

/* A small one, of no model. */
#define LAYER_SMALL                                                                     \
    {                                                                                   \
        .experts = 8, .routed = 8, .top_k = 2, .hidden = 256, .intermediate = 128,      \
        .dtype = DTYPE_FP8_W8A8, .out = DTYPE_BF16, .per_channel = true, .gated = true, \
    }

#endif
