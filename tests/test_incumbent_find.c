/* SPDX-License-Identifier: MIT */
/* Which of the engine's own files a tune takes as its incumbent, and what of it can run. */
#include "tests/cmocka_all.h"
#include "tests/layer.h"

#include "base/path.h"
#include "base/text.h"
#include "tuner/incumbent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALL                                                                                  \
    "{\"BLOCK_SIZE_M\": 16, \"BLOCK_SIZE_N\": 64, \"BLOCK_SIZE_K\": 128, \"GROUP_SIZE_M\": 1," \
    " \"num_warps\": 4, \"num_stages\": 3}"
#define LARGE                                                                                   \
    "{\"BLOCK_SIZE_M\": 64, \"BLOCK_SIZE_N\": 128, \"BLOCK_SIZE_K\": 256, \"GROUP_SIZE_M\": 8," \
    " \"num_warps\": 4, \"num_stages\": 2}"
#define HUGE                                                                                     \
    "{\"BLOCK_SIZE_M\": 256, \"BLOCK_SIZE_N\": 256, \"BLOCK_SIZE_K\": 256, \"GROUP_SIZE_M\": 8," \
    " \"num_warps\": 8, \"num_stages\": 5}"

struct scene {
    char folder[64];
    struct question question;
    char name[GEMM_COUNT][ENGINE_NAME_SIZE];
};

static void set_engine(struct scene *scene, const char *engine)
{
    struct question *q = &scene->question;
    struct error err = {0};

    assert_true(engine_parse(engine, &q->engine, &err));
    for (enum gemm g = GEMM_UP; g < GEMM_COUNT; g++) {
        if (!engine_file_name(&q->engine, &q->shape, &q->device, g, scene->name[g]))
            scene->name[g][0] = '\0';
    }
}

static int scene_make(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    struct question *q = &scene->question;
    struct error err = {0};

    snprintf(scene->folder, sizeof scene->folder, "/tmp/moebench-incumbent-XXXXXX");
    assert_non_null(mkdtemp(scene->folder));
    question_defaults(q);
    assert_true(device_find("GB10", &q->device, &err));
    q->shape = (struct shape)LAYER_QWEN3;
    unsetenv("SGLANG_MOE_CONFIG_DIR");
    unsetenv("VLLM_TUNED_CONFIG_FOLDER");
    set_engine(scene, "sglang:0.5.23");
    *state = scene;
    return 0;
}

/* And the folders up to `top` that it leaves empty. */
static bool remove_file(const char *path, void *top)
{
    bool done = remove(path) == 0;
    char *folder = path_dirname(path);

    while (text_starts_with(folder, top) && remove(folder) == 0) {
        char *above = path_dirname(folder);
        free(folder);
        folder = above;
    }
    free(folder);
    return done;
}

static int scene_remove(void **state)
{
    struct scene *scene = *state;

    path_walk(scene->folder, remove_file, scene->folder, NULL);
    remove(scene->folder);
    question_free(&scene->question);
    free(scene);
    return 0;
}

/* Text into FOLDER/sub/name. */
static void put(const struct scene *scene, const char *sub, const char *name, const char *text)
{
    char folder[160], path[512];
    struct error err = {0};

    snprintf(folder, sizeof folder, "%s/%s", scene->folder, sub);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_true(path_make_folders(folder, &err));
    assert_true(path_write_atomic(path, text, strlen(text), &err));
}

/* The path that is found without the scene's folder, "" for none; `down` says which. The text is
 * static. */
static const char *found(const struct scene *scene, const char *triton, bool down)
{
    static char path[512];
    struct store_incumbent incumbent = {0};
    struct error err = {0};

    path[0] = '\0';
    if (incumbent_find(scene->folder, triton, &scene->question, &incumbent, &err)) {
        const char *full = down ? incumbent.down_path : incumbent.path;
        snprintf(path, sizeof path, "%s", full ? full + strlen(scene->folder) + 1 : "up's");
    }
    assert_int_equal(err.kind, ERROR_NONE);
    store_incumbent_free(&incumbent);
    return path;
}

/* Case A09: this version's folder, then the others newest first, by number and not by letter. */
static void sglang_looks_into_its_triton_s_folder_then_the_newest(void **state)
{
    struct scene *scene = *state;
    char want[400];

    assert_string_equal(found(scene, "3.6.0", false), "");
    put(scene, "triton_3_5_1", scene->name[GEMM_UP], "{\"1\": " SMALL "}");
    put(scene, "triton_3_10_0", scene->name[GEMM_UP], "{\"1\": " SMALL "}");
    put(scene, "triton_3_5_1", scene->name[GEMM_DOWN], "{\"1\": " SMALL "}");
    put(scene, "elsewhere/triton_9_9_9", scene->name[GEMM_UP], "{\"1\": " SMALL "}");
    snprintf(want, sizeof want, "triton_3_10_0/%s", scene->name[GEMM_UP]);
    assert_string_equal(found(scene, "3.6.0", false), want);
    /* down is looked up apart */
    snprintf(want, sizeof want, "triton_3_5_1/%s", scene->name[GEMM_DOWN]);
    assert_string_equal(found(scene, "3.6.0", true), want);
    put(scene, "triton_3_6_0", scene->name[GEMM_UP], "{\"1\": " SMALL "}");
    snprintf(want, sizeof want, "triton_3_6_0/%s", scene->name[GEMM_UP]);
    assert_string_equal(found(scene, "3.6.0", false), want);
    set_engine(scene, "sglang:0.5.4.post2"); /* has a fixed list, without 3.5.1 */
    snprintf(want, sizeof want, "triton_3_6_0/%s", scene->name[GEMM_UP]);
    assert_string_equal(found(scene, "3.6.0", false), want);
    assert_string_equal(found(scene, "3.6.0", true), "up's");
    assert_string_equal(found(scene, "3.5.0", false), "");
}

