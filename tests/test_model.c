/* SPDX-License-Identifier: MIT */
#include "tests/cmocka_all.h"

#include "domain/engine.h"
#include "domain/model.h"

#include <stdio.h>
#include <string.h>

#define MOE                                                                               \
    "\"architectures\": [\"Qwen3MoeForCausalLM\"], \"num_experts\": 128, "                \
    "\"num_experts_per_tok\": 8, \"hidden_size\": 2048, \"moe_intermediate_size\": 768, " \
    "\"torch_dtype\": \"bfloat16\""

static bool read_as(const char *text, const char *dtype, struct model *model, struct error *err)
{
    struct json *config = json_parse(text, strlen(text), err);
    assert_non_null(config);
    bool done = model_from_json(config, NULL, dtype, model, err);
    json_free(config);
    return done;
}

static void quantisation_forms(void **state)
{
    (void)state;
    static const struct {
        const char *quant;
        enum dtype dtype;
        int block, group;
        bool per_channel;
    } cases[] = {
        {"{\"quant_method\": \"fp8\"}", DTYPE_FP8_W8A8, 0, 0, false},
        {"{\"quant_method\": \"fp8\", \"weight_block_size\": [128, 128]}", DTYPE_FP8_W8A8, 128, 0,
            false},
        {"{\"quant_method\": \"fp8\", \"weight_block_size\": null}", DTYPE_FP8_W8A8, 0, 0, false},
        {"{\"quant_method\": \"fbgemm_fp8\"}", DTYPE_FP8_W8A8, 0, 0, true},
        {"{\"quant_method\": \"modelopt\", \"quant_algo\": \"FP8\"}", DTYPE_FP8_W8A8, 0, 0, false},
        {"{\"quant_algo\": \"MIXED_PRECISION\", \"quantized_layers\": {\"m.0.mlp.experts.0.up\": "
         "{\"quant_algo\": \"FP8\"}}}",
            DTYPE_FP8_W8A8, 0, 0, false},
        {"{\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": 128}", DTYPE_INT4_W4A16, 0, 128,
            false},
        {"{\"quant_method\": \"gptq\", \"bits\": 8, \"group_size\": -1}", DTYPE_INT8_W8A16, 0, 0,
            false},
        {"{\"quant_method\": \"w8a8_int8\"}", DTYPE_INT8_W8A8, 0, 0, true},
        {"{\"quant_method\": \"compressed-tensors\", \"config_groups\": {\"a\": {\"targets\": "
         "[\"re:.*attn\"], \"weights\": {\"num_bits\": 8, \"type\": \"int\"}, "
         "\"input_activations\": {\"num_bits\": 8}}, \"b\": {\"targets\": [\"re:.*experts.*\"], "
         "\"weights\": {\"num_bits\": 4, \"type\": \"int\", \"group_size\": 32}}}}",
            DTYPE_INT4_W4A16, 0, 32, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024];
        struct model model;
        struct error err = {0};
        snprintf(text, sizeof text, "{" MOE ", \"quantization_config\": %s}", cases[i].quant);
        assert_true(read_as(text, NULL, &model, &err));
        assert_int_equal(model.dtype, cases[i].dtype);
        assert_int_equal(model.block_n, cases[i].block);
        assert_int_equal(model.block_k, cases[i].block);
        assert_int_equal(model.group_size, cases[i].group);
        assert_int_equal(model.per_channel, cases[i].per_channel);
    }
}

