/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_CLI_EDIT_PRINT_H
#define MOEBENCH_CLI_EDIT_PRINT_H

#include "base/json.h"
#include "store/store.h"

/* The entries that stand, each with the M that it serves by the nearest key: rows on stdout, or
 * objects into `array` where it is not NULL. */
void edit_print_entries(const struct store_choice choices[], size_t count, struct json *array);
/* Changes in the order given, in the same two ways. */
void edit_print_changes(const struct store_choice changes[], size_t count, struct json *array);

#endif
