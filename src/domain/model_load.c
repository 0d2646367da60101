/* SPDX-License-Identifier: MIT */
#include "domain/model.h"

#include "base/path.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUANT_SUFFIX ".hf_quant_config.json"

/* "X.config.json" and "X.json" have "X.hf_quant_config.json" beside, "config.json" has
 * "hf_quant_config.json". free() the result. */
static char *quant_path(const char *path)
{
    static const char *const endings[] = {".config.json", ".json"};
    char *folder, *quant;

    if (!strcmp(path_basename(path), "config.json")) {
        folder = path_dirname(path);
        quant = path_join(folder, &QUANT_SUFFIX[1]);
        free(folder);
        return quant;
    }
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        if (text_ends_with(path, endings[i]))
            return xasprintf("%.*s" QUANT_SUFFIX, (int)(strlen(path) - strlen(endings[i])), path);
    }
    return xasprintf("%s" QUANT_SUFFIX, path);
}

static bool read_files(const char *path, const char *dtype, struct model *model, struct error *err)
{
    char *beside = quant_path(path);
    struct json *config = json_parse_file(path, err), *quant = NULL;
    bool done = false;

    if (config && path_exists(beside) && !(quant = json_parse_file(beside, err)))
        goto out;
    done = config && model_from_json(config, quant, dtype, model, err);
    if (config && !done && err && err->kind != ERROR_USAGE)
        error_prefix(err, "%s", path);
out:
    json_free(quant);
    json_free(config);
    free(beside);
    return done;
}

/* The file of a name from data/models, letter case aside; NULL when there is none. */
static char *data_path(const char *name)
{
    char *folder = path_data_folder(), *file = xasprintf("models/%s.json", name);
    char *path = path_join(folder, file);
    size_t start = strlen(path) - strlen(file);

    for (char *c = path + start; *c; c++)
        *c = text_lower(*c);
    if (strchr(name, '/') || text_ends_with(path, QUANT_SUFFIX) || !path_exists(path)) {
        free(path);
        path = NULL;
    }
    free(file);
    free(folder);
    return path;
}

/* The revision that refs/main names, "" when it names none. */
static void main_revision(const char *repository, char revision[64])
{
    char *path = path_join(repository, "refs/main");
    size_t length = 0;
    char *text = path_read(path, 4096, &length, NULL);

    snprintf(revision, 64, "%.*s", text ? (int)strcspn(text, " \r\n") : 0, text ? text : "");
    free(text);
    free(path);
}

struct newest {
    char *path;
};

static bool visit_snapshot(const char *path, void *arg)
{
    struct newest *newest = arg;

    if (strcmp(path_basename(path), "config.json"))
        return true;
    free(newest->path);
    newest->path = xstrdup(path);
    return true;
}

/* config.json of ORG/NAME in the cache: of refs/main, else of the last snapshot that has one. */
static char *cache_path(const char *id)
{
    char *hub = path_hub_folder(), *repository = NULL, *path = NULL, revision[64];
    struct text name = {0};

    text_add(&name, "models--");
    for (const char *c = id; *c; c++)
        text_add(&name, "%.*s", *c == '/' ? 2 : 1, *c == '/' ? "--" : c);
    if (!hub)
        goto out;
    repository = path_join(hub, name.data);
    if (!path_is_folder(repository))
        goto out;
    main_revision(repository, revision);
    path = xasprintf("%s/snapshots/%s/config.json", repository, revision);
    if (!*revision || !path_exists(path)) {
        char *snapshots = path_join(repository, "snapshots");
        struct newest newest = {0};

        path_walk(snapshots, visit_snapshot, &newest, NULL);
        free(path);
        path = newest.path;
        free(snapshots);
    }
out:
    text_free(&name);
    free(repository);
    free(hub);
    return path;
}

static bool add_name(const char *path, void *arg)
{
    struct text *names = arg;
    const char *name = path_basename(path);

    if (text_ends_with(name, ".json") && !text_ends_with(name, QUANT_SUFFIX))
        text_add(names, "%s%.*s", names->length ? ", " : "", (int)strlen(name) - 5, name);
    return true;
}

static bool not_found(const char *where, struct error *err)
{
    char *data = path_data_folder(), *folder = path_join(data, "models");
    struct text names = {0};

    if (path_is_folder(folder))
        path_walk(folder, add_name, &names, NULL);
    error_set(err, ERROR_FAILED,
        "%s: no such file, no known name and not in the Hugging Face cache; give a config.json, "
        "its folder, a model id downloaded before, or one of: %s",
        where, names.data ? names.data : "(no data folder)");
    text_free(&names);
    free(folder);
    free(data);
    return false;
}

/* What to call the model: its id in the cache; the file's name without its endings, else its
 * folder's. */
static void set_name(const char *id, const char *path, struct model *model)
{
    const char *base = id ? id : path_basename(path);
    char *folder = NULL;
    int length = (int)strlen(base);

    if (!id && !strcmp(base, "config.json")) {
        char *parent = path_dirname(path);

        folder = realpath(parent, NULL);
        base = folder ? path_basename(folder) : base;
        length = (int)strlen(base);
        free(parent);
    } else if (!id && text_ends_with(base, ".config.json")) {
        length -= 12;
    } else if (!id && text_ends_with(base, ".json")) {
        length -= 5;
    }
    snprintf(model->name, sizeof model->name, "%.*s", length, base);
    free(folder);
}

bool model_load_as(const char *where, const char *dtype, struct model *model, struct error *err)
{
    char *path = NULL;
    const char *id = NULL;
    bool done;

    if (path_is_folder(where))
        path = path_join(where, "config.json");
    else if (path_exists(where))
        path = xstrdup(where);
    else if (!(path = data_path(where)))
        path = cache_path(id = where);
    if (!path)
        return not_found(where, err);
    done = read_files(path, dtype, model, err);
    if (done)
        set_name(id, path, model);
    free(path);
    return done;
}

bool model_load(const char *where, struct model *model, struct error *err)
{
    return model_load_as(where, NULL, model, err);
}
