/* SPDX-License-Identifier: MIT */
#include "base/path.h"
#include "base/text.h"
#include "cli/commands.h"
#include "domain/model.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Prints the error, if there is one, and turns it into an exit code where `code` is still 0. */
static int finish(int code, const struct error *err)
{
    if (err->kind == ERROR_NONE)
        return code;
    fflush(stdout);
    fprintf(stderr, "moebench: %s\n", err->text);
    return code ? code : (int)err->kind;
}

static int print_help(const struct command *command)
{
    char *text = command_help(command);
    fputs(text, stdout);
    free(text);
    return 0;
}

static int run_command(const struct command *command, int argc, char **argv)
{
    if (argc > 0 && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0))
        return print_help(command);
    struct error err = {0};
    struct arguments args;
    int code = 0;
    if (arguments_parse(&args, command, argc, argv, &err))
        code = command->run(&args, &err);
    arguments_free(&args);
    return finish(code, &err);
}

/* A full disk or a closed pipe must not pass for success, nor for a verdict. */
static int close_stdout(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    fputs("moebench: stdout: cannot write all of the output\n", stderr);
    return code == 0 || code > ERROR_STOPPED ? ERROR_FAILED : code;
}

/* Without a command: a model (a file that is none says why), or options, or on a terminal nothing
 * at all. */
static bool is_workbench(const char *name)
{
    struct model model;
    if (!*name)
        return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    return *name == '-' || path_exists(name) || model_load(name, &model, NULL);
}

static int unknown_command(const char *name)
{
    const struct command *near = command_near(name);
    struct model model;
    struct error err = {0};
    if (!*name)
        fputs("moebench: a command is missing; see: moebench help\n", stderr);
    else if (near)
        fprintf(stderr, "moebench: %s: no such command; see: moebench help; did you mean %s?\n",
            name, near->name);
    else if (!model_load(name, &model, &err))
        fprintf(
            stderr, "moebench: no such command (see: moebench help), nor a model: %s\n", err.text);
    return ERROR_USAGE;
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "");
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--version") == 0) {
        puts(PACKAGE_NAME " " PACKAGE_VERSION);
        return close_stdout(0);
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    const struct command *command = command_find(name);
    if (command)
        return close_stdout(run_command(command, argc - 2, argv + 2));
    if (is_workbench(name))
        return close_stdout(run_command(&cmd_workbench, argc - 1, argv + 1));
    return unknown_command(name);
}
