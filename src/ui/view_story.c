/* SPDX-License-Identifier: MIT */
#include "ui/view.h"

#include <math.h>
#include <stdio.h>

/* Half the interval's width in percent of the median. */
static double spread(const struct cell *cell)
{
    return 50 * (cell->high_us - cell->low_us) / cell->median_us;
}

static void add_timing(const struct view *view, const struct cell *cell, struct text *line)
{
    const struct state *state = view->state;
    if (isnan(cell->median_us)) {
        text_add(line, "  %s",
            cell->status == POINT_OK ? "not measured"
                                     : point_status_name((enum point_status)cell->status));
        return;
    }
    text_add(line, "  %.1f us", cell->median_us);
    if (!isnan(cell->low_us))
        text_add(line, " +-%.1f %%", spread(cell));
    if (cell->status != POINT_OK)
        text_add(line, "  %s", point_status_name((enum point_status)cell->status));
    else
        text_add(line, "  %s",
            board_step_name(
                board_step(cell->median_us, state->digest.best_us[state->gemm][state->m_index])));
}

static void add_registers(const struct kernel_fact *fact, struct text *line)
{
    if (fact->registers > 0)
        text_add(line, "  %d regs", fact->registers);
    if (fact->spill_bytes > 0)
        text_add(line, " spilling");
}

static void add_served(const struct view *view, struct text *line)
{
    int low, high;
    board_served(&view->snapshot->question, view->state->m_index, &low, &high);
    if (high > 0)
        text_add(line, "  serves M %d..%d", low, high);
    else
        text_add(line, "  serves M %d and up", low);
}

static void add_second(const struct view *view, const struct cell *cell, struct text *line)
{
    const struct question *question = &view->snapshot->question;
    const struct state *state = view->state;
    static const char *const verified[] = {"not verified", "verified", "WRONG RESULT"};
    double reached = board_roofline(
        question, state->gemm, question->batch_sizes[state->m_index], cell->median_us);
    if (!isnan(reached))
        text_add(line, "%.0f %% of roofline  ", reached);
    text_add(line, "%s  %d samples", verified[cell->verified], cell->samples);
    add_registers(&view->snapshot->facts[state->gemm][state->tile], line);
    add_served(view, line);
}

void view_story(const struct view *view)
{
    const struct state *state = view->state;
    const struct question *question = &view->snapshot->question;
    const struct rect *rect = &view->layout.story;
    char name[TILE_TEXT_SIZE];
    struct text line = {0}, second = {0};
    if (rect->height < 2 || state->tile < 0)
        return;
    const struct cell *cell = board_cell(view->snapshot, state->gemm, state->m_index, state->tile);
    text_add(&line, "%s %s", gemm_name(state->gemm),
        tile_format(&question->space.tiles[state->tile], name, sizeof name));
    add_timing(view, cell, &line);
    const struct kernel_fact *fact = &view->snapshot->facts[state->gemm][state->tile];
    text_add(&line, "  %s%s B", fact->shared_exact ? "" : "~",
        text_grouped(fact->shared_bytes, name, sizeof name));
    add_second(view, cell, &second);
    canvas_print(view->canvas, rect, 0, 0, ROLE_TITLE, "%s", line.data);
    canvas_print(view->canvas, rect, 0, 1, ROLE_TEXT, "%s", second.data);
    text_free(&line);
    text_free(&second);
}
