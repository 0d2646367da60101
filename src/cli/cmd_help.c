/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"

#include <stdio.h>
#include <stdlib.h>

static int help_run(const struct arguments *args, struct error *err)
{
    const char *name = arguments_operand(args, 0);
    const struct command *command = name ? command_find(name) : NULL;
    if (name && !command) {
        error_set(err, ERROR_USAGE, "help: no command is called '%s'; see: moebench help", name);
        return ERROR_USAGE;
    }
    char *text = command ? command_help(command) : commands_overview();
    fputs(text, stdout);
    free(text);
    return 0;
}

const struct command cmd_help = {
    .name = "help",
    .operands = "[COMMAND]",
    .operands_most = 1,
    .summary = "list the commands, or explain one",
    .run = help_run,
};
