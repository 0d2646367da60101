/* SPDX-License-Identifier: MIT */
#include "tests/cmocka_all.h"

#include "base/hash.h"
#include "tests/layer.h"
#include "tests/race_sim.h"
#include "tuner/estimate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DRIFT_SAMPLES 500 /* about a tenth of a second */

/* A made-up card: the model's time, bent tile by tile, BLOCK_SIZE_M by BLOCK_SIZE_M, and M by M. */
struct made_up {
    const struct plan *plan;
    unsigned long long seed;
    double noise; /* standard deviation, as a share */
    double drift; /* over DRIFT_SAMPLES, as a share; then the clock is back */
    double *bent; /* [gemm][m][tile], cached truth */
    long long drawn;
    long long falls_after; /* samples, then the clock is LOW_MHZ for good; 0: never */
};

#define HIGH_MHZ 1965.0
#define LOW_MHZ 1580.0

static double made_clock(void *self)
{
    const struct made_up *card = self;

    return card->falls_after > 0 && card->drawn > card->falls_after ? LOW_MHZ : HIGH_MHZ;
}

static double unit(unsigned long long value)
{
    return (double)(hash_mix(value) >> 11) / 9007199254740992.0;
}

static double made_truth(void *self, enum gemm gemm, int m_index, int tile)
{
    struct made_up *card = self;
    const struct plan *plan = card->plan;
    size_t index = ((size_t)gemm * TUNE_BATCH_SIZES + (size_t)m_index) * plan->count + (size_t)tile;
    const struct tile *t = &plan->tiles[tile].tile;
    unsigned long long lead = (unsigned long long)plan->tiles[tile].lead;
    double us;

    if (card->bent[index] > 0)
        return card->bent[index];
    us = plan_model(plan->question, gemm, plan->question->batch_sizes[m_index], t);
    us *= 1 + 0.5 * unit(card->seed + lead * 3 + gemm);
    us *= 1 + 0.2 * unit(card->seed * 7 + (unsigned long long)t->block_m * 64 + m_index);
    us *= 1 + 0.1 * unit(card->seed * 11 + lead * 64 + (unsigned long long)m_index);
    us *= 1 + 0.05 * unit(card->seed * 13 + (unsigned long long)t->group_m + lead * 128) *
                  (m_index > 11);
    card->bent[index] = us;
    return us;
}

static double made_sample(void *self, enum gemm gemm, int m_index, int tile, int draw)
{
    struct made_up *card = self;
    unsigned long long key = hash_mix(card->seed ^ ((unsigned long long)draw << 40)) ^
                             ((unsigned long long)tile << 20) ^ ((unsigned long long)m_index << 4) ^
                             (unsigned long long)gemm;
    double noise = (unit(key) + unit(key + 1) + unit(key + 2) - 1.5) * 2; /* deviation 1 */
    double outlier = unit(key + 3) < 0.02 ? 1.10 : 1;

    return made_truth(self, gemm, m_index, tile) * (1 + card->noise * noise) * outlier *
           (1 + card->drift * (double)(card->drawn++ % DRIFT_SAMPLES) / DRIFT_SAMPLES) * HIGH_MHZ /
           made_clock(card);
}

struct bench {
    struct question question;
    struct plan plan;
    struct made_up made;
    struct race_card card;
};

static void bench_open_at(struct bench *bench, enum effort effort, unsigned long long seed,
    const int batch_sizes[], int count)
{
    struct error err = {0};

    question_defaults(&bench->question);
    for (int i = 0; i < count; i++)
        bench->question.batch_sizes[i] = batch_sizes[i];
    if (count > 0)
        bench->question.batch_size_count = count;
    assert_true(engine_parse("sglang:0.5.4.post2", &bench->question.engine, &err));
    assert_true(device_find("NVIDIA H100 80GB HBM3", &bench->question.device, &err));
    bench->question.shape = (struct shape)LAYER_GLM_TP4;
    bench->question.effort = effort;
    plan_make(&bench->plan, &bench->question, NULL);
    bench->made = (struct made_up){.plan = &bench->plan, .seed = seed, .noise = 0.005};
    bench->made.bent =
        calloc((size_t)GEMM_COUNT * TUNE_BATCH_SIZES * bench->plan.count, sizeof(double));
    bench->card = (struct race_card){
        &bench->made, made_sample, made_truth, .clock = made_clock, .wrong_tile = -1};
}

