/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *memory)
{
    if (!memory) {
        fputs("moebench: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *xcalloc(size_t count, size_t size)
{
    return checked(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc(void *old, size_t count, size_t size)
{
    if (count == 0 || size == 0)
        count = size = 1;
    return checked(reallocarray(old, count, size));
}

char *xstrdup(const char *s)
{
    return checked(strdup(s));
}

char *xstrndup(const char *s, size_t length)
{
    return checked(strndup(s, length));
}

char *xasprintf(const char *format, ...)
{
    char *result;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&result, format, args);
    va_end(args);
    return checked(length < 0 ? NULL : result);
}

/* Makes room for `more` bytes and the NUL, doubling so that appending stays linear. */
static void text_reserve(struct text *text, size_t more)
{
    if (more >= SIZE_MAX / 2 - text->length)
        checked(NULL);
    size_t needed = text->length + more + 1;
    if (needed <= text->capacity)
        return;
    size_t capacity = text->capacity ? text->capacity : 64;
    while (capacity < needed)
        capacity *= 2;
    text->data = xrealloc(text->data, capacity, 1);
    text->capacity = capacity;
}

void text_add(struct text *text, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0)
        abort();
    text_reserve(text, (size_t)length);
    vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
    va_end(again);
    text->length += (size_t)length;
}

void text_add_bytes(struct text *text, const void *bytes, size_t length)
{
    text_reserve(text, length);
    if (length > 0)
        memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = '\0';
}

char *text_take(struct text *text)
{
    char *data = text->data ? text->data : xstrdup("");
    *text = (struct text){0};
    return data;
}

void text_free(struct text *text)
{
    free(text->data);
    *text = (struct text){0};
}

char text_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool text_same(const char *a, const char *b)
{
    return text_same_start(a, b, SIZE_MAX);
}

bool text_same_start(const char *a, const char *b, size_t length)
{
    size_t i = 0;

    while (i < length && a[i] && text_lower(a[i]) == text_lower(b[i]))
        i++;
    return i == length || text_lower(a[i]) == text_lower(b[i]);
}

bool text_contains(const char *s, const char *part)
{
    size_t length = strlen(part);

    while (*s && !text_same_start(s, part, length))
        s++;
    return text_same_start(s, part, length);
}

bool text_starts_with(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool text_ends_with(const char *s, const char *suffix)
{
    size_t length = strlen(s), tail = strlen(suffix);
    return length >= tail && strcmp(s + length - tail, suffix) == 0;
}

size_t text_distance(const char *a, const char *b)
{
    size_t row[64],
        length = strnlen(b, 63); /* row[j]: of the letters of `a` so far to b[0 .. j-1] */
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 0; a[i] && i < 63; i++) {
        size_t before = row[0]++;
        for (size_t j = 1; j <= length; j++) {
            size_t here = before + (a[i] != b[j - 1]);
            size_t other = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            before = row[j];
            row[j] = here < other ? here : other;
        }
    }
    return row[length];
}

int text_index(const char *const names[], size_t count, const char *name)
{
    for (size_t i = 0; name && i < count; i++)
        if (strcmp(names[i], name) == 0)
            return (int)i;
    return -1;
}

size_t text_utf8_length(const char *s, size_t left)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t n = u[0] < 0x80 ? 1 : u[0] < 0xc2 ? 0 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
    if (n == 0 || u[0] > 0xf4 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((u[i] & 0xc0) != 0x80)
            return 0;
    }
    if (n == 3 && ((u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] > 0x9f)))
        return 0;
    if (n == 4 && ((u[0] == 0xf0 && u[1] < 0x90) || (u[0] == 0xf4 && u[1] > 0x8f)))
        return 0;
    return n;
}

bool text_to_int(const char *s, long low, long high, long *value)
{
    if (!isdigit((unsigned char)s[*s == '-']))
        return false;
    char *end;
    errno = 0;
    long number = strtol(s, &end, 10);
    if (errno || *end || number < low || number > high)
        return false;
    *value = number;
    return true;
}

bool text_to_double(const char *s, double *value)
{
    if (!*s || isspace((unsigned char)*s))
        return false;
    char *end;
    double number = strtod(s, &end);
    if (*end || !isfinite(number))
        return false;
    *value = number;
    return true;
}

const char *text_grouped(long long value, char *buffer, size_t size)
{
    char digits[32];
    int count = snprintf(digits, sizeof digits, "%lld", value);
    int first = digits[0] == '-';
    size_t used = 0;
    for (int i = 0; i < count && used + 1 < size; i++) {
        if (i > first && (count - i) % 3 == 0 && used + 2 < size)
            buffer[used++] = ',';
        buffer[used++] = digits[i];
    }
    if (size > 0)
        buffer[used] = '\0';
    return buffer;
}
