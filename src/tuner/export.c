/* SPDX-License-Identifier: MIT */
#include "tuner/export.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/path.h"
#include "domain/config_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROVENANCE "moebench.json"
#define PREFILL_TOKENS 1024 /* a largest M below this is not meant for a prompt's tokens */

void export_result_free(struct export_result *result)
{
    for (int g = 0; g < GEMM_COUNT; g++)
        free(result->paths[g]);
    text_free(&result->notes);
}

char *export_summary(const struct export_result *result)
{
    struct text text = {0};

    text_add(&text, "%d M: %d settled", result->entries, result->entries - result->as_of_now);
    if (result->as_of_now > 0)
        text_add(&text, ", %d as of now", result->as_of_now);
    if (result->defaults > 0)
        text_add(&text, "; %d of them the engine's default", result->defaults);
    if (result->beside > 0)
        text_add(&text, "; %d of them at an M that was not tuned", result->beside);
    if (result->left_out > 0)
        text_add(&text, "; %d left out", result->left_out);
    return text_take(&text);
}

char *export_path(const struct question *question, const char *triton, enum gemm gemm)
{
    char folder[160], name[ENGINE_NAME_SIZE];

    engine_folder(&question->engine, triton, folder, sizeof folder);
    if (!engine_file_name(&question->engine, &question->shape, &question->device, gemm, name))
        return NULL;
    return folder[0] ? path_join(folder, name) : xstrdup(name);
}

/* Whether this M can go into the files; says why not. */
static bool entry_usable(
    const struct export_set *set, const struct export_entry *entry, struct text *notes)
{
    int block_m = 0;

    for (int g = 0; g < GEMM_COUNT; g++) {
        if (!set->question->gemms[g])
            continue;
        if (!entry->gemm[g].chosen) {
            text_add(notes, "M=%d: left out: ", entry->m);
            if (entry->gemm[g].reason[0])
                text_add(notes, "%s\n", entry->gemm[g].reason);
            else
                text_add(notes, "nothing chosen for %s\n", gemm_name((enum gemm)g));
            return false;
        }
        if (!entry->gemm[g].verified && entry->gemm[g].source != CHOICE_DEFAULT) {
            text_add(notes, "M=%d: left out: the %s tile was not seen to be right\n", entry->m,
                gemm_name((enum gemm)g));
            return false;
        }
        if (block_m && entry->gemm[g].tile.block_m != block_m) {
            text_add(notes, "M=%d: left out: up and down differ in BLOCK_SIZE_M\n", entry->m);
            return false;
        }
        block_m = entry->gemm[g].tile.block_m;
    }
    return true;
}

static bool is_settled(const struct export_set *set, const struct export_entry *entry)
{
    bool settled = true;

    for (int g = 0; g < GEMM_COUNT; g++)
        settled = settled && (!set->question->gemms[g] || entry->gemm[g].settled);
    return settled;
}

static void count_entry(
    const struct export_set *set, const struct export_entry *entry, struct export_result *result)
{
    enum gemm gemm = set->question->gemms[GEMM_UP] ? GEMM_UP : GEMM_DOWN;
    enum choice_source source = entry->gemm[gemm].source;
    bool settled = is_settled(set, entry);

    result->entries++;
    result->as_of_now += !settled;
    result->defaults += source == CHOICE_DEFAULT;
    result->beside += question_m_index(set->question, entry->m) < 0;
    if (source != CHOICE_RACE || !settled)
        text_add(&result->notes, "M=%d: %s%s: %s\n", entry->m, settled ? "" : "as of now, ",
            choice_source_name(source), entry->gemm[gemm].reason);
}

/* The engine gives every M to the nearest key: an M without entry gets one that was not made for
 * it. */
static void note_served_by(
    const struct export_set *set, const bool usable[], int m, struct text *notes)
{
    int keys[EXPORT_ENTRIES];
    size_t count = 0;

    for (int i = 0; i < set->count; i++) {
        if (usable[i])
            keys[count++] = set->entries[i].m;
    }
    if (count > 0)
        text_add(notes, "M=%d is served by the entry of M=%d\n", m,
            keys[engine_nearest_key(keys, count, m)]);
}

