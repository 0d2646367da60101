/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_UI_CANVAS_H
#define MOEBENCH_UI_CANVAS_H

#include "base/text.h"
#include "ui/theme.h"

/*
 * The screen as a grid of characters and roles, apart from any terminal: views draw into it, the
 * terminal flushes it, tests and script mode print it. Every character is plain ASCII, so that it
 * looks the same in each locale; whatever else a text holds becomes '?'. A halved cell is the one
 * exception: a colour above another, by the terminal's half block.
 */
struct canvas_cell {
    char character;
    unsigned char role; /* enum role */
    bool reversed;
    bool halved;         /* the character, which stands for the upper half, is not shown */
    unsigned char below; /* the lower half's role */
};

struct canvas {
    int width, height;
    int cut;                   /* texts that met a right edge since the latest resize */
    struct canvas_cell *cells; /* owned, [height * width] */
};

struct rect {
    int x, y, width, height;
};

/* Negative sizes count as 0. Leaves it blank. */
void canvas_resize(struct canvas *canvas, int width, int height);
void canvas_free(struct canvas *canvas);
/* Outside of the canvas nothing happens. */
void canvas_put(struct canvas *canvas, int x, int y, char character, enum role role);
/* Two marks in one cell; only their colours are seen. */
void canvas_halve(
    struct canvas *canvas, int x, int y, char character, enum role above, enum role below);
void canvas_reverse(struct canvas *canvas, int x, int y);
/* One line at (x, y) of the rectangle, cut at its right edge; returns the columns written. */
int canvas_print(struct canvas *canvas, const struct rect *rect, int x, int y, enum role role,
    const char *format, ...) __attribute__((format(printf, 6, 7)));
/* A text over lines from x to the rectangle's right edge, broken at blanks, slashes and commas
 * where it can; returns how many, also with canvas NULL. */
int canvas_wrap(
    struct canvas *canvas, const struct rect *rect, int x, int y, enum role role, const char *text);
int canvas_wrap_print(struct canvas *canvas, const struct rect *rect, int x, int y, enum role role,
    const char *format, ...) __attribute__((format(printf, 6, 7)));
void canvas_fill(struct canvas *canvas, const struct rect *rect, char character, enum role role);
/* Lines without blanks at their ends; the second writes each role's letter, reversed cells as '#'.
 */
void canvas_text(const struct canvas *canvas, struct text *out);
void canvas_roles(const struct canvas *canvas, struct text *out);

#endif
