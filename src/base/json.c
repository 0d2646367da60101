/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include "base/path.h"
#include "base/text.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_LIMIT ((size_t)256 << 20)
#define DIGITS_15 1000000000000000LL /* cJSON prints 15 digits of a number, no more */

/* struct json is never defined: it is cJSON under another name. */
static struct json *from_cjson(cJSON *node)
{
    return (struct json *)node;
}

static cJSON *to_cjson(struct json *json)
{
    return (cJSON *)json;
}

static const cJSON *read_cjson(const struct json *json)
{
    return (const cJSON *)json;
}

static struct json *made(cJSON *node)
{
    if (!node)
        abort();
    return from_cjson(node);
}

static void parse_error(const char *text, size_t length, const char *end, struct error *err)
{
    size_t at = end && end >= text && end <= text + length ? (size_t)(end - text) : length;
    size_t line = 1, column = 1;
    for (size_t i = 0; i < at; i++) {
        column = text[i] == '\n' ? 1 : column + 1;
        line += text[i] == '\n';
    }
    error_set(err, ERROR_FAILED, "not JSON: line %zu, column %zu%s", line, column,
        at == length ? " (it ends too early)" : "");
}

struct json *json_parse(const char *text, size_t length, struct error *err)
{
    const char *end = NULL;
    cJSON *node = cJSON_ParseWithLengthOpts(text, length, &end, 0);
    if (node) {
        size_t rest = (size_t)(end - text);
        while (rest < length && text[rest] && strchr(" \t\r\n", text[rest]))
            rest++;
        if (rest == length)
            return from_cjson(node);
        end = text + rest;
    }
    parse_error(text, length, end, err);
    cJSON_Delete(node);
    return NULL;
}

struct json *json_parse_file(const char *path, struct error *err)
{
    size_t length;
    char *text = path_read(path, FILE_LIMIT, &length, err);
    if (!text)
        return NULL;
    struct json *json = json_parse(text, length, err);
    if (!json)
        error_prefix(err, "%s", path);
    free(text);
    return json;
}

void json_free(struct json *json)
{
    cJSON_Delete(to_cjson(json));
}

struct json *json_new_object(void)
{
    return made(cJSON_CreateObject());
}

void json_add(struct json *parent, const char *key, struct json *child)
{
    cJSON_bool done = key ? cJSON_AddItemToObject(to_cjson(parent), key, to_cjson(child))
                          : cJSON_AddItemToArray(to_cjson(parent), to_cjson(child));
    if (!done)
        abort();
}

static struct json *add_made(struct json *parent, const char *key, cJSON *node)
{
    struct json *child = made(node);
    json_add(parent, key, child);
    return child;
}

struct json *json_add_object(struct json *parent, const char *key)
{
    return add_made(parent, key, cJSON_CreateObject());
}

struct json *json_add_array(struct json *parent, const char *key)
{
    return add_made(parent, key, cJSON_CreateArray());
}

void json_add_null(struct json *parent, const char *key)
{
    add_made(parent, key, cJSON_CreateNull());
}

void json_add_bool(struct json *parent, const char *key, bool value)
{
    add_made(parent, key, cJSON_CreateBool(value));
}

void json_add_int(struct json *parent, const char *key, long long value)
{
    if (value > -DIGITS_15 && value < DIGITS_15) {
        add_made(parent, key, cJSON_CreateNumber((double)value));
        return;
    }
    char digits[32];
    snprintf(digits, sizeof digits, "%lld", value);
    add_made(parent, key, cJSON_CreateRaw(digits));
}

void json_add_double(struct json *parent, const char *key, double value)
{
    add_made(parent, key, isfinite(value) ? cJSON_CreateNumber(value) : cJSON_CreateNull());
}

void json_add_string(struct json *parent, const char *key, const char *value)
{
    add_made(parent, key, value ? cJSON_CreateString(value) : cJSON_CreateNull());
}

void json_add_lines(struct json *array, const char *lines)
{
    for (const char *line = lines; line && *line;) {
        size_t length = strcspn(line, "\n");
        char *text = xstrndup(line, length);
        json_add_string(array, NULL, text);
        free(text);
        line += length + (line[length] == '\n');
    }
}

const struct json *json_get(const struct json *object, const char *key)
{
    const struct json *found = NULL;
    if (!json_is_object(object))
        return NULL;
    for (const struct json *child = json_first(object); child; child = json_next(child))
        if (strcmp(json_key(child), key) == 0)
            found = child;
    return found;
}

const struct json *json_at(const struct json *array, size_t index)
{
    const struct json *child = json_is_array(array) ? json_first(array) : NULL;
    while (child && index-- > 0)
        child = json_next(child);
    return child;
}

size_t json_count(const struct json *container)
{
    size_t count = 0;
    for (const struct json *child = json_first(container); child; child = json_next(child))
        count++;
    return count;
}

const struct json *json_first(const struct json *container)
{
    return container ? from_cjson(read_cjson(container)->child) : NULL;
}

const struct json *json_next(const struct json *child)
{
    return child ? from_cjson(read_cjson(child)->next) : NULL;
}

const char *json_key(const struct json *child)
{
    return child ? read_cjson(child)->string : NULL;
}

bool json_is_null(const struct json *json)
{
    return cJSON_IsNull(read_cjson(json));
}

bool json_is_object(const struct json *json)
{
    return cJSON_IsObject(read_cjson(json));
}

bool json_is_array(const struct json *json)
{
    return cJSON_IsArray(read_cjson(json));
}

bool json_is_string(const struct json *json)
{
    return cJSON_IsString(read_cjson(json));
}

const char *json_string(const struct json *json)
{
    return cJSON_GetStringValue(read_cjson(json));
}

bool json_int(const struct json *json, long long *value)
{
    double number;
    if (!json_double(json, &number) || number != floor(number) || fabs(number) > 0x1p53)
        return false;
    *value = (long long)number;
    return true;
}

bool json_double(const struct json *json, double *value)
{
    if (!cJSON_IsNumber(read_cjson(json)))
        return false;
    *value = read_cjson(json)->valuedouble;
    return true;
}

bool json_true(const struct json *json)
{
    return cJSON_IsTrue(read_cjson(json));
}

bool json_need_text(
    const struct json *object, const char *key, char *buffer, size_t size, struct error *err)
{
    const char *text = json_string(json_get(object, key));
    if (!text || strlen(text) >= size)
        return error_set(err, ERROR_FAILED, "%s is missing or too long", key);
    memcpy(buffer, text, strlen(text) + 1);
    return true;
}

bool json_need_count(const struct json *object, const char *key, int *value, struct error *err)
{
    long long number;
    if (!json_int(json_get(object, key), &number) || number < 0 || number > INT_MAX)
        return error_set(err, ERROR_FAILED, "%s is missing or no count", key);
    *value = (int)number;
    return true;
}

void json_take_text(const struct json *object, const char *key, char *buffer, size_t size)
{
    const char *text = json_string(json_get(object, key));
    snprintf(buffer, size, "%s", text ? text : "");
}

void json_take_int(const struct json *object, const char *key, int *value)
{
    long long number;
    if (json_int(json_get(object, key), &number) && number >= INT_MIN && number <= INT_MAX)
        *value = (int)number;
}

char *json_print(const struct json *json)
{
    char *text = cJSON_PrintUnformatted(read_cjson(json));
    if (!text)
        abort();
    return text;
}

char *json_print_pretty(const struct json *json)
{
    char *text = cJSON_Print(read_cjson(json));
    if (!text)
        abort();
    return text;
}