static void refusals(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"[]", "not an object"},
        {"{\"hidden_size\": 2048}", "no experts"},
        {"{\"num_experts\": 1, \"hidden_size\": 2048}", "no experts"},
        {"{\"num_experts\": -4, \"hidden_size\": 2048}", "num_experts is -4"},
        {"{\"num_experts\": null, \"hidden_size\": 2048}", "no experts"},
        {"{\"num_experts\": 8, \"hidden_size\": 2048}", "N is missing: none of moe_intermediate"},
        {"{\"num_experts\": 8, \"hidden_size\": 64, \"intermediate_size\": 64}",
            "top_k is missing"},
        {"{\"num_experts\": 8, \"hidden_size\": 64, \"intermediate_size\": 64, \"moe_k\": 9}",
            "more than the 8 experts"},
        {"{\"num_experts\": 1e9, \"hidden_size\": 64}", "must be 2 to"},
        {"{\"num_experts\": 8, \"hidden_size\": -5, \"moe_k\": 2}", "hidden_size is -5"},
        {"{" MOE ", \"quantization_config\": {\"quant_method\": \"mxfp4\"}}", "MXFP4"},
        {"{" MOE ", \"quantization_config\": {\"quant_method\": \"modelopt\", \"quant_algo\": "
         "\"NVFP4\"}}",
            "NVFP4"},
        {"{" MOE ", \"quantization_config\": {\"quant_method\": \"fp8\"}, \"expert_dtype\": "
         "\"fp4\"}",
            "expert_dtype"},
        {"{" MOE ", \"quantization_config\": \"fp8\"}", "quantization_config is not an object"},
        {"{" MOE ", \"quantization_config\": {}}", "neither quant_algo nor config_groups"},
        {"{" MOE ", \"quantization_config\": {\"quant_method\": \"quip\"}}", "quip is not one of"},
        {"{" MOE ", \"quantization_config\": {\"quant_method\": \"compressed-tensors\"}}",
            "--dtype"},
        {"{" MOE ", \"quantization_config\": {\"quant_method\": \"fp8\", \"weight_block_size\": "
         "[128]}}",
            "two sizes"},
        {"{" MOE ", \"quantization_config\": {\"quant_method\": \"compressed-tensors\", "
         "\"config_groups\": {\"g\": {\"weights\": {\"num_bits\": 4, \"type\": \"float\"}}}}}",
            "4-bit floats"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct model model;
        struct error err = {0};
        assert_false(read_as(cases[i].text, NULL, &model, &err));
        if (!strstr(err.text, cases[i].says))
            fail_msg("case %zu: \"%s\" does not say \"%s\"", i, err.text, cases[i].says);
    }
}

static void dtype_by_hand(void **state)
{
    (void)state;
    struct model model;
    struct error err = {0};
    const char *mxfp4 = "{" MOE ", \"quantization_config\": {\"quant_method\": \"mxfp4\"}}";
    assert_true(read_as(mxfp4, "bf16", &model, &err));
    assert_int_equal(model.dtype, DTYPE_BF16);
    assert_true(read_as(mxfp4, "fp8_w8a8:channel", &model, &err));
    assert_true(model.per_channel);
    assert_true(read_as(mxfp4, "fp8_w8a8:128x64", &model, &err));
    assert_int_equal(model.block_n, 128);
    assert_int_equal(model.block_k, 64);
    assert_true(read_as(mxfp4, "int4_w4a16:32", &model, &err));
    assert_int_equal(model.group_size, 32);
    static const char *const bad[] = {
        "", "fp6", "bf16:channel", "fp8_w8a8:", "fp8_w8a8:0x128", "int4_w4a16:channel"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(read_as(mxfp4, bad[i], &model, &err));
        assert_int_equal(err.kind, ERROR_USAGE);
    }
}

static struct shape shape_of(const char *name, const char *engine_text, int tp, int ep, bool apart)
{
    struct model model;
    struct engine engine;
    struct shape shape;
    struct parallel parallel = {tp, ep, apart};
    struct error err = {0};
    if (!model_load(name, &model, &err))
        fail_msg("%s", err.text);
    assert_true(engine_parse(engine_text, &engine, &err));
    if (!engine_shape(&engine, &model, &parallel, &shape, &err))
        fail_msg("%s", err.text);
    return shape;
}

