/* SPDX-License-Identifier: MIT */
#include "tuner/choices.h"
#include "ui/plot.h"
#include "ui/view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define BEST_SHOWN 20
#define LEGEND_ROWS 6
#define PLOT_SHOWN 32
#define HISTORY_SHOWN 4
#define ABS_SHOWN 2

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

static void draw_facts(const struct view *view, int tile, int y)
{
    const struct state *state = view->state;
    const struct cell *cell = board_cell(view->snapshot, state->gemm, state->m_index, tile);
    const struct kernel_fact *fact = &view->snapshot->facts[state->gemm][tile];
    char bytes[32];
    canvas_print(view->canvas, &view->layout.detail, 48, y, ROLE_TEXT, "%8s %5d %8d  %s",
        text_grouped(fact->shared_bytes, bytes, sizeof bytes), fact->registers, cell->samples,
        fact->spill_bytes > 0 ? "spills"
        : cell->verified == 1 ? "verified"
                              : "");
}

/* As many of the fastest as `rows` hold, under a heading. */
static void draw_best(const struct view *view, int y, int rows)
{
    const struct snapshot *snapshot = view->snapshot;
    const struct state *state = view->state;
    const struct rect *rect = &view->layout.detail;
    int best[BEST_SHOWN];
    int count = find_best(view, best);
    if (count == 0 || rows < 2)
        return;
    canvas_print(view->canvas, rect, 1, y++, ROLE_HEADING, "fastest %s tiles at M=%d, us",
        gemm_name(state->gemm), snapshot->question.batch_sizes[state->m_index]);
    if (rect->width >= LAYOUT_DETAIL)
        canvas_print(view->canvas, rect, 48, y - 1, ROLE_HEADING, "shared B  regs  samples");
    for (int i = 0; i < count && i < rows - 1; i++, y++) {
        const struct cell *cell = board_cell(snapshot, state->gemm, state->m_index, best[i]);
        double ratio = cell->median_us / state->digest.best_us[state->gemm][state->m_index];
        char name[TILE_TEXT_SIZE];
        canvas_print(view->canvas, rect, 1, y, (enum role)(ROLE_STEP0 + board_step(ratio, 1.0)),
            "%9.1f %+6.1f%%  %-28s", cell->median_us, 100 * (ratio - 1),
            tile_format(&snapshot->question.space.tiles[best[i]], name, sizeof name));
        if (rect->width >= LAYOUT_DETAIL)
            draw_facts(view, best[i], y);
    }
}

static const char *plural(int count)
{
    return count == 1 ? "" : "s";
}

/* " [1.0, 2.0]", "" while there are too few samples for one. */
static void interval_text(double low, double high, char *buffer, size_t size)
{
    *buffer = '\0';
    if (!isnan(low))
        snprintf(buffer, size, " [%.1f, %.1f]", low, high);
}

/* When and by what the cell was measured, and its samples. */
static int draw_provenance(const struct view *view, int y)
{
    const struct past *past = &view->state->past;
    const struct rect *rect = &view->layout.detail;
    struct text line = {0};
    struct plot plot;
    char at[32];
    if (past->chunks == 0)
        return y;
    plot_samples(past->samples, past->sample_count, PLOT_SHOWN, &plot);
    if (*plot.line)
        canvas_print(view->canvas, rect, 1, y++, ROLE_TEXT, "%.1f [%s] %.1f", (double)plot.low,
            plot.line, (double)plot.high);
    text_add(&line, "%s, %zu chunk%s", view_when(past->time, at, sizeof at), past->chunks,
        plural((int)past->chunks));
    if (past->suspect_chunks > 0)
        text_add(&line, ", %zu suspect", past->suspect_chunks);
    text_add(&line, ", %s", past->method);
    if (past->sm_mhz > 0)
        text_add(&line, ", %.0f MHz", past->sm_mhz);
    if (past->temperature_c > 0)
        text_add(&line, " %.0f C", past->temperature_c);
    y += canvas_wrap(
        view->canvas, rect, 1, y, past->suspect_chunks > 0 ? ROLE_WARN : ROLE_TEXT, line.data);
    text_free(&line);
    if (past->build.id > 0)
        y += canvas_wrap_print(view->canvas, rect, 1, y, ROLE_DIM,
            "sm_%d, %s %s, triton %s, ptxas %s", past->build.arch, past->build.engine,
            past->build.engine_version, past->build.triton, past->build.ptxas);
    return y;
}

