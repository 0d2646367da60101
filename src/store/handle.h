/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_STORE_HANDLE_H
#define MOEBENCH_STORE_HANDLE_H

#include "store/store.h"

#include <sqlite3.h>
#include <sys/types.h>

#define TILE_IDS 4096

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
    /* Ids that were looked up, each in the place of its tile's hash; id 0: none. */
    struct {
        struct tile tile;
        long long id;
    } tile_ids[TILE_IDS];
};

#endif
