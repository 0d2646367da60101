/* SPDX-License-Identifier: MIT */
/* The text of a config file, as the engines read it. */
#include "domain/config_file.h"

#include "base/text.h"
#include "domain/json_scan.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* What a value must be. */
enum rule { RULE_BLOCK_M, RULE_BLOCK, RULE_COUNT, RULE_WARPS, RULE_BOOL };

static const struct {
    enum rule rule;
    int fallback; /* Triton's own when the key is missing; 0: the launch fails without it */
} fields[CONFIG_FIELDS] = {
    [TILE_BLOCK_M] = {RULE_BLOCK_M, 0},
    [TILE_BLOCK_N] = {RULE_BLOCK, 0},
    [TILE_BLOCK_K] = {RULE_BLOCK, 0},
    [TILE_GROUP_M] = {RULE_COUNT, 0},
    [TILE_WARPS] = {RULE_WARPS, 4},
    [TILE_STAGES] = {RULE_COUNT, 3},
    [CONFIG_USE_TMA] = {RULE_BOOL, 0},
};

/* State of one reading. */
struct reader {
    struct json_scan scan;
    struct json_token token;
    struct config_file *file;
    struct config_faults *faults;
    char *key;   /* of the entry being read, NULL outside */
    char *field; /* key inside the entry, NULL outside */
    int m;       /* of the entry, FAULT_NO_M while its key is no number */
};

static struct fault_place here(const struct reader *reader)
{
    const char *key = reader->field != NULL ? reader->field : reader->key;
    return (struct fault_place){.m = reader->m, .line = reader->token.line, .key = key};
}

static bool next(struct reader *reader)
{
    struct error err = {0};
    if (json_scan_next(&reader->scan, &reader->token, &err))
        return true;
    config_fault_add(reader->faults, FAULT_ERROR, "json", here(reader),
        "%s (Python's json refuses the file: the engine fails when it loads it)", err.text);
    return false;
}

/* Past the rest of a value that is none of ours. */
static bool skip_value(struct reader *reader)
{
    int depth = reader->token.depth;
    bool container = reader->token.kind == JSON_OBJECT || reader->token.kind == JSON_ARRAY;
    while (container) {
        if (!next(reader))
            return false;
        container = reader->token.depth > depth;
    }
    return true;
}

/*
 * Python's int() of a key, ASCII only: blanks around, a sign, zeros in front and single
 * underscores between digits are taken. *plain: written as the engines write it. Beyond
 * +-10^9 it is clamped.
 */
static bool key_number(const char *text, int *m, bool *plain)
{
    static const char blanks[] = " \t\n\v\f\r";
    const char *at = text + strspn(text, blanks);
    bool negative = *at == '-';
    at += *at == '-' || *at == '+';
    const char *digits = at;
    long long value = 0;
    for (; isdigit((unsigned char)*at) ||
           (*at == '_' && at > digits && isdigit((unsigned char)at[1]));
         at++) {
        if (*at == '_')
            at++;
        value = value * 10 + (*at - '0');
        if (value > 1000000000)
            value = 1000000000;
    }
    if (at == digits || at[strspn(at, blanks)] != '\0')
        return false;
    *m = (int)(negative ? -value : value);
    char *canonical = xasprintf("%d", *m);
    *plain = strcmp(canonical, text) == 0;
    free(canonical);
    return true;
}

static bool is_power_of_two(long value)
{
    return value > 0 && (value & (value - 1)) == 0;
}

/* NULL when the value can be launched, else what it must be. */
static const char *value_wanted(enum rule rule, long value)
{
    if (rule == RULE_BLOCK && (value < 16 || !is_power_of_two(value)))
        return "must be a power of two, 16 or more (tl.arange and tl.dot)";
    if (rule == RULE_BLOCK_M && (value < 8 || !is_power_of_two(value)))
        return "must be a power of two, 16 or more (8 where the kernel swaps A and B)";
    if (rule == RULE_WARPS && (value > 32 || !is_power_of_two(value)))
        return "must be 1, 2, 4, 8, 16 or 32";
    if (rule == RULE_COUNT && value < 1)
        return "must be 1 or more";
    return NULL;
}

static const char *kind_name(enum json_kind kind)
{
    switch (kind) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "a string";
    case JSON_FLOAT:
        return "a float";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a truth value";
    case JSON_NULL:
        return "null";
    default:
        return "a number";
    }
}

/* Raw text of the token, shortened to fit a message. free(). */
static char *raw_value(const struct json_token *token)
{
    return xstrndup(token->text, token->length < 40 ? token->length : 40);
}

