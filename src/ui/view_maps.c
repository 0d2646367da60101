/* SPDX-License-Identifier: MIT */
#include "ui/view.h"

#include <stdio.h>

#define CAPTION 44  /* columns that a map's whole caption takes */
#define CELL_MOST 4 /* wide enough for a BK and a blank above it */

/* What part of a map is seen when it is larger than its place: the cursor's surroundings. */
static int first_seen(int count, int room, int cursor)
{
    int first = cursor - room / 2;
    first = first > count - room ? count - room : first;
    return first < 0 ? 0 : first;
}

/* The part of the grid in sight; a line of the screen shows `fold` rows, a cell takes `cell`
 * columns of it. */
struct window {
    int row, lines, fold, column, columns, cell;
};

static struct window window_of(const struct view *view, const struct rect *rect, int headings)
{
    const struct grid *grid = &view->state->grid;
    struct window window = {.fold = view->halved ? 2 : 1};
    int lines = (grid->rows + window.fold - 1) / window.fold;
    int room = rect->width - LAYOUT_LABELS, cell = room / grid->columns;
    window.lines = rect->height - headings;
    window.cell = cell < 1 ? 1 : cell > CELL_MOST ? CELL_MOST : cell;
    window.columns = room / window.cell;
    window.row = window.fold * first_seen(lines, window.lines, view->state->row / window.fold);
    window.column = first_seen(grid->columns, window.columns, view->state->column);
    window.lines = window.lines > lines ? lines : window.lines;
    window.columns = window.columns > grid->columns ? grid->columns : window.columns;
    return window;
}

/* Any tile of that row or column: it has the values that the label shows. */
static const struct tile *sample_tile(const struct view *view, int row, int column)
{
    const struct grid *grid = &view->state->grid;
    for (int i = 0; i < grid->depth; i++) {
        int tile = grid->tiles[(row * grid->columns + column) * grid->depth + i];
        if (tile >= 0)
            return &view->snapshot->question.space.tiles[tile];
    }
    return NULL;
}

/* What cannot be seen from the other labels when an axis is fixed. */
static void draw_corner(const struct view *view, const struct rect *label)
{
    const struct state *state = view->state;
    int column = 0;
    canvas_print(view->canvas, label, 0, 0, ROLE_HEADING, "%s",
        state->metric == METRIC_LATENCY ? gemm_name(state->gemm) : "regs");
    if (state->fixed == TILE_STAGES || state->fixed == TILE_WARPS)
        column = canvas_print(view->canvas, label, 0, 1, ROLE_WARN, "%s%d",
            tile_number_brief(state->fixed), state->fixed_value);
    canvas_print(view->canvas, label, column > 0 ? column + 1 : 0, 1, ROLE_HEADING, "BK");
}

/* A column's heading, where all of it has room; returns where the next may begin. */
static int draw_value(
    const struct view *view, const struct rect *rect, int x, int y, const char *axis, int value)
{
    char text[16];
    int length = snprintf(text, sizeof text, "%s%d", axis, value);
    if (x + length <= rect->width)
        canvas_print(view->canvas, rect, x, y, ROLE_HEADING, "%s", text);
    return x + length + 1;
}

/* BN over its columns, BK under it; labels without room for a blank behind them are left out. */
static void draw_headings(
    const struct view *view, const struct rect *rect, const struct window *window)
{
    const struct grid *grid = &view->state->grid;
    struct rect top = {
        rect->x + LAYOUT_LABELS, rect->y, window->columns * window->cell, LAYOUT_HEADINGS};
    int last_n = 0, last_k = 0, free_n = 0, free_k = 0;
    for (int i = 0; i < window->columns && window->column + i < grid->columns; i++) {
        const struct tile *tile = sample_tile(view, 0, window->column + i);
        int x = i * window->cell;
        if (!tile)
            continue;
        if (tile->block_n != last_n && x >= free_n)
            free_n = draw_value(view, &top, x, 0, "BN", tile->block_n);
        if ((tile->block_k != last_k || tile->block_n != last_n) && x >= free_k)
            free_k = draw_value(view, &top, x, 1, "", tile->block_k);
        last_n = tile->block_n;
        last_k = tile->block_k;
    }
    struct rect label = {rect->x, rect->y, LAYOUT_LABELS, LAYOUT_HEADINGS};
    draw_corner(view, &label);
}

