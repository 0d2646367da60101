/* SPDX-License-Identifier: MIT */
/*
 * bench_race [FILE [SEEDS]]: the race on a recorded set (the shipped one without FILE), over 20
 * seeds, full and quick: samples a fitting point, GPU time against exhaustive, regret of the
 * choices by the recorded medians, and how far two seeds agree. One line of JSON on stdout, a table
 * by M on stderr. Exit 1 over a bar.
 *
 * Three regrets of a (GEMM, M): "regret" against the best tile of all, which up and down cannot
 * both have where their best BLOCK_SIZE_M differ; "floor", what the best pair that keeps the rule
 * loses to it, so what no race can win; "own", against the best tile with the BLOCK_SIZE_M chosen.
 * "pair" is up + down against the best pair that keeps the rule. The bars hold own and pair.
 */
#include "base/text.h"
#include "domain/stats.h"
#include "tests/race_sim.h"
#include "worker/replay.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct card {
    const struct recorded *recorded;
    const struct plan *plan;
    unsigned long long seed;
};

static const struct recorded_point *point_of(
    const struct card *card, enum gemm gemm, int m_index, int tile)
{
    return recorded_find(card->recorded, gemm, card->plan->question->batch_sizes[m_index],
        &card->plan->tiles[tile].tile);
}

static double sample(void *self, enum gemm gemm, int m_index, int tile, int draw)
{
    const struct card *card = self;

    return (double)replay_draw(point_of(card, gemm, m_index, tile), card->seed, gemm,
        card->plan->question->batch_sizes[m_index], &card->plan->tiles[tile].tile, draw);
}

static double truth(void *self, enum gemm gemm, int m_index, int tile)
{
    const struct recorded_point *point = point_of(self, gemm, m_index, tile);

    return point && point->count ? stats_median_float(point->samples, (size_t)point->count)
                                 : INFINITY;
}

#define AGREES 0.005 /* two seeds' choices take the same time within this */
#define MOST_SEEDS 100

struct regret {
    double mean, max;
};

/* A row of the table. */
struct row {
    struct regret regret[GEMM_COUNT], own[GEMM_COUNT], pair;
    double floor[GEMM_COUNT], pair_floor, agrees;
    double took_us[GEMM_COUNT][MOST_SEEDS];
    int defaults;
};

struct sums {
    int seeds, ms;
    double samples, gpu_ratio;
    struct row rows[TUNE_BATCH_SIZES];
};

static void add_regret(struct regret *regret, double value, int of)
{
    regret->mean += value / of;
    regret->max = fmax(regret->max, value);
}

static void add(struct sums *sums, const struct plan *plan, const struct race_card *card,
    const struct race_sim *sim, int seed)
{
    double points = (double)plan_fitting(plan) * GEMM_COUNT * sums->ms;

    sums->samples += (double)sim->samples / points / sums->seeds;
    sums->gpu_ratio += sim->gpu_s / race_exhaustive_s(plan, card) / sums->seeds;
    for (int m = 0; m < sums->ms; m++) {
        struct row *row = &sums->rows[m];
        for (int g = 0; g < GEMM_COUNT; g++) {
            add_regret(&row->regret[g], sim->regret[g][m], sums->seeds);
            add_regret(&row->own[g], sim->own_regret[g][m], sums->seeds);
            row->floor[g] = sim->floor[g][m];
            row->took_us[g][seed - 1] = sim->took_us[g][m];
        }
        add_regret(&row->pair, sim->pair_regret[m], sums->seeds);
        row->pair_floor = sim->pair_floor[m];
        row->defaults += sim->decisions[m].source == CHOICE_DEFAULT;
    }
}

/* The share of all pairs of seeds, both GEMMs, whose choices take the same time within AGREES. */
static void find_agreement(struct row *row, int seeds)
{
    int pairs = 0, agree = 0;

    for (int g = 0; g < GEMM_COUNT; g++) {
        for (int a = 0; a < seeds; a++) {
            for (int b = 0; b < a; b++) {
                pairs++;
                agree += fabs(log(row->took_us[g][a] / row->took_us[g][b])) <= AGREES;
            }
        }
    }
    row->agrees = pairs ? (double)agree / pairs : 1;
}

static struct sums *run(const struct recorded *recorded, enum effort effort, int seeds)
{
    struct question q;
    struct plan plan;
    struct sums *sums = xcalloc(1, sizeof *sums);
    struct race_sim *sim = xcalloc(1, sizeof *sim);

    question_defaults(&q);
    q.engine = recorded->engine;
    q.device = recorded->device;
    q.shape = recorded->shape;
    q.effort = effort;
    q.batch_size_count = (int)recorded->batch_size_count;
    memcpy(
        q.batch_sizes, recorded->batch_sizes, recorded->batch_size_count * sizeof q.batch_sizes[0]);
    sums->seeds = seeds;
    sums->ms = q.batch_size_count;
    plan_make(&plan, &q, NULL);
    for (int seed = 1; seed <= seeds; seed++) {
        struct card card = {recorded, &plan, (unsigned long long)seed};
        struct race_card race = {&card, sample, truth, .wrong_tile = -1};
        race_simulate(&plan, &race, sim);
        add(sums, &plan, &race, sim, seed);
    }
    for (int m = 0; m < sums->ms; m++)
        find_agreement(&sums->rows[m], seeds);
    free(sim);
    plan_free(&plan);
    question_free(&q);
    return sums;
}

