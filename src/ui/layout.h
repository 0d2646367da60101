/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_UI_LAYOUT_H
#define MOEBENCH_UI_LAYOUT_H

#include "ui/canvas.h"

#define LAYOUT_LEAST_WIDTH 40
#define LAYOUT_LEAST_HEIGHT 10

enum layout_mode {
    LAYOUT_LINE, /* under the least size: the title's row alone, for one line of state */
    LAYOUT_LIST, /* under 60x18: no maps */
    LAYOUT_MAPS
};

/* Where everything stands; an absent part has no size. No part leaves the window or overlaps. */
struct layout {
    enum layout_mode mode;
    bool wide; /* the list has room for up and down apart */
    struct rect title, list, latency, memory, other, log, detail, story, progress, keys;
};

#define LAYOUT_LABELS 6   /* columns left of a map's cells */
#define LAYOUT_DETAIL 84  /* columns from which the detail tells all it can */
#define LAYOUT_HEADINGS 2 /* rows above the latency map's cells; one above the memory map's */

/* What there is to show. */
struct layout_need {
    int map_rows; /* of the latency map and of the other one */
    int columns;  /* of the maps, whatever axis is fixed */
    int memory_rows;
    int list_rows; /* batch sizes */
};

/* For a window of that size. */
void layout_compute(int width, int height, const struct layout_need *need, struct layout *layout);

#endif
