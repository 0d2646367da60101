/* SPDX-License-Identifier: MIT */
#include "tests/cmocka_all.h"

#include "domain/engine_rules.h"
#include "tests/layer.h"

#include <stdio.h>
#include <string.h>

static struct engine parse(const char *text)
{
    struct engine engine;
    assert_true(engine_parse(text, &engine, NULL));
    return engine;
}

static const struct device gb10 = {.name = "NVIDIA GB10", .arch = 121, .smem_limit = 101376};

/* GLM-4.7-FP8 as a rank of TP 4 has it, without the shared expert. */
static struct shape glm(void)
{
    return (struct shape)LAYER_GLM_TP4;
}

static void nearest_known_rules(void **state)
{
    (void)state;
    static const struct {
        const char *text, *rules;
        bool exact;
    } cases[] = {
        {"sglang", "0.5.23", true},
        {"SGLang:0.5.4.post2", "0.5.4.post2", true},
        {"sglang:0.4.9", "0.5.4.post2", false},
        {"sglang:0.5.4", "0.5.4.post2", false},
        {"sglang:0.5.9", "0.5.8.post1", false},
        {"sglang:0.5.22", "0.5.23", false},
        {"sglang:0.6.0rc1", "0.5.23", false},
        {"vllm", "0.33.0", true},
        {"vllm:0.31.1", "0.32.0", false},
        {"vllm:0.33.1.dev7+gabc", "0.33.0", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct engine engine = parse(cases[i].text);
        assert_string_equal(engine_rules_version(&engine), cases[i].rules);
        assert_int_equal(engine.exact, cases[i].exact);
    }
    static const char *const bad[] = {"", "tgi", "sglang:", "sglang:latest", "vllm:x.1", "sglang:7",
        "vllm:0.33.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct engine engine;
        struct error err = {0};
        assert_false(engine_parse(bad[i], &engine, &err));
        assert_int_equal(err.kind, ERROR_USAGE);
    }
}

static void check_name(const char *engine_text, const struct shape *shape, const char *card,
    enum gemm gemm, const char *expected)
{
    struct engine engine = parse(engine_text);
    struct device device = gb10;
    char name[ENGINE_NAME_SIZE];
    snprintf(device.name, sizeof device.name, "%s", card);
    bool asks = engine_file_name(&engine, shape, &device, gemm, name);
    assert_int_equal(asks, expected != NULL);
    if (expected)
        assert_string_equal(name, expected);
}

static void file_names(void **state)
{
    (void)state;
    struct shape shape = glm();
    check_name("sglang:0.5.4.post2", &shape, "NVIDIA GB10", GEMM_UP,
        "E=160,N=384,device_name=NVIDIA_GB10,dtype=fp8_w8a8.json");
    check_name("sglang:0.5.23", &shape, "NVIDIA GB10", GEMM_DOWN,
        "E=160,N=384,device_name=NVIDIA_GB10,dtype=fp8_w8a8,per_channel_quant=True_down.json");
    check_name("vllm", &shape, "NVIDIA GB10", GEMM_UP,
        "E=160,N=384,device_name=NVIDIA_GB10,dtype=fp8_w8a8.json");
    check_name("vllm", &shape, "NVIDIA GB10", GEMM_DOWN, NULL);
    shape.per_channel = false;
    shape.block_n = shape.block_k = 128;
    check_name("sglang", &shape, "NVIDIA H200 NVL", GEMM_UP,
        "E=160,N=384,device_name=NVIDIA_H200_NVL,dtype=fp8_w8a8,block_shape=[128, 128].json");
    check_name("vllm", &shape, "NVIDIA H200 NVL", GEMM_UP,
        "E=160,N=384,device_name=NVIDIA_H200,dtype=fp8_w8a8,block_shape=[128,128].json");
    shape = glm();
    shape.dtype = DTYPE_BF16;
    shape.per_channel = false;
    check_name(
        "vllm", &shape, "NVIDIA H20-3e", GEMM_UP, "E=160,N=384,device_name=NVIDIA_H20-3e.json");
    check_name("vllm", &shape, "A / B  C", GEMM_UP, "E=160,N=384,device_name=A_B_C.json");
    check_name("sglang", &shape, "A / B  C", GEMM_UP, "E=160,N=384,device_name=A_/_B__C.json");
    shape.dtype = DTYPE_INT8_W8A8;
    check_name("sglang", &shape, "X", GEMM_UP, "E=160,N=384,device_name=X,dtype=int8_w8a8.json");
    check_name("vllm", &shape, "X", GEMM_UP, "E=160,N=384,device_name=X.json");
    shape.dtype = DTYPE_INT4_W4A16;
    check_name("sglang", &shape, "X", GEMM_UP, "E=160,N=192,device_name=X,dtype=int4_w4a16.json");
    check_name("vllm", &shape, "X", GEMM_UP, "E=160,N=384,device_name=X,dtype=int4_w4a16.json");
}

static void folders(void **state)
{
    (void)state;
    static const char *const names[] = {"triton_3_10_0", "triton_3_2_0", "triton_3_5_1",
        "triton_3_6_0", "notes", "triton_3_4_0", "triton_3_5_0+git"};
    size_t order[7];
    char folder[64];
    struct engine old = parse("sglang:0.5.8.post1"), now = parse("sglang:0.5.23");
    struct engine vllm = parse("vllm");

    engine_folder(&old, "3.5.0+gitabc", folder, sizeof folder);
    assert_string_equal(folder, "configs/triton_3_5_0+gitabc");
    engine_folder(&vllm, "3.8.0", folder, sizeof folder);
    assert_string_equal(folder, "");
    assert_int_equal(engine_fallback_order(&old, "3.5.1", names, 7, order), 2);
    assert_string_equal(names[order[0]], "triton_3_4_0");
    assert_string_equal(names[order[1]], "triton_3_2_0");
    assert_int_equal(engine_fallback_order(&now, "3.6.0", names, 7, order), 4);
    assert_string_equal(names[order[0]], "triton_3_10_0");
    assert_string_equal(names[order[1]], "triton_3_5_1");
    assert_string_equal(names[order[3]], "triton_3_2_0");
    assert_int_equal(engine_fallback_order(&vllm, "3.6.0", names, 7, order), 0);
    assert_false(engine_folder_readable("triton_3_5_0+git"));
    assert_true(engine_folder_readable("triton_3_10_0"));
}

static void check_default(
    const char *engine_text, const struct shape *shape, int m, const char *expected)
{
    struct engine engine = parse(engine_text);
    struct tile tile;
    char text[TILE_TEXT_SIZE];
    engine_default_tile(&engine, shape, &gb10, m, &tile);
    assert_string_equal(tile_format(&tile, text, sizeof text), expected);
}

static void defaults(void **state)
{
    (void)state;
    struct shape shape = glm(), block = glm(), bf16 = glm();
    block.block_n = block.block_k = 128;
    block.per_channel = false;
    bf16.dtype = DTYPE_BF16;
    check_default("sglang:0.5.4.post2", &shape, 160, "BM64,BN128,BK128,G1,w4,s4");
    check_default("sglang:0.5.4.post2", &shape, 161, "BM128,BN256,BK128,G32,w8,s4");
    check_default("sglang:0.5.23", &shape, 160, "BM32,BN64,BK256,G1,w4,s4");
    check_default("sglang:0.5.23", &shape, 161, "BM64,BN128,BK256,G64,w4,s2");
    check_default("sglang:0.5.23", &block, 1, "BM64,BN128,BK128,G32,w4,s3");
    check_default("sglang:0.5.23", &bf16, 1, "BM16,BN32,BK64,G1,w4,s3");
    check_default("sglang:0.5.23", &bf16, 161, "BM64,BN64,BK32,G8,w4,s3");
    check_default("vllm", &block, 4, "BM16,BN64,BK128,G1,w4,s4");
    check_default("vllm", &block, 8, "BM16,BN64,BK128,G1,w4,s3");
    check_default("vllm", &block, 65, "BM64,BN128,BK128,G32,w4,s3");
    check_default("vllm", &shape, 1, "BM16,BN64,BK128,G1,w4,s4");
    check_default("vllm", &shape, 4096, "BM128,BN128,BK128,G1,w8,s3");
    check_default("vllm", &bf16, 129 * 160, "BM128,BN128,BK64,G16,w8,s3");
}

static void nearest_key(void **state)
{
    (void)state;
    static const int keys[] = {1, 2, 4, 8, 16}, backwards[] = {16, 8, 4, 2, 1};
    assert_int_equal(engine_nearest_key(keys, 5, 100000), 4);
    assert_int_equal(engine_nearest_key(keys, 5, 3), 1); /* a tie: the first in the file */
    assert_int_equal(engine_nearest_key(backwards, 5, 3), 2);
    assert_int_equal(engine_nearest_key(keys, 5, 12), 3);
}

static void k_over_the_block(void **state)
{
    (void)state;
    struct engine sglang = parse("sglang"), vllm = parse("vllm");
    struct shape shape = glm();
    struct tile tile = {64, 128, 256, 1, 4, 3, false}, run;
    struct error err = {0};
    assert_true(engine_effective_tile(&sglang, &shape, &tile, &run, &err));
    shape.block_n = shape.block_k = 128;
    assert_false(engine_effective_tile(&sglang, &shape, &tile, &run, &err));
    assert_non_null(strstr(err.text, "wrong numbers"));
    assert_true(engine_effective_tile(&vllm, &shape, &tile, &run, &err));
    assert_int_equal(run.block_k, 128);
    tile.block_k = 64;
    assert_true(engine_effective_tile(&sglang, &shape, &tile, &run, &err));
    assert_int_equal(run.block_k, 64);
}

/* Blocks along M that are launched, of the release notes' sizes: TP 4, BM 16. */
static void sorted_ids(void **state)
{
    (void)state;
    static const struct {
        const char *engine;
        int m, block_m;
        long long em;
    } cases[] = {
        {"sglang:0.5.4.post2", 1, 16, 8 + 161 * 15},
        {"sglang:0.5.8.post1", 1, 16, 128},
        {"sglang:0.5.8.post1", 64, 16, 512 + 161 * 15},
        {"sglang:0.5.23", 64, 16, (512 + 161 * 15 + 3) / 4 * 4},
        {"vllm", 1, 16, 128},
        {"vllm", 19, 16, 152 * 16},
        {"vllm", 64, 16, 512 + 160 * 15},
    };
    struct shape shape = glm();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct engine engine = parse(cases[i].engine);
        assert_int_equal(engine_em(&engine, &shape, cases[i].m, cases[i].block_m), cases[i].em);
    }
}

