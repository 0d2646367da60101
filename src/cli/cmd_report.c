/* SPDX-License-Identifier: MIT */
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/database.h"
#include "store/recorded.h"
#include "tuner/choices.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option_spec report_options[] = {
    DATABASE_OPTION,
    {"csv", NULL, "every measured point as CSV"},
    {"json", NULL, "the tune, its choices and every measured point as JSON"},
    {"record", "FILE", "write it as a recorded set, for --backend replay:FILE"},
    {0},
};

/* What a report is made of; the choices are owned. */
struct report {
    struct store *store;
    struct store_tune tune;
    struct store_device device;
    struct store_totals totals;
    struct store_choice *choices;
    size_t choice_count;
};

static bool load_report(struct report *report, const char *operand, struct error *err)
{
    if (!database_tune(report->store, operand, &report->tune, err))
        return false;
    if (report->tune.device &&
        !store_get_device(report->store, report->tune.device, &report->device, err))
        return false;
    return store_get_totals(report->store, report->tune.id, &report->totals, err) &&
           store_list_choices(
               report->store, report->tune.id, &report->choices, &report->choice_count, err);
}

static void print_csv_number(double value)
{
    if (isfinite(value))
        printf(",%.6g", value);
    else
        putchar(',');
}

static bool print_csv_point(const struct store_point *point, void *arg)
{
    const struct tile *tile = &point->key.tile;

    (void)arg;
    printf("%s,%d,%d,%d,%d,%d,%d,%d,%d,%s,%s,%zu", gemm_name(point->key.gemm), point->key.m,
        tile->block_m, tile->block_n, tile->block_k, tile->group_m, tile->num_warps,
        tile->num_stages, tile->use_tma, point->key.hot ? "hot" : "cold",
        point_status_name(point->status), point->count);
    print_csv_number(point->median_us);
    print_csv_number(point->low_us);
    print_csv_number(point->high_us);
    putchar('\n');
    return true;
}

static bool print_csv(struct report *report, struct error *err)
{
    struct store_filter all = {.tune = report->tune.id, .gemm = -1, .hot = -1};

    puts("gemm,m,BLOCK_SIZE_M,BLOCK_SIZE_N,BLOCK_SIZE_K,GROUP_SIZE_M,num_warps,num_stages,USE_TMA,"
         "cache,status,samples,median_us,low_us,high_us");
    return store_each_point(report->store, &all, print_csv_point, NULL, err);
}

static void add_interval(struct json *object, double low, double high)
{
    struct json *interval = json_add_array(object, "ci_us");

    json_add_double(interval, NULL, low);
    json_add_double(interval, NULL, high);
}

static bool add_point(const struct store_point *point, void *arg)
{
    struct json *object = json_add_object(arg, NULL);

    json_add_string(object, "gemm", gemm_name(point->key.gemm));
    json_add_int(object, "m", point->key.m);
    tile_add_json(json_add_object(object, "tile"), &point->key.tile);
    json_add_bool(object, "hot", point->key.hot);
    json_add_string(object, "status", point_status_name(point->status));
    json_add_double(object, "median_us", point->median_us);
    add_interval(object, point->low_us, point->high_us);
    struct json *samples = json_add_array(object, "samples_us");
    for (size_t i = 0; i < point->count; i++)
        json_add_double(samples, NULL, point->samples[i]);
    return true;
}

static void add_choice(struct json *list, const struct store_choice *choice)
{
    struct json *object = json_add_object(list, NULL);

    json_add_string(object, "gemm", gemm_name(choice->gemm));
    json_add_int(object, "m", choice->m);
    tile_add_json(json_add_object(object, "tile"), &choice->tile);
    json_add_double(object, "median_us", choice->median_us);
    add_interval(object, choice->low_us, choice->high_us);
    json_add_double(object, "default_us", choice->default_us);
    json_add_double(object, "incumbent_us", choice->incumbent_us);
    json_add_bool(object, "verified", choice->verified);
    json_add_string(object, "source", choice_source_name(choice->source));
    json_add_string(object, "reason", choice->reason);
}

static bool print_as_json(struct report *report, struct error *err)
{
    const struct store_tune *tune = &report->tune;
    const struct store_totals *totals = &report->totals;
    struct store_filter all = {.tune = tune->id, .gemm = -1, .hot = -1};
    struct json *object = json_new_object();

    json_add_int(object, "tune", tune->id);
    json_add_string(object, "model", tune->model);
    json_add_string(object, "device", report->device.device.name);
    json_add_string(object, "engine", tune->engine);
    json_add_string(object, "backend", tune->backend);
    json_add_string(object, "state", tune_state_name(tune->state));
    shape_add_json(json_add_object(object, "shape"), &tune->shape);
    json_add_int(object, "done", tune->done);
    json_add_int(object, "total", tune->total);
    json_add_int(object, "samples", totals->samples);
    json_add_int(object, "launches", totals->launches);
    json_add_double(object, "gpu_s", totals->gpu_s);
    struct json *choices = json_add_array(object, "choices");
    for (size_t i = 0; i < report->choice_count; i++)
        if (!report->choices[i].dropped)
            add_choice(choices, &report->choices[i]);
    bool done =
        store_each_point(report->store, &all, add_point, json_add_array(object, "points"), err);
    if (done)
        command_print_json_line(object);
    else
        json_free(object);
    return done;
}

