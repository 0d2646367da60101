/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_CLI_CHECK_PRINT_H
#define MOEBENCH_CLI_CHECK_PRINT_H

#include "cli/check_files.h"

/* What was found in one file, on stdout: verdict, faults, the M that each key serves. `brief`: one
 * of many, without notes, and nothing at all about a file that is well. */
void checked_file_print(const struct checked_file *item, bool brief);
/* The same as an object of the array `files`. */
void checked_file_add_json(struct json *files, const struct checked_file *item);

#endif
