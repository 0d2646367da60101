/* SPDX-License-Identifier: MIT */
#include "ui/keys.h"

#include <string.h>

#define CONTROL(c) ((c)-64)
#define LENGTH(table) (sizeof(table) / sizeof((table)[0]))

static const struct key_entry main_table[] = {
    {{KEY_UPWARD, 'k'}, "arrows, h j k l", "move over the map", NULL, ACTION_UP},
    {{KEY_DOWNWARD, 'j'}, NULL, NULL, NULL, ACTION_DOWN},
    {{KEY_LEFTWARD, 'h'}, NULL, NULL, NULL, ACTION_LEFT},
    {{KEY_RIGHTWARD, 'l'}, NULL, NULL, NULL, ACTION_RIGHT},
    {{KEY_PAGE_UP, '['}, "PgUp PgDn, [ ]", "the batch size before, after", "PgUp/PgDn M",
        ACTION_M_BEFORE},
    {{KEY_PAGE_DOWN, ']'}, NULL, NULL, NULL, ACTION_M_AFTER},
    {{'u'}, "u", "the up GEMM (gate and up)", "u/d GEMM", ACTION_GEMM_UP},
    {{'d'}, "d", "the down GEMM", NULL, ACTION_GEMM_DOWN},
    {{'b'}, "b", "to the best tile", NULL, ACTION_BEST},
    {{'\t'}, "Tab", "latency or registers in the upper map", NULL, ACTION_METRIC},
    {{'f'}, "f", "one value of an axis; again: the next axis's, then all", NULL, ACTION_FIX},
    {{'G'}, "G", "unfold GROUP_SIZE_M into rows", NULL, ACTION_UNFOLD},
    {{'p', ' '}, "p, Space", "pause the tune, go on", "p pause", ACTION_PAUSE},
    {{'t'}, "t", "this batch size next", NULL, ACTION_NEXT},
    {{'r'}, "r", "measure this tile again, with fresh samples", NULL, ACTION_REMEASURE},
    {{'v'}, "v", "verify this tile's result now", NULL, ACTION_VERIFY},
    {{'c'}, "c", "choose this tile by hand", NULL, ACTION_CHOOSE},
    {{'e'}, "e", "edit the entry's six numbers", "e edit", ACTION_EDIT},
    {{'a'}, "a", "A/B: the choice against another tile, with a verdict", "a A/B", ACTION_AB},
    {{'U'}, "U", "take back the latest change of this batch size's entries", NULL, ACTION_UNDO},
    {{'x'}, "x", "export: shows the files first, then writes them", "x export", ACTION_EXPORT},
    {{'y'}, "y", "copy the entry as JSON to the clipboard (OSC 52)", NULL, ACTION_COPY},
    {{'L'}, "L", "what happened: the log", "L log", ACTION_LOG},
    {{'T'}, "T", "the next theme: viridis, cividis, mono, ascii", NULL, ACTION_THEME},
    {{'S'}, "S", "save the theme as a preference", NULL, ACTION_SAVE},
    {{'?'}, "?", "this help", "? help", ACTION_HELP},
    {{CONTROL('L')}, "Ctrl-L", "draw the screen anew", NULL, ACTION_REDRAW},
    {{'q', CONTROL('C')}, "q, Ctrl-C", "quit; asks while a tune runs", "q quit", ACTION_QUIT},
};

static const struct key_entry editor_table[] = {
    {{KEY_LEFTWARD, 'h'}, "Left Right, h l", "the number before, after", NULL, ACTION_LEFT},
    {{KEY_RIGHTWARD, 'l', '\t'}, NULL, NULL, NULL, ACTION_RIGHT},
    {{KEY_UPWARD, 'k'}, "Up Down, k j", "its next legal value up, down", NULL, ACTION_UP},
    {{KEY_DOWNWARD, 'j'}, NULL, NULL, NULL, ACTION_DOWN},
    {{'t'}, "t", "type the whole tile: BM16,BN64,BK128,G1,w4,s3", "t type", ACTION_TYPE},
    {{'w'}, "w", "USE_TMA on or off, where the engine takes it", NULL, ACTION_FLAG},
    {{'c'}, "c", "begin from the choice's numbers", NULL, ACTION_BEST},
    {{'u'}, "u", "undo in the editor", "u undo", ACTION_TAKE_BACK},
    {{KEY_RETURN}, "Enter", "choose it by hand", "Enter choose", ACTION_TAKE},
    {{'b'}, "b", "choose both: the other GEMM gets the tile shown, the same BLOCK_SIZE_M", "b both",
        ACTION_BOTH},
    {{'a'}, "a", "A/B it against the choice first", "a A/B", ACTION_AB},
    {{'d'}, "d", "pin this M: the engine's default for both GEMMs", "d default", ACTION_PIN},
    {{'D'}, "D", "drop this M: no entry, the nearest keys serve it", NULL, ACTION_DROP},
    {{KEY_ESCAPE}, "Esc", "leave it as it was", "Esc", ACTION_LEAVE},
};