/* All rows together. */
static struct row total_of(const struct sums *sums)
{
    struct row total = {0};

    for (int m = 0; m < sums->ms; m++) {
        const struct row *row = &sums->rows[m];
        for (int g = 0; g < GEMM_COUNT; g++) {
            total.regret[0].mean += row->regret[g].mean / (GEMM_COUNT * sums->ms);
            total.regret[0].max = fmax(total.regret[0].max, row->regret[g].max);
            total.own[0].mean += row->own[g].mean / (GEMM_COUNT * sums->ms);
            total.own[0].max = fmax(total.own[0].max, row->own[g].max);
            total.floor[0] = fmax(total.floor[0], row->floor[g]);
        }
        total.pair.mean += row->pair.mean / sums->ms;
        total.pair.max = fmax(total.pair.max, row->pair.max);
        total.pair_floor = fmax(total.pair_floor, row->pair_floor);
        total.agrees += row->agrees / sums->ms;
    }
    return total;
}

static void print_table(
    const char *name, const struct recorded *recorded, const struct sums *sums, const struct row *t)
{
    fprintf(stderr,
        "%s, %d seeds: %.2f samples a point, %.1f %% of exhaustive GPU time, regret in %% (mean "
        "worst)\n"
        "     M   up, own    down, own     pair       floor up down pair   agree default\n",
        name, sums->seeds, sums->samples, 100 * sums->gpu_ratio);
    for (int m = 0; m < sums->ms; m++) {
        const struct row *r = &sums->rows[m];
        fprintf(stderr,
            "%6d %5.2f %5.2f  %5.2f %5.2f  %5.2f %5.2f   %6.2f %5.2f %5.2f  %5.1f %% %3d\n",
            recorded->batch_sizes[m], 100 * r->own[0].mean, 100 * r->own[0].max,
            100 * r->own[1].mean, 100 * r->own[1].max, 100 * r->pair.mean, 100 * r->pair.max,
            100 * r->floor[0], 100 * r->floor[1], 100 * r->pair_floor, 100 * r->agrees,
            r->defaults);
    }
    fprintf(stderr,
        "   all own %.2f %.2f  pair %.2f %.2f  against the best of all BLOCK_SIZE_M %.2f %.2f, "
        "floor by the pair rule %.2f  agree %.1f %%\n",
        100 * t->own[0].mean, 100 * t->own[0].max, 100 * t->pair.mean, 100 * t->pair.max,
        100 * t->regret[0].mean, 100 * t->regret[0].max, 100 * t->floor[0], 100 * t->agrees);
}

static void print_json(const char *name, const struct sums *sums, const struct row *t)
{
    printf("\"%s\":{\"samples_per_point\":%.4f,\"gpu_ratio\":%.4f,\"regret_mean\":%.5f,"
           "\"regret_max\":%.5f,\"floor_max\":%.5f,\"own_regret_mean\":%.5f,"
           "\"own_regret_max\":%.5f,\"pair_regret_mean\":%.5f,\"pair_regret_max\":%.5f,"
           "\"pair_floor_max\":%.5f,\"agreement_0_5_pct\":%.4f}",
        name, sums->samples, sums->gpu_ratio, t->regret[0].mean, t->regret[0].max, t->floor[0],
        t->own[0].mean, t->own[0].max, t->pair.mean, t->pair.max, t->pair_floor, t->agrees);
}

static bool meets_the_bars(const struct sums *sums, const struct row *t)
{
    return sums->samples <= 1.5 && sums->gpu_ratio <= 0.15 && t->own[0].mean <= 0.003 &&
           t->own[0].max <= 0.01 && t->pair.mean <= 0.003 && t->pair.max <= 0.01 &&
           t->agrees >= 0.95;
}

/* Both outputs of one effort. Returns whether it meets the bars. */
static bool race_all(
    const char *name, const struct recorded *recorded, enum effort effort, int seeds)
{
    struct sums *sums = run(recorded, effort, seeds);
    struct row total = total_of(sums);
    bool meets = meets_the_bars(sums, &total);

    print_table(name, recorded, sums, &total);
    print_json(name, sums, &total);
    free(sums);
    return meets;
}

int main(int argc, char **argv)
{
    struct error err = {0};
    char *path = replay_path(argc > 1 ? argv[1] : NULL, &err);
    struct recorded *recorded = path ? recorded_open(path, &err) : NULL;
    int seeds = argc > 2 ? atoi(argv[2]) : 20;
    bool meets;

    free(path);
    if (!recorded || seeds < 1 || seeds > MOST_SEEDS) {
        fprintf(stderr, "bench_race: %s\n", recorded ? "1 to 100 seeds" : err.text);
        return 77;
    }
    printf("{");
    meets = race_all("full", recorded, EFFORT_FULL, seeds);
    printf(",");
    race_all("quick", recorded, EFFORT_QUICK, seeds);
    printf("}\n");
    recorded_free(recorded);
    return !meets;
}
