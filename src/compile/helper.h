/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_COMPILE_HELPER_H
#define MOEBENCH_COMPILE_HELPER_H

#include "base/child.h"
#include "compile/compile.h"

/*
 * The compile helper as a process: kernels/triton_compile.py, whose top documents the protocol,
 * under a Python that has Triton. Used by compiler.c alone.
 */
struct helper {
    char **words; /* its command line; owned, as the next */
    char *hello;  /* the first line that it gets */
    struct child child;
    bool running;
    struct json *greeting; /* its own first line, NULL before; owned */
};

/* What the options ask for; nothing runs yet. Free with helper_close in either case. */
bool helper_make(struct helper *helper, const struct compiler_options *options, struct error *err);
/* Starts it (again); it greets seconds later. */
bool helper_start(struct helper *helper, struct error *err);
/* Waits for the greeting; false where it cannot compile, says why, or ended. */
bool helper_greet(struct helper *helper, struct error *err);
/* What the greeting tells; texts are empty before it came. */
void helper_toolchain(const struct helper *helper, struct toolchain *toolchain);
/* A line without its newline. One that has ended shows when it is read from. */
void helper_send(struct helper *helper, const char *line);
/* Reaps one that has ended: how, with the last line of its stderr. */
void helper_ended(struct helper *helper, char *text, size_t size);
void helper_close(struct helper *helper);

#endif
