/* SPDX-License-Identifier: MIT */
#include "domain/argument.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* What a launch is for; every rule below reads no more than this. */
struct launch {
    const struct engine *engine;
    const struct shape *shape;
    enum gemm gemm;
    const struct tile *tile;
    int m;
};

/* A dtype's tensors in Triton's signature language; NULL where this kernel does not run it. */
static const struct {
    const char *a, *b;
    bool scaled; /* A and B come with scales, multiplied by the kernel */
} tensors[DTYPE_COUNT] = {
    [DTYPE_BF16] = {"*bf16", "*bf16", false},
    [DTYPE_FP16] = {"*fp16", "*fp16", false},
    [DTYPE_FP32] = {"*fp32", "*fp32", false},
    [DTYPE_FP8_W8A8] = {"*fp8e4nv", "*fp8e4nv", true},
    [DTYPE_INT8_W8A8] = {"*i8", "*i8", true},
};

static bool is_blockwise(const struct shape *shape)
{
    return shape->block_n > 0 && shape->block_k > 0;
}

static bool is_scaled(const struct launch *launch)
{
    return tensors[launch->shape->dtype].scaled;
}

static bool is_per_token(const struct launch *launch)
{
    return is_scaled(launch) && !is_blockwise(launch->shape) && launch->shape->per_channel;
}

static const char *output_word(const struct launch *launch)
{
    return launch->shape->out == DTYPE_FP16   ? "fp16"
           : launch->shape->out == DTYPE_FP32 ? "fp32"
                                              : "bf16";
}

static long long gemm_n(const struct launch *launch)
{
    return shape_gemm_n(launch->shape, launch->gemm);
}

static long long gemm_k(const struct launch *launch)
{
    return shape_gemm_k(launch->shape, launch->gemm);
}

static long long sorted_length(const struct launch *launch)
{
    return engine_em(launch->engine, launch->shape, launch->m, launch->tile->block_m);
}

static long long routed_tokens(const struct launch *launch)
{
    return (long long)launch->m * launch->shape->top_k;
}

static long long zero(const struct launch *launch)
{
    (void)launch;
    return 0;
}

static long long one(const struct launch *launch)
{
    (void)launch;
    return 1;
}

static long long expert_stride(const struct launch *launch)
{
    return gemm_n(launch) * gemm_k(launch);
}

/* Blocks of the reduction that one activation scale serves. */
static long long scale_columns(const struct launch *launch)
{
    return shape_blocks(gemm_k(launch), launch->shape->block_k);
}

static bool is_block_scaled(const struct launch *launch)
{
    return is_scaled(launch) && is_blockwise(launch->shape);
}

/* A_scale: [1] gives no strides; [rows, 1] per token; [rows, K/block_k] blockwise. */
static long long a_scale_row_stride(const struct launch *launch)
{
    return is_block_scaled(launch) ? scale_columns(launch) : is_per_token(launch);
}

static long long a_scale_column_stride(const struct launch *launch)
{
    return is_block_scaled(launch) || is_per_token(launch);
}

/* B_scale: [E] gives no strides; [E, N, 1] per channel; [E, N/block_n, K/block_k] blockwise. */
static long long b_scale_expert_stride(const struct launch *launch)
{
    if (is_block_scaled(launch))
        return shape_blocks(gemm_n(launch), launch->shape->block_n) * scale_columns(launch);
    return is_per_token(launch) ? gemm_n(launch) : 0;
}

static long long b_scale_row_stride(const struct launch *launch)
{
    return is_block_scaled(launch) ? scale_columns(launch) : is_per_token(launch);
}

static long long group_n(const struct launch *launch)
{
    return is_blockwise(launch->shape) ? launch->shape->block_n : 0;
}

static long long group_k(const struct launch *launch)
{
    return is_blockwise(launch->shape) ? launch->shape->block_k : 0;
}

static long long block_m(const struct launch *launch)
{
    return launch->tile->block_m;
}

static long long block_n(const struct launch *launch)
{
    return launch->tile->block_n;
}

static long long block_k(const struct launch *launch)
{
    return launch->tile->block_k;
}

static long long group_m(const struct launch *launch)
{
    return launch->tile->group_m;
}

/* Router weights are multiplied in once, after down. */
static long long multiplies_weight(const struct launch *launch)
{
    return launch->gemm == GEMM_DOWN;
}

/* Rows of C that share a row of A. */
static long long rows_per_token(const struct launch *launch)
{
    return launch->gemm == GEMM_UP ? launch->shape->top_k : 1;
}

