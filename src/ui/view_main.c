/* SPDX-License-Identifier: MIT */
#include "ui/view.h"

#include "base/text.h"
#include "ui/phrase.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

const char *view_us(double us, char *buffer, size_t size)
{
    if (isnan(us))
        snprintf(buffer, size, "-");
    else
        snprintf(buffer, size, "%.1f", us);
    return buffer;
}

const char *view_when(double time, char *buffer, size_t size)
{
    struct tm day;
    time_t seconds = (time_t)time;
    strftime(buffer, size, "%m-%d %H:%M", localtime_r(&seconds, &day));
    return buffer;
}

const char *view_served(const struct view *view, char *buffer, size_t size)
{
    int low, high;
    if (!board_served(view->snapshot, view->state->m_index, &low, &high))
        snprintf(buffer, size, "-: dropped");
    else if (high > low)
        snprintf(buffer, size, "%d..%d", low, high);
    else
        snprintf(buffer, size, high > 0 ? "%d" : "%d and up", low);
    return buffer;
}

#define EVENT_MARGIN 13

static int event_lines(const struct view *view, const struct rect *rect, int event)
{
    const char *text = view->state->past.events[event].text;
    return canvas_wrap(NULL, rect, EVENT_MARGIN, 0, ROLE_TEXT, text);
}

int view_events_over(const struct view *view, const struct rect *rect)
{
    int count = (int)view->state->past.event_count, shown = 0;
    for (int lines = 0; shown < count; shown++) {
        lines += event_lines(view, rect, shown);
        if (lines > rect->height)
            break;
    }
    return count - shown;
}

void view_events(const struct view *view, const struct rect *rect, int skipped)
{
    const struct past *past = &view->state->past;
    int end = (int)past->event_count - skipped, first = end, y = 0;
    char at[32];
    for (int lines = 0; first > 0; first--) {
        lines += event_lines(view, rect, first - 1);
        if (lines > rect->height)
            break;
    }
    for (; first < end; first++) {
        const struct store_event *event = &past->events[first];
        canvas_print(
            view->canvas, rect, 0, y, ROLE_DIM, "%s", view_when(event->time, at, sizeof at));
        y += canvas_wrap(view->canvas, rect, EVENT_MARGIN, y, ROLE_TEXT, event->text);
    }
}

/* What the figures are, at the right end of the first line whatever the width. */
static const char *origin(const struct snapshot *snapshot)
{
    return snapshot->planned ? "unmeasured" : snapshot->recorded ? "recorded" : "measured";
}

static enum role origin_role(const struct snapshot *snapshot)
{
    return snapshot->recorded || snapshot->planned ? ROLE_WARN : ROLE_TITLE;
}

static int percent(const struct snapshot *snapshot)
{
    return (int)(100 * tuner_share(snapshot));
}

static const char *short_device(const struct snapshot *snapshot)
{
    const char *name = snapshot->question.device.name;
    return text_starts_with(name, "NVIDIA ") ? name + 7 : name;
}

/* All that a window too small for more shows. */
static void draw_state(const struct view *view)
{
    const struct snapshot *snapshot = view->snapshot;
    struct phrases line = {0};
    phrases_add(&line, 0, ROLE_TITLE, "%d%%", percent(snapshot));
    phrases_add(&line, 2, ROLE_TITLE, "%s", board_state_name(snapshot->state));
    if (snapshot->m > 0 && state_running(snapshot))
        phrases_add(&line, 3, ROLE_TITLE, "%s M=%d", gemm_name(snapshot->gemm), snapshot->m);
    phrases_add(&line, 1, ROLE_WARN, "needs %dx%d", LAYOUT_LEAST_WIDTH, LAYOUT_LEAST_HEIGHT);
    phrases_add(&line, 4, ROLE_TITLE, "%s", origin(snapshot));
    phrases_print(&line, view->canvas, &view->layout.title, 0, 0);
}

