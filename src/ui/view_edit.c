/* SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "domain/smem.h"
#include "tuner/choices.h"
#include "ui/pair.h"
#include "ui/phrase.h"
#include "ui/view.h"

#include <math.h>

#define EDIT_WIDTH 72
#define EDIT_ROWS 17 /* with some of history; more of both where the window has room */

/* Where the editor's tile stands in the tune's space; -1: outside of it. */
static int known_tile(const struct view *view)
{
    return board_tile_index(&view->snapshot->question.space, &view->state->editor.tile);
}

static void draw_numbers(const struct view *view, const struct rect *inside)
{
    const struct editor *editor = &view->state->editor;
    bool narrow = inside->width < 48;
    int x = 0;
    if (editor->writing) {
        canvas_print(view->canvas, inside, 0, 1, ROLE_SELECTED, " tile: %s_ ", editor->text);
        return;
    }
    for (int axis = 0; axis < TILE_NUMBERS; axis++)
        x += canvas_print(view->canvas, inside, x, 1,
            axis == (int)editor->axis ? ROLE_SELECTED : ROLE_TEXT, narrow ? "%s%d " : " %s %d ",
            tile_number_brief((enum tile_number)axis),
            tile_number_of(&editor->tile, (enum tile_number)axis));
    if (!engine_takes_tma(&view->snapshot->question.engine, view->state->gemm))
        return;
    if (editor->tile.use_tma)
        canvas_print(view->canvas, inside, x, 1, ROLE_WARN, "%s",
            narrow ? "TMA" : " USE_TMA on: not timed here");
    else if (!narrow)
        canvas_print(view->canvas, inside, x, 1, ROLE_DIM, " USE_TMA off");
}

/* Why it could not run, else its shared memory. */
static int draw_memory(const struct view *view, const struct rect *inside, int y)
{
    const struct snapshot *snapshot = view->snapshot;
    const struct question *question = &snapshot->question;
    const struct tile *tile = &view->state->editor.tile;
    struct error err = {0};
    struct tile effective;
    char used[32], limit[32];
    int known = known_tile(view);
    if (!tile_legal(tile, &err) ||
        !engine_effective_tile(&question->engine, &question->shape, tile, &effective, &err))
        return y + canvas_wrap(view->canvas, inside, 0, y, ROLE_BAD, err.text);
    struct smem smem =
        smem_estimate(&question->engine, &question->shape, question->device.arch, &effective);
    if (known >= 0) {
        smem.bytes = snapshot->facts[view->state->gemm][known].shared_bytes;
        smem.exact = snapshot->facts[view->state->gemm][known].shared_exact;
    }
    bool fits = smem.bytes <= question->device.smem_limit;
    return y + canvas_wrap_print(view->canvas, inside, 0, y, fits ? ROLE_GOOD : ROLE_BAD,
                   "shared memory %s of %s B (%s): %s", text_grouped(smem.bytes, used, sizeof used),
                   text_grouped(question->device.smem_limit, limit, sizeof limit),
                   smem.exact ? "exact" : "estimated", fits ? "fits" : "does NOT fit");
}

static int draw_facts(const struct view *view, const struct rect *inside, int y)
{
    const struct state *state = view->state;
    static const char *const verified[] = {"not verified", "verified", "WRONG RESULT"};
    int known = known_tile(view);
    struct phrases figures = {0}, facts = {0};
    if (known < 0)
        return y + canvas_wrap(view->canvas, inside, 0, y, ROLE_WARN,
                       "outside of this tune's space: nothing is known of it yet");
    const struct cell *cell = board_cell(view->snapshot, state->gemm, state->m_index, known);
    const struct kernel_fact *fact = &view->snapshot->facts[state->gemm][known];
    const struct choice *choice = &view->snapshot->choices[state->gemm][state->m_index];
    if (isnan(cell->median_us))
        phrases_add(&figures, 0, ROLE_DIM, "not measured");
    else
        phrases_add(&figures, 0, ROLE_TEXT, "%.1f us", cell->median_us);
    if (!isnan(cell->median_us) && choice->chosen)
        phrases_add(&figures, 1, ROLE_TEXT, "%+.1f %% against the choice",
            100 * (cell->median_us / choice->median_us - 1));
    phrases_print(&figures, view->canvas, inside, 0, y);
    phrases_add(
        &facts, 0, cell->verified == 2 ? ROLE_BAD : ROLE_TEXT, "%s", verified[cell->verified]);
    if (fact->registers > 0)
        phrases_add(&facts, 1, ROLE_TEXT, "%d registers", fact->registers);
    if (fact->spill_bytes > 0)
        phrases_add(&facts, 1, ROLE_WARN, "spills %d B", fact->spill_bytes);
    else if (fact->spill_bytes == 0)
        phrases_add(&facts, 1, ROLE_TEXT, "no spill");
    phrases_print(&facts, view->canvas, inside, 0, y + 1);
    return y + 2;
}

