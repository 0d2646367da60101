/* SPDX-License-Identifier: MIT */
#include "domain/config_fault.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void config_fault_add(struct config_faults *faults, enum fault_severity severity, const char *code,
    struct fault_place place, const char *format, ...)
{
    faults->items = xrealloc(faults->items, faults->count + 1, sizeof *faults->items);
    struct config_fault *fault = &faults->items[faults->count++];
    *fault =
        (struct config_fault){.severity = severity, .code = code, .m = place.m, .line = place.line};
    snprintf(fault->key, sizeof fault->key, "%s", place.key != NULL ? place.key : "");
    va_list args;
    va_start(args, format);
    vsnprintf(fault->text, sizeof fault->text, format, args);
    va_end(args);
}

void config_faults_free(struct config_faults *faults)
{
    free(faults->items);
    *faults = (struct config_faults){0};
}

void config_fault_where(const struct config_fault *fault, char *buffer, size_t size)
{
    buffer[0] = '\0';
    if (fault->m != FAULT_NO_M)
        snprintf(buffer, size, "M=%d: ", fault->m);
}

const char *fault_severity_name(enum fault_severity severity)
{
    static const char *const names[] = {
        [FAULT_NOTE] = "note", [FAULT_WARN] = "warn", [FAULT_ERROR] = "error"};
    return names[severity];
}

static int compare_faults(const void *a, const void *b)
{
    const struct config_fault *one = a, *other = b;
    if (one->m != other->m)
        return one->m < other->m ? -1 : 1;
    if (one->severity != other->severity)
        return one->severity > other->severity ? -1 : 1;
    if (one->line != other->line)
        return one->line < other->line ? -1 : 1;
    int order = strcmp(one->code, other->code);
    return order != 0 ? order : strcmp(one->key, other->key);
}

void config_faults_sort(struct config_faults *faults)
{
    if (faults->count > 0)
        qsort(faults->items, faults->count, sizeof *faults->items, compare_faults);
}

const char *config_faults_verdict(const struct config_faults *faults)
{
    enum fault_severity worst = FAULT_NOTE;
    for (size_t i = 0; i < faults->count; i++) {
        if (faults->items[i].severity > worst)
            worst = faults->items[i].severity;
    }
    return worst == FAULT_NOTE ? "ok" : fault_severity_name(worst);
}

void config_faults_add_json(struct json *array, const struct config_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++) {
        const struct config_fault *fault = &faults->items[i];
        struct json *object = json_add_object(array, NULL);
        json_add_string(object, "severity", fault_severity_name(fault->severity));
        json_add_string(object, "code", fault->code);
        if (fault->m != FAULT_NO_M)
            json_add_int(object, "m", fault->m);
        else
            json_add_null(object, "m");
        json_add_string(object, "key", fault->key[0] != '\0' ? fault->key : NULL);
        if (fault->line > 0)
            json_add_int(object, "line", fault->line);
        else
            json_add_null(object, "line");
        json_add_string(object, "text", fault->text);
    }
}
