/* SPDX-License-Identifier: MIT */
#include "domain/routing.h"

#include "base/text.h"

#include <ctype.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_IDS (64u << 20)

static bool store_id(struct routing_record *record, size_t *count, size_t *room, long long id)
{
    if (id < -1 || id > INT_MAX || *count == MOST_IDS)
        return false;
    if (*count == *room) {
        *room = *room ? 2 * *room : 1024;
        record->ids = xrealloc(record->ids, *room, sizeof *record->ids);
    }
    record->ids[(*count)++] = (int)id;
    return true;
}

/* Reads the ids of one line into the record; -1 when something else stands there. */
static int read_line(
    const char *line, const char *end, struct routing_record *record, size_t *count, size_t *room)
{
    int found = 0;

    while (line < end) {
        char word[24];
        size_t length = 0;
        long id;

        if (*line == '#')
            break;
        if (isspace((unsigned char)*line) || *line == ',') {
            line++;
            continue;
        }
        while (line < end && !isspace((unsigned char)*line) && *line != ',' &&
               length < sizeof word - 1)
            word[length++] = *line++;
        word[length] = '\0';
        if (!text_to_int(word, -1, INT_MAX, &id) || !store_id(record, count, room, id))
            return -1;
        found++;
    }
    return found;
}

static bool parse_text(const char *name, const char *bytes, size_t length,
    struct routing_record *record, struct error *err)
{
    const char *end = bytes + length;
    size_t count = 0, room = 0;
    int number = 0;

    for (const char *line = bytes; line < end; number++) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        int found = read_line(line, stop ? stop : end, record, &count, &room);

        if (found < 0)
            return error_set(
                err, ERROR_FAILED, "%s:%d: not a list of expert ids", name, number + 1);
        if (found && record->top_k && found != record->top_k)
            return error_set(err, ERROR_FAILED, "%s:%d: %d experts, the lines before have %d", name,
                number + 1, found, record->top_k);
        if (found) {
            record->top_k = found;
            record->tokens++;
        }
        line = stop ? stop + 1 : end;
    }
    return record->tokens > 0 || error_set(err, ERROR_FAILED, "%s: no expert ids in it", name);
}

/* The header is a Python dict's text; only these forms are taken. */
static bool parse_npy_header(const char *header, int *width, long *rows, long *columns)
{
    const char *shape = strstr(header, "'shape': (");

    *width = strstr(header, "'<i4'") ? 4 : strstr(header, "'<i8'") ? 8 : 0;
    return *width && shape && strstr(header, "'fortran_order': False") &&
           sscanf(shape, "'shape': (%ld, %ld)", rows, columns) == 2 && *rows > 0 && *columns > 0;
}

/* Format: numpy.lib.format, magic "\x93NUMPY", version, header length, header, data. */
static bool parse_npy(const char *name, const unsigned char *bytes, size_t length,
    struct routing_record *record, struct error *err)
{
    const size_t fixed = bytes[6] == 1 ? 10 : 12;
    size_t header_length, count = 0, room = 0;
    long rows = 0, columns = 0;
    int width = 0;
    char *header;
    bool good;

    if (length < fixed)
        return error_set(err, ERROR_FAILED, "%s: an .npy file cut short", name);
    header_length = bytes[8] | (size_t)bytes[9] << 8;
    if (fixed == 12)
        header_length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (header_length > length - fixed)
        return error_set(err, ERROR_FAILED, "%s: an .npy file cut short", name);
    header = xstrndup((const char *)bytes + fixed, header_length);
    good = parse_npy_header(header, &width, &rows, &columns);
    free(header);
    if (!good || columns > 1024 || rows > (long)MOST_IDS / columns ||
        (size_t)rows * (size_t)columns * (size_t)width != length - fixed - header_length)
        return error_set(err, ERROR_FAILED,
            "%s: not an .npy of int32 or int64 [tokens, top_k] in C order", name);
    bytes += fixed + header_length;
    for (size_t i = 0; i < (size_t)rows * (size_t)columns; i++, bytes += width) {
        int32_t narrow;
        int64_t id;

        memcpy(&narrow, bytes, sizeof narrow);
        id = narrow;
        if (width == 8)
            memcpy(&id, bytes, sizeof id);
        if (!store_id(record, &count, &room, id))
            return error_set(err, ERROR_FAILED, "%s: %lld is no expert id", name, (long long)id);
    }
    record->tokens = (int)rows;
    record->top_k = (int)columns;
    return true;
}

bool routing_parse(const char *name, const void *bytes, size_t length,
    struct routing_record *record, struct error *err)
{
    bool good;

    *record = (struct routing_record){0};
    if (length >= 10 && !memcmp(bytes, "\x93NUMPY", 6))
        good = parse_npy(name, bytes, length, record, err);
    else
        good = parse_text(name, bytes, length, record, err);
    if (!good) {
        free(record->ids);
        *record = (struct routing_record){0};
    }
    return good;
}
