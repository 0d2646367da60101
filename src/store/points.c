/* SPDX-License-Identifier: MIT */
#include "store/store.h"

#include "base/text.h"
#include "domain/stats.h"
#include "store/sql.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t chunk_samples(const struct store_chunk *chunk)
{
    size_t samples = 0;

    for (size_t i = 0; i < chunk->count; i++)
        samples += chunk->measurements[i].count;
    return samples;
}

static bool insert_chunk(struct store *store, struct store_chunk *chunk, struct error *err)
{
    return sql_number(store, err, 0, &chunk->id,
        "INSERT INTO chunk (tune, build, phase, time, wall_s, gpu_s, launches, samples,"
        " routing_seed, method, sm_mhz, sm_mhz_min, temperature_c, power_w, sentinel, suspect)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        "lkidddillsdddddi", chunk->tune, chunk->build, chunk->phase, chunk->time, chunk->wall_s,
        chunk->gpu_s, chunk->launches, (long long)chunk_samples(chunk),
        (long long)chunk->routing_seed, chunk->method, chunk->sm_mhz, chunk->sm_mhz_min,
        chunk->temperature_c, chunk->power_w, chunk->sentinel, chunk->suspect);
}

static bool insert_measurements(
    struct store *store, const struct store_chunk *chunk, struct error *err)
{
    sqlite3_stmt *insert = sql_prepare(store, err,
        "INSERT INTO measurement (tune, build, gemm, m, hot, tile, chunk, status, launches, sm_mhz,"
        " samples) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    bool done = insert != NULL;

    for (size_t i = 0; done && i < chunk->count; i++) {
        const struct store_measurement *each = &chunk->measurements[i];
        long long tile;
        done = sql_tile_id(store, &each->key.tile, &tile, err) &&
               sql_rerun(store, err, insert, "lliiillindb", chunk->tune, chunk->build,
                   each->key.gemm, each->key.m, each->key.hot, tile, chunk->id, each->status,
                   each->launches, round(each->sm_mhz), (const void *)each->samples,
                   each->count * sizeof *each->samples);
    }
    sqlite3_finalize(insert);
    return done;
}

bool store_write_chunk(struct store *store, struct store_chunk *chunk, struct error *err)
{
    bool own;

    if (!sql_enter(store, &own, err))
        return false;
    bool done = insert_chunk(store, chunk, err) && insert_measurements(store, chunk, err) &&
                sql_run(store, err,
                    "UPDATE tune SET done = ?, total = ?, touched = max(touched, ?) WHERE id = ?",
                    "lldl", chunk->done, chunk->total, chunk->time + chunk->wall_s, chunk->tune);
    return sql_leave(store, own, done, err);
}

static bool read_chunk(sqlite3_stmt *row, void *item, struct error *err)
{
    struct store_chunk *chunk = item;

    (void)err;
    chunk->tune = sql_id(row, 0);
    chunk->build = sql_id(row, 1);
    chunk->phase = sql_int(row, 2);
    chunk->time = sql_double(row, 3);
    chunk->wall_s = (float)sql_double(row, 4);
    chunk->gpu_s = (float)sql_double(row, 5);
    chunk->launches = sql_int(row, 6);
    chunk->routing_seed = (uint64_t)sql_id(row, 7);
    sql_text(row, 8, chunk->method, sizeof chunk->method);
    chunk->sm_mhz = (float)sql_double(row, 9);
    chunk->sm_mhz_min = (float)sql_double(row, 10);
    chunk->temperature_c = (float)sql_double(row, 11);
    chunk->power_w = (float)sql_double(row, 12);
    chunk->sentinel = (float)sql_double(row, 13);
    chunk->suspect = sql_int(row, 14) == 1;
    chunk->done = sql_id(row, 15);
    chunk->total = sql_id(row, 16);
    return true;
}

bool store_get_chunk(
    struct store *store, long long id, struct store_chunk *chunk, struct error *err)
{
    static const struct sql_items kind = {.name = "chunk", .read = read_chunk};
    sqlite3_stmt *row = sql_query(store, err,
        "SELECT c.tune, c.build, phase, time, wall_s, gpu_s, launches, routing_seed, method,"
        " sm_mhz, sm_mhz_min, temperature_c, power_w, sentinel, suspect, done, total"
        " FROM chunk c JOIN tune ON tune.id = c.tune WHERE c.id = ?",
        "l", id);

