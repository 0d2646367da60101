/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/database.h"

#include <stdio.h>
#include <stdlib.h>

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

static int percent_done(const struct store_tune *tune)
{
    if (tune->state == TUNE_DONE)
        return 100;
    return tune->total > 0 ? (int)(100 * tune->done / tune->total) : 0;
}

static void print_as_json(struct store *store, const struct store_tune tunes[], size_t count)
{
    struct json *object = json_new_object();
    struct json *list;
    long pid = 0;
    char name[128];

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
        json_add_string(each, "created", clock_iso(tunes[i].created, name, sizeof name));
        json_add_string(each, "touched", clock_iso(tunes[i].touched, name, sizeof name));
    }
    char *text = json_print_pretty(object);
    puts(text);
    free(text);
    json_free(object);
}

static void print_table(struct store *store, const struct store_tune tunes[], size_t count)
{
    char name[128], touched[32];
    long pid;

    if (count == 0)
        printf("%s: no tunes yet\n", store_path(store));
    else
        printf("%4s  %-26s %-24s %-20s %-7s %-10s %4s  %s\n", "tune", "model", "device", "engine",
            "backend", "state", "done", "last touched");
    for (size_t i = 0; i < count; i++) {
        const struct store_tune *tune = &tunes[i];
        device_name(store, tune->device, name, sizeof name);
        printf("%4lld  %-26s %-24s %-20s %-7s %-10s %3d%%  %s\n", tune->id, tune->model, name,
            tune->engine, tune->backend, tune_state_name(tune->state), percent_done(tune),
            clock_iso(tune->touched, touched, sizeof touched));
    }
    if (store_is_held(store, &pid))
        printf("process %ld works on this database now\n", pid);
}

static int list_run(const struct arguments *args, struct error *err)
{
    struct store *store = database_open(args, STORE_READ, err);
    struct store_tune *tunes;
    size_t count;

    if (!store)
        return 0;
    if (store_list_tunes(store, &tunes, &count, err)) {
        if (arguments_flag(args, "json"))
            print_as_json(store, tunes, count);
        else
            print_table(store, tunes, count);
        for (size_t i = 0; i < count; i++)
            store_tune_free(&tunes[i]);
        free(tunes);
    }
    store_close(store);
    return 0;
}

const struct command cmd_list = {
    .name = "list",
    .operands = "",
    .summary = "the tunes in the database",
    .options = list_options,
    .run = list_run,
};
