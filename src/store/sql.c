/* SPDX-License-Identifier: MIT */
#include "store/sql.h"

#include "base/hash.h"
#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* SQLite's own contract: a handle carried across a fork damages the file. */
static void assert_same_process(const struct store *store)
{
    if (store->pid != getpid())
        abort();
}

static bool disk_is_full(int code, int system_errno)
{
    return code == SQLITE_FULL ||
           (code == SQLITE_IOERR && (system_errno == ENOSPC || system_errno == EDQUOT));
}

static bool fail_busy(struct store *store, struct error *err)
{
    long pid = 0;

    if (store_is_held(store, &pid) && pid)
        return error_set(err, ERROR_FAILED,
            "%s: the database is locked by process %ld; wait for it or stop it", store->path, pid);
    return error_set(err, ERROR_FAILED,
        "%s: the database is locked by another program; close it (or a backup that reads it), or "
        "use another file: --db FILE, MOEBENCH_DB",
        store->path);
}

static bool fail_by_code(struct store *store, int extended, int system_errno, struct error *err)
{
    int code = extended & 0xff;

    if (disk_is_full(code, system_errno))
        return error_set(err, ERROR_FAILED,
            "%s: the disk is full; what was stored before is safe. Free some space and go on",
            store->path);
    switch (code) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return fail_busy(store, err);
    case SQLITE_NOTADB:
        return error_set(err, ERROR_FAILED, "%s: not a moebench database", store->path);
    case SQLITE_CORRUPT:
        return error_set(err, ERROR_FAILED,
            "%s: the database is damaged (%s); move it away, `sqlite3 FILE .recover` saves what "
            "can be read",
            store->path, sqlite3_errmsg(store->db));
    case SQLITE_CANTOPEN:
        /* The shared memory beside it, which a reader would have to make. */
        if (!store->writable && system_errno == ENOENT)
            return error_set(err, ERROR_FAILED,
                "%s: cannot be read from a folder that is not writable, because its last writer "
                "was killed; copy it and its -wal file to a folder of your own",
                store->path);
        return error_set(err, ERROR_FAILED, "%s: %s", store->path, sqlite3_errmsg(store->db));
    case SQLITE_READONLY:
        return error_set(err, ERROR_FAILED,
            "%s: cannot be written; check the permissions of the file and of its folder",
            store->path);
    case SQLITE_IOERR:
        return error_set(err, ERROR_FAILED, "%s: %s (%s)", store->path, sqlite3_errmsg(store->db),
            system_errno ? strerror(system_errno) : "input/output");
    default:
        return error_set(err, ERROR_FAILED, "%s: %s", store->path, sqlite3_errmsg(store->db));
    }
}

bool sql_fail(struct store *store, struct error *err)
{
    fail_by_code(store, sqlite3_extended_errcode(store->db), sqlite3_system_errno(store->db), err);
    store_rollback(store);
    return false;
}

sqlite3_stmt *sql_prepare(struct store *store, struct error *err, const char *text)
{
    sqlite3_stmt *statement;

    assert_same_process(store);
    if (sqlite3_prepare_v2(store->db, text, -1, &statement, NULL) == SQLITE_OK)
        return statement;
    sql_fail(store, err);
    return NULL;
}

static int bind_double(sqlite3_stmt *statement, int at, double value)
{
    return isnan(value) ? sqlite3_bind_null(statement, at)
                        : sqlite3_bind_double(statement, at, value);
}

static int bind_unless(sqlite3_stmt *statement, int at, long long value, long long null)
{
    return value == null ? sqlite3_bind_null(statement, at)
                         : sqlite3_bind_int64(statement, at, value);
}

static int bind_blob(sqlite3_stmt *statement, int at, const void *bytes, size_t length)
{
    return length ? sqlite3_bind_blob64(statement, at, bytes, length, SQLITE_STATIC)
                  : sqlite3_bind_null(statement, at);
}

/* Binding fails on a wrong index or without memory: neither is the world's fault. */
static void bind_list(sqlite3_stmt *statement, const char *types, va_list values)
{
    for (int at = 1; types[at - 1]; at++) {
        int code = SQLITE_MISUSE;
        switch (types[at - 1]) {
        case 'i':
            code = sqlite3_bind_int(statement, at, va_arg(values, int));
            break;
        case 'n':
            code = bind_unless(statement, at, va_arg(values, int), -1);
            break;
        case 'l':
            code = sqlite3_bind_int64(statement, at, va_arg(values, long long));
            break;
        case 'k':
            code = bind_unless(statement, at, va_arg(values, long long), 0);
            break;
        case 'd':
            code = bind_double(statement, at, va_arg(values, double));
            break;
        case 's':
            code =
                sqlite3_bind_text(statement, at, va_arg(values, const char *), -1, SQLITE_STATIC);
            break;
        case 'b': {
            const void *bytes = va_arg(values, const void *);
            code = bind_blob(statement, at, bytes, va_arg(values, size_t));
            break;
        }
        }
        if (code != SQLITE_OK)
            abort();
    }
}

