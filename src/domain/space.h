/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_DOMAIN_SPACE_H
#define MOEBENCH_DOMAIN_SPACE_H

#include "domain/tile.h"

#define SPACE_AXIS_VALUES 16

/*
 * The set of tiles that a tune looks at: a grid (the axes' product) or a list from a file. The
 * default grid is upstream's CUDA one, 1,920 tiles (SGLang's tuning_fused_moe_triton.py). Tiles
 * stand in grid order, stages fastest within warps, G outermost, so that kernels (all but G) of one
 * G are neighbours.
 */
struct space {
    int values[TILE_NUMBERS][SPACE_AXIS_VALUES]; /* ascending; of a list: the values seen */
    int value_count[TILE_NUMBERS];
    struct tile *tiles; /* owned */
    size_t count;
};

void space_default(struct space *space);
void space_free(struct space *space);
/* Replaces one axis of a grid: "BM=16,32" (names BM BN BK G w s). Rebuilds the tiles. */
bool space_set_axis(struct space *space, const char *text, struct error *err);
/* A JSON list of entries (upstream's --search-space-file). */
bool space_from_json(const struct json *list, struct space *space, struct error *err);
bool space_from_file(const char *path, struct space *space, struct error *err);

#endif
