/* SPDX-License-Identifier: MIT */
#include "domain/space.h"

#include "base/text.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TILE_LIMIT = 1 << 14 };

/* Upstream's CUDA grid, 0 at the end. */
static const int default_values[TILE_NUMBERS][SPACE_AXIS_VALUES] = {
    [TILE_BLOCK_M] = {16, 32, 64, 128, 256},
    [TILE_BLOCK_N] = {32, 64, 128, 256},
    [TILE_BLOCK_K] = {64, 128, 256},
    [TILE_GROUP_M] = {1, 16, 32, 64},
    [TILE_WARPS] = {4, 8},
    [TILE_STAGES] = {2, 3, 4, 5},
};

/* Outermost first. */
static const enum tile_number grid_order[TILE_NUMBERS] = {
    TILE_GROUP_M,
    TILE_BLOCK_M,
    TILE_BLOCK_N,
    TILE_BLOCK_K,
    TILE_WARPS,
    TILE_STAGES,
};

static void rebuild(struct space *space)
{
    size_t count = 1;

    for (int i = 0; i < TILE_NUMBERS; i++)
        count *= (size_t)space->value_count[i];
    free(space->tiles);
    space->tiles = xcalloc(count, sizeof *space->tiles);
    space->count = count;
    for (size_t n = 0; n < count; n++) {
        size_t rest = n;

        for (int i = TILE_NUMBERS - 1; i >= 0; i--) {
            enum tile_number axis = grid_order[i];
            size_t values = (size_t)space->value_count[axis];

            *tile_number_at(&space->tiles[n], axis) = space->values[axis][rest % values];
            rest /= values;
        }
    }
}

void space_default(struct space *space)
{
    *space = (struct space){0};
    for (int i = 0; i < TILE_NUMBERS; i++) {
        memcpy(space->values[i], default_values[i], sizeof space->values[i]);
        while (
            space->value_count[i] < SPACE_AXIS_VALUES && default_values[i][space->value_count[i]])
            space->value_count[i]++;
    }
    rebuild(space);
}

void space_free(struct space *space)
{
    free(space->tiles);
    *space = (struct space){0};
}

/* Inserts in ascending order, once. False when the axis is full. */
static bool add_value(int values[SPACE_AXIS_VALUES], int *count, int value)
{
    int at = 0;

    while (at < *count && values[at] < value)
        at++;
    if (at < *count && values[at] == value)
        return true;
    if (*count == SPACE_AXIS_VALUES)
        return false;
    memmove(values + at + 1, values + at, (size_t)(*count - at) * sizeof *values);
    values[at] = value;
    (*count)++;
    return true;
}

static bool find_axis(const char *text, enum tile_number *axis, const char **rest)
{
    for (int i = 0; i < TILE_NUMBERS; i++) {
        const char *name = tile_number_brief((enum tile_number)i);
        size_t length = strlen(name);

        if (text_same_start(text, name, length) && text[length] == '=') {
            *axis = (enum tile_number)i;
            *rest = text + length + 1;
            return true;
        }
    }
    return false;
}

/* Whether a tile with this value on the axis, else harmless, can be launched. */
static bool value_legal(enum tile_number axis, int value, struct error *err)
{
    struct tile tile = {16, 16, 16, 1, 4, 3, false};

    *tile_number_at(&tile, axis) = value;
    return tile_legal(&tile, err);
}

bool space_set_axis(struct space *space, const char *text, struct error *err)
{
    int values[SPACE_AXIS_VALUES] = {0}, count = 0;
    enum tile_number axis;
    const char *at;

    if (!find_axis(text, &axis, &at))
        return error_set(err, ERROR_USAGE, "axis '%s': write BM=16,32 (axes BM BN BK G w s)", text);
    do {
        char part[16];
        size_t length = strcspn(at, ",");
        long value;

        snprintf(part, sizeof part, "%.*s", (int)(length < 15 ? length : 15), at);
        if (!text_to_int(part, 1, INT_MAX, &value))
            return error_set(
                err, ERROR_USAGE, "axis '%s': '%s' is not a positive number", text, part);
        if (!value_legal(axis, (int)value, err)) {
            if (err)
                err->kind = ERROR_USAGE;
            return error_prefix(err, "axis '%s'", text);
        }
        if (!add_value(values, &count, (int)value))
            return error_set(
                err, ERROR_USAGE, "axis '%s': more than %d values", text, SPACE_AXIS_VALUES);
        at += length;
    } while (*at++ == ',');
    memcpy(space->values[axis], values, sizeof values);
    space->value_count[axis] = count;
    rebuild(space);
    return true;
}

/* Adds to a list, leaving out what it already has; the axes keep the values seen. */
static bool add_tile(struct space *space, const struct tile *tile, struct error *err)
{
    for (size_t i = 0; i < space->count; i++)
        if (tile_equal(&space->tiles[i], tile))
            return true;
    for (int i = 0; i < TILE_NUMBERS; i++) {
        if (!add_value(space->values[i], &space->value_count[i],
                tile_number_of(tile, (enum tile_number)i)))
            return error_set(err, ERROR_FAILED, "more than %d values of %s", SPACE_AXIS_VALUES,
                tile_number_brief((enum tile_number)i));
    }
    space->tiles[space->count++] = *tile;
    return true;
}

static bool read_list(const struct json *list, struct space *space, struct error *err)
{
    size_t count = json_count(list), index = 0;

    if (!json_is_array(list) || !count || count > TILE_LIMIT)
        return error_set(err, ERROR_FAILED, "must be a JSON list of tiles, each with the six keys");
    space->tiles = xcalloc(count, sizeof *space->tiles);
    for (const struct json *item = json_first(list); item; item = json_next(item), index++) {
        struct tile tile;

        if (!tile_from_json(item, &tile, err) || !add_tile(space, &tile, err))
            return error_prefix(err, "tile %zu", index + 1);
    }
    return true;
}

bool space_from_json(const struct json *list, struct space *space, struct error *err)
{
    struct space read = {0};

    if (!read_list(list, &read, err)) {
        space_free(&read);
        return false;
    }
    *space = read;
    return true;
}

bool space_from_file(const char *path, struct space *space, struct error *err)
{
    struct json *list = json_parse_file(path, err);
    bool done;

    if (!list)
        return false;
    done = space_from_json(list, space, err) || error_prefix(err, "%s", path);
    json_free(list);
    return done;
}
