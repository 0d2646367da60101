/* SPDX-License-Identifier: MIT */
#include "ui/view.h"

#include <math.h>
#include <stdio.h>

/* "ok" settled, "hnd" by hand, "out" dropped, else how far it is, by expected time. */
static void state_text(const struct view *view, int m, char *buffer, size_t size)
{
    const struct snapshot *snapshot = view->snapshot;
    double done = 100 * snapshot->m_done[m];
    bool settled = true, hand = false, dropped = false;
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++) {
        if (!snapshot->question.gemms[gemm])
            continue;
        const struct choice *choice = &snapshot->choices[gemm][m];
        settled = settled && choice->settled;
        dropped = dropped || (choice->settled && !choice->chosen);
        hand = hand || (choice->settled && choice->source == CHOICE_HAND);
    }
    if (settled)
        snprintf(buffer, size, "%s", dropped ? "out" : hand ? "hnd" : "ok");
    else if (done <= 0)
        snprintf(buffer, size, "-");
    else
        snprintf(buffer, size, "%d%%", (int)fmin(99, done));
}

/* The sum over the GEMMs asked for; NAN unless each has a figure. */
static double pair_us(const struct snapshot *snapshot, int m)
{
    double sum = 0;
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++)
        if (snapshot->question.gemms[gemm])
            sum += snapshot->choices[gemm][m].chosen ? snapshot->choices[gemm][m].median_us : NAN;
    return sum;
}

static void gemm_text(const struct view *view, enum gemm gemm, int m, char us[16], char share[16])
{
    const struct question *question = &view->snapshot->question;
    const struct choice *choice = &view->snapshot->choices[gemm][m];
    double median = choice->chosen ? choice->median_us : NAN;
    double reached = board_roofline(question, gemm, question->batch_sizes[m], median);
    view_us(median, us, 16);
    if (isnan(reached))
        snprintf(share, 16, "-");
    else
        snprintf(share, 16, "%.0f%%", reached);
}

/* The default's time over the choice's, of the medians that stand beside it and in the store: the
 * race's own figure, of pairs of samples, would differ in the last digit when it is opened again.
 */
static double factor_at(const struct snapshot *snapshot, int m)
{
    double standard = 0, chosen = 0;
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++) {
        if (!snapshot->question.gemms[gemm])
            continue;
        standard += snapshot->choices[gemm][m].default_us;
        chosen += snapshot->choices[gemm][m].median_us;
    }
    return standard / chosen;
}

static void draw_row(const struct view *view, int m, int y)
{
    const struct snapshot *snapshot = view->snapshot;
    double factor_of = factor_at(snapshot, m);
    bool here = m == view->state->m_index;
    char us[2][16], share[2][16], sum[16], factor[16] = "-", state[16];
    if (snapshot->planned) {
        view_plan_row(view, m, y);
        return;
    }
    enum role role = here ? ROLE_SELECTED : ROLE_TEXT;
    if (!isnan(factor_of))
        snprintf(factor, sizeof factor, "%.2fx", factor_of);
    state_text(view, m, state, sizeof state);
    char cursor = here ? '>' : ' ';
    int size = snapshot->question.batch_sizes[m];
    if (view->layout.wide) {
        for (int gemm = 0; gemm < GEMM_COUNT; gemm++)
            gemm_text(view, (enum gemm)gemm, m, us[gemm], share[gemm]);
        canvas_print(view->canvas, &view->layout.list, 0, y, role,
            "%c%5d %10s %5s %10s %5s %6s %3s", cursor, size, us[0], share[0], us[1], share[1],
            factor, state);
        return;
    }
    canvas_print(view->canvas, &view->layout.list, 0, y, role, "%c%5d%8s %6s %3s", cursor, size,
        view_us(pair_us(snapshot, m), sum, sizeof sum), factor, state);
}

static int first_shown(const struct view *view)
{
    int rows = view->layout.list.height - 1;
    int count = view->snapshot->question.batch_size_count;
    int first = view->state->m_index - rows / 2;
    first = first > count - rows ? count - rows : first;
    return first < 0 ? 0 : first;
}

int view_list_at(const struct view *view, int y)
{
    const struct rect *rect = &view->layout.list;
    int m = first_shown(view) + y - rect->y - 1;
    bool inside = y > rect->y && y < rect->y + rect->height;
    return inside && m < view->snapshot->question.batch_size_count ? m : -1;
}

void view_list(const struct view *view)
{
    const struct rect *rect = &view->layout.list;
    int rows = rect->height - 1;
    int count = view->snapshot->question.batch_size_count;
    int first = first_shown(view);
    const char *heading = view->layout.wide ? "     M      up us  roof    down us  roof  x def  st"
                                            : "     M pair us  x def  st";
    canvas_print(view->canvas, rect, 0, 0, ROLE_HEADING, "%s",
        view->snapshot->planned ? view_plan_heading(view) : heading);
    for (int i = 0; i < rows && first + i < count; i++)
        draw_row(view, first + i, 1 + i);
}
