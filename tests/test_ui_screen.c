/* SPDX-License-Identifier: MIT */
/* Golden screens, the layout at every size, and what keys do. MOEBENCH_UPDATE_SCREENS=1 remakes
 * tests/screens. */
#include "tests/ui_bench.h"
#include "ui/ab_news.h"
#include "ui/phrase.h"
#include "ui/plot.h"

#include <math.h>
#include <stdio.h>

static void test_golden_main(void **arg)
{
    struct bench *bench = *arg;
    press(bench, "PgDn PgDn PgDn");
    check_screen(bench, "main-80x24", 80, 24);
    check_screen(bench, "main-200x50", 200, 50);
    check_screen(bench, "main-112x30", 112, 30);
    check_screen(bench, "main-60x18", 60, 18);
    check_screen(bench, "list-50x12", 50, 12);
    check_screen(bench, "list-40x10", 40, 10);
    check_screen(bench, "line-39x9", 39, 9);
}

static void test_golden_parts(void **arg)
{
    struct bench *bench = *arg;
    press(bench, "?");
    check_screen(bench, "help-80x24", 80, 24);
    press(bench, "Esc e Up Right Up");
    check_screen(bench, "edit-80x24", 80, 24);
    press(bench, "t B M 1");
    check_screen(bench, "edit-typed-80x24", 80, 24);
    press(bench, "Esc a");
    check_screen(bench, "ab-ask-80x24", 80, 24);
    press(bench, "Esc e Up");
    check_screen(bench, "edit-200x50", 200, 50);
    press(bench, "Esc x");
    check_screen(bench, "export-80x24", 80, 24);
    press(bench, "Esc q");
    check_screen(bench, "quit-80x24", 80, 24);
    press(bench, "n G Tab");
    check_screen(bench, "unfolded-80x24", 80, 24);
    bench->state.halves = true;
    check_screen(bench, "halves-80x24", 80, 24);
    press(bench, "T T");
    check_screen(bench, "mono-80x24", 80, 24);
    press(bench, "T");
    check_screen(bench, "ascii-80x24", 80, 24);
    press(bench, "T G f");
    check_screen(bench, "stages-80x24", 80, 24);
}

/* At 80 columns all 48 columns of the map are there, at any height that has a map. */
static void test_all_columns(void **arg)
{
    struct bench *bench = *arg;
    for (int height = 18; height <= 60; height++) {
        canvas_resize(&bench->canvas, 80, height);
        view_draw(&bench->canvas, &bench->snapshot, &bench->state);
        int last = 0;
        for (int x = 32; x < 80; x++)
            last += bench->canvas.cells[3 * 80 + x].character != ' ';
        assert_int_equal(last, 48);
    }
}

static int halved_cells(struct bench *bench, int width, int height)
{
    int count = 0;
    canvas_resize(&bench->canvas, width, height);
    view_draw(&bench->canvas, &bench->snapshot, &bench->state);
    for (int i = 0; i < width * height; i++)
        count += bench->canvas.cells[i].halved;
    return count;
}

/* Half blocks only where the terminal can, the map is unfolded and does not fit. */
static void test_halves(void **arg)
{
    struct bench *bench = *arg;
    bench->state.halves = true;
    assert_int_equal(halved_cells(bench, 80, 24), 0);
    press(bench, "G");
    assert_true(halved_cells(bench, 80, 30) > 20 * 40);
    assert_int_equal(halved_cells(bench, 80, 60), 0);
    bench->state.theme = THEME_MONO;
    assert_int_equal(halved_cells(bench, 80, 30), 0);
    bench->state.theme = THEME_VIRIDIS;
    bench->state.halves = false;
    assert_int_equal(halved_cells(bench, 80, 30), 0);
}

/* A click on a drawn cell goes to that cell, whatever part of the map is in sight. */
static void check_clicks(struct bench *bench, int width, int height)
{
    int cells = 0;
    canvas_resize(&bench->canvas, width, height);
    for (int y = 0; y < height; y++)
        for (int x = 26; x < width; x++) {
            if (!view_click(&bench->canvas, &bench->snapshot, &bench->state, x, y))
                continue;
            view_draw(&bench->canvas, &bench->snapshot, &bench->state);
            assert_true(bench->canvas.cells[y * width + x].reversed);
            cells++;
        }
    assert_true(cells >= 48 * (height - 10));
}

