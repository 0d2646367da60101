/* SPDX-License-Identifier: MIT */
#include "tuner/incumbent.h"

#include "base/hash.h"
#include "base/json.h"
#include "base/path.h"
#include "domain/config_file.h"
#include "domain/config_name.h"
#include "domain/engine_rules.h"
#include "domain/smem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const how_names[] = {
    [INCUMBENT_IMPORTED] = "imported",
    [INCUMBENT_GIVEN] = "given by --incumbent",
    [INCUMBENT_FOUND] = "what the engine loads now",
};

const char *incumbent_how_name(enum incumbent_how how)
{
    return how_names[how];
}

char *incumbent_layer(const struct question *question)
{
    struct json *json = json_new_object();
    char device[sizeof question->device.name], *text;

    engine_device_part(&question->engine, question->device.name, device, sizeof device);
    json_add_string(json, "engine", engine_name(&question->engine));
    json_add_string(json, "device", device);
    shape_add_json(json_add_object(json, "shape"), &question->shape);
    text = json_print(json);
    json_free(json);
    return text;
}

/* The text of a file that an engine loads, free(); NULL and *err else. */
static char *read_config(const char *path, struct error *err)
{
    struct config_file file;
    char *text = NULL;

    config_file_load(path, &file, &text, err);
    config_file_free(&file);
    return text;
}

static void fill_hash(struct store_incumbent *incumbent)
{
    char *both = xasprintf("%s\n%s", incumbent->up, incumbent->down ? incumbent->down : "");

    hash_sha256(both, strlen(both), incumbent->hash);
    free(both);
}

/* down NULL: there is none. */
static bool read_pair(const char *up, const char *down, const struct question *question,
    struct store_incumbent *incumbent, struct error *err)
{
    const struct engine *engine = &question->engine;

    *incumbent = (struct store_incumbent){.layer = incumbent_layer(question)};
    snprintf(incumbent->model, sizeof incumbent->model, "%s TP%d", question->model, question->tp);
    engine_format(engine, incumbent->engine, sizeof incumbent->engine);
    snprintf(incumbent->device, sizeof incumbent->device, "%s", question->device.name);
    incumbent->path = path_absolute(up);
    incumbent->up = read_config(up, err);
    if (!incumbent->up)
        return false;
    if (down) {
        incumbent->down_path = path_absolute(down);
        incumbent->down = read_config(down, err);
        if (!incumbent->down)
            return false;
    }
    fill_hash(incumbent);
    return true;
}

bool incumbent_read(const char *path, const struct question *question,
    struct store_incumbent *incumbent, struct error *err)
{
    char *down = config_name_down_of(path);
    bool pair = question->engine.rules->down_files && path_exists(down);
    bool done = read_pair(path, pair ? down : NULL, question, incumbent, err);

    free(down);
    return done;
}

/* Where a name lies below a configs folder: folders[i]/name. */
struct places {
    const char *configs, *name;
    char **folders;
    size_t count;
};

static bool visit_config(const char *path, void *arg)
{
    struct places *places = arg;
    char *folder, *above;

    if (strcmp(path_basename(path), places->name) != 0)
        return true;
    folder = path_dirname(path);
    above = path_dirname(folder);
    if (strcmp(above, places->configs) == 0) {
        places->folders = xrealloc(places->folders, places->count + 1, sizeof *places->folders);
        places->folders[places->count++] = xstrdup(path_basename(folder));
    }
    free(above);
    free(folder);
    return true;
}

/* The file of this name in the Triton folders of `configs` that SGLang takes; free(). */
static char *find_sglang(
    const struct engine *engine, const char *triton, const char *configs, const char *name)
{
    struct places places = {.configs = configs, .name = name};
    char folder[160], *path = NULL, *exact;
    size_t *order;

    engine_folder(engine, triton, folder, sizeof folder);
    exact = xasprintf("%s/%s/%s", configs, path_basename(folder), name);
    if (path_exists(exact) || !path_is_folder(configs))
        return path_exists(exact) ? exact : (free(exact), NULL);
    free(exact);
    path_walk(configs, visit_config, &places, NULL);
    order = xcalloc(places.count + 1, sizeof *order);
    if (engine_fallback_order(
            engine, triton, (const char *const *)places.folders, places.count, order) > 0)
        path = xasprintf("%s/%s/%s", configs, places.folders[order[0]], name);
    for (size_t i = 0; i < places.count; i++)
        free(places.folders[i]);
    free(places.folders);
    free(order);
    return path;
}

static char *find_flat(const char *folder, const char *name)
{
    char *path = folder && folder[0] ? path_join(folder, name) : NULL;

    if (path && path_exists(path))
        return path;
    free(path);
    return NULL;
}

/* SGLANG_MOE_CONFIG_DIR replaces the package's folder, VLLM_TUNED_CONFIG_FOLDER comes before it. */
static char *find_file(
    const char *configs, const char *triton, const struct question *question, enum gemm gemm)
{
    const struct engine *engine = &question->engine;
    const char *given = getenv(engine_environment(engine));
    char name[ENGINE_NAME_SIZE], *path, *folder;

    if (!engine_file_name(engine, &question->shape, &question->device, gemm, name))
        return NULL;
    if (engine->kind == ENGINE_VLLM) {
        path = find_flat(given, name);
        return path ? path : find_flat(configs, name);
    }
    folder = given && *given ? path_join(given, "configs") : xstrdup(configs);
    path = folder[0] ? find_sglang(engine, triton, folder, name) : NULL;
    free(folder);
    return path;
}

