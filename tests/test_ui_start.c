/* SPDX-License-Identifier: MIT */
/* The start screen: golden screens, keys, the command line that a form comes to.
 * MOEBENCH_UPDATE_SCREENS=1 remakes tests/screens. */
#include "tests/cmocka_all.h"
#include "tests/golden.h"

#include "base/words.h"
#include "domain/engine.h"
#include "tests/layer.h"
#include "tuner/estimate.h"
#include "ui/start.h"

#include <math.h>
#include <stdio.h>

static void fill_tunes(struct start *start)
{
    static const struct start_tune tunes[] = {
        {7, "glm-4.7-fp8 TP4", "NVIDIA GB10", "sglang:0.5.4.post2", "cuda", "unfinished",
            "2026-11-25 14:02", 37, "full, 1920 tiles, M 1,2,4"},
        {5, "qwen3-coder-480b-a35b-instruct TP8", "NVIDIA H100 80GB HBM3", "sglang:0.5.23",
            "replay", "done", "2026-11-24 09:30", 100, "quick, 480 tiles, M 1,8,64"},
        {2, "zai-org/GLM-4.5-Air-FP8 TP2", "NVIDIA GB10", "vllm:0.33.0", "cuda", "failed",
            "2026-10-01 23:59", 4, "full, 1920 tiles, M 1"},
    };
    start->tune_count = sizeof tunes / sizeof tunes[0];
    start->tunes = xcalloc(start->tune_count, sizeof *start->tunes);
    memcpy(start->tunes, tunes, sizeof tunes);
}

static void fill(struct start *start, bool tunes)
{
    *start = (struct start){.db = "/home/me/.local/share/moebench/moebench.db",
        .here = "recorded on NVIDIA H100 80GB HBM3, 2026-11-25"};
    if (tunes)
        fill_tunes(start);
    start_add_model(start, "zai-org/GLM-4.5-Air-FP8", "downloaded");
    start_add_model(start, "glm-4.7-fp8", "recorded, TP4");
    start_add_model(start, "mixtral-8x7b-v0.1", "shipped");
    start_add_choice(start, START_ENGINE, "sglang:0.5.23");
    start_add_choice(start, START_ENGINE, "sglang:0.5.4.post2");
    start_add_choice(start, START_DEVICE, start->here);
    start_add_choice(start, START_DEVICE, "NVIDIA GB10");
    start_add_choice(start, START_SIZES, "the usual 18");
    start_add_choice(start, START_EFFORT, "full");
    start_add_choice(start, START_EFFORT, "quick");
    start_set(start, START_TP, "4");
    start_set(start, START_EP, "1");
    start_set(start, START_ENGINE, "sglang:0.5.4.post2");
    start_set(start, START_DEVICE, start->here);
    start_set(start, START_SIZES, "the usual 18");
    start_set(start, START_EFFORT, "full");
}

static void look_at(struct start *start, const char *error)
{
    struct start_look *look = xcalloc(1, sizeof *look);
    *look = (struct start_look){
        .facts = {{"time", "about 2 min (estimate): 58 s to compile on 16 cores, 35 s to time"},
            {"tiles", "1696 of 1920 can run; 18 batch sizes; about 1136 kernels"},
            {"files",
                "moebench-out/configs/triton_3_6_0/E=160,N=384,device_name=NVIDIA_H100_80GB_HBM3,"
                "dtype=fp8_w8a8.json"}},
        .fact_count = *error ? 0 : 3,
        .tp = {1, 2, 4, 8},
        .tp_count = 4,
        .ep = {1, 2, 4},
        .ep_count = 3,
    };
    snprintf(look->error, sizeof look->error, "%s", error);
    start_take_look(start, look);
    free(look);
}

static enum start_effect press(struct start *start, const char *keys)
{
    enum start_effect effect = START_NOTHING;
    char *copy = xstrdup(keys), *rest = copy;
    for (char *name = strtok_r(copy, " ", &rest); name; name = strtok_r(NULL, " ", &rest))
        effect = start_key(start, key_by_name(name));
    free(copy);
    return effect;
}

static void check_words(const struct start *start, const char *want)
{
    struct text line = {0};
    char **words = start_words(start);
    for (int i = 0; words[i]; i++)
        text_add(&line, "%s%s", i ? " " : "", words[i]);
    assert_string_equal(line.data, want);
    text_free(&line);
    words_free(words);
}

static void check_screen(struct start *start, const char *name, int width, int height)
{
    struct canvas canvas = {0};
    canvas_resize(&canvas, width, height);
    view_start(&canvas, start);
    golden_check(&canvas, name);
    canvas_free(&canvas);
}

