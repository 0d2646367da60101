/* SPDX-License-Identifier: MIT */
#include "ui/editor.h"

#include <string.h>

/* What Triton can launch: powers of two but for the stages. */
static const struct {
    int low, high;
    bool powers;
} ranges[TILE_NUMBERS] = {
    [TILE_BLOCK_M] = {16, 512, true},
    [TILE_BLOCK_N] = {16, 512, true},
    [TILE_BLOCK_K] = {16, 512, true},
    [TILE_GROUP_M] = {1, 64, true},
    [TILE_WARPS] = {1, 32, true},
    [TILE_STAGES] = {1, 8, false},
};

void editor_open(struct editor *editor, const struct tile *tile)
{
    *editor = (struct editor){.tile = *tile, .axis = TILE_BLOCK_M};
}

static void remember(struct editor *editor)
{
    if (editor->undo_count == EDITOR_UNDO) {
        memmove(editor->undo, editor->undo + 1, sizeof editor->undo - sizeof editor->undo[0]);
        editor->undo_count--;
    }
    editor->undo[editor->undo_count++] = editor->tile;
}

static void step_number(struct editor *editor, bool up)
{
    int *number = tile_number_at(&editor->tile, editor->axis);
    int low = ranges[editor->axis].low, high = ranges[editor->axis].high;
    int next = *number;
    if (!ranges[editor->axis].powers) {
        next += up ? 1 : -1;
    } else {
        int power = low;
        while (power < *number)
            power *= 2;
        next = up ? (power > *number ? power : power * 2) : power / 2;
    }
    if (next < low || next > high)
        return;
    remember(editor);
    *number = next;
}

static void type_digit(struct editor *editor, int digit)
{
    int *number = tile_number_at(&editor->tile, editor->axis);
    if (!editor->typing)
        remember(editor);
    int typed = editor->typing ? *number * 10 + digit : digit;
    if (typed <= 9999)
        *number = typed;
    editor->typing = true;
}

void editor_set(struct editor *editor, const struct tile *tile)
{
    remember(editor);
    editor->tile = *tile;
    editor->typing = editor->writing = false;
}

bool editor_act(struct editor *editor, enum action action, int key)
{
    if (key >= '0' && key <= '9') {
        type_digit(editor, key - '0');
        return true;
    }
    editor->typing = false;
    switch (action) {
    case ACTION_LEFT:
        editor->axis = (enum tile_number)((editor->axis + TILE_NUMBERS - 1) % TILE_NUMBERS);
        return true;
    case ACTION_RIGHT:
        editor->axis = (enum tile_number)((editor->axis + 1) % TILE_NUMBERS);
        return true;
    case ACTION_UP:
    case ACTION_DOWN:
        step_number(editor, action == ACTION_UP);
        return true;
    case ACTION_FLAG:
        remember(editor);
        editor->tile.use_tma = !editor->tile.use_tma;
        return true;
    case ACTION_TAKE_BACK:
        if (editor->undo_count > 0)
            editor->tile = editor->undo[--editor->undo_count];
        return true;
    case ACTION_TYPE:
        editor->writing = true;
        editor->text[0] = '\0';
        return true;
    default:
        return false;
    }
}

bool editor_write(struct editor *editor, int key, struct error *err)
{
    size_t length = strlen(editor->text);
    struct tile tile;
    if (key == KEY_ESCAPE)
        editor->writing = false;
    if (key == KEY_ERASE && length > 0)
        editor->text[length - 1] = '\0';
    if (key > ' ' && key < 127 && length + 1 < sizeof editor->text) {
        editor->text[length] = (char)key;
        editor->text[length + 1] = '\0';
    }
    if (key != KEY_RETURN)
        return true;
    if (!tile_parse(editor->text, &tile, err))
        return false;
    editor_set(editor, &tile);
    return true;
}
