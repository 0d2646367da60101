/* SPDX-License-Identifier: MIT */
#include "ui/view.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *view_us(double us, char *buffer, size_t size)
{
    if (isnan(us))
        snprintf(buffer, size, "-");
    else
        snprintf(buffer, size, "%.1f", us);
    return buffer;
}

/* What the figures are, at the right end of the first line whatever the width. */
static const char *origin(const struct snapshot *snapshot)
{
    return snapshot->recorded ? "recorded" : "measured";
}

static int percent(const struct snapshot *snapshot)
{
    long long total = snapshot->points_done + snapshot->points_left;
    return total > 0 ? (int)(100 * snapshot->points_done / total) : 0;
}

static const char *short_device(const struct snapshot *snapshot)
{
    const char *name = snapshot->question.device.name;
    return text_starts_with(name, "NVIDIA ") ? name + 7 : name;
}

static void draw_title(const struct view *view)
{
    const struct snapshot *snapshot = view->snapshot;
    const struct question *question = &snapshot->question;
    const struct rect *rect = &view->layout.title;
    if (view->layout.mode == LAYOUT_LINE) {
        canvas_print(view->canvas, rect, 0, 0, ROLE_TITLE, "%d%% %s %s M=%d %s", percent(snapshot),
            board_state_name(snapshot->state), gemm_name(snapshot->gemm), snapshot->m,
            origin(snapshot));
        return;
    }
    bool roomy = rect->width >= 112;
    canvas_print(view->canvas, rect, 0, 0, ROLE_TITLE,
        "moebench %s TP%d%s%s%s  %s  %s %s  triton %s", question->model, question->tp,
        roomy ? " " : "", roomy ? dtype_name(question->shape.dtype) : "",
        roomy && question->shape.per_channel ? "/channel" : "", short_device(snapshot),
        engine_name(&question->engine), question->engine.version,
        *snapshot->toolchain.triton ? snapshot->toolchain.triton : "-");
    struct rect end = {rect->width - 10, rect->y, 10, 1};
    canvas_print(view->canvas, &end, 0, 0, snapshot->recorded ? ROLE_WARN : ROLE_TITLE, "  %s",
        origin(snapshot));
}

static void draw_bar(const struct view *view, int *column)
{
    const struct rect *rect = &view->layout.progress;
    int width = rect->width >= 120 ? 40 : 10;
    int filled = width * percent(view->snapshot) / 100;
    canvas_print(view->canvas, rect, 0, 0, ROLE_TEXT, "[");
    for (int i = 0; i < width; i++)
        canvas_print(
            view->canvas, rect, 1 + i, 0, i < filled ? ROLE_BAR : ROLE_DIM, i < filled ? "#" : "-");
    *column = 1 + width;
    *column += canvas_print(
        view->canvas, rect, *column, 0, ROLE_TEXT, "] %d %%  ", percent(view->snapshot));
}

static void add_left(struct text *line, double seconds)
{
    if (isnan(seconds))
        return;
    long long left = (long long)seconds;
    if (left >= 3600)
        text_add(line, "  left %lld:%02lld h", left / 3600, left / 60 % 60);
    else
        text_add(line, "  left %lld:%02lld", left / 60, left % 60);
}

static void draw_progress(const struct view *view)
{
    const struct snapshot *snapshot = view->snapshot;
    const struct rect *rect = &view->layout.progress;
    int column = 0;
    char number[32];
    struct text line = {0};
    if (rect->height < 1)
        return;
    draw_bar(view, &column);
    if (*snapshot->error) {
        canvas_print(view->canvas, rect, column, 0, ROLE_BAD, "%s: %s",
            board_state_name(snapshot->state), snapshot->error);
        return;
    }
    bool phase = *snapshot->phase && state_running(snapshot);
    text_add(&line, "%s", phase ? snapshot->phase : board_state_name(snapshot->state));
    if (snapshot->m > 0 && state_running(snapshot))
        text_add(&line, " %s M=%d", gemm_name(snapshot->gemm), snapshot->m);
    if (state_running(snapshot))
        add_left(&line, snapshot->left_s);
    if (snapshot->clock_mhz > 0)
        text_add(&line, "  %s MHz %.0f C",
            text_grouped((long long)snapshot->clock_mhz, number, sizeof number),
            snapshot->temperature_c);
    if (snapshot->worker_restarts > 0)
        text_add(&line, "  restarts %d", snapshot->worker_restarts);
    text_add(&line, "  sentinel %s", snapshot->sentinel_ok ? "ok" : "OFF");
    canvas_print(view->canvas, rect, column, 0, snapshot->sentinel_ok ? ROLE_TEXT : ROLE_WARN, "%s",
        line.data);
    text_free(&line);
}

/* The hints of the key table, as many as fit whole; a notice takes their place. */
static void draw_keys(const struct view *view)
{
    const struct rect *rect = &view->layout.keys;
    int column = 0;
    if (*view->state->notice) {
        canvas_print(view->canvas, rect, 0, 0, ROLE_WARN, "%s", view->state->notice);
        return;
    }
    for (size_t i = 0; i < key_count; i++) {
        const char *hint = key_table[i].hint;
        if (hint && column + (int)strlen(hint) <= rect->width)
            column += canvas_print(view->canvas, rect, column, 0, ROLE_KEY, "%s  ", hint);
    }
}

void view_draw(struct canvas *canvas, const struct snapshot *snapshot, const struct state *state)
{
    struct view view = {canvas, snapshot, state, {0}};
    const struct space *space = &snapshot->question.space;
    int memory_rows = state->fixed == AXIS_BM ? 1 : space->value_count[AXIS_BM];
    struct rect all = {0, 0, canvas->width, canvas->height};
    canvas_fill(canvas, &all, ' ', ROLE_TEXT);
    layout_compute(canvas->width, canvas->height, state->grid.rows, memory_rows,
        state->grid.columns, &view.layout);
    draw_title(&view);
    view_list(&view);
    view_maps(&view);
    view_story(&view);
    view_detail(&view);
    draw_progress(&view);
    draw_keys(&view);
    view_overlay(&view);
}
