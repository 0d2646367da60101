/* SPDX-License-Identifier: MIT */
#include "tuner/race_state.h"

#include "domain/ab.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/*
 * Fresh samples are looked at as A/B's blocks are, each time at AB_LEVEL so that all looks together
 * hold 95 %: the race's pair wins once it is faster by AB_DIFFERS, what it is held against stays
 * once it cannot lose more than STAYS, or when the budget ends.
 */
#define CONFIRM_SAMPLES 240 /* looks at 30, 60, 120 and all (ab_next_look) */
#define STAYS 0.003

/* One tile a GEMM; -1 where the GEMM is not asked for. */
struct pair {
    int tiles[GEMM_COUNT];
};

static bool default_pair(const struct race *race, int m_index, struct pair *pair)
{
    const struct plan *plan = race->plan;
    bool runs = true;

    for (int g = 0; g < GEMM_COUNT; g++) {
        int tile = plan->defaults[m_index];
        pair->tiles[g] = plan->question->gemms[g] ? tile : -1;
        runs = runs && (pair->tiles[g] < 0 || race_usable(race, (enum gemm)g, tile));
    }
    return runs;
}

static bool incumbent_pair(const struct race *race, int m_index, struct pair *pair)
{
    const struct plan *plan = race->plan;
    int block_m = 0;

    for (int g = 0; g < GEMM_COUNT; g++) {
        int tile = plan->incumbent[g][m_index];
        pair->tiles[g] = plan->question->gemms[g] ? tile : -1;
        if (!plan->question->gemms[g])
            continue;
        if (tile < 0 || !race_usable(race, (enum gemm)g, tile))
            return false;
        if (block_m && plan->tiles[tile].tile.block_m != block_m)
            return false;
        block_m = plan->tiles[tile].tile.block_m;
    }
    return true;
}

static int add_pair(const struct pair *pair, struct race_kernel_id out[], int count)
{
    for (int g = 0; g < GEMM_COUNT; g++) {
        bool there = pair->tiles[g] < 0;
        for (int i = 0; i < count; i++)
            there = there || (out[i].gemm == (enum gemm)g && out[i].tile == pair->tiles[g]);
        if (!there)
            out[count++] = (struct race_kernel_id){(enum gemm)g, pair->tiles[g]};
    }
    return count;
}

int race_contestants(const struct race *race, int m_index, struct race_kernel_id out[])
{
    struct pair pair;
    int count = 0;

    if (race_best_pair(race, m_index, pair.tiles))
        count = add_pair(&pair, out, count);
    if (default_pair(race, m_index, &pair))
        count = add_pair(&pair, out, count);
    if (incumbent_pair(race, m_index, &pair))
        count = add_pair(&pair, out, count);
    return count;
}

/* The pair's i-th fresh sample: of both GEMMs together. Returns how many there are. */
static size_t pair_samples(
    const struct race *race, int m_index, const struct pair *pair, double sums[], size_t limit)
{
    size_t count = limit;

    for (size_t i = 0; i < limit; i++)
        sums[i] = 0;
    for (int g = 0; g < GEMM_COUNT; g++) {
        float samples[CONFIRM_SAMPLES];
        size_t have;

        if (pair->tiles[g] < 0)
            continue;
        have = race_samples(
            race_cell(race, (enum gemm)g, m_index, pair->tiles[g]), RACE_CONFIRM, samples, limit);
        for (size_t i = 0; i < have; i++)
            sums[i] += samples[i];
        count = have < count ? have : count;
    }
    return count;
}

/* ln(other / pair) with its interval by up to `limit` fresh samples of each: they were taken in
 * shuffled mixes, so that drift is in both of a difference. NAN without any. */
