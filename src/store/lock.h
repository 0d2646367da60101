/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_STORE_LOCK_H
#define MOEBENCH_STORE_LOCK_H

#include "base/error.h"

#include <stdbool.h>

/*
 * The lock of a database: an open-file-description lock on PATH.lock, a file of its own because
 * nothing but SQLite may open (and by closing unlock) the database file. It holds "PID HOST" while
 * a writer has it and is empty after an orderly end. It is never removed.
 */
struct lock_holder {
    long pid; /* 0 when it cannot be told */
    char host[64];
    bool here; /* on this host */
};

enum lock_result { LOCK_TAKEN, LOCK_HELD, LOCK_FAILED };

/*
 * Takes it for writing, or shared for reading. LOCK_TAKEN: the descriptor into *fd, to be ended by
 * lock_release; *unclean tells (writers) that the last holder did not end in order. LOCK_HELD:
 * *holder is filled. LOCK_FAILED: *err says why: no locks on this file system, no permission.
 */
enum lock_result lock_take(const char *path, bool exclusive, int *fd, bool *unclean,
    struct lock_holder *holder, struct error *err);
void lock_release(int fd, bool exclusive);
/* For a reader, which takes no lock of its own: false and *err where SQLite's locks cannot work.
 * True also when it cannot be told, before the first writer. */
bool lock_works(const char *path, struct error *err);
/* Whether a writer of another process holds it now. */
bool lock_is_held(const char *path, struct lock_holder *holder);

#endif
