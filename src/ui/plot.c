/* SPDX-License-Identifier: MIT */
#include "ui/plot.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static int column_of(const struct plot *plot, int width, float sample)
{
    if (plot->high <= plot->low)
        return sample < plot->low ? 0 : sample > plot->high ? width - 1 : width / 2;
    float at = (float)width * (sample - plot->low) / (plot->high - plot->low);
    return at < 0 ? 0 : at >= (float)width ? width - 1 : (int)at;
}

static void fill(const float *sorted, size_t count, int width, struct plot *plot)
{
    size_t heights[PLOT_WIDTH] = {0}, most = 0;
    for (size_t i = 0; i < count; i++) {
        size_t height = ++heights[column_of(plot, width, sorted[i])];
        most = height > most ? height : most;
    }
    for (int i = 0; i < width; i++)
        plot->line[i] = heights[i] == 0 ? ' ' : 2 * heights[i] > most ? ':' : '.';
    if (sorted[0] < plot->low)
        plot->line[0] = '<';
    if (sorted[count - 1] > plot->high)
        plot->line[width - 1] = '>';
    plot->line[column_of(plot, width, sorted[count / 2])] = '|';
}

void plot_samples(const float *samples, size_t count, int width, struct plot *plot)
{
    *plot = (struct plot){.low = NAN, .high = NAN};
    if (count < 2)
        return;
    float *sorted = xcalloc(count, sizeof sorted[0]);
    memcpy(sorted, samples, count * sizeof sorted[0]);
    qsort(sorted, count, sizeof sorted[0], compare);
    float first = sorted[count / 4], third = sorted[count - 1 - count / 4];
    plot->low = fmaxf(sorted[0], first - 3 * (third - first));
    plot->high = fminf(sorted[count - 1], third + 3 * (third - first));
    fill(sorted, count, width, plot);
    free(sorted);
}
