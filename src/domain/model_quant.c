/* SPDX-License-Identifier: MIT */
#include "domain/model_quant.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* What is said when the config leaves the experts' type open. */
#define NAME_IT "name it with --dtype (bf16, fp8_w8a8, fp8_w8a8:channel, fp8_w8a8:128x128, .. )"

static bool refuse(const char *what, struct error *err)
{
    return error_set(err, ERROR_FAILED,
        "the experts are %s, which the fused MoE Triton kernel does not run; for a copy with other "
        "experts name their type with --dtype",
        what);
}

static bool read_pair(const struct json *array, int *first, int *second)
{
    long long a, b;

    if (json_count(array) != 2 || !json_int(json_at(array, 0), &a) ||
        !json_int(json_at(array, 1), &b) || a < 1 || b < 1 || a > 65536 || b > 65536)
        return false;
    *first = (int)a;
    *second = (int)b;
    return true;
}

/* "128x128" or [128, 128]. */
static bool read_block(const struct json *item, int *n, int *k)
{
    const char *text = json_string(item);
    int used = 0;

    if (text)
        return sscanf(text, "%5dx%5d%n", n, k, &used) == 2 && !text[used] && *n > 0 && *k > 0;
    return json_is_array(item) && read_pair(item, n, k);
}

/* Bits and group size as AWQ, GPTQ and AutoRound name them: weights only. */
static bool read_weight_only(const struct json *quant, struct model *model, struct error *err)
{
    long long bits = 0, group = 0;

    if (!json_int(json_get(quant, "bits"), &bits))
        json_int(json_get(quant, "w_bit"), &bits);
    if (!json_int(json_get(quant, "group_size"), &group))
        json_int(json_get(quant, "q_group_size"), &group);
    if (bits != 4 && bits != 8)
        return error_set(
            err, ERROR_FAILED, "weights of %lld bits: the kernel runs 4 and 8; " NAME_IT, bits);
    model->dtype = bits == 4 ? DTYPE_INT4_W4A16 : DTYPE_INT8_W8A16;
    model->group_size = group > 0 && group <= 65536 ? (int)group : 0;
    return true;
}

static bool read_fp8(const struct json *quant, struct model *model, struct error *err)
{
    const struct json *block = json_get(quant, "weight_block_size");

    model->dtype = DTYPE_FP8_W8A8;
    if (!block || json_is_null(block) || read_pair(block, &model->block_n, &model->block_k))
        return true;
    return error_set(err, ERROR_FAILED, "weight_block_size is not a list of two sizes");
}

static bool read_fp8_channel(const struct json *quant, struct model *model, struct error *err)
{
    (void)quant, (void)err;
    model->dtype = DTYPE_FP8_W8A8;
    model->per_channel = true;
    return true;
}

static bool read_int8_channel(const struct json *quant, struct model *model, struct error *err)
{
    (void)quant, (void)err;
    model->dtype = DTYPE_INT8_W8A8;
    model->per_channel = true;
    return true;
}

static bool read_int8_block(const struct json *quant, struct model *model, struct error *err)
{
    bool done = read_fp8(quant, model, err);

    model->dtype = DTYPE_INT8_W8A8;
    return done;
}

static bool read_int8_weights(const struct json *quant, struct model *model, struct error *err)
{
    (void)quant, (void)err;
    model->dtype = DTYPE_INT8_W8A16;
    return true;
}

static bool read_mxfp4(const struct json *quant, struct model *model, struct error *err)
{
    (void)quant, (void)model;
    return refuse("MXFP4", err);
}

static bool read_nvfp4(const struct json *quant, struct model *model, struct error *err)
{
    (void)quant, (void)model;
    return refuse("NVFP4", err);
}

/* Whether a group's targets name the experts, or all linear layers. */
static bool targets(const struct json *group, const char *word)
{
    const struct json *list = json_get(group, "targets");

    for (const struct json *item = json_first(list); item; item = json_next(item)) {
        const char *text = json_string(item);

        if (text && strstr(text, word))
            return true;
    }
    return false;
}