static void test_click_map(void **arg)
{
    struct bench *bench = *arg;
    check_clicks(bench, 80, 24);
    bench->state.halves = true;
    press(bench, "G");
    check_clicks(bench, 80, 30);
    press(bench, "G f");
    check_clicks(bench, 80, 24); /* cells four columns wide */
}

static void test_click_list(void **arg)
{
    struct bench *bench = *arg;
    canvas_resize(&bench->canvas, 80, 24);
    assert_true(view_click(&bench->canvas, &bench->snapshot, &bench->state, 3, 6));
    assert_int_equal(bench->state.m_index, 4);
    assert_false(view_click(&bench->canvas, &bench->snapshot, &bench->state, 3, 23));
    assert_false(view_click(&bench->canvas, &bench->snapshot, &bench->state, 3, 1));
    press(bench, "?");
    assert_false(view_click(&bench->canvas, &bench->snapshot, &bench->state, 3, 7));
    assert_int_equal(bench->state.m_index, 4);
}

/* The lower half is the next row's: GROUP is outside of the warps. */
static void test_lower_half(void **arg)
{
    struct bench *bench = *arg;
    bench->state.halves = true;
    press(bench, "G");
    bench->state.row = bench->state.column = 47;
    canvas_resize(&bench->canvas, 80, 30);
    view_draw(&bench->canvas, &bench->snapshot, &bench->state);
    const struct canvas_cell *cell = &bench->canvas.cells[3 * 80 + 32];
    const struct grid *grid = &bench->state.grid;
    for (int half = 0; half < 2; half++) {
        struct mark mark = board_latency_mark(
            &bench->snapshot, &bench->state.digest, GEMM_UP, 0, grid->tiles[half * grid->columns]);
        assert_int_equal(half ? cell->below : cell->role, mark.role);
    }
}

static bool inside(const struct rect *rect, int width, int height)
{
    return rect->width == 0 || rect->height == 0 ||
           (rect->x >= 0 && rect->y >= 0 && rect->width > 0 && rect->height > 0 &&
               rect->x + rect->width <= width && rect->y + rect->height <= height);
}

static bool apart(const struct rect *a, const struct rect *b)
{
    return a->width == 0 || b->width == 0 || a->height == 0 || b->height == 0 ||
           a->x + a->width <= b->x || b->x + b->width <= a->x || a->y + a->height <= b->y ||
           b->y + b->height <= a->y;
}

static void test_layout_every_size(void **arg)
{
    (void)arg;
    const struct layout_need need = {
        .map_rows = 10, .columns = 48, .memory_rows = 5, .list_rows = 18};
    for (int width = 0; width <= 250; width++)
        for (int height = 0; height <= 80; height++) {
            struct layout layout;
            layout_compute(width, height, &need, &layout);
            const struct rect *parts[] = {&layout.title, &layout.list, &layout.latency,
                &layout.memory, &layout.other, &layout.log, &layout.detail, &layout.story,
                &layout.progress, &layout.keys};
            for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
                assert_true(inside(parts[i], width, height));
                for (size_t j = 0; j < i; j++)
                    assert_true(apart(parts[i], parts[j]));
            }
            if (width >= 80 && height >= 24) {
                assert_true(layout.latency.width >= 54 && layout.latency.height == 12);
                assert_int_equal(layout.memory.height, 6);
            }
            if (width >= 80 && height >= 50)
                assert_true(layout.other.height == 11 && layout.log.height >= 5);
        }
}

/* Whatever is open, no size crashes. */
static void test_draw_every_size(void **arg)
{
    struct bench *bench = *arg;
    fixture_ab(&bench->snapshot, 40, true);
    for (int overlay = OVERLAY_NONE; overlay <= OVERLAY_QUIT; overlay++)
        for (int width = 0; width <= 170; width += 1 + width / 9)
            for (int height = 0; height <= 50; height += 1 + height / 5) {
                bench->state.overlay = (enum overlay)overlay;
                canvas_resize(&bench->canvas, width, height);
                view_draw(&bench->canvas, &bench->snapshot, &bench->state);
            }
}