/* The provenance file's object, or a new one; NULL and *err when it cannot be read. */
static struct json *read_provenance(const char *path, struct error *err)
{
    struct json *json;

    if (path_exists(path))
        return json_parse_file(path, err);
    json = json_new_object();
    json_add_string(json, "about", "where the files of this folder come from; written by moebench");
    json_add_array(json, "files");
    return json;
}

static const struct json *find_record(const struct json *provenance, const char *path)
{
    const struct json *file = json_first(json_get(provenance, "files"));

    while (file && (!json_string(json_get(file, "path")) ||
                       strcmp(json_string(json_get(file, "path")), path) != 0))
        file = json_next(file);
    return file;
}

bool export_made_for(const char *path, char *engine, size_t size)
{
    enum { DEEPEST = 3 }; /* DIR/configs/triton_X_Y_Z/NAME */
    char *full = path_absolute(path), *folder = xstrdup(full);
    bool found = false;

    for (int i = 0; i < DEEPEST && !found; i++) {
        char *above = path_dirname(folder), *file = path_join(above, PROVENANCE);
        struct json *json = path_exists(file) ? json_parse_file(file, NULL) : NULL;
        const struct json *record = find_record(json, full + strlen(above) + (above[1] ? 1 : 0));
        const char *name = json_string(json_get(record, "engine"));

        found = name != NULL;
        if (found)
            snprintf(engine, size, "%s", name);
        json_free(json);
        free(file);
        free(folder);
        folder = above;
    }
    free(folder);
    free(full);
    return found;
}

/* Same E and N make the same name, whatever K and top_k are: then it is another model's file. */
static bool may_overwrite(const struct export_set *set, const char *full, const char *path,
    const struct json *provenance, struct error *err)
{
    const struct json *record = find_record(provenance, path);
    const char *model = json_string(json_get(record, "model"));
    struct shape shape;

    if (!path_exists(full))
        return true;
    if (!record || !shape_from_json(json_get(record, "shape"), &shape, NULL))
        return error_set(err, ERROR_FAILED,
            "%s is there already and " PROVENANCE " does not know it; --force overwrites it", full);
    return shape_equal(&set->question->shape, &shape) ||
           error_set(err, ERROR_FAILED,
               "%s is of another layer (%s: K=%d, top_k=%d) that shares the name; another --out, "
               "or --force to overwrite it",
               full, model ? model : "unknown", shape.hidden, shape.top_k);
}

static void add_record_entry(struct json *entries, const struct export_entry *entry, enum gemm gemm)
{
    struct json *object = json_add_object(entries, NULL), *interval;

    json_add_int(object, "m", entry->m);
    json_add_double(object, "median_us", entry->gemm[gemm].median_us);
    interval = json_add_array(object, "ci_us");
    json_add_double(interval, NULL, entry->gemm[gemm].low_us);
    json_add_double(interval, NULL, entry->gemm[gemm].high_us);
    json_add_double(object, "default_us", entry->gemm[gemm].default_us);
    if (entry->gemm[gemm].incumbent_us > 0)
        json_add_double(object, "incumbent_us", entry->gemm[gemm].incumbent_us);
    json_add_string(object, "source", choice_source_name(entry->gemm[gemm].source));
    json_add_bool(object, "verified", entry->gemm[gemm].verified);
    json_add_bool(object, "settled", entry->gemm[gemm].settled);
    json_add_string(object, "reason", entry->gemm[gemm].reason);
}

static void add_record(struct json *files, const struct export_set *set, const char *path,
    enum gemm gemm, const bool usable[])
{
    const struct question *q = set->question;
    struct json *record = json_add_object(files, NULL), *entries;
    char date[32], engine[ENGINE_TEXT_SIZE];

