/* SPDX-License-Identifier: MIT */
#include "tuner/ab_blocks.h"

#include "base/text.h"
#include "domain/ab.h"

#include <math.h>
#include <stdlib.h>

struct range {
    double low, high;
};

static void widen(struct range *range, double clock)
{
    if (clock <= 0)
        return;
    range->low = range->high > 0 ? fmin(range->low, clock) : clock;
    range->high = fmax(range->high, clock);
}

static double spread(const struct range *range)
{
    return range->high > 0 ? range->high / range->low - 1 : 0;
}

bool ab_block_fair(const struct ab_block *block, const bool gemms[GEMM_COUNT])
{
    for (int g = 0; g < GEMM_COUNT; g++) {
        struct range clocks = {0, 0};
        for (int i = 0; gemms[g] && i < 4; i++) {
            const struct ab_sample *sample = &block->samples[g][i];
            if (!sample->taken || sample->suspect)
                return false;
            widen(&clocks, sample->clock_mhz);
        }
        if (spread(&clocks) > AB_CLOCK_STEADY)
            return false;
    }
    return true;
}

static double time_at(const struct ab_block *block, const bool gemms[GEMM_COUNT], int i)
{
    double us = 0;

    for (int g = 0; g < GEMM_COUNT; g++)
        us += gemms[g] ? block->samples[g][i].us : 0;
    return us;
}

double ab_block_difference(const struct ab_block *block, const bool gemms[GEMM_COUNT])
{
    double times[4];

    for (int i = 0; i < 4; i++)
        times[i] = time_at(block, gemms, i);
    return ab_difference(block->is_b, times);
}

double ab_blocks_median(
    const struct ab_block blocks[], size_t count, const bool gemms[GEMM_COUNT], bool of_b)
{
    double *times = xcalloc(4 * count + 1, sizeof *times), median;
    size_t found = 0;

    for (size_t k = 0; k < count; k++)
        for (int i = 0; i < 4 && ab_block_fair(&blocks[k], gemms); i++)
            if (blocks[k].is_b[i] == of_b)
                times[found++] = time_at(&blocks[k], gemms, i);
    median = stats_median(times, found);
    free(times);
    return median;
}

double ab_blocks_drift(const struct ab_block blocks[], size_t count, const bool gemms[GEMM_COUNT])
{
    struct range clocks = {0, 0};

    for (size_t k = 0; k < count; k++)
        for (int g = 0; g < GEMM_COUNT; g++)
            for (int i = 0; gemms[g] && i < 4; i++)
                widen(&clocks, blocks[k].samples[g][i].clock_mhz);
    return spread(&clocks);
}