static void test_keys_post(void **arg)
{
    struct bench *bench = *arg;
    struct effect effect = press(bench, "d PgDn t");
    assert_int_equal(effect.kind, EFFECT_COMMAND);
    assert_int_equal(effect.command.kind, TUNER_NEXT);
    assert_int_equal(effect.command.gemm, GEMM_DOWN);
    assert_int_equal(effect.command.m, bench->snapshot.question.batch_sizes[1]);
    assert_int_equal(press(bench, "p").command.kind, TUNER_PAUSE);
    bench->snapshot.state = TUNER_PAUSED;
    assert_int_equal(press(bench, "p").command.kind, TUNER_RESUME);
    effect = press(bench, "c");
    assert_int_equal(effect.command.kind, TUNER_CHOOSE);
    assert_true(
        tile_equal(&effect.command.tile, &bench->snapshot.question.space.tiles[bench->state.tile]));
    effect = press(bench, "y");
    assert_int_equal(effect.kind, EFFECT_COPY);
    assert_non_null(strstr(effect.text, "\"BLOCK_SIZE_M\""));
    assert_int_equal(press(bench, "q").kind, EFFECT_QUIT);
}

/* Case A14: what a card does not tell is a dash, never a 0. */
static void test_card(void **arg)
{
    struct bench *bench = *arg;
    struct snapshot *snapshot = &bench->snapshot;
    assert_drawn(bench, 200, "2,431 MHz 71 C", true);
    assert_drawn(bench, 200, "GB shared", false);
    snapshot->power_w = 12.4;
    snapshot->memory_used = 30100000000;
    snapshot->memory_total = 121600000000;
    snapshot->memory_shared = true;
    assert_drawn(bench, 200, "2,431 MHz 71 C  12 W  30/122 GB shared", true);
    snapshot->temperature_c = NAN;
    assert_drawn(bench, 200, "2,431 MHz - C", true);
    snapshot->clock_mhz = NAN;
    assert_drawn(bench, 200, " MHz", false);
}

/* A recording has no sentinel to tell of, nor has a tune that timed nothing yet. */
static void test_sentinel(void **arg)
{
    struct bench *bench = *arg;
    assert_drawn(bench, 80, "sentinel", false);
    bench->snapshot.recorded = false;
    assert_drawn(bench, 80, "sentinel ok", true);
    bench->snapshot.sentinel_ok = false;
    assert_drawn(bench, 80, "sentinel OFF", true);
    bench->snapshot.samples = 0;
    assert_drawn(bench, 80, "sentinel", false);
}

/* How far a cell is behind is said in figures. */
static void test_behind(void **arg)
{
    static const struct {
        double ratio;
        const char *text;
    } cases[] = {{1, " us  best  "}, {1.044, "  4.4 % off best  "}, {3.56, "  3.6x best  "}};
    struct bench *bench = *arg;
    double best = bench->state.digest.best_us[GEMM_UP][0];
    press(bench, "G");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        press(bench, "Right");
        struct cell *cell = &bench->snapshot.cells[GEMM_UP][bench->state.tile];
        cell->median_us = (float)(best * cases[i].ratio);
        cell->low_us = cell->high_us = NAN;
        state_update(&bench->state, &bench->snapshot);
        assert_drawn(bench, 80, cases[i].text, true);
    }
}

static void test_experts_spread(void **arg)
{
    struct bench *bench = *arg;
    assert_drawn(bench, 80, " TP4  ", true);
    bench->snapshot.question.ep = 4;
    assert_drawn(bench, 80, " TP4 EP4  ", true);
}

/* As the store has it when the tune is opened again, whatever the race's pairs of samples say. */
static void test_factor(void **arg)
{
    struct bench *bench = *arg;
    assert_drawn(bench, 80, "1  2570.0  1.30x", true);
    bench->snapshot.choices[GEMM_UP][0].gain = log(1.5);
    assert_drawn(bench, 80, "1  2570.0  1.30x", true);
}

