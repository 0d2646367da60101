/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TESTS_UI_FIXTURE_H
#define MOEBENCH_TESTS_UI_FIXTURE_H

#include "ui/state.h"

/* A synthetic snapshot of GLM-4.7-FP8 TP4 on a GB10 in the midst of a tune; free with the next. */
void fixture_snapshot(struct snapshot *snapshot);
/* An A/B of the pair at M=64 in it, after so many of its 80 blocks. */
void fixture_ab(struct snapshot *snapshot, int blocks, bool ended);
void fixture_free(struct snapshot *snapshot);
/* Makes state->past tell of the cursor's cell, as the store would: thirty samples, two choices, an
 * A/B, a few events; on 2026-11-25, UTC. */
void fixture_past(struct state *state, const struct snapshot *snapshot);

#endif
