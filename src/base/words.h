/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_BASE_WORDS_H
#define MOEBENCH_BASE_WORDS_H

#include "base/error.h"

/*
 * Splits a command as a POSIX shell does (quotes and backslashes; no expansion). NULL-terminated;
 * free with words_free. NULL and *err on an unclosed quote or nothing at all.
 */
char **words_split(const char *command, struct error *err);
void words_free(char **words);

#endif