static void test_error_whole(void **arg)
{
    struct bench *bench = *arg;
    bench->snapshot.state = TUNER_FAILED;
    snprintf(bench->snapshot.error, sizeof bench->snapshot.error, "no room");
    assert_drawn(bench, 80, "failed: no room", true);
    snprintf(bench->snapshot.error, sizeof bench->snapshot.error,
        "the recorded set is of another layer than the one that was asked for: what can be done "
        "stands at the very end");
    assert_drawn(bench, 80, "failed (L: all of it): the recorded", true);
    press(bench, "L");
    assert_drawn(bench, 80, "at the very end", true);
    press(bench, "Esc");
    bench->snapshot.state = TUNER_STOPPED;
    snprintf(bench->snapshot.error, sizeof bench->snapshot.error,
        "out of time; all that was measured is stored: the same command goes on");
    assert_drawn(bench, 80, "stopped: out of time", true);
    assert_drawn(bench, 80, "out of time;", false);
    assert_drawn(bench, 200, "the same command goes on", true);
    bench->snapshot.state = TUNER_DONE;
    press(bench, "p");
    assert_string_equal(bench->state.notice, "the tune is done: there is nothing to pause");
}

/* A tune of another process: shown, not steered; taken over after its end. */
static void test_follower(void **arg)
{
    static const char *const steering[] = {"p", "t", "r", "v", "c", "e"};
    struct bench *bench = *arg;
    bench->snapshot.follows_pid = 1234;
    assert_drawn(bench, 80, "by pid 1234", true);
    for (size_t i = 0; i < sizeof steering / sizeof steering[0]; i++) {
        assert_int_equal(press(bench, steering[i]).kind, EFFECT_NONE);
        assert_non_null(strstr(bench->state.notice, "pid 1234 drives this tune"));
        assert_int_equal(bench->state.overlay, OVERLAY_NONE);
    }
    assert_int_equal(press(bench, "Enter").kind, EFFECT_NONE);
    bench->snapshot.follows_ended = true;
    assert_drawn(bench, 80, "pid 1234 has ended: p or Enter goes on here", true);
    assert_int_equal(press(bench, "c").kind, EFFECT_NONE);
    struct effect effect = press(bench, "Enter");
    assert_int_equal(effect.kind, EFFECT_COMMAND);
    assert_int_equal(effect.command.kind, TUNER_RESUME);
    assert_int_equal(press(bench, "q").kind, EFFECT_QUIT);
}

static void test_quit_asks(void **arg)
{
    struct bench *bench = *arg;
    assert_int_equal(press(bench, "q").kind, EFFECT_NONE);
    assert_int_equal(press(bench, "n").kind, EFFECT_NONE);
    assert_int_equal(bench->state.overlay, OVERLAY_NONE);
    assert_int_equal(press(bench, "Ctrl-C Enter").kind, EFFECT_QUIT);
}

static const struct tile *cursor_tile(const struct bench *bench)
{
    return &bench->snapshot.question.space.tiles[bench->state.tile];
}

static void test_editor(void **arg)
{
    struct bench *bench = *arg;
    struct tile before = *cursor_tile(bench);
    struct effect effect = press(bench, "e Right Right Right Right Right 5 Enter");
    assert_int_equal(effect.command.kind, TUNER_CHOOSE);
    assert_int_equal(effect.command.tile.num_stages, 5);
    assert_int_equal(effect.command.tile.block_m, before.block_m);
    press(bench, "e 1 7");
    assert_int_equal(bench->state.editor.tile.block_m, 17);
    assert_int_equal(press(bench, "Enter").kind, EFFECT_NONE); /* Triton cannot launch it */
    press(bench, "u");
    assert_int_equal(bench->state.editor.tile.block_m, before.block_m);
    press(bench, "Up");
    assert_int_equal(bench->state.editor.tile.block_m, 2 * before.block_m);
    press(bench, "Down Right Down c");
    assert_true(tile_equal(&bench->state.editor.tile, &bench->snapshot.choices[GEMM_UP][0].tile));
}

/* Nothing of the editor is cut at 80 columns. */
static void test_editor_whole(void **arg)
{
    struct bench *bench = *arg;
    press(bench, "e t");
    snprintf(bench->state.editor.text, sizeof bench->state.editor.text, "%s",
        "BM256,BN256,BK256,G1,w4,s5");
    press(bench, "Enter");
    assert_drawn(bench, 80, "does NOT fit  ", true);
    fixture_past(&bench->state, &bench->snapshot);
    snprintf(bench->state.past.history[0].reason, sizeof bench->state.past.history[0].reason,
        "29.1 %% less time than the engine's default (95 %%: 28.1 to 29.7)");
    assert_drawn(bench, 80, "28.1 to", true);
    assert_drawn(bench, 80, "29.7)", true);
}