static struct stats_interval gain_over(const struct race *race, int m_index,
    const struct pair *pair, const struct pair *other, size_t limit)
{
    double mine[CONFIRM_SAMPLES], theirs[CONFIRM_SAMPLES];
    size_t count = pair_samples(race, m_index, pair, mine, limit);
    size_t others = pair_samples(race, m_index, other, theirs, limit);
    struct stats_interval gain = {NAN, NAN, NAN, 0};

    count = others < count ? others : count;
    for (size_t i = 0; i < count; i++)
        mine[i] = log(theirs[i] / mine[i]);
    if (count > 0)
        stats_hodges_lehmann(mine, count, AB_LEVEL, &gain);
    return gain;
}

static bool same_pair(const struct pair *a, const struct pair *b)
{
    return memcmp(a->tiles, b->tiles, sizeof a->tiles) == 0;
}

/* Whether so many fresh samples leave open which of the two it is. */
static bool is_open(const struct race *race, int m_index, const struct pair *pair,
    const struct pair *other, int samples)
{
    struct stats_interval gain;

    if (same_pair(pair, other))
        return false;
    gain = gain_over(race, m_index, pair, other, (size_t)samples);
    return gain.low <= AB_DIFFERS && gain.high >= STAYS;
}

static int fresh_samples(const struct race *race, int m_index)
{
    struct race_kernel_id ids[3 * GEMM_COUNT];
    int count = race_contestants(race, m_index, ids), least = CONFIRM_SAMPLES;

    for (int i = 0; i < count; i++) {
        int have = race_count(race_cell(race, ids[i].gemm, m_index, ids[i].tile), RACE_CONFIRM);
        least = have < least ? have : least;
    }
    return least;
}

int race_confirm_target(const struct race *race, int m_index)
{
    int have = fresh_samples(race, m_index), look = ab_next_look(0, CONFIRM_SAMPLES);
    struct pair pair, standard, incumbent;
    bool won = race_best_pair(race, m_index, pair.tiles);
    bool standard_runs = default_pair(race, m_index, &standard);
    bool incumbent_runs = incumbent_pair(race, m_index, &incumbent);

    while (won && look <= have && look < CONFIRM_SAMPLES &&
           ((standard_runs && is_open(race, m_index, &pair, &standard, look)) ||
               (incumbent_runs && is_open(race, m_index, &pair, &incumbent, look))))
        look = ab_next_look(look, CONFIRM_SAMPLES);
    return look;
}

static void fill_times(
    const struct race *race, int m_index, const struct pair *pair, struct race_decision *decision)
{
    for (int g = 0; g < GEMM_COUNT; g++) {
        const struct race_cell *cell;
        struct stats_interval interval;
        float samples[CONFIRM_SAMPLES];
        size_t count;

        decision->gemm[g].tile = pair->tiles[g];
        if (pair->tiles[g] < 0)
            continue;
        cell = race_cell(race, (enum gemm)g, m_index, pair->tiles[g]);
        count = race_samples(cell, RACE_CONFIRM, samples, CONFIRM_SAMPLES);
        for (int p = RACE_FINAL; count == 0 && p >= 0; p--)
            count = race_samples(cell, (enum race_phase)p, samples, CONFIRM_SAMPLES);
        stats_median_interval(samples, count, 0.95, &interval);
        decision->gemm[g].median_us = interval.estimate;
        decision->gemm[g].low_us = interval.low;
        decision->gemm[g].high_us = interval.high;
        decision->gemm[g].verified = cell->verified;
    }
}

/* On fresh samples; NAN for a GEMM that is not asked for. */
static double confirmed_us(const struct race *race, int m_index, const struct pair *pair, int g)
{
    if (pair->tiles[g] < 0)
        return NAN;
    return race_median(race_cell(race, (enum gemm)g, m_index, pair->tiles[g]), RACE_CONFIRM);
}

static void fill_other_times(const struct race *race, int m_index, const struct pair *standard,
    struct race_decision *decision)
{
    struct pair incumbent;
    bool any = incumbent_pair(race, m_index, &incumbent);

