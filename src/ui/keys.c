/* SPDX-License-Identifier: MIT */
#include "ui/keys.h"

#include <string.h>

#define CONTROL(c) ((c)-64)

const struct key_entry key_table[] = {
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
    {{'f'}, "f", "look at one value of one axis; again: the next, then all", NULL, ACTION_FIX},
    {{'G'}, "G", "unfold GROUP_SIZE_M into rows", NULL, ACTION_UNFOLD},
    {{'p', ' '}, "p, Space", "pause the tune, go on", "p pause", ACTION_PAUSE},
    {{'t'}, "t", "this batch size next", NULL, ACTION_NEXT},
    {{'r'}, "r", "measure this tile again, with fresh samples", NULL, ACTION_REMEASURE},
    {{'v'}, "v", "verify this tile's result now", NULL, ACTION_VERIFY},
    {{'c'}, "c", "choose this tile by hand", NULL, ACTION_CHOOSE},
    {{'e'}, "e", "edit the entry's six numbers", "e edit", ACTION_EDIT},
    {{'x'}, "x", "export: shows the files first, then writes them", "x export", ACTION_EXPORT},
    {{'y'}, "y", "copy the entry as JSON to the clipboard (OSC 52)", NULL, ACTION_COPY},
    {{'L'}, "L", "what happened: the log", "L log", ACTION_LOG},
    {{'T'}, "T", "the next theme: viridis, cividis, mono, ascii", NULL, ACTION_THEME},
    {{'S'}, "S", "save the theme as a preference", NULL, ACTION_SAVE},
    {{'?'}, "?", "this help", "? help", ACTION_HELP},
    {{CONTROL('L')}, "Ctrl-L", "draw the screen anew", NULL, ACTION_REDRAW},
    {{'q'}, "q", "quit; asks while a tune runs", "q quit", ACTION_QUIT},
};

const size_t key_count = sizeof key_table / sizeof key_table[0];

enum action key_action(int key)
{
    for (size_t i = 0; i < key_count; i++)
        for (size_t j = 0; j < 3 && key_table[i].keys[j]; j++)
            if (key_table[i].keys[j] == key)
                return key_table[i].action;
    return ACTION_NONE;
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
