/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_BASE_TEXT_H
#define MOEBENCH_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Allocation that aborts when memory runs out: no caller can do better. Freed by free(). */
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t count, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t length);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A growing byte buffer, always NUL-terminated once written to. Start from {0}. */
struct text {
    char *data;      /* NULL while empty */
    size_t length;   /* without the NUL */
    size_t capacity; /* bytes allocated */
};

void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_bytes(struct text *text, const void *bytes, size_t length);
/* Hands the buffer to the caller (never NULL; free()) and leaves *text empty. */
char *text_take(struct text *text);
void text_free(struct text *text);

/* Case of ASCII letters alone, in every locale: to Turkish, 'I' is no capital 'i'. */
char text_lower(char c);
/* Equal, letter case aside: whole, and in the first `length` bytes; or a part of `s`. */
bool text_same(const char *a, const char *b);
bool text_same_start(const char *a, const char *b, size_t length);
bool text_contains(const char *s, const char *part);
bool text_starts_with(const char *s, const char *prefix);
bool text_ends_with(const char *s, const char *suffix);
/* Length of the UTF-8 sequence at s (at most `left` bytes, not 0), 0 when it is none (RFC 3629). */
size_t text_utf8_length(const char *s, size_t left);
/* How many letters make `b` of `a`, each added, taken out or replaced; of both 63 bytes at most. */
size_t text_distance(const char *a, const char *b);
/* Index of `name` (NULL: none) among `count` names, -1 when it is none of them. */
int text_index(const char *const names[], size_t count, const char *name);
/* Whole string as a decimal integer in [low, high]; no blanks, no sign but '-'. */
bool text_to_int(const char *s, long low, long high, long *value);
/* Whole string as a finite double, C locale. */
bool text_to_double(const char *s, double *value);
/* Thousands separated by commas ("101,376") into a caller's buffer; returns it. */
const char *text_grouped(long long value, char *buffer, size_t size);

#endif