static void shared_experts(void **state)
{
    (void)state;
    static const struct {
        const char *model, *engine;
        int tp, ep;
        bool apart;
        int experts, top_k, n;
    } cases[] = {
        {"glm-4.7-fp8", "sglang:0.5.4.post2", 4, 1, false, 160, 8, 384},
        {"glm-4.7-fp8", "sglang:0.5.8.post1", 4, 1, false, 161, 9, 384},
        {"GLM-4.7-FP8", "sglang:0.5.23", 4, 1, false, 161, 9, 384},
        {"glm-4.7-fp8", "sglang:0.5.23", 4, 1, true, 160, 8, 384},
        {"glm-4.7-fp8", "sglang:0.5.23", 4, 4, false, 40, 8, 1536},
        {"glm-4.7-fp8", "vllm", 4, 1, false, 160, 8, 384},
        {"glm-4.7-fp8", "vllm", 4, 4, false, 40, 8, 1536},
        {"deepseek-v3", "sglang:0.5.4.post2", 8, 1, false, 257, 9, 256},
        {"kimi-k2-instruct", "sglang:0.5.23", 8, 1, false, 384, 8, 256},
        {"llama-4-scout-17b-16e-instruct", "sglang", 1, 1, false, 16, 1, 8192},
        {"deepseek-v2-lite", "sglang", 1, 1, false, 64, 6, 1408},
        {"qwen3-next-80b-a3b-instruct", "sglang:0.5.8.post1", 1, 1, false, 512, 10, 512},
        {"qwen3-next-80b-a3b-instruct", "sglang:0.5.23", 1, 1, false, 513, 11, 512},
        {"qwen3-next-80b-a3b-instruct", "sglang:0.5.23", 1, 1, true, 512, 10, 512},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct shape shape =
            shape_of(cases[i].model, cases[i].engine, cases[i].tp, cases[i].ep, cases[i].apart);
        assert_int_equal(shape.experts, cases[i].experts);
        assert_int_equal(shape.top_k, cases[i].top_k);
        assert_int_equal(shape.intermediate, cases[i].n);
    }
}

static void numbers_that_do_not_divide(void **state)
{
    (void)state;
    static const struct {
        const char *model, *engine;
        int tp, ep;
        const char *says;
    } cases[] = {
        {"glm-4.7-fp8", "sglang", 7, 1, "6 and 8"},
        {"glm-4.7-fp8", "sglang", 6, 4, "3 and 6"},
        {"glm-4.7-fp8", "sglang", 192, 64, "40 and 80"},
        {"glm-4.7-fp8", "vllm", 8, 2, "vLLM"},
        {"qwen3-235b-a22b-fp8", "sglang", 8, 1, "[128, 128]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct model model;
        struct engine engine;
        struct shape shape;
        struct parallel parallel = {cases[i].tp, cases[i].ep, false};
        struct error err = {0};
        assert_true(model_load(cases[i].model, &model, &err));
        assert_true(engine_parse(cases[i].engine, &engine, &err));
        assert_false(engine_shape(&engine, &model, &parallel, &shape, &err));
        assert_int_equal(err.kind, ERROR_USAGE);
        if (!strstr(err.text, cases[i].says))
            fail_msg("case %zu: \"%s\" does not say \"%s\"", i, err.text, cases[i].says);
    }
}

static void latent_and_ungated(void **state)
{
    (void)state;
    struct shape shape = shape_of("nemotron-3-super-120b-a12b-fp8", "sglang", 1, 1, false);
    assert_int_equal(shape.hidden, 1024);
    assert_int_equal(shape.dtype, DTYPE_FP8_W8A8);
    assert_false(shape.gated);
    assert_int_equal(shape_gemm_n(&shape, GEMM_UP), 2688);
    assert_int_equal(shape_gemm_k(&shape, GEMM_DOWN), 2688);
}

static void shape_json_both_ways(void **state)
{
    (void)state;
    struct shape shape = shape_of("qwen3-30b-a3b-fp8", "sglang", 2, 1, false), back;
    struct json *object = json_new_object();
    shape_add_json(object, &shape);
    assert_true(shape_from_json(object, &back, NULL));
    json_free(object);
    assert_int_equal(back.experts, shape.experts);
    assert_int_equal(back.block_k, 128);
    assert_int_equal(back.intermediate, 384);
    assert_int_equal(back.dtype, shape.dtype);
    assert_int_equal(back.gated, shape.gated);
    object = json_new_object();
    assert_false(shape_from_json(object, &back, NULL));
    json_free(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantisation_forms),
        cmocka_unit_test(refusals),
        cmocka_unit_test(dtype_by_hand),
        cmocka_unit_test(shared_experts),
        cmocka_unit_test(numbers_that_do_not_divide),
        cmocka_unit_test(latent_and_ungated),
        cmocka_unit_test(shape_json_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