static void test_editor_typed(void **arg)
{
    struct bench *bench = *arg;
    struct effect effect = press(bench, "e t b m 1 6 , B N 3 2 , B K 6 4 9 Backspace Enter Enter");
    assert_int_equal(effect.command.kind, TUNER_CHOOSE);
    assert_int_equal(effect.command.tile.block_n, 32);
    assert_int_equal(effect.command.tile.num_warps, 4); /* Triton's default */
    press(bench, "e t B M x Enter");
    assert_true(bench->state.editor.writing && *bench->state.notice);
    assert_drawn(bench, 80, "Enter take it  Esc back", true); /* no letter is a key here */
    assert_drawn(bench, 80, "u undo", false);
    press(bench, "Esc Esc");
    assert_int_equal(bench->state.overlay, OVERLAY_NONE);
}

/* Another BLOCK_SIZE_M than the other GEMM's is never taken alone. */
static void test_editor_pair(void **arg)
{
    struct bench *bench = *arg;
    assert_int_equal(press(bench, "e Up Enter").kind, EFFECT_NONE);
    assert_non_null(strstr(bench->state.notice, "both must agree: b changes both"));
    bench->state.overlay = OVERLAY_NONE;
    struct effect effect = press(bench, "e Up b");
    assert_int_equal(effect.command.kind, TUNER_CHOOSE_PAIR);
    assert_int_equal(effect.command.pair[GEMM_UP].block_m, 2 * cursor_tile(bench)->block_m);
    assert_int_equal(effect.command.pair[GEMM_DOWN].block_m, effect.command.pair[GEMM_UP].block_m);
    effect = press(bench, "e d");
    assert_int_equal(effect.command.kind, TUNER_CHOOSE_PAIR);
    assert_true(tile_equal(
        &effect.command.pair[GEMM_DOWN], &bench->snapshot.choices[GEMM_UP][0].default_tile));
    assert_int_equal(press(bench, "U").command.kind, TUNER_UNDO_CHOICE);
}

/* The keys around an M that has no entry serve its batch sizes. */
static void test_dropped(void **arg)
{
    struct bench *bench = *arg;
    int low, high;
    assert_int_equal(press(bench, "PgDn e D").command.kind, TUNER_DROP);
    assert_true(board_served(&bench->snapshot, 1, &low, &high));
    assert_true(low == 2 && high == 3);
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++) {
        bench->snapshot.choices[gemm][1].chosen = false;
        bench->snapshot.choices[gemm][1].settled = true;
    }
    assert_false(board_served(&bench->snapshot, 1, &low, &high));
    assert_true(board_served(&bench->snapshot, 0, &low, &high));
    assert_true(low == 1 && high == 2);
    assert_true(board_served(&bench->snapshot, 2, &low, &high));
    assert_true(low == 3 && high == 6);
}

/* A flag is the engine's: SGLang takes USE_TMA for down, before 0.5.23 not for up. */
static void test_editor_flag(void **arg)
{
    struct bench *bench = *arg;
    press(bench, "e w");
    assert_false(bench->state.editor.tile.use_tma);
    assert_non_null(strstr(bench->state.notice, "does not take USE_TMA"));
    press(bench, "Esc d e w");
    assert_true(bench->state.editor.tile.use_tma);
    press(bench, "u");
    assert_false(bench->state.editor.tile.use_tma);
}

