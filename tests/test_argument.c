/* SPDX-License-Identifier: MIT */
#include "tests/cmocka_all.h"

#include "domain/argument.h"
#include "tests/layer.h"

/* fused_moe_kernel's parameters, read in SGLang 0.5.4.post2; 0.5.8.post1 adds swap_ab. */
static const char *const arguments[] = {"a_ptr", "a_desc", "b_ptr", "b_desc", "bias_ptr", "c_ptr",
    "a_scale_ptr", "b_scale_ptr", "topk_weights_ptr", "sorted_token_ids_ptr", "expert_ids_ptr",
    "num_tokens_post_padded_ptr", "N", "K", "EM", "num_valid_tokens", "stride_am", "stride_ak",
    "stride_be", "stride_bk", "stride_bn", "stride_bias_e", "stride_bias_n", "stride_cm",
    "stride_cn", "stride_asm", "stride_ask", "stride_bse", "stride_bsk", "stride_bsn"};
static const char *const constants[] = {"group_n", "group_k", "BLOCK_SIZE_M", "BLOCK_SIZE_N",
    "BLOCK_SIZE_K", "GROUP_SIZE_M", "MUL_ROUTED_WEIGHT", "top_k", "compute_type", "use_fp8_w8a8",
    "use_int8_w8a8", "use_int8_w8a16", "per_channel_quant", "even_Ks", "c_sorted", "filter_expert",
    "swap_ab"};

static const struct tile tile = {
    .block_m = 16, .block_n = 64, .block_k = 128, .group_m = 8, .num_warps = 4, .num_stages = 3};

/* GLM-4.7-FP8 on one of four ranks. */
static struct shape glm(void)
{
    return (struct shape)LAYER_GLM_TP4;
}

static struct engine engine_of(const char *text)
{
    struct engine engine;
    struct error err = {0};

    if (!engine_parse(text, &engine, &err))
        fail_msg("%s", err.text);
    return engine;
}

static struct argument describe(const struct shape *shape, enum gemm gemm, int m, const char *name)
{
    const struct engine engine = engine_of("sglang:0.5.8.post1");
    struct argument argument;
    struct error err = {0};

    if (!argument_describe(&engine, shape, gemm, &tile, m, name, &argument, &err))
        fail_msg("%s", err.text);
    assert_string_equal(argument.name, name);
    return argument;
}

static void is_int(const struct shape *shape, enum gemm gemm, const char *name, long long value)
{
    const struct argument argument = describe(shape, gemm, 64, name);

    if (argument.value != value)
        fail_msg("%s %s is %lld, not %lld", gemm_name(gemm), name, argument.value, value);
    if (value == 1) {
        assert_int_equal(argument.kind, ARGUMENT_CONSTANT);
        assert_int_equal(argument.constant, CONSTANT_INT);
    } else {
        assert_int_equal(argument.kind, ARGUMENT_INT);
        assert_string_equal(argument.type, "i32");
        assert_int_equal(argument.hint16, value % 16 == 0);
    }
}

static void is_constant(
    const struct shape *shape, enum gemm gemm, const char *name, long long value)
{
    const struct argument argument = describe(shape, gemm, 64, name);

    assert_int_equal(argument.kind, ARGUMENT_CONSTANT);
    if (argument.value != value)
        fail_msg("%s %s is %lld, not %lld", gemm_name(gemm), name, argument.value, value);
}

static void every_parameter_is_known(void **state)
{
    (void)state;
    const struct shape shape = glm();

    for (size_t i = 0; i < sizeof arguments / sizeof arguments[0]; i++)
        describe(&shape, GEMM_UP, 1, arguments[i]);
    for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++)
        assert_int_equal(describe(&shape, GEMM_DOWN, 1, constants[i]).kind, ARGUMENT_CONSTANT);
}

static void per_channel_numbers(void **state)
{
    (void)state;
    const struct shape shape = glm();

    is_int(&shape, GEMM_UP, "N", 768);
    is_int(&shape, GEMM_UP, "K", 5120);
    is_int(&shape, GEMM_UP, "stride_am", 5120);
    is_int(&shape, GEMM_UP, "stride_ak", 1);
    is_int(&shape, GEMM_UP, "stride_be", 3932160);
    is_int(&shape, GEMM_UP, "stride_bn", 5120);
    is_int(&shape, GEMM_UP, "stride_bias_e", 0);
    is_int(&shape, GEMM_UP, "stride_cm", 768);
    is_int(&shape, GEMM_UP, "stride_asm", 1);
    is_int(&shape, GEMM_UP, "stride_ask", 1);
    is_int(&shape, GEMM_UP, "stride_bse", 768);
    is_int(&shape, GEMM_UP, "stride_bsk", 1);
    is_int(&shape, GEMM_UP, "stride_bsn", 1);
    is_int(&shape, GEMM_DOWN, "N", 5120);
    is_int(&shape, GEMM_DOWN, "K", 384);
    is_int(&shape, GEMM_DOWN, "stride_be", 1966080);
    is_int(&shape, GEMM_DOWN, "stride_bse", 5120);
    is_constant(&shape, GEMM_UP, "top_k", 8);
    is_constant(&shape, GEMM_DOWN, "top_k", 1);
    is_constant(&shape, GEMM_UP, "MUL_ROUTED_WEIGHT", 0);
    is_constant(&shape, GEMM_DOWN, "MUL_ROUTED_WEIGHT", 1);
    is_constant(&shape, GEMM_UP, "group_n", 0);
    is_constant(&shape, GEMM_UP, "per_channel_quant", 1);
    is_constant(&shape, GEMM_UP, "even_Ks", 1);
    is_constant(&shape, GEMM_UP, "filter_expert", 0);
    assert_string_equal(describe(&shape, GEMM_UP, 1, "a_ptr").type, "*fp8e4nv");
    assert_string_equal(describe(&shape, GEMM_UP, 1, "c_ptr").type, "*bf16");
    assert_string_equal(describe(&shape, GEMM_UP, 1, "compute_type").dtype, "bf16");
}

