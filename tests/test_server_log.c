/* SPDX-License-Identifier: MIT */
#include "tests/cmocka_all.h"

#include "domain/server_log.h"

#define NAME "E=128,N=768,device_name=NVIDIA_GB10,dtype=fp8_w8a8"

static struct server_line parsed(const char *line)
{
    struct server_line result;
    if (!server_line_parse(line, &result))
        fail_msg("not known: %s", line);
    return result;
}

static void expect_advice(const struct server_line *line, const char *part)
{
    struct text advice = {0};
    server_line_advice(line, &advice);
    if (strstr(advice.data, part) == NULL)
        fail_msg("\"%s\" is not in: %s", part, advice.data);
    text_free(&advice);
}

static void sglang_default(void **state)
{
    (void)state;
    struct server_line line =
        parsed("[2026-11-20 10:11:12 TP0] Using default MoE kernel config. Performance might be "
               "sub-optimal! Config file not found at /opt/a b/configs/triton_3_6_0/" NAME
               ",per_channel_quant=True.json, you can create them with https://github.com/x");
    assert_int_equal(line.event, SERVER_DEFAULT);
    assert_int_equal(line.engine, ENGINE_SGLANG);
    assert_int_equal(line.path_count, 1);
    assert_string_equal(
        line.paths[0], "/opt/a b/configs/triton_3_6_0/" NAME ",per_channel_quant=True.json");
    assert_string_equal(line.triton, "3.6.0");
    assert_true(line.named && line.name.per_channel);
    assert_int_equal(line.name.experts, 128);
    assert_string_equal(server_line_output(&line), line.paths[0]);
    expect_advice(&line, "DIR/configs/triton_3_6_0/");
    expect_advice(&line, "--triton 3.6.0");
    server_line_free(&line);
}

static void vllm_default_has_two_paths(void **state)
{
    (void)state;
    struct server_line line = parsed(
        "(Worker_TP1 pid=4242) WARNING 11-20 10:15:01 [fused_moe.py:1165] Using default MoE "
        "config. "
        "Performance might be sub-optimal! Config file not found at /srv/moe cfg/" NAME
        ",block_shape=[128,128].json, /usr/lib/vllm/configs/" NAME ",block_shape=[128,128].json");
    assert_int_equal(line.engine, ENGINE_VLLM);
    assert_int_equal(line.path_count, 2);
    assert_string_equal(line.paths[0], "/srv/moe cfg/" NAME ",block_shape=[128,128].json");
    assert_string_equal(line.paths[1], "/usr/lib/vllm/configs/" NAME ",block_shape=[128,128].json");
    assert_string_equal(line.triton, "");
    assert_int_equal(line.name.block_n, 128);
    expect_advice(&line, "VLLM_TUNED_CONFIG_FOLDER");
    server_line_free(&line);
}

static void fallback_names_both_versions(void **state)
{
    (void)state;
    struct server_line line = parsed(
        "Config file not found at /c/configs/triton_3_6_0/" NAME
        ".json. Fallback to triton version 3.5.1 and use MoE kernel "
        "config from /c/configs/triton_3_5_1/" NAME ".json. Performance might be sub-optimal!");
    assert_int_equal(line.event, SERVER_FALLBACK);
    assert_string_equal(line.used, "/c/configs/triton_3_5_1/" NAME ".json");
    assert_string_equal(line.triton, "3.6.0");
    assert_string_equal(line.used_triton, "3.5.1");
    expect_advice(&line, "file of another Triton is in use");
    server_line_free(&line);
}

static void the_other_wordings(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum server_event event;
        enum engine_kind engine;
        const char *output;
    } cases[] = {
        {"INFO Using MoE kernel config from /a/configs/triton_3_6_0/" NAME ".json.", SERVER_FOUND,
            ENGINE_SGLANG, "/a/configs/triton_3_6_0/" NAME ".json"},
        {"Using configuration from /v/" NAME ".json for MoE layer.", SERVER_FOUND, ENGINE_VLLM,
            "/v/" NAME ".json"},
        {"Using MoE kernel config with down_moe=False. Performance might be sub-optimal! Config "
         "file "
         "not found at /a/configs/triton_3_5_1/" NAME "_down.json, you can create them with h",
            SERVER_DOWN_USES_UP, ENGINE_SGLANG, "/a/configs/triton_3_5_1/" NAME "_down.json"},
        {"Down MoE config file not found at /a/configs/triton_3_8_0/" NAME
         "_down.json; reusing the "
         "tuned up-projection config without TMA. Performance might be sub-optimal.",
            SERVER_DOWN_USES_UP, ENGINE_SGLANG, "/a/configs/triton_3_8_0/" NAME "_down.json"},
        {"Using default MoE config. Performance might be sub-optimal! Config file not found at "
         "/a/configs/triton_3_1_0/" NAME ".json",
            SERVER_DEFAULT, ENGINE_SGLANG, "/a/configs/triton_3_1_0/" NAME ".json"},
        {"Deterministic inference is enabled, using default MoE kernel config.",
            SERVER_DETERMINISTIC, ENGINE_SGLANG, NULL},
        {"triton.runtime.errors.OutOfResources: out of resource: shared memory, Required: 147456, "
         "Hardware limit: 101376.",
            SERVER_OUT_OF_SMEM, ENGINE_SGLANG, NULL},
        {"down_moe config BLOCK_SIZE_M=32 does not match up config BLOCK_SIZE_M=64 at M=1024; "
         "overriding down BLOCK_SIZE_M to match.",
            SERVER_PAIR, ENGINE_SGLANG, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct server_line line = parsed(cases[i].line);
        assert_int_equal(line.event, cases[i].event);
        assert_int_equal(line.engine, cases[i].engine);
        if (cases[i].output != NULL)
            assert_string_equal(server_line_output(&line), cases[i].output);
        else
            assert_null(server_line_output(&line));
        struct text advice = {0};
        server_line_advice(&line, &advice);
        assert_true(advice.length > 0);
        text_free(&advice);
        if (line.event == SERVER_OUT_OF_SMEM)
            assert_int_equal(line.required - line.limit, 46080);
        if (line.event == SERVER_PAIR)
            assert_int_equal(line.m + line.up_block_m + line.down_block_m, 1024 + 64 + 32);
        server_line_free(&line);
    }
}

static void other_lines_are_none(void **state)
{
    (void)state;
    static const char *const lines[] = {"", "INFO server started",
        "Using default MoE kernel config. Performance might be sub-optimal!",
        "Using MoE kernel config from nowhere", "Config file not found at /a/b.json"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct server_line line;
        if (server_line_parse(lines[i], &line))
            fail_msg("taken: %s", lines[i]);
        server_line_free(&line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sglang_default),
        cmocka_unit_test(vllm_default_has_two_paths),
        cmocka_unit_test(fallback_names_both_versions),
        cmocka_unit_test(the_other_wordings),
        cmocka_unit_test(other_lines_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