static void draw_title(const struct view *view)
{
    const struct snapshot *snapshot = view->snapshot;
    const struct question *question = &snapshot->question;
    const struct rect *rect = &view->layout.title;
    if (view->layout.mode == LAYOUT_LINE) {
        draw_state(view);
        return;
    }
    struct phrases line = {0};
    char experts[16] = "";
    if (question->ep > 1)
        snprintf(experts, sizeof experts, " EP%d", question->ep);
    phrases_add(&line, 4, ROLE_TITLE, "moebench");
    phrases_add(&line, 0, ROLE_TITLE, "%s TP%d%s", question->model, question->tp, experts);
    phrases_add(&line, 5, ROLE_TITLE, "%s%s", dtype_name(question->shape.dtype),
        question->shape.per_channel ? "/channel" : "");
    phrases_add(&line, 1, ROLE_TITLE, "%s", short_device(snapshot));
    phrases_add(
        &line, 2, ROLE_TITLE, "%s %s", engine_name(&question->engine), question->engine.version);
    if (*snapshot->toolchain.triton)
        phrases_add(&line, 3, ROLE_TITLE, "triton %s", snapshot->toolchain.triton);
    int columns = 2 + (int)strlen(origin(snapshot));
    struct rect start = {0, rect->y, rect->width - columns, 1};
    struct rect end = {start.width, rect->y, columns, 1};
    phrases_print(&line, view->canvas, &start, 0, 0);
    canvas_print(view->canvas, &end, 0, 0, origin_role(snapshot), "  %s", origin(snapshot));
}

static void draw_bar(const struct view *view, int *column)
{
    const struct rect *rect = &view->layout.progress;
    int width = rect->width >= 120 ? 40 : 10;
    int filled = width * percent(view->snapshot) / 100;
    if (rect->width < 60) {
        *column =
            canvas_print(view->canvas, rect, 0, 0, ROLE_TEXT, "%d %%  ", percent(view->snapshot));
        return;
    }
    canvas_print(view->canvas, rect, 0, 0, ROLE_TEXT, "[");
    for (int i = 0; i < width; i++)
        canvas_print(
            view->canvas, rect, 1 + i, 0, i < filled ? ROLE_BAR : ROLE_DIM, i < filled ? "#" : "-");
    *column = 1 + width;
    *column += canvas_print(
        view->canvas, rect, *column, 0, ROLE_TEXT, "] %d %%  ", percent(view->snapshot));
}

static void add_left(struct phrases *line, double seconds)
{
    if (isnan(seconds))
        return;
    long long left = (long long)seconds;
    if (left >= 3600)
        phrases_add(line, 1, ROLE_TEXT, "left %lld:%02lld h", left / 3600, left / 60 % 60);
    else
        phrases_add(line, 1, ROLE_TEXT, "left %lld:%02lld", left / 60, left % 60);
}

static void add_phase(struct phrases *line, const struct view *view)
{
    const struct snapshot *snapshot = view->snapshot;
    const char *state = board_state_name(snapshot->state);
    int rank = line->count > 0; /* behind an A/B's news */
    if (!state_running(snapshot)) {
        phrases_add(line, rank, ROLE_TEXT, "%s", state);
        return;
    }
    if (view->state->pausing)
        phrases_add(line, rank, ROLE_WARN, "pausing");
    phrases_add(line, rank, ROLE_TEXT, "%s", *snapshot->phase ? snapshot->phase : state);
    if (snapshot->m > 0)
        phrases_add(line, 2, ROLE_TEXT, "%s M=%d", gemm_name(snapshot->gemm), snapshot->m);
    add_left(line, snapshot->left_s);
}

/* An A/B that runs, while the race waits, or whose verdict waits for an answer. */
static void add_ab(struct phrases *line, const struct view *view)
{
    const struct ab_view *ab = &view->snapshot->ab;
    const char *verdict = *ab->error ? "failed" : ab_verdict_name(ab->result.verdict);
    if (!state_ab_waits(view->state, view->snapshot))
        return;
    if (ab->ended)
        phrases_add(line, 0, ROLE_TITLE, "A/B M=%d %s: a answers", ab->job.m, verdict);
    else if (ab->result.blocks > 0)
        phrases_add(line, 0, ROLE_TITLE, "A/B M=%d %d/%d %+.1f %%", ab->job.m, ab->result.blocks,
            ab->job.budget, ab->result.effect_pct);
    else
        phrases_add(line, 0, ROLE_TITLE, "A/B M=%d %s", ab->job.m, ab->phase);
}

