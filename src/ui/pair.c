/* SPDX-License-Identifier: MIT */
#include "ui/pair.h"

#include "ui/board.h"

#include <math.h>

enum gemm pair_other(enum gemm gemm)
{
    return gemm == GEMM_UP ? GEMM_DOWN : GEMM_UP;
}

bool pair_clashes(
    const struct snapshot *snapshot, enum gemm gemm, int m_index, const struct tile *tile)
{
    const struct choice *choice = &snapshot->choices[pair_other(gemm)][m_index];
    return choice->chosen && choice->tile.block_m != tile->block_m;
}

/* -1: none is measured. */
static int fastest_of(const struct snapshot *snapshot, enum gemm gemm, int m_index, int block_m)
{
    int best = -1;
    for (int i = 0; i < (int)snapshot->question.space.count; i++) {
        const struct cell *cell = board_cell(snapshot, gemm, m_index, i);
        bool right = cell->status == POINT_OK && cell->verified != 2;
        if (!right || isnan(cell->median_us) ||
            snapshot->question.space.tiles[i].block_m != block_m)
            continue;
        if (best < 0 || cell->median_us < board_cell(snapshot, gemm, m_index, best)->median_us)
            best = i;
    }
    return best;
}

bool pair_partner(const struct snapshot *snapshot, enum gemm gemm, int m_index,
    const struct tile *tile, struct tile *partner)
{
    enum gemm other = pair_other(gemm);
    const struct choice *choice = &snapshot->choices[other][m_index];
    if (!snapshot->question.gemms[other])
        return false;
    *partner = choice->chosen ? choice->tile : choice->default_tile;
    if (partner->block_m == tile->block_m)
        return true;
    int best = fastest_of(snapshot, other, m_index, tile->block_m);
    if (best >= 0)
        *partner = snapshot->question.space.tiles[best];
    else
        partner->block_m = tile->block_m;
    return true;
}
