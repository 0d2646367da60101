/* SPDX-License-Identifier: MIT */
#include "domain/tile.h"

#include "base/text.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Triton's own values where an entry gives none. */
enum { TRITON_WARPS = 4, TRITON_STAGES = 3 };

struct field {
    const char *brief; /* in the short form */
    const char *key;   /* in the engines' files */
    size_t offset;
    int fallback; /* 0: must be given */
};

static const struct field fields[TILE_NUMBERS] = {
    [TILE_BLOCK_M] = {"BM", "BLOCK_SIZE_M", offsetof(struct tile, block_m), 0},
    [TILE_BLOCK_N] = {"BN", "BLOCK_SIZE_N", offsetof(struct tile, block_n), 0},
    [TILE_BLOCK_K] = {"BK", "BLOCK_SIZE_K", offsetof(struct tile, block_k), 0},
    [TILE_GROUP_M] = {"G", "GROUP_SIZE_M", offsetof(struct tile, group_m), 1},
    [TILE_WARPS] = {"w", "num_warps", offsetof(struct tile, num_warps), TRITON_WARPS},
    [TILE_STAGES] = {"s", "num_stages", offsetof(struct tile, num_stages), TRITON_STAGES},
};

const char *tile_number_key(enum tile_number number)
{
    return fields[number].key;
}

const char *tile_number_brief(enum tile_number number)
{
    return fields[number].brief;
}

int *tile_number_at(struct tile *tile, enum tile_number number)
{
    return (int *)((char *)tile + fields[number].offset);
}

int tile_number_of(const struct tile *tile, enum tile_number number)
{
    return *(const int *)((const char *)tile + fields[number].offset);
}

int tile_compare(const struct tile *a, const struct tile *b)
{
    for (enum tile_number i = 0; i < TILE_NUMBERS; i++) {
        int left = tile_number_of(a, i), right = tile_number_of(b, i);

        if (left != right)
            return left < right ? -1 : 1;
    }
    return (int)a->use_tma - (int)b->use_tma;
}

bool tile_equal(const struct tile *a, const struct tile *b)
{
    return tile_compare(a, b) == 0;
}

bool tile_same_kernel(const struct tile *a, const struct tile *b)
{
    struct tile regrouped = *a;

    regrouped.group_m = b->group_m;
    return tile_equal(&regrouped, b);
}

const char *tile_format(const struct tile *tile, char *buffer, size_t size)
{
    snprintf(buffer, size, "BM%d,BN%d,BK%d,G%d,w%d,s%d%s", tile->block_m, tile->block_n,
        tile->block_k, tile->group_m, tile->num_warps, tile->num_stages,
        tile->use_tma ? ",tma" : "");
    return buffer;
}

/* The field that `part` ("bm64") names, its number in *value. TILE_NUMBERS when there is none. */
static enum tile_number field_parse(const char *part, long *value)
{
    for (enum tile_number i = 0; i < TILE_NUMBERS; i++) {
        size_t length = strlen(fields[i].brief);

        if (text_same_start(part, fields[i].brief, length) &&
            isdigit((unsigned char)part[length]) && text_to_int(part + length, 0, INT_MAX, value))
            return i;
    }
    return TILE_NUMBERS;
}

static bool parse_part(const char *part, struct tile *tile, bool seen[], struct error *err)
{
    long value;
    enum tile_number i = field_parse(part, &value);

    if (i < TILE_NUMBERS && !seen[i]) {
        seen[i] = true;
        *tile_number_at(tile, i) = (int)value;
        return true;
    }
    if (i < TILE_NUMBERS)
        return error_set(err, ERROR_USAGE, "'%s': %s is given twice", part, fields[i].brief);
    if (text_same(part, "tma") && !tile->use_tma)
        return tile->use_tma = true;
    return error_set(
        err, ERROR_USAGE, "'%s' is no part of a tile; write it as BM64,BN128,BK128,G8,w4,s3", part);
}

/* Fills what was not given with the fallbacks; BM, BN and BK have none. */
static bool fill_fallbacks(struct tile *tile, const bool seen[], struct error *err)
{
    for (enum tile_number i = 0; i < TILE_NUMBERS; i++) {
        if (seen[i])
            continue;
        if (!fields[i].fallback)
            return error_set(
                err, ERROR_USAGE, "%s (%s) is missing", fields[i].key, fields[i].brief);
        *tile_number_at(tile, i) = fields[i].fallback;
    }
    return true;
}

bool tile_parse(const char *text, struct tile *tile, struct error *err)
{
    struct tile parsed = {0};
    bool seen[TILE_NUMBERS] = {false};
    const char *at = text;

    do {
        char part[32];
        size_t length = strcspn(at, ",");

        if (length >= sizeof part)
            return error_set(err, ERROR_USAGE, "'%s' is no tile", text);
        snprintf(part, sizeof part, "%.*s", (int)length, at);
        if (!parse_part(part, &parsed, seen, err))
            return false;
        at += length;
    } while (*at++ == ',');
    if (!fill_fallbacks(&parsed, seen, err) || !tile_legal(&parsed, err)) {
        if (err)
            err->kind = ERROR_USAGE;
        return error_prefix(err, "%s", text);
    }
    *tile = parsed;
    return true;
}

static bool power_of_two(int n)
{
    return n > 0 && (n & (n - 1)) == 0;
}

bool tile_legal(const struct tile *tile, struct error *err)
{
    for (enum tile_number i = TILE_BLOCK_M; i <= TILE_BLOCK_K; i++) {
        int value = tile_number_of(tile, i);

        if (!power_of_two(value) || value < 16)
            return error_set(err, ERROR_FAILED, "%s is %d; Triton takes powers of two from 16 on",
                fields[i].key, value);
    }
    if (tile->group_m < 1)
        return error_set(err, ERROR_FAILED, "GROUP_SIZE_M is %d, must be 1 or more", tile->group_m);
    if (!power_of_two(tile->num_warps) || tile->num_warps > 32)
        return error_set(
            err, ERROR_FAILED, "num_warps is %d, must be 1, 2, 4, 8, 16 or 32", tile->num_warps);
    if (tile->num_stages < 1)
        return error_set(
            err, ERROR_FAILED, "num_stages is %d, must be 1 or more", tile->num_stages);
    return true;
}

void tile_add_json(struct json *object, const struct tile *tile)
{
    for (enum tile_number i = 0; i < TILE_NUMBERS; i++)
        json_add_int(object, fields[i].key, tile_number_of(tile, i));
    if (tile->use_tma)
        json_add_bool(object, "USE_TMA", true);
}

bool tile_from_json(const struct json *object, struct tile *tile, struct error *err)
{
    struct tile parsed = {0};
    bool seen[TILE_NUMBERS] = {false};

    if (!json_is_object(object))
        return error_set(err, ERROR_FAILED, "a tile must be a JSON object");
    for (enum tile_number i = 0; i < TILE_NUMBERS; i++) {
        const struct json *item = json_get(object, fields[i].key);
        long long value;

        if (!item)
            continue;
        if (!json_int(item, &value) || value < 0 || value > INT_MAX)
            return error_set(err, ERROR_FAILED, "%s must be a whole number", fields[i].key);
        *tile_number_at(&parsed, i) = (int)value;
        seen[i] = true;
    }
    parsed.use_tma = json_true(json_get(object, "USE_TMA"));
    if (!fill_fallbacks(&parsed, seen, err) || !tile_legal(&parsed, err))
        return false;
    *tile = parsed;
    return true;
}