/* The kernel under the cursor against the card's limits. */
static int draw_kernel(const struct view *view, int y)
{
    const struct state *state = view->state;
    const struct kernel_fact *fact = &view->snapshot->facts[state->gemm][state->tile];
    const struct rect *rect = &view->layout.detail;
    char used[32], limit[32];
    char registers[32] = "", spills[32] = "";
    if (fact->registers > 0)
        snprintf(registers, sizeof registers, ", %d registers", fact->registers);
    if (fact->spill_bytes > 0)
        snprintf(spills, sizeof spills, ", spills %d B", fact->spill_bytes);
    bool fits = board_fits(view->snapshot, state->gemm, state->tile);
    return y + canvas_wrap_print(view->canvas, rect, 1, y,
                   !fits     ? ROLE_BAD
                   : *spills ? ROLE_WARN
                             : ROLE_TEXT,
                   "%s%s of %s B shared%s%s", fact->shared_exact ? "" : "~",
                   text_grouped(fact->shared_bytes, used, sizeof used),
                   text_grouped(view->snapshot->question.device.smem_limit, limit, sizeof limit),
                   registers, spills);
}

static int draw_cell(const struct view *view, int y)
{
    const struct state *state = view->state;
    const struct rect *rect = &view->layout.detail;
    char name[TILE_TEXT_SIZE], interval[48];
    if (state->tile < 0)
        return y;
    const struct cell *cell = board_cell(view->snapshot, state->gemm, state->m_index, state->tile);
    canvas_print(view->canvas, rect, 1, y++, ROLE_HEADING, "%s",
        tile_format(&view->snapshot->question.space.tiles[state->tile], name, sizeof name));
    if (!isnan(cell->median_us)) {
        interval_text(cell->low_us, cell->high_us, interval, sizeof interval);
        y += canvas_wrap_print(view->canvas, rect, 1, y, ROLE_TEXT, "%.1f us%s, %d sample%s",
            (double)cell->median_us, interval, cell->samples, plural(cell->samples));
    }
    y = draw_kernel(view, y);
    if (state_knows_cell(state, view->snapshot))
        y = draw_provenance(view, y);
    return y + 1;
}

/* Who chose what, latest first, and what the A/Bs said. */
static int draw_history(const struct view *view, int y)
{
    const struct past *past = &view->state->past;
    const struct rect *rect = &view->layout.detail;
    char at[32], name[TILE_TEXT_SIZE];
    for (size_t i = 0; i < past->ab_count && i < ABS_SHOWN; i++)
        y += canvas_wrap_print(view->canvas, rect, 1, y, ROLE_TEXT,
            "%s A/B: %s %s than %s, %+.1f %% [%.1f, %.1f]",
            view_when(past->abs[i].time, at, sizeof at), past->abs[i].b_label, past->abs[i].verdict,
            past->abs[i].a_label, past->abs[i].effect_pct, past->abs[i].low_pct,
            past->abs[i].high_pct);
    for (size_t i = 0; i < past->history_count && i < HISTORY_SHOWN; i++) {
        const struct store_choice *choice = &past->history[i];
        char us[32] = "";
        if (!isnan(choice->median_us))
            snprintf(us, sizeof us, " %.1f us", choice->median_us);
        y += canvas_wrap_print(view->canvas, rect, 1, y, ROLE_DIM, "%s %s: %s%s",
            view_when(choice->time, at, sizeof at), choice_source_name(choice->source),
            choices_text(choice, name), us);
    }
    return y;
}