static void blockwise_and_per_tensor_scales(void **state)
{
    (void)state;
    struct shape shape = glm();

    shape.per_channel = false;
    is_int(&shape, GEMM_UP, "stride_asm", 0);
    is_int(&shape, GEMM_UP, "stride_bse", 0);
    is_int(&shape, GEMM_UP, "stride_bsn", 0);
    assert_string_equal(describe(&shape, GEMM_UP, 1, "a_scale_ptr").type, "*fp32");
    shape.block_n = shape.block_k = 128;
    is_int(&shape, GEMM_UP, "stride_asm", 40);
    is_int(&shape, GEMM_UP, "stride_ask", 1);
    is_int(&shape, GEMM_UP, "stride_bse", 240);
    is_int(&shape, GEMM_UP, "stride_bsk", 1);
    is_int(&shape, GEMM_UP, "stride_bsn", 40);
    is_int(&shape, GEMM_DOWN, "stride_bse", 120);
    is_constant(&shape, GEMM_UP, "group_k", 128);
}

static void unquantised_has_no_scales(void **state)
{
    (void)state;
    struct shape shape = glm();

    shape.dtype = shape.out = DTYPE_FP16;
    shape.per_channel = false;
    assert_int_equal(describe(&shape, GEMM_UP, 1, "a_scale_ptr").constant, CONSTANT_NONE);
    assert_int_equal(describe(&shape, GEMM_UP, 1, "a_scale_ptr").kind, ARGUMENT_CONSTANT);
    assert_string_equal(describe(&shape, GEMM_UP, 1, "b_ptr").type, "*fp16");
    is_int(&shape, GEMM_UP, "stride_asm", 0);
}

/* One cubin serves every M. */
static void what_follows_m_is_never_specialised(void **state)
{
    (void)state;
    struct shape shape = glm();

    shape.top_k = 1;
    for (int m = 1; m <= 4096; m *= 16) {
        struct argument argument = describe(&shape, GEMM_UP, m, "num_valid_tokens");

        assert_int_equal(argument.kind, ARGUMENT_INT);
        assert_int_equal(argument.value, m);
        assert_false(argument.hint16);
        argument = describe(&shape, GEMM_UP, m, "EM");
        assert_int_equal(argument.kind, ARGUMENT_INT);
        assert_false(argument.hint16);
    }
}

static void expert_parallel_filters(void **state)
{
    (void)state;
    struct shape shape = glm();

    shape.experts = 40;
    is_constant(&shape, GEMM_UP, "filter_expert", 1);
}

static void what_is_not_known_is_refused(void **state)
{
    (void)state;
    struct shape shape = glm();
    struct engine engine = engine_of("sglang:0.5.4.post2");
    struct argument argument;
    struct error err = {0};

    assert_false(argument_describe(&engine, &shape, GEMM_UP, &tile, 1, "novel", &argument, &err));
    assert_non_null(strstr(err.text, "novel"));
    assert_non_null(strstr(err.text, "sglang 0.5.4.post2"));
    shape.dtype = DTYPE_INT4_W4A16;
    assert_false(argument_supported(&engine, &shape, &err));
    assert_non_null(strstr(err.text, "int4_w4a16"));
    shape.dtype = DTYPE_INT8_W8A8;
    assert_false(argument_supported(&engine, &shape, &err));
    assert_non_null(strstr(err.text, "int8_w8a8"));
    shape = glm();
    engine = engine_of("vllm");
    assert_false(argument_supported(&engine, &shape, &err));
    assert_non_null(strstr(err.text, "vllm"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_parameter_is_known),
        cmocka_unit_test(per_channel_numbers),
        cmocka_unit_test(blockwise_and_per_tensor_scales),
        cmocka_unit_test(unquantised_has_no_scales),
        cmocka_unit_test(what_follows_m_is_never_specialised),
        cmocka_unit_test(expert_parallel_filters),
        cmocka_unit_test(what_is_not_known_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
