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
    ACTION_AB,
    ACTION_UNDO,
    ACTION_EXPORT,
    ACTION_COPY,
    ACTION_LOG,
    ACTION_THEME,
    ACTION_SAVE,
    ACTION_HELP,
    ACTION_REDRAW,
    ACTION_QUIT,
    /* in dialogs */
    ACTION_TAKE,
    ACTION_LEAVE,
    ACTION_TYPE,
    ACTION_TAKE_BACK,
    ACTION_BOTH,
    ACTION_PIN,
    ACTION_DROP,
    ACTION_FLAG,
    ACTION_STOP,
    ACTION_ACCEPT,
    ACTION_REFUSE
};

/* One row: what the loop obeys and what the help, the man page and the last line show. */
struct key_entry {
    int keys[3];      /* 0: no more */
    const char *name; /* "arrows, hjkl"; NULL: belongs to the row above */
    const char *help;
    const char *hint; /* in the last line of the screen, NULL: not there */
    enum action action;
};

/* Where keys are pressed; each has a table of its own. */
enum key_place {
    PLACE_MAIN,
    PLACE_EDITOR,
    PLACE_AB_ASK,
    PLACE_AB,
    PLACE_VERDICT,
    PLACE_NO_VERDICT,
    PLACE_COUNT
};

struct key_list {
    const char *title; /* "editor"; NULL: the main screen */
    const struct key_entry *entries;
    size_t count;
};

struct key_list key_list(enum key_place place);
enum action key_action_at(enum key_place place, int key);
enum action key_action(int key); /* on the main screen */
/* "Up", "PgDn", "Enter", "Esc", "Tab", "Space", "Ctrl-L" or one character; 0 when it is none. */
int key_by_name(const char *name);

#endif
