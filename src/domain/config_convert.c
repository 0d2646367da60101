/* SPDX-License-Identifier: MIT */
#include "domain/config_convert.h"

#include "domain/engine_rules.h"

#include <string.h>

void config_convert_shape(
    const struct config_name *name, const struct engine *from, struct shape *shape)
{
    config_name_shape(name, shape);
    if (from->kind == ENGINE_SGLANG && shape->dtype == DTYPE_INT4_W4A16)
        shape->intermediate *= 2;
}

static bool keeps_tma(const struct config_conversion *conversion)
{
    if (conversion->copied || conversion->name->per_channel)
        return false;
    return conversion->gemm == GEMM_DOWN ? conversion->to->rules->down_files
                                         : conversion->to->rules->tma_in_up_file;
}

/* The names of all extras of the file, each once. */
static void note_extras(const struct config_file *source, struct text *notes)
{
    struct text names = {0};
    for (size_t i = 0; i < source->count; i++) {
        for (size_t j = 0; j < source->entries[i].extra_count; j++) {
            const char *name = source->entries[i].extras[j].name;
            if (names.length == 0 || strstr(names.data, name) == NULL)
                text_add(&names, "%s%.40s", names.length > 0 ? ", " : "", name);
        }
    }
    if (names.length > 0)
        text_add(notes, "left out %s: not one of the six keys\n", names.data);
    text_free(&names);
}

void config_convert(const struct config_conversion *conversion, const struct config_file *source,
    struct config_file *result, struct text *notes)
{
    struct shape shape;
    bool dropped_tma = false;
    config_convert_shape(conversion->name, conversion->from, &shape);
    *result = (struct config_file){0};
    for (size_t i = 0; i < source->count; i++) {
        const struct config_entry *entry = &source->entries[i];
        struct tile tile;
        engine_effective_tile(conversion->from, &shape, &entry->tile, &tile, NULL);
        if (tile.block_k != entry->tile.block_k)
            text_add(notes, "M=%d: BLOCK_SIZE_K %d written as %d, as %s runs it\n", entry->m,
                entry->tile.block_k, tile.block_k, engine_name(conversion->from));
        dropped_tma = dropped_tma || (tile.use_tma && !keeps_tma(conversion));
        tile.use_tma = tile.use_tma && keeps_tma(conversion);
        config_file_set(result, entry->m, &tile);
    }
    if (dropped_tma)
        text_add(notes, "left out USE_TMA: %s %s does not take it there\n",
            engine_name(conversion->to), engine_rules_version(conversion->to));
    note_extras(source, notes);
}
