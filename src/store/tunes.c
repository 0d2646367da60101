/* SPDX-License-Identifier: MIT */
#include "store/store.h"

#include "base/clock.h"
#include "base/hash.h"
#include "store/sql.h"

#include <stdlib.h>
#include <string.h>

static const char *const state_names[] = {
    [TUNE_UNFINISHED] = "unfinished",
    [TUNE_DONE] = "done",
    [TUNE_FAILED] = "failed",
};

const char *tune_state_name(enum tune_state state)
{
    return state_names[state];
}

bool store_put_device(struct store *store, struct store_device *device, struct error *err)
{
    const struct device *d = &device->device;

    return sql_number(store, err, 0, &device->id,
        "INSERT INTO device (name, arch, uuid, driver, smem_limit, sm_count, bandwidth, sustained,"
        " tensor_bf16, tensor_fp8, l2_bytes, unified) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"
        " ON CONFLICT (name, arch, uuid, driver) DO UPDATE SET smem_limit = excluded.smem_limit,"
        " sm_count = excluded.sm_count, bandwidth = excluded.bandwidth,"
        " sustained = excluded.sustained, tensor_bf16 = excluded.tensor_bf16,"
        " tensor_fp8 = excluded.tensor_fp8, l2_bytes = excluded.l2_bytes,"
        " unified = excluded.unified RETURNING id",
        "sissiiddddli", d->name, d->arch, device->uuid, device->driver, d->smem_limit, d->sm_count,
        d->bandwidth, d->sustained, d->tensor_bf16, d->tensor_fp8, d->l2_bytes, d->unified);
}

static bool read_device(sqlite3_stmt *row, void *item, struct error *err)
{
    struct store_device *device = item;
    struct device *d = &device->device;

    (void)err;
    sql_text(row, 0, d->name, sizeof d->name);
    d->arch = sql_int(row, 1);
    sql_text(row, 2, device->uuid, sizeof device->uuid);
    sql_text(row, 3, device->driver, sizeof device->driver);
    d->smem_limit = sql_int(row, 4);
    d->sm_count = sql_int(row, 5);
    d->bandwidth = sql_double(row, 6);
    d->sustained = sql_double(row, 7);
    d->tensor_bf16 = sql_double(row, 8);
    d->tensor_fp8 = sql_double(row, 9);
    d->l2_bytes = sql_id(row, 10);
    d->unified = sql_int(row, 11) == 1;
    return true;
}

bool store_get_device(
    struct store *store, long long id, struct store_device *device, struct error *err)
{
    static const struct sql_items kind = {.name = "device", .read = read_device};
    sqlite3_stmt *row = sql_query(store, err,
        "SELECT name, arch, uuid, driver, smem_limit, sm_count, bandwidth, sustained, tensor_bf16,"
        " tensor_fp8, l2_bytes, unified FROM device WHERE id = ?",
        "l", id);

    *device = (struct store_device){.id = id};
    return sql_get(store, row, &kind, id, device, err);
}

bool store_put_build(struct store *store, struct store_build *build, struct error *err)
{
    return sql_number(store, err, 0, &build->id,
        "INSERT INTO build (engine, engine_version, kernel_hash, triton, ptxas, arch, variant)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET arch = excluded.arch RETURNING id",
        "sssssis", build->engine, build->engine_version, build->kernel_hash, build->triton,
        build->ptxas, build->arch, build->variant);
}

static bool read_build(sqlite3_stmt *row, void *item, struct error *err)
{
    struct store_build *build = item;

    (void)err;
    sql_text(row, 0, build->engine, sizeof build->engine);
    sql_text(row, 1, build->engine_version, sizeof build->engine_version);
    sql_text(row, 2, build->kernel_hash, sizeof build->kernel_hash);
    sql_text(row, 3, build->triton, sizeof build->triton);
    sql_text(row, 4, build->ptxas, sizeof build->ptxas);
    build->arch = sql_int(row, 5);
    sql_text(row, 6, build->variant, sizeof build->variant);
    return true;
}

bool store_get_build(
    struct store *store, long long id, struct store_build *build, struct error *err)
{
    static const struct sql_items kind = {.name = "kernel build", .read = read_build};
    sqlite3_stmt *row = sql_query(store, err,
        "SELECT engine, engine_version, kernel_hash, triton, ptxas, arch, variant FROM build"
        " WHERE id = ?",
        "l", id);

    *build = (struct store_build){.id = id};
    return sql_get(store, row, &kind, id, build, err);
}

void store_tune_free(struct store_tune *tune)
{
    free(tune->question);
    free(tune->result);
    free(tune->recording);
    tune->question = tune->result = tune->recording = NULL;
}

int store_tune_percent(const struct store_tune *tune)
{
    int percent = tune->total > 0 ? (int)(100 * tune->done / tune->total) : 0;

    return tune->state == TUNE_DONE ? 100 : percent > 99 ? 99 : percent;
}

static char *shape_text(const struct shape *shape)
{
    struct json *json = json_new_object();

    shape_add_json(json, shape);
    char *text = json_print(json);
    json_free(json);
    return text;
}

bool store_add_tune(struct store *store, struct store_tune *tune, struct error *err)
{
    char hash[HASH_HEX_SIZE];
    char *shape = shape_text(&tune->shape);

    hash_sha256(tune->question, strlen(tune->question), hash);
    tune->created = tune->touched = clock_wall();
    bool done = sql_number(store, err, 0, &tune->id,
        "INSERT INTO tune (question_hash, question, model, engine, backend, shape, device, build,"
        " seed, state, done, total, created, touched, result, incumbent, recording)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        "sssssskklillddsks", hash, tune->question, tune->model, tune->engine, tune->backend, shape,
        tune->device, tune->build, (long long)tune->seed, tune->state, tune->done, tune->total,
        tune->created, tune->touched, tune->result, tune->incumbent, tune->recording);
    free(shape);
    return done;
}

