/* SPDX-License-Identifier: MIT */
/* What fits where: nothing is cut, whatever is open; what is too long scrolls to its end. */
#include "tests/ui_bench.h"
#include "ui/legend.h"

#include <math.h>
#include <string.h>

static const struct {
    int width, height;
} sizes[] = {{40, 10}, {60, 15}, {60, 18}, {80, 24}, {112, 30}, {132, 43}, {160, 45}, {200, 50}};

static void assert_whole(struct bench *bench, const char *what)
{
    fixture_past(&bench->state, &bench->snapshot);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char *screen = drawn(bench, sizes[i].width, sizes[i].height);
        if (bench->canvas.cut)
            fail_msg("%s: %d texts cut in\n%s", what, bench->canvas.cut, screen);
        free(screen);
    }
}

static void test_nothing_cut(void **arg)
{
    struct bench *bench = *arg;
    static const char *const places[] = {
        "", "?", "L", "x", "q", "e", "e Up", "e Right Up Right Up Up", "e t B M", "a", "a Down"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        bench->state.overlay = OVERLAY_NONE;
        press(bench, places[i]);
        assert_whole(bench, places[i]);
    }
    bench->snapshot.follows_pid = 1234567;
    assert_whole(bench, "a tune of another process");
    bench->snapshot.follows_ended = true;
    assert_whole(bench, "what it left");
    bench->snapshot.follows_pid = 0;
    bench->snapshot.follows_ended = false;
    bench->snapshot.recorded = true;
    press(bench, "Esc Esc x");
    assert_whole(bench, "an export of what is recorded");
}

static void test_ab_not_cut(void **arg)
{
    struct bench *bench = *arg;
    fixture_ab(&bench->snapshot, 24, false);
    press(bench, "a");
    assert_whole(bench, "an A/B");
    fixture_ab(&bench->snapshot, 80, true);
    assert_whole(bench, "its end");
}

/* The largest tile there is, in every dialog. */
static void test_long_tiles(void **arg)
{
    static const struct tile longest = {256, 256, 256, 64, 16, 5, false};
    struct bench *bench = *arg;
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++)
        bench->snapshot.choices[gemm][0].tile = longest;
    press(bench, "e c");
    assert_whole(bench, "the editor");
    press(bench, "a");
    assert_whole(bench, "the question");
}

static char *scrolled(struct bench *bench, const char *open, const char *by, int width, int height)
{
    bench->state.overlay = OVERLAY_NONE;
    press(bench, open);
    for (int i = 0; i < 60; i++) {
        press(bench, by);
        free(drawn(bench, width, height));
    }
    return drawn(bench, width, height);
}

/* Down reaches the last row and no further: one Up moves again. */
static void test_scroll_ends(void **arg)
{
    struct bench *bench = *arg;
    fixture_past(&bench->state, &bench->snapshot);
    char *end = scrolled(bench, "?", "PgDn", 40, 10);
    assert_non_null(strstr(end, "Esc, q, n"));
    press(bench, "Up");
    char *before = drawn(bench, 40, 10);
    assert_string_not_equal(end, before);
    free(end);
    free(before);
    end = scrolled(bench, "L", "PgUp", 60, 18);
    assert_non_null(strstr(end, bench->state.past.events[0].text));
    press(bench, "Down");
    assert_int_equal(bench->state.scroll, 0);
    free(end);
}

/* The key that opened them closes them too. */
static void test_same_key_closes(void **arg)
{
    struct bench *bench = *arg;
    press(bench, "? ?");
    assert_int_equal(bench->state.overlay, OVERLAY_NONE);
    press(bench, "L ? L");
    assert_int_equal(bench->state.overlay, OVERLAY_NONE);
}

static void test_help_tells_marks(void **arg)
{
    struct bench *bench = *arg;
    press(bench, "?");
    for (size_t i = 0; i < legend_count; i++)
        assert_drawn(bench, 80, legend_rows[i].name, true);
}

/* Where there is no room for all hints, the way out and to the help stay. */
static void test_hints_left(void **arg)
{
    struct bench *bench = *arg;
    for (int width = 40; width <= 80; width++) {
        assert_drawn(bench, width, "? help  ", true);
        assert_drawn(bench, width, "q quit", true);
    }
    press(bench, "e");
    assert_drawn(bench, 40, "Enter choose", true);
    assert_drawn(bench, 40, "Esc", true);
}

