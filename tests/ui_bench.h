/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TESTS_UI_BENCH_H
#define MOEBENCH_TESTS_UI_BENCH_H

#include "tests/cmocka_all.h"
#include "tests/golden.h"
#include "tests/ui_fixture.h"
#include "ui/view.h"

#include <stdio.h>

/* The fixture's tune with a screen of its own: keys are pressed, the screen is looked at. */
struct bench {
    struct snapshot snapshot;
    struct state state;
    struct canvas canvas;
};

static inline int set_up(void **arg)
{
    struct bench *bench = xcalloc(1, sizeof *bench);
    fixture_snapshot(&bench->snapshot);
    state_open(&bench->state, &bench->snapshot, THEME_VIRIDIS);
    bench->state.out = "moebench-out";
    *arg = bench;
    return 0;
}

static inline int tear_down(void **arg)
{
    struct bench *bench = *arg;
    state_close(&bench->state);
    canvas_free(&bench->canvas);
    fixture_free(&bench->snapshot);
    free(bench);
    return 0;
}

static inline struct effect press(struct bench *bench, const char *keys)
{
    struct effect effect = {0};
    char *copy = xstrdup(keys), *rest = copy;
    for (char *name = strtok_r(copy, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
        assert_int_not_equal(key_by_name(name), 0);
        effect = state_key(&bench->state, &bench->snapshot, key_by_name(name));
    }
    free(copy);
    return effect;
}

static inline void check_screen(struct bench *bench, const char *name, int width, int height)
{
    fixture_past(&bench->state, &bench->snapshot);
    canvas_resize(&bench->canvas, width, height);
    view_draw(&bench->canvas, &bench->snapshot, &bench->state);
    golden_check(&bench->canvas, name);
}

static inline char *drawn(struct bench *bench, int width, int height)
{
    struct text text = {0};
    canvas_resize(&bench->canvas, width, height);
    view_draw(&bench->canvas, &bench->snapshot, &bench->state);
    canvas_text(&bench->canvas, &text);
    return text_take(&text);
}

static inline void assert_drawn(struct bench *bench, int width, const char *part, bool there)
{
    char *screen = drawn(bench, width, 50);
    if ((strstr(screen, part) != NULL) != there)
        fail_msg("%s \"%s\" in\n%s", there ? "no" : "a", part, screen);
    free(screen);
}

#endif
