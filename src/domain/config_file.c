/* SPDX-License-Identifier: MIT */
#include "domain/config_file.h"

#include "base/path.h"
#include "base/text.h"
#include "domain/engine.h"

#include <stdlib.h>
#include <string.h>

const char *config_field_name(int field)
{
    return field == CONFIG_USE_TMA ? "USE_TMA" : tile_number_key((enum tile_number)field);
}

void config_entry_free(struct config_entry *entry)
{
    for (size_t i = 0; i < entry->extra_count; i++) {
        free(entry->extras[i].name);
        free(entry->extras[i].value);
    }
    free(entry->extras);
}

bool config_file_load(const char *path, struct config_file *file, char **text, struct error *err)
{
    struct config_faults faults = {0};
    size_t length;
    char *read = path_read(path, CONFIG_MAX_BYTES, &length, err);
    *file = (struct config_file){0};
    if (!read)
        return false;
    config_file_read(read, length, file, &faults);
    config_faults_free(&faults);
    bool loads = file->loads && file->count > 0;
    if (loads && text)
        *text = read;
    else
        free(read);
    return loads ||
           error_set(err, ERROR_FAILED, "%s: no engine loads it; see: moebench check", path);
}

void config_file_free(struct config_file *file)
{
    for (size_t i = 0; i < file->count; i++)
        config_entry_free(&file->entries[i]);
    free(file->entries);
    free(file->triton_version);
    *file = (struct config_file){0};
}

void config_file_set(struct config_file *file, int m, const struct tile *tile)
{
    struct config_entry entry = {
        .m = m, .tile = *tile, .present = (1u << CONFIG_USE_TMA) - 1, .usable = true};
    size_t i = 0;
    while (i < file->count && file->entries[i].m != m)
        i++;
    if (i == file->count) {
        file->entries = xrealloc(file->entries, file->count + 1, sizeof *file->entries);
        file->count++;
    } else {
        config_entry_free(&file->entries[i]);
    }
    file->entries[i] = entry;
    file->loads = true;
}

static int by_key(const void *a, const void *b)
{
    const struct config_entry *const *x = a, *const *y = b;
    return ((*x)->m > (*y)->m) - ((*x)->m < (*y)->m);
}

/* The entries ascending by key; free(). */
static const struct config_entry **sorted_entries(const struct config_file *file)
{
    const struct config_entry **sorted = xcalloc(file->count + 1, sizeof *sorted);
    for (size_t i = 0; i < file->count; i++)
        sorted[i] = &file->entries[i];
    qsort(sorted, file->count, sizeof *sorted, by_key);
    return sorted;
}

static void write_entry(struct text *out, const struct config_entry *entry)
{
    text_add(out, "    \"%d\": {\n", entry->m);
    for (int field = 0; field < CONFIG_USE_TMA; field++) {
        bool last = field == TILE_STAGES && !entry->tile.use_tma;
        text_add(out, "        \"%s\": %d%s\n", config_field_name(field),
            tile_number_of(&entry->tile, (enum tile_number)field), last ? "" : ",");
    }
    if (entry->tile.use_tma)
        text_add(out, "        \"%s\": true\n", config_field_name(CONFIG_USE_TMA));
    text_add(out, "    }");
}

char *config_file_write(const struct config_file *file, const char *triton_version)
{
    struct text out = {0};
    const struct config_entry **sorted = sorted_entries(file);
    text_add(&out, "{");
    if (triton_version != NULL)
        text_add(&out, "\n    \"triton_version\": \"%s\"", triton_version);
    for (size_t i = 0; i < file->count; i++) {
        text_add(&out, "%s\n", i > 0 || triton_version != NULL ? "," : "");
        write_entry(&out, sorted[i]);
    }
    text_add(&out, "\n}\n");
    free(sorted);
    return text_take(&out);
}

size_t config_file_ranges(const struct config_file *file, struct config_range *ranges)
{
    const struct config_entry **sorted = sorted_entries(file);
    size_t count = 0;
    int from = 1, tie_below = 0;
    for (size_t i = 0; i < file->count; i++) {
        struct config_range range = {(size_t)(sorted[i] - file->entries), from, INT_MAX, tie_below};
        tie_below = 0;
        if (i + 1 < file->count) {
            long long sum = (long long)sorted[i]->m + sorted[i + 1]->m;
            int middle = sum < 2 ? 0 : (int)(sum / 2);
            bool tie = middle > 0 && sum % 2 == 0;
            bool mine = sorted[i] < sorted[i + 1];
            range.to = middle - (tie && !mine);
            if (tie && mine)
                range.tie = middle;
            else if (tie)
                tie_below = middle;
            from = range.to + 1;
        }
        if (range.to >= range.from)
            ranges[count++] = range;
    }
    free(sorted);
    return count;
}

const struct config_entry *config_file_serving(const struct config_file *file, int m)
{
    if (file->count == 0)
        return NULL;

    int *keys = xcalloc(file->count, sizeof *keys);
    for (size_t i = 0; i < file->count; i++)
        keys[i] = file->entries[i].m;
    size_t at = engine_nearest_key(keys, file->count, m);
    free(keys);
    return &file->entries[at];
}