    *chunk = (struct store_chunk){.id = id};
    return sql_get(store, row, &kind, id, chunk, err);
}

/* The point being gathered: its measurements, and all their samples one after the other. */
struct gatherer {
    struct store_measurement *measurements;
    size_t count, capacity;
    float *samples;
    size_t sample_count, sample_capacity;
    float *counted; /* those that count */
};

static void gather_samples(struct gatherer *all, const void *blob, size_t count)
{
    if (all->sample_count + count > all->sample_capacity) {
        all->sample_capacity = 2 * (all->sample_count + count);
        all->samples = xrealloc(all->samples, all->sample_capacity, sizeof *all->samples);
        all->counted = xrealloc(all->counted, all->sample_capacity, sizeof *all->counted);
    }
    if (count > 0)
        memcpy(all->samples + all->sample_count, blob, count * sizeof *all->samples);
    all->sample_count += count;
}

#define MEASUREMENT_COLUMNS                                                         \
    "p.gemm, p.m, p.hot, p.tile, p.chunk, p.status, p.launches, p.sm_mhz, c.phase," \
    " c.suspect, c.time, " TILE_COLUMNS ", p.samples"

/* CROSS JOIN keeps measurement the outer loop, in the primary key's own order. */
#define MEASUREMENT_QUERY                                                      \
    "SELECT " MEASUREMENT_COLUMNS " FROM measurement p"                        \
    " CROSS JOIN tile t ON t.id = p.tile CROSS JOIN chunk c ON c.id = p.chunk" \
    " WHERE p.tune = ?1 AND p.build = ?2"
#define MEASUREMENT_ORDER " ORDER BY p.gemm, p.m, p.hot, p.tile, p.chunk"

enum { COLUMN_TILE = 11 };

/* Its samples are borrowed from the row. */
static void read_measurement(
    sqlite3_stmt *row, const struct store_point_key *key, struct store_measurement *each)
{
    *each = (struct store_measurement){
        .key = *key,
        .chunk = sql_id(row, 4),
        .status = (enum point_status)sql_int(row, 5),
        .launches = sql_int(row, 6),
        .sm_mhz = (float)sql_double(row, 7),
        .phase = sql_int(row, 8),
        .time = sql_double(row, 10),
        .samples = sqlite3_column_blob(row, COLUMN_TILE + 7),
        .count = (size_t)sqlite3_column_bytes(row, COLUMN_TILE + 7) / sizeof(float),
    };
    each->suspect =
        each->status == POINT_SUSPECT || (each->status == POINT_OK && sqlite3_column_int(row, 9));
}

static void gather(struct gatherer *all, sqlite3_stmt *row, const struct store_point_key *key)
{
    if (all->count == all->capacity) {
        all->capacity = 2 * all->capacity + 8;
        all->measurements = xrealloc(all->measurements, all->capacity, sizeof *all->measurements);
    }
    struct store_measurement *each = &all->measurements[all->count++];
    read_measurement(row, key, each);
    gather_samples(all, each->samples, each->count);
}

/* The rule stands beside store_point.status. */
static enum point_status status_of(const struct gatherer *all)
{
    enum point_status status = POINT_SUSPECT;

    for (size_t i = 0; i < all->count; i++) {
        if (all->measurements[i].status == POINT_WRONG_RESULT)
            return POINT_WRONG_RESULT;
        if (!all->measurements[i].suspect)
            status = all->measurements[i].status;
    }
    return status;
}

/* Sets the measurements' sample pointers, and copies what counts together. */
static size_t count_samples(struct gatherer *all)
{
    const float *samples = all->samples;
    bool only_suspect = true;
    size_t counted = 0;

    for (size_t i = 0; i < all->count; i++) {
        all->measurements[i].samples = samples;
        samples += all->measurements[i].count;
        only_suspect = only_suspect && all->measurements[i].suspect;
    }
    for (size_t i = 0; i < all->count; i++) {
        const struct store_measurement *each = &all->measurements[i];
        bool counts = only_suspect || (each->status == POINT_OK && !each->suspect);
        if (!counts || each->count == 0)
            continue;
        memcpy(all->counted + counted, each->samples, each->count * sizeof *each->samples);
        counted += each->count;
    }
    return counted;
}

static bool visit_point(
    struct gatherer *all, bool (*visit)(const struct store_point *point, void *arg), void *arg)
{
    struct stats_interval interval;

