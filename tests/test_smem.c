/* SPDX-License-Identifier: MIT */
#include "tests/cmocka_all.h"

#include "base/text.h"
#include "domain/smem.h"
#include "domain/space.h"
#include "tests/layer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct shape fp8_channel = LAYER_GLM_TP4;
static const struct shape fp8_block = LAYER_QWEN3;
static const struct shape bf16 = {
    .experts = 160, .routed = 160, .top_k = 8, .hidden = 5120, .intermediate = 384, .gated = true};

static struct engine sglang(void)
{
    struct engine engine;
    assert_true(engine_parse("sglang:0.5.23", &engine, NULL));
    return engine;
}

/* Every compiled row: shared memory of the real kernel, as ptxas and Triton's metadata gave it. */
static void equal_to_compiled(const char *name, const struct shape *shape, int rows)
{
    char *path = xasprintf("%s/%s", TEST_DATA, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    struct engine engine = sglang();
    char line[160];
    int seen = 0;
    while (fgets(line, sizeof line, file)) {
        struct tile tile = {.group_m = 1};
        int shared;
        if (sscanf(line, "%d,%d,%d,%d,%d,%d", &tile.block_m, &tile.block_n, &tile.block_k,
                &tile.num_warps, &tile.num_stages, &shared) != 6)
            continue;
        struct smem smem = smem_estimate(&engine, shape, 121, &tile);
        assert_int_equal(smem.bytes, shared);
        assert_true(smem.exact);
        seen++;
    }
    assert_int_equal(seen, rows);
    fclose(file);
    free(path);
}

static void all_rows(void **state)
{
    (void)state;
    equal_to_compiled("smem_sm121_t35_pc.csv", &fp8_channel, 480);
    equal_to_compiled("smem_sm121_t36_pc.csv", &fp8_channel, 480);
    equal_to_compiled("smem_sm121_t36_block.csv", &fp8_block, 320);
}

static int count_fitting(const struct shape *shape)
{
    struct engine engine = sglang();
    struct space space;
    int fit = 0;
    space_default(&space);
    for (size_t i = 0; i < space.count; i++) {
        struct tile run;
        if (engine_effective_tile(&engine, shape, &space.tiles[i], &run, NULL) &&
            smem_estimate(&engine, shape, 121, &space.tiles[i]).bytes <= 101376)
            fit++;
    }
    space_free(&space);
    return fit;
}

static void fitting_of_the_grid(void **state)
{
    (void)state;
    assert_int_equal(count_fitting(&fp8_channel), 1456);
    assert_int_equal(count_fitting(&fp8_block), 1128);
    assert_int_equal(count_fitting(&bf16), 976);
}

static int bytes(const char *engine_text, const struct shape *shape, int arch, const char *text)
{
    struct engine engine;
    struct tile tile;
    assert_true(engine_parse(engine_text, &engine, NULL));
    assert_true(tile_parse(text, &tile, NULL));
    return smem_estimate(&engine, shape, arch, &tile).bytes;
}

static void other_cases(void **state)
{
    (void)state;
    /* The default that stops GB10 servers, and on Hopper, where wgmma keeps all stages. */
    assert_int_equal(
        bytes("sglang:0.5.4.post2", &fp8_channel, 121, "BM128,BN256,BK128,w8,s4"), 147456);
    assert_int_equal(
        bytes("sglang:0.5.4.post2", &fp8_channel, 90, "BM128,BN256,BK128,w8,s4"), 196608);
    assert_int_equal(bytes("sglang:0.5.4.post2", &fp8_channel, 90, "BM16,BN128,BK128,s3"), 36864);
    assert_int_equal(bytes("sglang:0.5.23", &fp8_channel, 90, "BM16,BN128,BK128,s3"), 55296);
    /* vLLM runs BK 256 as 128. */
    assert_int_equal(bytes("vllm", &fp8_block, 121, "BM16,BN64,BK256,s3"),
        bytes("vllm", &fp8_block, 121, "BM16,BN64,BK128,s3"));
    /* Weights of one byte, activations of two. */
    struct shape w8a16 = bf16;
    w8a16.dtype = DTYPE_INT8_W8A16;
    assert_int_equal(bytes("sglang", &w8a16, 121, "BM16,BN32,BK64,s3"), 8192);
}

static void estimates_say_so(void **state)
{
    (void)state;
    struct engine engine = sglang();
    struct tile tile = {64, 64, 64, 8, 4, 3, false};
    assert_false(smem_estimate(&engine, &bf16, 121, &tile).exact);
    assert_false(smem_estimate(&engine, &fp8_channel, 90, &tile).exact);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_rows),
        cmocka_unit_test(fitting_of_the_grid),
        cmocka_unit_test(other_cases),
        cmocka_unit_test(estimates_say_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
