/* SPDX-License-Identifier: MIT */
/* The store on a network file system: this program's own place_network() says that /tmp is one. */
#include "tests/cmocka_all.h"

#include "base/path.h"
#include "base/text.h"
#include "store/handle.h"
#include "store/place.h"
#include "store/sql.h"
#include "tests/stored.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *network = "NFS";

const char *place_network(const char *folder)
{
    (void)folder;
    return network;
}

static char *journal_mode(struct store *store)
{
    struct error err = {0};
    sqlite3_stmt *row = sql_query(store, &err, "PRAGMA journal_mode", "");

    assert_int_equal(sql_step(store, row, &err), SQL_ROW);
    char *mode = sql_text_copy(row, 0);
    sqlite3_finalize(row);
    return mode;
}

static void assert_journal(struct store *store, const char *expected)
{
    char *mode = journal_mode(store);

    assert_string_equal(mode, expected);
    free(mode);
}

/* Opens for writing in a child that closes on a byte; refused when the parent holds the lock. */
static void assert_child_is_refused(const char *path, enum store_mode mode)
{
    char part[32];
    int status;

    snprintf(part, sizeof part, "pid %ld", (long)getpid());
    pid_t pid = fork();
    if (pid == 0) {
        struct error err = {0};
        struct store *store = store_open(path, mode, &err);
        _exit(!store && strstr(err.text, part) && strstr(err.text, "one at a time") ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void one_at_a_time_without_wal(void **state)
{
    (void)state;
    char folder[] = "/tmp/moebench-network-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char *path = path_join(folder, "a.db"), *wal = path_join(folder, "a.db-wal");
    char *lock = path_join(folder, "a.db.lock");

    network = NULL;
    struct store *store = must_open(path, STORE_WRITE);
    assert_journal(store, "wal");
    assert_string_equal(store_notice(store), "");
    store_close(store);

    network = "NFS";
    store = must_open(path, STORE_WRITE);
    assert_journal(store, "delete");
    assert_false(path_exists(wal));
    assert_non_null(strstr(store_notice(store), "NFS"));
    /* Another thread of ours may read, another process not. */
    struct store *reader = must_open(path, STORE_READ);
    struct error err = {0};
    assert_true(store_begin(store, &err));
    assert_true(store_commit(store, &err));
    assert_true(store_changed(reader));
    assert_child_is_refused(path, STORE_WRITE);
    assert_child_is_refused(path, STORE_WRITE_OR_READ);
    assert_child_is_refused(path, STORE_READ);
    store_close(reader);
    store_close(store);
    store_close(must_open(path, STORE_READ));
    unlink(path);
    unlink(lock);
    assert_int_equal(rmdir(folder), 0);
    free(path);
    free(wal);
    free(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_at_a_time_without_wal)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
