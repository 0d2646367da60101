/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool error_set(struct error *err, enum error_kind kind, const char *format, ...)
{
    if (!err)
        return false;
    /* Formatted aside: an argument may point into err->text. */
    char text[sizeof err->text];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    memcpy(err->text, text, sizeof text);
    err->kind = kind;
    return false;
}

/* "FORMAT: tail" into err->text, put together aside: the tail or an argument may point into it. */
__attribute__((format(printf, 3, 0))) static void set_before(
    struct error *err, const char *tail, const char *format, va_list args)
{
    char text[sizeof err->text];
    int length = vsnprintf(text, sizeof text, format, args);
    if (length >= 0 && (size_t)length < sizeof text)
        snprintf(text + length, sizeof text - (size_t)length, ": %s", tail);
    memcpy(err->text, text, sizeof text);
}

bool error_prefix(struct error *err, const char *format, ...)
{
    if (!err)
        return false;
    va_list args;
    va_start(args, format);
    set_before(err, err->text, format, args);
    va_end(args);
    return false;
}

bool error_errno(struct error *err, enum error_kind kind, const char *format, ...)
{
    const char *reason = strerror(errno);
    if (!err)
        return false;
    va_list args;
    va_start(args, format);
    set_before(err, reason, format, args);
    va_end(args);
    err->kind = kind;
    return false;
}
