/* SPDX-License-Identifier: MIT */
#include "ui/ab_plot.h"
#include "ui/view.h"

#include <math.h>
#include <stdio.h>

#define ASK_WIDTH 72
#define ASK_ROWS 13

static int draw_tiles(const struct view *view, const struct rect *inside, int x, int y,
    const bool gemms[GEMM_COUNT], const struct tile tiles[GEMM_COUNT])
{
    char name[TILE_TEXT_SIZE];
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++)
        if (gemms[gemm])
            canvas_print(view->canvas, inside, x, y++, ROLE_TEXT, "%-4s %s",
                gemm_name((enum gemm)gemm), tile_format(&tiles[gemm], name, sizeof name));
    return y;
}

/* ---- the question ---- */

static enum role field_role(const struct view *view, enum ab_field field)
{
    return view->state->ab.field == field ? ROLE_SELECTED : ROLE_TEXT;
}

static int draw_side(const struct view *view, const struct rect *inside, int side, int y)
{
    const struct ab_dialog *ab = &view->state->ab;
    const struct snapshot *snapshot = view->snapshot;
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++) {
        const struct tile *tile = ab_dialog_tile(ab, side, (enum gemm)gemm);
        char name[TILE_TEXT_SIZE], us[32];
        if (!ab->pair && gemm != (int)ab->gemm)
            continue;
        int known = board_tile_index(&snapshot->question.space, tile);
        double median =
            known < 0 ? NAN : board_cell(snapshot, (enum gemm)gemm, ab->m_index, known)->median_us;
        canvas_print(view->canvas, inside, 20, y++, ROLE_TEXT, "%-4s %-29s %10s us",
            gemm_name((enum gemm)gemm), tile_format(tile, name, sizeof name),
            view_us(median, us, sizeof us));
    }
    return y;
}

/* What to know before it starts. */
static void draw_remark(const struct view *view, const struct rect *inside, int y)
{
    const struct ab_dialog *ab = &view->state->ab;
    const struct tile *a = ab_dialog_tile(ab, 0, ab->gemm), *b = ab_dialog_tile(ab, 1, ab->gemm);
    if (tile_equal(a, b))
        canvas_print(view->canvas, inside, 0, y, ROLE_DIM,
            "the same %s on both sides: what noise alone would say", gemm_name(ab->gemm));
    else if (ab->can_pair && !ab->pair && a->block_m != b->block_m)
        canvas_print(view->canvas, inside, 0, y, ROLE_WARN,
            "BM differs: B alone could not be taken, the pair could");
}

void view_ab_ask(const struct view *view)
{
    const struct ab_dialog *ab = &view->state->ab;
    struct rect inside = view_frame(view, "A against B", ASK_WIDTH, ASK_ROWS);
    int y = 0;
    canvas_print(view->canvas, &inside, 0, y, ROLE_TITLE, "M=%d; the verdict is about B",
        view->snapshot->question.batch_sizes[ab->m_index]);
    y += 2;
    for (int side = 0; side < 2; side++) {
        canvas_print(view->canvas, &inside, 0, y, field_role(view, side ? AB_FIELD_B : AB_FIELD_A),
            " %c  < %s > ", side ? 'B' : 'A', ab_pick_name(ab->sides[side]));
        y = draw_side(view, &inside, side, y);
    }
    canvas_print(view->canvas, &inside, 0, y++, field_role(view, AB_FIELD_WHAT), " of < %s > ",
        ab->pair                ? "up and down together"
        : ab->gemm == GEMM_DOWN ? "down alone"
                                : "up alone");
    canvas_print(view->canvas, &inside, 0, y++, field_role(view, AB_FIELD_BLOCKS),
        " at most < %d > blocks of four timings ", ab->budget);
    draw_remark(view, &inside, y + 1);
    view_hints(view, &inside, inside.height - 1, PLACE_AB_ASK);
}

/* ---- its course ---- */

static enum role verdict_role(enum ab_verdict verdict)
{
    static const enum role roles[] = {
        [AB_UNDECIDED] = ROLE_WARN,
        [AB_FASTER] = ROLE_GOOD,
        [AB_SLOWER] = ROLE_BAD,
        [AB_SAME] = ROLE_TITLE,
    };
    return roles[verdict];
}