/* At every M of upstream's ladder. */
static void bench_open(struct bench *bench, enum effort effort, unsigned long long seed)
{
    bench_open_at(bench, effort, seed, NULL, 0);
}

static void bench_close(struct bench *bench)
{
    free(bench->made.bent);
    plan_free(&bench->plan);
    question_free(&bench->question);
}

static void worst_and_mean(const struct bench *bench, const struct race_sim *sim, double *worst,
    double *mean, double *pair)
{
    int ms = bench->question.batch_size_count;

    *worst = *mean = *pair = 0;
    for (int m = 0; m < ms; m++) {
        for (int g = 0; g < GEMM_COUNT; g++) {
            *worst = fmax(*worst, sim->own_regret[g][m]);
            *mean += sim->own_regret[g][m] / (GEMM_COUNT * ms);
        }
        *pair = fmax(*pair, sim->pair_regret[m]);
    }
}

/* The bars of the project: samples a fitting point, GPU time against exhaustive, regret. */
static void full_meets_the_bars(void **state)
{
    (void)state;
    for (unsigned long long seed = 1; seed <= 2; seed++) {
        struct bench bench;
        struct race_sim sim;
        double worst, mean, pair, points, share;

        bench_open(&bench, EFFORT_FULL, seed);
        race_simulate(&bench.plan, &bench.card, &sim);
        worst_and_mean(&bench, &sim, &worst, &mean, &pair);
        points = (double)plan_fitting(&bench.plan) * 36;
        share = sim.gpu_s / race_exhaustive_s(&bench.plan, &bench.card);
        print_message("full: %.2f samples a point, %.1f %% of exhaustive (%.1f s), regret mean "
                      "%.2f %% worst %.2f %%, pair %.2f %%, %lld checks\n",
            (double)sim.samples / points, 100 * share, sim.gpu_s, 100 * mean, 100 * worst,
            100 * pair, sim.checks);
        assert_true((double)sim.samples <= 1.5 * points);
        assert_true(share <= 0.15);
        assert_true(mean <= 0.003);
        assert_true(worst <= 0.01);
        assert_true(pair <= 0.01);
        bench_close(&bench);
    }
}

static void quick_is_quicker(void **state)
{
    struct bench bench;
    struct race_sim sim;
    double worst, mean, pair;

    (void)state;
    bench_open(&bench, EFFORT_QUICK, 1);
    race_simulate(&bench.plan, &bench.card, &sim);
    worst_and_mean(&bench, &sim, &worst, &mean, &pair);
    print_message("quick: %zu + %zu kernels, %.1f s, regret mean %.2f %% worst %.2f %%\n",
        bench.plan.scan_count[0], bench.plan.scan_count[1], sim.gpu_s, 100 * mean, 100 * worst);
    assert_true(bench.plan.scan_count[0] <= 150);
    assert_true(mean <= 0.05);
    bench_close(&bench);
}

static void assert_same_choices(
    const struct bench *bench, const struct race_sim *a, const struct race_sim *b)
{
    for (int m = 0; m < bench->question.batch_size_count; m++) {
        for (int g = 0; g < GEMM_COUNT; g++)
            assert_int_equal(a->decisions[m].gemm[g].tile, b->decisions[m].gemm[g].tile);
        assert_int_equal(a->decisions[m].source, b->decisions[m].source);
    }
}

/* A race made anew from what was measured, every seven steps, ends as one that never stopped. */
static void interruptions_change_nothing(void **state)
{
    struct bench bench;
    struct race_sim straight, broken;

    (void)state;
    bench_open(&bench, EFFORT_FULL, 3);
    bench.made.noise = 0.015; /* so that the longer final and later looks take place */
    race_simulate(&bench.plan, &bench.card, &straight);
    bench.card.stop_after = 7;
    race_simulate(&bench.plan, &bench.card, &broken);
    assert_same_choices(&bench, &straight, &broken);
    assert_int_equal(straight.samples, broken.samples);
    bench_close(&bench);
}

