/* SPDX-License-Identifier: MIT */
#include "domain/shape.h"

#include "base/text.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

struct dtype_row {
    const char *name;
    int a_bytes, b_bytes;
};

/* int4 weights lie two to a byte, but the kernel loads a byte for each of them. */
static const struct dtype_row dtypes[DTYPE_COUNT] = {
    [DTYPE_BF16] = {"bf16", 2, 2},
    [DTYPE_FP16] = {"fp16", 2, 2},
    [DTYPE_FP32] = {"fp32", 4, 4},
    [DTYPE_FP8_W8A8] = {"fp8_w8a8", 1, 1},
    [DTYPE_INT8_W8A8] = {"int8_w8a8", 1, 1},
    [DTYPE_INT8_W8A16] = {"int8_w8a16", 2, 1},
    [DTYPE_INT4_W4A16] = {"int4_w4a16", 2, 1},
};

/* Other spellings: config.json's and the engines'. */
static const struct {
    const char *name;
    enum dtype dtype;
} synonyms[] = {
    {"bfloat16", DTYPE_BF16},
    {"float16", DTYPE_FP16},
    {"half", DTYPE_FP16},
    {"float32", DTYPE_FP32},
    {"float", DTYPE_FP32},
    {"fp8", DTYPE_FP8_W8A8},
};

const char *dtype_name(enum dtype dtype)
{
    return dtype < DTYPE_COUNT ? dtypes[dtype].name : "unknown";
}

bool dtype_parse(const char *name, enum dtype *dtype)
{
    if (!strncmp(name, "torch.", 6))
        name += 6;
    for (int i = 0; i < DTYPE_COUNT; i++) {
        if (text_same(name, dtypes[i].name)) {
            *dtype = (enum dtype)i;
            return true;
        }
    }
    for (size_t i = 0; i < sizeof synonyms / sizeof synonyms[0]; i++) {
        if (text_same(name, synonyms[i].name)) {
            *dtype = synonyms[i].dtype;
            return true;
        }
    }
    return false;
}

int dtype_a_bytes(enum dtype dtype)
{
    return dtypes[dtype].a_bytes;
}

int dtype_b_bytes(enum dtype dtype)
{
    return dtypes[dtype].b_bytes;
}

const char *gemm_name(enum gemm gemm)
{
    return gemm == GEMM_DOWN ? "down" : "up";
}

bool gemm_parse(const char *name, enum gemm *gemm)
{
    for (int i = 0; i < GEMM_COUNT; i++) {
        if (!strcmp(name, gemm_name((enum gemm)i))) {
            *gemm = (enum gemm)i;
            return true;
        }
    }
    return false;
}

bool shape_equal(const struct shape *a, const struct shape *b)
{
    return a->experts == b->experts && a->routed == b->routed && a->top_k == b->top_k &&
           a->hidden == b->hidden && a->intermediate == b->intermediate && a->dtype == b->dtype &&
           a->out == b->out && a->block_n == b->block_n && a->block_k == b->block_k &&
           a->group_size == b->group_size && a->per_channel == b->per_channel &&
           a->gated == b->gated;
}

int shape_gemm_n(const struct shape *shape, enum gemm gemm)
{
    if (gemm == GEMM_DOWN)
        return shape->hidden;
    return shape->gated ? 2 * shape->intermediate : shape->intermediate;
}

int shape_gemm_k(const struct shape *shape, enum gemm gemm)
{
    return gemm == GEMM_DOWN ? shape->intermediate : shape->hidden;
}

int shape_blocks(long long size, int block)
{
    return (int)((size + block - 1) / block);
}

/* The numbers of a shape by their names in JSON. */
static const struct {
    const char *key;
    size_t offset;
    bool optional; /* 0 when absent */
} numbers[] = {
    {"experts", offsetof(struct shape, experts), false},
    {"routed", offsetof(struct shape, routed), false},
    {"top_k", offsetof(struct shape, top_k), false},
    {"hidden", offsetof(struct shape, hidden), false},
    {"intermediate", offsetof(struct shape, intermediate), false},
    {"block_n", offsetof(struct shape, block_n), true},
    {"block_k", offsetof(struct shape, block_k), true},
    {"group_size", offsetof(struct shape, group_size), true},
};

void shape_add_json(struct json *object, const struct shape *shape)
{
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        json_add_int(
            object, numbers[i].key, *(const int *)((const char *)shape + numbers[i].offset));
    json_add_string(object, "dtype", dtype_name(shape->dtype));
    json_add_string(object, "out", dtype_name(shape->out));
    json_add_bool(object, "per_channel", shape->per_channel);
    json_add_bool(object, "gated", shape->gated);
}

static bool read_dtype(
    const struct json *object, const char *key, enum dtype *dtype, struct error *err)
{
    const char *name = json_string(json_get(object, key));

    if (!name || !dtype_parse(name, dtype))
        return error_set(err, ERROR_FAILED, "shape: \"%s\" is not a known dtype", key);
    return true;
}

bool shape_from_json(const struct json *object, struct shape *shape, struct error *err)
{
    struct shape read = {0};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const struct json *item = json_get(object, numbers[i].key);
        long long value = 0;

        if (!item && numbers[i].optional)
            continue;
        if (!json_int(item, &value) || value < !numbers[i].optional || value > INT_MAX)
            return error_set(
                err, ERROR_FAILED, "shape: \"%s\" must be a positive number", numbers[i].key);
        *(int *)((char *)&read + numbers[i].offset) = (int)value;
    }
    if (!read_dtype(object, "dtype", &read.dtype, err) ||
        !read_dtype(object, "out", &read.out, err))
        return false;
    read.per_channel = json_true(json_get(object, "per_channel"));
    read.gated = json_true(json_get(object, "gated"));
    *shape = read;
    return true;
}
