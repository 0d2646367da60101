/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_UI_PLOT_H
#define MOEBENCH_UI_PLOT_H

#include <stddef.h>

#define PLOT_WIDTH 60

/* Samples as one line: how many lie where between its two ends. */
struct plot {
    /* width characters, faster to the left: '.' few, ':' more than half of the fullest column's,
     * ' ' none, '|' the median's column; '<' and '>' at an end: some lie beyond it. */
    char line[PLOT_WIDTH + 1]; /* "" with fewer than two samples */
    float low, high;           /* its ends; at most three quartile distances from the quartiles */
};

/* width: 1..PLOT_WIDTH. */
void plot_samples(const float *samples, size_t count, int width, struct plot *plot);

#endif
