/* SPDX-License-Identifier: MIT */
#include "ui/canvas.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void canvas_resize(struct canvas *canvas, int width, int height)
{
    canvas->width = width > 0 ? width : 0;
    canvas->height = height > 0 ? height : 0;
    canvas->cut = 0;
    size_t count = (size_t)canvas->width * (size_t)canvas->height;
    canvas->cells = xrealloc(canvas->cells, count ? count : 1, sizeof canvas->cells[0]);
    struct rect all = {0, 0, canvas->width, canvas->height};
    canvas_fill(canvas, &all, ' ', ROLE_TEXT);
}

void canvas_free(struct canvas *canvas)
{
    free(canvas->cells);
    *canvas = (struct canvas){0};
}

static struct canvas_cell *cell_at(const struct canvas *canvas, int x, int y)
{
    if (x < 0 || y < 0 || x >= canvas->width || y >= canvas->height)
        return NULL;
    return &canvas->cells[(size_t)y * (size_t)canvas->width + (size_t)x];
}

void canvas_put(struct canvas *canvas, int x, int y, char character, enum role role)
{
    struct canvas_cell *cell = cell_at(canvas, x, y);
    if (cell)
        *cell = (struct canvas_cell){.character = character, .role = (unsigned char)role};
}

void canvas_halve(
    struct canvas *canvas, int x, int y, char character, enum role above, enum role below)
{
    struct canvas_cell *cell = cell_at(canvas, x, y);
    if (cell)
        *cell = (struct canvas_cell){.character = character,
            .role = (unsigned char)above,
            .halved = true,
            .below = (unsigned char)below};
}

void canvas_reverse(struct canvas *canvas, int x, int y)
{
    struct canvas_cell *cell = cell_at(canvas, x, y);
    if (cell)
        cell->reversed = true;
}

int canvas_print(struct canvas *canvas, const struct rect *rect, int x, int y, enum role role,
    const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    int column = x;
    const char *s = line;
    if (y < 0 || y >= rect->height)
        return 0;
    for (; *s && column < rect->width; s++) {
        if (((unsigned char)*s & 0xc0) == 0x80)
            continue; /* the rest of a UTF-8 sequence */
        char shown = (unsigned char)*s >= ' ' && (unsigned char)*s < 127 ? *s : '?';
        canvas_put(canvas, rect->x + column++, rect->y + y, shown, role);
    }
    canvas->cut += s[strspn(s, " ")] != '\0';
    return column - x;
}

/* How much of the text goes into a line of that width. */
static int line_length(const char *text, int width)
{
    int length = (int)strlen(text), take = width;
    if (length <= width)
        return length;
    while (take > width / 2 && text[take] != ' ' && !strchr("/,", text[take - 1]))
        take--;
    return take > width / 2 ? take : width;
}

int canvas_wrap(
    struct canvas *canvas, const struct rect *rect, int x, int y, enum role role, const char *text)
{
    int width = rect->width - x, lines = 0;
    while (*text && width > 0) {
        int take = line_length(text, width);
        if (canvas)
            canvas_print(canvas, rect, x, y + lines, role, "%.*s", take, text);
        lines++;
        text += take;
        text += *text == ' ';
    }
    return lines;
}

int canvas_wrap_print(struct canvas *canvas, const struct rect *rect, int x, int y, enum role role,
    const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return canvas_wrap(canvas, rect, x, y, role, text);
}

void canvas_fill(struct canvas *canvas, const struct rect *rect, char character, enum role role)
{
    for (int y = 0; y < rect->height; y++)
        for (int x = 0; x < rect->width; x++)
            canvas_put(canvas, rect->x + x, rect->y + y, character, role);
}

static void print_grid(const struct canvas *canvas, bool roles, struct text *out)
{
    for (int y = 0; y < canvas->height; y++) {
        size_t end = out->length;
        for (int x = 0; x < canvas->width; x++) {
            const struct canvas_cell *cell = &canvas->cells[y * canvas->width + x];
            char shown = cell->character;
            if (roles)
                shown = cell->reversed ? '#' : theme_letter((enum role)cell->role);
            text_add_bytes(out, &shown, 1);
            if (shown != ' ')
                end = out->length;
        }
        if (out->data && out->length > end) {
            out->length = end;
            out->data[end] = '\0';
        }
        text_add_bytes(out, "\n", 1);
    }
}

void canvas_text(const struct canvas *canvas, struct text *out)
{
    print_grid(canvas, false, out);
}

void canvas_roles(const struct canvas *canvas, struct text *out)
{
    print_grid(canvas, true, out);
}
