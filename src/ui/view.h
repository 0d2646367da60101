/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_UI_VIEW_H
#define MOEBENCH_UI_VIEW_H

#include "ui/layout.h"
#include "ui/phrase.h"
#include "ui/state.h"

/* Draws everything for the canvas's size; takes back what was scrolled too far for it. */
void view_draw(struct canvas *canvas, const struct snapshot *snapshot, struct state *state);

/* Moves the cursor to what is drawn at (x, y) of such a canvas: a cell of a map or a batch size.
 * False: nothing that a cursor could stand on, or something lies over it. */
bool view_click(const struct canvas *canvas, const struct snapshot *snapshot, struct state *state,
    int x, int y);

/* The parts, each within its rectangle; nothing where that has no size. */
struct view {
    struct canvas *canvas;
    const struct snapshot *snapshot;
    const struct state *state;
    struct layout layout;
    bool halved; /* the map's cells are two rows of the grid each */
};

void view_list(const struct view *view);
/* The batch size shown in that row of the window; -1: none. */
int view_list_at(const struct view *view, int y);
void view_maps(const struct view *view);
/* The grid's cell shown at (x, y) of the window. */
bool view_maps_at(const struct view *view, int x, int y, int *row, int *column);
void view_story(const struct view *view);
void view_detail(const struct view *view);
/* The editor, the A/B's dialog and its course. */
void view_edit(const struct view *view);
void view_ab_ask(const struct view *view);
void view_ab(const struct view *view);
/* Of a plan: the list's rows and heading, what stands where the progress does, and the log. */
void view_plan_row(const struct view *view, int m, int y);
const char *view_plan_heading(const struct view *view);
/* What the M in sight runs: whose numbers, and whether they fit. */
void view_plan_entry(const struct view *view, enum gemm gemm, struct phrases *line);
void view_plan_progress(const struct view *view);
void view_plan_log(const struct view *view, const struct rect *rect);
/* The help, the log and the dialogs, over the rest. */
void view_overlay(const struct view *view);
/* How far the help or the log is scrolled, once what leads nowhere is taken off. */
int view_scroll(const struct view *view);

/* An empty frame in the middle, no larger than the window; returns what is inside. */
struct rect view_frame(const struct view *view, const char *title, int width, int height);
/* Of frames that take what there is. */
int view_frame_width(const struct view *view);
/* The hints of a place's keys on row y, as many as fit whole, less those that are refused now. */
void view_hints(const struct view *view, const struct rect *rect, int y, enum key_place place);

/* "1,234.5" or "-" for NAN, into a caller's buffer. */
const char *view_us(double us, char *buffer, size_t size);

/* "11-25 12:00", local time, into a caller's buffer. */
const char *view_when(double time, char *buffer, size_t size);
/* The batch sizes that the entry in sight serves: "7..12", "1", "3073 and up". */
const char *view_served(const struct view *view, char *buffer, size_t size);
/* The end of the log without its `skipped` newest events, over as many lines as each needs. */
void view_events(const struct view *view, const struct rect *rect, int skipped);
/* How many may be skipped so that what is left still fills the rectangle. */
int view_events_over(const struct view *view, const struct rect *rect);

#endif