static void test_golden(void **arg)
{
    (void)arg;
    struct start start;
    fill(&start, true);
    start_open(&start);
    press(&start, "Down");
    check_screen(&start, "start-80x24", 80, 24);
    check_screen(&start, "start-200x50", 200, 50);
    check_screen(&start, "start-40x10", 40, 10);
    check_screen(&start, "start-39x9", 39, 9);
    press(&start, "?");
    check_screen(&start, "start-help-80x24", 80, 24);
    press(&start, "Esc n g l m Down");
    check_screen(&start, "start-pick-80x24", 80, 24);
    press(&start, "Enter");
    look_at(&start, "");
    check_screen(&start, "start-form-80x24", 80, 24);
    check_screen(&start, "start-form-200x50", 200, 50);
    check_screen(&start, "start-form-40x10", 40, 10);
    look_at(&start, "glm-4.7-fp8: --tp 7 does not divide the experts' 1536 columns");
    press(&start, "Enter");
    check_screen(&start, "start-refused-80x24", 80, 24);
    start_close(&start);
}

/* No size makes it draw outside, or crash. */
static void test_every_size(void **arg)
{
    (void)arg;
    struct start start;
    fill(&start, true);
    start_open(&start);
    for (int page = START_LIST; page <= START_HELP; page++) {
        start.page = (enum start_page)page;
        look_at(&start, "");
        for (int height = 0; height <= 30; height++)
            for (int width = 0; width <= 120; width += width < 12 ? 1 : 9) {
                struct canvas canvas = {0};
                canvas_resize(&canvas, width, height);
                view_start(&canvas, &start);
                canvas_free(&canvas);
            }
    }
    start_close(&start);
}

static void test_list(void **arg)
{
    (void)arg;
    struct start start;
    fill(&start, true);
    start_open(&start);
    assert_int_equal(start.page, START_LIST);
    assert_int_equal(press(&start, "Up"), START_NOTHING);
    assert_int_equal(start.row, 0);
    press(&start, "j j j j k");
    assert_int_equal(start.row, 1);
    assert_int_equal(press(&start, "Enter"), START_RESUME);
    assert_int_equal(press(&start, "Ctrl-L"), START_REDRAW);
    assert_int_equal(press(&start, "q"), START_QUIT);
    start_close(&start);
}

static void test_new(void **arg)
{
    (void)arg;
    struct start start;
    fill(&start, false);
    start_open(&start);
    assert_int_equal(start.page, START_PICK); /* nothing to go on with */
    press(&start, "Q W E Backspace Backspace Backspace 4 . 7 Enter");
    assert_int_equal(start.page, START_FORM);
    assert_int_equal(press(&start, "Enter"), START_NOTHING); /* not looked at yet */
    look_at(&start, "");
    check_words(&start, "glm-4.7-fp8 --tp 4 --engine sglang:0.5.4.post2");
    press(&start, "Right");
    check_words(&start, "glm-4.7-fp8 --tp 8 --engine sglang:0.5.4.post2");
    assert_true(start.stale);
    press(&start, "Right Down Right Down Left Down Right Down 1 Backspace");
    check_words(&start, "glm-4.7-fp8 --ep 2 --engine sglang:0.5.23 --device NVIDIA GB10");
    press(&start, "Left 1");
    for (int i = 0; i < 14; i++)
        press(&start, "Backspace");
    press(&start, "1 , 8 Down Right");
    check_words(&start,
        "glm-4.7-fp8 --ep 2 --engine sglang:0.5.23 --device NVIDIA GB10 --batch-sizes 1,8 "
        "--quick");
    look_at(&start, "no");
    assert_int_equal(press(&start, "Enter"), START_NOTHING);
    assert_true(start.notice[0]);
    check_words(&start, /* nothing is lost */
        "glm-4.7-fp8 --ep 2 --engine sglang:0.5.23 --device NVIDIA GB10 --batch-sizes 1,8 "
        "--quick");
    look_at(&start, "");
    assert_int_equal(press(&start, "Enter"), START_NEW);
    start_close(&start);
}

static void test_path(void **arg)
{
    (void)arg;
    struct start start;
    fill(&start, false);
    start_open(&start);
    press(&start, ". / g l m Enter");
    assert_string_equal(start.values[START_MODEL], "./glm");
    press(&start, "Up m"); /* typing on the model searches again */
    assert_int_equal(start.page, START_PICK);
    press(&start, "Esc");
    assert_int_equal(start.page, START_FORM);
    assert_string_equal(start.values[START_MODEL], "./glm");
    press(&start, "Esc");
    assert_int_equal(start.page, START_LIST);
    assert_int_equal(press(&start, "Enter"), START_NOTHING);
    start_close(&start);
}

