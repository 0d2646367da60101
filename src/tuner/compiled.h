/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TUNER_COMPILED_H
#define MOEBENCH_TUNER_COMPILED_H

#include "tuner/question.h"

/*
 * What a compiler said of the kernels of one kind of layer, shipped in data/compiled for machines
 * without one: a CSV each, named by architecture, dtype and scales ("sm_121-fp8_w8a8-channel").
 * The first line says whose kernel and compiler it was. SGLang's kernels only.
 */
struct compiled_row {
    enum gemm gemm;
    struct tile tile; /* of any GROUP_SIZE_M */
    int shared_bytes, registers, spill_bytes;
};

struct compiled {
    char origin[96]; /* "SGLang 0.5.4.post2 and Triton 3.6.0" */
    struct compiled_row *rows;
    size_t count;
};

/* The table for the question's kernels; false: none is shipped. Free it in either case. */
bool compiled_load(const struct question *question, struct compiled *compiled);
void compiled_free(struct compiled *compiled);
/* NULL: not in the table. */
const struct compiled_row *compiled_find(
    const struct compiled *compiled, enum gemm gemm, const struct tile *tile);

#endif