static int draw_choice(const struct view *view, enum gemm gemm, int y)
{
    const struct choice *choice = &view->snapshot->choices[gemm][view->state->m_index];
    const struct rect *rect = &view->layout.detail;
    char name[TILE_TEXT_SIZE], us[32], served[32], interval[48];
    canvas_print(view->canvas, rect, 1, y++, ROLE_HEADING, "entry of %s, serves M %s",
        gemm_name(gemm), view_served(view, served, sizeof served));
    if (view->snapshot->planned) {
        struct phrases line = {0};
        view_plan_entry(view, gemm, &line);
        phrases_print(&line, view->canvas, rect, 1, y);
        return y + 2;
    }
    if (!choice->chosen) {
        canvas_print(view->canvas, rect, 1, y++, ROLE_DIM, "none yet");
        return y + 1;
    }
    canvas_print(
        view->canvas, rect, 1, y++, ROLE_TEXT, "%s", tile_format(&choice->tile, name, sizeof name));
    interval_text(choice->low_us, choice->high_us, interval, sizeof interval);
    y += canvas_wrap_print(view->canvas, rect, 1, y, ROLE_TEXT, "%s us%s%s",
        view_us(choice->median_us, us, sizeof us), interval,
        choice->default_fits ? "" : ", the default does not fit");
    if (!isnan(choice->default_us))
        y += canvas_wrap_print(view->canvas, rect, 1, y, ROLE_TEXT, "default %.1f us: %s",
            choice->default_us, tile_format(&choice->default_tile, name, sizeof name));
    canvas_print(view->canvas, rect, 1, y++, choice->settled ? ROLE_GOOD : ROLE_DIM, "%s by %s%s",
        choice->settled ? "settled" : "so far", choice_source_name(choice->source),
        choice->verified ? ", verified" : "");
    y += canvas_wrap(view->canvas, rect, 1, y, ROLE_DIM, choice->reason);
    if (gemm == view->state->gemm && state_knows_entry(view->state, view->snapshot))
        y = draw_history(view, y);
    return y + 1;
}

/* What digits and letters of the maps mean, three steps a row. */
static void draw_legend(const struct view *view, int y)
{
    const struct rect *rect = &view->layout.detail;
    canvas_print(view->canvas, rect, 1, y++, ROLE_HEADING, "steps, against the best of this M");
    for (int step = 0; step <= 8; step++) {
        int x = 1 + 13 * (step % 3);
        canvas_print(view->canvas, rect, x, y, (enum role)(ROLE_STEP0 + step), "%d", step);
        canvas_print(view->canvas, rect, x + 2, y, ROLE_TEXT, "%s", board_step_name(step));
        y += step % 3 == 2;
    }
    canvas_print(
        view->canvas, rect, 1, y++, ROLE_TEXT, "x does not fit  ! failed  w wrong  . unmeasured");
    canvas_print(view->canvas, rect, 1, y, ROLE_TEXT, "d default  i incumbent  o chosen  > now");
}

static void draw_log(const struct view *view)
{
    const struct rect *rect = &view->layout.log;
    struct rect below = {rect->x, rect->y + 1, rect->width, rect->height - 1};
    canvas_print(view->canvas, rect, 0, 0, ROLE_HEADING, "log");
    if (view->snapshot->planned)
        view_plan_log(view, &below);
    else
        view_events(view, &below, 0);
}

void view_detail(const struct view *view)
{
    if (view->layout.log.height > 1)
        draw_log(view);
    if (view->layout.detail.height < 1)
        return;
    enum gemm here = view->state->gemm, other = here == GEMM_UP ? GEMM_DOWN : GEMM_UP;
    int y = draw_choice(view, here, draw_cell(view, 0));
    if (view->snapshot->question.gemms[other])
        y = draw_choice(view, other, y);
    int legend = view->layout.detail.height - LEGEND_ROWS;
    draw_best(view, y, legend - 1 - y);
    if (y <= legend)
        draw_legend(view, legend);
}
