/* SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "tuner/export.h"
#include "ui/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rect view_frame(const struct view *view, const char *title, int width, int height)
{
    const struct canvas *canvas = view->canvas;
    struct rect frame = {0, 0, width + 4, height + 2};
    frame.width = frame.width > canvas->width ? canvas->width : frame.width;
    /* The last row keeps its notices. */
    frame.height = frame.height >= canvas->height ? canvas->height - 1 : frame.height;
    frame.x = (canvas->width - frame.width) / 2;
    frame.y = (canvas->height - frame.height) / 2;
    canvas_fill(view->canvas, &frame, ' ', ROLE_DIALOG);
    int right = frame.x + frame.width - 1, bottom = frame.y + frame.height - 1;
    for (int x = frame.x; x <= right; x++) {
        canvas_put(view->canvas, x, frame.y, '-', ROLE_DIALOG);
        canvas_put(view->canvas, x, bottom, '-', ROLE_DIALOG);
    }
    for (int y = frame.y; y <= bottom; y++) {
        char edge = y == frame.y || y == bottom ? '+' : '|';
        canvas_put(view->canvas, frame.x, y, edge, ROLE_DIALOG);
        canvas_put(view->canvas, right, y, edge, ROLE_DIALOG);
    }
    canvas_print(view->canvas, &frame, 2, 0, ROLE_TITLE, " %s ", title);
    return (struct rect){frame.x + 2, frame.y + 1, frame.width - 4, frame.height - 2};
}

/* One place's keys from row y on; returns the row after them. */
static int draw_key_list(
    const struct view *view, const struct rect *inside, int y, struct key_list list)
{
    if (list.title) {
        canvas_print(view->canvas, inside, 0, y + 1, ROLE_TITLE, "%s", list.title);
        y += 2;
    }
    for (size_t i = 0; i < list.count; i++) {
        if (!list.entries[i].name)
            continue;
        canvas_print(view->canvas, inside, 0, y, ROLE_HEADING, "%s", list.entries[i].name);
        canvas_print(view->canvas, inside, 16, y++, ROLE_TEXT, "%s", list.entries[i].help);
    }
    return y;
}

static int help_rows(void)
{
    int rows = 0;
    for (int place = 0; place < PLACE_COUNT; place++) {
        struct key_list list = key_list((enum key_place)place);
        rows += list.title ? 2 : 0;
        for (size_t i = 0; i < list.count; i++)
            rows += list.entries[i].name != NULL;
    }
    return rows;
}

static void draw_help(const struct view *view)
{
    int rows = help_rows();
    struct rect inside = view_frame(view, "keys; Down goes on, Esc leaves", 74, rows);
    int most = rows > inside.height ? rows - inside.height : 0;
    int y = -(view->state->scroll > most ? most : view->state->scroll);
    for (int place = 0; place < PLACE_COUNT; place++)
        y = draw_key_list(view, &inside, y, key_list((enum key_place)place));
}

static void draw_log(const struct view *view)
{
    struct rect inside =
        view_frame(view, "log; Esc leaves", view->canvas->width - 8, view->canvas->height - 4);
    int count = (int)view->state->past.event_count, scroll = view->state->scroll;
    if (*view->snapshot->error && !view->snapshot->planned) {
        int lines = canvas_wrap(view->canvas, &inside, 0, 0, ROLE_BAD, view->snapshot->error) + 1;
        inside.y += lines;
        inside.height -= lines;
    }
    if (view->snapshot->planned)
        view_plan_log(view, &inside);
    else if (inside.height <= 0)
        return;
    else if (count == 0)
        canvas_print(view->canvas, &inside, 0, 0, ROLE_DIM, "nothing yet");
    else
        view_events(view, &inside, scroll < count ? scroll : count - 1);
}

/* What the files will hold, or why there will be none. */
static void describe_export(const struct snapshot *snapshot, char *buffer, size_t size)
{
    struct export_set *set = xcalloc(1, sizeof *set);
    struct export_result result;
    struct error why = {0};
    export_set_seen(set, snapshot);
    char *summary = export_look(set, &result, &why) ? export_summary(&result) : NULL;
    snprintf(buffer, size, "%s", summary ? summary : why.text);
    free(summary);
    export_result_free(&result);
    free(set);
}

static void draw_export(const struct view *view)
{
    struct rect inside =
        view_frame(view, "export; Enter writes, Esc leaves", view->canvas->width - 8, 8);
    char holds[256];
    int y = 0;
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++) {
        const char *path = view->state->export_paths[gemm];
        if (path)
            y += canvas_wrap(view->canvas, &inside, 0, y, ROLE_TEXT, path);
    }
    describe_export(view->snapshot, holds, sizeof holds);
    y += canvas_wrap(view->canvas, &inside, 0, y, ROLE_TITLE, holds);
    if (view->snapshot->recorded)
        canvas_print(view->canvas, &inside, 0, y, ROLE_WARN, "recorded on %s: not this machine's",
            view->snapshot->question.device.name);
}

static void draw_quit(const struct view *view)
{
    struct rect inside = view_frame(view, "quit?", 56, 2);
    canvas_print(
        view->canvas, &inside, 0, 0, ROLE_TEXT, "A tune runs. Everything measured is kept.");
    canvas_print(
        view->canvas, &inside, 0, 1, ROLE_TEXT, "Enter or y: stop and quit; n or Esc: stay");
}

void view_overlay(const struct view *view)
{
    static void (*const draw[])(const struct view *view) = {
        [OVERLAY_HELP] = draw_help,
        [OVERLAY_LOG] = draw_log,
        [OVERLAY_EDIT] = view_edit,
        [OVERLAY_AB_ASK] = view_ab_ask,
        [OVERLAY_AB] = view_ab,
        [OVERLAY_EXPORT] = draw_export,
        [OVERLAY_QUIT] = draw_quit,
    };
    if (view->state->overlay != OVERLAY_NONE && view->layout.mode != LAYOUT_LINE)
        draw[view->state->overlay](view);
}
