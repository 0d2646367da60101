/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TESTS_STORED_H
#define MOEBENCH_TESTS_STORED_H

#include "store/store.h"
#include "tests/cmocka_all.h"

static inline void must(bool done, const struct error *err)
{
    if (!done)
        fail_msg("%s", err->text);
}

static inline struct store *must_open(const char *path, enum store_mode mode)
{
    struct error err = {0};
    struct store *store = store_open(path, mode, &err);

    must(store != NULL, &err);
    return store;
}

#endif
