/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_UI_EDITOR_H
#define MOEBENCH_UI_EDITOR_H

#include "domain/space.h"

#define EDITOR_UNDO 32

/* The editor of an entry's six numbers; pure. */
struct editor {
    struct tile tile;
    enum space_axis axis; /* the number under the cursor */
    bool typing;          /* digits go on with the number */
    struct tile undo[EDITOR_UNDO];
    int undo_count;
};

void editor_open(struct editor *editor, const struct tile *tile);
int editor_get(const struct editor *editor, enum space_axis axis);
/* Arrows step over the legal values, digits type one, 'u' takes back. False: not a key of it. */
bool editor_key(struct editor *editor, int key);

#endif
