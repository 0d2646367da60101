/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_CLI_ARGUMENTS_H
#define MOEBENCH_CLI_ARGUMENTS_H

#include "base/error.h"
#include "compile/compile.h"
#include "domain/routing.h"
#include "domain/shape.h"

#include <stdbool.h>
#include <stddef.h>

/* One option of a command: the parser and the help both read it. */
struct option_spec {
    const char *name;     /* without the two dashes; NULL ends a table */
    const char *argument; /* placeholder such as "N"; NULL for a flag */
    const char *help;     /* one line */
};

/* Rows for a command that compiles the engine's kernel, or looks at what would; see
 * arguments_compiler. */
#define COMPILER_OPTIONS                                                          \
    {"python", "CMD", "the Python that has Triton (python3)"},                    \
        {"container", "NAME", "the running container that has it"},               \
        {"site", "DIR", "where that Python finds an unpacked engine"},            \
    {                                                                             \
        "kernel", "FILE", "the kernel's source instead of the installed engine's" \
    }
#define JOBS_OPTION                                    \
    {                                                  \
        "jobs", "N", "compiles at a time (one a core)" \
    }

struct command;

/* A command's line, taken apart. Everything in it is borrowed from argv and the tables. */
struct arguments {
    const struct command *command;
    const char **values; /* by index in command->options; NULL when not given; "" for a flag */
    const char **given;  /* option name and value in turn, in the order given, ended by NULL */
    size_t given_count;
    size_t operand_count;
    const char **operands; /* NULL-terminated */
};

/*
 * Takes argv[0 .. argc-1], what follows the command's name: "--name value", "--name=value"
 * (the only way to a value that begins with two dashes), operands in between, "--" before operands
 * that begin with a dash. Of an option given twice the
 * last counts. ERROR_USAGE on anything unknown or empty (a shell's unset variable), or on too few
 * or too many operands. Free it in either case.
 */
bool arguments_parse(struct arguments *args, const struct command *command, int argc, char **argv,
    struct error *err);
void arguments_free(struct arguments *args);

/* Asking for an option that the command's table lacks aborts: a mistake of ours. */
bool arguments_flag(const struct arguments *args, const char *name);
/* Its value, or `otherwise` when it was not given. */
const char *arguments_text(const struct arguments *args, const char *name, const char *otherwise);
/* The value of its place-th mention from 0 on, for options that may come several times; or NULL. */
const char *arguments_nth(const struct arguments *args, const char *name, size_t place);
/* Into *value; `otherwise` when not given. ERROR_USAGE outside [low, high]. */
bool arguments_int(const struct arguments *args, const char *name, long low, long high,
    long otherwise, long *value, struct error *err);
/* --gemm: up, down or `both`, the word for the two and what stands without it. */
bool arguments_gemms(
    const struct arguments *args, const char *both, bool gemms[GEMM_COUNT], struct error *err);
/* The text of a tile for both GEMMs, or of two: UP/DOWN. */
bool arguments_tiles(const char *text, struct tile tiles[GEMM_COUNT], struct error *err);
/* --routing: uniform (the default), zipf:S, or a file of expert ids that is there. */
bool arguments_routing(const struct arguments *args, enum routing_kind *kind, double *zipf,
    char file[512], struct error *err);
/* The compile helper as COMPILER_OPTIONS name it; its strings are borrowed from argv. */
struct compiler_options arguments_compiler(const struct arguments *args);
/* The operand, or NULL when there are fewer. */
const char *arguments_operand(const struct arguments *args, size_t index);

#endif
