/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_DOMAIN_TILE_H
#define MOEBENCH_DOMAIN_TILE_H

#include "base/error.h"
#include "base/json.h"

#include <stdbool.h>
#include <stddef.h>

/* One launch config of fused_moe_kernel, in the engines' own terms. */
struct tile {
    int block_m; /* BLOCK_SIZE_M: rows of the sorted token list a block computes */
    int block_n; /* BLOCK_SIZE_N: columns of the output */
    int block_k; /* BLOCK_SIZE_K: step along the reduction */
    int group_m; /* GROUP_SIZE_M: m-tiles walked together, for L2 reuse */
    int num_warps;
    int num_stages; /* depth of the software pipeline */
    bool use_tma;   /* USE_TMA, where an engine takes it */
};

/* The numbers of a tile, in the order above. */
enum tile_number {
    TILE_BLOCK_M,
    TILE_BLOCK_N,
    TILE_BLOCK_K,
    TILE_GROUP_M,
    TILE_WARPS,
    TILE_STAGES,
    TILE_NUMBERS
};

const char *tile_number_key(enum tile_number number);   /* "BLOCK_SIZE_M", as engines write it */
const char *tile_number_brief(enum tile_number number); /* "BM", "BN", "BK", "G", "w", "s" */
int *tile_number_at(struct tile *tile, enum tile_number number); /* to be changed */
int tile_number_of(const struct tile *tile, enum tile_number number);

/* Enough for any tile's short form. */
#define TILE_TEXT_SIZE 80

/* The six numbers in the order above, then use_tma: a total order for sorting and for equality. */
int tile_compare(const struct tile *a, const struct tile *b);
bool tile_equal(const struct tile *a, const struct tile *b);
/* Whether they differ in GROUP_SIZE_M at most, which only orders the blocks. */
bool tile_same_kernel(const struct tile *a, const struct tile *b);
/* "BM64,BN128,BK128,G8,w4,s3" (and ",tma") into a caller's buffer; returns it. */
const char *tile_format(const struct tile *tile, char *buffer, size_t size);
/* Reads the short form, any order and letter case, every number once; num_warps and num_stages
 * default to Triton's 4 and 3, GROUP_SIZE_M to 1. Refuses values that Triton cannot launch. */
bool tile_parse(const char *text, struct tile *tile, struct error *err);
/* Whether Triton can launch it: powers of two (BM, BN, BK >= 16; warps 1..32), G >= 1, s >= 1. */
bool tile_legal(const struct tile *tile, struct error *err);
/* The entry as the engines' files write it: six keys, USE_TMA only when true. */
void tile_add_json(struct json *object, const struct tile *tile);
bool tile_from_json(const struct json *object, struct tile *tile, struct error *err);

#endif