/* "-" for what the card does not tell; nothing before the first chunk, and of a recording. */
static void add_card(struct phrases *line, const struct snapshot *snapshot)
{
    char mhz[32] = "-", celsius[16] = "-";
    const char *shared = snapshot->memory_shared ? " shared" : "";
    if (snapshot->clock_mhz > 0)
        text_grouped((long long)snapshot->clock_mhz, mhz, sizeof mhz);
    if (snapshot->temperature_c > 0)
        snprintf(celsius, sizeof celsius, "%.0f", snapshot->temperature_c);
    if (snapshot->clock_mhz > 0 || snapshot->temperature_c > 0)
        phrases_add(line, 4, ROLE_TEXT, "%s MHz %s C", mhz, celsius);
    if (snapshot->power_w > 0)
        phrases_add(line, 5, ROLE_TEXT, "%.0f W", snapshot->power_w);
    if (snapshot->memory_total > 0)
        phrases_add(line, 6, ROLE_TEXT, "%.0f/%.0f GB%s", (double)snapshot->memory_used / 1e9,
            (double)snapshot->memory_total / 1e9, shared);
}

/* A recording has none, and before the first chunk there is none to tell of. */
static void add_sentinel(struct phrases *line, const struct snapshot *snapshot)
{
    if (snapshot->recorded || snapshot->samples == 0)
        return;
    phrases_add(line, snapshot->sentinel_ok ? 3 : 1, snapshot->sentinel_ok ? ROLE_TEXT : ROLE_WARN,
        "sentinel %s", snapshot->sentinel_ok ? "ok" : "OFF");
}

/* Why it ended before its end. Of a stop, which is no failure, what `p` can do stands below. */
static void draw_error(const struct view *view, int column)
{
    const struct snapshot *snapshot = view->snapshot;
    const struct rect *rect = &view->layout.progress;
    const char *state = board_state_name(snapshot->state), *text = snapshot->error;
    int room = rect->width - column - (int)strlen(state) - 2;
    bool whole = (int)strlen(text) <= room;
    if (snapshot->state == TUNER_STOPPED)
        canvas_print(view->canvas, rect, column, 0, ROLE_WARN, "%s: %.*s", state,
            whole ? room : (int)strcspn(text, ";"), text);
    else
        canvas_print(view->canvas, rect, column, 0, ROLE_BAD, "%s%s: %s", state,
            whole ? "" : " (L: all of it)", text);
}

static void draw_progress(const struct view *view)
{
    const struct snapshot *snapshot = view->snapshot;
    const struct rect *rect = &view->layout.progress;
    int column = 0;
    struct phrases line = {0};
    if (rect->height < 1)
        return;
    if (snapshot->planned) {
        view_plan_progress(view);
        return;
    }
    draw_bar(view, &column);
    if (*snapshot->error) {
        draw_error(view, column);
        return;
    }
    if (snapshot->follows_ended) {
        const char *how =
            rect->width < 80 ? "ended: p goes on" : "has ended: p or Enter goes on here";
        canvas_print(
            view->canvas, rect, column, 0, ROLE_WARN, "pid %ld %s", snapshot->follows_pid, how);
        return;
    }
    add_ab(&line, view);
    if (!snapshot->ab.running)
        add_phase(&line, view);
    if (snapshot->follows_pid)
        phrases_add(&line, 1, ROLE_TEXT, "by pid %ld", snapshot->follows_pid);
    add_card(&line, snapshot);
    if (snapshot->worker_restarts > 0)
        phrases_add(&line, 3, ROLE_WARN, "restarts %d", snapshot->worker_restarts);
    add_sentinel(&line, snapshot);
    phrases_print(&line, view->canvas, rect, column, 0);
}

