/* SPDX-License-Identifier: MIT */
#include "ui/phrase.h"
#include "ui/plot.h"
#include "ui/view.h"

#include <math.h>

#define STORY_PLOT 14

/* Half the interval's width in percent of the median. */
static double spread(const struct cell *cell)
{
    return 50 * (cell->high_us - cell->low_us) / cell->median_us;
}

static void add_timing(const struct view *view, const struct cell *cell, struct phrases *line)
{
    const struct state *state = view->state;
    const char *status = point_status_name((enum point_status)cell->status);
    if (isnan(cell->median_us)) {
        phrases_add(line, 0, ROLE_TITLE, "%s", cell->status == POINT_OK ? "not measured" : status);
        return;
    }
    if (isnan(cell->low_us) || view->layout.mode == LAYOUT_LIST)
        phrases_add(line, 0, ROLE_TITLE, "%.1f us", cell->median_us);
    else
        phrases_add(line, 0, ROLE_TITLE, "%.1f us +-%.1f %%", cell->median_us, spread(cell));
    double ratio = cell->median_us / state->digest.best_us[state->gemm][state->m_index];
    if (cell->status != POINT_OK)
        phrases_add(line, 1, ROLE_TITLE, "%s", status);
    else if (ratio <= 1)
        phrases_add(line, 1, ROLE_TITLE, "best");
    else if (ratio < 2)
        phrases_add(line, 1, ROLE_TITLE, "%.1f %% off best", 100 * (ratio - 1));
    else
        phrases_add(line, 1, ROLE_TITLE, "%.1fx best", ratio);
}

static void add_kernel(const struct kernel_fact *fact, struct phrases *line)
{
    char number[32];
    phrases_add(line, 2, ROLE_TITLE, "%s%s B", fact->shared_exact ? "" : "~",
        text_grouped(fact->shared_bytes, number, sizeof number));
    if (fact->registers > 0)
        phrases_add(line, 3, ROLE_TITLE, "%d regs", fact->registers);
    if (fact->spill_bytes > 0)
        phrases_add(line, 2, ROLE_TITLE, "spills");
    else if (fact->spill_bytes == 0 && fact->registers > 0)
        phrases_add(line, 4, ROLE_TITLE, "no spill");
}

static void add_samples(const struct view *view, const struct cell *cell, struct phrases *line)
{
    const struct past *past = &view->state->past;
    struct plot plot = {0};
    phrases_add(line, 1, ROLE_TEXT, "%d sample%s", cell->samples, cell->samples == 1 ? "" : "s");
    if (state_knows_cell(view->state, view->snapshot))
        plot_samples(past->samples, past->sample_count, STORY_PLOT, &plot);
    if (*plot.line)
        phrases_add(line, 2, ROLE_TEXT, "[%s]", plot.line);
}

static void add_trust(const struct view *view, const struct cell *cell, struct phrases *line)
{
    static const struct {
        const char *text;
        enum role role;
    } verified[] = {
        {"not verified", ROLE_DIM}, {"verified", ROLE_GOOD}, {"WRONG RESULT", ROLE_BAD}};
    const struct state *state = view->state;
    const struct question *question = &view->snapshot->question;
    double reached = board_roofline(
        question, state->gemm, question->batch_sizes[state->m_index], cell->median_us);
    if (!isnan(reached))
        phrases_add(line, 2, ROLE_TEXT, "%.0f %% of roofline", reached);
    phrases_add(line, 1, verified[cell->verified].role, "%s", verified[cell->verified].text);
}

void view_story(const struct view *view)
{
    const struct state *state = view->state;
    const struct rect *rect = &view->layout.story;
    char name[TILE_TEXT_SIZE];
    struct phrases first = {0}, second = {0};
    if (rect->height < 1 || state->tile < 0)
        return;
    const struct cell *cell = board_cell(view->snapshot, state->gemm, state->m_index, state->tile);
    tile_format(&view->snapshot->question.space.tiles[state->tile], name, sizeof name);
    if (rect->height < 2)
        phrases_add(&first, 2, ROLE_TITLE, "%s", gemm_name(state->gemm));
    phrases_add(&first, 0, ROLE_TITLE, "%s%s%s", rect->height < 2 ? "" : gemm_name(state->gemm),
        rect->height < 2 ? "" : " ", name);
    add_timing(view, cell, &first);
    add_kernel(&view->snapshot->facts[state->gemm][state->tile], &first);
    if (view->snapshot->planned) {
        view_plan_entry(view, state->gemm, &second);
    } else {
        add_trust(view, cell, &second);
        add_samples(view, cell, &second);
    }
    phrases_add(&second, 3, ROLE_TEXT, "serves M %s", view_served(view, name, sizeof name));
    phrases_print(&first, view->canvas, rect, 0, 0);
    phrases_print(&second, view->canvas, rect, 0, 1);
}
