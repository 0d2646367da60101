/* SPDX-License-Identifier: MIT */
/*
 * bench_race [FILE [SEEDS]]: the race on a recorded set (the shipped one without FILE), over 20
 * seeds, full and quick: samples a fitting point, GPU time against exhaustive, regret of the
 * choices by the recorded medians. One line of JSON on stdout, a table on stderr. Exit 1 over a
 * bar.
 */
#include "base/text.h"
#include "domain/stats.h"
#include "race_sim.h"
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

struct sums {
    double samples, gpu_ratio, regret_mean, regret_max, pair_mean, pair_max;
};

static void add(struct sums *sums, const struct plan *plan, const struct race_card *card,
    const struct race_sim *sim, int seeds)
{
    int ms = plan->question->batch_size_count;
    double points = (double)plan_fitting(plan) * GEMM_COUNT * ms;

    sums->samples += (double)sim->samples / points / seeds;
    sums->gpu_ratio += sim->gpu_s / race_exhaustive_s(plan, card) / seeds;
    for (int m = 0; m < ms; m++) {
        for (int g = 0; g < GEMM_COUNT; g++) {
            sums->regret_mean += sim->regret[g][m] / (GEMM_COUNT * ms * seeds);
            sums->regret_max = fmax(sums->regret_max, sim->regret[g][m]);
        }
        sums->pair_mean += sim->pair_regret[m] / (ms * seeds);
        sums->pair_max = fmax(sums->pair_max, sim->pair_regret[m]);
    }
}

static struct sums run(const struct recorded *recorded, enum effort effort, int seeds)
{
    struct question q;
    struct plan plan;
    struct sums sums = {0};
    struct race_sim *sim = xcalloc(1, sizeof *sim);

    question_defaults(&q);
    q.engine = recorded->engine;
    q.device = recorded->device;
    q.shape = recorded->shape;
    q.effort = effort;
    q.batch_size_count = (int)recorded->batch_size_count;
    memcpy(
        q.batch_sizes, recorded->batch_sizes, recorded->batch_size_count * sizeof q.batch_sizes[0]);
    plan_make(&plan, &q, NULL);
    for (int seed = 1; seed <= seeds; seed++) {
        struct card card = {recorded, &plan, (unsigned long long)seed};
        struct race_card race = {&card, sample, truth, .wrong_tile = -1};
        race_simulate(&plan, &race, sim);
        add(&sums, &plan, &race, sim, seeds);
    }
    free(sim);
    plan_free(&plan);
    question_free(&q);
    return sums;
}

static void print(const char *name, const struct sums *s)
{
    printf("\"%s\":{\"samples_per_point\":%.4f,\"gpu_ratio\":%.4f,\"regret_mean\":%.5f,"
           "\"regret_max\":%.5f,\"pair_regret_mean\":%.5f,\"pair_regret_max\":%.5f}",
        name, s->samples, s->gpu_ratio, s->regret_mean, s->regret_max, s->pair_mean, s->pair_max);
    fprintf(stderr,
        "%-6s %6.2f samples a point  %5.1f %% of exhaustive  regret mean %.2f %% worst %.2f %%  "
        "pair mean %.2f %% worst %.2f %%\n",
        name, s->samples, 100 * s->gpu_ratio, 100 * s->regret_mean, 100 * s->regret_max,
        100 * s->pair_mean, 100 * s->pair_max);
}

int main(int argc, char **argv)
{
    struct error err = {0};
    char *path = replay_path(argc > 1 ? argv[1] : NULL, &err);
    struct recorded *recorded = path ? recorded_open(path, &err) : NULL;
    int seeds = argc > 2 ? atoi(argv[2]) : 20;
    struct sums full, quick;

    free(path);
    if (!recorded) {
        fprintf(stderr, "bench_race: %s\n", err.text);
        return 77;
    }
    full = run(recorded, EFFORT_FULL, seeds);
    quick = run(recorded, EFFORT_QUICK, seeds);
    recorded_free(recorded);
    printf("{");
    print("full", &full);
    printf(",");
    print("quick", &quick);
    printf("}\n");
    return full.samples > 1.5 || full.gpu_ratio > 0.15 || full.regret_mean > 0.003 ||
           full.regret_max > 0.01 || full.pair_mean > 0.003 || full.pair_max > 0.01;
}
