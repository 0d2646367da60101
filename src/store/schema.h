/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_STORE_SCHEMA_H
#define MOEBENCH_STORE_SCHEMA_H

#include "store/handle.h"

#define SCHEMA_APPLICATION 0x4D4F4542 /* "MOEB": PRAGMA application_id */

/* What leads from version i to version i + 1 (PRAGMA user_version). Steps are never edited once
 * released: a change of the schema is a further step. */
extern const char *const schema_steps[];
extern const int schema_version; /* the number of steps: what this program reads and writes */

enum schema_state {
    SCHEMA_CURRENT,
    SCHEMA_EMPTY,   /* no tables: a new file */
    SCHEMA_OLDER,   /* to be migrated by a writer */
    SCHEMA_REFUSED, /* *err: not ours, of a newer moebench, unreadable */
};

enum schema_state schema_look(struct store *store, struct error *err);
/* Applies steps[from version] up to `version`, all or nothing. */
bool schema_migrate(struct store *store, const char *const steps[], int version, struct error *err);

#endif
