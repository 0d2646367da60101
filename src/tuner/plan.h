/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TUNER_PLAN_H
#define MOEBENCH_TUNER_PLAN_H

#include "tuner/question.h"

/*
 * What a tune has to look at, before anything is compiled or timed: pure, and the same for the
 * same question. Tiles are named by their index: first those of the space in its order, then the
 * extras (the engine's defaults and an incumbent's entries that the space lacks).
 */
struct plan_tile {
    struct tile tile;
    int smem;      /* predicted bytes of a block, as the engine would run it */
    bool exact;    /* the prediction's rule was seen exact */
    bool fits;     /* by the prediction */
    bool admitted; /* the engine would run it and compute right numbers */
    int same;      /* index of the earlier tile that the engine runs in its place, else its own */
    int lead;      /* index of the same kernel with the least GROUP_SIZE_M, maybe its own */
    bool extra;    /* not of the space */
};

struct plan {
    const struct question *question; /* borrowed */
    struct plan_tile *tiles;         /* owned */
    size_t count;                    /* with extras */
    size_t space_count;
    int *scan[GEMM_COUNT]; /* owned: the tiles to race first, most promising first */
    size_t scan_count[GEMM_COUNT];
    int defaults[TUNE_BATCH_SIZES];              /* the engine's default, by index of M */
    int incumbent[GEMM_COUNT][TUNE_BATCH_SIZES]; /* -1: none */
};

/* incumbent: by GEMM and index of M, as in tuner_options; NULL where there is none. */
void plan_make(struct plan *plan, const struct question *question,
    const struct tile *const incumbent[GEMM_COUNT]);
void plan_free(struct plan *plan);
/* Index of the tile, -1 when the plan lacks it. */
int plan_find(const struct plan *plan, const struct tile *tile);
/* Whether it can be timed: admitted, fits, and no other runs in its place. */
bool plan_runs(const struct plan *plan, int tile);
/* Tiles of the space that can be timed; times GEMMs and batch sizes: the fitting points. */
size_t plan_fitting(const struct plan *plan);
/* Index of M in the question, -1 when it is not asked for. */
int plan_m_index(const struct plan *plan, int m);
/* The tile one step up or down an axis of the space (direction +-1), -1 where there is none. */
int plan_neighbour(const struct plan *plan, int tile, enum tile_number axis, int direction);

#define PLAN_BANDWIDTH 230e9 /* bytes a second, of a card of which none is known */

/*
 * Microseconds by a plain model: the longer of traffic at the sustained
 * bandwidth and padded arithmetic at the tensor rate, times the rounding up to whole waves of
 * blocks. It orders tiles and sizes jobs; it never decides.
 */
double plan_model(const struct question *question, enum gemm gemm, int m, const struct tile *tile);

#endif