/* Within a round, where only the mixing of candidates helps: item by item 1.1 % are lost. */
static void drift_does_not_decide(void **state)
{
    struct bench bench;
    struct race_sim sim;
    double worst, mean, pair;

    (void)state;
    bench_open(&bench, EFFORT_FULL, 4);
    bench.made.drift = 0.02;
    race_simulate(&bench.plan, &bench.card, &sim);
    worst_and_mean(&bench, &sim, &worst, &mean, &pair);
    print_message("2 %% drift each 500 samples: regret mean %.2f %% worst %.2f %%\n", 100 * mean,
        100 * worst);
    assert_true(worst <= 0.01);
    bench_close(&bench);
}

/* A fifth of the clock is lost for good at moments of the scan at which it once cost up to 8 %. */
static void a_fall_of_the_clock_does_not_decide(void **state)
{
    static const struct {
        unsigned long long seed;
        long long after;
    } falls[] = {{1, 1500}, {3, 2250}, {3, 11389}};

    (void)state;
    for (size_t i = 0; i < sizeof falls / sizeof falls[0]; i++) {
        struct bench bench;
        struct race_sim sim;
        double worst, mean, pair;

        bench_open(&bench, EFFORT_FULL, falls[i].seed);
        bench.made.falls_after = falls[i].after;
        race_simulate(&bench.plan, &bench.card, &sim);
        worst_and_mean(&bench, &sim, &worst, &mean, &pair);
        assert_true(worst <= 0.01);
        assert_true(pair <= 0.01);
        bench_close(&bench);
    }
}

/* Case A15: two configs, the clock falls after 30 timings; B is the one with 4 stages. */
struct throttle {
    const struct plan *plan;
    double a_high[60], a_low[60], b_low[60];
    int a_high_count, a_low_count, b_low_count, drawn;
};

static void read_throttle(struct throttle *card)
{
    FILE *file = fopen(TEST_DATA "/cases/A15-throttle/sequential-timings.csv", "r");
    char line[256], config;
    double us, mhz;

    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "%*d,%c,%*d,%lf,%lf", &config, &us, &mhz) != 3)
            continue;
        if (config == 'B')
            card->b_low[card->b_low_count++] = us;
        else if (mhz > LOW_MHZ)
            card->a_high[card->a_high_count++] = us;
        else
            card->a_low[card->a_low_count++] = us;
    }
    fclose(file);
    assert_true(card->a_high_count == 30 && card->a_low_count == 30 && card->b_low_count == 60);
}

static double throttle_clock(void *self)
{
    const struct throttle *card = self;

    return card->drawn > 30 ? LOW_MHZ : HIGH_MHZ;
}

static double throttle_sample(void *self, enum gemm gemm, int m_index, int tile, int draw)
{
    struct throttle *card = self;
    int stages = card->plan->tiles[tile].tile.num_stages;

    (void)gemm;
    (void)m_index;
    card->drawn++;
    if ((size_t)tile >= card->plan->space_count)
        return 200; /* the engine's default */
    if (stages == 4)
        return card->b_low[draw % 60] * LOW_MHZ / throttle_clock(card);
    return card->drawn > 30 ? card->a_low[draw % 30] : card->a_high[draw % 30];
}

static double throttle_truth(void *self, enum gemm gemm, int m_index, int tile)
{
    const struct throttle *card = self;

    (void)gemm;
    (void)m_index;
    return card->plan->tiles[tile].tile.num_stages == 4 ? 97 : 100;
}

static void the_case_of_the_falling_clock_picks_b(void **state)
{
    struct throttle throttle = {0};
    struct race_card card = {
        &throttle, throttle_sample, throttle_truth, .clock = throttle_clock, .wrong_tile = -1};
    struct bench bench;
    struct race_sim sim;
    struct error err = {0};

    (void)state;
    bench_open(&bench, EFFORT_FULL, 1);
    plan_free(&bench.plan);
    assert_true(space_set_axis(&bench.question.space, "BM=16", &err));
    assert_true(space_set_axis(&bench.question.space, "BN=64", &err));
    assert_true(space_set_axis(&bench.question.space, "BK=64", &err));
    assert_true(space_set_axis(&bench.question.space, "G=1", &err));
    assert_true(space_set_axis(&bench.question.space, "w=4", &err));
    assert_true(space_set_axis(&bench.question.space, "s=3,4", &err));
    assert_true(question_set_batch_sizes(&bench.question, "16", &err));
    bench.question.gemms[GEMM_DOWN] = false;
    plan_make(&bench.plan, &bench.question, NULL);
    assert_int_equal(bench.plan.space_count, 2);
    throttle.plan = &bench.plan;
    read_throttle(&throttle);
    race_simulate(&bench.plan, &card, &sim);
    assert_true(throttle.drawn > 60);
    assert_true(sim.decisions[0].chosen && sim.decisions[0].source == CHOICE_RACE);
    assert_int_equal(bench.plan.tiles[sim.decisions[0].gemm[GEMM_UP].tile].tile.num_stages, 4);
    bench_close(&bench);
}