static void test_ab_asked(void **arg)
{
    struct bench *bench = *arg;
    struct effect effect = press(bench, "PgDn Down a Enter");
    assert_int_equal(effect.command.kind, TUNER_AB);
    assert_int_equal(effect.command.ab.m, bench->snapshot.question.batch_sizes[1]);
    assert_true(effect.command.ab.gemms[GEMM_UP]);
    assert_string_equal(effect.command.ab.a.label, "choice");
    assert_string_equal(effect.command.ab.b.label, "cursor");
    assert_true(tile_equal(&effect.command.ab.b.tiles[GEMM_UP], cursor_tile(bench)));
    assert_true(
        tile_equal(&effect.command.ab.a.tiles[GEMM_UP], &bench->snapshot.choices[GEMM_UP][1].tile));
    /* The default against the choice, the pair, 160 blocks. */
    effect = press(bench, "Esc a Right Down Left Left Down Right Down Right Enter");
    assert_string_equal(effect.command.ab.a.label, "default");
    assert_string_equal(effect.command.ab.b.label, "choice");
    assert_int_equal(effect.command.ab.budget, 160);
    /* An incumbent is offered where there is one. */
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++)
        bench->snapshot.choices[gemm][1].incumbent_tile = (struct tile){64, 64, 64, 1, 4, 3, false};
    effect = press(bench, "Esc a Right Right Enter");
    assert_string_equal(effect.command.ab.a.label, "incumbent");
    assert_int_equal(effect.command.ab.a.tiles[GEMM_UP].block_k, 64);
    /* An edited tile of another BLOCK_SIZE_M is compared as a pair from the start. */
    effect = press(bench, "Esc e Up Up a Enter");
    assert_string_equal(effect.command.ab.b.label, "editor");
    assert_true(effect.command.ab.gemms[GEMM_UP] && effect.command.ab.gemms[GEMM_DOWN]);
}

static void test_ab_answered(void **arg)
{
    struct bench *bench = *arg;
    fixture_ab(&bench->snapshot, 24, false);
    assert_int_equal(press(bench, "a").kind, EFFECT_NONE);
    assert_int_equal(bench->state.overlay, OVERLAY_AB);
    assert_int_equal(press(bench, "y").kind, EFFECT_NONE); /* not while it runs */
    check_screen(bench, "ab-80x24", 80, 24);
    check_screen(bench, "ab-200x50", 200, 50);
    check_screen(bench, "ab-60x18", 60, 18);
    assert_int_equal(press(bench, "s").command.kind, TUNER_AB_STOP);
    press(bench, "Esc");
    check_screen(bench, "ab-behind-80x24", 80, 24);
    fixture_ab(&bench->snapshot, 80, true);
    press(bench, "a");
    check_screen(bench, "ab-ended-80x24", 80, 24);
    check_screen(bench, "ab-ended-40x10", 40, 10);
    struct effect effect = press(bench, "y");
    assert_int_equal(effect.command.kind, TUNER_CHOOSE_PAIR);
    assert_int_equal(effect.command.m, 64);
    assert_int_equal(effect.command.evidence, 7);
    assert_int_equal(effect.command.pair[GEMM_DOWN].num_stages, 4);
    assert_string_equal(effect.command.reason, ""); /* the evidence says it */
    fixture_ab(&bench->snapshot, 0, true);
    bench->snapshot.ab.serial = 2;
    snprintf(bench->snapshot.ab.error, sizeof bench->snapshot.ab.error,
        "B, up, BM32,BN64,BK128,G1,w4,s3: its results are wrong");
    press(bench, "a y");
    assert_int_equal(bench->state.overlay, OVERLAY_AB); /* nothing to be taken */
    check_screen(bench, "ab-error-80x24", 80, 24);
    press(bench, "Esc");
    press(bench, "a"); /* answered: a new question */
    assert_int_equal(bench->state.overlay, OVERLAY_AB_ASK);
}

/* Where the band is far off, the plot shows the interval and says where the band is. */
static void test_ab_far(void **arg)
{
    struct bench *bench = *arg;
    struct text text = {0};
    fixture_ab(&bench->snapshot, 40, true);
    for (int i = 0; i < bench->snapshot.ab.point_count; i++) {
        bench->snapshot.ab.points[i].effect += 41;
        bench->snapshot.ab.points[i].low += 41;
        bench->snapshot.ab.points[i].high += 41;
    }
    press(bench, "a");
    canvas_resize(&bench->canvas, 80, 24);
    view_draw(&bench->canvas, &bench->snapshot, &bench->state);
    canvas_text(&bench->canvas, &text);
    assert_non_null(strstr(text.data, "SAME, -0.5 to +0.5 %, is below"));
    assert_non_null(strstr(text.data, "||||"));
    text_free(&text);
}

