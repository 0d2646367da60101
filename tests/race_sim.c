/* SPDX-License-Identifier: MIT */
#include "tests/race_sim.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE_US 200.0

/* One thing fed to the race, kept so that it can be fed again. */
struct fed {
    bool check, right;
    enum gemm gemm;
    int m, m_index, tile;
    enum race_phase phase;
    float us;
    double clock;
};

struct log {
    struct fed *fed;
    size_t count, capacity;
};

static void feed(struct race *race, const struct fed *fed)
{
    if (fed->check) {
        race_add_check(race, fed->gemm, fed->m, fed->tile, fed->right);
        return;
    }
    race_set_clock(race, fed->clock);
    race_add_sample(race, fed->gemm, fed->m_index, fed->tile, fed->phase, fed->us);
}

static void keep(struct log *log, struct race *race, const struct fed *fed)
{
    if (log->count == log->capacity) {
        log->capacity = log->capacity ? 2 * log->capacity : 4096;
        log->fed = realloc(log->fed, log->capacity * sizeof *log->fed);
    }
    log->fed[log->count++] = *fed;
    feed(race, fed);
}

/* Launches a sample at (gemm, m): by the best tile, as the worker does. */
static double launches(const struct race_step *step, const struct race_item *item, double us)
{
    (void)step;
    (void)item;
    return fmax(1, ceil(SAMPLE_US / us));
}

static void measure_one(const struct race_card *card, const struct race_step *step, int at,
    int number, struct race *race, struct log *log, struct race_sim *sim)
{
    const struct race_item *item = &step->items[at];
    double us =
        card->sample(card->self, item->gemm, item->m_index, item->tile, item->drawn + number);
    struct fed fed = {.gemm = item->gemm,
        .m_index = item->m_index,
        .tile = item->tile,
        .phase = step->phase,
        .us = (float)us,
        .clock = card->clock ? card->clock(card->self) : 0};
    bool given_up = item->give_up_us > 0 && us > item->give_up_us;

    keep(log, race, &fed);
    sim->samples++;
    sim->phase_samples[step->phase]++;
    sim->gpu_s += us * 1e-6 * (given_up ? 1 : launches(step, item, us) + (number == 0));
}

/* Item by item, or, as the worker does it when the step is to be shuffled, a sample of each in
 * turn. */
static void measure(const struct race_card *card, const struct race_step *step, struct race *race,
    struct log *log, struct race_sim *sim)
{
    for (int i = 0; i < step->count && !step->shuffle; i++) {
        for (int k = 0; k < step->items[i].samples; k++)
            measure_one(card, step, i, k, race, log, sim);
    }
    for (int k = 0; k < CHUNK_SAMPLES && step->shuffle; k++) {
        for (int i = 0; i < step->count; i++) {
            if (k < step->items[i].samples)
                measure_one(card, step, i, k, race, log, sim);
        }
    }
}

static void check(const struct race_card *card, const struct race_step *step, struct race *race,
    struct log *log, struct race_sim *sim)
{
    for (int i = 0; i < step->count; i++) {
        const struct race_item *item = &step->items[i];
        struct fed fed = {.check = true,
            .right = item->tile != card->wrong_tile,
            .gemm = item->gemm,
            .m = item->m,
            .tile = item->tile};
        keep(log, race, &fed);
        sim->checks++;
    }
}

/* Those that would be ready by now. */
static void compile(struct race *race, const struct race_card *card, struct race_sim *sim)
{
    struct race_kernel_id wanted[512];
    double now = sim->gpu_s + sim->waited_s;
    size_t count, i;

    do {
        count = race_wanted(race, wanted, 512);
        for (i = 0; i < count && (double)(sim->kernels + 1) * card->kernel_s <= now; i++) {
            race_set_kernel(race, wanted[i].gemm, wanted[i].tile, KERNEL_READY, POINT_OK);
            sim->kernels++;
        }
    } while (count > 0 && i == count);
}

static void wait_for_kernel(const struct race_card *card, struct race_sim *sim)
{
    double until = (double)(sim->kernels + 1) * card->kernel_s * (1 + 1e-9);

    if (until <= sim->gpu_s + sim->waited_s)
        abort();
    sim->waited_s = until - sim->gpu_s;
}

