/* SPDX-License-Identifier: MIT */
#include "store/store.h"

#include "base/clock.h"
#include "base/path.h"
#include "base/text.h"
#include "store/lock.h"
#include "store/name.h"
#include "store/place.h"
#include "store/schema.h"
#include "store/sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUSY_MS 5000 /* the longest wait for another program's lock */

char *store_default_path(void)
{
    const char *given = getenv("MOEBENCH_DB");

    if (given && *given)
        return xstrdup(given);
    char *folder = path_xdg_folder(PATH_DATA);
    char *path = folder ? path_join(folder, "moebench.db") : NULL;
    free(folder);
    return path;
}

/* "file:" with what a URI gives a meaning to escaped; free(). */
static char *immutable_uri(const char *path)
{
    struct text uri = {0};

    text_add(&uri, "file:");
    for (const char *p = path; *p; p++) {
        if (strchr("?#%", *p))
            text_add(&uri, "%%%02X", (unsigned char)*p);
        else
            text_add(&uri, "%c", *p);
    }
    text_add(&uri, "?immutable=1");
    return text_take(&uri);
}

static bool open_file(struct store *store, struct error *err)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;

    flags |= store->writable ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    flags |= store->immutable ? SQLITE_OPEN_URI : 0;
    /* Without a slash ":memory:" and "file:x" would not be files of these names. */
    char *path = xasprintf("%s%s", *store->path == '/' ? "" : "./", store->path);
    char *name = store->immutable ? immutable_uri(path) : xstrdup(path);
    int code = sqlite3_open_v2(name, &store->db, flags, NULL);
    free(path);
    free(name);
    if (code != SQLITE_OK)
        return error_set(err, ERROR_FAILED, "%s: cannot be opened (%s)", store->path,
            sqlite3_system_errno(store->db) ? strerror(sqlite3_system_errno(store->db))
                                            : sqlite3_errstr(code));
    sqlite3_extended_result_codes(store->db, 1);
    sqlite3_busy_timeout(store->db, BUSY_MS);
    return true;
}

/*
 * WAL lets readers and the writer pass each other, but needs memory shared by all that have the
 * file open, which no network file system gives. A file that came from a local disk is turned back
 * under an exclusive lock, which needs no shared memory either.
 */
static bool choose_journal(struct store *store, const char *network, struct error *err)
{
    if (!network)
        return sql_run(store, err, "PRAGMA journal_mode = WAL", "");
    snprintf(store->notice, sizeof store->notice,
        "%s file system: kept without WAL, for one moebench at a time", network);
    return sql_run(store, err, "PRAGMA locking_mode = EXCLUSIVE", "") &&
           sql_run(store, err, "PRAGMA journal_mode = DELETE", "") &&
           sql_run(store, err, "PRAGMA locking_mode = NORMAL", "") &&
           sql_run(store, err, "SELECT count(*) FROM sqlite_schema", "");
}

static bool check_integrity(struct store *store, struct error *err)
{
    char answer[128] = "";
    sqlite3_stmt *statement = sql_prepare(store, err, "PRAGMA quick_check(1)");

    if (!statement)
        return false;
    enum sql_step step = sql_step(store, statement, err);
    if (step == SQL_ROW)
        sql_text(statement, 0, answer, sizeof answer);
    sqlite3_finalize(statement);
    if (step == SQL_FAILED || strcmp(answer, "ok") == 0)
        return step == SQL_ROW;
    return error_set(err, ERROR_FAILED,
        "%s: the database is damaged (%s); move it away, `sqlite3 FILE .recover` saves what can "
        "be read",
        store->path, answer);
}

static bool prepare_writer(
    struct store *store, const char *network, bool unclean, struct error *err)
{
    enum schema_state state = schema_look(store, err);

    if (state == SCHEMA_REFUSED || (unclean && !check_integrity(store, err)))
        return false;
    return choose_journal(store, network, err) &&
           sql_run(store, err, "PRAGMA synchronous = FULL", "") &&
           sql_run(store, err, "PRAGMA foreign_keys = ON", "") &&
           (state == SCHEMA_CURRENT || schema_migrate(store, schema_steps, schema_version, err));
}

static struct store *new_store(const char *path, bool writable, struct error *err)
{
    char *file = name_resolve(path, writable, err);

    if (!file)
        return NULL;
    struct store *store = xcalloc(1, sizeof *store);
    store->path = file;
    store->writable = writable;
    store->lock_fd = -1;
    store->pid = getpid();
    return store;
}

static bool fail_held(
    const char *path, const struct lock_holder *holder, const char *why, struct error *err)
{
    char who[128] = "another moebench";

    if (holder->pid)
        snprintf(who, sizeof who, "moebench with pid %ld%s%s", holder->pid,
            holder->here ? "" : " on host ", holder->here ? "" : holder->host);
    return error_set(err, ERROR_FAILED,
        "%s: in use by %s%s; wait for it, or use another file: "
        "--db FILE, MOEBENCH_DB",
        path, who, why);
}

static struct store *open_reader(const char *path, struct error *err);

static struct store *open_writer(const char *path, bool or_read, struct error *err)
{
    struct store *store = new_store(path, true, err);
    struct lock_holder holder = {0};
    bool unclean, done = false, read = false;

