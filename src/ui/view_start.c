/* SPDX-License-Identifier: MIT */
#include "ui/start.h"

#include <stdio.h>
#include <string.h>

#define LABEL 14 /* columns of a field's name */
#define LEAST_FIELDS 3
#define WIDE 112
#define NARROW 72

struct page {
    struct canvas *canvas;
    const struct start *start;
    struct rect body; /* between the title and the keys */
};

/* First row seen of `count`, so that the cursor's is among them. */
static int first_row(int count, int rows, int cursor)
{
    int first = cursor - rows / 2;
    first = first > count - rows ? count - rows : first;
    return first < 0 ? 0 : first;
}

static const char *short_name(const char *device)
{
    return text_starts_with(device, "NVIDIA ") ? device + 7 : device;
}

/* A model's name in `width` columns: what is cut stands before its TP. */
static const char *fit_name(const char *name, int width, char *buffer, size_t size)
{
    const char *end = strrchr(name, ' ');
    int length = (int)strlen(name), tail = end ? (int)strlen(end) : 0;
    if (length <= width)
        snprintf(buffer, size, "%s", name);
    else
        snprintf(buffer, size, "%.*s~%s", width - tail - 1, name, end ? end : "");
    return buffer;
}

static void draw_tune(const struct page *page, const struct start_tune *tune, int y, bool here)
{
    enum role role = here ? ROLE_SELECTED : ROLE_TEXT;
    char cursor = here ? '>' : ' ';
    const struct rect *body = &page->body;
    char name[128];
    fit_name(tune->model, body->width >= WIDE ? 32 : 20, name, sizeof name);
    if (body->width >= WIDE)
        canvas_print(page->canvas, body, 0, y, role,
            "%c %-32s %-24.24s %-20.20s %3d%% %-10.10s %-16.16s %-6.6s", cursor, name,
            short_name(tune->device), tune->engine, tune->percent, tune->state, tune->touched,
            tune->backend);
    else if (body->width >= NARROW)
        canvas_print(page->canvas, body, 0, y, role,
            "%c %-20s %-13.13s %-18.18s %3d%% %-11.11s %-6.6s", cursor, name,
            short_name(tune->device), tune->engine, tune->percent, tune->touched + 5,
            tune->backend);
    else
        canvas_print(page->canvas, body, 0, y, role, "%c %-20s %-10.10s %3d%%", cursor, name,
            short_name(tune->device), tune->percent);
}

static void draw_list(const struct page *page)
{
    const struct start *start = page->start;
    const struct rect *body = &page->body;
    int count = (int)start->tune_count, rows = body->height - 2;
    int first = first_row(count, rows, start->row);
    if (count == 0) {
        canvas_print(page->canvas, body, 0, 1, ROLE_TEXT, "no tunes yet: n makes one");
        return;
    }
    if (body->width >= WIDE)
        canvas_print(page->canvas, body, 0, 0, ROLE_HEADING,
            "  %-32s %-24s %-20s %4s %-10s %-16s %s", "model", "device", "engine", "done", "state",
            "touched, UTC", "back-end");
    else if (body->width >= NARROW)
        canvas_print(page->canvas, body, 0, 0, ROLE_HEADING, "  %-20s %-13s %-18s %4s %-11s %s",
            "model", "device", "engine", "done", "touched UTC", "by");
    else
        canvas_print(
            page->canvas, body, 0, 0, ROLE_HEADING, "  %-20s %-10s %4s", "model", "device", "done");
    for (int y = 0; y < rows && first + y < count; y++)
        draw_tune(page, &start->tunes[first + y], 1 + y, first + y == start->row);
    canvas_print(page->canvas, body, 2, body->height - 1, ROLE_DIM, "%s, %s",
        start->tunes[start->row].state, start->tunes[start->row].about);
}

static void draw_pick(const struct page *page)
{
    const struct start *start = page->start;
    const struct rect *body = &page->body;
    int rows = body->height - 1, count = 0;
    while (start_match(start, count))
        count++;
    int first = first_row(count, rows, start->pick);
    canvas_print(page->canvas, body, 0, 0, ROLE_TEXT, "model: %s_", start->filter);
    for (int y = 0; y < rows && first + y < count; y++) {
        const struct start_model *model = start_match(start, first + y);
        bool here = first + y == start->pick;
        int width = body->width - (int)sizeof "  recorded, TP4 ";
        canvas_print(page->canvas, body, 0, 1 + y, here ? ROLE_SELECTED : ROLE_TEXT, "%c %-*.*s %s",
            here ? '>' : ' ', width, width, model->name, model->from);
    }
    if (count == 0)
        canvas_print(page->canvas, body, 0, 1, ROLE_DIM,
            "no such name here; Enter takes it for a path or a model id");
}

