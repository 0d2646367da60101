/* SPDX-License-Identifier: MIT */
#include "ui/entry.h"
#include "ui/view.h"

/* What takes the place of figures where nothing is measured. */

static enum role fit_role(enum entry_fit fit)
{
    return fit == ENTRY_FITS ? ROLE_GOOD : fit == ENTRY_UNKNOWN ? ROLE_WARN : ROLE_BAD;
}

static void draw_entry(const struct view *view, enum gemm gemm, int m, int x, int y)
{
    const struct rect *rect = &view->layout.list;
    struct entry entry;
    char number[32] = "";
    if (!view->snapshot->question.gemms[gemm])
        return;
    entry_find(view->snapshot, gemm, m, &entry);
    enum role role = m == view->state->m_index ? ROLE_SELECTED : fit_role(entry.fit);
    if (entry.shared_bytes > 0)
        text_grouped(entry.shared_bytes, number, sizeof number);
    if (view->layout.wide)
        canvas_print(view->canvas, rect, x, y, role, "%-7s %7s %-4s", entry_fit_name(entry.fit),
            number, entry.source == ENTRY_DEFAULT ? "def" : entry_source_name(entry.source));
    else
        canvas_print(view->canvas, rect, x, y, role, "%-8s", entry_fit_name(entry.fit));
}

void view_plan_row(const struct view *view, int m, int y)
{
    bool here = m == view->state->m_index;
    int step = view->layout.wide ? 22 : 9;
    canvas_print(view->canvas, &view->layout.list, 0, y, here ? ROLE_SELECTED : ROLE_TEXT,
        "%c%5d  ", here ? '>' : ' ', view->snapshot->question.batch_sizes[m]);
    draw_entry(view, GEMM_UP, m, 7, y);
    draw_entry(view, GEMM_DOWN, m, 7 + step, y);
}

const char *view_plan_heading(const struct view *view)
{
    return view->layout.wide ? "     M up        bytes by    down      bytes by"
                             : "     M up       down";
}

void view_plan_entry(const struct view *view, enum gemm gemm, struct phrases *line)
{
    struct entry entry;
    char name[TILE_TEXT_SIZE], number[32];
    entry_find(view->snapshot, gemm, view->state->m_index, &entry);
    phrases_add(line, 1, ROLE_TEXT, "entry: %s's %s",
        entry.source == ENTRY_DEFAULT ? "the engine" : entry_source_name(entry.source),
        entry.tile.block_m > 0 ? tile_format(&entry.tile, name, sizeof name) : "numbers");
    if (entry.shared_bytes > 0)
        phrases_add(
            line, 2, ROLE_TEXT, "%s B", text_grouped(entry.shared_bytes, number, sizeof number));
    phrases_add(line, 0, fit_role(entry.fit), "%s", entry_fit_name(entry.fit));
}

void view_plan_progress(const struct view *view)
{
    const struct snapshot *snapshot = view->snapshot;
    const struct rect *rect = &view->layout.progress;
    long long all = snapshot->points_done + snapshot->points_left;
    const char *pause = state_running(snapshot) || snapshot->points_left == 0 ? "" : ", paused";
    const char *first = rect->width < 72 ? "" : "nothing is measured; ";
    if (*snapshot->error)
        canvas_print(view->canvas, rect, 0, 0, ROLE_WARN, "%sno compiler (L: why): %s", first,
            *snapshot->label ? "facts as shipped" : "predicted");
    else if (snapshot->state == TUNER_STARTING)
        canvas_print(
            view->canvas, rect, 0, 0, ROLE_TEXT, "%slooking for a Python that has Triton", first);
    else
        canvas_print(view->canvas, rect, 0, 0, ROLE_TEXT, "%s%lld of %lld kernels compiled%s",
            first, snapshot->points_done, all, pause);
}

void view_plan_log(const struct view *view, const struct rect *rect)
{
    const struct snapshot *snapshot = view->snapshot;
    int y = 0;
    if (*snapshot->error)
        y += canvas_wrap(view->canvas, rect, 0, y, ROLE_WARN, snapshot->error);
    if (*snapshot->label)
        canvas_print(
            view->canvas, rect, 0, y++, ROLE_TEXT, "facts as shipped, of %s", snapshot->label);
    if (*snapshot->toolchain.triton)
        canvas_print(view->canvas, rect, 0, y++, ROLE_TEXT, "compiled by Triton %s, ptxas %s",
            snapshot->toolchain.triton, snapshot->toolchain.ptxas_version);
    if (*snapshot->toolchain.kernel_file)
        y += canvas_wrap(view->canvas, rect, 0, y, ROLE_TEXT, snapshot->toolchain.kernel_file);
    if (*snapshot->incumbent.path)
        canvas_wrap(view->canvas, rect, 0, y, ROLE_TEXT, snapshot->incumbent.path);
}
