/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_COMPILE_CACHE_H
#define MOEBENCH_COMPILE_CACHE_H

#include "compile/compile.h"

#define CACHE_LIMIT (512LL << 20)

/*
 * Compiled kernels on disk, one file each, named by a key that covers all that decides the
 * machine code. Everything here may fail without harm: a kernel that is not there is compiled.
 * Several processes may use one folder; used by one thread of each.
 */
struct cache {
    char *folder;    /* owned; NULL: off */
    long long limit; /* bytes of all files together */
    long long bytes; /* of all files, -1 before they were looked at */
};

/* `folder` NULL: kernels/ in the XDG cache folder (off when there is no HOME). */
void cache_open(struct cache *cache, const char *folder, long long limit);
void cache_close(struct cache *cache);
/* Whether there is a file; it may turn out to be damaged. */
bool cache_has(const struct cache *cache, const char *key);
/* The kernel with its cubin, `cached` set, seconds 0. A damaged file is deleted and not found. */
bool cache_get(struct cache *cache, const char *key, struct kernel *kernel);
/* Written whole or not at all; over the limit, the longest unused go, down to nine tenths of it. */
void cache_put(struct cache *cache, const char *key, const struct kernel *kernel);

#endif
