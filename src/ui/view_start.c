/* SPDX-License-Identifier: MIT */
#include "ui/phrase.h"
#include "ui/start.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL 14 /* columns of a field's name */
#define LEAST_FIELDS 3
#define WIDE 122
#define NARROW 72
#define COUNT 16 /* columns of "1234 tunes in " and a gap */
#define PICK_NAMES 48

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

/* A name in `width` columns: what is cut, at a '~', stands before its last word: a model's TP. */
static const char *fit_name(const char *name, int width, char buffer[128])
{
    const size_t size = 128;
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
    const char *on = short_name(tune->device);
    char model[128], device[128];
    if (body->width >= WIDE)
        canvas_print(page->canvas, body, 0, y, role,
            "%c %-32s %-24s %-20.20s %3d%% %-10.10s %-16.16s %-6.6s", cursor,
            fit_name(tune->model, 32, model), fit_name(on, 24, device), tune->engine, tune->percent,
            tune->state, tune->touched, tune->backend);
    else if (body->width >= NARROW)
        canvas_print(page->canvas, body, 0, y, role,
            "%c %-19s %-14s %-18.18s %3d%% %-11.11s %-6.6s", cursor,
            fit_name(tune->model, 19, model), fit_name(on, 14, device), tune->engine, tune->percent,
            tune->touched + 5, tune->backend);
    else
        canvas_print(page->canvas, body, 0, y, role, "%c %-19s %-10s %3d%%", cursor,
            fit_name(tune->model, 19, model), fit_name(on, 10, device), tune->percent);
}

/* What the columns do not tell of the tune under the cursor; returns its rows, the last ones. */
static int draw_about(const struct page *page, const struct start_tune *tune)
{
    const struct rect *body = &page->body;
    char *text = xasprintf("%s, %s", tune->state, tune->about);
    int lines = canvas_wrap(NULL, body, 2, 0, ROLE_DIM, text);
    canvas_wrap(page->canvas, body, 2, body->height - lines, ROLE_DIM, text);
    free(text);
    return lines;
}

static void draw_list(const struct page *page)
{
    const struct start *start = page->start;
    const struct rect *body = &page->body;
    int count = (int)start->tune_count;
    if (count == 0) {
        canvas_print(page->canvas, body, 0, 1, ROLE_TEXT, "no tunes yet: n makes one");
        return;
    }
    int rows = body->height - 1 - draw_about(page, &start->tunes[start->row]);
    int first = first_row(count, rows, start->row);
    if (body->width >= WIDE)
        canvas_print(page->canvas, body, 0, 0, ROLE_HEADING,
            "  %-32s %-24s %-20s %4s %-10s %-16s %s", "model", "device", "engine", "done", "state",
            "touched", "back-end");
    else if (body->width >= NARROW)
        canvas_print(page->canvas, body, 0, 0, ROLE_HEADING, "  %-19s %-14s %-18s %4s %-11s %s",
            "model", "device", "engine", "done", "touched", "by");
    else
        canvas_print(
            page->canvas, body, 0, 0, ROLE_HEADING, "  %-19s %-10s %4s", "model", "device", "done");
    for (int y = 0; y < rows && first + y < count; y++)
        draw_tune(page, &start->tunes[first + y], 1 + y, first + y == start->row);
}

/* How much of a text is left out before its last `width` columns: its end is where one types. */
static size_t beyond(const char *text, int width)
{
    size_t length = strlen(text), room = width > 0 ? (size_t)width : 0;
    return length > room ? length - room : 0;
}

