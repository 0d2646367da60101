/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"
#include "cli/container.h"
#include "cli/database.h"
#include "cli/export_print.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option_spec export_options[] = {
    {"out", "DIR", "what SGLANG_MOE_CONFIG_DIR will be"},
    DATABASE_OPTION,
    {"triton", "VERSION", "the server's Triton, which names the folder (the one timed with)"},
    {"container", "NAME", "the running container that serves: gets the files too (docker cp)"},
    {"python", "CMD", "the Python in it that has the engine (python3)"},
    {"allow-recorded", NULL, "export though the figures are a recording's"},
    {"force", NULL, "export over files of another layer"},
    {"json", NULL, "print JSON"},
    {0},
};

static bool copy_into_container(
    const struct arguments *args, const struct export_set *set, const char *out, struct error *err)
{
    struct compiler_options options = {
        .container = arguments_text(args, "container", NULL),
        .python = arguments_text(args, "python", NULL),
        .arch = set->question->device.arch,
    };
    char folder[512], *note = NULL;
    bool done = !options.container || (container_config_dir(&options, folder, sizeof folder, err) &&
                                          container_copy(options.container, &set->question->engine,
                                              out, folder, &note, err));

    if (note)
        fputs(note, arguments_flag(args, "json") ? stderr : stdout);
    free(note);
    return done;
}

static void print_json(const struct export_set *set, const struct export_result *written)
{
    struct json *json = json_new_object();

    json_add_int(json, "tune", set->tune);
    json_add_bool(json, "recorded", set->recorded);
    export_add_json(json, written);
    json_add_lines(json_add_array(json, "notes"), written->notes.data);
    command_print_json(json);
}

static bool write_set(
    const struct arguments *args, const struct export_set *set, const char *out, struct error *err)
{
    struct export_result result;
    bool done;

    if (set->recorded && !arguments_flag(args, "allow-recorded"))
        return error_set(err, ERROR_FAILED,
            "tune %lld: its figures are a recording's, of another machine; --allow-recorded "
            "exports them all the same",
            set->tune);
    done = export_write(set, out, arguments_flag(args, "force"), &result, err);
    if (done && arguments_flag(args, "json"))
        print_json(set, &result);
    else if (done)
        export_print(set, out, &result);
    export_result_free(&result);
    return done && copy_into_container(args, set, out, err);
}

static bool make_set(const struct arguments *args, struct question *question,
    struct export_set *set, struct error *err)
{
    const char *triton = arguments_text(args, "triton", NULL);
    struct store_tune tune = {0};
    struct store *store = database_open(args, STORE_READ, err);
    bool done = store && database_tune(store, arguments_operand(args, 0), &tune, err) &&
                question_from_json(tune.question, question, NULL, err) &&
                export_set_stored(set, store, &tune, question, err);

    if (triton)
        snprintf(set->triton, sizeof set->triton, "%s", triton);
    store_tune_free(&tune);
    store_close(store);
    return done;
}

static int export_run(const struct arguments *args, struct error *err)
{
    const char *out = arguments_text(args, "out", NULL);
    const char *triton = arguments_text(args, "triton", NULL);
    struct export_set *set = xcalloc(1, sizeof *set);
    struct question *question = xcalloc(1, sizeof *question);

    if (!out)
        error_set(err, ERROR_USAGE, "export: --out DIR is needed");
    else if ((!triton || engine_triton_valid(triton, err)) && make_set(args, question, set, err))
        write_set(args, set, out, err);
    question_free(question);
    free(question);
    free(set);
    return 0;
}

const struct command cmd_export = {
    .name = "export",
    .operands = "[TUNE]",
    .operands_least = 0,
    .operands_most = 1,
    .summary = "a tune's choices as the engine's files",
    .options = export_options,
    .run = export_run,
};
