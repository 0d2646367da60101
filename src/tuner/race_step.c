/* SPDX-License-Identifier: MIT */
#include "tuner/race_state.h"

#include <math.h>
#include <stdlib.h>

#define JOB_SECONDS 3.0   /* of several chunks, so that the card seldom waits for the next job */
#define JOB_BLIND_S 0.3   /* while there is no best yet to give up by */
#define GROUP_SECONDS 0.4 /* of a shuffled job: mixed among themselves */
#define CHECKS 64         /* a step */
#define CHECK_COST_US 3e3 /* a launch, the comparison, the reference now and then */

/* What a point takes, by its samples or by what is known of its lane and the model. */
static double expect_us(const struct race *race, enum gemm gemm, int m_index, int tile)
{
    const struct race_cell *cell = race_cell(race, gemm, m_index, tile);
    double best = race->best[gemm][m_index], model;

    if (cell->count)
        return cell->samples[0].us;
    model = race->model[gemm][(size_t)m_index * race->plan->count + (size_t)tile];
    return isfinite(best) ? fmin(model, RACE_GIVE_UP * best) : model;
}

static double sample_s(double us)
{
    return fmax(us, RACE_SAMPLE_US) * 1e-6;
}

/* A step under construction. */
struct builder {
    struct race *race;
    struct race_step *step;
    double seconds, most; /* a job */
    double group_seconds; /* of the group under construction */
    int group;
    bool full;
};

static bool ready(const struct builder *b, enum gemm gemm, int tile)
{
    return b->race->kernels[gemm][tile].state == KERNEL_READY;
}

/* The candidates of one (GEMM, M) stay in one group where that does not make it much longer. */
static int group_for(struct builder *b, enum gemm gemm, int m_index, double seconds)
{
    const struct race_item *last = b->step->count ? &b->step->items[b->step->count - 1] : NULL;
    bool same = last && last->gemm == gemm && last->m_index == m_index;

    if (b->group_seconds + seconds > (same ? 1.5 : 1) * GROUP_SECONDS) {
        b->group++;
        b->group_seconds = 0;
    }
    b->group_seconds += seconds;
    return b->group;
}

/* Adds to a measuring step. A kernel under suspicion gets a step of its own, before others. */
static void add_item(
    struct builder *b, enum gemm gemm, int m_index, int tile, int samples, double give_up_us)
{
    const struct race_cell *cell = race_cell(b->race, gemm, m_index, tile);
    double us = expect_us(b->race, gemm, m_index, tile),
           seconds = sample_s(us) * samples + us * 1e-6;
    double most = isfinite(b->race->best[gemm][m_index]) ? b->most : JOB_BLIND_S;
    bool alone = b->race->kernels[gemm][tile].alone;

    if (b->full)
        return;
    if (b->step->count > 0 && (alone || b->seconds + seconds > most)) {
        b->full = true;
        return;
    }
    b->step->items[b->step->count++] = (struct race_item){
        .gemm = gemm,
        .m = b->race->plan->question->batch_sizes[m_index],
        .m_index = m_index,
        .tile = tile,
        .samples = samples,
        .drawn = cell->count,
        .give_up_us = give_up_us,
        .expected_us = us,
        .group = group_for(b, gemm, m_index, seconds),
    };
    b->seconds += seconds;
    b->full = alone || b->step->count == RACE_ITEMS;
}

static void scan_tile(struct builder *b, enum gemm gemm, int tile,
    bool (*needs)(const struct race *race, enum gemm gemm, int m_index, int tile))
{
    for (int m = 0; m < b->race->plan->question->batch_size_count; m++) {
        double best = b->race->best[gemm][m];
        if (needs(b->race, gemm, m, tile) && ready(b, gemm, tile))
            add_item(b, gemm, m, tile, 1, isfinite(best) ? RACE_GIVE_UP * best : 0);
    }
}

/* Both GEMMs side by side down the plan's order, so that a budget finds both equally far. */
static void build_scan(struct builder *b,
    bool (*needs)(const struct race *race, enum gemm gemm, int m_index, int tile))
{
    const struct race *race = b->race;
    size_t most = race->scan_count[GEMM_UP] > race->scan_count[GEMM_DOWN]
                      ? race->scan_count[GEMM_UP]
                      : race->scan_count[GEMM_DOWN];

    b->step->phase = RACE_SCAN;
    b->step->shuffle = false;
    for (size_t i = 0; i < most && !b->full; i++) {
        for (int g = 0; g < GEMM_COUNT; g++) {
            if (i < race->scan_count[g])
                scan_tile(b, (enum gemm)g, race->scan[g][i], needs);
        }
    }
}

/* Another M to check a kernel at: small for a large one, else the least that gives an expert two
 * blocks of rows. */
