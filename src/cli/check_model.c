/* SPDX-License-Identifier: MIT */
#include "cli/check_model.h"

#include "base/text.h"
#include "cli/target.h"

#include <stdio.h>
#include <string.h>

bool check_model_load(const struct arguments *args, struct check_model *model, struct error *err)
{
    return target_parallel(args, &model->parallel, err) &&
           model_load_as(arguments_text(args, "model", NULL), arguments_text(args, "dtype", NULL),
               &model->model, err);
}

bool check_model_shape(
    struct check_model *model, const struct engine *engine, struct shape *shape, struct error *err)
{
    return engine_shape(engine, &model->model, &model->parallel, shape, err);
}

/* The engines asked about and the layer as each of them sees it. */
struct asked {
    struct check_model model;
    struct engine engines[2];
    struct shape shapes[2];
    size_t count;
};

static bool asked_load(const struct arguments *args, struct asked *asked, struct error *err)
{
    static const char *const both[] = {"sglang", "vllm"};
    const char *wish = arguments_text(args, "engine", NULL);
    if (!check_model_load(args, &asked->model, err))
        return false;
    asked->count = wish != NULL ? 1 : 2;
    for (size_t i = 0; i < asked->count; i++) {
        if (!engine_parse(wish != NULL ? wish : both[i], &asked->engines[i], err) ||
            !check_model_shape(&asked->model, &asked->engines[i], &asked->shapes[i], err))
            return false;
    }
    return true;
}

/* The name that the engine asks for in place of this file's; false when it asks for none. */
static bool asked_name(const struct engine *engine, const struct shape *shape,
    const struct checked_file *item, char name[ENGINE_NAME_SIZE])
{
    struct device device = item->context.device;
    if (!item->context.device_known)
        snprintf(device.name, sizeof device.name, "%s", item->name.device);
    return engine_file_name(engine, shape, &device, item->name.down ? GEMM_DOWN : GEMM_UP, name);
}

/* How many of the engines can have been meant: SGLang, which stands first, alone reads a pair. */
static size_t asked_count(
    const struct asked *asked, const struct checked_set *set, const struct checked_file *item)
{
    return asked->count > 1 && checked_set_paired(set, item) ? 1 : asked->count;
}

/* By one of the engines asked about, or by the version that moebench.json names. */
static bool is_asked(struct asked *asked, size_t count, const struct checked_file *item)
{
    const struct engine *own = &item->context.engine;
    char name[ENGINE_NAME_SIZE];
    struct shape shape;
    for (size_t i = 0; i < count; i++) {
        if (asked_name(&asked->engines[i], &asked->shapes[i], item, name) &&
            strcmp(name, item->place.name) == 0)
            return true;
    }
    return asked->count > 1 && check_model_shape(&asked->model, own, &shape, NULL) &&
           asked_name(own, &shape, item, name) && strcmp(name, item->place.name) == 0;
}

static void add_fault(
    const struct asked *asked, size_t count, struct checked_file *item, bool found)
{
    struct text text = {0};
    char name[ENGINE_NAME_SIZE];
    for (size_t i = 0; i < count; i++) {
        text_add(&text, "%s%s %s asks for %s", i > 0 ? "; " : "", engine_name(&asked->engines[i]),
            engine_rules_version(&asked->engines[i]),
            asked_name(&asked->engines[i], &asked->shapes[i], item, name) ? name : "no such file");
    }
    if (item->named && count == 1 && item->name.experts != asked->shapes[0].experts &&
        item->name.intermediate == engine_name_n(&asked->engines[0], &asked->shapes[0]))
        text_add(&text,
            "; this file was timed with E=%d, the layer now has %d: convert, then time it "
            "again",
            item->name.experts, asked->shapes[0].experts);
    config_fault_add(&item->faults, found ? FAULT_NOTE : FAULT_ERROR, "model", FAULT_WHOLE_FILE,
        "not asked for by this model: %s", text.data);
    text_free(&text);
}

bool check_model_names(const struct arguments *args, struct checked_set *set, struct error *err)
{
    struct asked asked = {0};
    bool found = false;
    if (!asked_load(args, &asked, err))
        return false;
    for (size_t i = 0; i < set->count; i++)
        found |= is_asked(&asked, asked_count(&asked, set, &set->items[i]), &set->items[i]);
    for (size_t i = 0; i < set->count; i++) {
        struct checked_file *item = &set->items[i];
        size_t count = asked_count(&asked, set, item);
        if (!is_asked(&asked, count, item))
            add_fault(&asked, count, item, found && set->folder);
    }
    return true;
}
