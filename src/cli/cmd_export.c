/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"
#include "cli/container.h"
#include "cli/database.h"

#include "base/text.h"
#include "tuner/export.h"

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
    {0},
};

static bool name_triton(const struct arguments *args, struct export_set *set, struct error *err)
{
    const char *triton = arguments_text(args, "triton", NULL);

    if (triton)
        snprintf(set->triton, sizeof set->triton, "%s", triton);
    return !triton || engine_triton_valid(triton, err);
}

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
        fputs(note, stdout);
    free(note);
    return done;
}

static bool write_set(
    const struct arguments *args, const struct export_set *set, const char *out, struct error *err)
{
    struct export_result result;
    char *text, *summary;

    if (set->recorded && !arguments_flag(args, "allow-recorded"))
        return error_set(err, ERROR_FAILED,
            "tune %lld: its figures are a recording's, of another machine; --allow-recorded "
            "exports them all the same",
            set->tune);
    if (!export_write(set, out, arguments_flag(args, "force"), &result, err)) {
        export_result_free(&result);
        return false;
    }
    for (int g = 0; g < GEMM_COUNT; g++) {
        if (result.paths[g])
            printf("wrote %s (%d entries)\n", result.paths[g], result.entries);
    }
    text = export_instructions(set, out, &result);
    summary = export_summary(&result);
    printf("%s\n%s%s", summary, result.notes.data ? result.notes.data : "", text);
    free(summary);
    free(text);
    export_result_free(&result);
    return copy_into_container(args, set, out, err);
}

static int export_run(const struct arguments *args, struct error *err)
{
    const char *out = arguments_text(args, "out", NULL);
    struct export_set *set = xcalloc(1, sizeof *set);
    struct question *question = xcalloc(1, sizeof *question);
    struct store_tune tune = {0};
    struct store *store = NULL;

    if (!out)
        error_set(err, ERROR_USAGE, "export: --out DIR is needed");
    else if ((store = database_open(args, STORE_READ, err)) &&
             database_tune(store, arguments_operand(args, 0), &tune, err) &&
             question_from_json(tune.question, question, NULL, err) &&
             export_set_stored(set, store, &tune, question, err) && name_triton(args, set, err))
        write_set(args, set, out, err);
    store_tune_free(&tune);
    store_close(store);
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