/* row: the upper one of two when cells are halved. */
static void row_label(const struct view *view, int row, bool first, char *buffer, size_t size)
{
    int before = row - (view->halved ? 2 : 1);
    const struct tile *tile = sample_tile(view, row, 0);
    const struct tile *above = before >= 0 ? sample_tile(view, before, 0) : NULL;
    if (!tile)
        snprintf(buffer, size, "%s", "");
    else if (first || !above || above->block_m != tile->block_m)
        snprintf(buffer, size, "BM%d", tile->block_m);
    else if (view->halved)
        snprintf(buffer, size, " G%d", tile->group_m);
    else if (view->state->unfolded)
        snprintf(buffer, size, "G%dw%d", tile->group_m, tile->num_warps);
    else
        snprintf(buffer, size, " w%d", tile->num_warps);
}

static struct mark mark_of(const struct view *view, enum metric metric, int tile)
{
    const struct state *state = view->state;
    const struct snapshot *snapshot = view->snapshot;
    if (metric == METRIC_REGISTERS) {
        struct mark mark = board_register_mark(snapshot, state->gemm, tile);
        if (snapshot->planned)
            board_entry_mark(&snapshot->choices[state->gemm][state->m_index],
                &snapshot->question.space.tiles[tile], &mark);
        return mark;
    }
    return board_latency_mark(view->snapshot, &state->digest, state->gemm, state->m_index, tile);
}

static struct mark mark_at(const struct view *view, enum metric metric, int row, int column)
{
    const struct state *state = view->state;
    const struct grid *grid = &state->grid;
    int tile = row < grid->rows ? board_pick(view->snapshot, grid, state->gemm, state->m_index,
                                      row * grid->columns + column)
                                : -1;
    return tile < 0 ? (struct mark){' ', ROLE_TEXT} : mark_of(view, metric, tile);
}

/* Marks that a colour cannot say: they stay letters. */
static bool is_letter(const struct mark *mark)
{
    return mark->character == 'o' || mark->character == 'd' || mark->character == '>' ||
           mark->role == ROLE_BROKEN;
}

/* Rows `row` and the next in one cell; under the cursor and where a letter matters, the one. */
static void draw_two(const struct view *view, enum metric metric, int row, int column, int x, int y)
{
    struct mark above = mark_at(view, metric, row, column);
    struct mark below = mark_at(view, metric, row + 1, column);
    bool lower = is_letter(&below) && !is_letter(&above);
    if (view->state->row / 2 == row / 2 && view->state->column == column)
        lower = view->state->row > row;
    else if (!is_letter(&above) && !is_letter(&below)) {
        canvas_halve(view->canvas, x, y, above.character, above.role, below.role);
        return;
    }
    const struct mark *shown = lower ? &below : &above;
    canvas_put(view->canvas, x, y, shown->character, shown->role);
}

/* Its mark, then blanks of its colour. */
static void draw_cell(const struct view *view, enum metric metric, const struct window *window,
    int row, int column, int x, int y)
{
    const struct state *state = view->state;
    struct mark mark = mark_at(view, metric, row, column);
    bool here = column == state->column && row / window->fold == state->row / window->fold;
    for (int i = 0; i < window->cell; i++, x++) {
        if (view->halved)
            draw_two(view, metric, row, column, x, y);
        else
            canvas_put(view->canvas, x, y, i == 0 ? mark.character : ' ', mark.role);
        if (here)
            canvas_reverse(view->canvas, x, y);
    }
}

/* The grid by one metric, under so many rows of headings. */
static void draw_grid(
    const struct view *view, const struct rect *rect, int headings, enum metric metric)
{
    struct window window = window_of(view, rect, headings);
    for (int line = 0; line < window.lines; line++) {
        int row = window.row + line * window.fold, y = rect->y + headings + line;
        char label[16];
        struct rect left = {rect->x, y, LAYOUT_LABELS, 1};
        row_label(view, row, line == 0, label, sizeof label);
        canvas_print(view->canvas, &left, 0, 0, ROLE_HEADING, "%s", label);
        for (int i = 0; i < window.columns; i++)
            draw_cell(view, metric, &window, row, window.column + i,
                rect->x + LAYOUT_LABELS + i * window.cell, y);
    }
}

