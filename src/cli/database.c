/* SPDX-License-Identifier: MIT */
#include "cli/database.h"

#include "base/text.h"

#include <limits.h>
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

bool database_tune(
    struct store *store, const char *operand, struct store_tune *tune, struct error *err)
{
    struct store_tune *tunes;
    size_t count;
    long id;

    if (operand && !text_to_int(operand, 1, LONG_MAX, &id))
        return error_set(err, ERROR_USAGE,
            "%s: not the number of a tune; `moebench list` shows the numbers", operand);
    if (operand)
        return store_get_tune(store, id, tune, err);
    if (!store_list_tunes(store, &tunes, &count, err))
        return false;
    if (count > 0)
        *tune = tunes[0];
    for (size_t i = 1; i < count; i++)
        store_tune_free(&tunes[i]);
    free(tunes);
    return count > 0 || error_set(err, ERROR_FAILED, "%s: no tunes yet; `moebench tune` makes one",
                            store_path(store));
}
