/* SPDX-License-Identifier: MIT */
#include "tests/cmocka_all.h"

#include "base/text.h"
#include "domain/stats.h"
#include "tests/normal.h"

#include <math.h>
#include <stdio.h>

static void assert_near(double value, double expected, double relative)
{
    if (isnan(expected) ? isnan(value)
                        : fabs(value - expected) <= relative * fmax(1e-3, fabs(expected)))
        return;
    fail_msg("%.15g instead of %.15g", value, expected);
}

static void medians_and_quantiles(void **state)
{
    (void)state;
    const double odd[] = {3, 1, 2};
    const double even[] = {4, 1, 3, 2};
    const float floats[] = {2.5F, 0.5F};

    assert_near(stats_median(odd, 3), 2, 0);
    assert_near(stats_median(even, 4), 2.5, 0);
    assert_near(stats_median_float(floats, 2), 1.5, 0);
    assert_true(isnan(stats_median(odd, 0)));
    assert_true(isnan(stats_median_float(floats, 0)));
}

/* Ranks of the 95 % interval from published binomial tables: n, r, coverage. */
static void median_interval_by_ranks(void **state)
{
    (void)state;
    static const struct {
        size_t n, r;
        double level;
    } table[] = {{6, 1, 0.96875}, {8, 1, 0.9921875}, {10, 2, 0.978515625}, {20, 6, 0.9586105347},
        {30, 10, 0.9572260547}};
    float values[2000];
    struct stats_interval interval;

    for (size_t i = 0; i < 2000; i++)
        values[i] = (float)(i + 1);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        stats_median_interval(values, table[i].n, 0.95, &interval);
        assert_near(interval.estimate, (double)(table[i].n + 1) / 2, 0);
        assert_near(interval.low, (double)table[i].r, 0);
        assert_near(interval.high, (double)(table[i].n + 1 - table[i].r), 0);
        assert_near(interval.level, table[i].level, 1e-9);
    }
    stats_median_interval(values, 5, 0.95, &interval);
    assert_true(isnan(interval.low) && isnan(interval.high));
    assert_near(interval.estimate, 3, 0);
    /* 2^-2000 is no double: the ranks must still be those of the normal approximation. */
    stats_median_interval(values, 2000, 0.95, &interval);
    assert_near(interval.low, 1000 - 1.96 * sqrt(2000) / 2 + 0.5, 2e-3);
    assert_in_range((int)(interval.level * 1e4), 9500, 9560);
}

static size_t parse_values(char *text, double values[], size_t most)
{
    size_t count = 0;

    for (char *rest = NULL, *word = strtok_r(text, " \n", &rest); word;
         word = strtok_r(NULL, " \n", &rest)) {
        assert_true(count < most);
        values[count++] = strtod(word, NULL);
    }
    return count;
}

static void agrees_with_the_reference(void **state)
{
    (void)state;
    FILE *file = fopen(TEST_DATA "/stats/wilcoxon.csv", "r");
    char line[8192], text[8192], name[32];
    int rows = 0;

    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        double level, v, p, estimate, low, high, values[200];
        struct stats_interval interval;

        if (line[0] == '#')
            continue;
        assert_int_equal(sscanf(line, "%31[^,],%lf,%lf,%lf,%lf,%lf,%lf,%8191[^\n]", name, &level,
                             &v, &p, &estimate, &low, &high, text),
            8);
        size_t count = parse_values(text, values, 200);
        assert_near(stats_signed_rank_p(values, count, 0), p, 1e-9);
        stats_hodges_lehmann(values, count, level, &interval);
        assert_near(interval.estimate, estimate, 1e-9);
        assert_near(interval.low, low, 1e-9);
        assert_near(interval.high, high, 1e-9);
        if (count <= STATS_WILCOXON_EXACT && !isnan(low))
            assert_true(interval.level >= level && interval.level < 1);
        rows++;
    }
    fclose(file);
    assert_int_equal(rows, 22);
}

static void small_and_degenerate_samples(void **state)
{
    (void)state;
    const double zeros[] = {0, 0, 0};
    const double one[] = {2};
    struct stats_interval interval;

    assert_near(stats_signed_rank_p(zeros, 3, 0), 1, 0);
    assert_near(stats_signed_rank_p(one, 1, 0), 1, 0);
    stats_hodges_lehmann(one, 1, 0.95, &interval);
    assert_near(interval.estimate, 2, 0);
    assert_true(isnan(interval.low) && interval.level == 0);
    stats_hodges_lehmann(one, 0, 0.95, &interval);
    assert_true(isnan(interval.estimate));
}

static void normal_quantiles(void **state)
{
    (void)state;
    /* Abramowitz and Stegun, table 26.6, and tails. */
    assert_near(stats_normal_quantile(0.5), 0, 1e-12);
    assert_near(stats_normal_quantile(0.975), 1.959963984540054, 1e-12);
    assert_near(stats_normal_quantile(0.991), 2.365618126864292, 1e-12);
    assert_near(stats_normal_quantile(0.01), -2.326347874040841, 1e-12);
    assert_near(stats_normal_quantile(1e-9), -5.997807015007687, 1e-9);
    assert_true(isinf(stats_normal_quantile(1)) && isinf(stats_normal_quantile(0)));
}

static void holm_steps_down(void **state)
{
    (void)state;
    /* R: p.adjust(c(0.01, 0.04, 0.03, 0.005, 0.9), "holm") */
    const double p[] = {0.01, 0.04, 0.03, 0.005, 0.9};
    const double expected[] = {0.04, 0.09, 0.09, 0.025, 0.9};
    double adjusted[5];

    stats_holm(p, 5, adjusted);
    for (int i = 0; i < 5; i++)
        assert_near(adjusted[i], expected[i], 1e-12);
}

/* The interval holds the truth as often as it says, whatever the distribution's tails. */
static void coverage_is_as_claimed(void **state)
{
    (void)state;
    struct random random;
    int median_holds = 0, centre_holds = 0;

    random_seed(&random, 1);
    for (int run = 0; run < 2000; run++) {
        float values[30];
        double wide[30];
        struct stats_interval interval;
        for (int i = 0; i < 30; i++) {
            double x = random_normal(&random) * (random_unit(&random) < 0.1 ? 10 : 1);
            values[i] = (float)(5 + x);
            wide[i] = 5 + x;
        }
        stats_median_interval(values, 30, 0.95, &interval);
        median_holds += interval.low <= 5 && interval.high >= 5;
        stats_hodges_lehmann(wide, 30, 0.95, &interval);
        centre_holds += interval.low <= 5 && interval.high >= 5;
    }
    assert_in_range(median_holds, 1880, 1950);
    assert_in_range(centre_holds, 1875, 1930);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(medians_and_quantiles),
        cmocka_unit_test(median_interval_by_ranks),
        cmocka_unit_test(agrees_with_the_reference),
        cmocka_unit_test(small_and_degenerate_samples),
        cmocka_unit_test(normal_quantiles),
        cmocka_unit_test(holm_steps_down),
        cmocka_unit_test(coverage_is_as_claimed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
