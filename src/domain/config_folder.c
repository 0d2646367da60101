/* SPDX-License-Identifier: MIT */
#include "domain/config_folder.h"

#include "base/path.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void config_place_init(struct config_place *place, const char *path)
{
    *place = (struct config_place){.name = xstrdup(path_basename(path))};
    char *parent = path_dirname(path);
    if (!text_starts_with(path_basename(parent), "triton_")) {
        place->base = parent;
        place->folder = xstrdup("");
        return;
    }
    char *above = path_dirname(parent);
    place->folder = xstrdup(path_basename(parent));
    place->below_configs = strcmp(path_basename(above), "configs") == 0;
    place->base = place->below_configs ? path_dirname(above) : xstrdup(above);
    free(above);
    free(parent);
}

void config_place_free(struct config_place *place)
{
    free(place->base);
    free(place->folder);
    free(place->name);
    *place = (struct config_place){0};
}

static void judge_vllm(struct config_place *place)
{
    place->in_force = place->folder[0] == '\0';
    snprintf(place->why, sizeof place->why, "%s",
        place->in_force ? "found when VLLM_TUNED_CONFIG_FOLDER is this folder itself"
                        : "vLLM looks into one flat folder, never into triton_X_Y_Z");
}

static bool same_lookup(const struct config_place *a, const struct config_place *b)
{
    return b->below_configs && strcmp(a->name, b->name) == 0 && strcmp(a->base, b->base) == 0;
}

/* Index of the file that SGLang takes when it looks up places[of].name, `count` when none. */
static size_t taken(const struct engine *engine, const char *triton, size_t of,
    const struct config_place places[], size_t count)
{
    char wanted[160];
    const char **folders = xcalloc(count, sizeof *folders);
    size_t *members = xcalloc(count, sizeof *members), *order = xcalloc(count, sizeof *order);
    size_t found = 0, result = count;
    engine_folder(engine, triton, wanted, sizeof wanted);
    for (size_t i = 0; i < count; i++) {
        if (!same_lookup(&places[of], &places[i]))
            continue;
        if (strcmp(places[i].folder, path_basename(wanted)) == 0)
            result = i;
        members[found] = i;
        folders[found++] = places[i].folder;
    }
    if (result == count && engine_fallback_order(engine, triton, folders, found, order) > 0)
        result = members[order[0]];
    free(folders);
    free(members);
    free(order);
    return result;
}

static void judge_sglang(const struct engine *engine, const char *triton, size_t i,
    struct config_place places[], size_t count)
{
    struct config_place *place = &places[i];
    char version[64], wanted[160];
    if (!place->below_configs) {
        snprintf(place->why, sizeof place->why,
            "not below configs/triton_X_Y_Z: SGLANG_MOE_CONFIG_DIR is one level above \"configs\"");
        return;
    }
    size_t winner = taken(engine, triton, i, places, count);
    engine_folder_triton(place->folder, version, sizeof version);
    engine_folder(engine, triton, wanted, sizeof wanted);
    place->in_force = winner == i;
    place->fallback = place->in_force && strcmp(place->folder, path_basename(wanted)) != 0;
    if (place->fallback)
        snprintf(place->why, sizeof place->why,
            "no file of this name for Triton %s: SGLang falls back to this one, made for Triton %s",
            triton, version);
    else if (place->in_force)
        snprintf(place->why, sizeof place->why, "the folder of Triton %s itself", triton);
    else if (winner < count)
        snprintf(place->why, sizeof place->why, "on Triton %s the file in %s is taken", triton,
            places[winner].folder);
    else
        snprintf(place->why, sizeof place->why,
            "SGLang %s on Triton %s does not look into %s (its fallbacks are a fixed list)",
            engine_rules_version(engine), triton, place->folder);
}

void config_places_judge(
    const struct engine *engine, const char *triton, struct config_place places[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (engine->kind == ENGINE_VLLM)
            judge_vllm(&places[i]);
        else
            judge_sglang(engine, triton, i, places, count);
    }
}
