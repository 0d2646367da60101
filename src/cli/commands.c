/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct command *const commands[] = {
    &cmd_tune,
    &cmd_export,
    &cmd_import,
    &cmd_shape,
    &cmd_space,
    &cmd_check,
    &cmd_explain,
    &cmd_convert,
    &cmd_ab,
    &cmd_edit,
    &cmd_list,
    &cmd_report,
    &cmd_bench,
    &cmd_doctor,
    &cmd_workbench,
    &cmd_help,
    &cmd_worker,
    NULL,
};

const struct command *command_find(const char *name)
{
    for (const struct command *const *command = commands; *command; command++)
        if (strcmp((*command)->name, name) == 0)
            return *command;
    return NULL;
}

const struct command *command_near(const char *name)
{
    const struct command *near = NULL;
    size_t least = 3;
    for (const struct command *const *command = commands; *command; command++) {
        size_t distance = text_distance(name, (*command)->name);
        if (!(*command)->hidden && distance < least && distance < strlen(name)) {
            least = distance;
            near = *command;
        }
    }
    return near;
}

char *commands_overview(void)
{
    struct text text = {0};
    text_add(&text, "usage: moebench [MODEL] [OPTION..]    the workbench\n"
                    "       moebench COMMAND [ARGUMENT..]\n\n");
    for (const struct command *const *command = commands; *command; command++)
        if (!(*command)->hidden)
            text_add(&text, "  %-10s %s\n", (*command)->name, (*command)->summary);
    text_add(&text, "\n`moebench help COMMAND` says more; `moebench --version`.\n");
    return text_take(&text);
}

static int option_width(const struct option_spec *options)
{
    size_t width = 0;
    for (const struct option_spec *option = options; option->name; option++) {
        size_t own = strlen(option->name) + (option->argument ? strlen(option->argument) + 1 : 0);
        width = own > width ? own : width;
    }
    return (int)width;
}

char *command_help(const struct command *command)
{
    struct text text = {0};
    bool options = command->options && command->options[0].name;
    text_add(&text, "usage: moebench %s%s%s%s\n\n%s\n", command->name, options ? " [OPTION..]" : "",
        *command->operands ? " " : "", command->operands, command->summary);
    if (command->details)
        text_add(&text, "\n%s", command->details);
    if (options) {
        int width = option_width(command->options);
        text_add(&text, "\n");
        for (const struct option_spec *option = command->options; option->name; option++) {
            char *left = xasprintf("%s%s%s", option->name, option->argument ? " " : "",
                option->argument ? option->argument : "");
            text_add(&text, "  --%-*s  %s\n", width, left, option->help);
            free(left);
        }
    }
    return text_take(&text);
}

/* Takes both. */
static void print_valid(struct json *json, char *text)
{
    const char *at = text, *end = text + strlen(text);
    while (at < end) {
        size_t length = text_utf8_length(at, (size_t)(end - at));
        if (length > 0)
            fwrite(at, 1, length, stdout);
        else
            fputs("\xef\xbf\xbd", stdout);
        at += length > 0 ? length : 1;
    }
    putchar('\n');
    free(text);
    json_free(json);
}

void command_print_json(struct json *json)
{
    print_valid(json, json_print_pretty(json));
}

void command_print_json_line(struct json *json)
{
    print_valid(json, json_print(json));
}