static void wrong_kernels_are_never_chosen(void **state)
{
    struct bench bench;
    struct race_sim right, sim;

    (void)state;
    bench_open(&bench, EFFORT_FULL, 5);
    race_simulate(&bench.plan, &bench.card, &right);
    bench.card.wrong_tile = right.decisions[6].gemm[GEMM_UP].tile;
    race_simulate(&bench.plan, &bench.card, &sim);
    for (int m = 0; m < bench.question.batch_size_count; m++) {
        for (int g = 0; g < GEMM_COUNT; g++) {
            assert_int_not_equal(sim.decisions[m].gemm[g].tile, bench.card.wrong_tile);
            assert_true(sim.decisions[m].gemm[g].verified);
        }
    }
    bench_close(&bench);
}

static void pairs_share_block_m_and_beat_the_default(void **state)
{
    struct bench bench;
    struct race_sim sim;

    (void)state;
    bench_open(&bench, EFFORT_FULL, 6);
    race_simulate(&bench.plan, &bench.card, &sim);
    for (int m = 0; m < bench.question.batch_size_count; m++) {
        const struct race_decision *d = &sim.decisions[m];
        assert_int_equal(bench.plan.tiles[d->gemm[GEMM_UP].tile].tile.block_m,
            bench.plan.tiles[d->gemm[GEMM_DOWN].tile].tile.block_m);
        if (d->source == CHOICE_DEFAULT)
            assert_int_equal(d->gemm[GEMM_UP].tile, bench.plan.defaults[m]);
        else if (d->default_runs)
            assert_true(d->gain.low > 0);
    }
    bench_close(&bench);
}

static double *bent_of(struct bench *bench, enum gemm gemm, int m, int tile)
{
    return &bench->made.bent[((size_t)gemm * TUNE_BATCH_SIZES + (size_t)m) * bench->plan.count +
                             (size_t)tile];
}

/* The true time of the best pair of an M, by GEMM. */
static void best_pair_of(struct bench *bench, int m, double us[GEMM_COUNT])
{
    double best[GEMM_COUNT][257];

    for (int g = 0; g < GEMM_COUNT; g++) {
        for (int bm = 0; bm <= 256; bm++)
            best[g][bm] = INFINITY;
        us[g] = INFINITY;
        for (size_t t = 0; t < bench->plan.space_count; t++) {
            double *of_bm = &best[g][bench->plan.tiles[t].tile.block_m];
            if (plan_runs(&bench->plan, (int)t))
                *of_bm = fmin(*of_bm, made_truth(&bench->made, (enum gemm)g, m, (int)t));
        }
    }
    for (int bm = 16; bm <= 256; bm++) {
        if (best[GEMM_UP][bm] + best[GEMM_DOWN][bm] < us[GEMM_UP] + us[GEMM_DOWN]) {
            us[GEMM_UP] = best[GEMM_UP][bm];
            us[GEMM_DOWN] = best[GEMM_DOWN][bm];
        }
    }
}

/* Puts every default at so many times the best pair. */
static void set_defaults(struct bench *bench, double times)
{
    for (int m = 0; m < bench->question.batch_size_count; m++) {
        double us[GEMM_COUNT];
        best_pair_of(bench, m, us);
        for (int g = 0; g < GEMM_COUNT; g++)
            *bent_of(bench, (enum gemm)g, m, bench->plan.defaults[m]) = times * us[g];
    }
}

