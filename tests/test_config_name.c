/* SPDX-License-Identifier: MIT */
#include "tests/cmocka_all.h"

#include "domain/config_name.h"

static struct config_name parsed(const char *text)
{
    struct config_name name;
    struct error err = {0};
    if (!config_name_parse(text, &name, &err))
        fail_msg("%s: %s", text, err.text);
    return name;
}

static void plain_names(void **state)
{
    (void)state;
    struct config_name name = parsed("E=160,N=384,device_name=NVIDIA_GB10,dtype=fp8_w8a8.json");
    assert_int_equal(name.style, STYLE_EITHER);
    assert_int_equal(name.experts, 160);
    assert_int_equal(name.intermediate, 384);
    assert_string_equal(name.device, "NVIDIA_GB10");
    assert_int_equal(name.dtype, DTYPE_FP8_W8A8);
    assert_false(name.per_channel || name.down);
    name = parsed("E=8,N=14336,device_name=NVIDIA_GB10.json");
    assert_string_equal(name.dtype_text, "");
    assert_int_equal(name.dtype, DTYPE_BF16);
    assert_true(name.dtype_known);
    name = parsed("E=8,N=2048,device_name=.json");
    assert_string_equal(name.device, "");
}

static void the_engines_differ_in_the_suffixes(void **state)
{
    (void)state;
    struct config_name name = parsed(
        "E=256,N=512,device_name=NVIDIA_H200,dtype=fp8_w8a8,block_shape=[128, 64]_down.json");
    assert_int_equal(name.style, STYLE_SGLANG);
    assert_int_equal(name.block_n, 128);
    assert_int_equal(name.block_k, 64);
    assert_true(name.down);
    name = parsed("E=256,N=512,device_name=NVIDIA_H200,dtype=fp8_w8a8,block_shape=[128,128].json");
    assert_int_equal(name.style, STYLE_VLLM);
    name = parsed("E=161,N=384,device_name=NVIDIA_GB10,dtype=fp8_w8a8,per_channel_quant=True.json");
    assert_int_equal(name.style, STYLE_SGLANG);
    assert_true(name.per_channel);
    name = parsed("E=8,N=8,device_name=A_down.json");
    assert_string_equal(name.device, "A");
    assert_true(name.down);
    name = parsed("E=8,N=8,device_name=A,dtype=fp8_w8a16.json");
    assert_int_equal(name.style, STYLE_VLLM);
    assert_false(name.dtype_known);
    name = parsed("E=8,N=8,device_name=A,dtype=bf16.json");
    assert_false(name.dtype_known);
    name = parsed("E=8,N=8,device_name=A,dtype=float32.json");
    assert_int_equal(name.dtype, DTYPE_FP32);
    name = parsed("E=384,N=128,device_name=A,dtype=int4_w4a16,backend=flydsl.json");
    assert_string_equal(name.backend, "flydsl");
}

static void other_names_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"config.json", "E=,N=1,device_name=A.json",
        "E=1,N=-1,device_name=A.json", "E=1,N=1,device_name=A", "E=1,N=1.json", "",
        "N=1,E=1,device_name=A.json", "E=1,N=1,device_name=A,block_shape=[0, 128].json",
        "E=1,N=1,device_name=A,block_shape=[128].json", "E=1,N=1,device_name=A,down.json",
        "E=1,N=1,device_name=A,block_shape=[128, 128],dtype=fp8_w8a8.json",
        "E=1,N=1,device_name=A,per_channel_quant=False.json",
        "E=12345678901,N=1,device_name=A.json"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct config_name name;
        struct error err = {0};
        if (config_name_parse(bad[i], &name, &err))
            fail_msg("taken: %s", bad[i]);
        assert_int_equal(err.kind, ERROR_FAILED);
    }
    assert_true(config_name_is_one("E=1.json"));
    assert_false(config_name_is_one("config.json"));
}

static void a_name_tells_most_of_a_shape(void **state)
{
    (void)state;
    struct config_name name =
        parsed("E=256,N=512,device_name=NVIDIA_GB10,dtype=fp8_w8a8,block_shape=[128, 128].json");
    struct shape shape;
    config_name_shape(&name, &shape);
    assert_int_equal(shape.experts, 256);
    assert_int_equal(shape.intermediate, 512);
    assert_int_equal(shape.dtype, DTYPE_FP8_W8A8);
    assert_int_equal(shape.block_k, 128);
    assert_int_equal(shape.hidden, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_names),
        cmocka_unit_test(the_engines_differ_in_the_suffixes),
        cmocka_unit_test(other_names_are_refused),
        cmocka_unit_test(a_name_tells_most_of_a_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