static void devices(void **state)
{
    (void)state;
    static const char *const same[] = {"GB10", "gb10", "NVIDIA GB10", "NVIDIA_GB10"};
    struct device device;
    struct error err = {0};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        assert_true(device_find(same[i], &device, &err));
        assert_string_equal(device.name, "NVIDIA GB10");
        assert_int_equal(device.smem_limit, 101376);
        assert_true(device.unified);
    }
    assert_true(device_find("RTX 4090", &device, &err));
    assert_string_equal(device.name, "NVIDIA GeForce RTX 4090");
    assert_true(device_find("H200", &device, &err));
    assert_int_equal(device.arch, 90);
    assert_true(device_find("sm_80", &device, &err));
    assert_int_equal(device.smem_limit, 166912);
    assert_true(device_supports(&device, DTYPE_BF16, &err));
    assert_false(device_supports(&device, DTYPE_FP8_W8A8, &err));
    assert_false(device_find("H100", &device, &err)); /* three cards are called so */
    assert_non_null(strstr(err.text, "NVIDIA H100 PCIe"));
    assert_null(strstr(err.text, "GB10"));
    assert_false(device_find("Voodoo2", &device, &err));
    assert_non_null(strstr(err.text, "NVIDIA GB10"));
    assert_false(device_find("", &device, &err));
    assert_false(device_find("sm_52", &device, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nearest_known_rules),
        cmocka_unit_test(file_names),
        cmocka_unit_test(folders),
        cmocka_unit_test(defaults),
        cmocka_unit_test(nearest_key),
        cmocka_unit_test(k_over_the_block),
        cmocka_unit_test(sorted_ids),
        cmocka_unit_test(devices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