static const struct key_entry ab_ask_table[] = {
    {{KEY_UPWARD, 'k'}, "Up Down, k j", "A, B, what, blocks", NULL, ACTION_UP},
    {{KEY_DOWNWARD, 'j', '\t'}, NULL, NULL, NULL, ACTION_DOWN},
    {{KEY_LEFTWARD, 'h'}, "Left Right, h l", "another value of it", "arrows change", ACTION_LEFT},
    {{KEY_RIGHTWARD, 'l'}, NULL, NULL, NULL, ACTION_RIGHT},
    {{KEY_RETURN}, "Enter", "start; the tune waits meanwhile", "Enter start", ACTION_TAKE},
    {{KEY_ESCAPE, 'q'}, "Esc, q", "leave", "Esc leave", ACTION_LEAVE},
};

static const struct key_entry ab_table[] = {
    {{'s'}, "s", "stop it; what was timed is kept, the verdict UNDECIDED", "s stop", ACTION_STOP},
    {{KEY_ESCAPE, 'q'}, "Esc, q", "to the main screen; it runs on", "Esc: it runs on",
        ACTION_LEAVE},
};

static const struct key_entry verdict_table[] = {
    {{'y'}, "y", "take B: it becomes the choice, with this as its evidence", "y take B",
        ACTION_ACCEPT},
    {{'n'}, "n", "keep what is chosen", "n keep choice", ACTION_REFUSE},
    {{KEY_ESCAPE, 'q'}, "Esc, q", "answer later: a comes back here", "Esc later", ACTION_LEAVE},
};

static const struct key_entry no_verdict_table[] = {
    {{KEY_ESCAPE, 'q', 'n'}, "Esc, q, n", "leave", "Esc leave", ACTION_REFUSE},
};

struct key_list key_list(enum key_place place)
{
    const struct key_list lists[PLACE_COUNT] = {
        [PLACE_MAIN] = {NULL, main_table, LENGTH(main_table)},
        [PLACE_EDITOR] = {"in the editor", editor_table, LENGTH(editor_table)},
        [PLACE_AB_ASK] = {"asking for an A/B", ab_ask_table, LENGTH(ab_ask_table)},
        [PLACE_AB] = {"while an A/B runs", ab_table, LENGTH(ab_table)},
        [PLACE_VERDICT] = {"at its verdict", verdict_table, LENGTH(verdict_table)},
        [PLACE_NO_VERDICT] = {"where it has none", no_verdict_table, LENGTH(no_verdict_table)},
    };
    return lists[place];
}

enum action key_action_at(enum key_place place, int key)
{
    struct key_list list = key_list(place);
    for (size_t i = 0; i < list.count; i++)
        for (size_t j = 0; j < 3 && list.entries[i].keys[j]; j++)
            if (list.entries[i].keys[j] == key)
                return list.entries[i].action;
    return ACTION_NONE;
}

enum action key_action(int key)
{
    return key_action_at(PLACE_MAIN, key);
}

int key_by_name(const char *name)
{
    static const struct {
        const char *name;
        int key;
    } names[] = {
        {"Up", KEY_UPWARD},
        {"Down", KEY_DOWNWARD},
        {"Left", KEY_LEFTWARD},
        {"Right", KEY_RIGHTWARD},
        {"PgUp", KEY_PAGE_UP},
        {"PgDn", KEY_PAGE_DOWN},
        {"Enter", KEY_RETURN},
        {"Esc", KEY_ESCAPE},
        {"Tab", '\t'},
        {"Space", ' '},
        {"Backspace", KEY_ERASE},
        {"Ctrl-C", CONTROL('C')},
        {"Ctrl-L", CONTROL('L')},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i].name) == 0)
            return names[i].key;
    return name[0] && !name[1] ? (unsigned char)name[0] : 0;
}
