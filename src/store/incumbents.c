/* SPDX-License-Identifier: MIT */
#include "store/store.h"

#include "base/clock.h"
#include "base/text.h"
#include "store/sql.h"

#include <stdlib.h>
#include <string.h>

void store_incumbent_free(struct store_incumbent *incumbent)
{
    free(incumbent->layer);
    free(incumbent->path);
    free(incumbent->down_path);
    free(incumbent->up);
    free(incumbent->down);
    *incumbent = (struct store_incumbent){0};
}

/* *id is 0 when there is none. */
static bool find_equal(
    struct store *store, const struct store_incumbent *i, long long *id, struct error *err)
{
    return sql_number(store, err, 0, id,
        "SELECT max(id) FROM incumbent WHERE layer = ? AND how = ? AND path = ? AND hash = ?",
        "siss", i->layer, i->how, i->path, i->hash);
}

bool store_put_incumbent(struct store *store, struct store_incumbent *incumbent, struct error *err)
{
    struct store_incumbent *i = incumbent;

    i->id = 0;
    if (i->how != INCUMBENT_IMPORTED && !find_equal(store, i, &i->id, err))
        return false;
    if (i->id)
        return true;
    i->time = clock_wall();
    return sql_number(store, err, 0, &i->id,
        "INSERT INTO incumbent (how, layer, model, engine, device, path, down_path, hash, up, down,"
        " time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        "isssssssssd", i->how, i->layer, i->model, i->engine, i->device, i->path, i->down_path,
        i->hash, i->up, i->down, i->time);
}

#define INCUMBENT_QUERY                                                                   \
    "SELECT id, how, layer, model, engine, device, path, down_path, hash, up, down, time" \
    " FROM incumbent "

static void read_incumbent(sqlite3_stmt *row, struct store_incumbent *incumbent)
{
    *incumbent = (struct store_incumbent){
        .id = sql_id(row, 0),
        .how = (enum incumbent_how)sql_int(row, 1),
        .layer = sql_text_copy(row, 2),
        .path = sql_text_copy(row, 6),
        .down_path = sql_text_copy(row, 7),
        .up = sql_text_copy(row, 9),
        .down = sql_text_copy(row, 10),
        .time = sql_double(row, 11),
    };
    sql_text(row, 3, incumbent->model, sizeof incumbent->model);
    sql_text(row, 4, incumbent->engine, sizeof incumbent->engine);
    sql_text(row, 5, incumbent->device, sizeof incumbent->device);
    sql_text(row, 8, incumbent->hash, sizeof incumbent->hash);
}

/* The only row of a query; false and *err as it was when there is none. */
static bool read_one(
    struct store *store, sqlite3_stmt *row, struct store_incumbent *incumbent, struct error *err)
{
    if (!row)
        return false;

    enum sql_step step = sql_step(store, row, err);
    if (step == SQL_ROW)
        read_incumbent(row, incumbent);
    sqlite3_finalize(row);
    return step == SQL_ROW;
}

bool store_find_import(
    struct store *store, const char *layer, struct store_incumbent *incumbent, struct error *err)
{
    if (err)
        err->kind = ERROR_NONE;
    return read_one(store,
        sql_query(store, err,
            INCUMBENT_QUERY "WHERE layer = ? AND how = ? ORDER BY id DESC LIMIT 1", "si", layer,
            INCUMBENT_IMPORTED),
        incumbent, err);
}

bool store_get_incumbent(
    struct store *store, long long id, struct store_incumbent *incumbent, struct error *err)
{
    struct error mine = {0};

    if (read_one(store, sql_query(store, &mine, INCUMBENT_QUERY "WHERE id = ?", "l", id), incumbent,
            &mine))
        return true;
    if (mine.kind == ERROR_NONE)
        return error_set(err, ERROR_FAILED, "%s: no incumbent %lld", store_path(store), id);
    return error_set(err, mine.kind, "%s", mine.text);
}

bool store_list_imports(
    struct store *store, struct store_incumbent **imports, size_t *count, struct error *err)
{
    sqlite3_stmt *row = sql_query(
        store, err, INCUMBENT_QUERY "WHERE how = ? ORDER BY id DESC", "i", INCUMBENT_IMPORTED);
    enum sql_step step = SQL_FAILED;

    *imports = NULL;
    *count = 0;
    while (row && (step = sql_step(store, row, err)) == SQL_ROW) {
        *imports = xrealloc(*imports, *count + 1, sizeof **imports);
        read_incumbent(row, &(*imports)[(*count)++]);
    }
    sqlite3_finalize(row);
    if (step == SQL_DONE)
        return true;
    while (*count > 0)
        store_incumbent_free(&(*imports)[--*count]);
    free(*imports);
    *imports = NULL;
    return false;
}
