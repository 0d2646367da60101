/* SPDX-License-Identifier: MIT */
/* What "--a choice" or "--b FILE" stand for. */
#include "cli/ab_ask.h"

#include "base/path.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ab_source_free(struct ab_source *source)
{
    for (int g = 0; g < GEMM_COUNT; g++)
        config_file_free(&source->entries[g]);
}

static bool read_file(const char *path, struct config_file *file, struct error *err)
{
    size_t length;
    char *text = path_read(path, CONFIG_MAX_BYTES, &length, err);
    struct config_faults faults = {0};
    bool fine;

    if (!text)
        return false;
    config_file_read(text, length, file, &faults);
    fine = file->loads && file->count > 0;
    config_faults_free(&faults);
    free(text);
    return fine ||
           error_set(err, ERROR_FAILED, "%s: no engine loads it; see: moebench check", path);
}

/* The up file serves down too where there is no _down beside it, as the engines have it. */
static bool read_files(const char *path, struct ab_source *source, struct error *err)
{
    char *stem = xstrndup(path, strlen(path) - strlen(".json"));
    char *down = xasprintf("%s_down.json", stem);
    bool done = read_file(path, &source->entries[GEMM_UP], err) &&
                read_file(path_exists(down) ? down : path, &source->entries[GEMM_DOWN], err);

    source->kind = AB_ENTRIES;
    free(stem);
    free(down);
    return done;
}

/* What an export of the tune would hold. */
static bool read_choices(const struct ab_ask *ask, struct ab_source *source, struct error *err)
{
    struct store_choice *choices;
    size_t count;

    source->kind = AB_ENTRIES;
    if (ask->tune.id == 0)
        return error_set(err, ERROR_FAILED,
            "choice: no tune of this layer, engine and card in %s; `moebench tune` makes one",
            ask->store ? store_path(ask->store) : "the database (there is none)");
    if (!store_list_choices(ask->store, ask->tune.id, &choices, &count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!choices[i].dropped)
            config_file_set(&source->entries[choices[i].gemm], choices[i].m, &choices[i].tile);
    free(choices);
    return count > 0 ||
           error_set(err, ERROR_FAILED, "choice: tune %lld has chosen nothing yet", ask->tune.id);
}

static bool read_tiles(const char *text, struct ab_source *source, struct error *err)
{
    size_t length = strcspn(text, "/");
    char *up = xstrndup(text, length);
    bool done = tile_parse(up, &source->tiles[GEMM_UP], err) &&
                tile_parse(text[length] ? text + length + 1 : up, &source->tiles[GEMM_DOWN], err);

    source->kind = AB_TILES;
    free(up);
    if (done && source->tiles[GEMM_UP].block_m != source->tiles[GEMM_DOWN].block_m)
        return error_set(err, ERROR_USAGE,
            "%s: up and down of one M share BLOCK_SIZE_M, the engine sorts the tokens once", text);
    return done;
}

bool ab_source_read(
    const char *text, const struct ab_ask *ask, struct ab_source *source, struct error *err)
{
    snprintf(source->label, sizeof source->label, "%.63s", text);
    if (strcmp(text, "default") == 0) {
        source->kind = AB_DEFAULT;
        return true;
    }
    if (strcmp(text, "choice") == 0)
        return read_choices(ask, source, err);
    if (text_ends_with(text, ".json")) {
        snprintf(source->label, sizeof source->label, "%.63s", path_basename(text));
        return read_files(text, source, err);
    }
    if (!text_starts_with(text, "B"))
        return error_set(err, ERROR_USAGE,
            "%s: give choice, default, FILE.json, or tiles as BM16,BN64,BK128,G1,w4,s3", text);
    return read_tiles(text, source, err);
}

static bool entry_at(
    const struct ab_source *source, enum gemm gemm, int m, struct tile *tile, struct error *err)
{
    const struct config_entry *entry = config_file_serving(&source->entries[gemm], m);

    if (!entry)
        return error_set(err, ERROR_FAILED, "%s: nothing for %s", source->label, gemm_name(gemm));
    if (!entry->usable)
        return error_set(err, ERROR_FAILED, "%s: the entry that serves M=%d cannot be launched",
            source->label, m);
    *tile = entry->tile;
    return true;
}

bool ab_source_at(const struct ab_source *source, const struct ab_ask *ask, int m,
    const bool gemms[GEMM_COUNT], struct ab_side *side, struct error *err)
{
    const struct engine *engine = &ask->question.engine;
    const struct shape *shape = &ask->question.shape;

    memcpy(side->label, source->label, sizeof side->label);
    for (enum gemm gemm = GEMM_UP; gemm < GEMM_COUNT; gemm++) {
        struct tile tile = source->tiles[gemm];
        if (source->kind == AB_DEFAULT)
            engine_default_tile(engine, shape, &ask->question.device, m, &tile);
        else if (source->kind == AB_ENTRIES && gemms[gemm] &&
                 !entry_at(source, gemm, m, &tile, err))
            return false;
        if (gemm == GEMM_DOWN && gemms[GEMM_UP])
            tile.block_m = side->tiles[GEMM_UP].block_m;
        if (!engine_effective_tile(engine, shape, &tile, &side->tiles[gemm], err))
            return !gemms[gemm];
    }
    return true;
}
