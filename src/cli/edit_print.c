/* SPDX-License-Identifier: MIT */
#include "cli/edit_print.h"

#include "base/clock.h"
#include "base/text.h"
#include "domain/config_file.h"
#include "tuner/choices.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

static void print_range(const struct config_range *range)
{
    if (range->to == INT_MAX)
        printf("  M %d and above", range->from);
    else if (range->to == range->from)
        printf("  M %d", range->from);
    else
        printf("  M %d to %d", range->from, range->to);
    if (range->tie)
        printf(" (%d by file order)", range->tie);
}

static void print_entry(const struct store_choice *choice, const struct config_range *range)
{
    char text[TILE_TEXT_SIZE];

    printf("%6d  %-4s %-30s %-8s %-3s", choice->m, gemm_name(choice->gemm),
        tile_format(&choice->tile, text, sizeof text), choice_source_name(choice->source),
        choice->verified ? "yes" : "no");
    print_range(range);
    putchar('\n');
}

static void add_entry(
    struct json *array, const struct store_choice *choice, const struct config_range *range)
{
    struct json *object = json_add_object(array, NULL), *served;

    json_add_string(object, "gemm", gemm_name(choice->gemm));
    json_add_int(object, "m", choice->m);
    tile_add_json(json_add_object(object, "tile"), &choice->tile);
    json_add_string(object, "source", choice_source_name(choice->source));
    json_add_bool(object, "verified", choice->verified);
    served = json_add_object(object, "served");
    json_add_int(served, "from", range->from);
    if (range->to == INT_MAX)
        json_add_null(served, "to");
    else
        json_add_int(served, "to", range->to);
}

static void print_gemm(
    const struct store_choice choices[], size_t count, enum gemm gemm, struct json *array)
{
    struct config_file file = {0};
    struct config_range *ranges;
    size_t range_count;

    for (size_t i = 0; i < count; i++)
        if (choices[i].gemm == gemm && !choices[i].dropped)
            config_file_set(&file, choices[i].m, &choices[i].tile);
    ranges = xcalloc(file.count + 1, sizeof *ranges);
    range_count = config_file_ranges(&file, ranges);
    for (size_t i = 0; i < range_count; i++) {
        int m = file.entries[ranges[i].entry].m;
        const struct store_choice *choice = choices_find(choices, count, gemm, m);
        if (array)
            add_entry(array, choice, &ranges[i]);
        else
            print_entry(choice, &ranges[i]);
    }
    free(ranges);
    config_file_free(&file);
}

void edit_print_entries(const struct store_choice choices[], size_t count, struct json *array)
{
    if (!array)
        printf("%6s  %-4s %-30s %-8s %-3s  %s\n", "M", "gemm", "tile", "by", "ok", "serves");
    print_gemm(choices, count, GEMM_UP, array);
    print_gemm(choices, count, GEMM_DOWN, array);
}

static void add_change(struct json *array, const struct store_choice *change, const char *when)
{
    struct json *object = json_add_object(array, NULL);

    json_add_string(object, "time", when);
    json_add_string(object, "gemm", gemm_name(change->gemm));
    json_add_int(object, "m", change->m);
    if (change->dropped)
        json_add_null(object, "tile");
    else
        tile_add_json(json_add_object(object, "tile"), &change->tile);
    json_add_string(object, "source", choice_source_name(change->source));
    json_add_string(object, "reason", change->reason);
}

void edit_print_changes(const struct store_choice changes[], size_t count, struct json *array)
{
    for (size_t i = 0; i < count; i++) {
        const struct store_choice *change = &changes[i];
        char text[TILE_TEXT_SIZE], iso[32];
        clock_iso(change->time, iso, sizeof iso);
        if (array)
            add_change(array, change, iso);
        else
            printf("%s %6d  %-4s %-30s %-8s %s\n", iso, change->m, gemm_name(change->gemm),
                choices_text(change, text), choice_source_name(change->source), change->reason);
    }
}
