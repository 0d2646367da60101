/* SPDX-License-Identifier: MIT */
#include "cli/check_print.h"

#include "base/text.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_served_json(struct json *object, const struct config_file *file)
{
    struct config_range *ranges = xcalloc(file->count + 1, sizeof *ranges);
    size_t count = config_file_ranges(file, ranges);
    struct json *served = json_add_array(object, "served");
    for (size_t i = 0; i < count; i++) {
        struct json *range = json_add_object(served, NULL);
        json_add_int(range, "m", file->entries[ranges[i].entry].m);
        json_add_int(range, "from", ranges[i].from);
        if (ranges[i].to != INT_MAX)
            json_add_int(range, "to", ranges[i].to);
        else
            json_add_null(range, "to");
    }
    free(ranges);
}

void checked_file_add_json(struct json *files, const struct checked_file *item)
{
    struct json *object = json_add_object(files, NULL);
    json_add_string(object, "path", item->path);
    json_add_string(object, "verdict", config_faults_verdict(&item->faults));
    json_add_string(object, "engine", engine_name(&item->context.engine));
    json_add_string(object, "engine_version", engine_rules_version(&item->context.engine));
    json_add_string(
        object, "device", item->context.device_known ? item->context.device.name : NULL);
    add_served_json(object, &item->file);
    config_faults_add_json(json_add_array(object, "faults"), &item->faults);
}

static void print_fault(const struct config_fault *fault)
{
    char where[64] = "";
    if (fault->m != FAULT_NO_M)
        snprintf(where, sizeof where, " M=%d", fault->m);
    printf("  %-5s%s %s%s%s: %s", fault_severity_name(fault->severity), where, fault->code,
        fault->key[0] != '\0' ? " " : "", fault->key, fault->text);
    if (fault->line > 0 && strncmp(fault->text, "line ", strlen("line ")) != 0)
        printf(" (line %d)", fault->line);
    putchar('\n');
}

static void print_served(const struct config_file *file)
{
    struct config_range *ranges = xcalloc(file->count + 1, sizeof *ranges);
    size_t count = config_file_ranges(file, ranges);
    if (count > 0)
        printf("  keys  ");
    for (size_t i = 0; i < count; i++) {
        printf(
            "%s%d serves %d", i > 0 ? ", " : "", file->entries[ranges[i].entry].m, ranges[i].from);
        if (ranges[i].to == INT_MAX)
            printf(" on");
        else if (ranges[i].to > ranges[i].from)
            printf("-%d", ranges[i].to);
    }
    if (count > 0)
        putchar('\n');
    free(ranges);
}

void checked_file_print(const struct checked_file *item, bool brief)
{
    const char *verdict = config_faults_verdict(&item->faults);
    if (brief && strcmp(verdict, "ok") == 0)
        return;
    printf("%-5s %s\n", verdict, item->path);
    for (size_t i = 0; i < item->faults.count; i++) {
        if (!brief || item->faults.items[i].severity != FAULT_NOTE)
            print_fault(&item->faults.items[i]);
    }
    if (!brief)
        print_served(&item->file);
}