static long long is_fp8(const struct launch *launch)
{
    return launch->shape->dtype == DTYPE_FP8_W8A8;
}

static long long is_int8(const struct launch *launch)
{
    return launch->shape->dtype == DTYPE_INT8_W8A8;
}

static long long is_per_channel(const struct launch *launch)
{
    return launch->shape->per_channel;
}

static long long divides_k(const struct launch *launch)
{
    return gemm_k(launch) % launch->tile->block_k == 0;
}

/* Expert parallel: blocks of experts that live elsewhere carry -1 and are zero-filled. */
static long long filters_experts(const struct launch *launch)
{
    return launch->shape->experts < launch->shape->routed;
}

enum rule {
    RULE_BUFFER,       /* a pointer, or None where the dtype has no such tensor */
    RULE_NONE,         /* None */
    RULE_INT,          /* an int of the launch: specialised on 1 and on %16 */
    RULE_INT_OF_M,     /* an int that changes with M: never specialised */
    RULE_CONSTEXPR,    /* an int constexpr */
    RULE_FLAG,         /* a bool constexpr */
    RULE_OUTPUT_DTYPE, /* the constexpr dtype of C */
};

/*
 * Every parameter by name, in the order of SGLang 0.5.4.post2's kernel, then those that 0.5.8.post1
 * adds. Read in invoke_fused_moe_kernel of both. No bias, no TMA descriptors.
 */
static const struct row {
    const char *name;
    enum rule rule;
    enum buffer buffer;
    long long (*value)(const struct launch *launch);
} rows[] = {
    {"a_ptr", RULE_BUFFER, .buffer = BUFFER_A}, {"a_desc", .rule = RULE_NONE},
    {"b_ptr", RULE_BUFFER, .buffer = BUFFER_B}, {"b_desc", .rule = RULE_NONE},
    {"bias_ptr", .rule = RULE_NONE}, {"c_ptr", RULE_BUFFER, .buffer = BUFFER_C},
    {"a_scale_ptr", RULE_BUFFER, .buffer = BUFFER_A_SCALE},
    {"b_scale_ptr", RULE_BUFFER, .buffer = BUFFER_B_SCALE},
    {"topk_weights_ptr", RULE_BUFFER, .buffer = BUFFER_TOPK_WEIGHTS},
    {"sorted_token_ids_ptr", RULE_BUFFER, .buffer = BUFFER_SORTED_IDS},
    {"expert_ids_ptr", RULE_BUFFER, .buffer = BUFFER_EXPERT_IDS},
    {"num_tokens_post_padded_ptr", RULE_BUFFER, .buffer = BUFFER_POST_PADDED},
    {"N", RULE_INT, .value = gemm_n}, {"K", RULE_INT, .value = gemm_k},
    {"EM", RULE_INT_OF_M, .value = sorted_length},
    {"num_valid_tokens", RULE_INT_OF_M, .value = routed_tokens},
    {"stride_am", RULE_INT, .value = gemm_k}, {"stride_ak", RULE_INT, .value = one},
    {"stride_be", RULE_INT, .value = expert_stride}, {"stride_bk", RULE_INT, .value = one},
    {"stride_bn", RULE_INT, .value = gemm_k}, {"stride_bias_e", RULE_INT, .value = zero},
    {"stride_bias_n", RULE_INT, .value = zero}, {"stride_cm", RULE_INT, .value = gemm_n},
    {"stride_cn", RULE_INT, .value = one}, {"stride_asm", RULE_INT, .value = a_scale_row_stride},
    {"stride_ask", RULE_INT, .value = a_scale_column_stride},
    {"stride_bse", RULE_INT, .value = b_scale_expert_stride},
    {"stride_bsk", RULE_INT, .value = a_scale_column_stride},
    {"stride_bsn", RULE_INT, .value = b_scale_row_stride},
    {"group_n", RULE_CONSTEXPR, .value = group_n}, {"group_k", RULE_CONSTEXPR, .value = group_k},
    {"BLOCK_SIZE_M", RULE_CONSTEXPR, .value = block_m},
    {"BLOCK_SIZE_N", RULE_CONSTEXPR, .value = block_n},
    {"BLOCK_SIZE_K", RULE_CONSTEXPR, .value = block_k},
    {"GROUP_SIZE_M", RULE_CONSTEXPR, .value = group_m},
    {"MUL_ROUTED_WEIGHT", RULE_FLAG, .value = multiplies_weight},
    {"top_k", RULE_CONSTEXPR, .value = rows_per_token}, {"compute_type", .rule = RULE_OUTPUT_DTYPE},
    {"use_fp8_w8a8", RULE_FLAG, .value = is_fp8}, {"use_int8_w8a8", RULE_FLAG, .value = is_int8},
    {"use_int8_w8a16", RULE_FLAG, .value = zero},
    {"per_channel_quant", RULE_FLAG, .value = is_per_channel},
    {"even_Ks", RULE_FLAG, .value = divides_k}, {"c_sorted", RULE_FLAG, .value = zero},
    {"filter_expert", RULE_FLAG, .value = filters_experts},
    {"swap_ab", RULE_FLAG, .value = zero}, /* true on an H20 only */
};

