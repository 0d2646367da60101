/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_UI_THEME_H
#define MOEBENCH_UI_THEME_H

#include <stdbool.h>

/* What a character means; a theme says how that looks. */
enum role {
    ROLE_TEXT,
    ROLE_DIM,
    ROLE_TITLE,
    ROLE_HEADING,
    ROLE_SELECTED,
    ROLE_GOOD,
    ROLE_WARN,
    ROLE_BAD,
    ROLE_KEY,
    ROLE_BAR,
    ROLE_DIALOG,
    ROLE_UNMEASURED,
    ROLE_UNFIT,
    ROLE_BROKEN,
    ROLE_STEP0, /* best; each further step is slower */
    ROLE_STEP8 = ROLE_STEP0 + 8,
    ROLE_COUNT
};

/* mono: attributes instead of colours; ascii: neither, but for the cursor's reverse. */
enum theme { THEME_VIRIDIS, THEME_CIVIDIS, THEME_MONO, THEME_ASCII, THEME_COUNT };

#define LOOK_BOLD 1
#define LOOK_DIM 2
#define LOOK_REVERSE 4
#define LOOK_UNDERLINE 8

/* How a role looks; a colour of -1 is the terminal's own. */
struct look {
    short foreground, background; /* xterm numbers, within 8 where only 8 are there */
    unsigned char attributes;     /* LOOK_* */
};

const char *theme_name(enum theme theme); /* "viridis", "cividis", "mono", "ascii" */
bool theme_parse(const char *name, enum theme *theme);
/* The role's letter in a grid of roles. */
char theme_letter(enum role role);
/* colors: what the terminal has; under 8 means mono whatever the theme. */
struct look theme_look(enum theme theme, enum role role, int colors);
bool theme_has_colors(enum theme theme);
/* The colour, of 256, that stands for the role where there is no room for a letter. */
short theme_fill(enum theme theme, enum role role);

#endif
