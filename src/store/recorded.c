/* SPDX-License-Identifier: MIT */
#include "store/recorded.h"

#include "base/text.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define APPLICATION_ID 0x4d6f6552 /* "MoeR" */
#define COUNT_MOST 255

static const char schema[] =
    "PRAGMA application_id = 1299146066;" /* APPLICATION_ID */
    "CREATE TABLE facts (json TEXT NOT NULL);"
    "CREATE TABLE tiles (gemm INTEGER NOT NULL, place INTEGER NOT NULL, tile TEXT NOT NULL,"
    " status INTEGER NOT NULL, shared_bytes INTEGER, registers INTEGER, spill_bytes INTEGER,"
    " PRIMARY KEY (gemm, place)) WITHOUT ROWID;"
    "CREATE TABLE points (gemm INTEGER NOT NULL, m INTEGER NOT NULL, samples BLOB NOT NULL,"
    " PRIMARY KEY (gemm, m)) WITHOUT ROWID;";

static size_t find_place(const struct recorded *recorded, enum gemm gemm, const struct tile *tile)
{
    size_t low = 0, high = recorded->tile_count[gemm];
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (tile_compare(&recorded->tiles[gemm][middle].tile, tile) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    bool found =
        low < recorded->tile_count[gemm] && tile_equal(&recorded->tiles[gemm][low].tile, tile);
    return found ? low : recorded->tile_count[gemm];
}

const struct recorded_tile *recorded_find_tile(
    const struct recorded *recorded, enum gemm gemm, const struct tile *tile)
{
    size_t place = find_place(recorded, gemm, tile);
    return place < recorded->tile_count[gemm] ? &recorded->tiles[gemm][place] : NULL;
}

const struct recorded_point *recorded_find(
    const struct recorded *recorded, enum gemm gemm, int m, const struct tile *tile)
{
    size_t place = find_place(recorded, gemm, tile), row = 0;
    while (row < recorded->batch_size_count && recorded->batch_sizes[row] != m)
        row++;
    if (row == recorded->batch_size_count || place == recorded->tile_count[gemm])
        return NULL;
    return &recorded->points[gemm][row * recorded->tile_count[gemm] + place];
}

void recorded_free(struct recorded *recorded)
{
    if (recorded == NULL)
        return;
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++) {
        free(recorded->tiles[gemm]);
        free(recorded->points[gemm]);
        free(recorded->samples[gemm]);
    }
    free(recorded->batch_sizes);
    free(recorded);
}

/* ---- reading ---- */

static bool damaged(sqlite3 *db, const char *what, struct error *err)
{
    return error_set(err, ERROR_FAILED, "damaged (%s: %s)", what, sqlite3_errmsg(db));
}

/* The texts of the facts by key, for reading and for writing alike. */
#define TEXTS(X) X(engine_version) X(kernel_hash) X(triton) X(ptxas) X(date) X(provenance)

static bool read_facts(sqlite3 *db, struct recorded *recorded, struct error *err)
{
    sqlite3_stmt *row = NULL;
    if (sqlite3_prepare_v2(db, "SELECT json FROM facts", -1, &row, NULL) != SQLITE_OK ||
        sqlite3_step(row) != SQLITE_ROW) {
        damaged(db, "facts", err);
        sqlite3_finalize(row);
        return false;
    }
    const char *text = (const char *)sqlite3_column_text(row, 0);
    struct json *facts = json_parse(text, strlen(text), err);
    sqlite3_finalize(row);
    if (facts == NULL)
        return false;
    const char *engine = json_string(json_get(facts, "engine"));
    device_from_json(json_get(facts, "device"), &recorded->device);
#define READ(field) json_take_text(facts, #field, recorded->field, sizeof recorded->field);
    TEXTS(READ)
#undef READ
    bool ok = engine_parse(engine ? engine : "", &recorded->engine, err) &&
              shape_from_json(json_get(facts, "shape"), &recorded->shape, err);
    json_free(facts);
    return ok;
}