/* What the pair rule makes of it. */
static int draw_pair(const struct view *view, const struct rect *inside, int y)
{
    const struct state *state = view->state;
    const struct snapshot *snapshot = view->snapshot;
    const struct tile *tile = &state->editor.tile;
    enum gemm other = pair_other(state->gemm);
    struct tile partner;
    char name[TILE_TEXT_SIZE], us[32];
    if (!pair_clashes(snapshot, state->gemm, state->m_index, tile) ||
        !pair_partner(snapshot, state->gemm, state->m_index, tile, &partner))
        return y;
    int known = board_tile_index(&snapshot->question.space, &partner);
    double median = known < 0 ? NAN : board_cell(snapshot, other, state->m_index, known)->median_us;
    y += canvas_wrap_print(view->canvas, inside, 0, y, ROLE_WARN,
        "%s has BM%d and both must agree: b changes both, a compares pairs", gemm_name(other),
        snapshot->choices[other][state->m_index].tile.block_m);
    y += canvas_wrap_print(view->canvas, inside, 0, y, ROLE_TEXT, "with it %s: %s  %s us",
        gemm_name(other), tile_format(&partner, name, sizeof name), view_us(median, us, sizeof us));
    return y;
}

/* Who chose the entry, when, and why: the latest first. */
static void draw_history(const struct view *view, const struct rect *inside, int y)
{
    const struct past *past = &view->state->past;
    if (!state_knows_entry(view->state, view->snapshot))
        return;
    for (size_t i = 0; i < past->history_count && y < inside->height; i++) {
        const struct store_choice *choice = &past->history[i];
        char name[TILE_TEXT_SIZE], when[32];
        int x = canvas_print(view->canvas, inside, 0, y, i == 0 ? ROLE_TEXT : ROLE_DIM,
            "%s %-7s %s", view_when(choice->time, when, sizeof when),
            choice_source_name(choice->source), choices_text(choice, name));
        if (!isnan(choice->median_us))
            canvas_print(view->canvas, inside, x, y, ROLE_DIM, "  %.1f us", choice->median_us);
        y++;
        y += canvas_wrap(view->canvas, inside, 12, y, ROLE_DIM, choice->reason);
    }
}

void view_edit(const struct view *view)
{
    const struct state *state = view->state;
    bool large = view->canvas->width >= 2 * EDIT_WIDTH && view->canvas->height >= 2 * EDIT_ROWS;
    struct rect inside = view_frame(view, "edit an entry", large ? 3 * EDIT_WIDTH / 2 : EDIT_WIDTH,
        large ? 3 * EDIT_ROWS / 2 : EDIT_ROWS);
    char served[32];
    int x = canvas_print(view->canvas, &inside, 0, 0, ROLE_TITLE, "%s M=%d", gemm_name(state->gemm),
        view->snapshot->question.batch_sizes[state->m_index]);
    canvas_print(view->canvas, &inside, x, 0, ROLE_TEXT, "  serves M %s",
        view_served(view, served, sizeof served));
    draw_numbers(view, &inside);
    if (state->editor.writing)
        canvas_print(
            view->canvas, &inside, 0, inside.height - 1, ROLE_KEY, "Enter take it  Esc back");
    else
        view_hints(view, &inside, inside.height - 1, PLACE_EDITOR);
    inside.height--;
    int y = draw_memory(view, &inside, inside.height < 9 ? 2 : 3);
    y = draw_pair(view, &inside, y);
    y = draw_facts(view, &inside, y);
    draw_history(view, &inside, y + 1);
}
