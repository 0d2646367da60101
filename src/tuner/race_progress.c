/* SPDX-License-Identifier: MIT */
#include "tuner/race_state.h"

#include "domain/roofline.h"
#include "domain/routing.h"
#include "worker/order.h"

#include <math.h>

/*
 * How far a race is, in GPU time by what is expected of it. The figures are those of an H100's
 * recorded grid (GLM-4.7-FP8 TP4, 1,696 tiles, 18 M) and of its three tunes.
 */

/* Beyond the roofline's time a best tile takes (within 5 % at all M up to 1,024). */
#define LAUNCH_US 4.5
/* A tile that is not hopeless takes so many times the best, .. */
#define TIMES 1.75
/* .. this share of all is hopeless, .. */
#define HOPELESS 0.13
/* .. and its one launch takes so many times the best. */
#define HOPELESS_TIMES 10

/* What follows the scan. */
static const struct {
    double samples; /* a (GEMM, M), as long as its best's; without an exhaustive heat's */
    int kernels;    /* of other groups, a (GEMM, M) */
    int grown;      /* kernels that quick's scan adds near its best, a (GEMM, M) */
    int first;      /* the round that `samples` begin with */
} later[] = {
    [EFFORT_QUICK] = {.samples = 970, .kernels = 9, .grown = 3},
    [EFFORT_FULL] = {.samples = 1590, .kernels = 13},
    [EFFORT_EXHAUSTIVE] = {.samples = 680, .first = 1},
};

/* Of an exhaustive heat, what lies between 1.5 and 2.5 times the best: taken while the scan waits.
 */
#define AHEAD 0.35

/* One (GEMM, M). */
struct lane {
    int m_index;
    int launches;   /* a sample, as the worker chains them */
    double best_us; /* the best so far; foreseen before the first sample */
};

static struct lane make_lane(const struct race *race, enum gemm gemm, int m_index)
{
    const struct question *q = race->plan->question;
    const int m = q->batch_sizes[m_index];
    struct device device = q->device;
    struct roofline roofline;
    double reached = ORDER_REACHED;

    if (device.bandwidth <= 0)
        device.bandwidth = PLAN_BANDWIDTH;
    else if (device.sustained > 0)
        reached = device.sustained / device.bandwidth;
    roofline_make(&q->shape, gemm, m, routing_expected_experts(&q->shape, m), &device, &roofline);
    return (struct lane){
        .m_index = m_index,
        .launches = order_launches(roofline.us / ORDER_REACHED, 0),
        .best_us = isfinite(race->best[gemm][m_index]) ? race->best[gemm][m_index]
                                                       : roofline.us / reached + LAUNCH_US,
    };
}

/* A point's sample of the scan and the launch before it, which is all that a hopeless one gets. */
static double scan_us(const struct lane *lane, const struct race_cell *cell)
{
    const double us = cell->count ? (double)cell->samples[0].us : NAN;

    if (us > RACE_GIVE_UP * lane->best_us)
        return us;
    if (us > 0)
        return (1 + lane->launches) * us;
    return ((1 - HOPELESS) * (1 + lane->launches) * TIMES + HOPELESS * HOPELESS_TIMES) *
           lane->best_us;
}

static bool is_open(const struct race *race, enum gemm gemm, int m_index, int tile)
{
    return race_scan_needs(race, gemm, m_index, tile) ||
           (race->level[m_index] > race->scan_level && race->round[m_index] < 0 &&
               race_cell(race, gemm, m_index, tile)->count == 0);
}

/* What to come and what there is in all, GPU time in us. */
struct account {
    double left, all;
};

struct accounts {
    struct account scan, record, rounds;
};

static void add(struct account *sum, const struct account *own)
{
    sum->left += own->left;
    sum->all += own->all;
}

static void add_scan(const struct race *race, enum gemm gemm, const struct lane *lane,
    struct account *account, size_t *open)
{
    for (size_t i = 0; i < race->scan_count[gemm]; i++) {
        int tile = race->scan[gemm][i];
        double us = scan_us(lane, race_cell(race, gemm, lane->m_index, tile));
        bool needs = is_open(race, gemm, lane->m_index, tile);
        account->all += us;
        account->left += needs ? us : 0;
        *open += needs;
    }
}

