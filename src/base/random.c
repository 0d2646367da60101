/* SPDX-License-Identifier: MIT */
#include "base/random.h"

#include "base/hash.h"

#include <string.h>

static uint64_t rotate(uint64_t value, int bits)
{
    return value << bits | value >> (64 - bits);
}

/* The state is filled by splitmix64, as the authors of xoshiro advise. */
void random_seed(struct random *random, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        seed += UINT64_C(0x9e3779b97f4a7c15);
        random->state[i] = hash_mix(seed);
    }
}

/* xoshiro256** 1.0 by Blackman and Vigna, https://prng.di.unimi.it. */
uint64_t random_next(struct random *random)
{
    uint64_t *s = random->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 45);
    return result;
}

double random_unit(struct random *random)
{
    return (double)(random_next(random) >> 11) * 0x1p-53;
}

uint64_t random_below(struct random *random, uint64_t bound)
{
    uint64_t reject = -bound % bound; /* 2^64 mod bound: the values that would bias */
    uint64_t value;
    do
        value = random_next(random);
    while (value < reject);
    return value % bound;
}

static void swap_bytes(unsigned char *a, unsigned char *b, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}

void random_shuffle(struct random *random, void *items, size_t count, size_t size)
{
    unsigned char *bytes = items;
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)random_below(random, i);
        if (j != i - 1)
            swap_bytes(bytes + (i - 1) * size, bytes + j * size, size);
    }
}
