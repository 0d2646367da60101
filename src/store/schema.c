/* SPDX-License-Identifier: MIT */
#include "store/schema.h"

#include "base/text.h"
#include "store/sql.h"

#include <stdlib.h>

/*
 * A point is (tune, build, gemm, m, hot, tile); a measurement holds the samples of one point in one
 * chunk, and its key lets one range scan answer for a tune, a GEMM, a batch size or a cell. Samples
 * are float32, us, in the byte order of all machines that have such a GPU (little endian). m is
 * tokens, times are seconds since 1970, statuses are enum point_status.
 */
static const char version_1[] =
    "CREATE TABLE device (id INTEGER PRIMARY KEY, name TEXT NOT NULL, arch INTEGER NOT NULL,"
    " uuid TEXT NOT NULL, driver TEXT NOT NULL, smem_limit INTEGER, sm_count INTEGER,"
    " bandwidth REAL, sustained REAL, tensor_bf16 REAL, tensor_fp8 REAL, l2_bytes INTEGER,"
    " unified INTEGER, UNIQUE (name, arch, uuid, driver));"

    "CREATE TABLE build (id INTEGER PRIMARY KEY, engine TEXT NOT NULL,"
    " engine_version TEXT NOT NULL, kernel_hash TEXT NOT NULL, triton TEXT NOT NULL,"
    " ptxas TEXT NOT NULL, arch INTEGER NOT NULL, variant TEXT NOT NULL,"
    " UNIQUE (engine, engine_version, kernel_hash, triton, ptxas, arch, variant));"

    "CREATE TABLE tile (id INTEGER PRIMARY KEY, bm INTEGER NOT NULL, bn INTEGER NOT NULL,"
    " bk INTEGER NOT NULL, group_m INTEGER NOT NULL, warps INTEGER NOT NULL,"
    " stages INTEGER NOT NULL, tma INTEGER NOT NULL,"
    " UNIQUE (bm, bn, bk, group_m, warps, stages, tma));"

    "CREATE TABLE tune (id INTEGER PRIMARY KEY, question_hash TEXT NOT NULL,"
    " question TEXT NOT NULL, model TEXT NOT NULL, engine TEXT NOT NULL, backend TEXT NOT NULL,"
    " shape TEXT NOT NULL, device INTEGER REFERENCES device, build INTEGER REFERENCES build,"
    " seed INTEGER NOT NULL, state INTEGER NOT NULL, done INTEGER NOT NULL,"
    " total INTEGER NOT NULL, created REAL NOT NULL, touched REAL NOT NULL, result TEXT);"
    "CREATE INDEX tune_question ON tune (question_hash);"
    "CREATE INDEX tune_touched ON tune (touched);"

    "CREATE TABLE compile (build INTEGER NOT NULL REFERENCES build, gemm INTEGER NOT NULL,"
    " tile INTEGER NOT NULL REFERENCES tile, status INTEGER NOT NULL, shared_bytes INTEGER,"
    " registers INTEGER, spill_bytes INTEGER, seconds REAL, cubin TEXT, reason TEXT,"
    " PRIMARY KEY (build, gemm, tile)) WITHOUT ROWID;"

    "CREATE TABLE chunk (id INTEGER PRIMARY KEY, tune INTEGER NOT NULL REFERENCES tune,"
    " build INTEGER REFERENCES build, phase INTEGER NOT NULL, time REAL NOT NULL, wall_s REAL,"
    " gpu_s REAL, launches INTEGER NOT NULL, samples INTEGER NOT NULL, routing_seed INTEGER,"
    " method TEXT, sm_mhz REAL, sm_mhz_min REAL, temperature_c REAL, power_w REAL,"
    " sentinel REAL, suspect INTEGER NOT NULL);"
    "CREATE INDEX chunk_tune ON chunk (tune);"

    "CREATE TABLE measurement (tune INTEGER NOT NULL REFERENCES tune, build INTEGER NOT NULL,"
    " gemm INTEGER NOT NULL, m INTEGER NOT NULL, hot INTEGER NOT NULL,"
    " tile INTEGER NOT NULL REFERENCES tile, chunk INTEGER NOT NULL REFERENCES chunk,"
    " status INTEGER NOT NULL, launches INTEGER, sm_mhz REAL, samples BLOB,"
    " PRIMARY KEY (tune, build, gemm, m, hot, tile, chunk)) WITHOUT ROWID;"

    "CREATE TABLE fault (tune INTEGER NOT NULL REFERENCES tune, build INTEGER NOT NULL,"
    " gemm INTEGER NOT NULL, tile INTEGER NOT NULL REFERENCES tile, m INTEGER NOT NULL,"
    " count INTEGER NOT NULL, status INTEGER NOT NULL, time REAL NOT NULL, reason TEXT,"
    " PRIMARY KEY (tune, build, gemm, tile)) WITHOUT ROWID;"

    "CREATE TABLE verification (tune INTEGER NOT NULL REFERENCES tune, build INTEGER NOT NULL,"
    " gemm INTEGER NOT NULL, m INTEGER NOT NULL, tile INTEGER NOT NULL REFERENCES tile,"
    " right INTEGER NOT NULL, error REAL, nans INTEGER, unwritten INTEGER, time REAL NOT NULL,"
    " PRIMARY KEY (tune, build, gemm, m, tile)) WITHOUT ROWID;"

    "CREATE TABLE ab (id INTEGER PRIMARY KEY, tune INTEGER NOT NULL REFERENCES tune,"
    " build INTEGER, gemm INTEGER, m INTEGER NOT NULL, a_up INTEGER REFERENCES tile,"
    " a_down INTEGER REFERENCES tile, b_up INTEGER REFERENCES tile,"
    " b_down INTEGER REFERENCES tile, a_label TEXT, b_label TEXT, seed INTEGER NOT NULL,"
    " verdict TEXT NOT NULL, effect_pct REAL, low_pct REAL, high_pct REAL, mde_pct REAL,"
    " blocks INTEGER NOT NULL, blocks_to_decide INTEGER, a_us REAL, b_us REAL, flags TEXT,"
    " differences BLOB, time REAL NOT NULL);"
    "CREATE INDEX ab_tune ON ab (tune);"

    "CREATE TABLE choice (id INTEGER PRIMARY KEY, tune INTEGER NOT NULL REFERENCES tune,"
    " build INTEGER, gemm INTEGER NOT NULL, m INTEGER NOT NULL, dropped INTEGER NOT NULL,"
    " tile INTEGER REFERENCES tile, source INTEGER NOT NULL, reason TEXT, median_us REAL,"
    " low_us REAL, high_us REAL, default_us REAL, verified INTEGER NOT NULL,"
    " ab INTEGER REFERENCES ab, time REAL NOT NULL);"
    "CREATE INDEX choice_entry ON choice (tune, gemm, m);"

    "CREATE TABLE event (id INTEGER PRIMARY KEY, tune INTEGER NOT NULL REFERENCES tune,"
    " time REAL NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL);"
    "CREATE INDEX event_tune ON event (tune);";