static int column_or(sqlite3_stmt *row, int column)
{
    return sqlite3_column_type(row, column) == SQLITE_NULL ? -1 : sqlite3_column_int(row, column);
}

static bool read_tiles(sqlite3 *db, struct recorded *recorded, struct error *err)
{
    sqlite3_stmt *row = NULL;
    const char *sql = "SELECT gemm, tile, status, shared_bytes, registers, spill_bytes FROM tiles"
                      " ORDER BY gemm, place";
    bool ok = sqlite3_prepare_v2(db, sql, -1, &row, NULL) == SQLITE_OK || damaged(db, "tiles", err);
    int step = SQLITE_DONE;
    while (ok && (step = sqlite3_step(row)) == SQLITE_ROW) {
        int gemm = sqlite3_column_int(row, 0) == GEMM_UP ? GEMM_UP : GEMM_DOWN;
        size_t count = recorded->tile_count[gemm]++;
        if ((count & (count - 1)) == 0) /* 0 and powers of two */
            recorded->tiles[gemm] =
                xrealloc(recorded->tiles[gemm], count ? 2 * count : 1, sizeof **recorded->tiles);
        struct recorded_tile *tile = &recorded->tiles[gemm][count];
        ok = tile_parse((const char *)sqlite3_column_text(row, 1), &tile->tile, err);
        tile->status = (enum point_status)sqlite3_column_int(row, 2);
        tile->shared_bytes = column_or(row, 3);
        tile->registers = column_or(row, 4);
        tile->spill_bytes = column_or(row, 5);
    }
    if (ok && step != SQLITE_DONE)
        ok = damaged(db, "tiles", err);
    sqlite3_finalize(row);
    return ok;
}

static bool read_batch_sizes(sqlite3 *db, struct recorded *recorded, struct error *err)
{
    sqlite3_stmt *row = NULL;
    const char *sql = "SELECT DISTINCT m FROM points ORDER BY m";
    if (sqlite3_prepare_v2(db, sql, -1, &row, NULL) != SQLITE_OK)
        return damaged(db, "points", err);
    while (sqlite3_step(row) == SQLITE_ROW) {
        size_t count = recorded->batch_size_count++;
        recorded->batch_sizes =
            xrealloc(recorded->batch_sizes, count + 1, sizeof *recorded->batch_sizes);
        recorded->batch_sizes[count] = sqlite3_column_int(row, 0);
    }
    sqlite3_finalize(row);
    return true;
}

/* Takes one row apart into `points`, its samples into `samples`; what it used of them, or -1. */
static long long unpack(const unsigned char *blob, size_t length, size_t tiles,
    struct recorded_point *points, float *samples)
{
    long long used = 0;
    size_t at = 0;
    for (size_t i = 0; i < tiles; i++) {
        if (length - at < 2 || blob[at] >= POINT_STATUS_COUNT ||
            length - at - 2 < blob[at + 1] * sizeof(float))
            return -1;
        points[i] =
            (struct recorded_point){(enum point_status)blob[at], blob[at + 1], samples + used};
        memcpy(samples + used, blob + at + 2, blob[at + 1] * sizeof(float));
        used += blob[at + 1];
        at += 2 + blob[at + 1] * sizeof(float);
    }
    return at == length ? used : -1;
}

