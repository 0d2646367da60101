/* SPDX-License-Identifier: MIT */
#include "domain/engine_rules.h"

#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER_PREFIX "triton_"

/* The Triton versions that SGLang looked through before it listed the folders. */
static const char *const fixed_fallbacks[] = {"3.4.0", "3.3.1", "3.2.0", "3.1.0"};

int engine_name_n(const struct engine *engine, const struct shape *shape)
{
    /* Both see the stored w2, two int4 to a byte; vLLM multiplies it back. */
    if (engine->kind == ENGINE_SGLANG && shape->dtype == DTYPE_INT4_W4A16)
        return shape->intermediate / 2;
    return shape->intermediate;
}

/* The dtype as the names write it, NULL where they leave it out. */
static const char *dtype_part(const struct engine *engine, enum dtype dtype)
{
    switch (dtype) {
    case DTYPE_FP32:
        return "float32";
    case DTYPE_INT8_W8A8:
        return engine->kind == ENGINE_VLLM ? NULL : dtype_name(dtype);
    case DTYPE_FP8_W8A8:
    case DTYPE_INT8_W8A16:
    case DTYPE_INT4_W4A16:
        return dtype_name(dtype);
    default:
        return NULL;
    }
}

static bool has_word(const char *name, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = name; at; at = strchr(at, '_')) {
        at += *at == '_';
        if (!strncmp(at, word, length) && (!at[length] || at[length] == '_'))
            return true;
    }
    return false;
}

void engine_device_part(const struct engine *engine, const char *device, char *buffer, size_t size)
{
    size_t at = 0;

    for (const char *c = device; *c && at + 1 < size; c++) {
        bool blank = *c == ' ';

        if (engine->kind == ENGINE_VLLM)
            blank = isspace((unsigned char)*c) || *c == '/';
        if (blank && engine->kind == ENGINE_VLLM && c > device && buffer[at - 1] == '_' &&
            (isspace((unsigned char)c[-1]) || c[-1] == '/'))
            continue;
        buffer[at++] = blank ? '_' : *c;
    }
    buffer[at] = '\0';
    if (engine->kind == ENGINE_VLLM && has_word(buffer, "H200"))
        snprintf(buffer, size, "NVIDIA_H200");
}

bool engine_file_name(const struct engine *engine, const struct shape *shape,
    const struct device *device, enum gemm gemm, char name[ENGINE_NAME_SIZE])
{
    const char *dtype = dtype_part(engine, shape->dtype);
    char part[sizeof device->name], block[48] = "";

    if (gemm == GEMM_DOWN && !engine->rules->down_files)
        return false;
    engine_device_part(engine, device->name, part, sizeof part);
    if (shape->block_n && shape->block_k)
        snprintf(block, sizeof block, ",block_shape=[%d,%s%d]", shape->block_n,
            engine->kind == ENGINE_VLLM ? "" : " ", shape->block_k);
    snprintf(name, ENGINE_NAME_SIZE, "E=%d,N=%d,device_name=%s%s%s%s%s%s.json", shape->experts,
        engine_name_n(engine, shape), part, dtype ? ",dtype=" : "", dtype ? dtype : "", block,
        shape->per_channel && engine->rules->per_channel_in_name ? ",per_channel_quant=True" : "",
        gemm == GEMM_DOWN ? "_down" : "");
    return true;
}

/* `text` behind a prefix, with one character for another. */
static void rewrite(
    const char *prefix, const char *text, char from, char to, char *buffer, size_t size)
{
    snprintf(buffer, size, "%s%s", prefix, text);
    for (char *c = buffer + strlen(prefix); *c; c++)
        *c = *c == from ? to : *c;
}

void engine_triton_folder(const char *triton, char *buffer, size_t size)
{
    rewrite(FOLDER_PREFIX, triton, '.', '_', buffer, size);
}

void engine_folder_triton(const char *folder, char *buffer, size_t size)
{
    bool ours = text_starts_with(folder, FOLDER_PREFIX);

    rewrite("", ours ? folder + strlen(FOLDER_PREFIX) : "", '_', '.', buffer, size);
}

void engine_folder(const struct engine *engine, const char *triton, char *buffer, size_t size)
{
    if (engine->kind == ENGINE_VLLM)
        snprintf(buffer, size, "%s", "");
    else
        rewrite("configs/" FOLDER_PREFIX, triton, '.', '_', buffer, size);
}

char *engine_found_line(const struct engine *engine, const char *path)
{
    if (engine->kind == ENGINE_VLLM)
        return xasprintf("Using configuration from %s for MoE layer.", path);
    return xasprintf("Using MoE kernel config from %s.", path);
}

/* Whether `folder` is the one of this Triton version: triton_3_5_0 of 3.5.0. */
static bool folder_is(const char *folder, const char *triton)
{
    char own[64];

    engine_triton_folder(triton, own, sizeof own);
    return strcmp(folder, own) == 0;
}

/* Orders triton_3_10_0 after triton_3_8_0, as tuples of integers; a missing part is less. */
static int compare_folders(const char *a, const char *b)
{
    a += strlen(FOLDER_PREFIX);
    b += strlen(FOLDER_PREFIX);
    while (*a && *b) {
        char *end_a, *end_b;
        long left = strtol(a, &end_a, 10), right = strtol(b, &end_b, 10);

        if (left != right)
            return left < right ? -1 : 1;
        a = end_a + (*end_a != '\0');
        b = end_b + (*end_b != '\0');
    }
    return (*a != '\0') - (*b != '\0');
}

bool engine_folder_readable(const char *folder)
{
    bool digit = false;

    if (!text_starts_with(folder, FOLDER_PREFIX))
        return false;
    for (const char *c = folder + strlen(FOLDER_PREFIX); *c; c++) {
        if (!isdigit((unsigned char)*c) && !(*c == '_' && digit && c[1]))
            return false;
        digit = isdigit((unsigned char)*c);
    }
    return digit;
}

static size_t order_fixed(
    const char *triton, const char *const folders[], size_t count, size_t order[])
{
    size_t found = 0;

    for (size_t i = 0; i < sizeof fixed_fallbacks / sizeof fixed_fallbacks[0]; i++) {
        for (size_t j = 0; j < count && strcmp(fixed_fallbacks[i], triton); j++)
            if (folder_is(folders[j], fixed_fallbacks[i]))
                order[found++] = j;
    }
    return found;
}

static size_t order_all(
    const char *triton, const char *const folders[], size_t count, size_t order[])
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        size_t at = found;

        if (!engine_folder_readable(folders[i]) || folder_is(folders[i], triton))
            continue;
        for (; at && compare_folders(folders[order[at - 1]], folders[i]) < 0; at--)
            order[at] = order[at - 1];
        order[at] = i;
        found++;
    }
    return found;
}

size_t engine_fallback_order(const struct engine *engine, const char *triton,
    const char *const folders[], size_t count, size_t order[])
{
    switch (engine->rules->fallback) {
    case FALLBACK_FIXED:
        return order_fixed(triton, folders, count, order);
    case FALLBACK_ALL:
        return order_all(triton, folders, count, order);
    case FALLBACK_NONE:
        break;
    }
    return 0;
}