static struct race *start_again(
    const struct plan *plan, struct race *race, const struct log *log, const struct race_sim *sim)
{
    race_close(race);
    race = race_open(plan);
    for (size_t i = 0; i < log->count; i++)
        feed(race, &log->fed[i]);
    for (int m = 0; m < plan->question->batch_size_count; m++) {
        if (sim->decisions[m].chosen)
            race_settle(race, m);
    }
    return race;
}

static double least(
    const struct plan *plan, const struct race_card *card, enum gemm gemm, int m, int block_m)
{
    double best = INFINITY;

    for (size_t t = 0; t < plan->space_count; t++) {
        if (plan_runs(plan, (int)t) && (int)t != card->wrong_tile &&
            (block_m == 0 || plan->tiles[t].tile.block_m == block_m))
            best = fmin(best, card->truth(card->self, gemm, m, (int)t));
    }
    return best;
}

/* The BLOCK_SIZE_M of the best pair. */
static int best_block_m(const struct plan *plan, const struct race_card *card, int m)
{
    double best = INFINITY;
    int best_bm = 0;

    for (int bm = 16; bm <= 256; bm *= 2) {
        double us = least(plan, card, GEMM_UP, m, bm) + least(plan, card, GEMM_DOWN, m, bm);
        if (us < best) {
            best = us;
            best_bm = bm;
        }
    }
    return best_bm;
}

static void weigh(const struct plan *plan, const struct race_card *card, struct race_sim *sim)
{
    for (int m = 0; m < plan->question->batch_size_count; m++) {
        int best_bm = best_block_m(plan, card, m);
        double sum = 0, best = 0, free_best = 0;
        for (int g = 0; g < GEMM_COUNT; g++) {
            if (!plan->question->gemms[g])
                continue;
            int tile = sim->decisions[m].gemm[g].tile;
            double us = card->truth(card->self, (enum gemm)g, m, tile);
            double any = least(plan, card, (enum gemm)g, m, 0);
            double ruled = least(plan, card, (enum gemm)g, m, best_bm);
            double own = least(plan, card, (enum gemm)g, m, plan->tiles[tile].tile.block_m);
            sim->took_us[g][m] = us;
            sim->regret[g][m] = us / any - 1;
            sim->floor[g][m] = ruled / any - 1;
            sim->own_regret[g][m] = us / own - 1;
            sum += us;
            best += ruled;
            free_best += any;
        }
        sim->pair_regret[m] = sum / best - 1;
        sim->pair_floor[m] = best / free_best - 1;
    }
}

void race_simulate(const struct plan *plan, const struct race_card *card, struct race_sim *sim)
{
    struct race *race = race_open(plan);
    struct race_step *step = malloc(sizeof *step);
    struct log log = {0};

    memset(sim, 0, sizeof *sim);
    for (;;) {
        if (card->stop_after > 0 && ++sim->steps % card->stop_after == 0)
            race = start_again(plan, race, &log, sim);
        compile(race, card, sim);
        race_next(race, step);
        if (step->action == RACE_FINISHED)
            break;
        if (step->action == RACE_WAIT)
            wait_for_kernel(card, sim);
        else if (step->action == RACE_MEASURE)
            measure(card, step, race, &log, sim);
        else if (step->action == RACE_VERIFY)
            check(card, step, race, &log, sim);
        else {
            race_decide(race, step->m_index, &sim->decisions[step->m_index]);
            race_settle(race, step->m_index);
        }
    }
    weigh(plan, card, sim);
    free(step);
    free(log.fed);
    race_close(race);
}

double race_exhaustive_s(const struct plan *plan, const struct race_card *card)
{
    double seconds = 0;

    for (int g = 0; g < GEMM_COUNT; g++) {
        for (int m = 0; m < plan->question->batch_size_count; m++) {
            double best = least(plan, card, (enum gemm)g, m, 0);
            for (size_t t = 0; t < plan->space_count; t++) {
                double us = card->truth(card->self, (enum gemm)g, m, (int)t);
                if (!plan_runs(plan, (int)t))
                    continue;
                seconds += 1e-6 * us * (us > 4 * best ? 1 : 1 + 10 * fmax(1, ceil(SAMPLE_US / us)));
            }
        }
    }
    return seconds;
}
