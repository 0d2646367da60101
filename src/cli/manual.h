/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_CLI_MANUAL_H
#define MOEBENCH_CLI_MANUAL_H

/* The man page and bash's completion, made from the tables of commands, options and keys when the
 * program is built; free(). */
char *manual_page(void);
char *manual_completion(void);

#endif
