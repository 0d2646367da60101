/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"
#include "cli/container.h"
#include "cli/database.h"

#include "base/text.h"
#include "tuner/choices.h"
#include "tuner/export.h"
#include "tuner/result.h"

#include <math.h>
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

static struct export_entry *entry_of(struct export_set *set, int m)
{
    for (int i = 0; i < set->count; i++) {
        if (set->entries[i].m == m)
            return &set->entries[i];
    }
    if (set->count == TUNE_BATCH_SIZES)
        return NULL;
    set->entries[set->count].m = m;
    return &set->entries[set->count++];
}

static int compare_entries(const void *a, const void *b)
{
    const struct export_entry *x = a, *y = b;

    return (x->m > y->m) - (x->m < y->m);
}

/* Where nothing is settled: what a tune that was stopped would have chosen then. */
static void fill_so_far(const struct store_tune *tune, const struct store_choice stored[],
    size_t stored_count, struct export_set *set)
{
    enum { MOST = GEMM_COUNT * TUNE_BATCH_SIZES };
    struct choice *choices = xcalloc(MOST, sizeof *choices);
    size_t count = result_so_far(tune->result, choices, MOST);

    for (size_t i = 0; i < count; i++) {
        const struct choice *c = &choices[i];
        struct export_entry *entry =
            choices_find(stored, stored_count, c->gemm, c->m) ? NULL : entry_of(set, c->m);
        if (entry)
            entry->gemm[c->gemm] = *c;
    }
    free(choices);
}

static struct choice choice_of(const struct store_choice *stored)
{
    struct choice choice = {
        .m = stored->m,
        .gemm = stored->gemm,
        .chosen = true,
        .settled = true,
        .tile = stored->tile,
        .median_us = stored->median_us,
        .low_us = stored->low_us,
        .high_us = stored->high_us,
        .default_us = stored->default_us,
        .gain = NAN,
        .incumbent_us = stored->incumbent_us,
        .verified = stored->verified,
        .source = stored->source,
    };

    snprintf(choice.reason, sizeof choice.reason, "%.199s", stored->reason);
    return choice;
}

/* The choices of the kernels timed last; an M that was dropped by hand has none. */
static bool fill_entries(
    struct store *store, const struct store_tune *tune, struct export_set *set, struct error *err)
{
    struct store_choice *choices = NULL;
    size_t count = 0;

    if (!store_list_choices(store, tune->id, &choices, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct store_choice *c = &choices[i];
        struct export_entry *entry =
            c->dropped || c->build != tune->build ? NULL : entry_of(set, c->m);
        if (entry)
            entry->gemm[c->gemm] = choice_of(c);
    }
    fill_so_far(tune, choices, count, set);
    free(choices);
    qsort(set->entries, (size_t)set->count, sizeof set->entries[0], compare_entries);
    return true;
}

static bool fill_set(struct store *store, const struct store_tune *tune, struct question *question,
    const char *triton, struct export_set *set, struct error *err)
{
    struct store_build build = {0};

    if (triton && !engine_triton_valid(triton, err))
        return false;
    if (!question_from_json(tune->question, question, NULL, err) ||
        (tune->build > 0 && !store_get_build(store, tune->build, &build, err)))
        return false;
    set->question = question;
    set->tune = tune->id;
    set->recorded = strcmp(tune->backend, "replay") == 0;
    snprintf(set->triton, sizeof set->triton, "%s", triton ? triton : build.triton);
    if (tune->incumbent > 0) {
        struct store_incumbent incumbent = {0};
        if (!store_get_incumbent(store, tune->incumbent, &incumbent, err))
            return false;
        snprintf(set->incumbent, sizeof set->incumbent, "%s", incumbent.path);
        snprintf(set->incumbent_hash, sizeof set->incumbent_hash, "%s", incumbent.hash);
        store_incumbent_free(&incumbent);
    }
    return fill_entries(store, tune, set, err);
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
             fill_set(store, &tune, question, arguments_text(args, "triton", NULL), set, err))
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