static void print_choice(const struct store_choice *choice)
{
    char tile[TILE_TEXT_SIZE];

    if (choice->dropped) {
        printf("%6d  %-4s %s: %s\n", choice->m, gemm_name(choice->gemm), choices_text(choice, tile),
            choice->reason);
        return;
    }
    printf("%6d  %-4s %-30s", choice->m, gemm_name(choice->gemm),
        tile_format(&choice->tile, tile, sizeof tile));
    if (isfinite(choice->median_us))
        printf(" %9.1f", choice->median_us);
    else
        printf(" %9s", "n/a");
    if (isfinite(choice->default_us) && choice->median_us > 0)
        printf(" %6.2fx", choice->default_us / choice->median_us);
    else
        printf(" %7s", "n/a");
    if (isfinite(choice->incumbent_us) && choice->median_us > 0)
        printf(" %8.2fx", choice->incumbent_us / choice->median_us);
    else
        printf(" %9s", "-");
    printf("  %-9s %s\n", choice_source_name(choice->source), choice->verified ? "yes" : "no");
}

static void print_table(const struct report *report)
{
    const struct store_tune *tune = &report->tune;
    char samples[32], launches[32];

    printf("tune %lld: %s, %s, %s%s, %s, %lld of %lld points\n", tune->id, tune->model,
        tune->engine, report->device.device.name,
        strcmp(tune->backend, "replay") == 0 ? " (recorded)" : "", tune_state_name(tune->state),
        tune->done, tune->total);
    printf("%s samples in %s launches, %.1f s of GPU time\n",
        text_grouped(report->totals.samples, samples, sizeof samples),
        text_grouped(report->totals.launches, launches, sizeof launches), report->totals.gpu_s);
    if (report->choice_count == 0) {
        puts("nothing is settled yet; `moebench export` writes what stands as of now");
        return;
    }
    printf("\n%6s  %-4s %-30s %9s %7s %9s  %-9s %s\n", "M", "gemm", "tile", "us", "default",
        "incumbent", "by", "verified");
    for (size_t i = 0; i < report->choice_count; i++)
        print_choice(&report->choices[i]);
}

/* An older recording gives way; a database or any other file does not. */
static bool gives_way(const char *path, struct error *err)
{
    struct recorded *there = path_exists(path) ? recorded_open(path, NULL) : NULL;
    bool fine = there || !path_exists(path);

    recorded_free(there);
    return fine || error_set(err, ERROR_FAILED,
                       "--record %s: is there and no recorded set; name another file", path);
}

static bool record(struct report *report, const char *path, struct error *err)
{
    struct recorded *set =
        gives_way(path, err) ? recorded_from_tune(report->store, report->tune.id, err) : NULL;
    bool done = set && recorded_write(path, set, err);

    if (done)
        printf("%s: %zu batch sizes, %zu tiles up, %zu down, of %s\n", path, set->batch_size_count,
            set->tile_count[GEMM_UP], set->tile_count[GEMM_DOWN], set->device.name);
    if (set)
        recorded_free(set);
    return done;
}

static bool print_report(const struct arguments *args, struct report *report, struct error *err)
{
    const char *path = arguments_text(args, "record", NULL);

    if (path)
        return record(report, path, err);
    if (arguments_flag(args, "csv"))
        return print_csv(report, err);
    if (arguments_flag(args, "json"))
        return print_as_json(report, err);
    print_table(report);
    return true;
}

static int report_run(const struct arguments *args, struct error *err)
{
    struct report report = {0};

    if (arguments_flag(args, "csv") + arguments_flag(args, "json") +
            (arguments_text(args, "record", NULL) != NULL) >
        1) {
        error_set(err, ERROR_USAGE, "--csv, --json and --record exclude each other");
        return 0;
    }
    report.store = database_open(args, STORE_READ, err);
    if (!report.store)
        return 0;
    if (load_report(&report, arguments_operand(args, 0), err))
        print_report(args, &report, err);
    free(report.choices);
    store_tune_free(&report.tune);
    store_close(report.store);
    return 0;
}

const struct command cmd_report = {
    .name = "report",
    .operands = "[TUNE]",
    .operands_most = 1,
    .summary = "a tune's choices as a table, all its points as CSV or JSON",
    .details = "TUNE is a number from `moebench list`; without it, the tune touched last.\n",
    .options = report_options,
    .run = report_run,
};
