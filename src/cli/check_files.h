/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_CLI_CHECK_FILES_H
#define MOEBENCH_CLI_CHECK_FILES_H

#include "domain/config_check.h"
#include "domain/config_folder.h"

#include <stdbool.h>
#include <stddef.h>

/* One file that `check` or `convert` looks at, all owned. */
struct checked_file {
    char *path;
    struct config_place place;
    struct config_name name;
    bool named; /* the name is a config's */
    struct config_file file;
    struct config_faults faults;
    struct config_context context;
    bool version_assumed; /* neither the command line nor moebench.json tells: the newest known */
    bool engine_guessed;  /* nor does the file tell whose it is */
};

/* Start from {0}; free with checked_set_free. */
struct checked_set {
    struct checked_file *items;
    size_t count;
    bool folder; /* one of the paths was a folder */
};

/* What the command line says; each NULL where it says nothing. */
struct check_wishes {
    const char *engine;
    const char *device;
    const char *triton;
};

/* Reads the files of a path: itself, or every config file below a folder. Fails when there is none.
 */
bool checked_set_add(struct checked_set *set, const char *path, struct error *err);
void checked_set_free(struct checked_set *set);
/* Fills every context from the wishes, the names and the folders, saying in a note what was taken.
 */
bool checked_set_resolve(
    struct checked_set *set, const struct check_wishes *wishes, struct error *err);
/* Whether up and down of one config lie side by side, as only SGLang reads them. */
bool checked_set_paired(const struct checked_set *set, const struct checked_file *item);
/* Adds the faults of names, entries and pairs. */
void checked_set_check(struct checked_set *set);
/* Judges the folders for the engine of most files and one Triton, which it hands out. */
void checked_set_judge(struct checked_set *set, const struct check_wishes *wishes,
    struct engine *engine, char *triton, size_t size);

#endif
