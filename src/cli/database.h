/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_CLI_DATABASE_H
#define MOEBENCH_CLI_DATABASE_H

#include "cli/arguments.h"
#include "store/store.h"

/* The option of every command that uses the database. */
#define DATABASE_OPTION                                                          \
    {                                                                            \
        "db", "FILE", "the database ($MOEBENCH_DB, else in the XDG data folder)" \
    }

/* --db, or the default; free(). NULL and *err without both. */
char *database_path(const struct arguments *args, struct error *err);
struct store *database_open(const struct arguments *args, enum store_mode mode, struct error *err);
/* The tune named by the operand (NULL: the one touched last); store_tune_free it. */
bool database_tune(
    struct store *store, const char *operand, struct store_tune *tune, struct error *err);
/* What tells tunes of one layer apart: "EP2, quick, 1920 tiles, M 1,64". */
void database_about(const struct store_tune *tune, char *buffer, size_t size);

#endif
