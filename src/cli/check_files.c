/* SPDX-License-Identifier: MIT */
#include "cli/check_files.h"

#include "base/path.h"
#include "base/text.h"
#include "domain/engine_rules.h"
#include "tuner/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_file(struct checked_file *item)
{
    struct error err = {0};
    size_t length;
    char *absolute = path_absolute(item->path);
    config_place_init(&item->place, absolute);
    free(absolute);
    item->named = config_name_parse(item->place.name, &item->name, &err);
    if (!item->named)
        config_fault_add(&item->faults, FAULT_ERROR, "name", FAULT_WHOLE_FILE,
            "no engine asks for this name: %s", err.text);
    char *text = path_read(item->path, CONFIG_MAX_BYTES, &length, &err);
    if (text == NULL)
        config_fault_add(
            &item->faults, FAULT_ERROR, "unreadable", FAULT_WHOLE_FILE, "%s", err.text);
    else if (item->name.backend[0] == '\0')
        config_file_read(text, length, &item->file, &item->faults);
    free(text);
}

static void add_file(struct checked_set *set, const char *path)
{
    set->items = xrealloc(set->items, set->count + 1, sizeof *set->items);
    struct checked_file *item = &set->items[set->count++];
    *item = (struct checked_file){.path = xstrdup(path)};
    read_file(item);
}

static bool visit(const char *path, void *arg)
{
    if (config_name_is_one(path_basename(path)))
        add_file(arg, path);
    return true;
}

bool checked_set_add(struct checked_set *set, const char *path, struct error *err)
{
    size_t before = set->count;
    if (!path_exists(path))
        return error_set(err, ERROR_FAILED, "%s: no such file or folder", path);
    if (!path_is_folder(path)) {
        add_file(set, path);
        return true;
    }
    set->folder = true;
    if (!path_walk(path, visit, set, err))
        return false;
    if (set->count == before)
        return error_set(err, ERROR_FAILED,
            "%s: no config file below it (their names begin with E=..,N=..,device_name=..)", path);
    return true;
}

void checked_set_free(struct checked_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        struct checked_file *item = &set->items[i];
        free(item->path);
        config_place_free(&item->place);
        config_file_free(&item->file);
        config_faults_free(&item->faults);
    }
    free(set->items);
    *set = (struct checked_set){0};
}

/* What tells vLLM's files from SGLang's; NULL when nothing does. */
static const char *vllm_sign(const struct checked_file *item)
{
    if (item->place.folder[0] != '\0')
        return NULL;
    if (item->name.style == STYLE_VLLM)
        return "its name";
    if (item->file.triton_version != NULL)
        return "its triton_version key";
    for (size_t i = 0; i < item->file.count; i++) {
        for (size_t j = 0; j < item->file.entries[i].extra_count; j++) {
            if (strcmp(item->file.entries[i].extras[j].name, "SPLIT_K") == 0)
                return "its SPLIT_K key";
        }
    }
    return NULL;
}

/* Whether most files with a sign in this file's own flat folder are vLLM's. */
static bool among_vllm(const struct checked_set *set, const struct checked_file *item)
{
    long votes = 0;
    for (size_t i = 0; i < set->count && item->place.folder[0] == '\0'; i++) {
        const struct checked_file *other = &set->items[i];
        if (strcmp(other->place.base, item->place.base) == 0)
            votes += (vllm_sign(other) != NULL) - (other->name.style == STYLE_SGLANG);
    }
    return votes > 0;
}

/* The up file that goes with a down file of the same folder, NULL when it is not in the set. */
static const struct checked_file *up_of(
    const struct checked_set *set, const struct checked_file *down)
{
    for (size_t i = 0; i < set->count; i++) {
        char *wanted = config_name_down_of(set->items[i].path);
        bool same = strcmp(wanted, down->path) == 0;
        free(wanted);
        if (same)
            return &set->items[i];
    }
    return NULL;
}

bool checked_set_paired(const struct checked_set *set, const struct checked_file *item)
{
    if (item->named && item->name.down)
        return up_of(set, item) != NULL;
    for (size_t i = 0; i < set->count; i++) {
        const struct checked_file *other = &set->items[i];
        if (other->named && other->name.down && up_of(set, other) == item)
            return true;
    }
    return false;
}

static bool resolve_engine(
    const struct checked_set *set, struct checked_file *item, const char *wish, struct error *err)
{
    char made_for[64];
    if (wish != NULL)
        return engine_parse(wish, &item->context.engine, err);
    if (export_made_for(item->path, made_for, sizeof made_for) &&
        engine_parse(made_for, &item->context.engine, NULL)) {
        config_fault_add(&item->faults, FAULT_NOTE, "engine", FAULT_WHOLE_FILE,
            "checked as for %s, which moebench.json says it was made for; --engine says otherwise",
            made_for);
        return true;
    }
    const char *sign = vllm_sign(item);
    if (sign == NULL && among_vllm(set, item))
        sign = "the files beside it";
    if (!engine_parse(sign != NULL ? "vllm" : "sglang", &item->context.engine, err))
        return false;
    if (sign == NULL && item->place.folder[0] != '\0')
        sign = "its triton_X_Y_Z folder";
    if (sign == NULL && item->name.style == STYLE_SGLANG)
        sign = "its name";
    if (sign == NULL && checked_set_paired(set, item))
        sign = "its _down file";
    item->version_assumed = true;
    item->engine_guessed = sign == NULL;
    config_fault_add(&item->faults, FAULT_NOTE, "engine", FAULT_WHOLE_FILE,
        "checked as for %s %s, the newest known, by %s; --engine says otherwise",
        engine_name(&item->context.engine), engine_rules_version(&item->context.engine),
        sign != NULL ? sign : "default");
    return true;
}

