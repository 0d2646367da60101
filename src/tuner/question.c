/* SPDX-License-Identifier: MIT */
#include "tuner/question.h"

#include "base/json.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const effort_names[EFFORT_COUNT] = {
    [EFFORT_QUICK] = "quick",
    [EFFORT_FULL] = "full",
    [EFFORT_EXHAUSTIVE] = "exhaustive",
};

/* Upstream's, and those of most shipped files. */
static const int default_batch_sizes[] = {
    1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 256, 512, 1024, 1536, 2048, 3072, 4096};

const char *effort_name(enum effort effort)
{
    return effort_names[effort];
}

void question_defaults(struct question *question)
{
    *question = (struct question){
        .tp = 1,
        .ep = 1,
        .gemms = {true, true},
        .effort = EFFORT_FULL,
        .seed = 1,
        .batch_size_count = sizeof default_batch_sizes / sizeof default_batch_sizes[0],
    };
    memcpy(question->batch_sizes, default_batch_sizes, sizeof default_batch_sizes);
    space_default(&question->space);
}

void question_copy(struct question *to, const struct question *from)
{
    *to = *from;
    to->space.tiles = xcalloc(from->space.count + 1, sizeof *to->space.tiles);
    memcpy(to->space.tiles, from->space.tiles, from->space.count * sizeof *to->space.tiles);
}

void question_free(struct question *question)
{
    space_free(&question->space);
}

