/* SPDX-License-Identifier: MIT */
#include "ui/layout.h"

#define LIST_NARROW 26
#define LIST_WIDE 52
#define WIDE_FROM 112
#define DETAIL_FROM_WIDTH 160
#define DETAIL_FROM_HEIGHT 45
#define STORY_ROWS 2
#define LOG_LEAST 6 /* rows, with the blank one above it */

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* The maps one above the other; returns the rows that are left under them. */
static int place_maps(struct layout *layout, const struct layout_need *need)
{
    struct rect *latency = &layout->latency;
    int body = latency->height, x = latency->x, width = latency->width;
    int memory = 1 + need->memory_rows, other = 1 + need->map_rows;
    latency->height = least(body, LAYOUT_HEADINGS + need->map_rows);
    int y = latency->y + latency->height, rest = body - latency->height;
    if (rest >= memory) {
        layout->memory = (struct rect){x, y, width, memory};
        y += memory;
        rest -= memory;
    }
    if (layout->memory.height > 0 && rest >= other) {
        layout->other = (struct rect){x, y, width, other};
        rest -= other;
    }
    return rest;
}

/* Under a wide list, else under everything, where at least a few lines of it have room. */
static void place_log(struct layout *layout, const struct layout_need *need, int under_maps)
{
    struct rect *list = &layout->list;
    int under_list = list->height - 1 - need->list_rows;
    int rows = layout->wide ? under_list : least(under_list, under_maps);
    int width = layout->wide ? list->width - 2 : list->width + layout->latency.width;
    if (rows < LOG_LEAST)
        return;
    list->height -= rows;
    layout->log = (struct rect){0, list->y + list->height + 1, width, rows - 1};
}

/* Of a map beside the detail: cells of two columns where the detail keeps all of its own. */
static int map_width(int room, int columns)
{
    int single = LAYOUT_LABELS + columns + 2, both = single + columns;
    return room - both >= LAYOUT_DETAIL ? both : least(single, room - 40);
}

void layout_compute(int width, int height, const struct layout_need *need, struct layout *layout)
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
        layout->list = (struct rect){0, 1, width, height - 4};
        layout->story = (struct rect){0, height - 3, width, 1};
        return;
    }
    layout->mode = LAYOUT_MAPS;
    layout->wide = width >= WIDE_FROM;
    int list = layout->wide ? LIST_WIDE : LIST_NARROW;
    int body = height - 3 - STORY_ROWS;
    bool large = width >= DETAIL_FROM_WIDTH && height >= DETAIL_FROM_HEIGHT;
    int map = large ? map_width(width - list, need->columns) : width - list;
    layout->list = (struct rect){0, 1, list, body};
    layout->latency = (struct rect){list, 1, map, body};
    layout->story = (struct rect){0, 1 + body, width, STORY_ROWS};
    if (large)
        layout->detail = (struct rect){list + map, 1, width - list - map, body};
    place_log(layout, need, place_maps(layout, need));
}