    if (all->count == 0)
        return true;
    struct store_point point = {
        .key = all->measurements[0].key,
        .status = status_of(all),
        .count = count_samples(all),
        .samples = all->counted,
        .measurements = all->measurements,
        .measurement_count = all->count,
    };
    stats_median_interval(point.samples, point.count, 0.95, &interval);
    point.median_us = interval.estimate;
    point.low_us = interval.low;
    point.high_us = interval.high;
    all->count = all->sample_count = 0;
    return visit(&point, arg);
}

/* In the primary key's own order, so that nothing is sorted. */
static sqlite3_stmt *query_points(
    struct store *store, const struct store_filter *filter, long long build, struct error *err)
{
    struct text query = {0};

    text_add(&query, MEASUREMENT_QUERY);
    if (filter->gemm >= 0)
        text_add(&query, " AND p.gemm = %d", filter->gemm);
    if (filter->m > 0)
        text_add(&query, " AND p.m = %d", filter->m);
    /* Where m is open the key cannot seek by hot, and must not drop it from its order. */
    if (filter->hot >= 0)
        text_add(&query, " AND %sp.hot = %d", filter->m > 0 ? "" : "+", filter->hot);
    if (filter->tile)
        text_add(&query, " AND p.hot IN (0, 1) AND p.tile = ?3");
    text_add(&query, MEASUREMENT_ORDER);

    long long tile = 0;
    const struct tile *t = filter->tile;
    if (t && !sql_number(store, err, 0, &tile,
                 "SELECT id FROM tile WHERE bm = ? AND bn = ? AND bk = ? AND group_m = ? AND"
                 " warps = ? AND stages = ? AND tma = ?",
                 "iiiiiii", t->block_m, t->block_n, t->block_k, t->group_m, t->num_warps,
                 t->num_stages, t->use_tma)) {
        text_free(&query);
        return NULL;
    }
    sqlite3_stmt *row = t ? sql_query(store, err, query.data, "lll", filter->tune, build, tile)
                          : sql_query(store, err, query.data, "ll", filter->tune, build);
    text_free(&query);
    return row;
}

bool store_each_point(struct store *store, const struct store_filter *filter,
    bool (*visit)(const struct store_point *point, void *arg), void *arg, struct error *err)
{
    struct gatherer all = {0};
    long long build = filter->build;
    long long key[4] = {-1, -1, -1, -1}; /* gemm, m, hot, tile of the point being gathered */
    enum sql_step step = SQL_DONE;
    bool go_on = true;

    if (build == 0 && !sql_number(store, err, 0, &build, "SELECT build FROM tune WHERE id = ?", "l",
                          filter->tune))
        return false;
    sqlite3_stmt *row = query_points(store, filter, build, err);
    if (!row)
        return false;
    while (go_on && (step = sql_step(store, row, err)) == SQL_ROW) {
        long long next[4] = {sql_id(row, 0), sql_id(row, 1), sql_id(row, 2), sql_id(row, 3)};
        if (memcmp(next, key, sizeof key) != 0) {
            go_on = visit_point(&all, visit, arg);
            memcpy(key, next, sizeof key);
        }
        gather(&all, row,
            &(struct store_point_key){
                (enum gemm)next[0], (int)next[1], next[2] != 0, sql_tile(row, COLUMN_TILE)});
    }
    if (go_on && step == SQL_DONE)
        visit_point(&all, visit, arg);
    sqlite3_finalize(row);
    free(all.measurements);
    free(all.samples);
    free(all.counted);
    return step != SQL_FAILED;
}

bool store_each_measurement(struct store *store, long long tune, long long build, long long after,
    bool (*visit)(const struct store_measurement *measurement, void *arg), void *arg,
    struct error *err)
{
    sqlite3_stmt *row = sql_query(store, err,
        MEASUREMENT_QUERY " AND p.chunk > ?3" MEASUREMENT_ORDER, "lll", tune, build, after);
    enum sql_step step = SQL_FAILED;
    struct store_measurement each;

    while (row && (step = sql_step(store, row, err)) == SQL_ROW) {
        read_measurement(row,
            &(struct store_point_key){(enum gemm)sql_int(row, 0), sql_int(row, 1),
                sql_int(row, 2) == 1, sql_tile(row, COLUMN_TILE)},
            &each);
        if (!visit(&each, arg))
            break;
    }
    sqlite3_finalize(row);
    return step != SQL_FAILED;
}
