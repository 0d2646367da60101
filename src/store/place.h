/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_STORE_PLACE_H
#define MOEBENCH_STORE_PLACE_H

/*
 * The name of the file system that holds `folder` when it is one whose files several hosts can open
 * ("NFS", "SMB", ...), or whose shared memory maps cannot be trusted (FUSE); NULL for a local one,
 * and when it cannot be told.
 */
const char *place_network(const char *folder);

#endif