    json_add_string(record, "path", path);
    json_add_string(record, "model", q->model);
    json_add_int(record, "tp", q->tp);
    json_add_int(record, "ep", q->ep);
    shape_add_json(json_add_object(record, "shape"), &q->shape);
    json_add_string(record, "gemm", gemm_name(gemm));
    json_add_string(record, "engine", engine_format(&q->engine, engine, sizeof engine));
    json_add_string(record, "device", q->device.name);
    json_add_string(record, "triton", set->triton);
    if (set->incumbent[0]) {
        struct json *incumbent = json_add_object(record, "incumbent");
        json_add_string(incumbent, "path", set->incumbent);
        json_add_string(incumbent, "sha256", set->incumbent_hash);
    }
    json_add_string(record, "effort", effort_name(q->effort));
    json_add_int(record, "seed", (long long)q->seed);
    json_add_bool(record, "recorded", set->recorded);
    json_add_int(record, "tune", set->tune);
    json_add_string(record, "moebench", PACKAGE_VERSION);
    json_add_string(record, "date", clock_iso(clock_wall(), date, sizeof date));
    entries = json_add_array(record, "entries");
    for (int i = 0; i < set->count; i++) {
        if (usable[i])
            add_record_entry(entries, &set->entries[i], gemm);
    }
}

static void copy_value(struct json *to, const char *key, const struct json *value)
{
    char *text = json_print(value);
    struct json *copy = json_parse(text, strlen(text), NULL);

    if (copy)
        json_add(to, key, copy);
    free(text);
}

/* A new tree: the old records but those of `paths`, then the new ones. */
static struct json *renew_provenance(const struct json *old, char *const paths[GEMM_COUNT],
    const struct export_set *set, const bool usable[])
{
    struct json *json = json_new_object(), *files;

    json_add_string(json, "about", "where the files of this folder come from; written by moebench");
    files = json_add_array(json, "files");
    for (const struct json *file = json_first(json_get(old, "files")); file;
         file = json_next(file)) {
        const char *path = json_string(json_get(file, "path"));
        bool replaced = false;
        for (int g = 0; path && g < GEMM_COUNT; g++)
            replaced = replaced || (paths[g] && strcmp(paths[g], path) == 0);
        if (!replaced)
            copy_value(files, NULL, file);
    }
    for (int g = 0; g < GEMM_COUNT; g++) {
        if (paths[g])
            add_record(files, set, paths[g], (enum gemm)g, usable);
    }
    return json;
}

static bool write_json(const char *path, const struct json *json, struct error *err)
{
    char *text = json_print_pretty(json), *line = xasprintf("%s\n", text);
    bool done = path_write_atomic(path, line, strlen(line), err);

    free(line);
    free(text);
    return done;
}

static bool write_config(const struct export_set *set, enum gemm gemm, const bool usable[],
    const char *path, struct error *err)
{
    struct config_file file = {0};
    char *folder = path_dirname(path), *text;
    bool done;

    for (int i = 0; i < set->count; i++) {
        if (usable[i])
            config_file_set(&file, set->entries[i].m, &set->entries[i].gemm[gemm].tile);
    }
    text = config_file_write(&file, NULL);
    done = path_make_folders(folder, err) && path_write_atomic(path, text, strlen(text), err);
    free(text);
    free(folder);
    config_file_free(&file);
    return done;
}

static bool write_all(const struct export_set *set, const char *out, bool force,
    const bool usable[], struct export_result *result, struct error *err)
{
    char *paths[GEMM_COUNT] = {NULL}, *side = path_join(out, PROVENANCE);
    struct json *old = read_provenance(side, err), *renewed = NULL;
    bool done = old != NULL;

    for (int g = 0; g < GEMM_COUNT && done; g++) {
        if (!set->question->gemms[g])
            continue;
        paths[g] = export_path(set->question, set->triton, (enum gemm)g);
        result->paths[g] = path_join(out, paths[g]);
        done = force || may_overwrite(set, result->paths[g], paths[g], old, err);
    }
    for (int g = 0; g < GEMM_COUNT && done; g++) {
        if (paths[g])
            done = write_config(set, (enum gemm)g, usable, result->paths[g], err);
        result->path_count += paths[g] && done;
    }
    if (done) {
        renewed = renew_provenance(old, paths, set, usable);
        done = write_json(side, renewed, err);
    }
    json_free(renewed);
    json_free(old);
    free(side);
    for (int g = 0; g < GEMM_COUNT; g++)
        free(paths[g]);
    return done;
}

