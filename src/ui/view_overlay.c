/* SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "tuner/export.h"
#include "ui/legend.h"
#include "ui/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELP_WIDTH 74
#define HELP_NAMES 16 /* columns of them */
#define NARROW 64     /* under it frames take all of the width */

int view_frame_width(const struct view *view)
{
    int width = view->canvas->width;
    return width < NARROW ? width : width - 8;
}

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

/* One row of the help; returns the row after it. */
static int help_row(
    const struct view *view, const struct rect *inside, int y, const char *name, const char *text)
{
    canvas_print(view->canvas, inside, 0, y, ROLE_HEADING, "%s", name);
    return y + canvas_wrap(view->canvas, inside, HELP_NAMES, y, ROLE_TEXT, text);
}

static int help_title(const struct view *view, const struct rect *inside, int y, const char *title)
{
    canvas_print(view->canvas, inside, 0, y + 1, ROLE_TITLE, "%s", title);
    return y + 2;
}

static int help_keys(
    const struct view *view, const struct rect *inside, int y, struct key_list list)
{
    if (list.title)
        y = help_title(view, inside, y, list.title);
    for (size_t i = 0; i < list.count; i++)
        if (list.entries[i].name)
            y = help_row(view, inside, y, list.entries[i].name, list.entries[i].help);
    return y;
}

static int help_legend(const struct view *view, const struct rect *inside, int y)
{
    y = help_title(view, inside, y, legend_title);
    for (size_t i = 0; i < legend_count; i++)
        y = help_row(view, inside, y, legend_rows[i].name, legend_rows[i].meaning);
    return y;
}

/* All of it from row y on; returns the row after it. */
static int help_text(const struct view *view, const struct rect *inside, int y)
{
    for (int place = 0; place < PLACE_COUNT; place++) {
        y = help_keys(view, inside, y, key_list((enum key_place)place));
        if (place == PLACE_MAIN)
            y = help_legend(view, inside, y);
    }
    return y;
}

static int help_rows(const struct view *view, int width)
{
    const struct rect nowhere = {0, 0, width, 0};
    return help_text(view, &nowhere, 0);
}

static struct rect help_frame(const struct view *view)
{
    int room = view->canvas->width - 4, width = room < HELP_WIDTH ? room : HELP_WIDTH;
    return view_frame(view, "keys; Down goes on, Esc leaves", width, help_rows(view, width));
}

static void draw_help(const struct view *view)
{
    struct rect inside = help_frame(view);
    help_text(view, &inside, -view->state->scroll);
}

/* The log's frame and what stands above its events. */
static struct rect log_frame(const struct view *view)
{
    struct rect inside = view_frame(
        view, "log; Up goes back, Esc leaves", view_frame_width(view), view->canvas->height - 4);
    if (*view->snapshot->error && !view->snapshot->planned) {
        int lines = canvas_wrap(view->canvas, &inside, 0, 0, ROLE_BAD, view->snapshot->error) + 1;
        inside.y += lines;
        inside.height -= lines;
    }
    return inside;
}

static void draw_log(const struct view *view)
{
    struct rect inside = log_frame(view);
    if (view->snapshot->planned)
        view_plan_log(view, &inside);
    else if (inside.height <= 0)
        return;
    else if (view->state->past.event_count == 0)
        canvas_print(view->canvas, &inside, 0, 0, ROLE_DIM, "nothing yet");
    else
        view_events(view, &inside, view->state->scroll);
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

/* Where a path's last part begins. */
static int name_at(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (int)(slash + 1 - path) : 0;
}

/* The files as the export will name them: by the Triton that was timed with, once that is known. */
static int draw_files(const struct view *view, const struct rect *inside, int y)
{
    const struct snapshot *snapshot = view->snapshot;
    const struct question *question = &snapshot->question;
    const char *triton = *snapshot->toolchain.triton ? snapshot->toolchain.triton
                                                     : engine_pinned_triton(&question->engine);
    for (int gemm = 0, first = y; gemm < GEMM_COUNT; gemm++) {
        char *path = question->gemms[gemm] ? export_path(question, triton, (enum gemm)gemm) : NULL;
        if (!path)
            continue;
        if (y == first)
            y += canvas_wrap_print(view->canvas, inside, 0, y, ROLE_TEXT, "%s/%.*s",
                view->state->out, name_at(path), path);
        y += canvas_wrap(view->canvas, inside, 0, y, ROLE_TEXT, path + name_at(path));
        free(path);
    }
    return y;
}

static void draw_export(const struct view *view)
{
    struct rect inside =
        view_frame(view, "export; Enter writes, Esc leaves", view_frame_width(view), 8);
    char holds[256];
    describe_export(view->snapshot, holds, sizeof holds);
    int y = canvas_wrap(view->canvas, &inside, 0, 0, ROLE_TITLE, holds);
    if (view->snapshot->recorded)
        y += canvas_wrap(
            view->canvas, &inside, 0, y, ROLE_WARN, "recorded: not this machine's figures");
    draw_files(view, &inside, y);
}

static void draw_quit(const struct view *view)
{
    struct rect inside = view_frame(view, "quit?", 56, view->canvas->width < 60 ? 4 : 2);
    int y = canvas_wrap(view->canvas, &inside, 0, 0, ROLE_TEXT,
        view->snapshot->ab.running ? "An A/B runs. Quitting stops it."
                                   : "A tune runs. Everything measured is kept.");
    canvas_wrap(
        view->canvas, &inside, 0, y, ROLE_TEXT, "Enter or y: stop and quit; n or Esc: stay");
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

/* The furthest that scrolling shows anything new. */
static int scroll_most(const struct view *view)
{
    struct rect inside;
    int most = 0;
    if (view->state->overlay == OVERLAY_HELP) {
        inside = help_frame(view);
        most = help_rows(view, inside.width) - inside.height;
    } else if (view->state->overlay == OVERLAY_LOG && !view->snapshot->planned) {
        inside = log_frame(view);
        most = view_events_over(view, &inside);
    }
    return most > 0 ? most : 0;
}

int view_scroll(const struct view *view)
{
    int most = scroll_most(view);
    return view->state->scroll > most ? most : view->state->scroll;
}