/*
 * An engine's files that a layer's tunes have to beat, as texts, so that what was raced stays known
 * when the files change. `how` is enum incumbent_how; `layer` is the maker's canonical text.
 */
static const char version_2[] =
    "CREATE TABLE incumbent (id INTEGER PRIMARY KEY, how INTEGER NOT NULL, layer TEXT NOT NULL,"
    " model TEXT NOT NULL, engine TEXT NOT NULL, device TEXT NOT NULL, path TEXT NOT NULL,"
    " down_path TEXT, hash TEXT NOT NULL, up TEXT NOT NULL, down TEXT, time REAL NOT NULL);"
    "CREATE INDEX incumbent_layer ON incumbent (layer);"
    "ALTER TABLE tune ADD COLUMN incumbent INTEGER REFERENCES incumbent;"
    "ALTER TABLE choice ADD COLUMN incumbent_us REAL;";

/* Which earlier choice an undo brought back, -1: that there is none; NULL: it is no undo. */
static const char version_3[] = "ALTER TABLE choice ADD COLUMN restored INTEGER;";

/* The file that answered instead of a card, NULL: the shipped one, or a real card. */
static const char version_4[] = "ALTER TABLE tune ADD COLUMN recording TEXT;";

const char *const schema_steps[] = {version_1, version_2, version_3, version_4};
const int schema_version = sizeof schema_steps / sizeof *schema_steps;

static enum schema_state refuse_newer(struct store *store, long long version, struct error *err)
{
    error_set(err, ERROR_FAILED,
        "%s: written by a newer moebench (schema %lld, this one knows %d); use that one, or "
        "another file: --db FILE, MOEBENCH_DB",
        store->path, version, schema_version);
    return SCHEMA_REFUSED;
}

enum schema_state schema_look(struct store *store, struct error *err)
{
    long long application, version, tables;

    if (!sql_number(store, err, 0, &application, "PRAGMA application_id", "") ||
        !sql_number(store, err, 0, &version, "PRAGMA user_version", "") ||
        !sql_number(store, err, 0, &tables, "SELECT count(*) FROM sqlite_schema", ""))
        return SCHEMA_REFUSED;
    if (application == 0 && version == 0 && tables == 0)
        return SCHEMA_EMPTY;
    if (application != SCHEMA_APPLICATION) {
        error_set(err, ERROR_FAILED,
            "%s: not a moebench database, but one of another program; it is left as it is. Name "
            "another file: --db FILE, MOEBENCH_DB",
            store->path);
        return SCHEMA_REFUSED;
    }
    if (version > schema_version)
        return refuse_newer(store, version, err);
    return version < schema_version ? SCHEMA_OLDER : SCHEMA_CURRENT;
}

static bool run_script(struct store *store, const char *script, struct error *err)
{
    return sqlite3_exec(store->db, script, NULL, NULL, NULL) == SQLITE_OK || sql_fail(store, err);
}

bool schema_migrate(struct store *store, const char *const steps[], int version, struct error *err)
{
    long long from;

    if (!store_begin(store, err))
        return false;
    if (!sql_number(store, err, 0, &from, "PRAGMA user_version", ""))
        return false;
    for (long long i = from; i < version; i++) {
        if (!run_script(store, steps[i], err))
            return error_prefix(err, "schema %lld to %lld", i, i + 1);
    }
    char *mark = xasprintf(
        "PRAGMA application_id = %d; PRAGMA user_version = %d;", SCHEMA_APPLICATION, version);
    bool done = run_script(store, mark, err);
    free(mark);
    return done && store_commit(store, err);
}
