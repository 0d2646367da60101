/* SPDX-License-Identifier: MIT */
#include "tests/cmocka_all.h"

#include "domain/roofline.h"
#include "domain/routing.h"

static const struct device card = {.bandwidth = 1e12, .tensor_fp8 = 1e15, .tensor_bf16 = 5e14};

/* GLM-4.7-FP8 TP4: E=160, N=384, K=5120, top 8, fp8 per channel. */
static struct shape glm(void)
{
    return (struct shape){.experts = 160,
        .routed = 160,
        .top_k = 8,
        .hidden = 5120,
        .intermediate = 384,
        .dtype = DTYPE_FP8_W8A8,
        .per_channel = true,
        .gated = true};
}

static struct roofline of(const struct shape *shape, enum gemm gemm, int m)
{
    struct roofline roofline;

    roofline_make(shape, gemm, m, routing_expected_experts(shape, m), &card, &roofline);
    return roofline;
}

/* One token: 8 experts of 768 x 5120 bytes and their scales, a row in, 8 rows of bf16 out. */
static void a_token_moves_its_experts(void **state)
{
    (void)state;
    struct shape shape = glm();
    struct roofline roofline = of(&shape, GEMM_UP, 1);

    assert_float_equal(
        roofline.bytes, 8.0 * 768 * 5120 + 5120 + 8.0 * 768 * 2 + 4 * (1 + 8.0 * 768), 1);
    assert_float_equal(roofline.flops, 2.0 * 8 * 768 * 5120, 1);
    assert_true(roofline.memory);
    assert_float_equal(roofline.us, roofline.bytes / 1e6, 0.01);
}

static void many_tokens_compute(void **state)
{
    (void)state;
    struct shape shape = glm();
    struct roofline roofline = of(&shape, GEMM_UP, 65536);

    assert_false(roofline.memory);
    assert_float_equal(roofline.us, 2.0 * 65536 * 8 * 768 * 5120 / 1e9, 1);
}

/* Half of the experts is on another rank: half of the rows is multiplied, all are written. */
static void experts_of_other_ranks_are_no_work(void **state)
{
    (void)state;
    struct shape shape = glm(), half = glm();
    struct roofline whole = of(&shape, GEMM_DOWN, 4096), part;

    half.experts = 80;
    part = of(&half, GEMM_DOWN, 4096);
    assert_float_equal(part.flops, whole.flops / 2, 1);
    assert_float_equal(whole.bytes - part.bytes,
        80.0 * 384 * 5120 + 4 * 80.0 * 5120 + 4096.0 * 4 * (384 + 4), 1e4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_moves_its_experts),
        cmocka_unit_test(many_tokens_compute),
        cmocka_unit_test(experts_of_other_ranks_are_no_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