static const struct row *find_row(const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!strcmp(rows[i].name, name))
            return &rows[i];
    }
    return NULL;
}

/* The signature word of a buffer, "" when the dtype goes without it. */
static void buffer_type(const struct launch *launch, enum buffer buffer, char type[16])
{
    const char *word = "*i32";

    if (buffer == BUFFER_A)
        word = tensors[launch->shape->dtype].a;
    else if (buffer == BUFFER_B)
        word = tensors[launch->shape->dtype].b;
    else if (buffer == BUFFER_A_SCALE || buffer == BUFFER_B_SCALE)
        word = is_scaled(launch) ? "*fp32" : "";
    else if (buffer == BUFFER_TOPK_WEIGHTS)
        word = "*fp32";
    if (buffer == BUFFER_C)
        snprintf(type, 16, "*%s", output_word(launch));
    else
        snprintf(type, 16, "%s", word);
}

static void describe_buffer(
    const struct launch *launch, enum buffer buffer, struct argument *argument)
{
    buffer_type(launch, buffer, argument->type);
    argument->buffer = buffer;
    argument->kind = argument->type[0] ? ARGUMENT_POINTER : ARGUMENT_CONSTANT;
}

/* As Triton's launcher: an int equal to 1 is compiled in, a multiple of 16 (0 too) is hinted. */
static void describe_int(long long value, bool of_m, struct argument *argument)
{
    argument->value = value;
    if (value == 1 && !of_m) {
        argument->constant = CONSTANT_INT;
        return;
    }
    argument->kind = ARGUMENT_INT;
    argument->hint16 = !of_m && value % 16 == 0;
    snprintf(argument->type, sizeof argument->type,
        value >= INT_MIN && value <= INT_MAX ? "i32" : "i64");
}

bool argument_supported(const struct engine *engine, const struct shape *shape, struct error *err)
{
    if (engine->kind != ENGINE_SGLANG)
        return error_set(err, ERROR_FAILED,
            "%s %s: its kernel can not be launched yet, only SGLang's", engine_name(engine),
            engine->version);
    if (shape->dtype != DTYPE_BF16 && shape->dtype != DTYPE_FP16 && shape->dtype != DTYPE_FP8_W8A8)
        return error_set(err, ERROR_FAILED,
            "%s: %s weights can not be launched yet; fp8_w8a8, bf16 and fp16 can",
            engine_name(engine), dtype_name(shape->dtype));
    return true;
}

bool argument_describe(const struct engine *engine, const struct shape *shape, enum gemm gemm,
    const struct tile *tile, int m, const char *name, struct argument *argument, struct error *err)
{
    const struct launch launch = {engine, shape, gemm, tile, m};
    const struct row *row = find_row(name);

    if (!argument_supported(engine, shape, err))
        return false;
    if (!row)
        return error_set(err, ERROR_FAILED, "%s %s: parameter %s of fused_moe_kernel is not known",
            engine_name(engine), engine->version, name);
    *argument = (struct argument){.name = row->name, .kind = ARGUMENT_CONSTANT};
    switch (row->rule) {
    case RULE_BUFFER:
        describe_buffer(&launch, row->buffer, argument);
        break;
    case RULE_NONE:
        argument->constant = CONSTANT_NONE;
        break;
    case RULE_INT:
    case RULE_INT_OF_M:
        describe_int(row->value(&launch), row->rule == RULE_INT_OF_M, argument);
        break;
    case RULE_CONSTEXPR:
    case RULE_FLAG:
        argument->constant = row->rule == RULE_FLAG ? CONSTANT_BOOL : CONSTANT_INT;
        argument->value = row->value(&launch);
        break;
    case RULE_OUTPUT_DTYPE:
        argument->constant = CONSTANT_DTYPE;
        argument->dtype = output_word(&launch);
        break;
    }
    return true;
}
