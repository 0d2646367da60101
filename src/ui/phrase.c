/* SPDX-License-Identifier: MIT */
#include "ui/phrase.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GAP 2

void phrases_add(struct phrases *phrases, int rank, enum role role, const char *format, ...)
{
    if (phrases->count == PHRASES)
        abort();
    struct phrase *phrase = &phrases->items[phrases->count];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(phrase->text, sizeof phrase->text, format, arguments);
    va_end(arguments);
    phrase->rank = rank;
    phrase->role = role;
    phrases->count += *phrase->text != '\0';
}

static int length(const struct phrases *phrases)
{
    int columns = 0;
    for (int i = 0; i < phrases->count; i++)
        columns += (i > 0 ? GAP : 0) + (int)strlen(phrases->items[i].text);
    return columns;
}

int phrases_fit(struct phrases *phrases, int width)
{
    while (length(phrases) > width) {
        int worst = 0;
        for (int i = 0; i < phrases->count; i++)
            if (phrases->items[i].rank >= phrases->items[worst].rank)
                worst = i;
        if (phrases->items[worst].rank == 0)
            break;
        phrases->count--;
        memmove(&phrases->items[worst], &phrases->items[worst + 1],
            (size_t)(phrases->count - worst) * sizeof phrases->items[0]);
    }
    return length(phrases);
}

void phrases_print(
    struct phrases *phrases, struct canvas *canvas, const struct rect *rect, int x, int y)
{
    phrases_fit(phrases, rect->width - x);
    for (int i = 0; i < phrases->count; i++)
        x += GAP +
             canvas_print(canvas, rect, x, y, phrases->items[i].role, "%s", phrases->items[i].text);
}
