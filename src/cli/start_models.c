/* SPDX-License-Identifier: MIT */
#include "cli/start_ask.h"

#include "base/path.h"
#include "base/text.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUANT_SUFFIX ".hf_quant_config.json"

/* What the recorded set is, as far as TP: a layer that looks the same has the same timings. */
static int recorded_tp(const struct recorded *recorded, const char *name)
{
    struct model model;
    if (!recorded || !model_load(name, &model, NULL))
        return 0;
    for (int tp = 1; tp <= 16; tp *= 2) {
        struct parallel parallel = {.tp = tp, .ep = 1};
        struct shape shape;
        if (engine_shape(&recorded->engine, &model, &parallel, &shape, NULL) &&
            shape_equal(&shape, &recorded->shape))
            return tp;
    }
    return 0;
}

struct shipped {
    struct start *start;
    const struct start_source *source;
};

static bool add_shipped(const char *path, void *arg)
{
    struct shipped *shipped = arg;
    struct start *start = shipped->start;
    const char *file = path_basename(path);
    if (!text_ends_with(file, ".json") || text_ends_with(file, QUANT_SUFFIX))
        return true;
    char *name = xstrndup(file, strlen(file) - strlen(".json")), from[32] = "shipped", number[8];
    int tp = recorded_tp(shipped->source->recorded, name);
    if (tp)
        snprintf(from, sizeof from, "recorded, TP%d", tp);
    start_add_model(start, name, from);
    if (tp && !*start->values[START_MODEL]) {
        snprintf(number, sizeof number, "%d", tp);
        start_set(start, START_MODEL, name);
        start_set(start, START_TP, number);
    }
    free(name);
    return true;
}

/* "models--ORG--NAME" is ORG/NAME. */
static void add_downloaded(struct start *start, const char *folder)
{
    struct model model;
    struct text id = {0};
    for (const char *c = folder + strlen("models--"); *c; c++) {
        bool slash = c[0] == '-' && c[1] == '-' && !strchr(id.data ? id.data : "", '/');
        text_add(&id, "%c", slash ? '/' : *c);
        c += slash;
    }
    if (id.data && model_load(id.data, &model, NULL))
        start_add_model(start, id.data, "downloaded");
    text_free(&id);
}

static int is_model(const struct dirent *entry)
{
    return text_starts_with(entry->d_name, "models--");
}

static void find_downloaded(struct start *start)
{
    struct dirent **entries = NULL;
    char *hub = path_hub_folder();
    int count = hub ? scandir(hub, &entries, is_model, alphasort) : 0;
    for (int i = 0; i < count; i++) {
        add_downloaded(start, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    free(hub);
}

void start_find_models(struct start *start, const struct start_source *source)
{
    struct shipped shipped = {start, source};
    char *data = path_data_folder(), *folder = path_join(data, "models");
    find_downloaded(start);
    path_walk(folder, add_shipped, &shipped, NULL);
    free(folder);
    free(data);
}
