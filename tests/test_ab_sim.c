/* SPDX-License-Identifier: MIT */
/*
 * The A/B rule on simulated timings: 1 % noise, clocks that drift by 2 % over the whole run, and 2
 * % of timings that are outliers (up to 30 % slow).
 */
#include "tests/cmocka_all.h"

#include "domain/ab.h"
#include "tests/normal.h"

#include <math.h>

#define RUNS 2000

struct world {
    double effect; /* B = A * (1 + effect) */
    double drift, noise, outliers;
};

static double timing(const struct world *world, bool is_b, double progress, struct random *random)
{
    double time = 100 * (is_b ? 1 + world->effect : 1) * (1 + world->drift * progress);

    time *= 1 + world->noise * random_normal(random);
    if (random_unit(random) < world->outliers)
        time *= 1 + 0.3 * random_unit(random);
    return time;
}

/* One comparison with its looks, as the tuner runs it. */
static struct ab_result compare(const struct world *world, struct random *random)
{
    double differences[AB_BUDGET];
    struct ab_result result = {.verdict = AB_UNDECIDED};
    int blocks = 0;

    for (int look; (look = ab_next_look(blocks, AB_BUDGET)) != 0;) {
        for (; blocks < look; blocks++) {
            bool is_b[4];
            double times[4];
            ab_plan_block(random, is_b);
            for (int i = 0; i < 4; i++)
                times[i] = timing(world, is_b[i], (4 * blocks + i) / (4.0 * AB_BUDGET), random);
            differences[blocks] = ab_difference(is_b, times);
        }
        ab_judge(differences, (size_t)blocks, AB_LEVEL, &result);
        if (result.verdict != AB_UNDECIDED)
            break;
    }
    return result;
}

static void count_verdicts(const struct world *world, uint64_t seed, int verdicts[4])
{
    struct random random;

    memset(verdicts, 0, 4 * sizeof *verdicts);
    random_seed(&random, seed);
    for (int run = 0; run < RUNS; run++)
        verdicts[compare(world, &random).verdict]++;
    print_message("effect %+.2f %%, noise %.1f %%: of %d runs FASTER %d, SLOWER %d, SAME %d, "
                  "UNDECIDED %d\n",
        100 * world->effect, 100 * world->noise, RUNS, verdicts[AB_FASTER], verdicts[AB_SLOWER],
        verdicts[AB_SAME], verdicts[AB_UNDECIDED]);
}

static void a_against_a_names_no_winner(void **state)
{
    (void)state;
    int verdicts[4];

    count_verdicts(&(struct world){.drift = 0.02, .noise = 0.01, .outliers = 0.02}, 1, verdicts);
    assert_true(verdicts[AB_FASTER] + verdicts[AB_SLOWER] <= RUNS * 5 / 100);
    assert_true(verdicts[AB_SAME] > RUNS / 2);
    /* Three times the noise: nobody wins either, and SAME is no easy way out. */
    count_verdicts(&(struct world){.drift = 0.02, .noise = 0.03, .outliers = 0.02}, 2, verdicts);
    assert_true(verdicts[AB_FASTER] + verdicts[AB_SLOWER] <= RUNS * 5 / 100);
    assert_true(verdicts[AB_SAME] <= RUNS * 5 / 100);
}

static void one_percent_is_found(void **state)
{
    (void)state;
    struct world world = {.effect = -0.01, .drift = 0.02, .noise = 0.01, .outliers = 0.02};
    int verdicts[4];

    count_verdicts(&world, 3, verdicts);
    assert_true(verdicts[AB_FASTER] >= RUNS * 90 / 100);
    world.effect = 0.01;
    count_verdicts(&world, 4, verdicts);
    assert_true(verdicts[AB_SLOWER] >= RUNS * 90 / 100);
}

/* On the edge of the zone of indifference a winner may be named in 5 % of the runs at most, and
 * what is as large as the edge of SAME is called SAME no more often. */
static void the_edges_hold(void **state)
{
    (void)state;
    struct world world = {.effect = AB_DIFFERS, .drift = 0.02, .noise = 0.01};
    int verdicts[4];

    count_verdicts(&world, 5, verdicts);
    assert_true(verdicts[AB_SLOWER] <= RUNS * 5 / 100);
    world.effect = AB_SAME_WITHIN;
    count_verdicts(&world, 6, verdicts);
    assert_true(verdicts[AB_SAME] <= RUNS * 5 / 100);
}

