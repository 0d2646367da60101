/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_BASE_ERROR_H
#define MOEBENCH_BASE_ERROR_H

#include <stdbool.h>

/* What went wrong, by what the process exits with. */
enum error_kind {
    ERROR_NONE = 0,
    ERROR_FAILED = 1,  /* the work could not be done */
    ERROR_USAGE = 2,   /* the command line or a value in it is wrong */
    ERROR_DEVICE = 3,  /* no usable GPU, driver, compiler or back-end */
    ERROR_STOPPED = 4, /* ended early; everything measured is stored */
};

/*
 * An error of the user's or the world's, as a value. The caller owns it (usually on its stack,
 * initialised by `= {0}`); a function that can fail takes it last and returns false or NULL after
 * filling it. The text says what, where, and what to do next, without a final newline.
 * Errors of our own (broken invariants) abort instead.
 */
struct error {
    enum error_kind kind;
    char text[2048];
};

/* Fills *err (which may be NULL) and returns false, so that `return error_set(...)` reads well. */
bool error_set(struct error *err, enum error_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "context: " before the text of an error already set. Returns false. */
bool error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* As error_set with ": strerror(errno)" appended. */
bool error_errno(struct error *err, enum error_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
