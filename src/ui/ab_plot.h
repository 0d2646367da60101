/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_UI_AB_PLOT_H
#define MOEBENCH_UI_AB_PLOT_H

#include "tuner/tuner.h"
#include "ui/canvas.h"

/*
 * An A/B's estimate as it narrows: blocks to the right, percent upwards. Each column has the
 * interval ('|') and the estimate ('o', in `role`) after so many blocks, over the band within which
 * B is SAME ('.', between rows of '-'); '^' and 'v' where an early interval leaves the window.
 * Under the axis stand the looks. Nothing under 6 rows or 24 columns.
 */
void ab_plot_draw(
    struct canvas *canvas, const struct rect *rect, const struct ab_view *ab, enum role role);

#endif
