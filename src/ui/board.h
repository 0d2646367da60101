/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_UI_BOARD_H
#define MOEBENCH_UI_BOARD_H

#include "tuner/tuner.h"
#include "ui/theme.h"

/*
 * What a snapshot means on a screen; pure. The grid of a map: rows BM x warps (memory: BM), columns
 * BN x BK x stages, GROUP_SIZE_M folded into the best of its values or, unfolded, a row each.
 */
struct grid {
    int rows, columns, depth; /* depth: tiles that share a cell, the folded groups */
    int *tiles;               /* owned, [rows * columns * depth], -1: no such tile */
};

/* axis: TILE_NUMBERS shows all; else only tiles that have `value` on it. */
void grid_build(
    struct grid *grid, const struct space *space, bool unfolded, enum tile_number axis, int value);
void grid_free(struct grid *grid);
/* Where a tile stands; false when it is not shown. */
bool grid_find(const struct grid *grid, int tile, int *row, int *column);

/* Sums over a snapshot, so that drawing need not walk it. */
struct digest {
    double best_us[GEMM_COUNT][TUNE_BATCH_SIZES]; /* NAN: nothing measured */
    int best[GEMM_COUNT][TUNE_BATCH_SIZES];       /* tile, -1: none */
};

void digest_build(struct digest *digest, const struct snapshot *snapshot);

const struct cell *board_cell(
    const struct snapshot *snapshot, enum gemm gemm, int m_index, int tile);
/* Index of an equal tile in the space, -1: none. */
int board_tile_index(const struct space *space, const struct tile *tile);
bool board_fits(const struct snapshot *snapshot, enum gemm gemm, int tile);
/* The tile of a grid's cell to show: the fastest, else the first that exists; -1: none. */
int board_pick(
    const struct snapshot *snapshot, const struct grid *grid, enum gemm gemm, int m_index, int at);

/* 0 best, 1 within 1 %, then 3, 10, 25, 50 %, 2x, 4x, 8 more. */
int board_step(double us, double best_us);
const char *board_step_name(int step);

enum metric { METRIC_LATENCY, METRIC_REGISTERS, METRIC_COUNT };

struct mark {
    char character;
    enum role role;
};

/* d the engine's default, i the incumbent's, o the choice: the letter of such a tile. */
void board_entry_mark(const struct choice *choice, const struct tile *tile, struct mark *mark);
/* How a tile is drawn: its step's digit, or x does not fit, ! failed, w wrong, . not measured,
 * an entry's letter, > running now. */
struct mark board_latency_mark(const struct snapshot *snapshot, const struct digest *digest,
    enum gemm gemm, int m_index, int tile);
/* Registers in tens of 32, s spills. */
struct mark board_register_mark(const struct snapshot *snapshot, enum gemm gemm, int tile);
/* Shared memory in tenths of the limit, x over it. */
struct mark board_memory_mark(const struct snapshot *snapshot, enum gemm gemm, int tile);

/* The batch sizes that the entry of `m_index` serves by the nearest-key rule, the first key wins a
 * tie; high 0: and all above. False: that M was dropped and has none. */
bool board_served(const struct snapshot *snapshot, int m_index, int *low, int *high);
/* Percent of the roofline that `us` reaches at that M; NAN unknown. */
double board_roofline(const struct question *question, enum gemm gemm, int m, double us);
const char *board_state_name(enum tuner_state state);

#endif