bool incumbent_find(const char *configs, const char *triton, const struct question *question,
    struct store_incumbent *incumbent, struct error *err)
{
    char *up = find_file(configs, triton, question, GEMM_UP);
    char *down = up ? find_file(configs, triton, question, GEMM_DOWN) : NULL;
    bool done = false;

    err->kind = ERROR_NONE;
    *incumbent = (struct store_incumbent){.how = INCUMBENT_FOUND};
    if (up) {
        done = read_pair(up, down, question, incumbent, err);
        incumbent->how = INCUMBENT_FOUND;
    }
    free(up);
    free(down);
    return done;
}

/* The entry that serves M, NULL when it cannot be launched. */
static const struct config_entry *entry_at(const struct config_file *file, int m)
{
    const struct config_entry *entry = config_file_serving(file, m);

    return entry && entry->usable ? entry : NULL;
}

/* The tile as it runs here; false with why not. */
static bool runs_here(
    const struct question *question, const struct tile *asked, struct tile *tile, struct error *err)
{
    struct smem smem;

    if (!engine_effective_tile(&question->engine, &question->shape, asked, tile, err))
        return false;
    smem = smem_estimate(&question->engine, &question->shape, question->device.arch, tile);
    if (question->device.smem_limit <= 0 || smem.bytes <= question->device.smem_limit)
        return true;
    return error_set(err, ERROR_FAILED, "asks for %d bytes of shared memory, the card has %d",
        smem.bytes, question->device.smem_limit);
}

/* Both tiles of one M, or the first reason why the incumbent has no part in it. */
static bool resolve_m(const struct config_file files[GEMM_COUNT], const struct question *question,
    int m, struct tile tiles[GEMM_COUNT], struct error *err)
{
    int block_m = 0;

    for (enum gemm g = GEMM_UP; g < GEMM_COUNT; g++) {
        const struct config_file *file = files[g].count > 0 ? &files[g] : &files[GEMM_UP];
        const struct config_entry *entry = entry_at(file, m);
        struct tile asked;

        if (!question->gemms[g])
            continue;
        if (!entry)
            return error_set(err, ERROR_FAILED, "the %s entry cannot be launched", gemm_name(g));
        asked = entry->tile;
        if (block_m && asked.block_m != block_m && question->engine.rules->unequal_block_m_stops)
            return error_set(
                err, ERROR_FAILED, "up and down differ in BLOCK_SIZE_M, which stops this engine");
        asked.block_m = block_m ? block_m : asked.block_m;
        if (!runs_here(question, &asked, &tiles[g], err))
            return error_prefix(err, "the %s entry %d", gemm_name(g), entry->m);
        block_m = tiles[g].block_m;
    }
    return true;
}

static void read_text(const char *text, struct config_file *file)
{
    struct config_faults faults = {0};

    if (text)
        config_file_read(text, strlen(text), file, &faults);
    config_faults_free(&faults);
}

/* Neighbouring M that are left out for the same reason share a line. */
struct left_out {
    struct text ms;
    char reason[512];
    struct text *notes;
};

static void left_out_end(struct left_out *out)
{
    if (out->ms.length > 0)
        text_add(out->notes, "without the incumbent at M=%s: %s\n", out->ms.data, out->reason);
    text_free(&out->ms);
}

static void left_out_add(struct left_out *out, int m, const char *reason)
{
    if (strcmp(out->reason, reason) != 0)
        left_out_end(out);
    snprintf(out->reason, sizeof out->reason, "%s", reason);
    text_add(&out->ms, "%s%d", out->ms.length > 0 ? ", " : "", m);
}

int incumbent_resolve(const struct store_incumbent *incumbent, const struct question *question,
    struct tile tiles[GEMM_COUNT][TUNE_BATCH_SIZES], struct text *notes)
{
    struct config_file files[GEMM_COUNT] = {{0}};
    struct left_out out = {.notes = notes};
    int count = 0;

    memset(tiles, 0, sizeof(struct tile[GEMM_COUNT][TUNE_BATCH_SIZES]));
    read_text(incumbent->up, &files[GEMM_UP]);
    read_text(incumbent->down, &files[GEMM_DOWN]);
    for (int i = 0; i < question->batch_size_count && files[GEMM_UP].count > 0; i++) {
        struct tile pair[GEMM_COUNT] = {{0}};
        struct error err = {0};
        int m = question->batch_sizes[i];

        if (!resolve_m(files, question, m, pair, &err)) {
            left_out_add(&out, m, err.text);
            continue;
        }
        for (int g = 0; g < GEMM_COUNT; g++)
            tiles[g][i] = pair[g];
        count++;
    }
    left_out_end(&out);
    for (int g = 0; g < GEMM_COUNT; g++)
        config_file_free(&files[g]);
    return count;
}

void incumbent_entries(const struct store_incumbent *incumbent, const struct question *question,
    struct tile tiles[GEMM_COUNT][TUNE_BATCH_SIZES])
{
    struct config_file files[GEMM_COUNT] = {{0}};

    memset(tiles, 0, sizeof(struct tile[GEMM_COUNT][TUNE_BATCH_SIZES]));
    read_text(incumbent->up, &files[GEMM_UP]);
    read_text(incumbent->down, &files[GEMM_DOWN]);
    for (int g = 0; g < GEMM_COUNT; g++) {
        const struct config_file *file = files[g].count > 0 ? &files[g] : &files[GEMM_UP];
        for (int i = 0; i < question->batch_size_count && file->count > 0; i++) {
            const struct config_entry *entry = entry_at(file, question->batch_sizes[i]);
            if (entry)
                tiles[g][i] = entry->tile;
        }
    }
    for (int g = 0; g < GEMM_COUNT; g++)
        config_file_free(&files[g]);
}