    for (int g = 0; g < GEMM_COUNT; g++) {
        decision->gemm[g].default_us =
            decision->default_runs ? confirmed_us(race, m_index, standard, g) : NAN;
        decision->gemm[g].incumbent_us = any ? confirmed_us(race, m_index, &incumbent, g) : NAN;
    }
}

/* The incumbent stays unless the race's pair is faster beyond noise. */
static void weigh_incumbent(
    const struct race *race, int m_index, struct pair *pair, struct race_decision *decision)
{
    struct pair incumbent;
    struct stats_interval gain;

    if (!incumbent_pair(race, m_index, &incumbent))
        return;
    if (same_pair(&incumbent, pair)) {
        decision->source = CHOICE_INCUMBENT;
        return;
    }
    gain = gain_over(race, m_index, pair, &incumbent, CONFIRM_SAMPLES);
    if (isnan(gain.estimate) || gain.low > AB_DIFFERS)
        return;
    *pair = incumbent;
    decision->source = CHOICE_INCUMBENT;
    snprintf(decision->reason, sizeof decision->reason,
        "the incumbent stays: the race's best is %+.2f %% off it, not faster beyond noise",
        100 * (exp(-gain.estimate) - 1));
}

static void weigh_default(const struct race *race, int m_index, const struct pair *standard,
    struct pair *pair, struct race_decision *decision)
{
    if (same_pair(standard, pair)) {
        decision->source = CHOICE_DEFAULT;
        decision->gain = (struct stats_interval){0, 0, 0, 1};
        snprintf(decision->reason, sizeof decision->reason,
            "the race's winner is the engine's own default");
        return;
    }
    decision->gain = gain_over(race, m_index, pair, standard, CONFIRM_SAMPLES);
    if (isnan(decision->gain.estimate) || decision->gain.low > AB_DIFFERS)
        return;
    decision->source = CHOICE_DEFAULT;
    snprintf(decision->reason, sizeof decision->reason,
        "the race's best pair is %+.2f %% (95 %%: %+.2f to %+.2f) off the engine's default: "
        "not faster beyond noise",
        100 * (exp(-decision->gain.estimate) - 1), 100 * (exp(-decision->gain.high) - 1),
        100 * (exp(-decision->gain.low) - 1));
    *pair = *standard;
    decision->gain = (struct stats_interval){0, 0, 0, 1};
}

void race_decide(const struct race *race, int m_index, struct race_decision *decision)
{
    struct pair pair, standard;
    bool won = race_best_pair(race, m_index, pair.tiles);

    *decision = (struct race_decision){.source = CHOICE_RACE, .gain = {NAN, NAN, NAN, 0}};
    decision->default_runs = default_pair(race, m_index, &standard);
    decision->chosen = won || decision->default_runs;
    if (!won) {
        pair = standard;
        decision->source = CHOICE_DEFAULT;
        snprintf(decision->reason, sizeof decision->reason, "%s",
            race->round[m_index] < 0 ? "nothing was timed here yet"
                                     : "no tile of the space could be timed and was right");
    } else {
        weigh_incumbent(race, m_index, &pair, decision);
        if (decision->default_runs)
            weigh_default(race, m_index, &standard, &pair, decision);
    }
    fill_other_times(race, m_index, &standard, decision);
    fill_times(race, m_index, &pair, decision);
    if (decision->reason[0])
        return;
    if (isnan(decision->gain.estimate))
        snprintf(decision->reason, sizeof decision->reason, "%s",
            decision->default_runs ? "best so far, not yet held against the engine's default"
                                   : "the engine's default cannot run here");
    else
        snprintf(decision->reason, sizeof decision->reason,
            "%.1f %% less time than the engine's default (95 %%: %.1f to %.1f)",
            100 * (1 - exp(-decision->gain.estimate)), 100 * (1 - exp(-decision->gain.low)),
            100 * (1 - exp(-decision->gain.high)));
}