/* Where there is no room for all, the way out and to the help stays. */
static int hint_rank(enum action action)
{
    switch (action) {
    case ACTION_HELP:
    case ACTION_QUIT:
    case ACTION_LEAVE:
        return 0;
    case ACTION_REFUSE:
    case ACTION_TAKE:
    case ACTION_ACCEPT:
        return 1;
    default:
        return 2;
    }
}

void view_hints(const struct view *view, const struct rect *rect, int y, enum key_place place)
{
    struct key_list list = key_list(place);
    struct phrases line = {0};
    for (size_t i = 0; i < list.count; i++) {
        const struct key_entry *entry = &list.entries[i];
        bool rests = entry->action == ACTION_PAUSE &&
                     (view->state->pausing || !state_running(view->snapshot));
        if (entry->hint && !(place == PLACE_MAIN && state_refuses(view->snapshot, entry->action)))
            phrases_add(
                &line, hint_rank(entry->action), ROLE_KEY, "%s", rests ? "p go on" : entry->hint);
    }
    phrases_print(&line, view->canvas, rect, 0, y);
}

/* Takes the hints' place, and as many rows above as it needs. */
static void draw_notice(const struct view *view)
{
    const struct rect *keys = &view->layout.keys;
    const char *notice = view->state->notice;
    int lines = canvas_wrap(NULL, keys, 0, 0, ROLE_WARN, notice);
    struct rect rect = {0, keys->y + 1 - lines, keys->width, lines};
    canvas_fill(view->canvas, &rect, ' ', ROLE_TEXT);
    canvas_wrap(view->canvas, &rect, 0, 0, ROLE_WARN, notice);
}

/* The layout; cells are halved where the unfolded map would not fit and the terminal can. */
static void place(struct view *view)
{
    const struct canvas *canvas = view->canvas;
    const struct state *state = view->state;
    const struct space *space = &view->snapshot->question.space;
    struct layout_need need = {.map_rows = state->grid.rows,
        .columns = space->value_count[TILE_BLOCK_N] * space->value_count[TILE_BLOCK_K] *
                   space->value_count[TILE_STAGES],
        .memory_rows = state->fixed == TILE_BLOCK_M ? 1 : space->value_count[TILE_BLOCK_M],
        .list_rows = view->snapshot->question.batch_size_count};
    layout_compute(canvas->width, canvas->height, &need, &view->layout);
    if (!state->unfolded || !state->halves || !theme_has_colors(state->theme) ||
        view->layout.latency.height >= LAYOUT_HEADINGS + need.map_rows)
        return;
    view->halved = true;
    need.map_rows = (need.map_rows + 1) / 2;
    layout_compute(canvas->width, canvas->height, &need, &view->layout);
}

bool view_click(
    const struct canvas *canvas, const struct snapshot *snapshot, struct state *state, int x, int y)
{
    struct canvas size = *canvas;
    struct view view = {.canvas = &size, .snapshot = snapshot, .state = state};
    const struct rect *list = &view.layout.list;
    int row, column, m = -1;
    if (state->overlay != OVERLAY_NONE)
        return false;
    place(&view);
    if (view_maps_at(&view, x, y, &row, &column)) {
        state_go(state, snapshot, row, column, state->m_index);
        return true;
    }
    if (x < list->x + list->width)
        m = view_list_at(&view, y);
    if (m >= 0)
        state_go(state, snapshot, state->row, state->column, m);
    return m >= 0;
}

void view_draw(struct canvas *canvas, const struct snapshot *snapshot, struct state *state)
{
    struct view view = {.canvas = canvas, .snapshot = snapshot, .state = state};
    struct rect all = {0, 0, canvas->width, canvas->height};
    place(&view);
    state->scroll = view_scroll(&view);
    canvas_fill(canvas, &all, ' ', ROLE_TEXT);
    draw_title(&view);
    view_list(&view);
    view_maps(&view);
    view_story(&view);
    view_detail(&view);
    draw_progress(&view);
    view_hints(&view, &view.layout.keys, 0, PLACE_MAIN);
    view_overlay(&view);
    if (view.layout.keys.height > 0)
        draw_notice(&view);
}