static int far_index(const struct race *race, int m_index, int tile)
{
    const struct question *q = race->plan->question;
    int last = q->batch_size_count - 1, far = 0;
    int rows = 2 * race->plan->tiles[tile].tile.block_m;

    if (m_index * 2 > last)
        return 0;
    while (far < last && q->batch_sizes[far] * q->shape.top_k < rows * q->shape.experts)
        far++;
    return far;
}

/* The next check that a kernel lacks before its rounds: two M, this one and one far from it.
 * Returns the M, 0 when it has both. */
static int lacking_check(const struct race *race, enum gemm gemm, int m_index, int tile)
{
    const struct question *q = race->plan->question;
    const struct race_kernel *kernel = &race->kernels[gemm][tile];
    int far = far_index(race, m_index, tile), m = q->batch_sizes[m_index];

    if (kernel->checked >= 2)
        return 0;
    if (!race_cell(race, gemm, m_index, tile)->verified)
        return m;
    return far == m_index ? (m == 1 ? 2 : (m + 1) / 2) : q->batch_sizes[far];
}

static void add_check(struct builder *b, enum gemm gemm, int m, int tile)
{
    b->step->items[b->step->count++] = (struct race_item){
        .gemm = gemm,
        .m = m,
        .m_index = plan_m_index(b->race->plan, m),
        .tile = tile,
        .expected_us = CHECK_COST_US,
    };
    b->step->action = RACE_VERIFY;
}

static bool checks_full(const struct builder *b)
{
    return b->step->action == RACE_VERIFY && b->step->count >= CHECKS;
}

static void check_set(struct builder *b, int m_index)
{
    for (int g = 0; g < GEMM_COUNT; g++) {
        const struct race_set *set = &b->race->set[g][m_index];
        for (int i = 0; i < set->count && !checks_full(b); i++) {
            int tile = set->tiles[i], m;
            if (!race_usable(b->race, (enum gemm)g, tile))
                continue;
            m = lacking_check(b->race, (enum gemm)g, m_index, tile);
            if (m > 0 && ready(b, (enum gemm)g, tile))
                add_check(b, (enum gemm)g, m, tile);
        }
    }
}

static void measure_set(struct builder *b, int m_index)
{
    enum race_phase phase = race_ranked_phase(b->race, m_index);
    int target = race_set_target(b->race, m_index);

    for (int g = 0; g < GEMM_COUNT; g++) {
        const struct race_set *set = &b->race->set[g][m_index];
        for (int i = 0; i < set->count; i++) {
            int tile = set->tiles[i];
            int have = race_count(race_cell(b->race, (enum gemm)g, m_index, tile), phase);
            if (have < target && race_usable(b->race, (enum gemm)g, tile) &&
                ready(b, (enum gemm)g, tile))
                add_item(b, (enum gemm)g, m_index, tile, target - have, 0);
        }
    }
}

/* Winner, default and incumbent are each to be right at this very M. Returns how many are not yet
 * known to be. */
static int check_contestants(struct builder *b, int m_index)
{
    struct race_kernel_id ids[3 * GEMM_COUNT];
    int count = race_contestants(b->race, m_index, ids), missing = 0;

    for (int i = 0; i < count; i++) {
        if (race_cell(b->race, ids[i].gemm, m_index, ids[i].tile)->verified)
            continue;
        missing++;
        if (ready(b, ids[i].gemm, ids[i].tile) && !checks_full(b))
            add_check(b, ids[i].gemm, b->race->plan->question->batch_sizes[m_index], ids[i].tile);
    }
    return missing;
}

/* Then they are measured side by side. Returns how many lack fresh samples. */
static int measure_contestants(struct builder *b, int m_index)
{
    struct race_kernel_id ids[3 * GEMM_COUNT];
    int count = race_contestants(b->race, m_index, ids), missing = 0;
    int target = race_confirm_target(b->race, m_index);

    for (int i = 0; i < count; i++) {
        const struct race_cell *cell = race_cell(b->race, ids[i].gemm, m_index, ids[i].tile);
        int have = race_count(cell, RACE_CONFIRM);
        if (have >= target)
            continue;
        missing++;
        if (ready(b, ids[i].gemm, ids[i].tile))
            add_item(b, ids[i].gemm, m_index, ids[i].tile, target - have, 0);
    }
    return missing;
}

/* True when nothing is left to do for this M but to choose. */
static bool build_confirm(struct builder *b, int m_index)
{
    b->step->phase = RACE_CONFIRM;
    return check_contestants(b, m_index) == 0 && measure_contestants(b, m_index) == 0;
}

