/* SPDX-License-Identifier: MIT */
#include "store/store.h"

#include "base/clock.h"
#include "store/sql.h"

bool store_put_compile(
    struct store *store, long long build, const struct store_compile *fact, struct error *err)
{
    bool own;
    long long tile;

    if (!sql_enter(store, &own, err))
        return false;
    bool done = sql_tile_id(store, &fact->tile, &tile, err) &&
                sql_run(store, err,
                    "INSERT OR REPLACE INTO compile (build, gemm, tile, status, shared_bytes,"
                    " registers, spill_bytes, seconds, cubin, reason)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    "lilinnndss", build, fact->gemm, tile, fact->status, fact->shared_bytes,
                    fact->registers, fact->spill_bytes, fact->seconds, fact->cubin, fact->reason);
    return sql_leave(store, own, done, err);
}

static void read_compile(sqlite3_stmt *row, struct store_compile *fact)
{
    *fact = (struct store_compile){
        .gemm = (enum gemm)sql_int(row, 0),
        .status = (enum point_status)sql_int(row, 1),
        .shared_bytes = sql_int(row, 2),
        .registers = sql_int(row, 3),
        .spill_bytes = sql_int(row, 4),
        .seconds = (float)sql_double(row, 5),
        .tile = sql_tile(row, 8),
    };
    sql_text(row, 6, fact->cubin, sizeof fact->cubin);
    sql_text(row, 7, fact->reason, sizeof fact->reason);
}

bool store_each_compile(struct store *store, long long build, int gemm,
    bool (*visit)(const struct store_compile *fact, void *arg), void *arg, struct error *err)
{
    sqlite3_stmt *row = sql_query(store, err,
        "SELECT gemm, status, shared_bytes, registers, spill_bytes, seconds, cubin,"
        " reason, " TILE_COLUMNS " FROM compile JOIN tile t ON t.id = tile"
        " WHERE build = ? AND gemm BETWEEN ? AND ? ORDER BY gemm, " TILE_COLUMNS,
        "lii", build, gemm < 0 ? 0 : gemm, gemm < 0 ? GEMM_COUNT - 1 : gemm);
    enum sql_step step = SQL_FAILED;
    struct store_compile fact;

    while (row && (step = sql_step(store, row, err)) == SQL_ROW) {
        read_compile(row, &fact);
        if (!visit(&fact, arg))
            break;
    }
    sqlite3_finalize(row);
    return step != SQL_FAILED;
}

bool store_add_fault(struct store *store, long long tune, long long build,
    const struct store_fault *fault, int *count, struct error *err)
{
    bool own;
    long long tile, counted = 0;

    if (!sql_enter(store, &own, err))
        return false;
    bool done = sql_tile_id(store, &fault->tile, &tile, err) &&
                sql_number(store, err, 0, &counted,
                    "INSERT INTO fault (tune, build, gemm, tile, m, count, status, time, reason)"
                    " VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?)"
                    " ON CONFLICT DO UPDATE SET m = excluded.m, count = count + 1,"
                    " status = excluded.status, time = excluded.time, reason = excluded.reason"
                    " RETURNING count",
                    "lliliids", tune, build, fault->gemm, tile, fault->m, fault->status,
                    clock_wall(), fault->reason);
    *count = (int)counted;
    return sql_leave(store, own, done, err);
}

bool store_each_fault(struct store *store, long long tune, long long build,
    bool (*visit)(const struct store_fault *fault, void *arg), void *arg, struct error *err)
{
    sqlite3_stmt *row = sql_query(store, err,
        "SELECT gemm, m, count, status, time, reason, " TILE_COLUMNS
        " FROM fault JOIN tile t ON t.id = tile WHERE tune = ? AND build = ?"
        " ORDER BY gemm, " TILE_COLUMNS,
        "ll", tune, build);
    enum sql_step step = SQL_FAILED;

    while (row && (step = sql_step(store, row, err)) == SQL_ROW) {
        struct store_fault fault = {
            .gemm = (enum gemm)sql_int(row, 0),
            .m = sql_int(row, 1),
            .count = sql_int(row, 2),
            .status = (enum point_status)sql_int(row, 3),
            .time = sql_double(row, 4),
            .tile = sql_tile(row, 6),
        };
        sql_text(row, 5, fault.reason, sizeof fault.reason);
        if (!visit(&fault, arg))
            break;
    }
    sqlite3_finalize(row);
    return step != SQL_FAILED;
}

bool store_put_check(struct store *store, long long tune, long long build,
    const struct store_check *check, struct error *err)
{
    bool own;
    long long tile;

    if (!sql_enter(store, &own, err))
        return false;
    bool done = sql_tile_id(store, &check->key.tile, &tile, err) &&
                sql_run(store, err,
                    "INSERT OR REPLACE INTO verification (tune, build, gemm, m, tile, right, error,"
                    " nans, unwritten, time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    "lliilidlld", tune, build, check->key.gemm, check->key.m, tile, check->right,
                    check->error, check->nans, check->unwritten, check->time);
    return sql_leave(store, own, done, err);
}

bool store_each_check(struct store *store, long long tune, long long build,
    bool (*visit)(const struct store_check *check, void *arg), void *arg, struct error *err)
{
    sqlite3_stmt *row = sql_query(store, err,
        "SELECT gemm, m, right, error, nans, unwritten, time, " TILE_COLUMNS
        " FROM verification JOIN tile t ON t.id = tile WHERE tune = ? AND build = ?"
        " ORDER BY gemm, m, tile",
        "ll", tune, build);
    enum sql_step step = SQL_FAILED;

    while (row && (step = sql_step(store, row, err)) == SQL_ROW) {
        struct store_check check = {
            .key = {.gemm = (enum gemm)sql_int(row, 0),
                .m = sql_int(row, 1),
                .tile = sql_tile(row, 7)},
            .right = sql_int(row, 2) == 1,
            .error = sql_double(row, 3),
            .nans = sql_id(row, 4),
            .unwritten = sql_id(row, 5),
            .time = sql_double(row, 6),
        };
        if (!visit(&check, arg))
            break;
    }
    sqlite3_finalize(row);
    return step != SQL_FAILED;
}