/* Within a factor of 1.5 of what an H100 with 16 cores took. */
static void test_estimate(void **arg)
{
    (void)arg;
    /* Seconds in all, of GPU time, and kernels: tests/gpu/results/2026-11-25-h100/tunes.txt. */
    static const struct {
        double wall, gpu;
        int kernels;
    } took[] = {
        [EFFORT_QUICK] = {23.3, 12.7, 596},
        [EFFORT_FULL] = {58.9, 27.4, 1330},
        [EFFORT_EXHAUSTIVE] = {330.4, 314.1, 3392},
    };
    for (int effort = EFFORT_QUICK; effort <= EFFORT_EXHAUSTIVE; effort++) {
        struct question question;
        struct plan plan;
        struct estimate estimate;
        question_defaults(&question);
        question.effort = (enum effort)effort;
        assert_true(engine_parse("sglang:0.5.4.post2", &question.engine, NULL));
        assert_true(device_find("NVIDIA H100 80GB HBM3", &question.device, NULL));
        question.shape = (struct shape)LAYER_GLM_TP4;
        plan_make(&plan, &question, NULL);
        estimate_make(&plan, 16, &estimate);
        assert_true(fabs(estimate.wall_s / took[effort].wall - 1) < 0.2);
        assert_true(fabs(estimate.timing_s / took[effort].gpu - 1) < 0.2);
        assert_true(fabs((double)estimate.kernels / took[effort].kernels - 1) < 0.1);
        question.device.unified = true;
        estimate_make(&plan, 16, &estimate);
        assert_true(estimate.wall_s > estimate.compile_s + estimate.timing_s); /* and the start */
        plan_free(&plan);
        question_free(&question);
    }
}

/* Nothing is cut, and what is too long for the window scrolls. */
static void test_room(void **arg)
{
    (void)arg;
    static const int sizes[][2] = {{40, 10}, {60, 15}, {80, 24}, {112, 30}, {200, 50}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct canvas canvas = {0};
        struct text text = {0};
        struct start start;
        fill(&start, true);
        start_open(&start);
        for (int page = START_LIST; page <= START_HELP; page++) {
            start.page = (enum start_page)page;
            canvas_resize(&canvas, sizes[i][0], sizes[i][1]);
            view_start(&canvas, &start);
            canvas_text(&canvas, &text);
            if (canvas.cut)
                fail_msg("page %d, %d texts cut in\n%s", page, canvas.cut, text.data);
            text_free(&text);
        }
        for (int down = 0; down < 20; down++)
            press(&start, "Down");
        view_start(&canvas, &start);
        canvas_text(&canvas, &text);
        assert_non_null(strstr(text.data, "Ctrl-C"));
        press(&start, "Up Esc");
        assert_int_equal(start.page, START_LIST);
        text_free(&text);
        start_close(&start);
        canvas_free(&canvas);
    }
}

static void assert_shown(struct start *start, const char *part)
{
    struct canvas canvas = {0};
    struct text text = {0};
    canvas_resize(&canvas, 40, 10);
    view_start(&canvas, start);
    canvas_text(&canvas, &text);
    if (!strstr(text.data, part))
        fail_msg("no \"%s\" in\n%s", part, text.data);
    text_free(&text);
    canvas_free(&canvas);
}

/* In a small window the end of what is typed shows, and PgDn what the form comes to. */
static void test_small_form(void **arg)
{
    (void)arg;
    struct start start;
    fill(&start, true);
    start_open(&start);
    press(&start, "n");
    for (const char *s = "/home/me/a/long/path/to/models/zai-org/config.json"; *s; s++)
        start_key(&start, *s);
    assert_shown(&start, "zai-org/config.json_");
    press(&start, "Enter");
    look_at(&start, "");
    assert_shown(&start, "time ");
    press(&start, "PgDn");
    assert_shown(&start, "GB_HBM3,dtype=fp8_w8a8.");
    press(&start, "Up");
    assert_shown(&start, "zai-org/config.json");
    start_close(&start);
}

/* The list anew: the cursor stays with its tune wherever that stands by now. */
static void test_taken_anew(void **arg)
{
    (void)arg;
    struct start start;
    fill(&start, true);
    start_open(&start);
    press(&start, "Down Down");
    struct start_tune *tunes = xcalloc(4, sizeof *tunes);
    const long long ids[] = {9, 2, 7, 5};
    for (int i = 0; i < 4; i++)
        tunes[i].id = ids[i];
    start_take_tunes(&start, tunes, 4);
    assert_int_equal(start.row, 1);
    start_take_tunes(&start, NULL, 0);
    assert_int_equal(start.row, 0);
    start_close(&start);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_small_form),
        cmocka_unit_test(test_taken_anew),
        cmocka_unit_test(test_every_size),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_new),
        cmocka_unit_test(test_path),
        cmocka_unit_test(test_estimate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
