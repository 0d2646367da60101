/* SPDX-License-Identifier: MIT */
#include "ui/board.h"

#include "base/text.h"

#include <stdlib.h>

static int value_index(const struct space *space, enum tile_number axis, int value)
{
    for (int i = 0; i < space->value_count[axis]; i++)
        if (space->values[axis][i] == value)
            return i;
    return 0;
}

/* The axes outermost first, as rows, columns and depth; ended by TILE_NUMBERS. */
static const enum tile_number folded[3][4] = {
    {TILE_BLOCK_M, TILE_WARPS, TILE_NUMBERS},
    {TILE_BLOCK_N, TILE_BLOCK_K, TILE_STAGES, TILE_NUMBERS},
    {TILE_GROUP_M, TILE_NUMBERS},
};
static const enum tile_number unfolded_axes[3][4] = {
    {TILE_BLOCK_M, TILE_GROUP_M, TILE_WARPS, TILE_NUMBERS},
    {TILE_BLOCK_N, TILE_BLOCK_K, TILE_STAGES, TILE_NUMBERS},
    {TILE_NUMBERS},
};

static int extent(const struct space *space, const enum tile_number *axes, enum tile_number fixed)
{
    int product = 1;
    for (; *axes != TILE_NUMBERS; axes++)
        product *= *axes == fixed ? 1 : space->value_count[*axes];
    return product;
}

static int position(const struct space *space, const struct tile *tile,
    const enum tile_number *axes, enum tile_number fixed)
{
    int at = 0;
    for (; *axes != TILE_NUMBERS; axes++)
        if (*axes != fixed)
            at = at * space->value_count[*axes] +
                 value_index(space, *axes, tile_number_of(tile, *axes));
    return at;
}

void grid_build(
    struct grid *grid, const struct space *space, bool unfolded, enum tile_number axis, int value)
{
    const enum tile_number(*axes)[4] = unfolded ? unfolded_axes : folded;
    grid->rows = extent(space, axes[0], axis);
    grid->columns = extent(space, axes[1], axis);
    grid->depth = extent(space, axes[2], axis);
    size_t count = (size_t)grid->rows * (size_t)grid->columns * (size_t)grid->depth;
    grid->tiles = xrealloc(grid->tiles, count, sizeof grid->tiles[0]);
    for (size_t i = 0; i < count; i++)
        grid->tiles[i] = -1;
    for (size_t i = 0; i < space->count; i++) {
        const struct tile *tile = &space->tiles[i];
        if (axis != TILE_NUMBERS && tile_number_of(tile, axis) != value)
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
