/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TESTS_RACE_SIM_H
#define MOEBENCH_TESTS_RACE_SIM_H

#include "tuner/race.h"

/* A race run against a made-up or recorded card, in one process and without clocks. */
struct race_card {
    void *self;
    /* The draw-th sample of a point, us. */
    double (*sample)(void *self, enum gemm gemm, int m_index, int tile, int draw);
    /* What the point really takes, us; NAN when it is not known. */
    double (*truth)(void *self, enum gemm gemm, int m_index, int tile);
    double (*clock)(void *self); /* MHz at the latest sample; NULL: unknown */
    int wrong_tile;              /* its output is wrong; -1: none */
    int stop_after;              /* steps, then a new race is fed what was measured; 0: never */
    double kernel_s; /* one kernel after the other is ready, so many seconds apart; 0: at once */
};

struct race_sim {
    long long samples, steps, checks;
    long long phase_samples[RACE_PHASE_COUNT];
    double gpu_s;    /* launches x their time */
    double waited_s; /* for kernels, with nothing else to do */
    long long kernels;
    /* Of a choice against the best tile of all, which the pair rule may put out of reach; .. */
    double regret[GEMM_COUNT][TUNE_BATCH_SIZES];
    /* .. of the best pair that keeps the rule against the same; .. */
    double floor[GEMM_COUNT][TUNE_BATCH_SIZES];
    /* .. of a choice against the best tile with the BLOCK_SIZE_M chosen. */
    double own_regret[GEMM_COUNT][TUNE_BATCH_SIZES];
    double pair_regret[TUNE_BATCH_SIZES];         /* against the best pair that keeps the rule */
    double pair_floor[TUNE_BATCH_SIZES];          /* of that pair against two free choices */
    double took_us[GEMM_COUNT][TUNE_BATCH_SIZES]; /* the choice's true time */
    struct race_decision decisions[TUNE_BATCH_SIZES];
};

void race_simulate(const struct plan *plan, const struct race_card *card, struct race_sim *sim);
/* GPU seconds of ten samples of every fitting tile within four times the best, one of the rest. */
double race_exhaustive_s(const struct plan *plan, const struct race_card *card);

#endif
