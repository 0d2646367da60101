/* SPDX-License-Identifier: MIT */
#include "domain/smem.h"
#include "ui/view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* An empty frame in the middle, no larger than the window; returns what is inside. */
static struct rect open_frame(const struct view *view, const char *title, int width, int height)
{
    const struct canvas *canvas = view->canvas;
    struct rect frame = {0, 0, width + 4, height + 2};
    frame.width = frame.width > canvas->width ? canvas->width : frame.width;
    frame.height = frame.height > canvas->height ? canvas->height : frame.height;
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

static void draw_help(const struct view *view)
{
    struct rect inside = open_frame(view, "keys; Esc leaves", 74, (int)key_count + 3);
    int rows = 0;
    for (size_t i = 0; i < key_count; i++)
        rows += key_table[i].name != NULL;
    int most = rows > inside.height ? rows - inside.height : 0;
    int y = -(view->state->scroll > most ? most : view->state->scroll);
    for (size_t i = 0; i < key_count; i++) {
        if (!key_table[i].name)
            continue;
        canvas_print(view->canvas, &inside, 0, y, ROLE_HEADING, "%s", key_table[i].name);
        canvas_print(view->canvas, &inside, 16, y++, ROLE_TEXT, "%s", key_table[i].help);
    }
}

static void draw_log(const struct view *view)
{
    struct rect inside =
        open_frame(view, "log; Esc leaves", view->canvas->width - 8, view->canvas->height - 4);
    int count = (int)view->state->past.event_count, scroll = view->state->scroll;
    if (count == 0)
        canvas_print(view->canvas, &inside, 0, 0, ROLE_DIM, "nothing yet");
    else
        view_events(view, &inside, scroll < count ? scroll : count - 1);
}

/* What the numbers in the editor would mean. */
static void draw_consequences(const struct view *view, const struct rect *inside)
{
    const struct snapshot *snapshot = view->snapshot;
    const struct question *question = &snapshot->question;
    const struct state *state = view->state;
    const struct tile *tile = &state->editor.tile;
    struct error err = {0};
    char used[32], limit[32];
    int low, high, known = board_tile_index(&question->space, tile);
    struct smem smem =
        smem_estimate(&question->engine, &question->shape, question->device.arch, tile);
    if (known >= 0)
        smem.bytes = snapshot->facts[state->gemm][known].shared_bytes;
    bool fits = smem.bytes <= question->device.smem_limit;
    if (!tile_legal(tile, &err)) {
        canvas_print(view->canvas, inside, 0, 3, ROLE_BAD, "%s", err.text);
    } else {
        canvas_print(view->canvas, inside, 0, 3, fits ? ROLE_GOOD : ROLE_BAD,
            "shared memory %s of %s B: %s", text_grouped(smem.bytes, used, sizeof used),
            text_grouped(question->device.smem_limit, limit, sizeof limit),
            fits ? "fits" : "does NOT fit, the server would fail");
    }
    if (known >= 0) {
        const struct cell *cell = board_cell(snapshot, state->gemm, state->m_index, known);
        canvas_print(view->canvas, inside, 0, 4, ROLE_TEXT, "%s us, %d registers, %s",
            view_us(cell->median_us, used, sizeof used),
            snapshot->facts[state->gemm][known].registers,
            cell->verified == 1 ? "verified" : "not verified");
    } else {
        canvas_print(view->canvas, inside, 0, 4, ROLE_WARN, "outside of this tune's space");
    }
    enum gemm other = state->gemm == GEMM_UP ? GEMM_DOWN : GEMM_UP;
    const struct choice *choice = &snapshot->choices[other][state->m_index];
    if (choice->chosen && choice->tile.block_m != tile->block_m)
        canvas_print(view->canvas, inside, 0, 5, ROLE_WARN, "%s has BM%d: both must agree",
            gemm_name(other), choice->tile.block_m);
    board_served(question, state->m_index, &low, &high);
    canvas_print(view->canvas, inside, 0, 6, ROLE_TEXT,
        high > 0 ? "serves M %d..%d" : "serves M %d and up", low, high);
}

static void draw_editor(const struct view *view)
{
    const struct state *state = view->state;
    struct rect inside = open_frame(view, "edit; Enter takes, u undoes, Esc leaves", 56, 7);
    canvas_print(view->canvas, &inside, 0, 0, ROLE_TITLE, "%s M=%d", gemm_name(state->gemm),
        view->snapshot->question.batch_sizes[state->m_index]);
    int x = 0;
    for (int axis = 0; axis < AXIS_COUNT; axis++)
        x += canvas_print(view->canvas, &inside, x, 1,
            axis == (int)state->editor.axis ? ROLE_SELECTED : ROLE_TEXT, " %s %d ",
            space_axis_name((enum space_axis)axis),
            editor_get(&state->editor, (enum space_axis)axis));
    draw_consequences(view, &inside);
}

/* A long text over as many rows as it needs; returns the row after it. */
static int print_wrapped(
    const struct view *view, const struct rect *inside, int y, enum role role, const char *text)
{
    size_t length = strlen(text), step = inside->width > 0 ? (size_t)inside->width : length + 1;
    for (size_t at = 0; at < length; at += step)
        canvas_print(view->canvas, inside, 0, y++, role, "%s", text + at);
    return y;
}

static void draw_export(const struct view *view)
{
    struct rect inside =
        open_frame(view, "export; Enter writes, Esc leaves", view->canvas->width - 8, 8);
    int y = 0;
    int settled[GEMM_COUNT] = {0};
    const struct question *question = &view->snapshot->question;
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++) {
        const char *path = view->state->export_paths[gemm];
        if (path)
            y = print_wrapped(view, &inside, y, ROLE_TEXT, path);
        for (int m = 0; m < question->batch_size_count; m++)
            settled[gemm] += view->snapshot->choices[gemm][m].settled;
    }
    canvas_print(view->canvas, &inside, 0, y++, ROLE_TITLE, "%d of %d batch sizes are settled",
        settled[question->gemms[GEMM_UP] ? GEMM_UP : GEMM_DOWN], question->batch_size_count);
    if (view->snapshot->recorded)
        canvas_print(view->canvas, &inside, 0, y, ROLE_WARN, "recorded on %s: not this machine's",
            view->snapshot->question.device.name);
}

static void draw_quit(const struct view *view)
{
    struct rect inside = open_frame(view, "quit?", 56, 2);
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
        [OVERLAY_EDIT] = draw_editor,
        [OVERLAY_EXPORT] = draw_export,
        [OVERLAY_QUIT] = draw_quit,
    };
    if (view->state->overlay != OVERLAY_NONE && view->layout.mode != LAYOUT_LINE)
        draw[view->state->overlay](view);
}