/* The value of a known key into the entry; a fault and an unusable entry when it is not right. */
static void take_value(struct reader *reader, struct config_entry *entry, int field)
{
    const struct json_token *token = &reader->token;
    char *raw = raw_value(token);
    long value;
    entry->present |= 1u << field;
    if (fields[field].rule == RULE_BOOL) {
        entry->tile.use_tma = token->kind == JSON_TRUE;
        if (token->kind != JSON_TRUE && token->kind != JSON_FALSE)
            config_fault_add(reader->faults, FAULT_ERROR, "value", here(reader),
                "%s is %s, must be true or false", raw, kind_name(token->kind));
    } else if (token->kind != JSON_INT) {
        config_fault_add(reader->faults, FAULT_ERROR, "value", here(reader),
            "%s is %s, must be an integer: the launch fails", raw, kind_name(token->kind));
        entry->usable = false;
    } else if (!text_to_int(raw, -1000000000, 1000000000, &value)) {
        config_fault_add(
            reader->faults, FAULT_ERROR, "value", here(reader), "%s is out of range", raw);
        entry->usable = false;
    } else {
        const char *wanted = value_wanted(fields[field].rule, value);
        if (wanted != NULL) {
            config_fault_add(reader->faults, FAULT_ERROR, "value", here(reader),
                "%ld %s: the launch fails", value, wanted);
            entry->usable = false;
        }
        *tile_number_at(&entry->tile, (enum tile_number)field) = (int)value;
    }
    free(raw);
}

static bool take_extra(struct reader *reader, struct config_entry *entry)
{
    const char *start = reader->token.text;
    int line = reader->token.line;
    if (!skip_value(reader))
        return false;
    size_t length = (size_t)(reader->token.text + reader->token.length - start);
    entry->extras = xrealloc(entry->extras, entry->extra_count + 1, sizeof *entry->extras);
    entry->extras[entry->extra_count++] = (struct config_extra){
        .name = xstrdup(reader->field), .value = xstrndup(start, length), .line = line};
    return true;
}

/* CONFIG_FIELDS for any other name. */
static int field_by_name(const char *name)
{
    int field = 0;
    while (field < CONFIG_FIELDS && strcmp(config_field_name(field), name) != 0)
        field++;
    return field;
}

/* One "key": value of an entry, from the key on. */
static bool read_field(struct reader *reader, struct config_entry *entry)
{
    free(reader->field);
    reader->field = xstrdup(reader->token.string);
    int field = field_by_name(reader->field);
    if (field < CONFIG_FIELDS && (entry->present & 1u << field) != 0)
        config_fault_add(reader->faults, FAULT_WARN, "duplicate", here(reader),
            "stands twice in this entry: the last one wins");
    if (!next(reader))
        return false;
    if (field == CONFIG_FIELDS)
        return take_extra(reader, entry);
    take_value(reader, entry, field);
    return skip_value(reader);
}

static void check_missing(struct reader *reader, struct config_entry *entry)
{
    for (int field = 0; field < CONFIG_USE_TMA; field++) {
        if ((entry->present & 1u << field) != 0)
            continue;
        struct fault_place place = {reader->m, entry->line, config_field_name(field)};
        if (fields[field].fallback == 0) {
            entry->usable = false;
            config_fault_add(reader->faults, FAULT_ERROR, "missing", place,
                "%s is missing: the engine fails as soon as it uses this entry",
                config_field_name(field));
        } else {
            config_fault_add(reader->faults, FAULT_WARN, "missing", place,
                "%s is missing: Triton takes its own default, %d", config_field_name(field),
                fields[field].fallback);
        }
    }
}

static bool read_fields(struct reader *reader, struct config_entry *entry)
{
    bool read = true;
    while ((read = next(reader)) && reader->token.kind == JSON_KEY) {
        if (!(read = read_field(reader, entry)))
            break;
    }
    if (read) {
        free(reader->field);
        reader->field = NULL;
        check_missing(reader, entry);
    }
    return read;
}

/* Takes over *entry. False when there are too many. */
static bool keep_entry(struct reader *reader, struct config_entry *entry)
{
    struct config_file *file = reader->file;
    for (size_t i = 0; i < file->count; i++) {
        if (file->entries[i].m != entry->m)
            continue;
        config_fault_add(reader->faults, FAULT_WARN, "duplicate",
            (struct fault_place){entry->m, entry->line, reader->key},
            "M=%d stands twice (first on line %d): the last one wins", entry->m,
            file->entries[i].line);
        config_entry_free(&file->entries[i]);
        file->entries[i] = *entry;
        return true;
    }
    if (file->count == CONFIG_MAX_ENTRIES) {
        config_fault_add(reader->faults, FAULT_ERROR, "too-many", here(reader),
            "more than %d entries: not read any further", CONFIG_MAX_ENTRIES);
        config_entry_free(entry);
        return false;
    }
    file->entries = xrealloc(file->entries, file->count + 1, sizeof *file->entries);
    file->entries[file->count++] = *entry;
    return true;
}

