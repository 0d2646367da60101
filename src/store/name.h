/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_STORE_NAME_H
#define MOEBENCH_STORE_NAME_H

#include "base/error.h"

#include <stdbool.h>

/*
 * The one name under which a database is locked and opened: what a symbolic link leads to, for lock
 * and journal stand beside the file itself; free(). NULL and *err for an empty name and what is no
 * regular file; for readers when there is none; for writers, which make a link's target, also for a
 * file with a second (hard linked) name: two names would have two locks.
 */
char *name_resolve(const char *path, bool writing, struct error *err);
#endif
