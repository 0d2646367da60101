/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_STORE_SQL_H
#define MOEBENCH_STORE_SQL_H

#include "store/handle.h"

/*
 * Statements in few words. Failures fill *err with the database's path, the cause and what to do,
 * and roll an open transaction back. `types` has one letter a parameter:
 *   i  int, bool, enum      n  int, -1 -> NULL
 *   l  long long             k  long long, an id, 0 -> NULL
 *   d  double, NAN -> NULL   s  const char *, NULL -> NULL
 *   b  const void *, size_t length, 0 -> NULL
 * Text and blobs are borrowed until the statement is bound again or finalised.
 */
sqlite3_stmt *sql_prepare(struct store *store, struct error *err, const char *text);
/* Both at once; NULL on failure. */
sqlite3_stmt *sql_query(
    struct store *store, struct error *err, const char *text, const char *types, ...);
/* Prepares, binds, runs to the end, finalises. */
bool sql_run(struct store *store, struct error *err, const char *text, const char *types, ...);
/* Binds and runs a statement made by sql_prepare to its end and resets it. */
bool sql_rerun(
    struct store *store, struct error *err, sqlite3_stmt *statement, const char *types, ...);

enum sql_step { SQL_ROW, SQL_DONE, SQL_FAILED };

/* SQL_FAILED has filled *err. */
enum sql_step sql_step(struct store *store, sqlite3_stmt *statement, struct error *err);

/* What the rows of a query are read into. */
struct sql_items {
    const char *name; /* of one, for messages; NULL where sql_get is not used */
    size_t size;
    /* Without the database's path in its errors, which is put before them. */
    bool (*read)(sqlite3_stmt *row, void *item, struct error *err);
    void (*drop)(void *item); /* frees what an item owns; NULL: nothing */
};

/* The first row of a query, which is finalised; NULL: it has failed. SQL_DONE: there is none. */
enum sql_step sql_one(struct store *store, sqlite3_stmt *row, const struct sql_items *kind,
    void *item, struct error *err);
/* The same; that there is none is an error which names the id. */
bool sql_get(struct store *store, sqlite3_stmt *row, const struct sql_items *kind, long long id,
    void *item, struct error *err);
/* All rows of a query, which is finalised, as an array: free() it. Empty on failure. */
bool sql_list(struct store *store, sqlite3_stmt *row, const struct sql_items *kind, void **items,
    size_t *count, struct error *err);

/* One number from a query of one row; `absent` when there is no row or it is NULL. */
bool sql_number(struct store *store, struct error *err, long long absent, long long *number,
    const char *text, const char *types, ...);

/* Fills *err from the connection's last error, rolls back; returns false. */
bool sql_fail(struct store *store, struct error *err);

double sql_double(sqlite3_stmt *statement, int column); /* NULL -> NAN */
int sql_int(sqlite3_stmt *statement, int column);       /* NULL -> -1 */
long long sql_id(sqlite3_stmt *statement, int column);  /* NULL -> 0 */
/* NULL -> "" ; cut to `size`. */
void sql_text(sqlite3_stmt *statement, int column, char *buffer, size_t size);
char *sql_text_copy(sqlite3_stmt *statement, int column); /* free(); NULL -> NULL */

/* The columns of table tile under the alias t, in the order that sql_tile reads. */
#define TILE_COLUMNS "t.bm, t.bn, t.bk, t.group_m, t.warps, t.stages, t.tma"
struct tile sql_tile(sqlite3_stmt *statement, int first);
/* The id of a tile, which is added when new. */
bool sql_tile_id(struct store *store, const struct tile *tile, long long *id, struct error *err);

/* Opens a transaction unless one is open; *own says whether it did. */
bool sql_enter(struct store *store, bool *own, struct error *err);
/* Ends what sql_enter began: commits when ok, else rolls back. Returns whether all is well. */
bool sql_leave(struct store *store, bool own, bool ok, struct error *err);

#endif
