/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_UI_STATE_H
#define MOEBENCH_UI_STATE_H

#include "ui/ab_dialog.h"
#include "ui/board.h"
#include "ui/editor.h"
#include "ui/keys.h"
#include "ui/past.h"

enum overlay {
    OVERLAY_NONE,
    OVERLAY_HELP,
    OVERLAY_LOG,
    OVERLAY_EDIT,
    OVERLAY_AB_ASK,
    OVERLAY_AB,
    OVERLAY_EXPORT,
    OVERLAY_QUIT
};

/* Where the person stands; pure: keys change it, views read it. Start from state_open. */
struct state {
    enum gemm gemm;
    int m_index;
    int row, column; /* of the grid */
    int tile;        /* under the cursor, -1 none */
    enum metric metric;
    enum theme theme;
    bool unfolded;
    bool halves;            /* the terminal can halve cells */
    enum tile_number fixed; /* TILE_NUMBERS: none */
    int fixed_value;
    struct grid grid; /* owned */
    struct digest digest;
    bool pausing; /* asked for; what runs is stored first */
    enum overlay overlay;
    int scroll; /* of the help, from its top; of the log, from its end */
    struct editor editor;
    struct ab_dialog ab;
    unsigned long long heard; /* the tuner's answer that was shown last */
    unsigned answered;        /* the A/B (its serial) whose verdict was taken or refused */
    char notice[256];         /* shown until the next key */
    struct past past;         /* of where the cursor rested last; owned */
    const char *out;          /* where an export goes; borrowed */
};

/* What a key asks of the loop. */
enum effect_kind {
    EFFECT_NONE,
    EFFECT_COMMAND, /* to be posted to the tuner */
    EFFECT_COPY,    /* text to the clipboard */
    EFFECT_EXPORT,  /* the files are to be written */
    EFFECT_SAVE,
    EFFECT_REDRAW,
    EFFECT_QUIT
};

struct effect {
    enum effect_kind kind;
    struct tuner_command command;
    char text[512];
};

void state_open(struct state *state, const struct snapshot *snapshot, enum theme theme);
void state_close(struct state *state);
/* A newer snapshot of the same tune. */
void state_update(struct state *state, const struct snapshot *snapshot);
/* Reads state->past for the cursor's place; whether anything in it changed. What is read in the log
 * stays in sight when more comes. */
bool state_look_back(
    struct state *state, const struct snapshot *snapshot, struct past_reader *reader);
/* Whether state->past tells of the very cell under the cursor. */
bool state_knows_cell(const struct state *state, const struct snapshot *snapshot);
/* ... or of the entry at least. */
bool state_knows_entry(const struct state *state, const struct snapshot *snapshot);
/* The cursor to that cell of the grid and that batch size. */
void state_go(
    struct state *state, const struct snapshot *snapshot, int row, int column, int m_index);
struct effect state_key(struct state *state, const struct snapshot *snapshot, int key);
/* Whether an A/B runs, or has a verdict that nobody has answered. */
bool state_ab_waits(const struct state *state, const struct snapshot *snapshot);
/* Whose keys its screen takes. */
enum key_place state_ab_place(const struct state *state, const struct snapshot *snapshot);
/* Whether the main screen answers such a key with the reason why not. */
bool state_refuses(const struct snapshot *snapshot, enum action action);
/* Whether leaving now would stop work. */
bool state_running(const struct snapshot *snapshot);

#endif