/* A long answer takes the rows it needs, over whatever is open. */
static void test_long_notice(void **arg)
{
    struct bench *bench = *arg;
    static const char *const places[] = {"", "e", "L"};
    for (size_t i = 0; i < 3; i++) {
        bench->state.overlay = OVERLAY_NONE;
        press(bench, places[i]);
        snprintf(bench->state.notice, sizeof bench->state.notice,
            "up M=64 BM128,BN256,BK256,G16,w4,s5: refused, as the kernel that was compiled of it "
            "asks "
            "for more than the card has, and what can be done stands at the very END");
        char *screen = drawn(bench, 40, 10);
        assert_non_null(strstr(screen, "up M=64"));
        assert_non_null(strstr(screen, "END"));
        free(screen);
    }
}

/* An A/B after the race is work too. */
static void test_quit_during_ab(void **arg)
{
    struct bench *bench = *arg;
    bench->snapshot.state = TUNER_DONE;
    fixture_ab(&bench->snapshot, 24, false);
    assert_int_equal(press(bench, "q").kind, EFFECT_NONE);
    assert_drawn(bench, 80, "An A/B runs", true);
    assert_int_equal(press(bench, "y").kind, EFFECT_QUIT);
    fixture_ab(&bench->snapshot, 80, true);
    assert_int_equal(press(bench, "q").kind, EFFECT_QUIT);
}

/* Under 60x18 there is no map: the tile that the keys speak of is named. */
static void test_list_names_tile(void **arg)
{
    struct bench *bench = *arg;
    char name[TILE_TEXT_SIZE];
    press(bench, "Right");
    tile_format(&bench->snapshot.question.space.tiles[bench->state.tile], name, sizeof name);
    char *screen = drawn(bench, 40, 10);
    assert_non_null(strstr(screen, name));
    free(screen);
}

/* No key of the plan is offered that is refused, none is silent. */
static void test_plan(void **arg)
{
    struct bench *bench = *arg;
    struct snapshot *snapshot = &bench->snapshot;
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++)
        for (size_t i = 0; i < snapshot->question.space.count; i++)
            snapshot->cells[gemm][i] = (struct cell){.median_us = NAN};
    state_update(&bench->state, snapshot);
    snapshot->planned = true;
    snapshot->points_left = 0;
    snprintf(snapshot->error, sizeof snapshot->error, "no Python here");
    assert_whole(bench, "a plan");
    assert_drawn(bench, 80, "p pause", false);
    assert_drawn(bench, 80, "a A/B", false);
    assert_drawn(bench, 80, "e edit", true);
    assert_drawn(bench, 80, "entry: ", true);
    assert_int_equal(press(bench, "p").kind, EFFECT_NONE);
    assert_non_null(strstr(bench->state.notice, "nothing to pause"));
    press(bench, "Esc");
    assert_drawn(bench, 200, "fastest", false);
    assert_drawn(bench, 200, "no Python here", true);
}

/* A tune that failed or ran out of time goes on by `p`, as the last line says. */
static void test_ended_goes_on(void **arg)
{
    static const enum tuner_state ended[] = {TUNER_FAILED, TUNER_STOPPED, TUNER_PAUSED};
    struct bench *bench = *arg;
    for (size_t i = 0; i < sizeof ended / sizeof ended[0]; i++) {
        bench->snapshot.state = ended[i];
        assert_drawn(bench, 80, "p go on", true);
        assert_int_equal(press(bench, "p").command.kind, TUNER_RESUME);
        assert_int_equal(press(bench, "r").kind, EFFECT_COMMAND);
        press(bench, "Esc");
    }
}

/* Until what runs is stored the screen says that it pauses, and a second `p` takes it back. */
static void test_pausing(void **arg)
{
    struct bench *bench = *arg;
    assert_int_equal(press(bench, "p").command.kind, TUNER_PAUSE);
    assert_drawn(bench, 80, "pausing  race 2/4", true);
    assert_drawn(bench, 80, "p go on", true);
    assert_int_equal(press(bench, "p").command.kind, TUNER_RESUME);
    assert_drawn(bench, 80, "pausing", false);
    press(bench, "p");
    bench->snapshot.state = TUNER_PAUSED;
    state_update(&bench->state, &bench->snapshot);
    assert_drawn(bench, 80, "pausing", false);
    assert_int_equal(press(bench, "p").command.kind, TUNER_RESUME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ab_not_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_tiles, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_scroll_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_same_key_closes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_help_tells_marks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hints_left, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_notice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_quit_during_ab, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_list_names_tile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_plan, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ended_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pausing, set_up, tear_down),
    };
    setenv("TZ", "UTC", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
