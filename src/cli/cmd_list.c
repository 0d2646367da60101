/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/database.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option_spec list_options[] = {
    DATABASE_OPTION,
    {"json", NULL, "print JSON"},
    {0},
};

static void device_name(struct store *store, long long id, char *name, size_t size)
{
    struct store_device device;
    bool known = id && store_get_device(store, id, &device, NULL);

    snprintf(name, size, "%s", known ? device.device.name : "?");
}

/* Of the imports of a layer; they come newest first. */
static bool is_newest(const struct store_incumbent imports[], size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (strcmp(imports[i].layer, imports[at].layer) == 0)
            return false;
    }
    return true;
}

static void add_imports_json(
    struct json *object, const struct store_incumbent imports[], size_t count)
{
    struct json *list = json_add_array(object, "imports");
    char when[32];

    for (size_t i = 0; i < count; i++) {
        const struct store_incumbent *import = &imports[i];
        struct json *each = json_add_object(list, NULL);
        json_add_int(each, "import", import->id);
        json_add_string(each, "model", import->model);
        json_add_string(each, "device", import->device);
        json_add_string(each, "engine", import->engine);
        json_add_string(each, "path", import->path);
        json_add_string(each, "down_path", import->down_path);
        json_add_string(each, "sha256", import->hash);
        json_add_string(each, "imported", clock_iso(import->time, when, sizeof when));
        json_add_bool(each, "counts", is_newest(imports, i));
    }
}

static void print_imports(const struct store_incumbent imports[], size_t count)
{
    char when[32];

    if (count > 0)
        printf("\n%6s  %-26s %-24s %-20s %-20s %s\n", "import", "model", "device", "engine", "when",
            "file to beat");
    for (size_t i = 0; i < count; i++)
        printf("%6lld  %-26s %-24s %-20s %-20s %s%s\n", imports[i].id, imports[i].model,
            imports[i].device, imports[i].engine, clock_iso(imports[i].time, when, sizeof when),
            imports[i].path, is_newest(imports, i) ? "" : " (replaced)");
}

/* What the database holds; free with free_listed. */
struct listed {
    struct store_tune *tunes;
    struct store_incumbent *imports;
    size_t tune_count, import_count;
};

static void free_listed(struct listed *listed)
{
    for (size_t i = 0; i < listed->tune_count; i++)
        store_tune_free(&listed->tunes[i]);
    for (size_t i = 0; i < listed->import_count; i++)
        store_incumbent_free(&listed->imports[i]);
    free(listed->tunes);
    free(listed->imports);
}

static void print_as_json(struct store *store, const struct listed *listed)
{
    const struct store_tune *tunes = listed->tunes;
    size_t count = listed->tune_count;
    struct json *object = json_new_object();
    struct json *list;
    long pid = 0;
    char name[128], about[128];

    json_add_string(object, "db", store_path(store));
    if (store_is_held(store, &pid))
        json_add_int(object, "writer_pid", pid);
    else
        json_add_null(object, "writer_pid");
    list = json_add_array(object, "tunes");
    for (size_t i = 0; i < count; i++) {
        struct json *each = json_add_object(list, NULL);
        device_name(store, tunes[i].device, name, sizeof name);
        json_add_int(each, "tune", tunes[i].id);
        json_add_string(each, "model", tunes[i].model);
        json_add_string(each, "device", name);
        json_add_string(each, "engine", tunes[i].engine);
        json_add_string(each, "backend", tunes[i].backend);
        json_add_string(each, "state", tune_state_name(tunes[i].state));
        json_add_int(each, "done", tunes[i].done);
        json_add_int(each, "total", tunes[i].total);
        database_about(&tunes[i], about, sizeof about);
        json_add_string(each, "about", about);
        json_add_string(each, "created", clock_iso(tunes[i].created, name, sizeof name));
        json_add_string(each, "touched", clock_iso(tunes[i].touched, name, sizeof name));
    }
    add_imports_json(object, listed->imports, listed->import_count);
    command_print_json(object);
}

static void print_table(struct store *store, const struct listed *listed)
{
    const struct store_tune *tunes = listed->tunes;
    size_t count = listed->tune_count;
    char name[128], touched[32], about[128];
    long pid;

    if (count == 0)
        printf("%s: no tunes yet\n", store_path(store));
    else
        printf("%4s  %-26s %-24s %-20s %-7s %-10s %4s  %-20s  %s\n", "tune", "model", "device",
            "engine", "backend", "state", "done", "last touched", "about");
    for (size_t i = 0; i < count; i++) {
        const struct store_tune *tune = &tunes[i];
        device_name(store, tune->device, name, sizeof name);
        database_about(tune, about, sizeof about);
        printf("%4lld  %-26s %-24s %-20s %-7s %-10s %3d%%  %-20s  %s\n", tune->id, tune->model,
            name, tune->engine, tune->backend, tune_state_name(tune->state),
            store_tune_percent(tune), clock_iso(tune->touched, touched, sizeof touched), about);
    }
    print_imports(listed->imports, listed->import_count);
    if (store_is_held(store, &pid))
        printf("process %ld works on this database now\n", pid);
}

static int list_run(const struct arguments *args, struct error *err)
{
    struct store *store = database_open(args, STORE_READ, err);
    struct listed listed = {0};

    if (!store)
        return 0;
    if (store_list_tunes(store, &listed.tunes, &listed.tune_count, err) &&
        store_list_imports(store, &listed.imports, &listed.import_count, err)) {
        if (arguments_flag(args, "json"))
            print_as_json(store, &listed);
        else
            print_table(store, &listed);
    }
    free_listed(&listed);
    store_close(store);
    return 0;
}

const struct command cmd_list = {
    .name = "list",
    .operands = "",
    .summary = "the tunes in the database, and the files imported as their incumbents",
    .options = list_options,
    .run = list_run,
};
