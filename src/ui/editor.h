/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_UI_EDITOR_H
#define MOEBENCH_UI_EDITOR_H

#include "domain/tile.h"
#include "ui/keys.h"

#define EDITOR_UNDO 32

/* The editor of an entry's six numbers; pure. */
struct editor {
    struct tile tile;
    enum tile_number axis; /* the number under the cursor */
    bool typing;           /* digits go on with the number */
    struct tile undo[EDITOR_UNDO];
    int undo_count;
    bool writing; /* a whole tile is being typed, into text */
    char text[TILE_TEXT_SIZE];
};

void editor_open(struct editor *editor, const struct tile *tile);
/* Other numbers in its place; undo takes them back. */
void editor_set(struct editor *editor, const struct tile *tile);
/* Arrows step over the legal values, a digit types one, undo takes back. False: none of its own. */
bool editor_act(struct editor *editor, enum action action, int key);
/* A key while a whole tile is typed; Enter takes it. False with *err where there is no tile in it.
 */
bool editor_write(struct editor *editor, int key, struct error *err);

#endif
