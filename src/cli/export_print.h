/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_CLI_EXPORT_PRINT_H
#define MOEBENCH_CLI_EXPORT_PRINT_H

#include "tuner/export.h"

/* What was written into OUT, what was left out, and how a server comes to use it, on stdout. */
void export_print(
    const struct export_set *set, const char *out, const struct export_result *written);
/* The paths and what their entries are, as members of `object`. */
void export_add_json(struct json *object, const struct export_result *written);

#endif