bool store_update_tune(struct store *store, struct store_tune *tune, struct error *err)
{
    tune->touched = clock_wall();
    return sql_run(store, err,
        "UPDATE tune SET build = ?, state = ?, done = ?, total = ?, touched = ?, result = ?,"
        " incumbent = ?, recording = ? WHERE id = ?",
        "killdsksl", tune->build, tune->state, tune->done, tune->total, tune->touched, tune->result,
        tune->incumbent, tune->recording, tune->id);
}

bool store_drop_empty_tune(struct store *store, long long tune, struct error *err)
{
    long long held = 0;
    bool own;

    if (!sql_enter(store, &own, err))
        return false;
    bool done = sql_number(store, err, 0, &held,
        "SELECT EXISTS (SELECT 1 FROM chunk WHERE tune = ?1)"
        " OR EXISTS (SELECT 1 FROM verification WHERE tune = ?1)"
        " OR EXISTS (SELECT 1 FROM fault WHERE tune = ?1)"
        " OR EXISTS (SELECT 1 FROM ab WHERE tune = ?1)"
        " OR EXISTS (SELECT 1 FROM choice WHERE tune = ?1)",
        "l", tune);
    if (done && !held)
        done = sql_run(store, err, "DELETE FROM event WHERE tune = ?", "l", tune) &&
               sql_run(store, err, "DELETE FROM tune WHERE id = ?", "l", tune);
    return sql_leave(store, own, done, err);
}

#define TUNE_QUERY                                                                                 \
    "SELECT id, question, model, engine, backend, shape, device, build, seed, state, done, total," \
    " created, touched, result, incumbent, recording FROM tune "

static bool read_tune(sqlite3_stmt *row, void *item, struct error *err)
{
    struct store_tune *tune = item;
    char *shape = sql_text_copy(row, 5);
    struct json *json = json_parse(shape ? shape : "", shape ? strlen(shape) : 0, err);

    *tune = (struct store_tune){
        .id = sql_id(row, 0),
        .question = sql_text_copy(row, 1),
        .device = sql_id(row, 6),
        .build = sql_id(row, 7),
        .seed = (uint64_t)sql_id(row, 8),
        .state = (enum tune_state)sql_int(row, 9),
        .done = sql_id(row, 10),
        .total = sql_id(row, 11),
        .created = sql_double(row, 12),
        .touched = sql_double(row, 13),
        .result = sql_text_copy(row, 14),
        .incumbent = sql_id(row, 15),
        .recording = sql_text_copy(row, 16),
    };
    sql_text(row, 2, tune->model, sizeof tune->model);
    sql_text(row, 3, tune->engine, sizeof tune->engine);
    sql_text(row, 4, tune->backend, sizeof tune->backend);
    bool done = json && shape_from_json(json, &tune->shape, err);
    json_free(json);
    free(shape);
    if (done)
        return true;
    error_prefix(err, "tune %lld: shape", tune->id);
    store_tune_free(tune);
    return false;
}

static void drop_tune(void *item)
{
    store_tune_free(item);
}

static const struct sql_items tune_kind = {
    .name = "tune", .size = sizeof(struct store_tune), .read = read_tune, .drop = drop_tune};

bool store_find_tune(
    struct store *store, const char *question, struct store_tune *tune, struct error *err)
{
    char hash[HASH_HEX_SIZE];

    if (err)
        err->kind = ERROR_NONE;
    hash_sha256(question, strlen(question), hash);
    sqlite3_stmt *row = sql_query(
        store, err, TUNE_QUERY "WHERE question_hash = ? ORDER BY id DESC LIMIT 1", "s", hash);
    return sql_one(store, row, &tune_kind, tune, err) == SQL_ROW;
}

bool store_get_tune(struct store *store, long long id, struct store_tune *tune, struct error *err)
{
    return sql_get(store, sql_query(store, err, TUNE_QUERY "WHERE id = ?", "l", id), &tune_kind, id,
        tune, err);
}

bool store_list_tunes(
    struct store *store, struct store_tune **tunes, size_t *count, struct error *err)
{
    sqlite3_stmt *row = sql_query(store, err, TUNE_QUERY "ORDER BY touched DESC, id DESC", "");
    void *list;
    bool done = sql_list(store, row, &tune_kind, &list, count, err);

    *tunes = list;
    return done;
}

bool store_get_totals(
    struct store *store, long long tune, struct store_totals *totals, struct error *err)
{
    sqlite3_stmt *row = sql_query(store, err,
        "SELECT count(chunk.id), total(launches), total(samples), total(gpu_s), total(wall_s),"
        " (SELECT count(*) FROM compile WHERE build = b),"
        " (SELECT count(*) FROM verification v WHERE v.tune = ?1 AND v.build = b),"
        " (SELECT total(count) FROM fault f WHERE f.tune = ?1 AND f.build = b)"
        " FROM (SELECT build AS b FROM tune WHERE id = ?1) LEFT JOIN chunk ON chunk.tune = ?1",
        "l", tune);
    if (!row)
        return false;

    enum sql_step step = sql_step(store, row, err);
    if (step == SQL_ROW)
        *totals = (struct store_totals){
            .chunks = sql_id(row, 0),
            .launches = sql_id(row, 1),
            .samples = sql_id(row, 2),
            .gpu_s = sql_double(row, 3),
            .wall_s = sql_double(row, 4),
            .compiles = sql_id(row, 5),
            .checks = sql_id(row, 6),
            .faults = sql_id(row, 7),
        };
    sqlite3_finalize(row);
    return step == SQL_ROW;
}
