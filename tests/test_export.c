/* SPDX-License-Identifier: MIT */
/* What goes into the engine's files and what is left out: never wrong or unverified entries, never
 * over another layer's file. */
#include "tests/cmocka_all.h"

#include "base/json.h"
#include "base/path.h"
#include "tests/layer.h"
#include "tuner/export.h"
#include "tuner/result.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct tile small = {16, 64, 128, 1, 4, 3, false};
static const struct tile large = {64, 128, 128, 8, 8, 4, false};

struct scene {
    char folder[64];
    struct question question;
    struct export_set set;
};

static void add_entry(struct scene *scene, int m, const struct tile *tile)
{
    struct export_entry *entry = &scene->set.entries[scene->set.count++];

    *entry = (struct export_entry){.m = m};
    for (int g = 0; g < GEMM_COUNT; g++) {
        entry->gemm[g].chosen = true;
        entry->gemm[g].tile = *tile;
        entry->gemm[g].median_us = 100;
        entry->gemm[g].verified = entry->gemm[g].settled = true;
        snprintf(entry->gemm[g].reason, sizeof entry->gemm[g].reason, "made up");
    }
}

static int scene_make(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    struct question *q = &scene->question;
    struct error err = {0};

    snprintf(scene->folder, sizeof scene->folder, "/tmp/moebench-export-XXXXXX");
    assert_non_null(mkdtemp(scene->folder));
    question_defaults(q);
    assert_true(engine_parse("sglang:0.5.4.post2", &q->engine, &err));
    assert_true(device_find("GB10", &q->device, &err));
    q->shape = (struct shape)LAYER_GLM_TP4;
    snprintf(q->model, sizeof q->model, "glm-4.7-fp8");
    scene->set.question = q;
    snprintf(scene->set.triton, sizeof scene->set.triton, "3.5.0");
    add_entry(scene, 1, &small);
    add_entry(scene, 64, &small);
    add_entry(scene, 4096, &large);
    *state = scene;
    return 0;
}

static bool remove_file(const char *path, void *arg)
{
    (void)arg;
    return remove(path) == 0;
}

static int scene_remove(void **state)
{
    static const char *const folders[] = {"/configs/triton_3_5_0", "/configs", ""};
    struct scene *scene = *state;
    char path[128];

    path_walk(scene->folder, remove_file, NULL, NULL);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(path, sizeof path, "%s%s", scene->folder, folders[i]);
        remove(path);
    }
    question_free(&scene->question);
    free(scene);
    return 0;
}

static void must(bool done, const struct error *err)
{
    if (!done)
        fail_msg("%s", err->text);
}

/* The keys of a written file, as "1,64,"; the text is static. */
static const char *keys_of(const char *path)
{
    static char keys[256];
    struct error err = {0};
    struct json *json = json_parse_file(path, &err);
    size_t at = 0;

    must(json != NULL, &err);
    for (const struct json *each = json_first(json); each; each = json_next(each))
        at += (size_t)snprintf(keys + at, sizeof keys - at, "%s,", json_key(each));
    json_free(json);
    return keys;
}

static void a_finished_tune_is_written_whole(void **state)
{
    struct scene *scene = *state;
    struct export_result result;
    struct error err = {0};
    char *summary;

    must(export_write(&scene->set, scene->folder, false, &result, &err), &err);
    assert_true(result.path_count == 2 && result.entries == 3);
    assert_null(result.notes.data);
    for (int g = 0; g < GEMM_COUNT; g++)
        assert_string_equal(keys_of(result.paths[g]), "1,64,4096,");
    summary = export_summary(&result);
    assert_string_equal(summary, "3 M: 3 settled");
    free(summary);
    export_result_free(&result);
    must(export_write(&scene->set, scene->folder, false, &result, &err), &err); /* again: its own */
    export_result_free(&result);
}

/* vLLM's folder is flat, and SGLang's variable names the one above configs/. */
static void the_server_is_told_where(void **state)
{
    struct scene *scene = *state;
    struct export_result nothing = {0};
    struct error err = {0};
    char *text = export_instructions(&scene->set, "/srv/moe", &nothing);

    assert_non_null(strstr(text, "SGLANG_MOE_CONFIG_DIR=/srv/moe (the folder above configs/)\n"));
    assert_non_null(strstr(text, "docker cp /srv/moe/configs NAME:SITE-PACKAGES/sglang/"));
    free(text);
    assert_true(engine_parse("vllm:0.33.0", &scene->question.engine, &err));
    text = export_instructions(&scene->set, "/srv/moe", &nothing);
    assert_non_null(strstr(text, "VLLM_TUNED_CONFIG_FOLDER=/srv/moe (the folder itself)\n"));
    assert_non_null(strstr(text, "docker cp /srv/moe/. NAME:SITE-PACKAGES/vllm/"));
    assert_non_null(strstr(text, "(with -v: /moebench in place of /srv/moe)\n"));
    free(text);
    text = export_instructions(&scene->set, "/srv/my 'moe", &nothing);
    assert_non_null(strstr(text, "rsync -a '/srv/my '\\''moe'/ NODE:'/srv/my '\\''moe'/\n"));
    free(text);
}

