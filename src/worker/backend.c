/* SPDX-License-Identifier: MIT */
#include "worker/backend.h"

#include <string.h>

static const struct backend *const backends[] = {&backend_cuda, &backend_replay};

const struct backend *backend_find(const char *text, const char **file)
{
    size_t length = strcspn(text, ":");
    *file = text[length] ? text + length + 1 : NULL;
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
        const char *name = backends[i]->name;
        if (strlen(name) == length && strncmp(name, text, length) == 0)
            return backends[i];
    }
    return NULL;
}
