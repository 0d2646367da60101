/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_UI_PHRASE_H
#define MOEBENCH_UI_PHRASE_H

#include "ui/canvas.h"

#define PHRASES 16

/*
 * A line of phrases, two blanks between them, that gives up whole phrases rather than being cut:
 * those of the highest rank first, of equal ones the last. Rank 0 stays. Pure; start from {0}.
 */
struct phrase {
    char text[128];
    enum role role;
    int rank;
};

struct phrases {
    struct phrase items[PHRASES];
    int count;
};

/* An empty text adds nothing. */
void phrases_add(struct phrases *phrases, int rank, enum role role, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Leaves what `width` columns hold; returns the columns it takes, which only phrases of rank 0 can
 * make more than that. */
int phrases_fit(struct phrases *phrases, int width);
/* Fits and prints it from column x of the rectangle's line y on. */
void phrases_print(
    struct phrases *phrases, struct canvas *canvas, const struct rect *rect, int x, int y);

#endif