static void a_stopped_tune_says_what_is_as_of_now(void **state)
{
    struct scene *scene = *state;
    struct export_result result;
    struct error err = {0};
    char *summary;

    for (int g = 0; g < GEMM_COUNT; g++) {
        scene->set.entries[1].gemm[g].settled = false;
        scene->set.entries[2].gemm[g].settled = false;
        scene->set.entries[2].gemm[g].source = CHOICE_DEFAULT;
        scene->set.entries[2].gemm[g].verified = false; /* the engine's own needs no proof */
    }
    must(export_write(&scene->set, scene->folder, false, &result, &err), &err);
    summary = export_summary(&result);
    char made_for[64] = "";
    assert_true(export_made_for(result.paths[GEMM_DOWN], made_for, sizeof made_for));
    assert_string_equal(made_for, "sglang:0.5.4.post2");
    assert_false(export_made_for(scene->folder, made_for, sizeof made_for));
    assert_string_equal(summary, "3 M: 1 settled, 2 as of now; 1 of them the engine's default");
    assert_non_null(strstr(result.notes.data, "M=64: as of now, race: made up\n"));
    assert_non_null(strstr(result.notes.data, "M=4096: as of now, default: made up\n"));
    free(summary);
    export_result_free(&result);
}

/* A tune of one M, small the best so far (below 0: not seen to be right); the time of the default's
 * kernel as its G64 has it. */
static enum choice_source choice_as_of_now(struct scene *scene, float best_us, float default_us)
{
    struct snapshot *s = calloc(1, sizeof *s);
    struct question *q = &scene->question;
    struct tile standard = large, cousin = large;
    struct choice out[GEMM_COUNT];

    cousin.group_m = 64;
    q->batch_size_count = 1;
    s->question = *q;
    for (int g = 0; g < GEMM_COUNT; g++) {
        s->cells[g] = calloc(q->space.count, sizeof *s->cells[g]);
        for (size_t i = 0; i < q->space.count; i++)
            s->cells[g][i].median_us = tile_equal(&q->space.tiles[i], &cousin) ? default_us : NAN;
        s->choices[g][0] = (struct choice){.chosen = true,
            .tile = small,
            .median_us = fabs(best_us),
            .default_us = NAN,
            .gain = NAN,
            .default_tile = standard,
            .default_fits = true,
            .verified = best_us > 0};
    }
    result_choices(s, 0, out);
    assert_int_equal(out[GEMM_UP].source, out[GEMM_DOWN].source);
    assert_non_null(strstr(out[GEMM_UP].reason, out[GEMM_UP].source == CHOICE_DEFAULT
                                                    ? "default, which stays"
                                                    : "took 1.10 times as long"));
    assert_true(tile_equal(
        &out[GEMM_DOWN].tile, out[GEMM_DOWN].source == CHOICE_DEFAULT ? &standard : &small));
    for (int g = 0; g < GEMM_COUNT; g++)
        free(s->cells[g]);
    free(s);
    return out[GEMM_UP].source;
}

static void the_default_stays_until_something_beats_it(void **state)
{
    assert_int_equal(choice_as_of_now(*state, 300, NAN), CHOICE_DEFAULT);
    assert_int_equal(choice_as_of_now(*state, 300, 303), CHOICE_DEFAULT);
    assert_int_equal(choice_as_of_now(*state, 300, 330), CHOICE_RACE);
    assert_int_equal(choice_as_of_now(*state, -300, 330), CHOICE_DEFAULT);
}

static void unverified_and_unequal_entries_stay_out(void **state)
{
    struct scene *scene = *state;
    struct export_result result;
    struct error err = {0};
    char *summary;

    scene->set.entries[0].gemm[GEMM_DOWN].verified = false;
    scene->set.entries[2].gemm[GEMM_DOWN].tile.block_m = 32;
    must(export_write(&scene->set, scene->folder, false, &result, &err), &err);
    for (int g = 0; g < GEMM_COUNT; g++)
        assert_string_equal(keys_of(result.paths[g]), "64,");
    assert_non_null(strstr(result.notes.data, "M=1: left out: the down tile was not seen"));
    assert_non_null(strstr(result.notes.data, "M=4096: left out: up and down differ"));
    /* The nearest key serves them all the same, and that is said. */
    assert_non_null(strstr(result.notes.data, "M=1 is served by the entry of M=64\n"));
    assert_non_null(strstr(result.notes.data, "M=4096 is served by the entry of M=64\n"));
    summary = export_summary(&result);
    assert_string_equal(summary, "1 M: 1 settled; 2 left out");
    free(summary);
    export_result_free(&result);

    scene->set.entries[1].gemm[GEMM_UP].chosen = false;
    assert_false(export_write(&scene->set, scene->folder, false, &result, &err));
    assert_non_null(strstr(err.text, "nothing to export"));
    export_result_free(&result);
}

/* Same E and N make the same name for another K or top_k. */
static void another_layer_s_file_is_not_overwritten(void **state)
{
    struct scene *scene = *state;
    struct export_result result;
    struct error err = {0};
    char *up;

    must(export_write(&scene->set, scene->folder, false, &result, &err), &err);
    up = strdup(result.paths[GEMM_UP]);
    export_result_free(&result);
    for (int i = 0; i < 2; i++) {
        struct shape shape = scene->question.shape;
        scene->question.shape.hidden = i == 0 ? 4096 : shape.hidden;
        scene->question.shape.top_k = i == 1 ? 6 : shape.top_k;
        scene->set.count = 1;
        assert_false(export_write(&scene->set, scene->folder, false, &result, &err));
        assert_non_null(strstr(err.text, "another layer (glm-4.7-fp8: K=5120, top_k=8)"));
        assert_string_equal(keys_of(up), "1,64,4096,");
        export_result_free(&result);
        scene->question.shape = shape;
    }
    scene->question.shape.top_k = 6;
    must(export_write(&scene->set, scene->folder, true, &result, &err), &err);
    assert_string_equal(keys_of(up), "1,");
    export_result_free(&result);
    free(up);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_make, scene_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_finished_tune_is_written_whole),
        TEST(a_stopped_tune_says_what_is_as_of_now),
        TEST(the_default_stays_until_something_beats_it),
        TEST(the_server_is_told_where),
        TEST(unverified_and_unequal_entries_stay_out),
        TEST(another_layer_s_file_is_not_overwritten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
