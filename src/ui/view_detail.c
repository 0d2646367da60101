/* SPDX-License-Identifier: MIT */
#include "ui/view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define BEST_SHOWN 10

/* The fastest tiles of the M in sight, best first; returns how many. */
static int find_best(const struct view *view, int best[BEST_SHOWN])
{
    const struct snapshot *snapshot = view->snapshot;
    const struct state *state = view->state;
    int count = 0;
    for (int tile = 0; tile < (int)snapshot->question.space.count; tile++) {
        const struct cell *cell = board_cell(snapshot, state->gemm, state->m_index, tile);
        if (isnan(cell->median_us) || cell->status != POINT_OK)
            continue;
        int at = count < BEST_SHOWN ? count++ : BEST_SHOWN;
        while (at > 0 &&
               cell->median_us <
                   board_cell(snapshot, state->gemm, state->m_index, best[at - 1])->median_us) {
            if (at < BEST_SHOWN)
                best[at] = best[at - 1];
            at--;
        }
        if (at < BEST_SHOWN)
            best[at] = tile;
    }
    return count;
}

static int draw_best(const struct view *view, int y)
{
    const struct snapshot *snapshot = view->snapshot;
    const struct state *state = view->state;
    const struct rect *rect = &view->layout.detail;
    int best[BEST_SHOWN];
    int count = find_best(view, best);
    canvas_print(view->canvas, rect, 1, y++, ROLE_HEADING, "fastest %s tiles at M=%d",
        gemm_name(state->gemm), snapshot->question.batch_sizes[state->m_index]);
    for (int i = 0; i < count; i++) {
        const struct cell *cell = board_cell(snapshot, state->gemm, state->m_index, best[i]);
        double ratio = cell->median_us / state->digest.best_us[state->gemm][state->m_index];
        char name[TILE_TEXT_SIZE];
        canvas_print(view->canvas, rect, 1, y++, (enum role)(ROLE_STEP0 + board_step(ratio, 1.0)),
            "%9.1f %+5.1f%%  %s", cell->median_us, 100 * (ratio - 1),
            tile_format(&snapshot->question.space.tiles[best[i]], name, sizeof name));
    }
    return y + 1;
}

static int draw_choice(const struct view *view, enum gemm gemm, int y)
{
    const struct choice *choice = &view->snapshot->choices[gemm][view->state->m_index];
    const struct rect *rect = &view->layout.detail;
    char name[TILE_TEXT_SIZE], us[32], interval[48] = "";
    canvas_print(view->canvas, rect, 1, y++, ROLE_HEADING, "entry of %s", gemm_name(gemm));
    if (!choice->chosen) {
        canvas_print(view->canvas, rect, 1, y++, ROLE_DIM, "none yet");
        return y + 1;
    }
    canvas_print(
        view->canvas, rect, 1, y++, ROLE_TEXT, "%s", tile_format(&choice->tile, name, sizeof name));
    if (!isnan(choice->low_us)) /* too few samples for one so far */
        snprintf(interval, sizeof interval, " [%.1f, %.1f]", choice->low_us, choice->high_us);
    canvas_print(view->canvas, rect, 1, y++, ROLE_TEXT, "%s us%s%s",
        view_us(choice->median_us, us, sizeof us), interval,
        choice->default_fits ? "" : ", the default does not fit");
    if (!isnan(choice->default_us))
        canvas_print(view->canvas, rect, 1, y++, ROLE_TEXT, "default %.1f us: %s",
            choice->default_us, tile_format(&choice->default_tile, name, sizeof name));
    canvas_print(view->canvas, rect, 1, y++, choice->settled ? ROLE_GOOD : ROLE_DIM, "%s by %s%s",
        choice->settled ? "settled" : "so far", choice_source_name(choice->source),
        choice->verified ? ", verified" : "");
    if (*choice->reason)
        canvas_print(view->canvas, rect, 1, y++, ROLE_DIM, "%s", choice->reason);
    return y + 1;
}

/* What digits and letters of the maps mean. */
static void draw_legend(const struct view *view, int y)
{
    const struct rect *rect = &view->layout.detail;
    canvas_print(view->canvas, rect, 1, y++, ROLE_HEADING, "steps, against the best of this M");
    for (int step = 0; step <= 8; step++) {
        canvas_print(view->canvas, rect, 1, y, (enum role)(ROLE_STEP0 + step), "%d", step);
        canvas_print(view->canvas, rect, 3, y++, ROLE_TEXT, "%s", board_step_name(step));
    }
    canvas_print(
        view->canvas, rect, 1, y++, ROLE_TEXT, "x does not fit  ! failed  w wrong  . unmeasured");
    canvas_print(view->canvas, rect, 1, y, ROLE_TEXT, "d default  o chosen  > running now");
}

static void draw_log(const struct view *view)
{
    const struct rect *rect = &view->layout.log;
    int rows = rect->height - 1;
    const struct past *past = &view->state->past;
    int count = (int)past->event_count, first = count > rows ? count - rows : 0;
    canvas_print(view->canvas, rect, 0, 0, ROLE_HEADING, "log");
    for (int i = 0; i < rows && first + i < count; i++)
        canvas_print(view->canvas, rect, 0, 1 + i, ROLE_DIM, "%s", past->events[first + i].text);
}

void view_detail(const struct view *view)
{
    if (view->layout.log.height > 1)
        draw_log(view);
    if (view->layout.detail.height < 1)
        return;
    int y = draw_best(view, 0);
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++)
        if (view->snapshot->question.gemms[gemm])
            y = draw_choice(view, (enum gemm)gemm, y);
    draw_legend(view, y);
}