/* A default 1 % behind under 1.5 % noise: thirty samples leave it open, further ones do not. */
static void a_close_default_takes_more_samples(void **state)
{
    struct bench bench;
    struct race_sim close, clear;

    (void)state;
    bench_open(&bench, EFFORT_FULL, 7);
    bench.made.noise = 0.015;
    set_defaults(&bench, 1.01);
    race_simulate(&bench.plan, &bench.card, &close);
    for (int m = 0; m < bench.question.batch_size_count; m++) {
        assert_int_equal(close.decisions[m].source, CHOICE_RACE);
        assert_true(close.decisions[m].gain.low > 0);
    }
    set_defaults(&bench, 1.2);
    race_simulate(&bench.plan, &bench.card, &clear);
    print_message("confirmed by %lld samples, %lld where it is clear\n",
        close.phase_samples[RACE_CONFIRM], clear.phase_samples[RACE_CONFIRM]);
    assert_int_equal(clear.phase_samples[RACE_CONFIRM], 30 * 4 * bench.question.batch_size_count);
    assert_true(close.phase_samples[RACE_CONFIRM] > clear.phase_samples[RACE_CONFIRM]);
    bench_close(&bench);
}

/* The engine's default runs in the final whatever the scan made of its kernel. */
static void a_good_default_of_a_bad_kernel_wins(void **state)
{
    struct bench bench;
    struct race_sim sim;
    int m = 16, tile;

    (void)state;
    bench_open(&bench, EFFORT_FULL, 8);
    tile = bench.plan.defaults[m];
    set_defaults(&bench, 1.2);
    for (int i = 0; i < bench.question.batch_size_count; i++) {
        if (bench.plan.tiles[tile].lead != tile)
            *bent_of(&bench, GEMM_UP, i, bench.plan.tiles[tile].lead) = 1e6;
    }
    *bent_of(&bench, GEMM_UP, m, tile) *= 0.5;
    race_simulate(&bench.plan, &bench.card, &sim);
    assert_int_equal(sim.decisions[m].gemm[GEMM_UP].tile, tile);
    assert_int_not_equal(sim.decisions[m].gemm[GEMM_DOWN].tile, tile);
    assert_int_equal(sim.decisions[m].source, CHOICE_RACE);
    bench_close(&bench);
}

/* A tile that kills its worker runs alone the second time and is left after that. */
static void the_second_kill_marks_a_tile(void **state)
{
    struct bench bench;
    struct race *race;
    struct race_kernel_id wanted[4];
    struct race_step step;
    struct race_summary summary;

    (void)state;
    bench_open(&bench, EFFORT_FULL, 1);
    race = race_open(&bench.plan);
    assert_int_equal(race_wanted(race, wanted, 4), 4);
    for (int i = 0; i < 4; i++)
        race_set_kernel(race, wanted[i].gemm, wanted[i].tile, KERNEL_READY, POINT_OK);
    race_next(race, &step);
    assert_int_equal(step.action, RACE_MEASURE);
    assert_true(step.count > 4);
    assert_int_equal(race_add_kill(race, step.items[0].gemm, step.items[0].tile, POINT_FAULTED), 1);
    race_next(race, &step);
    assert_int_equal(step.count, 1);
    assert_int_equal(race_add_kill(race, step.items[0].gemm, step.items[0].tile, POINT_FAULTED), 2);
    race_point(race, step.items[0].gemm, 0, step.items[0].tile, &summary);
    assert_int_equal(summary.status, POINT_FAULTED);
    race_next(race, &step);
    assert_int_not_equal(step.count, 1);
    race_close(race);
    bench_close(&bench);
}

/* A shuffled step holds several groups, none much longer than the least that mixes; a check or a
 * job serves all M of a round. */
static void steps_are_long_and_grouped(void **state)
{
    struct bench bench;
    struct race *race;
    struct race_step *step = calloc(1, sizeof *step);
    struct race_kernel_id *wanted;
    int verified_m = 0, groups = 0, done = 0;

    (void)state;
    bench_open(&bench, EFFORT_QUICK, 1);
    race = race_open(&bench.plan);
    wanted = calloc(2 * bench.plan.count, sizeof *wanted);
    while (done < 2) {
        size_t count = race_wanted(race, wanted, 2 * bench.plan.count);
        for (size_t i = 0; i < count; i++)
            race_set_kernel(race, wanted[i].gemm, wanted[i].tile, KERNEL_READY, POINT_OK);
        race_next(race, step);
        for (int i = 0; i < step->count; i++) {
            const struct race_item *item = &step->items[i];
            if (step->action == RACE_VERIFY) {
                verified_m |= 1 << item->m_index;
                race_add_check(race, item->gemm, item->m, item->tile, true);
            }
            for (int k = 0; step->action == RACE_MEASURE && k < item->samples; k++)
                race_add_sample(race, item->gemm, item->m_index, item->tile, step->phase,
                    (float)made_sample(&bench.made, item->gemm, item->m_index, item->tile, k));
        }
        if (step->action == RACE_MEASURE && step->shuffle && done++ == 0) {
            double seconds[RACE_ITEMS] = {0};
            for (int i = 0; i < step->count; i++)
                seconds[step->items[i].group] +=
                    fmax(200, step->items[i].expected_us) * step->items[i].samples * 1e-6;
            while (groups < RACE_ITEMS && seconds[groups] > 0)
                assert_true(seconds[groups++] < 0.7);
        }
    }
    assert_true(groups >= 2);
    assert_true(__builtin_popcount((unsigned)verified_m) > 4);
    free(wanted);
    free(step);
    race_close(race);
    bench_close(&bench);
}

