/* SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "cli/commands.h"
#include "cli/database.h"
#include "cli/edit_print.h"
#include "domain/smem.h"
#include "tuner/choices.h"
#include "tuner/question.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option_spec edit_options[] = {
    {"m", "LIST", "batch sizes to change: 64 or 64,96"},
    {"gemm", "WHICH", "up, down or pair (pair)"},
    {"tile", "T", "the tile by hand, or UP/DOWN tiles"},
    {"default", NULL, "the engine's own default"},
    {"drop", NULL, "no entry for these M"},
    {"undo", NULL, "what stood there before the latest change; again: before that"},
    {"pin-above", "M", "the engine's default for every usual batch size above M without entry"},
    {"reason", "TEXT", "kept with the change"},
    {"history", NULL, "every change, who made it, when and why"},
    DATABASE_OPTION,
    {"json", NULL, "print JSON"},
    {0},
};

/* An edit on its way. */
struct edit {
    struct store *store;
    struct store_tune tune;
    struct engine engine;
    struct device device;
    bool gemms[GEMM_COUNT];
    bool change; /* not only looked at */
    long above;  /* of --pin-above, -1 without */
    const char *reason;
    struct store_choice *current; /* owned, as the store lists them */
    size_t count;
    struct store_choice *changes; /* owned */
    size_t change_count;
};

static struct store_choice *add_change(
    struct edit *edit, enum gemm gemm, int m, enum choice_source source)
{
    struct store_choice *change;

    edit->changes = xrealloc(edit->changes, edit->change_count + 1, sizeof *edit->changes);
    change = &edit->changes[edit->change_count++];
    *change = (struct store_choice){.build = edit->tune.build, .gemm = gemm, .m = m};
    change->source = source;
    change->median_us = change->low_us = change->high_us = change->default_us = NAN;
    snprintf(change->reason, sizeof change->reason, "%.200s",
        edit->reason               ? edit->reason
        : source == CHOICE_DEFAULT ? "pinned to the engine's default"
                                   : "set by hand");
    return change;
}

static bool take_check(const struct store_check *check, void *arg)
{
    struct store_choice *change = arg;

    if (check->key.gemm == change->gemm && tile_equal(&check->key.tile, &change->tile))
        change->verified |= check->right && check->key.m == change->m;
    return true;
}

static bool take_figures(const struct store_point *point, void *arg)
{
    struct store_choice *change = arg;

    change->median_us = point->median_us;
    change->low_us = point->low_us;
    change->high_us = point->high_us;
    return true;
}

/* What the tune has found about the tile at this M already. */
static bool add_evidence(struct edit *edit, struct store_choice *change, struct error *err)
{
    struct store_filter filter = {.tune = edit->tune.id,
        .build = edit->tune.build,
        .gemm = change->gemm,
        .m = change->m,
        .tile = &change->tile};
    const struct store_choice *before =
        choices_find(edit->current, edit->count, change->gemm, change->m);

    if (before && change->source != CHOICE_DEFAULT) /* which would pass for the race's own */
        change->default_us = before->default_us;
    return store_each_point(edit->store, &filter, take_figures, change, err) &&
           store_each_check(edit->store, edit->tune.id, edit->tune.build, take_check, change, err);
}

static bool check_fit(const struct edit *edit, const struct tile *tile, struct error *err)
{
    struct smem smem = smem_estimate(&edit->engine, &edit->tune.shape, edit->device.arch, tile);
    char text[TILE_TEXT_SIZE], need[32], limit[32];

    if (edit->device.smem_limit <= 0 || smem.bytes <= edit->device.smem_limit)
        return true;
    return error_set(err, ERROR_FAILED, "%s does not fit: %s bytes of shared memory of %s on %s",
        tile_format(tile, text, sizeof text), text_grouped(smem.bytes, need, sizeof need),
        text_grouped(edit->device.smem_limit, limit, sizeof limit), edit->device.name);
}

static bool set_tiles(struct edit *edit, const char *text, int m, struct error *err)
{
    struct tile tiles[GEMM_COUNT];

    if (!arguments_tiles(text, tiles, err))
        return false;
    for (enum gemm gemm = GEMM_UP; gemm < GEMM_COUNT; gemm++) {
        struct tile *tile = &tiles[gemm];
        struct store_choice *change;
        if (!edit->gemms[gemm])
            continue;
        if (!check_fit(edit, tile, err) ||
            !engine_effective_tile(&edit->engine, &edit->tune.shape, tile, tile, err))
            return false;
        change = add_change(edit, gemm, m, CHOICE_HAND);
        change->tile = *tile;
        if (!add_evidence(edit, change, err))
            return false;
    }
    return true;
}