static bool read_entry(struct reader *reader)
{
    struct config_entry entry = {.m = reader->m, .line = reader->token.line, .usable = true};
    entry.tile.num_warps = fields[TILE_WARPS].fallback;
    entry.tile.num_stages = fields[TILE_STAGES].fallback;
    if (!read_fields(reader, &entry)) {
        config_entry_free(&entry);
        return false;
    }
    if (reader->m != FAULT_NO_M)
        return keep_entry(reader, &entry);
    config_entry_free(&entry);
    return true;
}

/* Judges the top-level key; sets m. */
static void read_key(struct reader *reader)
{
    bool plain;
    reader->m = FAULT_NO_M;
    if (!key_number(reader->key, &reader->m, &plain)) {
        reader->file->loads = false;
        config_fault_add(reader->faults, FAULT_ERROR, "key", here(reader),
            "key \"%.40s\" is no batch size: int() fails and with it the whole file", reader->key);
    } else if (!plain) {
        config_fault_add(reader->faults, FAULT_WARN, "key", here(reader),
            "key \"%.40s\" is read as %d; write it as \"%d\"", reader->key, reader->m, reader->m);
    }
    if (reader->m != FAULT_NO_M && reader->m < 1)
        config_fault_add(reader->faults, FAULT_WARN, "key", here(reader),
            "no batch has %d tokens, but the entry still takes part in the nearest-key choice",
            reader->m);
}

/* From a top-level key on, through its value. */
static bool read_member(struct reader *reader)
{
    reader->key = xstrdup(reader->token.string);
    if (strcmp(reader->key, "triton_version") == 0) {
        reader->m = FAULT_NO_M;
        reader->file->triton_line = reader->token.line;
        if (!next(reader))
            return false;
        free(reader->file->triton_version);
        reader->file->triton_version = reader->token.kind == JSON_STRING
                                           ? xstrdup(reader->token.string)
                                           : raw_value(&reader->token);
        return skip_value(reader);
    }
    read_key(reader);
    if (!next(reader))
        return false;
    if (reader->token.kind == JSON_OBJECT)
        return read_entry(reader);
    if (reader->m != FAULT_NO_M)
        config_fault_add(reader->faults, FAULT_ERROR, "entry", here(reader),
            "the entry is %s, must be an object with BLOCK_SIZE_M and the rest",
            kind_name(reader->token.kind));
    return skip_value(reader);
}

/* The whole text: one object and nothing after it. True when it parses. */
static bool read_all(struct reader *reader)
{
    if (!next(reader))
        return false;
    if (reader->token.kind != JSON_OBJECT) {
        reader->file->loads = false;
        config_fault_add(reader->faults, FAULT_ERROR, "top-level", here(reader),
            "the file holds %s at its top, must be an object: {\"1\": {..}, ..}",
            kind_name(reader->token.kind));
        return skip_value(reader) && next(reader);
    }
    while (next(reader)) {
        if (reader->token.kind != JSON_KEY)
            return next(reader);
        if (!read_member(reader))
            return false;
        free(reader->key);
        reader->key = NULL;
        reader->m = FAULT_NO_M;
    }
    return false;
}

void config_file_read(
    const char *text, size_t length, struct config_file *file, struct config_faults *faults)
{
    *file = (struct config_file){.loads = true};
    struct reader reader = {.file = file, .faults = faults, .m = FAULT_NO_M};
    struct error err = {0};
    if (!json_scan_start(&reader.scan, text, length, &err)) {
        const struct fault_place place = {.m = FAULT_NO_M, .line = reader.scan.line};
        config_fault_add(faults, FAULT_ERROR, "json", place, "%s", err.text);
        file->loads = false;
    } else if (!read_all(&reader)) {
        file->loads = false;
    } else if (file->count == 0 && file->loads) {
        config_fault_add(faults, FAULT_ERROR, "empty", FAULT_WHOLE_FILE,
            "no entry: the file is found and has no effect, the engine's default is used");
    }
    json_scan_free(&reader.scan);
    free(reader.key);
    free(reader.field);
}