/* Those that take long come right behind the first, the longest of them first. */
static void long_compiles_start_early(void **state)
{
    struct bench bench;
    struct race *race;
    struct race_kernel_id *ids, *sorted;
    size_t count, heavy = 0;
    int last = 1 << 30;

    (void)state;
    bench_open(&bench, EFFORT_FULL, 1);
    race = race_open(&bench.plan);
    ids = calloc(2 * bench.plan.count, sizeof *ids);
    sorted = calloc(2 * bench.plan.count, sizeof *sorted);
    count = race_wanted(race, ids, 2 * bench.plan.count);
    memcpy(sorted, ids, count * sizeof *ids);
    race_longest_first(race, sorted, count, 100);
    assert_memory_equal(ids, sorted, 100 * sizeof *ids);
    for (size_t i = 100; i < count; i++) {
        const struct tile *tile = &bench.plan.tiles[sorted[i].tile].tile;
        int size = tile->block_m * tile->block_n / (32 * tile->num_warps) * tile->block_k;
        heavy += size >= 32768 && i < 100 + count / 4;
        assert_true(size >= 32768 ? size <= last : i > 100 + heavy - 1);
        last = size >= 32768 ? size : 0;
    }
    assert_true(heavy > 20);
    free(ids);
    free(sorted);
    race_close(race);
    bench_close(&bench);
}

/* What a scan of every kernel brings: at each `stride`-th M, and at the last. */
static void feed_scan(struct bench *bench, struct race *race, int stride)
{
    int last = bench->question.batch_size_count - 1;

    for (int g = 0; g < GEMM_COUNT; g++) {
        for (size_t i = 0; i < bench->plan.scan_count[g]; i++) {
            int tile = bench->plan.scan[g][i];

            for (int m = 0; m <= last; m++) {
                if (m % stride == 0 || m == last)
                    race_add_sample(race, (enum gemm)g, m, tile, RACE_SCAN,
                        (float)made_sample(&bench->made, (enum gemm)g, m, tile, 0));
            }
            race_set_kernel(race, (enum gemm)g, tile, KERNEL_READY, POINT_OK);
        }
    }
}

/* Between quick's first look and its search around the best, what that will need. */
static void likely_kernels_of_quick_are_neighbours(void **state)
{
    struct bench bench;
    struct race *race;
    struct race_kernel_id likely[1024];
    size_t count;

    (void)state;
    bench_open(&bench, EFFORT_QUICK, 1);
    race = race_open(&bench.plan);
    assert_int_equal(race_likely(race, likely, 1024), 0);
    feed_scan(&bench, race, 4);
    race_wanted(race, likely, 1); /* moves on to the next level */
    count = race_likely(race, likely, 1024);
    assert_in_range(count, 10, 200);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(bench.plan.tiles[likely[i].tile].lead, likely[i].tile);
    race_close(race);
    bench_close(&bench);
}

/* An exhaustive race whose kernels come slowly times meanwhile what its heat will want, whatever
 * the scan still finds: it waits little, takes little in vain, and chooses the same. */
