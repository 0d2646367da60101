/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_DOMAIN_JSON_SCAN_H
#define MOEBENCH_DOMAIN_JSON_SCAN_H

#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * A strict scan of JSON text exactly as Python's json.loads takes it, since the engines read their
 * files with it: a byte order mark, control characters inside strings, "01", trailing commas and
 * trailing text are refused; NaN and Infinity are taken; ints and floats are told apart; doubled
 * keys are all handed over. No tree is built and nothing recurses.
 */
enum json_kind {
    JSON_OBJECT,
    JSON_OBJECT_END,
    JSON_ARRAY,
    JSON_ARRAY_END,
    JSON_KEY,
    JSON_STRING,
    JSON_INT,
    JSON_FLOAT, /* has a point or an exponent, or is NaN or an infinity */
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL,
    JSON_END /* of the text: one whole value was read */
};

struct json_token {
    enum json_kind kind;
    const char *text;   /* raw, borrowed from the scanned text */
    size_t length;      /* of text */
    const char *string; /* of a key or string: decoded UTF-8, borrowed until the next token; a NUL
                           or lone surrogate in it reads as U+FFFD */
    int line, column;   /* where it begins, from 1; columns count characters */
    int depth;          /* containers around it */
};

/* Deeper nesting is refused (Python gives up near 1,000; a config has 2). */
#define JSON_SCAN_DEPTH 256

struct json_scan {
    const char *text; /* borrowed */
    size_t length;
    size_t at;         /* next unread byte */
    size_t line_start; /* offset of the first byte of the current line */
    int line;
    size_t column_at; /* the offset that `column` belongs to */
    int column;
    int depth;
    int expect;                      /* what may come next: enum in json_scan.c */
    bool in_object[JSON_SCAN_DEPTH]; /* kind of every open container */
    struct text decoded;             /* of the last string */
};

/* Free with json_scan_free. Fails on a byte order mark and on bytes that are not UTF-8,
 * with scan->line at them. */
bool json_scan_start(struct json_scan *scan, const char *text, size_t length, struct error *err);
/*
 * The next token; after JSON_END do not call again. Errors read "line 3, column 7: trailing comma
 * before '}'"; *token then holds the place of the fault.
 */
bool json_scan_next(struct json_scan *scan, struct json_token *token, struct error *err);
void json_scan_free(struct json_scan *scan);

#endif
