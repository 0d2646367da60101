/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_BASE_JSON_H
#define MOEBENCH_BASE_JSON_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * JSON trees on cJSON, the only place that knows it. A tree is owned by whoever made its root and
 * freed by json_free; adding a child hands it to its parent. Getters take NULL and answer "absent",
 * so that a chain needs one check at its end.
 */
struct json;

struct json *json_parse(const char *text, size_t length, struct error *err);
struct json *json_parse_file(const char *path, struct error *err);
void json_free(struct json *json);

struct json *json_new_object(void);
/* Each adds to `parent`: under `key` when it is an object, at the end (key NULL) of an array. */
struct json *json_add_object(struct json *parent, const char *key);
struct json *json_add_array(struct json *parent, const char *key);
/* Every line of the text (NULL: none) as a string at the end of an array. */
void json_add_lines(struct json *array, const char *lines);
void json_add(struct json *parent, const char *key, struct json *child);
void json_add_null(struct json *parent, const char *key);
void json_add_bool(struct json *parent, const char *key, bool value);
void json_add_int(struct json *parent, const char *key, long long value);
void json_add_double(struct json *parent, const char *key, double value); /* NaN, inf -> null */
void json_add_string(struct json *parent, const char *key, const char *value); /* NULL -> null */

const struct json *json_get(const struct json *object, const char *key);
const struct json *json_at(const struct json *array, size_t index);
size_t json_count(const struct json *container);
/* The next sibling, NULL at the end; `json_first` of an object or array. */
const struct json *json_first(const struct json *container);
const struct json *json_next(const struct json *child);
const char *json_key(const struct json *child); /* NULL inside an array */

bool json_is_null(const struct json *json);
bool json_is_object(const struct json *json);
bool json_is_array(const struct json *json);
bool json_is_string(const struct json *json);
/* Borrowed until the tree is freed; NULL when not a string. */
const char *json_string(const struct json *json);
bool json_int(const struct json *json, long long *value); /* false when not integral */
bool json_double(const struct json *json, double *value);
bool json_true(const struct json *json);

/* A field of an object that must be there; `buffer` must hold it whole. The errors name the key. */
bool json_need_text(
    const struct json *object, const char *key, char *buffer, size_t size, struct error *err);
/* The same; 0 to INT_MAX. */
bool json_need_count(const struct json *object, const char *key, int *value, struct error *err);
/* A field that may be absent: "" then; a longer text is cut. */
void json_take_text(const struct json *object, const char *key, char *buffer, size_t size);
/* *value stays as it is where the key is absent or no int. */
void json_take_int(const struct json *object, const char *key, int *value);

/* One line without spaces, or indented; free() the result. */
char *json_print(const struct json *json);
char *json_print_pretty(const struct json *json);

#endif
