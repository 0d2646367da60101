/* SPDX-License-Identifier: MIT */
#include "ui/theme.h"

#include "base/text.h"

static const char *const theme_names[THEME_COUNT] = {
    [THEME_VIRIDIS] = "viridis",
    [THEME_CIVIDIS] = "cividis",
    [THEME_MONO] = "mono",
    [THEME_ASCII] = "ascii",
};

#define STEP_COUNT (ROLE_STEP8 - ROLE_STEP0 + 1)

/* Steps from best to slowest: bright is fast. Both ramps keep their order for colour-blind eyes. */
static const short ramps[THEME_MONO][STEP_COUNT] = {
    [THEME_VIRIDIS] = {226, 220, 149, 78, 72, 31, 61, 54, 53},
    [THEME_CIVIDIS] = {227, 221, 185, 144, 102, 244, 243, 242, 60},
};

static const short ramp8[STEP_COUNT] = {3, 3, 2, 2, 6, 6, 4, 4, 5};

/* The roles that are no steps, on 8 colours and more. */
static const struct {
    char letter;
    struct look look;
    unsigned char mono;
} roles[ROLE_STEP0] = {
    [ROLE_TEXT] = {' ', {-1, -1, 0}, 0},
    [ROLE_DIM] = {'-', {-1, -1, LOOK_DIM}, LOOK_DIM},
    [ROLE_TITLE] = {'T', {-1, -1, LOOK_BOLD}, LOOK_BOLD},
    [ROLE_HEADING] = {'H', {6, -1, 0}, LOOK_UNDERLINE},
    [ROLE_SELECTED] = {'S', {-1, -1, LOOK_BOLD | LOOK_REVERSE}, LOOK_REVERSE},
    [ROLE_GOOD] = {'G', {2, -1, 0}, 0},
    [ROLE_WARN] = {'W', {3, -1, LOOK_BOLD}, LOOK_BOLD},
    [ROLE_BAD] = {'B', {1, -1, LOOK_BOLD}, LOOK_BOLD},
    [ROLE_KEY] = {'K', {-1, -1, LOOK_DIM}, 0},
    [ROLE_BAR] = {'=', {2, -1, LOOK_BOLD}, LOOK_BOLD},
    [ROLE_DIALOG] = {'D', {-1, -1, 0}, 0},
    [ROLE_UNMEASURED] = {'.', {-1, -1, LOOK_DIM}, LOOK_DIM},
    [ROLE_UNFIT] = {'x', {-1, -1, LOOK_DIM}, LOOK_DIM},
    [ROLE_BROKEN] = {'!', {1, -1, LOOK_BOLD}, LOOK_BOLD},
};

const char *theme_name(enum theme theme)
{
    return theme_names[theme];
}

bool theme_parse(const char *name, enum theme *theme)
{
    int index = text_index(theme_names, THEME_COUNT, name);
    if (index >= 0)
        *theme = (enum theme)index;
    return index >= 0;
}

char theme_letter(enum role role)
{
    return role >= ROLE_STEP0 ? (char)('0' + (role - ROLE_STEP0)) : roles[role].letter;
}

struct look theme_look(enum theme theme, enum role role, int colors)
{
    bool mono = !theme_has_colors(theme) || colors < 8;
    if (theme == THEME_ASCII)
        return (struct look){-1, -1, role == ROLE_SELECTED ? LOOK_REVERSE : 0};
    if (role < ROLE_STEP0)
        return mono ? (struct look){-1, -1, roles[role].mono} : roles[role].look;
    int step = role - ROLE_STEP0;
    if (mono)
        return (struct look){-1, -1, step == 0 ? LOOK_BOLD | LOOK_UNDERLINE : 0};
    if (colors < 256)
        return (struct look){0, ramp8[step], 0};
    return (struct look){step < 6 ? 16 : 231, ramps[theme][step], 0};
}

bool theme_has_colors(enum theme theme)
{
    return theme < THEME_MONO;
}

short theme_fill(enum theme theme, enum role role)
{
    if (role >= ROLE_STEP0)
        return ramps[theme][role - ROLE_STEP0];
    return role == ROLE_UNMEASURED ? 238 : role == ROLE_BROKEN ? 1 : 16;
}
