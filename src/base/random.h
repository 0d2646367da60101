/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_BASE_RANDOM_H
#define MOEBENCH_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* A small seeded generator (xoshiro256**): the same seed gives the same stream everywhere. */
struct random {
    uint64_t state[4];
};

void random_seed(struct random *random, uint64_t seed);
uint64_t random_next(struct random *random);
double random_unit(struct random *random);                    /* [0, 1) */
uint64_t random_below(struct random *random, uint64_t bound); /* [0, bound), unbiased */
/* Fisher-Yates over `count` elements of `size` bytes. */
void random_shuffle(struct random *random, void *items, size_t count, size_t size);

#endif