static void resolve_device(struct checked_file *item)
{
    char part[sizeof item->name.device];
    struct config_context *context = &item->context;
    bool unnamed = !item->named || item->name.device[0] == '\0';
    context->device_known =
        device_find(unnamed ? "GB10" : item->name.device, &context->device, NULL);
    if (unnamed) {
        config_fault_add(&item->faults, FAULT_NOTE, "device", FAULT_WHOLE_FILE,
            "the name tells no device: checked as for %s; --device says otherwise",
            context->device.name);
        return;
    }
    if (!context->device_known)
        return;
    /* A short name that fits one device is still not that device's name. */
    engine_device_part(&context->engine, context->device.name, part, sizeof part);
    context->device_known =
        context->engine.kind == ENGINE_VLLM || strcmp(part, item->name.device) == 0;
}

bool checked_set_resolve(
    struct checked_set *set, const struct check_wishes *wishes, struct error *err)
{
    struct device device;
    if (wishes->triton != NULL && !engine_triton_valid(wishes->triton, err))
        return false;
    if (wishes->device != NULL && !device_find(wishes->device, &device, err))
        return false;
    for (size_t i = 0; i < set->count; i++) {
        struct checked_file *item = &set->items[i];
        if (!resolve_engine(set, item, wishes->engine, err))
            return false;
        if (wishes->device == NULL) {
            resolve_device(item);
            continue;
        }
        item->context.device = device;
        item->context.device_known = true;
    }
    return true;
}

void checked_set_check(struct checked_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        struct checked_file *item = &set->items[i];
        if (item->named)
            config_check_name(&item->name, &item->context, &item->faults);
        config_check_entries(&item->name, &item->file, &item->context, &item->faults);
        const struct checked_file *up = item->named && item->name.down ? up_of(set, item) : NULL;
        if (up != NULL)
            config_check_pair(&item->name, &up->file, &item->file, &item->context, &item->faults);
    }
}

/* The one Triton whose folder all files stand in, else what the engine's torch brings. */
static void pick_triton(const struct checked_set *set, const struct check_wishes *wishes,
    const struct engine *engine, char *triton, size_t size)
{
    snprintf(
        triton, size, "%s", wishes->triton != NULL ? wishes->triton : engine_pinned_triton(engine));
    if (wishes->triton != NULL || set->items[0].place.folder[0] == '\0')
        return;
    for (size_t i = 1; i < set->count; i++) {
        if (strcmp(set->items[i].place.folder, set->items[0].place.folder) != 0)
            return;
    }
    engine_folder_triton(set->items[0].place.folder, triton, size);
}

/* A name that the engine never asks for, or not on this device, is dead wherever the file stands.
 */
static void judge_name(const struct checked_file *item, struct config_place *place)
{
    for (size_t i = 0; i < item->faults.count; i++) {
        const struct config_fault *fault = &item->faults.items[i];
        if (fault->severity == FAULT_NOTE ||
            (strcmp(fault->code, "name") != 0 && strcmp(fault->code, "device") != 0))
            continue;
        place->in_force = place->fallback = false;
        snprintf(place->why, sizeof place->why, "%.255s", fault->text);
        return;
    }
}

/* SGLang that lists the folders makes an int of every part of their names. */
static void check_folder_name(const struct engine *engine, struct checked_file *item)
{
    if (engine->rules->fallback == FALLBACK_ALL && item->place.below_configs &&
        !engine_folder_readable(item->place.folder))
        config_fault_add(&item->faults, FAULT_WARN, "folder", FAULT_WHOLE_FILE,
            "%.64s: SGLang %s stops with a ValueError at this folder's name as soon as it misses a "
            "file in its own Triton's folder",
            item->place.folder, engine_rules_version(engine));
}

void checked_set_judge(struct checked_set *set, const struct check_wishes *wishes,
    struct engine *engine, char *triton, size_t size)
{
    size_t vllm = 0, pick = 0;
    for (size_t i = 0; i < set->count; i++)
        vllm += set->items[i].context.engine.kind == ENGINE_VLLM;
    enum engine_kind most = 2 * vllm > set->count ? ENGINE_VLLM : ENGINE_SGLANG;
    while (pick + 1 < set->count && set->items[pick].context.engine.kind != most)
        pick++;
    *engine = set->items[pick].context.engine;
    pick_triton(set, wishes, engine, triton, size);
    struct config_place *places = xcalloc(set->count, sizeof *places);
    for (size_t i = 0; i < set->count; i++)
        places[i] = set->items[i].place;
    config_places_judge(engine, triton, places, set->count);
    for (size_t i = 0; i < set->count; i++) {
        judge_name(&set->items[i], &places[i]);
        set->items[i].place = places[i];
        if (set->folder && places[i].fallback)
            config_fault_add(&set->items[i].faults,
                wishes->triton != NULL ? FAULT_WARN : FAULT_NOTE, "triton", FAULT_WHOLE_FILE, "%s",
                places[i].why);
        if (set->folder)
            check_folder_name(engine, &set->items[i]);
        config_faults_sort(&set->items[i].faults);
    }
    free(places);
}
