/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_STORE_HANDLE_H
#define MOEBENCH_STORE_HANDLE_H

#include "store/store.h"

#include <sqlite3.h>
#include <sys/types.h>

/* What stands behind a store; shared by the files of src/store alone. */
struct store {
    sqlite3 *db;
    char *path;
    bool writable;
    bool immutable;    /* opened without locks; nobody writes it */
    int lock_fd;       /* FILE.lock, held exclusively (writer) or shared (reader on a network file
                            system), -1 when not */
    pid_t pid;         /* of the process that opened it */
    long long version; /* PRAGMA data_version at the last store_changed; 0 before */
    char notice[256];
};

#endif
