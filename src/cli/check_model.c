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
    struct engine engines[2];
    struct shape shapes[2];
    size_t count;
};

static bool asked_load(const struct arguments *args, struct asked *asked, struct error *err)
{
    static const char *const both[] = {"sglang", "vllm"};
    const char *wish = arguments_text(args, "engine", NULL);
    struct check_model model = {0};
    if (!check_model_load(args, &model, err))
        return false;
    asked->count = wish != NULL ? 1 : 2;
    for (size_t i = 0; i < asked->count; i++) {
        if (!engine_parse(wish != NULL ? wish : both[i], &asked->engines[i], err) ||
            !check_model_shape(&model, &asked->engines[i], &asked->shapes[i], err))
            return false;
    }
    return true;
}

/* The name that engine `i` asks for in place of this file's; false when it asks for none. */
static bool asked_name(const struct asked *asked, size_t i, const struct checked_file *item,
    char name[ENGINE_NAME_SIZE])
{
    struct device device = item->context.device;
    if (!item->context.device_known)
        snprintf(device.name, sizeof device.name, "%s", item->name.device);
    return engine_file_name(&asked->engines[i], &asked->shapes[i], &device,
        item->name.down ? GEMM_DOWN : GEMM_UP, name);
}

static bool is_asked(const struct asked *asked, const struct checked_file *item)
{
    char name[ENGINE_NAME_SIZE];
    for (size_t i = 0; i < asked->count; i++) {
        if (asked_name(asked, i, item, name) && strcmp(name, item->place.name) == 0)
            return true;
    }
    return false;
}

static void add_fault(const struct asked *asked, struct checked_file *item, bool found)
{
    struct text text = {0};
    char name[ENGINE_NAME_SIZE];
    for (size_t i = 0; i < asked->count; i++) {
        text_add(&text, "%s%s %s asks for %s", i > 0 ? "; " : "", engine_name(&asked->engines[i]),
            engine_rules_version(&asked->engines[i]),
            asked_name(asked, i, item, name) ? name : "no such file");
    }
    if (item->named && asked->count == 1 && item->name.experts != asked->shapes[0].experts &&
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
        found = found || is_asked(&asked, &set->items[i]);
    for (size_t i = 0; i < set->count; i++) {
        if (!is_asked(&asked, &set->items[i]))
            add_fault(&asked, &set->items[i], found && set->folder);
    }
    return true;
}