static void an_exhaustive_scan_that_waits_heats(void **state)
{
    static const int batch_sizes[] = {1, 16, 128, 1024, 4096};
    struct bench bench;
    struct race_sim at_once, slow, broken;

    (void)state;
    bench_open_at(&bench, EFFORT_EXHAUSTIVE, 1, batch_sizes, 5);
    race_simulate(&bench.plan, &bench.card, &at_once);
    bench.card.kernel_s = at_once.gpu_s / 3 / (double)at_once.kernels;
    race_simulate(&bench.plan, &bench.card, &slow);
    print_message(
        "exhaustive: %.1f s, %.1f and waits of %.1f s for %lld slow kernels, heat %lld %lld\n",
        at_once.gpu_s, slow.gpu_s, slow.waited_s, slow.kernels, at_once.phase_samples[RACE_HEAT],
        slow.phase_samples[RACE_HEAT]);
    bench.card.stop_after = 50;
    race_simulate(&bench.plan, &bench.card, &broken);
    assert_true(slow.kernels > 3000);
    assert_true(slow.waited_s < 0.02 * slow.gpu_s);
    assert_true(slow.gpu_s < 1.01 * at_once.gpu_s);
    assert_in_range(slow.phase_samples[RACE_HEAT], at_once.phase_samples[RACE_HEAT],
        at_once.phase_samples[RACE_HEAT] * 101 / 100);
    assert_int_equal(slow.phase_samples[RACE_FINAL], at_once.phase_samples[RACE_FINAL]);
    assert_int_equal(broken.phase_samples[RACE_FINAL], at_once.phase_samples[RACE_FINAL]);
    assert_same_choices(&bench, &at_once, &slow);
    assert_same_choices(&bench, &at_once, &broken);
    bench_close(&bench);
}

/* What heat took ahead is no longer to come; little comes after it. */
static void time_left_knows_what_heat_took(void **state)
{
    static const int batch_sizes[] = {1, 64};
    struct bench bench;
    struct race *race;
    struct race_progress before, half;

    (void)state;
    bench_open_at(&bench, EFFORT_EXHAUSTIVE, 1, batch_sizes, 2);
    race = race_open(&bench.plan);
    for (int g = 0; g < GEMM_COUNT; g++) {
        for (int m = 0; m < 2; m++)
            race_add_sample(race, (enum gemm)g, m, bench.plan.scan[g][0], RACE_SCAN, 100);
    }
    race_measure_progress(race, &before);
    assert_true(before.m_done[0] < 0.01);
    for (int g = 0; g < GEMM_COUNT; g++) {
        for (size_t i = 0; i < bench.plan.scan_count[g] / 2; i++) {
            for (int k = 0; k < 20; k++)
                race_add_sample(race, (enum gemm)g, k % 2, bench.plan.scan[g][i], RACE_HEAT, 100);
        }
    }
    race_measure_progress(race, &half);
    assert_true(half.later_left_s > 0.35 * before.later_left_s);
    assert_true(half.later_left_s < 0.55 * before.later_left_s);
    assert_true(half.m_done[0] > 0.3 && half.m_done[1] > 0.3);
    race_settle(race, 0);
    race_measure_progress(race, &half);
    assert_true(half.m_done[0] == 1 && half.m_done[1] < 0.7);
    race_close(race);
    bench_close(&bench);
}

/* While kernels are compiled, what is there goes on to the M of later levels where it has hope. */
static void a_scan_that_waits_goes_ahead(void **state)
{
    struct bench bench;
    struct race *race;
    struct race_kernel_id wanted[8];
    struct race_step *step = calloc(1, sizeof *step);
    size_t samples = 0;

    (void)state;
    bench_open(&bench, EFFORT_FULL, 1);
    race = race_open(&bench.plan);
    assert_int_equal(race_wanted(race, wanted, 8), 8);
    for (int i = 0; i < 8; i++)
        race_set_kernel(race, wanted[i].gemm, wanted[i].tile, KERNEL_READY, POINT_OK);
    for (race_next(race, step); step->action == RACE_MEASURE; race_next(race, step)) {
        for (int i = 0; i < step->count; i++, samples++) {
            const struct race_item *item = &step->items[i];
            race_add_sample(race, item->gemm, item->m_index, item->tile, step->phase,
                (float)made_sample(&bench.made, item->gemm, item->m_index, item->tile, 0));
        }
    }
    assert_int_equal(step->action, RACE_WAIT);
    assert_in_range(samples, 8 * 12, 8 * 18); /* 6 M of the first level, and where there is hope */
    free(step);
    race_close(race);
    bench_close(&bench);
}