static sqlite3_stmt *prepare_bound(
    struct store *store, struct error *err, const char *text, const char *types, va_list values)
{
    sqlite3_stmt *statement = sql_prepare(store, err, text);

    if (statement)
        bind_list(statement, types, values);
    return statement;
}

sqlite3_stmt *sql_query(
    struct store *store, struct error *err, const char *text, const char *types, ...)
{
    va_list values;

    va_start(values, types);
    sqlite3_stmt *statement = prepare_bound(store, err, text, types, values);
    va_end(values);
    return statement;
}

enum sql_step sql_step(struct store *store, sqlite3_stmt *statement, struct error *err)
{
    int code = sqlite3_step(statement);

    if (code == SQLITE_ROW)
        return SQL_ROW;
    if (code == SQLITE_DONE)
        return SQL_DONE;
    sql_fail(store, err);
    return SQL_FAILED;
}

static bool run_to_end(struct store *store, sqlite3_stmt *statement, struct error *err)
{
    enum sql_step step;

    while ((step = sql_step(store, statement, err)) == SQL_ROW)
        continue;
    return step == SQL_DONE;
}

bool sql_run(struct store *store, struct error *err, const char *text, const char *types, ...)
{
    va_list values;

    va_start(values, types);
    sqlite3_stmt *statement = prepare_bound(store, err, text, types, values);
    va_end(values);
    if (!statement)
        return false;
    bool done = run_to_end(store, statement, err);
    sqlite3_finalize(statement);
    return done;
}

bool sql_rerun(
    struct store *store, struct error *err, sqlite3_stmt *statement, const char *types, ...)
{
    va_list values;

    sqlite3_reset(statement);
    va_start(values, types);
    bind_list(statement, types, values);
    va_end(values);
    bool done = run_to_end(store, statement, err);
    sqlite3_reset(statement);
    return done;
}

bool sql_number(struct store *store, struct error *err, long long absent, long long *number,
    const char *text, const char *types, ...)
{
    va_list values;

    *number = absent;
    va_start(values, types);
    sqlite3_stmt *statement = prepare_bound(store, err, text, types, values);
    va_end(values);
    if (!statement)
        return false;
    enum sql_step step = sql_step(store, statement, err);
    if (step == SQL_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL)
        *number = sqlite3_column_int64(statement, 0);
    /* INSERT .. RETURNING commits at its end: only then is it known to be safe. */
    bool done = step == SQL_DONE || (step == SQL_ROW && run_to_end(store, statement, err));
    sqlite3_finalize(statement);
    return done;
}

static bool read_item(struct store *store, sqlite3_stmt *row, const struct sql_items *kind,
    void *item, struct error *err)
{
    return kind->read(row, item, err) || error_prefix(err, "%s", store_path(store));
}

enum sql_step sql_one(struct store *store, sqlite3_stmt *row, const struct sql_items *kind,
    void *item, struct error *err)
{
    enum sql_step step = row ? sql_step(store, row, err) : SQL_FAILED;

    if (step == SQL_ROW && !read_item(store, row, kind, item, err))
        step = SQL_FAILED;
    sqlite3_finalize(row);
    return step;
}

bool sql_get(struct store *store, sqlite3_stmt *row, const struct sql_items *kind, long long id,
    void *item, struct error *err)
{
    enum sql_step step = sql_one(store, row, kind, item, err);

    if (step == SQL_DONE)
        error_set(err, ERROR_FAILED, "%s: no %s %lld", store_path(store), kind->name, id);
    return step == SQL_ROW;
}

bool sql_list(struct store *store, sqlite3_stmt *row, const struct sql_items *kind, void **items,
    size_t *count, struct error *err)
{
    enum sql_step step = SQL_FAILED;
    char *list = NULL;

    *count = 0;
    while (row && (step = sql_step(store, row, err)) == SQL_ROW) {
        list = xrealloc(list, *count + 1, kind->size);
        if (!read_item(store, row, kind, list + *count * kind->size, err)) {
            step = SQL_FAILED;
            break;
        }
        ++*count;
    }
    sqlite3_finalize(row);
    *items = list;
    if (step == SQL_DONE)
        return true;
    while (*count > 0) {
        --*count;
        if (kind->drop)
            kind->drop(list + *count * kind->size);
    }
    free(list);
    *items = NULL;
    return false;
}

