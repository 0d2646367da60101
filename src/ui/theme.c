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

/* The roles that are no steps. Whose background is not known gets a colour that stands out from
 * black and from white: of the 256 a middle one, of the 8 only red does; else it brings its own
 * background, or none. */
static const struct {
    char letter;
    unsigned char mono;
    struct look of_8, of_256;
} roles[ROLE_STEP0] = {
    [ROLE_TEXT] = {' ', 0, {-1, -1, 0}, {-1, -1, 0}},
    [ROLE_DIM] = {'-', LOOK_DIM, {-1, -1, LOOK_DIM}, {-1, -1, LOOK_DIM}},
    [ROLE_TITLE] = {'T', LOOK_BOLD, {-1, -1, LOOK_BOLD}, {-1, -1, LOOK_BOLD}},
    [ROLE_HEADING] = {'H', LOOK_UNDERLINE, {-1, -1, LOOK_UNDERLINE}, {30, -1, 0}},
    [ROLE_SELECTED] = {'S', LOOK_REVERSE, {-1, -1, LOOK_BOLD | LOOK_REVERSE},
        {-1, -1, LOOK_BOLD | LOOK_REVERSE}},
    [ROLE_GOOD] = {'G', 0, {-1, -1, 0}, {28, -1, 0}},
    [ROLE_WARN] = {'W', LOOK_BOLD, {0, 3, 0}, {130, -1, LOOK_BOLD}},
    [ROLE_BAD] = {'B', LOOK_BOLD, {1, -1, LOOK_BOLD}, {160, -1, LOOK_BOLD}},
    [ROLE_KEY] = {'K', 0, {-1, -1, LOOK_DIM}, {-1, -1, LOOK_DIM}},
    [ROLE_BAR] = {'=', LOOK_BOLD, {0, 2, 0}, {28, -1, LOOK_BOLD}},
    [ROLE_DIALOG] = {'D', 0, {-1, -1, 0}, {-1, -1, 0}},
    [ROLE_UNMEASURED] = {'.', LOOK_DIM, {-1, -1, LOOK_DIM}, {-1, -1, LOOK_DIM}},
    [ROLE_UNFIT] = {'x', LOOK_DIM, {-1, -1, LOOK_DIM}, {-1, -1, LOOK_DIM}},
    [ROLE_BROKEN] = {'!', LOOK_BOLD, {1, -1, LOOK_BOLD}, {160, -1, LOOK_BOLD}},
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
    if (role < ROLE_STEP0 && mono)
        return (struct look){-1, -1, roles[role].mono};
    if (role < ROLE_STEP0)
        return colors < 256 ? roles[role].of_8 : roles[role].of_256;
    int step = role - ROLE_STEP0;
    if (mono)
        return (struct look){-1, -1, step == 0 ? LOOK_BOLD | LOOK_UNDERLINE : 0};
    if (colors < 256)
        return (struct look){ramp8[step] == 4 ? 7 : 0, ramp8[step], 0};
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
