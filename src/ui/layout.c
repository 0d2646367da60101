/* SPDX-License-Identifier: MIT */
#include "ui/layout.h"

#define LIST_NARROW 26
#define LIST_WIDE 52
#define WIDE_FROM 112
#define DETAIL_FROM_WIDTH 160
#define DETAIL_FROM_HEIGHT 45
#define STORY_ROWS 2

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* The maps one above the other, the log under them where the window is large. */
static void place_maps(struct layout *layout, int latency_rows, int memory_rows, bool large)
{
    struct rect *latency = &layout->latency;
    int body = latency->height;
    int wanted = LAYOUT_HEADINGS + latency_rows;
    int memory = 1 + memory_rows;
    latency->height = least(body, wanted);
    int rest = body - latency->height;
    if (rest >= memory) {
        layout->memory =
            (struct rect){latency->x, latency->y + latency->height, latency->width, memory};
        rest -= memory;
    }
    if (large && rest >= 5)
        layout->log =
            (struct rect){latency->x, latency->y + body - (rest - 1), latency->width - 2, rest - 1};
}

void layout_compute(
    int width, int height, int latency_rows, int memory_rows, int columns, struct layout *layout)
{
    *layout = (struct layout){.mode = LAYOUT_LINE};
    if (width < 1 || height < 1)
        return;
    layout->title = (struct rect){0, 0, width, 1};
    if (width < LAYOUT_LEAST_WIDTH || height < LAYOUT_LEAST_HEIGHT)
        return;
    layout->keys = (struct rect){0, height - 1, width, 1};
    layout->progress = (struct rect){0, height - 2, width, 1};
    if (width < 60 || height < 18) {
        layout->mode = LAYOUT_LIST;
        layout->list = (struct rect){0, 1, width, height - 3};
        return;
    }
    layout->mode = LAYOUT_MAPS;
    layout->wide = width >= WIDE_FROM;
    int list = layout->wide ? LIST_WIDE : LIST_NARROW;
    int body = height - 3 - STORY_ROWS;
    bool large = width >= DETAIL_FROM_WIDTH && height >= DETAIL_FROM_HEIGHT;
    int map = large ? least(LAYOUT_LABELS + columns + 2, width - list - 40) : width - list;
    layout->list = (struct rect){0, 1, list, body};
    layout->latency = (struct rect){list, 1, map, body};
    layout->story = (struct rect){0, 1 + body, width, STORY_ROWS};
    if (large)
        layout->detail = (struct rect){list + map, 1, width - list - map, body};
    place_maps(layout, latency_rows, memory_rows, large);
}
