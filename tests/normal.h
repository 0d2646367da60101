/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TESTS_NORMAL_H
#define MOEBENCH_TESTS_NORMAL_H

#include "base/random.h"

#include <math.h>

/* Mean 0, deviation 1; Marsaglia's polar method. */
static inline double random_normal(struct random *random)
{
    double x, y, square;
    do {
        x = 2 * random_unit(random) - 1;
        y = 2 * random_unit(random) - 1;
        square = x * x + y * y;
    } while (square >= 1 || square == 0);
    return x * sqrt(-2 * log(square) / square);
}

#endif