static bool read_points(sqlite3 *db, struct recorded *recorded, enum gemm gemm, struct error *err)
{
    size_t tiles = recorded->tile_count[gemm], row = 0;
    sqlite3_stmt *rows = NULL;
    sqlite3_stmt *size = NULL;
    bool ok = sqlite3_prepare_v2(db, "SELECT sum(length(samples)) FROM points WHERE gemm = ?", -1,
                  &size, NULL) == SQLITE_OK &&
              sqlite3_prepare_v2(db, "SELECT m, samples FROM points WHERE gemm = ? ORDER BY m", -1,
                  &rows, NULL) == SQLITE_OK;
    if (ok) {
        sqlite3_bind_int(size, 1, gemm);
        sqlite3_bind_int(rows, 1, gemm);
        sqlite3_step(size);
        recorded->samples[gemm] = xcalloc((size_t)sqlite3_column_int64(size, 0) / 4 + 1, 4);
        recorded->points[gemm] =
            xcalloc(recorded->batch_size_count * tiles + 1, sizeof **recorded->points);
    }
    float *samples = recorded->samples[gemm];
    while (ok && sqlite3_step(rows) == SQLITE_ROW) {
        while (recorded->batch_sizes[row] != sqlite3_column_int(rows, 0))
            row++;
        long long used = unpack(sqlite3_column_blob(rows, 1), (size_t)sqlite3_column_bytes(rows, 1),
            tiles, recorded->points[gemm] + row * tiles, samples);
        ok = used >= 0;
        samples += used;
    }
    ok = ok || damaged(db, "points", err);
    sqlite3_finalize(rows);
    sqlite3_finalize(size);
    return ok;
}

