/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_DOMAIN_CONFIG_NAME_H
#define MOEBENCH_DOMAIN_CONFIG_NAME_H

#include "domain/engine.h"

#include <stdbool.h>

/* Which engine can have asked for a name; many names serve both. */
enum config_style {
    STYLE_EITHER,
    STYLE_SGLANG, /* "[128, 128]" with a blank, per_channel_quant, _down, int8_w8a8 */
    STYLE_VLLM    /* "[128,128]" without it, fp8_w8a16 */
};

/* The parts of a config file's name, as written. */
struct config_name {
    char text[ENGINE_NAME_SIZE]; /* the file name itself */
    enum config_style style;
    int experts;
    int intermediate;
    char device[128];     /* with its underscores; may be empty (seen on ROCm) */
    char dtype_text[32];  /* "" when the name has none: bf16 or fp16 */
    enum dtype dtype;     /* bf16 when the name has none */
    bool dtype_known;     /* dtype_text is one that an engine writes and the kernel runs */
    char backend[32];     /* ",backend=..": a file of another kernel; "" for Triton's */
    int block_n, block_k; /* 0: none */
    bool per_channel;
    bool down;
};

/* Whether a file name looks like a config's at all ("E=..json"), well formed or not. */
bool config_name_is_one(const char *name);
/* X_down.json beside X.json, where SGLang looks for it; free(). */
char *config_name_down_of(const char *path);
/* Fails with the part that is wrong and what was expected there. `text` has no folder. */
bool config_name_parse(const char *text, struct config_name *name, struct error *err);
/* The shape as far as a name tells it: hidden and top_k stay 0. gated. */
void config_name_shape(const struct config_name *name, struct shape *shape);

#endif
