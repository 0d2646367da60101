/* SPDX-License-Identifier: MIT */
#include "ui/script.h"

#include "base/clock.h"
#include "base/path.h"
#include "ui/effect.h"
#include "ui/view.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_S 60

struct script {
    struct tuner *tuner;
    const struct screen_options *options;
    const struct snapshot *snapshot; /* borrowed from the tuner */
    struct state state;
    struct canvas canvas;
    struct past_reader *reader;
    bool over;
};

static void refresh_snapshot(struct script *script)
{
    if (script->snapshot)
        tuner_snapshot_release(script->tuner, script->snapshot);
    script->snapshot = tuner_snapshot_acquire(script->tuner);
    if (script->state.grid.tiles)
        state_update(&script->state, script->snapshot);
}

static int settled_count(const struct snapshot *snapshot)
{
    int count = 0;
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++)
        for (int m = 0; m < snapshot->question.batch_size_count; m++)
            count += snapshot->choices[gemm][m].settled;
    return count;
}

static bool holds(const struct snapshot *snapshot, const char *condition)
{
    long number;
    if (text_starts_with(condition, "settled=") && text_to_int(condition + 8, 0, 1000, &number))
        return settled_count(snapshot) >= number;
    if (text_starts_with(condition, "points=") && text_to_int(condition + 7, 0, 1 << 30, &number))
        return snapshot->points_done >= number;
    if (text_starts_with(condition, "ab=") && text_to_int(condition + 3, 0, 1000, &number))
        return snapshot->ab.ended && snapshot->ab.serial >= number;
    return strcmp(board_state_name(snapshot->state), condition) == 0;
}

static bool wait_for(struct script *script, const char *condition, struct error *err)
{
    double end = clock_monotonic() + WAIT_S;
    while (refresh_snapshot(script), !holds(script->snapshot, condition)) {
        struct pollfd fd = {.fd = tuner_fd(script->tuner), .events = POLLIN};
        if (script->snapshot->state == TUNER_FAILED)
            return error_set(err, ERROR_FAILED, "%s", script->snapshot->error);
        if (clock_monotonic() > end)
            return error_set(err, ERROR_FAILED, ":wait %s: not within %d s; the tune is %s",
                condition, WAIT_S, board_state_name(script->snapshot->state));
        poll(&fd, 1, 100);
    }
    return true;
}

static bool save_screen(struct script *script, const char *path, struct error *err)
{
    struct text text = {0}, roles = {0};
    char *second = xasprintf("%s.roles", path);
    refresh_snapshot(script);
    state_look_back(&script->state, script->snapshot, script->reader);
    view_draw(&script->canvas, script->snapshot, &script->state);
    canvas_text(&script->canvas, &text);
    canvas_roles(&script->canvas, &roles);
    bool done = path_write_atomic(path, text.data, text.length, err) &&
                path_write_atomic(second, roles.data, roles.length, err);
    text_free(&text);
    text_free(&roles);
    free(second);
    return done;
}

static bool obey(struct script *script, const char *line, struct error *err)
{
    int width, height;
    if (text_starts_with(line, ":wait "))
        return wait_for(script, line + 6, err);
    if (text_starts_with(line, ":save-screen "))
        return save_screen(script, line + 13, err);
    if (sscanf(line, ":resize %dx%d", &width, &height) == 2 && width > 0 && height > 0 &&
        width <= 1000 && height <= 1000) {
        canvas_resize(&script->canvas, width, height);
        return true;
    }
    return error_set(err, ERROR_USAGE, "%s: no such command of a script", line);
}

static bool press_all(struct script *script, char *line, struct error *err)
{
    char *rest = line;
    for (char *name = strtok_r(line, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
        int key = key_by_name(name);
        if (!key)
            return error_set(err, ERROR_USAGE, "%s: no such key", name);
        struct effect effect = state_key(&script->state, script->snapshot, key);
        if (!effect_apply(
                &script->state, &effect, script->tuner, script->snapshot, script->options))
            script->over = true;
    }
    return true;
}

static bool run_lines(struct script *script, char *text, struct error *err)
{
    char *rest = text;
    int number = 0;
    for (char *line = strsep(&rest, "\n"); line && !script->over; line = strsep(&rest, "\n")) {
        number++;
        if (!*line || *line == '#')
            continue;
        if (*line == ':' ? !obey(script, line, err) : !press_all(script, line, err))
            return error_prefix(err, "%s:%d", script->options->script, number);
    }
    return true;
}

bool script_run(struct tuner *tuner, const struct screen_options *options, struct error *err)
{
    size_t length;
    char *text = path_read(options->script, 1 << 20, &length, err);
    if (!text)
        return false;
    struct script *script = xcalloc(1, sizeof *script);
    script->tuner = tuner;
    script->options = options;
    refresh_snapshot(script);
    state_open(&script->state, script->snapshot, options->theme);
    script->state.out = options->out;
    canvas_resize(&script->canvas, 80, 24);
    script->reader = past_open(options->database);
    bool done = run_lines(script, text, err);
    tuner_snapshot_release(tuner, script->snapshot);
    state_close(&script->state);
    past_close(script->reader);
    canvas_free(&script->canvas);
    free(script);
    free(text);
    return done;
}
