/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TUNER_AB_BLOCKS_H
#define MOEBENCH_TUNER_AB_BLOCKS_H

#include "domain/shape.h"

#include <stdbool.h>
#include <stddef.h>

/* Timings that stand next to each other are compared only where the clock stayed within this. */
#define AB_CLOCK_STEADY 0.02
/* Over a whole comparison a wider range is worth telling. */
#define AB_CLOCK_DRIFT 0.05

/* One timing with what watched over it. */
struct ab_sample {
    bool taken;
    bool suspect; /* its chunk's sentinel was off */
    double us;
    double clock_mhz; /* 0 unknown */
};

/* A block: four timings in the drawn order, of each GEMM that takes part. */
struct ab_block {
    bool is_b[4];
    struct ab_sample samples[GEMM_COUNT][4];
};

/* Whether A and B met under the same conditions in it: all taken, none suspect, a steady clock. */
bool ab_block_fair(const struct ab_block *block, const bool gemms[GEMM_COUNT]);
/* ln(B / A) of a fair block, the GEMMs' times added. */
double ab_block_difference(const struct ab_block *block, const bool gemms[GEMM_COUNT]);
/* Medians of a side's timings over fair blocks; NAN without one. */
double ab_blocks_median(
    const struct ab_block blocks[], size_t count, const bool gemms[GEMM_COUNT], bool of_b);
/* Largest over least clock of all timings, less one; 0 where no clock is known. */
double ab_blocks_drift(const struct ab_block blocks[], size_t count, const bool gemms[GEMM_COUNT]);

#endif
