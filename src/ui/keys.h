/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_UI_KEYS_H
#define MOEBENCH_UI_KEYS_H

#include <stddef.h>

/* Keys that are no ASCII character. */
enum key {
    KEY_ESCAPE = 27,
    KEY_RETURN = 13,
    KEY_UPWARD = 0x100,
    KEY_DOWNWARD,
    KEY_LEFTWARD,
    KEY_RIGHTWARD,
    KEY_PAGE_UP,
    KEY_PAGE_DOWN,
    KEY_ERASE,
    KEY_CLICK /* of the mouse, at terminal_pointer() */
};

enum action {
    ACTION_NONE,
    ACTION_UP,
    ACTION_DOWN,
    ACTION_LEFT,
    ACTION_RIGHT,
    ACTION_M_BEFORE,
    ACTION_M_AFTER,
    ACTION_GEMM_UP,
    ACTION_GEMM_DOWN,
    ACTION_BEST,
    ACTION_METRIC,
    ACTION_FIX,
    ACTION_UNFOLD,
    ACTION_PAUSE,
    ACTION_NEXT,
    ACTION_REMEASURE,
    ACTION_VERIFY,
    ACTION_CHOOSE,
    ACTION_EDIT,
    ACTION_EXPORT,
    ACTION_COPY,
    ACTION_LOG,
    ACTION_THEME,
    ACTION_SAVE,
    ACTION_HELP,
    ACTION_REDRAW,
    ACTION_QUIT
};

/* One row: what the loop obeys and what the help, the man page and the last line show. */
struct key_entry {
    int keys[3];      /* 0: no more */
    const char *name; /* "arrows, hjkl"; NULL: belongs to the row above */
    const char *help;
    const char *hint; /* in the last line of the screen, NULL: not there */
    enum action action;
};

extern const struct key_entry key_table[];
extern const size_t key_count;

enum action key_action(int key);
/* "Up", "PgDn", "Enter", "Esc", "Tab", "Space", "Ctrl-L" or one character; 0 when it is none. */
int key_by_name(const char *name);

#endif