static const struct json *experts_group(const struct json *groups, struct model *model)
{
    static const char *const words[] = {"experts", "Linear"};

    if (json_count(groups) > 1)
        model_note(model, "%zu config_groups: the one for experts, else for Linear, is taken",
            json_count(groups));
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        for (const struct json *group = json_first(groups); group; group = json_next(group))
            if (targets(group, words[i]))
                return group;
    return json_first(groups);
}

/* The numeric format of one group's weights and activations, as a dtype of the kernel. */
static bool read_format(
    const struct json *weights, const struct json *acts, struct model *model, struct error *err)
{
    const char *type = json_string(json_get(weights, "type"));
    bool quantised_acts = json_is_object(acts);
    long long bits = 0, act_bits = 0;

    json_int(json_get(weights, "num_bits"), &bits);
    json_int(json_get(acts, "num_bits"), &act_bits);
    if (!type || (bits != 4 && bits != 8))
        return error_set(err, ERROR_FAILED,
            "config_groups does not say the weights' num_bits (4 or 8) and type; " NAME_IT);
    if (!strcmp(type, "float") && bits == 4)
        return refuse("4-bit floats (NVFP4 or MXFP4)", err);
    if (!strcmp(type, "float") && !quantised_acts)
        return refuse("fp8 weights with 16-bit activations", err);
    if (quantised_acts && act_bits && act_bits != bits)
        return refuse("quantised to different widths in weights and activations", err);
    if (!strcmp(type, "float"))
        model->dtype = DTYPE_FP8_W8A8;
    else if (quantised_acts && bits == 4)
        return refuse("int4 with int4 activations", err);
    else if (quantised_acts)
        model->dtype = DTYPE_INT8_W8A8;
    else
        model->dtype = bits == 4 ? DTYPE_INT4_W4A16 : DTYPE_INT8_W8A16;
    return true;
}

/* compressed-tensors, and ModelOpt exports with the same groups. A null or absent group_size is no
 * block: never [0, None]. */
static bool read_groups(const struct json *quant, struct model *model, struct error *err)
{
    const struct json *group = experts_group(json_get(quant, "config_groups"), model);
    const struct json *weights = json_get(group, "weights");
    const char *strategy = json_string(json_get(weights, "strategy"));
    long long size = 0;

    if (!json_is_object(weights))
        return error_set(err, ERROR_FAILED,
            "config_groups holds no weights: the experts' dtype is missing; " NAME_IT);
    if (!read_format(weights, json_get(group, "input_activations"), model, err))
        return false;
    json_int(json_get(weights, "group_size"), &size);
    model->per_channel = strategy && !strcmp(strategy, "channel");
    if (strategy && !strcmp(strategy, "block") &&
        !read_block(json_get(weights, "block_structure"), &model->block_n, &model->block_k))
        return error_set(
            err, ERROR_FAILED, "strategy is block, but block_structure is not two sizes; " NAME_IT);
    if (model->dtype == DTYPE_INT4_W4A16 || model->dtype == DTYPE_INT8_W8A16)
        model->group_size = size > 0 && size <= 65536 ? (int)size : 0;
    return true;
}

/* What ModelOpt calls its recipes. */
static bool read_algorithm(const char *name, struct model *model, struct error *err)
{
    static const struct {
        const char *name;
        bool per_channel;
        int block;
    } recipes[] = {
        {"FP8", false, 0},
        {"FP8_PER_CHANNEL_PER_TOKEN", true, 0},
        {"FP8_PB_WO", false, 128},
        {"FP8_BLOCK_SCALES", false, 128},
    };

    for (size_t i = 0; i < sizeof recipes / sizeof recipes[0]; i++) {
        if (!text_same(name, recipes[i].name))
            continue;
        model->dtype = DTYPE_FP8_W8A8;
        model->per_channel = recipes[i].per_channel;
        model->block_n = model->block_k = recipes[i].block;
        return true;
    }
    if (text_contains(name, "FP4"))
        return refuse(name, err);
    return error_set(err, ERROR_FAILED, "quant_algo %s is not known; " NAME_IT, name);
}