static bool set_default(struct edit *edit, int m, struct error *err)
{
    for (enum gemm gemm = GEMM_UP; gemm < GEMM_COUNT; gemm++) {
        struct store_choice *change;
        if (!edit->gemms[gemm])
            continue;
        change = add_change(edit, gemm, m, CHOICE_DEFAULT);
        engine_default_tile(&edit->engine, &edit->tune.shape, &edit->device, m, &change->tile);
        if (!check_fit(edit, &change->tile, err) || !add_evidence(edit, change, err))
            return false;
    }
    return true;
}

static void drop_entry(struct store_choice *change, const char *reason)
{
    change->dropped = true;
    snprintf(change->reason, sizeof change->reason, "%.200s", reason ? reason : "dropped by hand");
}

static void drop(struct edit *edit, int m)
{
    for (enum gemm gemm = GEMM_UP; gemm < GEMM_COUNT; gemm++)
        if (edit->gemms[gemm])
            drop_entry(add_change(edit, gemm, m, CHOICE_HAND), edit->reason);
}

/* Of one GEMM only where the line names it, else of what changed last. */
static bool undo(struct edit *edit, int m, struct error *err)
{
    bool pair = edit->gemms[GEMM_UP] && edit->gemms[GEMM_DOWN];
    struct store_choice changes[GEMM_COUNT];
    size_t count;

    if (!choices_undo(edit->store, edit->tune.id,
            pair                   ? -1
            : edit->gemms[GEMM_UP] ? (int)GEMM_UP
                                   : (int)GEMM_DOWN,
            m, changes, &count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        *add_change(edit, changes[i].gemm, m, CHOICE_HAND) = changes[i];
    return true;
}

/* The usual batch sizes above `above` that have no entry get the engine's default. */
static bool pin(struct edit *edit, long above, struct error *err)
{
    struct question usual;
    bool done = true;

    question_defaults(&usual);
    for (int i = 0; done && i < usual.batch_size_count; i++) {
        int m = usual.batch_sizes[i];
        const struct store_choice *up = choices_find(edit->current, edit->count, GEMM_UP, m);
        if (m > above && (!up || up->dropped))
            done = set_default(edit, m, err);
    }
    question_free(&usual);
    return done && (edit->change_count > 0 ||
                       error_set(err, ERROR_FAILED,
                           "--pin-above %ld: every usual batch size above has an entry", above));
}

static bool change_m(const struct arguments *args, struct edit *edit, int m, struct error *err)
{
    const char *tile = arguments_text(args, "tile", NULL);

    if (tile)
        return set_tiles(edit, tile, m, err);
    if (arguments_flag(args, "default"))
        return set_default(edit, m, err);
    if (arguments_flag(args, "undo"))
        return undo(edit, m, err);
    drop(edit, m);
    return true;
}

static bool make_changes(const struct arguments *args, struct edit *edit, struct error *err)
{
    struct question list = {0};
    bool done;

    if (edit->above >= 0)
        return pin(edit, edit->above, err);
    done = question_set_batch_sizes(&list, arguments_text(args, "m", ""), err);
    for (int i = 0; done && i < list.batch_size_count; i++)
        done = change_m(args, edit, list.batch_sizes[i], err);
    return done;
}

static bool load(const struct arguments *args, struct edit *edit, struct error *err)
{
    struct store_device device;

    if (!database_tune(edit->store, arguments_operand(args, 0), &edit->tune, err) ||
        !engine_parse(edit->tune.engine, &edit->engine, err) ||
        !store_get_device(edit->store, edit->tune.device, &device, err))
        return false;
    edit->device = device.device;
    return store_list_choices(edit->store, edit->tune.id, &edit->current, &edit->count, err);
}

static void add_key(int keys[], int *count, int m)
{
    for (int i = 0; i < *count; i++)
        if (keys[i] == m)
            return;
    keys[(*count)++] = m;
}

/* A screen and an export hold so many M that the tune itself does not have. */
static bool check_beside(const struct edit *edit, struct error *err)
{
    int *keys = xcalloc(edit->count + edit->change_count + 1, sizeof *keys), count = 0;
    struct question question = {0};
    bool done = question_from_json(edit->tune.question, &question, NULL, err);

    for (size_t i = 0; done && i < edit->count + edit->change_count; i++) {
        const struct store_choice *choice =
            i < edit->count ? &edit->current[i] : &edit->changes[i - edit->count];
        if (!choice->dropped && question_m_index(&question, choice->m) < 0)
            add_key(keys, &count, choice->m);
    }
    free(keys);
    question_free(&question);
    return done &&
           (count <= TUNE_BESIDE ||
               error_set(err, ERROR_USAGE,
                   "%d entries at M that tune %lld does not have; %d are possible: drop some, or "
                   "tune them: --batch-sizes",
                   count, edit->tune.id, TUNE_BESIDE));
}

/* Writes the changes in one transaction and reads back what stands now. */
static bool write_changes(struct edit *edit, struct error *err)
{
    if (!check_beside(edit, err) ||
        !choices_agree(edit->current, edit->count, edit->changes, edit->change_count, err) ||
        !store_add_choices(edit->store, edit->tune.id, edit->changes, edit->change_count, err))
        return false;
    free(edit->current);
    edit->current = NULL;
    edit->count = 0;
    return store_list_choices(edit->store, edit->tune.id, &edit->current, &edit->count, err);
}

/* Export leaves out what was never seen right on the card. */
static bool is_unverified(const struct store_choice *change)
{
    return !change->verified && !change->dropped && change->source != CHOICE_DEFAULT;
}

/* Which of the changes are so, and what can be done about it; nothing where none is. */
static void print_those(const struct edit *edit, bool (*so)(const struct store_choice *),
    const char *what, const char *advice)
{
    bool told = false;

    for (size_t i = 0; i < edit->change_count; i++) {
        const struct store_choice *change = &edit->changes[i];
        if (!so(change))
            continue;
        printf("%sM=%d %s", told ? ", " : what, change->m, gemm_name(change->gemm));
        told = true;
    }
    if (told)
        puts(advice);
}

static void show(const struct edit *edit)
{
    edit_print_entries(edit->current, edit->count, NULL);
    print_those(edit, choices_is_none, "\nno choice stood before: ",
        "\nof a batch size of the tune the race makes its own as `moebench tune` goes on");
    print_those(edit, is_unverified, "\nnot verified, so not exported yet: ",
        "\n`moebench ab MODEL --m M --a default --b TILE --accept` checks and times it");
}

static bool show_history(const struct edit *edit, struct json *array, struct error *err)
{
    struct store_choice *history;
    size_t count;

    if (!store_list_history(edit->store, edit->tune.id, -1, 0, &history, &count, err))
        return false;
    edit_print_changes(history, count, array);
    free(history);
    return true;
}

static void show_json(const struct edit *edit, bool history, struct error *err)
{
    struct json *json = json_new_object();

    json_add_int(json, "tune", edit->tune.id);
    if (!history)
        edit_print_entries(edit->current, edit->count, json_add_array(json, "entries"));
    if (!history || show_history(edit, json_add_array(json, "history"), err))
        command_print_json(json);
    else
        json_free(json);
}

/* Without a change the line only looks; what it mixes up is said before the database is opened. */
static bool read_line(const struct arguments *args, struct edit *edit, struct error *err)
{
    bool history = arguments_flag(args, "history"), m = arguments_text(args, "m", NULL) != NULL;
    int wishes = (arguments_text(args, "tile", NULL) != NULL) + arguments_flag(args, "default") +
                 arguments_flag(args, "drop") + arguments_flag(args, "undo");

    if (!arguments_int(args, "pin-above", 0, INT_MAX, -1, &edit->above, err) ||
        !arguments_gemms(args, "pair", edit->gemms, err))
        return false;
    edit->reason = arguments_text(args, "reason", NULL);
    edit->change = m || edit->above >= 0;
    if (edit->above >= 0 && (m || wishes))
        return error_set(err, ERROR_USAGE, "edit: --pin-above stands alone");
    if (edit->above < 0 && wishes != m)
        return error_set(
            err, ERROR_USAGE, "edit: --m LIST with one of --tile, --default, --drop and --undo");
    if (history && edit->change)
        return error_set(err, ERROR_USAGE, "edit: --history only looks, at every M");
    return edit->change || !edit->reason ||
           error_set(err, ERROR_USAGE, "edit: --reason goes with a change");
}

/* One that is there: to change it makes none. */
static struct store *open_database(const struct arguments *args, bool change, struct error *err)
{
    struct store *store = database_open(args, STORE_READ, err);

    if (!store || !change)
        return store;
    store_close(store);
    return database_open(args, STORE_WRITE, err);
}

static int edit_run(const struct arguments *args, struct error *err)
{
    bool history = arguments_flag(args, "history");
    struct edit edit = {0};

    if (!read_line(args, &edit, err))
        return 0;
    edit.store = open_database(args, edit.change, err);
    if (!edit.store || !load(args, &edit, err) ||
        (edit.change && !(make_changes(args, &edit, err) && write_changes(&edit, err))))
        goto out;
    if (arguments_flag(args, "json"))
        show_json(&edit, history, err);
    else if (history)
        show_history(&edit, NULL, err);
    else
        show(&edit);
out:
    free(edit.current);
    free(edit.changes);
    store_tune_free(&edit.tune);
    store_close(edit.store);
    return 0;
}

const struct command cmd_edit = {
    .name = "edit",
    .operands = "[TUNE]",
    .operands_most = 1,
    .summary = "a tune's entries by hand: set, drop, pin to the default, undo",
    .details =
        "TUNE is a number from `moebench list`; without it, the tune touched last. Without a\n"
        "change the entries are shown with the M that each serves: engines take the nearest key,\n"
        "so the largest entry serves every M above; --pin-above keeps those on the default.\n",
    .options = edit_options,
    .run = edit_run,
};
