/* SPDX-License-Identifier: MIT */
#include "tuner/compiled.h"

#include "base/path.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BYTES (1 << 20)

static char *table_path(const struct question *q)
{
    char scales[32] = "";
    if (q->shape.per_channel)
        snprintf(scales, sizeof scales, "-channel");
    else if (q->shape.block_n > 0)
        snprintf(scales, sizeof scales, "-%dx%d", q->shape.block_n, q->shape.block_k);
    char *folder = path_data_folder();
    char *path = xasprintf(
        "%s/compiled/sm_%d-%s%s.csv", folder, q->device.arch, dtype_name(q->shape.dtype), scales);
    free(folder);
    return path;
}

static bool read_row(const char *line, struct compiled_row *row)
{
    char gemm[8];
    *row = (struct compiled_row){.tile.group_m = 1};
    struct tile *tile = &row->tile;
    return sscanf(line, "%7[^,],%d,%d,%d,%d,%d,%d,%d,%d", gemm, &tile->block_m, &tile->block_n,
               &tile->block_k, &tile->num_warps, &tile->num_stages, &row->shared_bytes,
               &row->registers, &row->spill_bytes) == 9 &&
           gemm_parse(gemm, &row->gemm);
}

bool compiled_load(const struct question *question, struct compiled *compiled)
{
    *compiled = (struct compiled){0};
    char *path = table_path(question), *rest, *line;
    size_t length;
    char *text =
        question->engine.kind == ENGINE_SGLANG ? path_read(path, MOST_BYTES, &length, NULL) : NULL;
    rest = text;
    line = strsep(&rest, "\n");
    snprintf(compiled->origin, sizeof compiled->origin, "%s", line ? line : "");
    while ((line = strsep(&rest, "\n")) != NULL) {
        struct compiled_row row;
        if (!read_row(line, &row))
            continue; /* the columns' names */
        compiled->rows = xrealloc(compiled->rows, compiled->count + 1, sizeof compiled->rows[0]);
        compiled->rows[compiled->count++] = row;
    }
    free(text);
    free(path);
    return compiled->count > 0;
}

void compiled_free(struct compiled *compiled)
{
    free(compiled->rows);
    *compiled = (struct compiled){0};
}

const struct compiled_row *compiled_find(
    const struct compiled *compiled, enum gemm gemm, const struct tile *tile)
{
    for (size_t i = 0; i < compiled->count; i++)
        if (compiled->rows[i].gemm == gemm && tile_same_kernel(&compiled->rows[i].tile, tile))
            return &compiled->rows[i];
    return NULL;
}