static int draw_sides(const struct view *view, const struct rect *inside, int y)
{
    const struct ab_view *ab = &view->snapshot->ab;
    const struct ab_side *const sides[] = {&ab->job.a, &ab->job.b};
    for (int side = 0; side < 2; side++) {
        char us[32];
        double median = side ? ab->b_us : ab->a_us;
        canvas_print(view->canvas, inside, 0, y, ROLE_TITLE, "%c %-16.16s", side ? 'B' : 'A',
            sides[side]->label);
        if (!isnan(median))
            canvas_print(
                view->canvas, inside, 56, y, ROLE_TITLE, "%10s us", view_us(median, us, sizeof us));
        y = draw_tiles(view, inside, 20, y, ab->job.gemms, sides[side]->tiles);
    }
    return y;
}

/* What it does now, with a sign of life that turns with every news. */
static void draw_phase(const struct view *view, const struct rect *inside, int y)
{
    const struct ab_view *ab = &view->snapshot->ab;
    if (ab->running)
        canvas_print(view->canvas, inside, 0, y, ROLE_TEXT, "[%c] %s, %d of %d blocks",
            "|/-\\"[view->snapshot->version % 4], ab -> phase, ab -> result.blocks, ab->job.budget);
    else
        canvas_print(view->canvas, inside, 0, y, ROLE_TEXT, "ended, %d of %d blocks",
            ab->result.blocks, ab->job.budget);
    if (*ab->flags)
        canvas_print(view->canvas, inside, 40, y, ROLE_WARN, "flags: %s", ab->flags);
}

static void draw_verdict(const struct view *view, const struct rect *inside, int y)
{
    const struct ab_view *ab = &view->snapshot->ab;
    const struct ab_result *result = &ab->result;
    if (*ab->error) {
        canvas_wrap(view->canvas, inside, 0, y, ROLE_BAD, ab->error);
        return;
    }
    if (isnan(result->effect_pct)) {
        canvas_print(view->canvas, inside, 0, y, ROLE_DIM, "no estimate yet");
        return;
    }
    int x = canvas_print(view->canvas, inside, 0, y, verdict_role(result->verdict), "B is %s%s",
        ab_verdict_name(result->verdict), ab->running ? " so far" : "");
    x += canvas_print(view->canvas, inside, x, y, ROLE_TEXT, "  %+.2f %%", result->effect_pct);
    if (!isnan(result->ci_pct[0]))
        canvas_print(view->canvas, inside, x, y, ROLE_TEXT, " [%+.2f, %+.2f]", result->ci_pct[0],
            result->ci_pct[1]);
    x = 0;
    if (!isnan(result->mde_pct))
        x = canvas_print(
            view->canvas, inside, 0, y + 1, ROLE_DIM, "sees %.2f %% and more", result->mde_pct);
    if (result->verdict == AB_UNDECIDED && result->blocks_to_decide > 0)
        canvas_print(view->canvas, inside, x, y + 1, ROLE_DIM,
            "; about %d more blocks would decide", result->blocks_to_decide);
}

/* One line where the tiles have no room. */
static int draw_labels(const struct view *view, const struct rect *inside)
{
    const struct ab_job *job = &view->snapshot->ab.job;
    canvas_print(view->canvas, inside, 0, 0, ROLE_TEXT, "A %s, B %s", job->a.label, job->b.label);
    return 1;
}

static const char *compared(const struct ab_job *job)
{
    return !job->gemms[GEMM_DOWN] ? "up" : job->gemms[GEMM_UP] ? "up and down" : "down";
}

void view_ab(const struct view *view)
{
    const struct ab_view *ab = &view->snapshot->ab;
    char title[64] = "A against B";
    bool begun = state_ab_waits(view->state, view->snapshot);
    if (begun)
        snprintf(title, sizeof title, "A against B: %s at M=%d", compared(&ab->job), ab->job.m);
    struct rect inside = view_frame(view, title, view->canvas->width - 8, view->canvas->height - 4);
    view_hints(view, &inside, inside.height - 1, state_ab_place(view->state, view->snapshot));
    if (!begun) {
        canvas_print(view->canvas, &inside, 0, 0, ROLE_TEXT, "starting");
        return;
    }
    int y = inside.height < 9 ? draw_labels(view, &inside) : draw_sides(view, &inside, 0);
    struct rect plot = {inside.x, inside.y + y, inside.width, inside.height - y - 4};
    ab_plot_draw(view->canvas, &plot, ab, verdict_role(ab->result.verdict));
    draw_phase(view, &inside, inside.height - 4);
    draw_verdict(view, &inside, inside.height - 3);
}