/* Ten samples of all that is not hopeless, which is what an exhaustive tune is for. */
static void add_record(
    const struct race *race, enum gemm gemm, const struct lane *lane, struct account *account)
{
    const int round = race->round[lane->m_index], each = race->rounds[0].samples;
    const double points = round < 0 ? (1 - HOPELESS) * (double)race->scan_count[gemm]
                                    : race->set[gemm][lane->m_index].count;
    const double taken = race->first_samples[gemm][lane->m_index];
    const double us = TIMES * lane->launches * lane->best_us;

    if (race->plan->question->effort != EFFORT_EXHAUSTIVE)
        return;
    account->all += each * points * us;
    account->left += round > 0 ? 0 : fmax(0, each * points - taken) * us;
}

static void add_rounds(const struct race *race, const struct lane *lane, struct account *account)
{
    const enum effort effort = race->plan->question->effort;
    const double us = later[effort].samples * lane->launches * lane->best_us;
    const int first = later[effort].first, rounds = race->round_count + 1 - first;

    account->all += us;
    account->left += us * (1 - fmax(0, race->round[lane->m_index] - first) / rounds);
}

/* Kernels of a GEMM's scan that are still to be compiled; *others: known ones beside the scan's. */
static int scan_kernels(const struct race *race, enum gemm gemm, int *others)
{
    int left = 0;

    for (size_t i = 0; i < race->plan->count; i++)
        *others += race->kernels[gemm][i].state != KERNEL_UNKNOWN;
    for (size_t i = 0; i < race->scan_count[gemm]; i++) {
        const int tile = race->scan[gemm][i];
        const enum kernel_state state = race->kernels[gemm][tile].state;
        bool open = false;

        *others -= state != KERNEL_UNKNOWN;
        for (int m = 0; m < race->plan->question->batch_size_count && !open; m++)
            open = is_open(race, gemm, m, tile);
        left += open && (state == KERNEL_UNKNOWN || state == KERNEL_ASKED);
    }
    return left;
}

static void count_kernels(const struct race *race, struct race_progress *progress)
{
    const struct question *q = race->plan->question;
    int lanes = 0, undecided = 0, others = 0;

    for (int g = 0; g < GEMM_COUNT; g++) {
        if (!q->gemms[g])
            continue;
        progress->kernels_left += scan_kernels(race, (enum gemm)g, &others);
        for (int m = 0; m < q->batch_size_count; m++) {
            lanes++;
            undecided += race_ranked_phase(race, m) < RACE_FINAL;
        }
    }
    if (race->scan_level < SCAN_LEVELS && !race->grown)
        progress->kernels_left += later[q->effort].grown * lanes;
    progress->kernels_later = (int)fmin(
        later[q->effort].kernels * undecided, fmax(0, later[q->effort].kernels * lanes - others));
}

/* Adds what an M's GEMMs take; returns its share that is done. */
static double add_m(const struct race *race, int m, struct accounts *sums, size_t *open)
{
    struct accounts own = {0};
    struct account total = {0};

    for (int g = 0; g < GEMM_COUNT; g++) {
        if (!race->plan->question->gemms[g])
            continue;
        const struct lane lane = make_lane(race, (enum gemm)g, m);
        add_scan(race, (enum gemm)g, &lane, &own.scan, open);
        add_record(race, (enum gemm)g, &lane, &own.record);
        add_rounds(race, &lane, &own.rounds);
    }
    add(&sums->scan, &own.scan);
    add(&sums->record, &own.record);
    add(&sums->rounds, &own.rounds);
    add(&total, &own.scan);
    add(&total, &own.record);
    add(&total, &own.rounds);
    return 1 - total.left / fmax(1, total.all);
}

void race_measure_progress(const struct race *race, struct race_progress *progress)
{
    const struct plan *plan = race->plan;
    struct accounts sums = {0};
    struct account total = {0};
    size_t asked = 0, open = 0;
    int ms = plan->question->batch_size_count;

    *progress = (struct race_progress){0};
    for (int g = 0; g < GEMM_COUNT; g++) {
        asked += plan->question->gemms[g];
        progress->points_total += race->scan_count[g] * (size_t)ms;
    }
    for (int m = 0; m < ms; m++)
        progress->m_done[m] = add_m(race, m, &sums, &open);
    count_kernels(race, progress);
    progress->fitting = plan_fitting(plan) * asked * (size_t)ms;
    progress->points_done =
        progress->points_total - (open < progress->points_total ? open : progress->points_total);
    progress->scan_left_s = sums.scan.left * 1e-6;
    progress->ahead_left_s = AHEAD * sums.record.left * 1e-6;
    progress->later_left_s = (sums.record.left + sums.rounds.left) * 1e-6;
    add(&total, &sums.scan);
    add(&total, &sums.record);
    add(&total, &sums.rounds);
    progress->done_fraction = 1 - total.left / fmax(1, total.all);
}
