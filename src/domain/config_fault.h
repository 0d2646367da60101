/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_DOMAIN_CONFIG_FAULT_H
#define MOEBENCH_DOMAIN_CONFIG_FAULT_H

#include "base/json.h"

#include <limits.h>
#include <stddef.h>

/* Notes inform and leave the verdict at ok; a warning loads and runs; an error is not found, does
 * not load, does not fit or computes wrong numbers. */
enum fault_severity { FAULT_NOTE, FAULT_WARN, FAULT_ERROR };

#define FAULT_NO_M INT_MIN

struct config_fault {
    enum fault_severity severity;
    const char *code; /* a short fixed word, static: "smem", "quant-block" */
    int m;            /* the entry's key, FAULT_NO_M when the whole file is meant */
    int line;         /* in the file, 0 when none */
    char key[48];     /* of the entry or of the file, "" when none */
    char text[400];
};

/* Start from {0}; free with config_faults_free. */
struct config_faults {
    struct config_fault *items;
    size_t count;
};

/* Where a fault is. */
struct fault_place {
    int m;
    int line;
    const char *key; /* borrowed, NULL or "": none */
};

#define FAULT_WHOLE_FILE ((struct fault_place){.m = FAULT_NO_M})

void config_fault_add(struct config_faults *faults, enum fault_severity severity, const char *code,
    struct fault_place place, const char *format, ...) __attribute__((format(printf, 5, 6)));
void config_faults_free(struct config_faults *faults);

/* "M=64: " of an entry's fault, "" of the whole file's. */
void config_fault_where(const struct config_fault *fault, char *buffer, size_t size);
const char *fault_severity_name(enum fault_severity severity); /* "note", "warn", "error" */
/* By M, the whole file's first; of one M the worst first, then by line. */
void config_faults_sort(struct config_faults *faults);
/* The verdict by the worst fault: "ok", "warn" or "error". */
const char *config_faults_verdict(const struct config_faults *faults);
/* Adds to an array objects with severity, code, m, key, line, text; absent ones are null. */
void config_faults_add_json(struct json *array, const struct config_faults *faults);

#endif