static int compare_ints(const void *a, const void *b)
{
    const int *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

bool question_set_batch_sizes(struct question *question, const char *text, struct error *err)
{
    int sizes[TUNE_BATCH_SIZES], count = 0, kept = 0;
    char *copy = xstrdup(text), *rest = copy;
    bool done = false;

    for (char *word; (word = strsep(&rest, ",")) != NULL;) {
        long value;
        if (!text_to_int(word, 1, 1 << 20, &value)) {
            error_set(err, ERROR_USAGE, "batch size \"%s\": not a number from 1 to 1048576", word);
            goto out;
        }
        if (count == TUNE_BATCH_SIZES) {
            error_set(err, ERROR_USAGE, "more than %d batch sizes", TUNE_BATCH_SIZES);
            goto out;
        }
        sizes[count++] = (int)value;
    }
    qsort(sizes, (size_t)count, sizeof sizes[0], compare_ints);
    for (int i = 0; i < count; i++) {
        if (i == 0 || sizes[i] != sizes[i - 1])
            question->batch_sizes[kept++] = sizes[i];
    }
    question->batch_size_count = kept;
    done = true;
out:
    free(copy);
    return done;
}

static void add_tiles(struct json *json, const struct space *space)
{
    struct json *tiles = json_add_array(json, "space");

    for (size_t i = 0; i < space->count; i++)
        tile_add_json(json_add_object(tiles, NULL), &space->tiles[i]);
}

static bool is_default_space(const struct space *space)
{
    struct space standard;
    bool equal;

    space_default(&standard);
    equal = standard.count == space->count;
    for (size_t i = 0; equal && i < space->count; i++)
        equal = tile_equal(&standard.tiles[i], &space->tiles[i]);
    space_free(&standard);
    return equal;
}

int question_m_index(const struct question *question, int m)
{
    for (int i = 0; i < question->batch_size_count; i++) {
        if (question->batch_sizes[i] == m)
            return i;
    }
    return -1;
}

char *question_json(const struct question *question, const char *backend)
{
    struct json *json = json_new_object(), *sizes;
    char engine[ENGINE_TEXT_SIZE], *text;

    json_add_string(json, "model", question->model);
    json_add_string(json, "engine", engine_format(&question->engine, engine, sizeof engine));
    shape_add_json(json_add_object(json, "shape"), &question->shape);
    json_add_int(json, "tp", question->tp);
    json_add_int(json, "ep", question->ep);
    json_add_string(json, "device", question->device.name);
    json_add_int(json, "arch", question->device.arch);
    json_add_string(json, "backend", backend);
    json_add_string(json, "effort", effort_name(question->effort));
    sizes = json_add_array(json, "batch_sizes");
    for (int i = 0; i < question->batch_size_count; i++)
        json_add_int(sizes, NULL, question->batch_sizes[i]);
    for (int g = 0; g < GEMM_COUNT; g++)
        json_add_bool(json, gemm_name((enum gemm)g), question->gemms[g]);
    json_add_string(json, "routing", routing_kind_name(question->routing));
    if (question->routing == ROUTING_ZIPF)
        json_add_double(json, "zipf", question->zipf);
    if (question->routing == ROUTING_FILE)
        json_add_string(json, "routing_file", question->routing_file);
    json_add_int(json, "seed", (long long)question->seed);
    json_add_bool(json, "hot", question->hot);
    if (!is_default_space(&question->space))
        add_tiles(json, &question->space);
    text = json_print(json);
    json_free(json);
    return text;
}

static enum effort read_effort(const struct json *json)
{
    int effort = text_index(effort_names, EFFORT_COUNT, json_string(json));

    return effort < 0 ? EFFORT_QUICK : (enum effort)effort;
}

static bool read_space(const struct json *tiles, struct space *space, struct error *err)
{
    if (!tiles) {
        space_default(space);
        return true;
    }
    return space_from_json(tiles, space, err);
}

static void read_numbers(const struct json *json, struct question *question)
{
    const struct json *sizes = json_get(json, "batch_sizes");
    long long value;

    question->tp = json_int(json_get(json, "tp"), &value) ? (int)value : 1;
    question->ep = json_int(json_get(json, "ep"), &value) ? (int)value : 1;
    question->seed = json_int(json_get(json, "seed"), &value) ? (unsigned long long)value : 1;
    for (const struct json *size = json_first(sizes); size; size = json_next(size)) {
        if (json_int(size, &value) && question->batch_size_count < TUNE_BATCH_SIZES)
            question->batch_sizes[question->batch_size_count++] = (int)value;
    }
    for (int g = 0; g < GEMM_COUNT; g++)
        question->gemms[g] = json_true(json_get(json, gemm_name((enum gemm)g)));
    json_double(json_get(json, "zipf"), &question->zipf);
    question->hot = json_true(json_get(json, "hot"));
}

static bool read_device(const struct json *json, struct device *device, struct error *err)
{
    const char *name = json_string(json_get(json, "device"));
    struct error unknown = {0};
    char arch_name[32];
    long long arch;

    if (!name || !json_int(json_get(json, "arch"), &arch))
        return error_set(err, ERROR_FAILED, "a stored question without a device");
    if (device_find(name, device, &unknown))
        return true;
    snprintf(arch_name, sizeof arch_name, "sm_%lld", arch);
    if (!device_find(arch_name, device, err))
        return false;
    snprintf(device->name, sizeof device->name, "%s", name);
    return true;
}

bool question_from_json(
    const char *text, struct question *question, char *backend, struct error *err)
{
    struct json *json = json_parse(text, strlen(text), err);
    const char *engine = json_string(json_get(json, "engine"));
    const char *routing = json_string(json_get(json, "routing"));
    bool done = false;

    *question = (struct question){0};
    if (!json)
        return false;
    if (!engine) {
        error_set(err, ERROR_FAILED, "a stored question without an engine");
        goto out;
    }
    if (!engine_parse(engine, &question->engine, err) ||
        !shape_from_json(json_get(json, "shape"), &question->shape, err) ||
        !read_device(json, &question->device, err) ||
        !read_space(json_get(json, "space"), &question->space, err))
        goto out;
    json_take_text(json, "model", question->model, sizeof question->model);
    json_take_text(json, "routing_file", question->routing_file, sizeof question->routing_file);
    if (backend)
        json_take_text(json, "backend", backend, 16);
    question->effort = read_effort(json_get(json, "effort"));
    if (routing)
        routing_kind_parse(routing, &question->routing);
    read_numbers(json, question);
    done = true;
out:
    json_free(json);
    return done;
}
