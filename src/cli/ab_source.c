/* SPDX-License-Identifier: MIT */
/* What "--a choice" or "--b FILE" stand for. */
#include "cli/ab_ask.h"

#include "base/path.h"
#include "base/text.h"
#include "domain/config_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ab_source_free(struct ab_source *source)
{
    for (int g = 0; g < GEMM_COUNT; g++)
        config_file_free(&source->entries[g]);
}

/* The up file serves down too where there is no _down beside it, as the engines have it. */
static bool read_files(const char *path, struct ab_source *source, struct error *err)
{
    char *down = config_name_down_of(path);
    bool done =
        config_file_load(path, &source->entries[GEMM_UP], NULL, err) &&
        config_file_load(path_exists(down) ? down : path, &source->entries[GEMM_DOWN], NULL, err);

    source->kind = AB_ENTRIES;
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
    bool done = arguments_tiles(text, source->tiles, err);

    source->kind = AB_TILES;
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
