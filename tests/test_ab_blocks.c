/* SPDX-License-Identifier: MIT */
/* Blocks of an A/B under a falling clock: case A15. */
#include "tests/cmocka_all.h"

#include "domain/ab.h"
#include "tuner/ab_blocks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const bool up_only[GEMM_COUNT] = {true, false};
static const bool pair[GEMM_COUNT] = {true, true};

#define TIMINGS 60 /* of each config in the case's file */

struct timing {
    double us, mhz;
};

/* A taken first, then B: the clock falls in the middle of A. */
static void read_case(struct timing timings[2][TIMINGS])
{
    FILE *file = fopen(TEST_DATA "/cases/A15-throttle/sequential-timings.csv", "r");
    char line[256], config;
    int order, rep;
    double us, mhz;
    size_t count = 0;

    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "%d,%c,%d,%lf,%lf", &order, &config, &rep, &us, &mhz) != 5)
            continue;
        timings[config == 'B'][rep] = (struct timing){us, mhz};
        count++;
    }
    fclose(file);
    assert_int_equal(count, 2 * TIMINGS);
}

static struct ab_block block_of(const struct timing a[2], const struct timing b[2])
{
    struct ab_block block = {.is_b = {false, true, true, false}};
    const struct timing *timings[4] = {&a[0], &b[0], &b[1], &a[1]};

    for (int i = 0; i < 4; i++)
        block.samples[GEMM_UP][i] =
            (struct ab_sample){true, false, timings[i]->us, timings[i]->mhz};
    return block;
}

static void test_sequential_is_not_comparable(void **state)
{
    (void)state;
    struct timing timings[2][TIMINGS];
    int fair = 0;

    read_case(timings);
    for (int i = 0; i < 30; i += 2) {
        struct ab_block block = block_of(&timings[0][i], &timings[1][i]);
        fair += ab_block_fair(&block, up_only);
    }
    assert_int_equal(fair, 0);
}

/* The timings at the low clock alone, met in blocks: B is 3 % faster. */
static void test_same_clock_finds_b(void **state)
{
    (void)state;
    struct timing timings[2][TIMINGS];
    double differences[15];
    size_t count = 0;
    struct ab_result result;

    read_case(timings);
    for (int i = 30; i < TIMINGS; i += 2) {
        struct ab_block block = block_of(&timings[0][i], &timings[1][i]);
        assert_true(ab_block_fair(&block, up_only));
        differences[count++] = ab_block_difference(&block, up_only);
    }
    ab_judge(differences, count, AB_LEVEL, &result);
    assert_int_equal(result.verdict, AB_FASTER);
    assert_float_equal(result.effect_pct, -3, 0.3);
}

static void test_a_fall_within_drops_the_block_alone(void **state)
{
    (void)state;
    struct timing a[2] = {{100, 1965}, {124, 1580}}, b[2] = {{97, 1965}, {97, 1965}};
    struct timing steady[2] = {{100, 1965}, {100, 1960}};
    struct ab_block blocks[2] = {block_of(a, b), block_of(steady, b)};

    assert_false(ab_block_fair(&blocks[0], up_only));
    assert_true(ab_block_fair(&blocks[1], up_only));
    assert_float_equal(ab_blocks_median(blocks, 2, up_only, false), 100, 1e-9);
    assert_float_equal(ab_blocks_median(blocks, 2, up_only, true), 97, 1e-9);
    assert_true(ab_blocks_drift(blocks, 2, up_only) > AB_CLOCK_DRIFT);
    assert_true(ab_blocks_drift(blocks + 1, 1, up_only) < AB_CLOCK_STEADY);
    assert_true(isnan(ab_blocks_median(blocks, 1, up_only, true)));
}

static void test_suspect_and_missing(void **state)
{
    (void)state;
    struct timing a[2] = {{100, 0}, {100, 0}}, b[2] = {{97, 0}, {97, 0}};
    struct ab_block block = block_of(a, b);

    assert_true(ab_block_fair(&block, up_only)); /* no clock known: nothing against it */
    assert_false(ab_block_fair(&block, pair));   /* down was not taken */
    memcpy(block.samples[GEMM_DOWN], block.samples[GEMM_UP], sizeof block.samples[GEMM_UP]);
    assert_true(ab_block_fair(&block, pair));
    assert_float_equal(ab_block_difference(&block, pair), log(0.97), 1e-12);
    assert_float_equal(ab_blocks_median(&block, 1, pair, true), 194, 1e-9);
    block.samples[GEMM_DOWN][2].suspect = true;
    assert_false(ab_block_fair(&block, pair));
    assert_true(ab_block_fair(&block, up_only));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sequential_is_not_comparable),
        cmocka_unit_test(test_same_clock_finds_b),
        cmocka_unit_test(test_a_fall_within_drops_the_block_alone),
        cmocka_unit_test(test_suspect_and_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