double sql_double(sqlite3_stmt *statement, int column)
{
    return sqlite3_column_type(statement, column) == SQLITE_NULL
               ? NAN
               : sqlite3_column_double(statement, column);
}

int sql_int(sqlite3_stmt *statement, int column)
{
    return sqlite3_column_type(statement, column) == SQLITE_NULL
               ? -1
               : sqlite3_column_int(statement, column);
}

long long sql_id(sqlite3_stmt *statement, int column)
{
    return sqlite3_column_int64(statement, column);
}

void sql_text(sqlite3_stmt *statement, int column, char *buffer, size_t size)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);

    snprintf(buffer, size, "%s", text ? text : "");
}

char *sql_text_copy(sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);

    return text ? xstrdup(text) : NULL;
}

struct tile sql_tile(sqlite3_stmt *statement, int first)
{
    return (struct tile){
        .block_m = sqlite3_column_int(statement, first),
        .block_n = sqlite3_column_int(statement, first + 1),
        .block_k = sqlite3_column_int(statement, first + 2),
        .group_m = sqlite3_column_int(statement, first + 3),
        .num_warps = sqlite3_column_int(statement, first + 4),
        .num_stages = sqlite3_column_int(statement, first + 5),
        .use_tma = sqlite3_column_int(statement, first + 6),
    };
}

static bool find_tile(
    struct store *store, const struct tile *tile, long long *id, struct error *err)
{
#define TILE_VALUES                                                                                \
    tile->block_m, tile->block_n, tile->block_k, tile->group_m, tile->num_warps, tile->num_stages, \
        tile->use_tma
    if (!sql_number(store, err, 0, id,
            "SELECT id FROM tile WHERE bm = ? AND bn = ? AND bk = ? AND group_m = ? AND warps = ? "
            "AND stages = ? AND tma = ?",
            "iiiiiii", TILE_VALUES))
        return false;
    if (*id)
        return true;
    if (!sql_run(store, err,
            "INSERT INTO tile (bm, bn, bk, group_m, warps, stages, tma) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            "iiiiiii", TILE_VALUES))
        return false;
    *id = sqlite3_last_insert_rowid(store->db);
    return true;
#undef TILE_VALUES
}

static size_t tile_place(const struct tile *tile)
{
    const int numbers[] = {tile->block_m, tile->block_n, tile->block_k, tile->group_m,
        tile->num_warps, tile->num_stages, tile->use_tma};
    uint64_t hash = 0;

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        hash = hash_mix(hash + (uint64_t)numbers[i]);
    return hash % TILE_IDS;
}

bool sql_tile_id(struct store *store, const struct tile *tile, long long *id, struct error *err)
{
    const size_t place = tile_place(tile);

    if (store->tile_ids[place].id && tile_equal(&store->tile_ids[place].tile, tile)) {
        *id = store->tile_ids[place].id;
        return true;
    }
    if (!find_tile(store, tile, id, err))
        return false;
    store->tile_ids[place].tile = *tile;
    store->tile_ids[place].id = *id;
    return true;
}

bool sql_enter(struct store *store, bool *own, struct error *err)
{
    *own = sqlite3_get_autocommit(store->db);
    return !*own || store_begin(store, err);
}

bool sql_leave(struct store *store, bool own, bool ok, struct error *err)
{
    if (own && ok)
        return store_commit(store, err);
    if (own)
        store_rollback(store);
    return ok;
}

/* SQLite itself would go on to write into a file that nobody can find. */
static bool still_there(struct store *store, struct error *err)
{
    int moved = 0;

    if (sqlite3_file_control(store->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) != SQLITE_OK ||
        !moved)
        return true;
    return error_set(err, ERROR_FAILED,
        "%s: was deleted or moved away while it was being written; if it was moved, move it back "
        "and go on: with the -wal file that stayed it holds all that was stored",
        store->path);
}

bool store_begin(struct store *store, struct error *err)
{
    if (!store->writable)
        abort();
    return still_there(store, err) && sql_run(store, err, "BEGIN IMMEDIATE", "");
}

bool store_commit(struct store *store, struct error *err)
{
    return sql_run(store, err, "COMMIT", "");
}

void store_rollback(struct store *store)
{
    memset(store->tile_ids, 0, sizeof store->tile_ids); /* some may be taken back */
    if (!sqlite3_get_autocommit(store->db))
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}
