/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_UI_VIEW_H
#define MOEBENCH_UI_VIEW_H

#include "ui/layout.h"
#include "ui/state.h"

/* Draws everything for the canvas's size. */
void view_draw(struct canvas *canvas, const struct snapshot *snapshot, const struct state *state);

/* The parts, each within its rectangle; nothing where that has no size. */
struct view {
    struct canvas *canvas;
    const struct snapshot *snapshot;
    const struct state *state;
    struct layout layout;
};

void view_list(const struct view *view);
void view_maps(const struct view *view);
void view_story(const struct view *view);
void view_detail(const struct view *view);
/* The help, the log and the dialogs, over the rest. */
void view_overlay(const struct view *view);

/* "1,234.5" or "-" for NAN, into a caller's buffer. */
const char *view_us(double us, char *buffer, size_t size);

#endif