/* quant_algo, of the experts' own layers where recipes are mixed, else config_groups. */
static bool read_modelopt(const struct json *quant, struct model *model, struct error *err)
{
    const char *name = json_string(json_get(quant, "quant_algo"));

    for (const struct json *layer = json_first(json_get(quant, "quantized_layers")); layer;
         layer = json_next(layer)) {
        const char *key = json_key(layer);

        if (key && strstr(key, ".experts") && json_is_string(json_get(layer, "quant_algo"))) {
            name = json_string(json_get(layer, "quant_algo"));
            break;
        }
    }
    if (name)
        return read_algorithm(name, model, err);
    if (json_get(quant, "config_groups"))
        return read_groups(quant, model, err);
    return error_set(err, ERROR_FAILED, "neither quant_algo nor config_groups is given; " NAME_IT);
}

static const struct {
    const char *name;
    bool (*read)(const struct json *quant, struct model *model, struct error *err);
} methods[] = {
    {"fp8", read_fp8},
    {"fbgemm_fp8", read_fp8_channel},
    {"w8a8_fp8", read_fp8_channel},
    {"compressed-tensors", read_groups},
    {"compressed_tensors", read_groups},
    {"modelopt", read_modelopt},
    {"modelopt_fp8", read_modelopt},
    {"modelopt_fp4", read_nvfp4},
    {"modelopt_mixed", read_modelopt},
    {"mxfp4", read_mxfp4},
    {"w8a8_int8", read_int8_channel},
    {"blockwise_int8", read_int8_block},
    {"experts_int8", read_int8_weights},
    {"awq", read_weight_only},
    {"awq_marlin", read_weight_only},
    {"gptq", read_weight_only},
    {"gptq_marlin", read_weight_only},
    {"moe_wna16", read_weight_only},
    {"auto-round", read_weight_only},
};

static bool read_method(const struct json *quant, struct model *model, struct error *err)
{
    const char *name = json_string(json_get(quant, "quant_method"));
    struct text known = {0};

    if (!name)
        return read_modelopt(quant, model, err);
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (text_same(name, methods[i].name))
            return methods[i].read(quant, model, err);
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        text_add(&known, "%s%s", i ? ", " : "", methods[i].name);
    error_set(err, ERROR_FAILED, "quant_method %s is not one of %s; " NAME_IT, name, known.data);
    text_free(&known);
    return false;
}

bool model_read_quant(
    const struct json *quant, const char *where, struct model *model, struct error *err)
{
    if (!json_is_object(quant))
        return error_set(err, ERROR_FAILED, "%s is not an object; " NAME_IT, where);
    if (!read_method(quant, model, err))
        return error_prefix(err, "%s", where);
    model_source(model, "dtype", where);
    if (model->block_k)
        model_source(model, "block_shape", where);
    if (model->per_channel)
        model_source(model, "per_channel", where);
    if (model->dtype == DTYPE_INT4_W4A16)
        model_note(model,
            "int4: NVIDIA servers mostly run Marlin for it; this kernel and its files "
            "count with --quantization moe_wna16");
    return true;
}

bool model_parse_dtype(const char *text, struct model *model, struct error *err)
{
    char name[32];
    size_t length = strcspn(text, ":");
    const char *detail = text[length] ? text + length + 1 : NULL;
    int used = 0;
    long group;
    bool weights_only, eight;

    snprintf(
        name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name - 1), text);
    if (!dtype_parse(name, &model->dtype))
        return error_set(err, ERROR_USAGE, "--dtype %s is not known; " NAME_IT, text);
    model_source(model, "dtype", "--dtype");
    weights_only = model->dtype == DTYPE_INT4_W4A16 || model->dtype == DTYPE_INT8_W8A16;
    eight = model->dtype == DTYPE_FP8_W8A8 || model->dtype == DTYPE_INT8_W8A8;
    if (!detail)
        return true;
    if (eight && !strcmp(detail, "channel"))
        return model->per_channel = true;
    if (weights_only && text_to_int(detail, 1, 65536, &group)) {
        model->group_size = (int)group;
        return true;
    }
    if (eight && sscanf(detail, "%5dx%5d%n", &model->block_n, &model->block_k, &used) == 2 &&
        !detail[used] && model->block_n > 0 && model->block_k > 0)
        return true;
    return error_set(
        err, ERROR_USAGE, "--dtype %s: '%s' does not go with %s; " NAME_IT, text, detail, name);
}
