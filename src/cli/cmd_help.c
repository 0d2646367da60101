/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"
#include "cli/manual.h"

#include <stdio.h>
#include <stdlib.h>

static const struct option_spec help_options[] = {
    {"mdoc", NULL, "print the man page's source"},
    {"completion", NULL, "print the completion for bash"},
    {0},
};

static int help_run(const struct arguments *args, struct error *err)
{
    const char *name = arguments_operand(args, 0);
    const struct command *command = name ? command_find(name) : NULL;
    if (name && !command) {
        error_set(err, ERROR_USAGE, "help: no command is called '%s'; see: moebench help", name);
        return ERROR_USAGE;
    }
    char *text = arguments_flag(args, "mdoc")         ? manual_page()
                 : arguments_flag(args, "completion") ? manual_completion()
                 : command                            ? command_help(command)
                                                      : commands_overview();
    fputs(text, stdout);
    free(text);
    return 0;
}

const struct command cmd_help = {
    .name = "help",
    .operands = "[COMMAND]",
    .operands_most = 1,
    .summary = "list the commands, or explain one",
    .options = help_options,
    .run = help_run,
};
