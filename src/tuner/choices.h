/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TUNER_CHOICES_H
#define MOEBENCH_TUNER_CHOICES_H

#include "store/store.h"
#include "tuner/tuner.h"

/* The rules for choices by hand, as the screen's tuner and the command line both keep them. */

/* NULL: none of them is of this (GEMM, M). */
const struct store_choice *choices_find(
    const struct store_choice choices[], size_t count, enum gemm gemm, int m);
/* Undone to before the first choice: the M is the race's again, or not an entry. */
bool choices_is_none(const struct store_choice *choice);
/* As a snapshot has it; what the engine's default and the incumbent are is left as it stands. */
void choices_fill(const struct store_choice *stored, struct choice *choice);
/* Its tile, "dropped" or "undone", for lists. */
const char *choices_text(const struct store_choice *choice, char buffer[TILE_TEXT_SIZE]);
/*
 * Whether up and down of every M in `changes` agree on BLOCK_SIZE_M once they are written over
 * `current` (store_list_choices); ERROR_USAGE says where they do not.
 */
bool choices_agree(const struct store_choice current[], size_t current_count,
    const struct store_choice changes[], size_t change_count, struct error *err);
/*
 * What brings back what stood at this M before its latest change, of the GEMMs that changed then;
 * of `gemm` alone unless it is -1. Each undo goes a change further back, to the race's own choice
 * or to none. Written as new changes, for history only grows. False: that is where it stands.
 */
bool choices_undo(struct store *store, long long tune, int gemm, int m,
    struct store_choice changes[GEMM_COUNT], size_t *count, struct error *err);

#endif
