/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_UI_STATE_PARTS_H
#define MOEBENCH_UI_STATE_PARTS_H

#include "ui/state.h"

/* What state*.c share; nobody else includes this. */

/* A command about the M and GEMM under the cursor, with the cursor's tile. */
struct effect state_post(
    const struct state *state, const struct snapshot *snapshot, enum tuner_command_kind kind);
void state_note(struct state *state, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Chooses `tile` for the GEMM under the cursor by hand; refuses, with what to do in the notice,
 * where the other GEMM's choice has another BLOCK_SIZE_M. */
struct effect state_choose(
    struct state *state, const struct snapshot *snapshot, const struct tile *tile, const char *why);

/* state_edit.c */
void state_edit_open(struct state *state, const struct snapshot *snapshot);
struct effect state_edit_key(struct state *state, const struct snapshot *snapshot, int key);

/* state_ab.c */
/* The dialog, or the comparison that runs or waits for an answer. `edited`: the editor's tile or
 * NULL. */
void state_ab_open(struct state *state, const struct snapshot *snapshot, const struct tile *edited);
struct effect state_ab_ask_key(struct state *state, const struct snapshot *snapshot, int key);
struct effect state_ab_key(struct state *state, const struct snapshot *snapshot, int key);

#endif