/* The line UI says each thing once. */
static void test_ab_told(void **arg)
{
    struct bench *bench = *arg;
    struct ab_told told = {0};
    struct text text = {0};
    fixture_ab(&bench->snapshot, 24, false);
    ab_news(&told, &bench->snapshot.ab, &text);
    assert_non_null(strstr(text.data, "A/B down M=64: A choice BM16,"));
    assert_non_null(strstr(text.data, "A/B: blocks\n"));
    assert_non_null(strstr(text.data, " after 20 blocks\n"));
    text_free(&text);
    ab_news(&told, &bench->snapshot.ab, &text);
    assert_int_equal(text.length, 0);
    fixture_ab(&bench->snapshot, 80, true);
    ab_news(&told, &bench->snapshot.ab, &text);
    assert_non_null(strstr(text.data, " after 40 blocks\n"));
    assert_non_null(strstr(text.data, "A/B: FASTER"));
    text_free(&text);
}

static void test_keys_are_distinct(void **arg)
{
    (void)arg;
    for (int place = 0; place < PLACE_COUNT; place++) {
        struct key_list list = key_list((enum key_place)place);
        for (size_t i = 0; i < list.count; i++)
            for (size_t k = 0; k < 3 && list.entries[i].keys[k]; k++)
                assert_int_equal(key_action_at((enum key_place)place, list.entries[i].keys[k]),
                    list.entries[i].action);
    }
}

static void test_phrases(void **arg)
{
    (void)arg;
    struct phrases line = {0};
    phrases_add(&line, 0, ROLE_TEXT, "model");
    phrases_add(&line, 2, ROLE_TEXT, "dtype");
    phrases_add(&line, 1, ROLE_TEXT, "%s", "");
    phrases_add(&line, 1, ROLE_TEXT, "triton %s", "3.6.0");
    assert_int_equal(phrases_fit(&line, 26), 26);
    assert_int_equal(phrases_fit(&line, 25), 19);
    assert_string_equal(line.items[1].text, "triton 3.6.0");
    assert_int_equal(phrases_fit(&line, 18), 5);
    assert_int_equal(phrases_fit(&line, 1), 5);
}

static void test_plot(void **arg)
{
    (void)arg;
    struct plot plot;
    plot_samples((const float[]){1, 2, 2, 2, 3, 9}, 6, 9, &plot);
    assert_string_equal(plot.line, ".| .    >");
    plot_samples((const float[]){6, 1, 2, 3, 4, 5, 2.1F, 3.1F}, 8, 6, &plot);
    assert_string_equal(plot.line, ".:|...");
    assert_true(plot.low == 1 && plot.high == 6);
    plot_samples((const float[]){4, 4}, 2, 5, &plot);
    assert_string_equal(plot.line, "  |  ");
    plot_samples((const float[]){4, 4, 4, 4, 4, 9}, 6, 5, &plot);
    assert_string_equal(plot.line, "  | >");
    plot_samples(NULL, 0, 5, &plot);
    assert_string_equal(plot.line, "");
    plot_samples((const float[]){4}, 1, 5, &plot);
    assert_string_equal(plot.line, "");
}

static void test_steps(void **arg)
{
    (void)arg;
    static const double ratios[] = {1, 1.005, 1.02, 1.09, 1.2, 1.4, 1.9, 3.9, 5};
    for (int i = 0; i < 9; i++)
        assert_int_equal(board_step(100 * ratios[i], 100), i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_golden_main, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_golden_parts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_all_columns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_halves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_click_map, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_click_list, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lower_half, set_up, tear_down),
        cmocka_unit_test(test_layout_every_size),
        cmocka_unit_test_setup_teardown(test_draw_every_size, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_keys_post, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_card, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sentinel, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_behind, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_experts_spread, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_factor, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_error_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_follower, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_quit_asks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_editor, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_editor_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_editor_typed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_editor_pair, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_dropped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_editor_flag, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ab_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ab_answered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ab_far, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ab_told, set_up, tear_down),
        cmocka_unit_test(test_keys_are_distinct),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_phrases),
        cmocka_unit_test(test_plot),
    };
    setenv("TZ", "UTC", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