static void draw_pick(const struct page *page)
{
    const struct start *start = page->start;
    const struct rect *body = &page->body;
    int rows = body->height - 1, count = 0;
    while (start_match(start, count))
        count++;
    int first = first_row(count, rows, start->pick);
    canvas_print(page->canvas, body, 0, 0, ROLE_TEXT, "model: %s_",
        start->filter + beyond(start->filter, body->width - 8));
    for (int y = 0; y < rows && first + y < count; y++) {
        const struct start_model *model = start_match(start, first + y);
        bool here = first + y == start->pick;
        int room = body->width - (int)sizeof "  recorded, TP4 ";
        int width = room < PICK_NAMES ? room : PICK_NAMES;
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
    const char *value = start->values[field];
    bool typed = here && field != START_MODEL && field != START_EFFORT;
    canvas_print(page->canvas, &page->body, LABEL, y, here ? ROLE_SELECTED : ROLE_TEXT, "%s%s",
        value + beyond(value, page->body.width - LABEL - 1), typed ? "_" : " ");
}

static int field_rows(const struct page *page)
{
    return page->body.height > START_FIELDS + 6 ? START_FIELDS : LEAST_FIELDS;
}

/* What the form comes to stands under its fields. */
static struct rect look_rect(const struct page *page)
{
    const struct rect *body = &page->body;
    int top = field_rows(page) + (field_rows(page) == START_FIELDS);
    return (struct rect){body->x, body->y + top, body->width, body->height - top};
}

static int look_text(const struct page *page, const struct rect *rect, int y)
{
    const struct start_look *look = &page->start->look;
    if (*look->error)
        y += canvas_wrap(page->canvas, rect, 0, y, ROLE_BAD, look->error);
    for (int i = 0; i < look->fact_count; i++) {
        canvas_print(page->canvas, rect, 0, y, ROLE_HEADING, "  %s", look->facts[i].label);
        y += canvas_wrap(page->canvas, rect, LABEL, y, ROLE_TEXT, look->facts[i].text);
    }
    return y;
}

static void draw_form(const struct page *page)
{
    int rows = field_rows(page), first = first_row(START_FIELDS, rows, (int)page->start->field);
    struct rect look = look_rect(page);
    for (int y = 0; y < rows && y < page->body.height; y++)
        draw_field(page, (enum start_field)(first + y), y);
    look_text(page, &look, -page->start->scroll);
}

/* A row's name may be wrapped too, where the column of names is narrow. */
static int help_text(const struct page *page, const struct rect *rect, int y)
{
    int x = rect->width >= NARROW ? 24 : 14;
    struct rect names = {rect->x, rect->y, x - 1, rect->height};
    for (size_t i = 0; i < start_key_count; i++) {
        int left = canvas_wrap(page->canvas, &names, 0, y, ROLE_HEADING, start_keys[i].name);
        int right = canvas_wrap(page->canvas, rect, x, y, ROLE_TEXT, start_keys[i].help);
        y += left > right ? left : right;
    }
    return y;
}

static void draw_help(const struct page *page)
{
    help_text(page, &page->body, -page->start->scroll);
}

/* No further than to the last row of the help, or of what the form comes to. */
static int least_scroll(const struct page *page)
{
    const struct rect nowhere = {0, 0, page->body.width, 0};
    int most = page->start->page == START_HELP
                   ? help_text(page, &nowhere, 0) - page->body.height
                   : look_text(page, &nowhere, 0) - look_rect(page).height;
    most = most > 0 ? most : 0;
    return page->start->scroll < most ? page->start->scroll : most;
}

static void draw_title(const struct page *page)
{
    const struct start *start = page->start;
    struct rect row = {0, 0, page->canvas->width, 1};
    struct phrases line = {0};
    phrases_add(&line, start->page == START_LIST ? 2 : 1, ROLE_TITLE, "moebench");
    if (start->page == START_LIST) {
        bool room = (int)strlen(start->db) + (int)strlen(start->driven) + COUNT < row.width;
        phrases_add(&line, 0, ROLE_TITLE, "%zu tune%s%s%s", start->tune_count,
            start->tune_count == 1 ? "" : "s", room ? " in " : "", room ? start->db : "");
        phrases_add(&line, 1, ROLE_TITLE, "%s", start->driven);
    } else if (start->page == START_HELP) {
        phrases_add(&line, 0, ROLE_TITLE, "keys; Down goes on, Esc leaves");
    } else {
        phrases_add(&line, 0, ROLE_TITLE, "a new tune");
        phrases_add(&line, 2, ROLE_TITLE, "%s", start->here);
    }
    phrases_print(&line, page->canvas, &row, 0, 0);
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

void view_start(struct canvas *canvas, struct start *start)
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
    start->scroll = least_scroll(&page);
    draw[start->page](&page);
    draw_keys(&page);
}