    if (!store)
        return NULL;
    char *folder = path_dirname(store->path);
    if (!path_make_folders(folder, err))
        goto out;
    const char *network = place_network(folder);
    switch (lock_take(store->path, true, &store->lock_fd, &unclean, &holder, err)) {
    case LOCK_TAKEN:
        done = open_file(store, err) && prepare_writer(store, network, unclean, err);
        break;
    case LOCK_HELD:
        read = or_read && !network;
        if (!read)
            fail_held(path, &holder, network ? " (a network file system: one at a time)" : "", err);
        break;
    case LOCK_FAILED:
        /* Another user's tune can be looked at. */
        read = or_read && !network && lock_is_held(store->path, &holder);
        break;
    }
out:
    free(folder);
    if (done)
        return store;
    store_close(store);
    return read ? open_reader(path, err) : NULL;
}

/* Another thread of the writing process may read on any file system. */
static bool lock_for_reading(struct store *store, const char *network, struct error *err)
{
    struct lock_holder holder;
    bool unclean;

    switch (lock_take(store->path, false, &store->lock_fd, &unclean, &holder, err)) {
    case LOCK_TAKEN:
        return true;
    case LOCK_HELD:
        if (holder.here && holder.pid == (long)getpid())
            return true;
        snprintf(store->notice, sizeof store->notice, " (%s: one at a time)", network);
        return fail_held(store->path, &holder, store->notice, err);
    case LOCK_FAILED:
        break;
    }
    return false;
}

/* A file that nobody can be writing because its folder is read-only for us and holds no WAL. */
static bool must_be_immutable(const char *path, const char *folder)
{
    char *wal = xasprintf("%s-wal", path);
    bool immutable = access(folder, W_OK) != 0 && !path_exists(wal);

    free(wal);
    return immutable;
}

/* Older files are brought up to date first, which takes a writer for a moment. */
static struct store *migrate_then_read(struct store *store, struct error *err)
{
    char *path = xstrdup(store->path);
    bool immutable = store->immutable;

    store_close(store);
    store = NULL;
    if (immutable) {
        error_set(err, ERROR_FAILED,
            "%s: of an older moebench, and cannot be written; copy it to a folder of your own",
            path);
    } else {
        struct store *writer = open_writer(path, false, err);
        if (writer) {
            store_close(writer);
            store = open_reader(path, err);
        }
    }
    free(path);
    return store;
}

/* A database that another process is making at this moment is waited for. */
static enum schema_state look_when_made(struct store *store, struct error *err)
{
    const double end = clock_monotonic() + BUSY_MS / 1e3;
    enum schema_state state = schema_look(store, err);

    while (state == SCHEMA_EMPTY && store_is_held(store, NULL) && clock_monotonic() < end) {
        clock_sleep(0.01);
        state = schema_look(store, err);
    }
    return state;
}

static bool prepare_reader(struct store *store, enum schema_state *state, struct error *err)
{
    char *folder = path_dirname(store->path);
    const char *network = place_network(folder);
    long pid;
    bool done = false;

    store->immutable = must_be_immutable(store->path, folder);
    if (!store->immutable && !lock_works(store->path, err))
        goto out;
    if (network && !store->immutable && !lock_for_reading(store, network, err))
        goto out;
    if (!open_file(store, err))
        goto out;
    *state = look_when_made(store, err);
    done = *state != SCHEMA_REFUSED;
    if (!store->immutable && store_is_held(store, &pid))
        snprintf(store->notice, sizeof store->notice,
            "process %ld writes this database: opened for reading", pid);
out:
    free(folder);
    return done;
}

static struct store *open_reader(const char *path, struct error *err)
{
    enum schema_state state;
    struct store *store = new_store(path, false, err);

    if (!store)
        return NULL;
    if (!prepare_reader(store, &state, err)) {
        store_close(store);
        return NULL;
    }
    if (state == SCHEMA_OLDER)
        return migrate_then_read(store, err);
    if (state == SCHEMA_EMPTY) {
        error_set(err, ERROR_FAILED, "%s: not a moebench database (it is empty)", path);
        store_close(store);
        return NULL;
    }
    return store;
}

struct store *store_open(const char *path, enum store_mode mode, struct error *err)
{
    switch (mode) {
    case STORE_WRITE:
    case STORE_WRITE_OR_READ:
        return open_writer(path, mode == STORE_WRITE_OR_READ, err);
    case STORE_READ:
        return open_reader(path, err);
    }
    abort();
}

void store_close(struct store *store)
{
    if (!store)
        return;
    if (store->pid != getpid())
        abort();
    if (sqlite3_close(store->db) != SQLITE_OK)
        abort();
    lock_release(store->lock_fd, store->writable);
    free(store->path);
    free(store);
}

bool store_writable(const struct store *store)
{
    return store->writable;
}

const char *store_path(const struct store *store)
{
    return store->path;
}

const char *store_notice(const struct store *store)
{
    return store->notice;
}

bool store_is_held(const struct store *store, long *pid)
{
    struct lock_holder holder;
    bool held = !store->writable && lock_is_held(store->path, &holder);

    if (pid)
        *pid = held && holder.here ? holder.pid : 0;
    return held;
}

bool store_changed(struct store *store)
{
    long long version;

    if (!sql_number(store, NULL, 0, &version, "PRAGMA data_version", ""))
        return true;
    bool changed = version != store->version;
    store->version = version;
    return changed;
}