static sqlite3 *open_immutable(const char *path, struct error *err)
{
    if (access(path, R_OK) != 0) {
        error_errno(err, ERROR_DEVICE, "%s", path);
        return NULL;
    }
    struct text uri = {0};
    sqlite3 *db = NULL;
    text_add(&uri, "file:");
    for (const char *c = path; *c; c++)
        text_add(&uri, strchr("%?#", *c) ? "%%%02X" : "%c", (unsigned char)*c);
    text_add(&uri, "?immutable=1");
    int code = sqlite3_open_v2(uri.data, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
    sqlite3_stmt *row = NULL;
    long long id = 0;
    if (code == SQLITE_OK)
        code = sqlite3_prepare_v2(db, "PRAGMA application_id", -1, &row, NULL);
    if (code == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW)
        id = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    text_free(&uri);
    if (code == SQLITE_OK && id == APPLICATION_ID)
        return db;
    error_set(
        err, ERROR_DEVICE, "%s: not a recorded set; `moebench report --record` makes one", path);
    sqlite3_close(db);
    return NULL;
}

struct recorded *recorded_open(const char *path, struct error *err)
{
    sqlite3 *db = open_immutable(path, err);
    if (db == NULL)
        return NULL;
    struct recorded *recorded = xcalloc(1, sizeof *recorded);
    bool ok = read_facts(db, recorded, err) && read_tiles(db, recorded, err) &&
              read_batch_sizes(db, recorded, err) && read_points(db, recorded, GEMM_UP, err) &&
              read_points(db, recorded, GEMM_DOWN, err);
    sqlite3_close(db);
    if (ok)
        return recorded;
    error_prefix(err, "%s", path);
    recorded_free(recorded);
    return NULL;
}

/* ---- writing ---- */

static char *print_facts(const struct recorded *recorded)
{
    struct json *facts = json_new_object();
    char engine[ENGINE_TEXT_SIZE];
    json_add_string(facts, "engine", engine_format(&recorded->engine, engine, sizeof engine));
    device_add_json(json_add_object(facts, "device"), &recorded->device);
    shape_add_json(json_add_object(facts, "shape"), &recorded->shape);
#define WRITE(field) json_add_string(facts, #field, recorded->field);
    TEXTS(WRITE)
#undef WRITE
    char *text = json_print(facts);
    json_free(facts);
    return text;
}

static void bind_known(sqlite3_stmt *row, int place, int value)
{
    if (value < 0)
        sqlite3_bind_null(row, place);
    else
        sqlite3_bind_int(row, place, value);
}

static bool write_tiles(sqlite3 *db, const struct recorded *recorded, enum gemm gemm)
{
    sqlite3_stmt *row = NULL;
    bool ok = sqlite3_prepare_v2(db, "INSERT INTO tiles VALUES (?, ?, ?, ?, ?, ?, ?)", -1, &row,
                  NULL) == SQLITE_OK;
    for (size_t i = 0; ok && i < recorded->tile_count[gemm]; i++) {
        const struct recorded_tile *tile = &recorded->tiles[gemm][i];
        char text[TILE_TEXT_SIZE];
        tile_format(&tile->tile, text, sizeof text);
        sqlite3_bind_int(row, 1, gemm);
        sqlite3_bind_int64(row, 2, (sqlite3_int64)i);
        sqlite3_bind_text(row, 3, text, -1, SQLITE_TRANSIENT);
        sqlite3_bind_int(row, 4, tile->status);
        bind_known(row, 5, tile->shared_bytes);
        bind_known(row, 6, tile->registers);
        bind_known(row, 7, tile->spill_bytes);
        ok = sqlite3_step(row) == SQLITE_DONE && sqlite3_reset(row) == SQLITE_OK;
    }
    sqlite3_finalize(row);
    return ok;
}

static bool write_points(sqlite3 *db, const struct recorded *recorded, enum gemm gemm)
{
    size_t tiles = recorded->tile_count[gemm];
    sqlite3_stmt *row = NULL;
    bool ok =
        sqlite3_prepare_v2(db, "INSERT INTO points VALUES (?, ?, ?)", -1, &row, NULL) == SQLITE_OK;
    for (size_t m = 0; ok && m < recorded->batch_size_count; m++) {
        struct text blob = {0};
        for (size_t i = 0; i < tiles; i++) {
            const struct recorded_point *point = &recorded->points[gemm][m * tiles + i];
            int count = point->count < COUNT_MOST ? point->count : COUNT_MOST;
            unsigned char head[2] = {(unsigned char)point->status, (unsigned char)count};
            text_add_bytes(&blob, head, sizeof head);
            text_add_bytes(&blob, point->samples, (size_t)count * sizeof(float));
        }
        sqlite3_bind_int(row, 1, gemm);
        sqlite3_bind_int(row, 2, recorded->batch_sizes[m]);
        sqlite3_bind_blob(row, 3, blob.data ? blob.data : "", (int)blob.length, SQLITE_TRANSIENT);
        ok = sqlite3_step(row) == SQLITE_DONE && sqlite3_reset(row) == SQLITE_OK;
        text_free(&blob);
    }
    sqlite3_finalize(row);
    return ok;
}

static bool write_all(sqlite3 *db, const struct recorded *recorded)
{
    char *facts = print_facts(recorded);
    char *insert = sqlite3_mprintf("INSERT INTO facts VALUES (%Q)", facts);
    bool ok = sqlite3_exec(db, schema, NULL, NULL, NULL) == SQLITE_OK &&
              sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK &&
              sqlite3_exec(db, insert, NULL, NULL, NULL) == SQLITE_OK;
    for (enum gemm gemm = GEMM_UP; ok && gemm < GEMM_COUNT; gemm++)
        ok = write_tiles(db, recorded, gemm) && write_points(db, recorded, gemm);
    ok = ok && sqlite3_exec(db, "COMMIT; VACUUM", NULL, NULL, NULL) == SQLITE_OK;
    sqlite3_free(insert);
    free(facts);
    return ok;
}

bool recorded_write(const char *path, const struct recorded *recorded, struct error *err)
{
    char *beside = xasprintf("%s.new", path);
    sqlite3 *db = NULL;
    unlink(beside);
    bool ok = sqlite3_open(beside, &db) == SQLITE_OK && write_all(db, recorded);
    if (!ok)
        error_set(err, ERROR_FAILED, "%s: cannot write it: %s", beside, sqlite3_errmsg(db));
    sqlite3_close(db);
    if (ok && rename(beside, path) != 0)
        ok = error_errno(err, ERROR_FAILED, "%s", path);
    if (!ok)
        unlink(beside);
    free(beside);
    return ok;
}
