/* SPDX-License-Identifier: MIT */
#include "cli/database.h"

#include "base/text.h"

#include <stdlib.h>

char *database_path(const struct arguments *args, struct error *err)
{
    const char *given = arguments_text(args, "db", NULL);
    char *path = given ? xstrdup(given) : store_default_path();

    if (!path)
        error_set(err, ERROR_USAGE, "no HOME to keep a database in; name one: --db FILE");
    return path;
}

struct store *database_open(const struct arguments *args, enum store_mode mode, struct error *err)
{
    char *path = database_path(args, err);
    struct store *store = path ? store_open(path, mode, err) : NULL;

    free(path);
    return store;
}
