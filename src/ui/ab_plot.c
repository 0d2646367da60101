/* SPDX-License-Identifier: MIT */
#include "ui/ab_plot.h"

#include <math.h>

#define LABELS 10 /* columns left of the axis */
#define FAR_OFF 5 /* an effect of so many intervals leaves the band out of sight */
#define SAME_PCT (100 * AB_SAME_WITHIN)

struct plot {
    struct canvas *canvas;
    struct rect area; /* of the columns and rows of values */
    double low, high; /* percent, of the lowest and the highest row */
    int budget;
};

/* The newest interval decides what is in sight, with the band unless that is far off; earlier
 * intervals may leave it. */
static void set_range(struct plot *plot, const struct ab_view *ab)
{
    plot->low = -1.5 * SAME_PCT;
    plot->high = 1.5 * SAME_PCT;
    if (ab->point_count == 0)
        return;
    const struct ab_point *last = &ab->points[ab->point_count - 1];
    double low = isnan(last->low) ? last->effect : last->low;
    double high = isnan(last->high) ? last->effect : last->high;
    double margin = 0.5 * (high - low) + 0.1 * fabs(last->effect);
    bool far = !isnan(last->low) && fabs(last->effect) > FAR_OFF * (high - low + SAME_PCT);
    if (far)
        margin = 2 * (high - low);
    plot->low = far ? low - margin : fmin(plot->low, low - margin);
    plot->high = far ? high + margin : fmax(plot->high, high + margin);
}

/* Rows count from the top; what lies outside answers a row outside. */
static int row_of(const struct plot *plot, double percent)
{
    double share = (plot->high - percent) / (plot->high - plot->low);
    return (int)floor(fmax(-1, fmin(2, share)) * (plot->area.height - 1) + 0.5);
}

static void put(const struct plot *plot, int column, int row, char character, enum role role)
{
    if (row >= 0 && row < plot->area.height)
        canvas_put(plot->canvas, plot->area.x + column, plot->area.y + row, character, role);
}

static void label(const struct plot *plot, double percent, enum role role)
{
    int row = row_of(plot, percent);
    struct rect labels = {plot->area.x - LABELS, plot->area.y, LABELS, plot->area.height};
    canvas_print(
        plot->canvas, &labels, 0, row, role, "%+6.*f %%", fabs(percent) < 10 ? 2 : 1, percent);
}

static void draw_band(const struct plot *plot)
{
    int top = row_of(plot, SAME_PCT), bottom = row_of(plot, -SAME_PCT);
    for (int row = top; row <= bottom; row++)
        for (int x = 0; x < plot->area.width; x++)
            put(plot, x, row, row == top || row == bottom ? '-' : '.', ROLE_DIM);
    if (top > plot->area.height - 1 || bottom < 0)
        canvas_print(plot->canvas, &plot->area, 0, bottom < 0 ? 0 : plot->area.height - 1, ROLE_DIM,
            "SAME, -0.5 to +0.5 %%, is %s", bottom < 0 ? "above" : "below");
    label(plot, plot->high, ROLE_DIM);
    label(plot, plot->low, ROLE_DIM);
    label(plot, SAME_PCT, ROLE_DIM);
    label(plot, -SAME_PCT, ROLE_DIM);
    label(plot, 0, ROLE_TEXT);
}

static int column_of(const struct plot *plot, int blocks)
{
    return plot->budget > 1 ? (blocks - 1) * (plot->area.width - 1) / (plot->budget - 1) : 0;
}

static void draw_column(
    const struct plot *plot, int column, const struct ab_point *point, enum role role)
{
    int last = plot->area.height - 1;
    int top = row_of(plot, isnan(point->high) ? point->effect : point->high);
    int bottom = row_of(plot, isnan(point->low) ? point->effect : point->low);
    for (int row = top; row <= bottom; row++)
        put(plot, column, row, '|', ROLE_TEXT);
    if (top < 0)
        put(plot, column, 0, '^', ROLE_TEXT);
    if (bottom > last)
        put(plot, column, last, 'v', ROLE_TEXT);
    put(plot, column, row_of(plot, point->effect), 'o', role);
}

/* Each point holds until the next; of those that share a column the last is drawn. */
static void draw_points(const struct plot *plot, const struct ab_view *ab, enum role role)
{
    for (int i = 0; i < ab->point_count; i++) {
        const struct ab_point *point = &ab->points[i];
        int column = column_of(plot, point->blocks), end = column + 1;
        if (i + 1 < ab->point_count)
            end = column_of(plot, ab->points[i + 1].blocks);
        for (; column < end && column < plot->area.width; column++)
            draw_column(plot, column, point, role);
    }
}

static void draw_axis(const struct plot *plot)
{
    int y = plot->area.y + plot->area.height, look = 0;
    struct rect numbers = {plot->area.x, y + 1, plot->area.width, 1};
    for (int x = 0; x < plot->area.width; x++)
        canvas_put(plot->canvas, plot->area.x + x, y, '-', ROLE_DIM);
    while ((look = ab_next_look(look, plot->budget)) > 0) {
        int x = column_of(plot, look);
        canvas_put(plot->canvas, plot->area.x + x, y, '+', ROLE_TEXT);
        canvas_print(plot->canvas, &numbers, x < plot->area.width - 3 ? x : plot->area.width - 3, 0,
            ROLE_DIM, "%d", look);
    }
}

void ab_plot_draw(
    struct canvas *canvas, const struct rect *rect, const struct ab_view *ab, enum role role)
{
    struct plot plot = {.canvas = canvas,
        .area = {rect->x + LABELS, rect->y, rect->width - LABELS, rect->height - 2},
        .budget = ab->job.budget};
    if (rect->height < 6 || rect->width < 24)
        return;
    set_range(&plot, ab);
    draw_band(&plot);
    draw_points(&plot, ab, role);
    draw_axis(&plot);
}
