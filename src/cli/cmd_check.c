/* SPDX-License-Identifier: MIT */
#include "cli/check_files.h"
#include "cli/check_model.h"
#include "cli/check_print.h"
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

static const struct option_spec check_options[] = {
    {"engine", "NAME[:VERSION]", "sglang or vllm (by the file's name, folder and keys)"},
    {"device", "NAME", "the GPU (by the file's name, else GB10)"},
    {"triton", "VERSION", "the server's Triton (by the folder, else what the engine pins)"},
    {"model", "MODEL", "the name must be the one that is asked for this model"},
    CHECK_MODEL_OPTIONS,
    {"json", NULL, "print JSON"},
    {0},
};

/* More files than this: one line each, and only for those with faults. */
enum { MANY_FILES = 8 };

static void add_place_json(struct json *array, const struct checked_file *item)
{
    struct json *object = json_add_object(array, NULL);
    json_add_string(object, "name", item->place.name);
    json_add_string(object, "path", item->path);
    json_add_bool(object, "fallback", item->place.fallback);
    json_add_string(object, "reason", item->place.why);
}

static void print_json(
    const struct checked_set *set, const struct engine *engine, const char *triton)
{
    struct json *root = json_new_object();
    struct json *files = json_add_array(root, "files");
    for (size_t i = 0; i < set->count; i++)
        checked_file_add_json(files, &set->items[i]);
    if (set->folder) {
        struct json *folder = json_add_object(root, "folder");
        json_add_string(folder, "engine", engine_name(engine));
        json_add_string(folder, "engine_version", engine_rules_version(engine));
        json_add_string(folder, "triton", triton);
        json_add_string(folder, "environment", engine_environment(engine));
        struct json *in_force = json_add_array(folder, "in_force");
        struct json *dead = json_add_array(folder, "dead");
        for (size_t i = 0; i < set->count; i++)
            add_place_json(set->items[i].place.in_force ? in_force : dead, &set->items[i]);
    }
    command_print_json(root);
}

static void print_folder(
    const struct checked_set *set, const struct engine *engine, const char *triton)
{
    size_t in_force = 0, fallback = 0;
    printf("\nfor %s %s%s%s:\n", engine_name(engine), engine_rules_version(engine),
        engine->kind == ENGINE_SGLANG ? " on Triton " : "",
        engine->kind == ENGINE_SGLANG ? triton : "");
    for (size_t i = 0; i < set->count; i++) {
        const struct checked_file *item = &set->items[i];
        in_force += item->place.in_force;
        fallback += item->place.fallback;
        if (set->count <= MANY_FILES)
            printf("  %-8s %s\n           %s\n", item->place.in_force ? "in force" : "dead",
                item->path, item->place.why);
    }
    if (set->count > MANY_FILES)
        printf("  %zu in force, %zu of them by fallback from another Triton; %zu dead (--json "
               "names them)\n",
            in_force, fallback, set->count - in_force);
}

static size_t count_verdict(const struct checked_set *set, const char *verdict)
{
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++)
        count += strcmp(config_faults_verdict(&set->items[i].faults), verdict) == 0;
    return count;
}

static void print_text(
    const struct checked_set *set, const struct engine *engine, const char *triton)
{
    for (size_t i = 0; i < set->count; i++)
        checked_file_print(&set->items[i], set->count > MANY_FILES);
    if (set->folder)
        print_folder(set, engine, triton);
    printf("%zu file%s: %zu ok, %zu warn, %zu error\n", set->count, set->count == 1 ? "" : "s",
        count_verdict(set, "ok"), count_verdict(set, "warn"), count_verdict(set, "error"));
}

static int check_run(const struct arguments *args, struct error *err)
{
    struct checked_set set = {0};
    const struct check_wishes wishes = {
        .engine = arguments_text(args, "engine", NULL),
        .device = arguments_text(args, "device", NULL),
        .triton = arguments_text(args, "triton", NULL),
    };
    struct engine engine;
    char triton[64];
    int code = 0;
    for (size_t i = 0; i < args->operand_count; i++) {
        if (!checked_set_add(&set, args->operands[i], err))
            goto out;
    }
    if (!checked_set_resolve(&set, &wishes, err))
        goto out;
    checked_set_check(&set);
    if (arguments_text(args, "model", NULL) != NULL && !check_model_names(args, &set, err))
        goto out;
    checked_set_judge(&set, &wishes, &engine, triton, sizeof triton);
    if (arguments_flag(args, "json"))
        print_json(&set, &engine, triton);
    else
        print_text(&set, &engine, triton);
    code = count_verdict(&set, "error") > 0 ? ERROR_FAILED : 0;
out:
    if (err->kind != ERROR_NONE)
        error_prefix(err, "check");
    checked_set_free(&set);
    return code;
}

const struct command cmd_check = {
    .name = "check",
    .operands = "PATH..",
    .operands_least = 1,
    .operands_most = COMMAND_ANY,
    .summary = "every fault of config files: found, loaded, fitting, right?",
    .details =
        "Checks files, or all config files below folders: the name, what the engine's loader\n"
        "makes of the text, every entry's shared memory and quantisation block, and up and\n"
        "down as a pair at every M. Of a folder it also says which files are in force;\n"
        "with --model whether the engine asks for the name (without --engine: whether one does).\n"
        "Exits with 1 when there is an error.\n",
    .options = check_options,
    .run = check_run,
};