static void draw_field(const struct page *page, enum start_field field, int y)
{
    const struct start *start = page->start;
    bool here = field == start->field;
    canvas_print(page->canvas, &page->body, 0, y, here ? ROLE_TITLE : ROLE_TEXT, "%c %s",
        here ? '>' : ' ', start_field_names[field]);
    canvas_print(page->canvas, &page->body, LABEL, y, here ? ROLE_SELECTED : ROLE_TEXT, "%s%s",
        start->values[field], here && field != START_MODEL && field != START_EFFORT ? "_" : " ");
}

static void draw_look(const struct page *page, int y)
{
    const struct start_look *look = &page->start->look;
    if (*look->error)
        y += canvas_wrap(page->canvas, &page->body, 0, y, ROLE_BAD, look->error);
    for (int i = 0; i < look->fact_count; i++) {
        canvas_print(page->canvas, &page->body, 0, y, ROLE_HEADING, "  %s", look->facts[i].label);
        y += canvas_wrap(page->canvas, &page->body, LABEL, y, ROLE_TEXT, look->facts[i].text);
    }
}

static void draw_form(const struct page *page)
{
    int rows = page->body.height > START_FIELDS + 6 ? START_FIELDS : LEAST_FIELDS;
    int first = first_row(START_FIELDS, rows, (int)page->start->field);
    for (int y = 0; y < rows && y < page->body.height; y++)
        draw_field(page, (enum start_field)(first + y), y);
    draw_look(page, rows + (rows == START_FIELDS));
}

static void draw_help(const struct page *page)
{
    int x = page->body.width >= NARROW ? 24 : 14;
    for (size_t i = 0; i < start_key_count; i++) {
        canvas_print(
            page->canvas, &page->body, 0, (int)i, ROLE_HEADING, "%.*s", x - 1, start_keys[i].name);
        canvas_print(page->canvas, &page->body, x, (int)i, ROLE_TEXT, "%s", start_keys[i].help);
    }
}

static void draw_title(const struct page *page)
{
    const struct start *start = page->start;
    struct rect row = {0, 0, page->canvas->width, 1};
    switch (start->page) {
    case START_LIST:
        canvas_print(page->canvas, &row, 0, 0, ROLE_TITLE, "moebench  %zu tune%s%s in %s",
            start->tune_count, start->tune_count == 1 ? "" : "s", start->driven, start->db);
        break;
    case START_HELP:
        canvas_print(page->canvas, &row, 0, 0, ROLE_TITLE, "moebench  keys; Esc leaves");
        break;
    default:
        canvas_print(page->canvas, &row, 0, 0, ROLE_TITLE, "moebench  a new tune  %s", start->here);
    }
}

static void draw_keys(const struct page *page)
{
    const struct start *start = page->start;
    struct rect row = {0, page->canvas->height - 1, page->canvas->width, 1};
    int column = 0;
    if (*start->notice) {
        canvas_print(page->canvas, &row, 0, 0, ROLE_WARN, "%s", start->notice);
        return;
    }
    for (size_t i = 0; i < start_key_count; i++) {
        const char *hint = start_keys[i].hints[start->page];
        if (hint && column + (int)strlen(hint) <= row.width)
            column += canvas_print(page->canvas, &row, column, 0, ROLE_KEY, "%s  ", hint);
    }
}

void view_start(struct canvas *canvas, const struct start *start)
{
    static void (*const draw[])(const struct page *page) = {
        [START_LIST] = draw_list,
        [START_PICK] = draw_pick,
        [START_FORM] = draw_form,
        [START_HELP] = draw_help,
    };
    struct page page = {canvas, start, {0, 1, canvas->width, canvas->height - 2}};
    struct rect all = {0, 0, canvas->width, canvas->height};
    canvas_fill(canvas, &all, ' ', ROLE_TEXT);
    draw_title(&page);
    if (page.body.height < 2)
        return;
    draw[start->page](&page);
    draw_keys(&page);
}
