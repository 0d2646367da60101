/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_DOMAIN_CONFIG_CONVERT_H
#define MOEBENCH_DOMAIN_CONFIG_CONVERT_H

#include "base/text.h"
#include "domain/config_file.h"
#include "domain/config_name.h"

/* From one engine's file of one GEMM to another's. */
struct config_conversion {
    const struct engine *from;
    const struct engine *to;
    const struct config_name *name; /* of the source */
    enum gemm gemm;                 /* of the result */
    bool copied;                    /* the result is for down, the source for up or for both */
};

/* The layer that a file's name tells, as engine_file_name of another engine wants it. */
void config_convert_shape(
    const struct config_name *name, const struct engine *from, struct shape *shape);
/*
 * Entry by entry what the source's engine really runs (vLLM's clamped BLOCK_SIZE_K), without the
 * keys that the target does not take. Every change is a line in `notes`, ended by a newline.
 */
void config_convert(const struct config_conversion *conversion, const struct config_file *source,
    struct config_file *result, struct text *notes);

#endif
