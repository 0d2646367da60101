/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_UI_AB_DIALOG_H
#define MOEBENCH_UI_AB_DIALOG_H

#include "tuner/tuner.h"
#include "ui/keys.h"

/* The question of an A/B before it is posted: what against what; pure. */

enum ab_pick {
    AB_PICK_CHOICE,
    AB_PICK_DEFAULT,
    AB_PICK_INCUMBENT,
    AB_PICK_CURSOR,
    AB_PICK_EDITOR,
    AB_PICK_COUNT
};

const char *ab_pick_name(enum ab_pick pick); /* "choice", ... */

enum ab_field { AB_FIELD_A, AB_FIELD_B, AB_FIELD_WHAT, AB_FIELD_BLOCKS, AB_FIELD_COUNT };

struct ab_dialog {
    enum gemm gemm;
    int m_index;
    bool there[AB_PICK_COUNT];
    struct tile tiles[AB_PICK_COUNT][GEMM_COUNT]; /* of both where both are tuned */
    enum ab_pick sides[2];                        /* A, B */
    bool pair;                                    /* up and down together, else `gemm` alone */
    bool can_pair;                                /* both are tuned */
    int budget;                                   /* blocks */
    enum ab_field field;                          /* under the cursor */
};

/* The choice against the cursor's tile, or against the editor's where `edited` is not NULL. The
 * pair from the start where the tile's BLOCK_SIZE_M is not the other GEMM's. */
void ab_dialog_open(struct ab_dialog *dialog, const struct snapshot *snapshot, enum gemm gemm,
    int m_index, const struct tile *cursor, const struct tile *edited);
void ab_dialog_act(struct ab_dialog *dialog, enum action action);
/* The tile that a side has for a GEMM that is compared. */
const struct tile *ab_dialog_tile(const struct ab_dialog *dialog, int side, enum gemm gemm);
void ab_dialog_job(
    const struct ab_dialog *dialog, const struct snapshot *snapshot, struct ab_job *job);

#endif
