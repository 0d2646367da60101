/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_CLI_COMMANDS_H
#define MOEBENCH_CLI_COMMANDS_H

#include "base/error.h"
#include "base/json.h"
#include "cli/arguments.h"

#include <stddef.h>

/*
 * To add the command NAME: write src/cli/cmd_NAME.c, which defines
 *
 *     static const struct option_spec name_options[] = {
 *         {"tp", "N", "tensor parallel size (1)"},
 *         {"json", NULL, "print JSON"},
 *         {0},
 *     };
 *     static int name_run(const struct arguments *args, struct error *err) { ... }
 *     const struct command cmd_name = {
 *         .name = "name",
 *         .operands = "MODEL",
 *         .operands_least = 1,
 *         .operands_most = 1,
 *         .summary = "one line, lower case, no full stop",
 *         .options = name_options,
 *         .run = name_run,
 *     };
 *
 * declare cmd_name below, put &cmd_name into the table of commands.c at the place where help shall
 * show it, and add the file to cli_sources in Makefile.am. The parser, `help`, the man page and
 * the shell completion all read this table.
 */
struct command {
    const char *name;
    const char *operands;  /* as help shows them: "MODEL", "PATH..", "" for none */
    size_t operands_least; /* how many must be given */
    size_t operands_most;  /* how many may be; COMMAND_ANY for no limit */
    const char *summary;
    const char *details; /* paragraphs for `help NAME`, ending in a newline; NULL for none */
    const struct option_spec *options; /* ended by {0}; NULL for none */
    bool hidden;                       /* not in the overview */
    /*
     * Prints its result on stdout and returns the process's exit code. When it fills *err, main
     * prints "moebench: TEXT" on stderr, and a returned 0 becomes the error's kind.
     */
    int (*run)(const struct arguments *args, struct error *err);
};

#define COMMAND_ANY ((size_t)-1)

extern const struct command cmd_ab;
extern const struct command cmd_check;
extern const struct command cmd_convert;
extern const struct command cmd_edit;
extern const struct command cmd_explain;
extern const struct command cmd_export;
extern const struct command cmd_bench;
extern const struct command cmd_doctor;
extern const struct command cmd_help;
extern const struct command cmd_import;
extern const struct command cmd_list;
extern const struct command cmd_report;
extern const struct command cmd_tune;
extern const struct command cmd_workbench;
extern const struct command cmd_worker;
extern const struct command cmd_shape;
extern const struct command cmd_space;

/* NULL-terminated, in the order of the overview. */
extern const struct command *const commands[];

/* NULL when there is none of that name. */
const struct command *command_find(const char *name);
/* The one that may have been meant: a letter or two away; or NULL. */
const struct command *command_near(const char *name);
/* What `moebench help` and `moebench help NAME` print; free() it. */
char *commands_overview(void);
char *command_help(const struct command *command);
/* Prints what --json asks for, over several lines or on one, and frees it. Bytes that are no UTF-8
 * (a file's name may have them) become U+FFFD: else no reader of JSON would take the rest. */
void command_print_json(struct json *json);
void command_print_json_line(struct json *json);

#endif