static void draw_upper(const struct view *view)
{
    const struct rect *rect = &view->layout.latency;
    struct window window = window_of(view, rect, LAYOUT_HEADINGS);
    draw_headings(view, rect, &window);
    draw_grid(view, rect, LAYOUT_HEADINGS, view->state->metric);
}

/* The metric that the upper map does not show. */
static void draw_other(const struct view *view)
{
    const struct rect *rect = &view->layout.other;
    bool latency = view->state->metric != METRIC_LATENCY;
    canvas_print(view->canvas, rect, 0, 0, ROLE_HEADING, "%s%s",
        latency ? "latency in steps" : "registers in steps of 32",
        rect->width < CAPTION ? ""
        : latency             ? ", 0 the best of this M"
                              : ", s spills");
    draw_grid(view, rect, 1, latency ? METRIC_LATENCY : METRIC_REGISTERS);
}

/* A row for each BLOCK_SIZE_M: warps and groups change nothing. */
static void draw_memory(const struct view *view)
{
    const struct state *state = view->state;
    const struct grid *grid = &state->grid;
    const struct rect *rect = &view->layout.memory;
    int rows = rect->height - 1, step = rows > 0 ? grid->rows / rows : 1;
    struct window window = window_of(view, rect, 1);
    char limit[32];
    canvas_print(view->canvas, rect, 0, 0, ROLE_HEADING, "shared memory, tenths of %s B%s",
        text_grouped(view->snapshot->question.device.smem_limit, limit, sizeof limit),
        rect->width < CAPTION ? "" : ", x over");
    for (int y = 0; y < rows; y++) {
        struct rect left = {rect->x, rect->y + 1 + y, LAYOUT_LABELS, 1};
        const struct tile *first = sample_tile(view, y * step, 0);
        canvas_print(view->canvas, &left, 0, 0, ROLE_HEADING, "BM%d", first ? first->block_m : 0);
        for (int x = 0; x < window.columns * window.cell; x++) {
            int column = window.column + x / window.cell;
            int tile = board_pick(view->snapshot, grid, state->gemm, state->m_index,
                y * step * grid->columns + column);
            if (tile < 0)
                continue;
            struct mark mark = board_memory_mark(view->snapshot, state->gemm, tile);
            char shown = x % window.cell == 0 ? mark.character : ' ';
            canvas_put(view->canvas, rect->x + LAYOUT_LABELS + x, left.y, shown, mark.role);
            if (y == state->row / step && column == state->column)
                canvas_reverse(view->canvas, rect->x + LAYOUT_LABELS + x, left.y);
        }
    }
}

/* Within the cells of a map; the place in lines and columns of what its window shows. */
static bool cell_at(const struct rect *rect, int headings, const struct window *window, int x,
    int y, int *line, int *column)
{
    *line = y - rect->y - headings;
    int right = x - rect->x - LAYOUT_LABELS;
    *column = right / window->cell;
    return rect->height > headings && *line >= 0 && *line < window->lines && right >= 0 &&
           *column < window->columns;
}

bool view_maps_at(const struct view *view, int x, int y, int *row, int *column)
{
    const struct layout *layout = &view->layout;
    const struct rect *const maps[] = {&layout->latency, &layout->other, &layout->memory};
    for (int map = 0; map < 3; map++) {
        int headings = map == 0 ? LAYOUT_HEADINGS : 1, line;
        struct window window = window_of(view, maps[map], headings);
        if (!cell_at(maps[map], headings, &window, x, y, &line, column))
            continue;
        *row = map == 2 ? line * (view->state->grid.rows / (layout->memory.height - 1))
                        : window.row + line * window.fold;
        *column += window.column;
        return true;
    }
    return false;
}

void view_maps(const struct view *view)
{
    if (view->layout.latency.height > LAYOUT_HEADINGS)
        draw_upper(view);
    if (view->layout.memory.height > 1)
        draw_memory(view);
    if (view->layout.other.height > 1)
        draw_other(view);
}