/* Nothing before the scan is over; then other GROUP_SIZE_M of what is near the best. */
static void likely_kernels_are_groups_of_the_near_best(void **state)
{
    struct bench bench;
    struct race *race;
    struct race_kernel_id likely[4096];
    struct race_progress progress;
    size_t count;

    (void)state;
    bench_open(&bench, EFFORT_FULL, 1);
    race = race_open(&bench.plan);
    assert_int_equal(race_likely(race, likely, 4096), 0);
    feed_scan(&bench, race, 1);
    race_advance(race); /* to the rounds, also where nothing is asked for */
    race_measure_progress(race, &progress);
    assert_true(progress.scan_left_s == 0 && progress.later_left_s > 0);
    assert_true(progress.m_done[0] > 0.2 && progress.m_done[0] < 0.8);
    assert_int_equal(race_wanted(race, likely, 1), 1);
    count = race_likely(race, likely, 4096);
    assert_in_range(count, 50, 1000);
    for (size_t i = 0; i < count; i++) {
        const struct plan_tile *tile = &bench.plan.tiles[likely[i].tile];
        assert_int_not_equal(tile->lead, likely[i].tile);
        assert_int_equal(race_kernel(race, likely[i].gemm, tile->lead), KERNEL_READY);
        race_set_kernel(race, likely[i].gemm, likely[i].tile, KERNEL_ASKED, POINT_OK);
    }
    assert_int_equal(race_likely(race, likely, 4096), 0);
    race_close(race);
    bench_close(&bench);
}

/* Compiling and timing overlap or add up; both go on as fast as they went so far. */
static void time_left_is_wall_clock(void **state)
{
    struct estimate_facts facts = {
        .scan_gpu_s = 10, .later_gpu_s = 20, .kernels = 400, .later_kernels = 50, .kernel_s = 0.1};
    struct bench bench;
    struct race *race;
    struct race_progress progress;
    int kernels;

    (void)state;
    assert_true(fabs(estimate_left_s(&facts) - (40 + 22)) < 1e-6); /* nothing seen yet */
    facts.ahead_gpu_s = 10;
    assert_true(fabs(estimate_left_s(&facts) - (40 + 11)) < 1e-6);
    facts.ahead_gpu_s = 0;
    facts.kernel_s = 0.5;
    facts.gpu_s = 9;
    facts.timing_s = 18.9;
    assert_true(fabs(estimate_left_s(&facts) - (200 + 40)) < 1e-6);
    facts.unified = true;
    assert_true(fabs(estimate_left_s(&facts) - (225 + 20 + 40)) < 1e-6);
    bench_open(&bench, EFFORT_FULL, 1);
    race = race_open(&bench.plan);
    race_measure_progress(race, &progress);
    kernels = progress.kernels_left;
    assert_int_equal(kernels, bench.plan.scan_count[GEMM_UP] + bench.plan.scan_count[GEMM_DOWN]);
    race_set_kernel(race, GEMM_UP, bench.plan.scan[GEMM_UP][0], KERNEL_READY, POINT_OK);
    race_measure_progress(race, &progress);
    assert_int_equal(progress.kernels_left, kernels - 1);
    race_close(race);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_meets_the_bars),
        cmocka_unit_test(quick_is_quicker),
        cmocka_unit_test(interruptions_change_nothing),
        cmocka_unit_test(drift_does_not_decide),
        cmocka_unit_test(a_fall_of_the_clock_does_not_decide),
        cmocka_unit_test(the_case_of_the_falling_clock_picks_b),
        cmocka_unit_test(wrong_kernels_are_never_chosen),
        cmocka_unit_test(pairs_share_block_m_and_beat_the_default),
        cmocka_unit_test(a_close_default_takes_more_samples),
        cmocka_unit_test(a_good_default_of_a_bad_kernel_wins),
        cmocka_unit_test(the_second_kill_marks_a_tile),
        cmocka_unit_test(steps_are_long_and_grouped),
        cmocka_unit_test(long_compiles_start_early),
        cmocka_unit_test(likely_kernels_of_quick_are_neighbours),
        cmocka_unit_test(a_scan_that_waits_goes_ahead),
        cmocka_unit_test(an_exhaustive_scan_that_waits_heats),
        cmocka_unit_test(time_left_is_wall_clock),
        cmocka_unit_test(time_left_knows_what_heat_took),
        cmocka_unit_test(likely_kernels_are_groups_of_the_near_best),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