/* Work for one M in its present round; true when the step has something in it. */
static bool build_m(struct builder *b, int m_index)
{
    struct race *race = b->race;

    b->step->shuffle = true;
    b->step->phase = race_ranked_phase(race, m_index);
    if (race->round[m_index] == race->round_count) {
        if (build_confirm(b, m_index)) {
            b->step->action = RACE_CHOOSE;
            b->step->m_index = m_index;
            return true;
        }
        return b->step->count > 0;
    }
    check_set(b, m_index);
    if (b->step->count == 0)
        measure_set(b, m_index);
    return b->step->count > 0;
}

/* The checks that a round lacks at any M, before it is timed. */
static void check_round(struct builder *b, int round)
{
    const struct race *race = b->race;

    for (int m = 0; m < race->plan->question->batch_size_count && !checks_full(b); m++) {
        if (race->round[m] != round)
            continue;
        if (round == race->round_count)
            check_contestants(b, m);
        else
            check_set(b, m);
    }
}

/* Fills a step up with what the M behind need in the same round. */
static void fill_up(struct builder *b, int m_index)
{
    struct race *race = b->race;
    int round = race->round[m_index];

    for (int m = m_index + 1; m < race->plan->question->batch_size_count && !b->full; m++) {
        if (race->round[m] != round)
            continue;
        if (round < race->round_count)
            measure_set(b, m);
        else if (check_contestants(b, m) == 0)
            measure_contestants(b, m);
    }
}

/* A check that a kernel lacks before its first point is timed ahead of the scan's end. */
static void check_ahead(struct builder *b, enum gemm gemm, int tile)
{
    const struct question *q = b->race->plan->question;
    int m = 0, at;

    while (m < q->batch_size_count && race_ahead_samples(b->race, gemm, m, tile) <= 0)
        m++;
    if (m == q->batch_size_count || !ready(b, gemm, tile))
        return;
    at = lacking_check(b->race, gemm, m, tile);
    if (at > 0)
        add_check(b, gemm, at, tile);
}

static void measure_ahead(struct builder *b, enum gemm gemm, int m_index)
{
    const struct race *race = b->race;

    for (size_t i = 0; i < race->scan_count[gemm] && !b->full; i++) {
        int tile = race->scan[gemm][i];
        int samples = race_ahead_samples(race, gemm, m_index, tile);
        if (samples > 0 && ready(b, gemm, tile))
            add_item(b, gemm, m_index, tile, samples, 0);
    }
}

/* What the first round takes ahead of the scan's end. */
static void build_ahead(struct builder *b)
{
    const struct race *race = b->race;

    b->step->phase = race->rounds[0].phase;
    b->step->shuffle = true;
    for (int g = 0; g < GEMM_COUNT; g++) {
        for (size_t i = 0; i < race->scan_count[g] && !checks_full(b); i++)
            check_ahead(b, (enum gemm)g, race->scan[g][i]);
    }
    if (b->step->count > 0)
        return;
    for (int m = 0; m < race->plan->question->batch_size_count; m++) {
        for (int g = 0; g < GEMM_COUNT; g++)
            measure_ahead(b, (enum gemm)g, m);
    }
}

/* The M whose turn it is; tries the others when it can do nothing yet. */
static bool build_round(struct builder *b, int round)
{
    struct race *race = b->race;

    check_round(b, round);
    if (b->step->count > 0)
        return true;
    for (int m = 0; m < race->plan->question->batch_size_count; m++) {
        if (race->round[m] != round || !build_m(b, m))
            continue;
        if (b->step->action == RACE_MEASURE)
            fill_up(b, m);
        return true;
    }
    return false;
}

/* The least round first. */
static void build_rounds(struct builder *b)
{
    struct race *race = b->race;
    bool left = false;

    if (race->prefer >= 0 && race->round[race->prefer] <= race->round_count &&
        build_m(b, race->prefer))
        return;
    for (int round = 0; round <= race->round_count; round++) {
        if (build_round(b, round))
            return;
    }
    for (int m = 0; m < race->plan->question->batch_size_count; m++)
        left = left || race->round[m] <= race->round_count;
    b->step->action = left ? RACE_WAIT : RACE_FINISHED;
}

void race_next(struct race *race, struct race_step *step)
{
    struct builder b = {.race = race, .step = step, .most = JOB_SECONDS};

    race_advance(race);
    step->action = RACE_MEASURE;
    step->count = 0;
    step->m_index = -1;
    if (race->scan_level < SCAN_LEVELS) {
        build_scan(&b, race_scan_needs);
        b.most = JOB_BLIND_S; /* what it waits for may come soon */
        if (step->count == 0)
            build_scan(&b, race_scan_ahead);
        b.most = JOB_SECONDS; /* that is due whatever comes */
        if (step->count == 0)
            build_ahead(&b);
        if (step->count == 0)
            step->action = RACE_WAIT;
        return;
    }
    build_rounds(&b);
}
