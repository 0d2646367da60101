/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TUNER_FREQUENT_H
#define MOEBENCH_TUNER_FREQUENT_H

#define FREQUENT_COUNT 96

/* A kernel that people's tunes chose before. */
struct frequent {
    short block_m, block_n, block_k, num_warps, num_stages, count;
};

/* Most frequent first; by the width of the weights. */
extern const struct frequent frequent_8bit[FREQUENT_COUNT];
extern const struct frequent frequent_16bit[FREQUENT_COUNT];

#endif
