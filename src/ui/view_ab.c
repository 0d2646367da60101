/* SPDX-License-Identifier: MIT */
#include "ui/ab_plot.h"
#include "ui/view.h"

#include <math.h>
#include <stdio.h>

#define ASK_WIDTH 72
#define ASK_ROWS 13
#define ASK_LABELS 20 /* columns left of the tiles, where both fit into a row */
#define ASK_SHORT 9   /* rows under which only the side under the cursor shows its tiles */

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

/* From its label's row on; returns the row after it. */
static int draw_side(const struct view *view, const struct rect *inside, int side, int y)
{
    const struct ab_dialog *ab = &view->state->ab;
    enum ab_field field = side ? AB_FIELD_B : AB_FIELD_A;
    bool wide = inside->width > ASK_LABELS + 40;
    canvas_print(view->canvas, inside, 0, y, field_role(view, field), " %c  < %s > ",
        side ? 'B' : 'A', ab_pick_name(ab->sides[side]));
    y += wide ? 0 : 1;
    if (inside->height < ASK_SHORT && ab->field != field)
        return y;
    const struct snapshot *snapshot = view->snapshot;
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++) {
        const struct tile *tile = ab_dialog_tile(ab, side, (enum gemm)gemm);
        char name[TILE_TEXT_SIZE], us[32];
        if (!ab->pair && gemm != (int)ab->gemm)
            continue;
        int known = board_tile_index(&snapshot->question.space, tile);
        double median =
            known < 0 ? NAN : board_cell(snapshot, (enum gemm)gemm, ab->m_index, known)->median_us;
        canvas_print(view->canvas, inside, wide ? ASK_LABELS : 1, y++, ROLE_TEXT,
            wide ? "%-4s %-29s %10s us" : "%-4s %-29s", gemm_name((enum gemm)gemm),
            tile_format(tile, name, sizeof name), view_us(median, us, sizeof us));
    }
    return y;
}

/* What to know before it starts. */
static void draw_remark(const struct view *view, const struct rect *inside, int y)
{
    const struct ab_dialog *ab = &view->state->ab;
    const struct tile *a = ab_dialog_tile(ab, 0, ab->gemm), *b = ab_dialog_tile(ab, 1, ab->gemm);
    if (tile_equal(a, b))
        canvas_wrap(view->canvas, inside, 0, y, ROLE_DIM,
            "the same on both sides: what noise alone would say");
    else if (ab->can_pair && !ab->pair && a->block_m != b->block_m)
        canvas_wrap(view->canvas, inside, 0, y, ROLE_WARN,
            "BM differs: B alone could not be taken, the pair could");
}

void view_ab_ask(const struct view *view)
{
    const struct ab_dialog *ab = &view->state->ab;
    char title[64];
    snprintf(title, sizeof title, "A against B at M=%d",
        view->snapshot->question.batch_sizes[ab->m_index]);
    struct rect inside = view_frame(view, title, ASK_WIDTH, ASK_ROWS);
    view_hints(view, &inside, inside.height - 1, PLACE_AB_ASK);
    inside.height--;
    int y = inside.height < ASK_SHORT ? 0 : 2;
    if (y > 0)
        canvas_print(view->canvas, &inside, 0, 0, ROLE_DIM, "the verdict is about B");
    for (int side = 0; side < 2; side++)
        y = draw_side(view, &inside, side, y);
    canvas_print(view->canvas, &inside, 0, y++, field_role(view, AB_FIELD_WHAT), " of < %s > ",
        ab->pair                ? "up and down together"
        : ab->gemm == GEMM_DOWN ? "down alone"
                                : "up alone");
    canvas_print(view->canvas, &inside, 0, y++, field_role(view, AB_FIELD_BLOCKS),
        " at most < %d > blocks of 4 timings", ab->budget);
    draw_remark(view, &inside, y + 1);
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
        bool beside = inside->width >= ASK_LABELS + 49;
        view_us(median, us, sizeof us);
        if (!isnan(median) && beside)
            canvas_print(view->canvas, inside, ASK_LABELS + 36, y, ROLE_TITLE, "%10s us", us);
        if (!isnan(median) && !beside && ab->job.gemms[GEMM_UP] && ab->job.gemms[GEMM_DOWN])
            canvas_print(view->canvas, inside, 2, y + 1, ROLE_TITLE, "%s us", us);
        y = draw_tiles(view, inside, ASK_LABELS, y, ab->job.gemms, sides[side]->tiles);
    }
    return y;
}

/* What it does now, with a sign of life that turns with every news. */
static void draw_phase(const struct view *view, const struct rect *inside, int y)
{
    const struct ab_view *ab = &view->snapshot->ab;
    struct phrases line = {0};
    if (ab->running)
        phrases_add(
            &line, 0, ROLE_TEXT, "[%c] %s", "|/-\\"[view->snapshot->version % 4], ab -> phase);
    else
        phrases_add(&line, 0, ROLE_TEXT, "ended");
    phrases_add(&line, 0, ROLE_TEXT, "%d of %d blocks", ab->result.blocks, ab->job.budget);
    if (*ab->flags)
        phrases_add(&line, 1, ROLE_WARN, "flags: %s", ab->flags);
    phrases_print(&line, view->canvas, inside, 0, y);
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
    struct phrases line = {0}, further = {0};
    phrases_add(&line, 0, verdict_role(result->verdict), "B is %s%s",
        ab_verdict_name(result->verdict), ab->running ? " so far" : "");
    int digits = fabs(result->effect_pct) < 10 ? 2 : 1;
    phrases_add(&line, 0, ROLE_TEXT, "%+.*f %%", digits, result->effect_pct);
    if (!isnan(result->ci_pct[0]))
        phrases_add(&line, 1, ROLE_TEXT, "[%+.*f, %+.*f]", digits, result->ci_pct[0], digits,
            result->ci_pct[1]);
    if (!isnan(result->mde_pct))
        phrases_add(&further, 1, ROLE_DIM, "sees %.2f %% and more", result->mde_pct);
    if (result->verdict == AB_UNDECIDED && result->blocks_to_decide > 0)
        phrases_add(
            &further, 0, ROLE_DIM, "about %d more blocks would decide", result->blocks_to_decide);
    phrases_print(&line, view->canvas, inside, 0, y);
    phrases_print(&further, view->canvas, inside, 0, y + 1);
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
    struct rect inside = view_frame(view, title, view_frame_width(view), view->canvas->height - 4);
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
