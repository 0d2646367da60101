/* SPDX-License-Identifier: MIT */
#include "ui/board.h"

#include "base/text.h"

#include <stdlib.h>

static int value_index(const struct space *space, enum space_axis axis, int value)
{
    for (int i = 0; i < space->value_count[axis]; i++)
        if (space->values[axis][i] == value)
            return i;
    return 0;
}

/* The axes outermost first, as rows, columns and depth; ended by AXIS_COUNT. */
static const enum space_axis folded[3][4] = {
    {AXIS_BM, AXIS_WARPS, AXIS_COUNT},
    {AXIS_BN, AXIS_BK, AXIS_STAGES, AXIS_COUNT},
    {AXIS_GROUP, AXIS_COUNT},
};
static const enum space_axis unfolded_axes[3][4] = {
    {AXIS_BM, AXIS_GROUP, AXIS_WARPS, AXIS_COUNT},
    {AXIS_BN, AXIS_BK, AXIS_STAGES, AXIS_COUNT},
    {AXIS_COUNT},
};

static int extent(const struct space *space, const enum space_axis *axes, enum space_axis fixed)
{
    int product = 1;
    for (; *axes != AXIS_COUNT; axes++)
        product *= *axes == fixed ? 1 : space->value_count[*axes];
    return product;
}

static int position(const struct space *space, const struct tile *tile, const enum space_axis *axes,
    enum space_axis fixed)
{
    int at = 0;
    for (; *axes != AXIS_COUNT; axes++)
        if (*axes != fixed)
            at = at * space->value_count[*axes] +
                 value_index(space, *axes, space_axis_of(tile, *axes));
    return at;
}

void grid_build(
    struct grid *grid, const struct space *space, bool unfolded, enum space_axis axis, int value)
{
    const enum space_axis(*axes)[4] = unfolded ? unfolded_axes : folded;
    grid->rows = extent(space, axes[0], axis);
    grid->columns = extent(space, axes[1], axis);
    grid->depth = extent(space, axes[2], axis);
    size_t count = (size_t)grid->rows * (size_t)grid->columns * (size_t)grid->depth;
    grid->tiles = xrealloc(grid->tiles, count, sizeof grid->tiles[0]);
    for (size_t i = 0; i < count; i++)
        grid->tiles[i] = -1;
    for (size_t i = 0; i < space->count; i++) {
        const struct tile *tile = &space->tiles[i];
        if (axis != AXIS_COUNT && space_axis_of(tile, axis) != value)
            continue;
        int at = position(space, tile, axes[0], axis) * grid->columns +
                 position(space, tile, axes[1], axis);
        grid->tiles[at * grid->depth + position(space, tile, axes[2], axis)] = (int)i;
    }
}

void grid_free(struct grid *grid)
{
    free(grid->tiles);
    *grid = (struct grid){0};
}

bool grid_find(const struct grid *grid, int tile, int *row, int *column)
{
    for (int i = 0; i < grid->rows * grid->columns * grid->depth; i++)
        if (grid->tiles[i] == tile) {
            *row = i / grid->depth / grid->columns;
            *column = i / grid->depth % grid->columns;
            return true;
        }
    return false;
}
