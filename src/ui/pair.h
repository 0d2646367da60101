/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_UI_PAIR_H
#define MOEBENCH_UI_PAIR_H

#include "tuner/tuner.h"

/* The pair rule on a screen: up and down of one M share BLOCK_SIZE_M. Pure. */

enum gemm pair_other(enum gemm gemm);
/* Whether the other GEMM's choice stands against `tile` for this one. */
bool pair_clashes(
    const struct snapshot *snapshot, enum gemm gemm, int m_index, const struct tile *tile);
/*
 * What the other GEMM would run beside `tile`: its choice (before there is one, the default) where
 * BLOCK_SIZE_M agrees, else its fastest measured tile with that BLOCK_SIZE_M, else the choice with
 * BLOCK_SIZE_M changed. False: the other GEMM is not tuned.
 */
bool pair_partner(const struct snapshot *snapshot, enum gemm gemm, int m_index,
    const struct tile *tile, struct tile *partner);

#endif