/* Blocks cancel a drift that fools a comparison of all A, then all B. */
static void drift_alone_decides_nothing(void **state)
{
    (void)state;
    struct world world = {.drift = 0.2, .noise = 0.0001};
    int verdicts[4];

    count_verdicts(&world, 7, verdicts);
    assert_int_equal(verdicts[AB_SAME], RUNS);
}

static void looks_follow_the_budget(void **state)
{
    (void)state;
    static const int looks[] = {10, 20, 40, 80, 0};

    for (int i = 0, blocks = 0; i < 5; i++, blocks = ab_next_look(blocks, AB_BUDGET))
        assert_int_equal(ab_next_look(blocks, AB_BUDGET), looks[i]);
    assert_int_equal(ab_next_look(0, 20), 3);
    assert_int_equal(ab_next_look(15, 20), 20);
    assert_int_equal(ab_next_look(0, 1), 1);
    assert_int_equal(ab_next_look(1, 1), 0);
}

static void too_few_blocks_say_nothing(void **state)
{
    (void)state;
    const double differences[] = {-0.1, -0.11, -0.12};
    struct ab_result result;

    ab_judge(differences, 3, AB_LEVEL, &result);
    assert_int_equal(result.verdict, AB_UNDECIDED);
    assert_true(isnan(result.ci_pct[0]) && isnan(result.mde_pct));
    assert_int_equal(result.blocks_to_decide, -1);
    assert_int_equal(result.blocks, 3);
}

/* The number of blocks said to decide does decide, most of the time, when the effect is real. */
static void blocks_to_decide_is_honest(void **state)
{
    (void)state;
    double differences[4000];
    struct random random;
    struct ab_result result;

    random_seed(&random, 8);
    for (size_t i = 0; i < 4000; i++)
        differences[i] = -0.006 + 0.02 * random_normal(&random);
    ab_judge(differences, 80, AB_LEVEL, &result);
    assert_int_equal(result.verdict, AB_UNDECIDED);
    assert_in_range(result.blocks_to_decide, 1, 1500);
    assert_true(result.mde_pct > 0.25 && result.mde_pct < 2);
    ab_judge(differences, (size_t)(80 + 2 * result.blocks_to_decide), AB_LEVEL, &result);
    assert_int_equal(result.verdict, AB_FASTER);
    assert_int_equal(result.blocks_to_decide, 0);
}

static void verdicts_map_to_exit_codes(void **state)
{
    (void)state;
    assert_string_equal(ab_verdict_name(AB_FASTER), "FASTER");
    assert_int_equal(ab_exit_code(AB_FASTER), 0);
    assert_int_equal(ab_exit_code(AB_SLOWER), 10);
    assert_int_equal(ab_exit_code(AB_SAME), 11);
    assert_int_equal(ab_exit_code(AB_UNDECIDED), 12);
}

/* 36 comparisons of nothing with nothing: some win alone, hardly any under Holm. */
static void holm_guards_a_whole_file(void **state)
{
    (void)state;
    struct random random;
    int files_with_winner = 0;

    random_seed(&random, 9);
    for (int file = 0; file < 200; file++) {
        struct ab_result results[36];
        double p[36];
        int winners = 0;
        for (int i = 0; i < 36; i++) {
            double differences[20];
            for (int k = 0; k < 20; k++)
                differences[k] = AB_DIFFERS + 0.01 * random_normal(&random);
            ab_judge(differences, 20, AB_LEVEL, &results[i]);
            p[i] = ab_p_value(differences, 20);
            assert_true((results[i].verdict == AB_SLOWER || results[i].verdict == AB_FASTER) ==
                        (p[i] < 0.05));
        }
        ab_holm(results, p, 36);
        for (int i = 0; i < 36; i++)
            winners += results[i].verdict == AB_SLOWER || results[i].verdict == AB_FASTER;
        files_with_winner += winners > 0;
    }
    assert_true(files_with_winner <= 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_against_a_names_no_winner),
        cmocka_unit_test(one_percent_is_found),
        cmocka_unit_test(the_edges_hold),
        cmocka_unit_test(drift_alone_decides_nothing),
        cmocka_unit_test(looks_follow_the_budget),
        cmocka_unit_test(too_few_blocks_say_nothing),
        cmocka_unit_test(blocks_to_decide_is_honest),
        cmocka_unit_test(verdicts_map_to_exit_codes),
        cmocka_unit_test(holm_guards_a_whole_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
