/* SPDX-License-Identifier: MIT */
#include "store/store.h"

#include "base/clock.h"
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

static bool read_incumbent(sqlite3_stmt *row, void *item, struct error *err)
{
    struct store_incumbent *incumbent = item;

    (void)err;
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
    return true;
}

static void drop_incumbent(void *item)
{
    store_incumbent_free(item);
}

static const struct sql_items incumbent_kind = {.name = "incumbent",
    .size = sizeof(struct store_incumbent),
    .read = read_incumbent,
    .drop = drop_incumbent};

bool store_find_import(
    struct store *store, const char *layer, struct store_incumbent *incumbent, struct error *err)
{
    if (err)
        err->kind = ERROR_NONE;
    sqlite3_stmt *row = sql_query(store, err,
        INCUMBENT_QUERY "WHERE layer = ? AND how = ? ORDER BY id DESC LIMIT 1", "si", layer,
        INCUMBENT_IMPORTED);
    return sql_one(store, row, &incumbent_kind, incumbent, err) == SQL_ROW;
}

bool store_get_incumbent(
    struct store *store, long long id, struct store_incumbent *incumbent, struct error *err)
{
    return sql_get(store, sql_query(store, err, INCUMBENT_QUERY "WHERE id = ?", "l", id),
        &incumbent_kind, id, incumbent, err);
}

bool store_list_imports(
    struct store *store, struct store_incumbent **imports, size_t *count, struct error *err)
{
    sqlite3_stmt *row = sql_query(
        store, err, INCUMBENT_QUERY "WHERE how = ? ORDER BY id DESC", "i", INCUMBENT_IMPORTED);
    void *list;
    bool done = sql_list(store, row, &incumbent_kind, &list, count, err);

    *imports = list;
    return done;
}