static void the_environment_s_folder_hides_or_precedes_the_package_s(void **state)
{
    struct scene *scene = *state;
    char own[128], want[400];

    put(scene, "triton_3_6_0", scene->name[GEMM_UP], "{\"1\": " SMALL "}");
    snprintf(own, sizeof own, "%s/own", scene->folder);
    setenv("SGLANG_MOE_CONFIG_DIR", own, 1);
    assert_string_equal(found(scene, "3.6.0", false), "");
    put(scene, "own/configs/triton_3_6_0", scene->name[GEMM_UP], "{\"1\": " SMALL "}");
    snprintf(want, sizeof want, "own/configs/triton_3_6_0/%s", scene->name[GEMM_UP]);
    assert_string_equal(found(scene, "3.6.0", false), want);
    unsetenv("SGLANG_MOE_CONFIG_DIR");

    set_engine(scene, "vllm:0.33.0");
    put(scene, ".", scene->name[GEMM_UP], "{\"triton_version\": \"3.6.0\", \"1\": " SMALL "}");
    setenv("VLLM_TUNED_CONFIG_FOLDER", own, 1);
    snprintf(want, sizeof want, "%s", scene->name[GEMM_UP]);
    assert_string_equal(found(scene, "3.6.0", false), want);
    put(scene, "own", scene->name[GEMM_UP], "{\"1\": " SMALL "}");
    snprintf(want, sizeof want, "own/%s", scene->name[GEMM_UP]);
    assert_string_equal(found(scene, "3.6.0", false), want);
    unsetenv("VLLM_TUNED_CONFIG_FOLDER");
}

static int resolve(const struct scene *scene, const char *up, const char *down,
    struct tile tiles[GEMM_COUNT][TUNE_BATCH_SIZES], struct text *notes)
{
    struct store_incumbent incumbent = {.up = strdup(up), .down = down ? strdup(down) : NULL};
    int count = incumbent_resolve(&incumbent, &scene->question, tiles, notes);

    store_incumbent_free(&incumbent);
    return count;
}

static void entries_run_as_the_engine_runs_them(void **state)
{
    struct scene *scene = *state;
    struct tile tiles[GEMM_COUNT][TUNE_BATCH_SIZES];
    struct text notes = {0};
    struct error err = {0};

    assert_true(question_set_batch_sizes(&scene->question, "1,64,4096", &err));
    /* The nearest key serves every M; the one file serves down too. */
    assert_int_equal(resolve(scene, "{\"8\": " SMALL "}", NULL, tiles, &notes), 3);
    assert_true(tiles[GEMM_DOWN][2].block_n == 64 && notes.length == 0);
    /* BLOCK_SIZE_K over the quantisation block: wrong numbers in SGLang, clamped in vLLM. */
    assert_int_equal(
        resolve(scene, "{\"1\": " SMALL ", \"4096\": " LARGE "}", NULL, tiles, &notes), 2);
    assert_non_null(strstr(notes.data, "without the incumbent at M=4096: the up entry 4096: "));
    assert_int_equal(tiles[GEMM_UP][2].block_m, 0);
    text_free(&notes);
    set_engine(scene, "vllm:0.33.0");
    assert_int_equal(resolve(scene, "{\"4096\": " LARGE "}", NULL, tiles, &notes), 3);
    assert_int_equal(tiles[GEMM_UP][2].block_k, 128);
    /* Too much shared memory. */
    assert_int_equal(
        resolve(scene, "{\"1\": " HUGE ", \"64\": " SMALL "}", NULL, tiles, &notes), 2);
    assert_non_null(strstr(notes.data, "at M=1: the up entry 1: asks for"));
    text_free(&notes);
    /* Case A12: one sort, one BLOCK_SIZE_M: up's, or the server stops. */
    scene->question.shape.block_n = scene->question.shape.block_k = 0;
    set_engine(scene, "sglang:0.5.23");
    assert_int_equal(resolve(scene, "{\"1\": " LARGE "}", "{\"1\": " SMALL "}", tiles, &notes), 3);
    assert_true(tiles[GEMM_DOWN][0].block_m == 64 && tiles[GEMM_DOWN][0].block_k == 128);
    set_engine(scene, "sglang:0.5.4.post2");
    assert_int_equal(resolve(scene, "{\"1\": " LARGE "}", "{\"1\": " SMALL "}", tiles, &notes), 0);
    assert_non_null(strstr(notes.data, "at M=1, 64, 4096: up and down differ in BLOCK_SIZE_M"));
    text_free(&notes);
}

/* The layer is the engine's, the device's and the shape's, however the tune was asked for. */
static void a_layer_is_what_an_import_is_for(void **state)
{
    struct scene *scene = *state;
    struct question *q = &scene->question;
    char *layer = incumbent_layer(q), *other;

    q->seed = 7;
    q->effort = EFFORT_QUICK;
    snprintf(q->model, sizeof q->model, "another name");
    snprintf(q->device.name, sizeof q->device.name, "NVIDIA_GB10"); /* as in a file's name */
    other = incumbent_layer(q);
    assert_string_equal(layer, other);
    free(other);
    q->shape.hidden = 4096;
    other = incumbent_layer(q);
    assert_string_not_equal(layer, other);
    free(other);
    free(layer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_make, scene_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sglang_looks_into_its_triton_s_folder_then_the_newest),
        TEST(the_environment_s_folder_hides_or_precedes_the_package_s),
        TEST(entries_run_as_the_engine_runs_them),
        TEST(a_layer_is_what_an_import_is_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