/* Engines take the nearest key: a last entry for decoding then runs the prefill too (case A06). */
static void note_top(const struct export_set *set, const bool usable[], struct text *notes)
{
    int top = 0;

    for (int i = 0; i < set->count; i++)
        if (usable[i])
            top = set->entries[i].m;
    if (top < PREFILL_TOKENS)
        text_add(notes,
            "every M above %d will run with the entry of M=%d: `moebench edit --pin-above %d` "
            "keeps those on the engine's default\n",
            top, top, top);
}

static bool look(const struct export_set *set, bool usable[EXPORT_ENTRIES],
    struct export_result *result, struct error *err)
{
    *result = (struct export_result){0};
    if (set->question->engine.kind != ENGINE_SGLANG)
        return error_set(err, ERROR_FAILED,
            "export for %s: not yet; export for sglang, then: moebench convert",
            engine_name(&set->question->engine));
    for (int i = 0; i < set->count; i++) {
        usable[i] = entry_usable(set, &set->entries[i], &result->notes);
        result->left_out += !usable[i];
        if (usable[i])
            count_entry(set, &set->entries[i], result);
    }
    for (int i = 0; i < set->count; i++) {
        if (!usable[i])
            note_served_by(set, usable, set->entries[i].m, &result->notes);
    }
    if (result->entries == 0)
        return error_set(err, ERROR_FAILED, "nothing to export: no M has a verified choice yet");
    note_top(set, usable, &result->notes);
    if (!set->question->gemms[GEMM_DOWN])
        text_add(&result->notes, "up alone was tuned: the engine uses its tiles for down too\n");
    return true;
}

bool export_look(const struct export_set *set, struct export_result *result, struct error *err)
{
    bool usable[EXPORT_ENTRIES];

    return look(set, usable, result, err);
}

bool export_write(const struct export_set *set, const char *out, bool force,
    struct export_result *result, struct error *err)
{
    bool usable[EXPORT_ENTRIES];

    return look(set, usable, result, err) && path_make_folders(out, err) &&
           write_all(set, out, force, usable, result, err);
}

/* A word for a shell; free(). */
static char *quoted(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "/._-+=,:@%";
    struct text text = {0};

    if (word[strspn(word, plain)] == '\0')
        return xstrdup(word);
    text_add(&text, "'");
    for (; *word; word++)
        text_add(&text, *word == '\'' ? "'\\''" : "%c", *word);
    text_add(&text, "'");
    return text_take(&text);
}

static void add_log_lines(
    struct text *text, const struct question *q, const struct export_result *result)
{
    for (int g = 0; g < GEMM_COUNT; g++) {
        char *path = result->paths[g] ? path_absolute(result->paths[g]) : NULL;
        char *line = path ? engine_found_line(&q->engine, path) : NULL;
        if (line)
            text_add(text, "  log line  %s\n", line);
        free(line);
        free(path);
    }
}

char *export_instructions(
    const struct export_set *set, const char *out, const struct export_result *result)
{
    const struct question *q = set->question;
    struct text text = {0};
    /* What the server is told must not hang on its own folder. */
    char *path = path_absolute(out), *folder = quoted(path);
    bool flat = q->engine.kind == ENGINE_VLLM;
    int nodes = q->tp;

    text_add(&text, "On each node of the TP group (%d rank%s):\n", nodes, nodes == 1 ? "" : "s");
    text_add(&text, "  copy      rsync -a %s/ NODE:%s/\n", folder, folder);
    text_add(&text, "  point     %s=%s (%s)\n", engine_environment(&q->engine), folder,
        flat ? "the folder itself" : "the folder above configs/");
    text_add(&text, "  docker    run with -v %s:/moebench:ro -e %s=/moebench\n", folder,
        engine_environment(&q->engine));
    text_add(&text,
        "            (docker cp %s/%s NAME:SITE-PACKAGES/%s is lost with its container;\n"
        "            --container NAME does it)\n",
        folder, flat ? "." : "configs", engine_package_folder(&q->engine));
    text_add(&text, "  restart   the server: files are read once\n");
    add_log_lines(&text, q, result);
    text_add(&text, "            (with -v: /moebench in place of %s)\n", path);
    free(folder);
    free(path);
    return text_take(&text);
}
