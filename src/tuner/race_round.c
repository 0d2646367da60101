/* SPDX-License-Identifier: MIT */
#include "tuner/race_state.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>

#define EVERY_BM (-1.0)

static const struct round full_rounds[] = {
    {.phase = RACE_HEAT,
        .samples = 4,
        .fraction = 1.0 / 16,
        .within = 0.1,
        .per_bm = 4,
        .bm_within = EVERY_BM},
    {.phase = RACE_SEMI,
        .samples = 14,
        .always = 8,
        .within = 0.05,
        .cap = 32,
        .per_bm = 3,
        .bm_within = 0.08},
    {.phase = RACE_GROUPS,
        .samples = 8,
        .always = 6,
        .within = 0.02,
        .cap = 10,
        .per_bm = 2,
        .bm_within = 0.05,
        .groups = true,
        .guests = true},
    {.phase = RACE_FINAL,
        .samples = 20,
        .always = 3,
        .within = 0.003,
        .cap = 12,
        .per_bm = 1,
        .bm_within = 0.02,
        .guests = true},
    {.phase = RACE_FINAL, .samples = 90, .within = 0.003, .cap = 6, .per_bm = 1, .bm_within = 0.01},
};

/* Two thirds of full's samples after the scan, for half a per cent more at worst (make bench). */
static const struct round quick_rounds[] = {
    {.phase = RACE_HEAT, .samples = 4, .within = 0.1, .per_bm = 2, .bm_within = 0.1},
    {.phase = RACE_SEMI,
        .samples = 10,
        .always = 6,
        .within = 0.05,
        .cap = 24,
        .per_bm = 2,
        .bm_within = 0.08},
    {.phase = RACE_GROUPS,
        .samples = 8,
        .always = 5,
        .within = 0.02,
        .cap = 8,
        .per_bm = 2,
        .bm_within = 0.05,
        .groups = true,
        .guests = true},
    {.phase = RACE_FINAL,
        .samples = 20,
        .always = 3,
        .within = 0.003,
        .cap = 8,
        .per_bm = 1,
        .bm_within = 0.02,
        .guests = true},
    {.phase = RACE_FINAL, .samples = 60, .within = 0.003, .cap = 5, .per_bm = 1, .bm_within = 0.01},
};

/* All GROUP_SIZE_M were scanned; ten samples of all within four times the best are the record. The
 * best only falls: what is taken ahead was nearly always due (in an H100's tune 277 of 18,535
 * points were not), and what could still win is timed side by side when the scan is over. */
static const struct round exhaustive_rounds[] = {
    {.phase = RACE_HEAT,
        .samples = 10,
        .within = 3.0,
        .per_bm = 4,
        .bm_within = EVERY_BM,
        .ahead_from = 1.5,
        .ahead_to = 2.5},
    {.phase = RACE_FINAL,
        .samples = 30,
        .always = 4,
        .within = 0.02,
        .cap = 12,
        .per_bm = 2,
        .bm_within = 0.02,
        .guests = true},
    {.phase = RACE_FINAL, .samples = 90, .within = 0.003, .cap = 6, .per_bm = 1, .bm_within = 0.01},
};

static const struct {
    const struct round *rounds;
    int count;
} rounds_of[] = {
    [EFFORT_QUICK] = {quick_rounds, sizeof quick_rounds / sizeof quick_rounds[0]},
    [EFFORT_FULL] = {full_rounds, sizeof full_rounds / sizeof full_rounds[0]},
    [EFFORT_EXHAUSTIVE] = {exhaustive_rounds,
        sizeof exhaustive_rounds / sizeof exhaustive_rounds[0]},
};

const struct round *race_rounds(enum effort effort, int *count)
{
    *count = rounds_of[effort].count;
    return rounds_of[effort].rounds;
}

enum race_phase race_ranked_phase(const struct race *race, int m_index)
{
    int round = race->round[m_index];

    if (round >= race->round_count)
        round = race->round_count - 1;
    return round < 0 ? RACE_SCAN : race->rounds[round].phase;
}

int race_set_target(const struct race *race, int m_index)
{
    int round = race->round[m_index];

    return round >= 0 && round < race->round_count ? race->rounds[round].samples : 0;
}

int race_ahead_samples(const struct race *race, enum gemm gemm, int m_index, int tile)
{
    const struct round *first = &race->rounds[0];
    const struct race_cell *cell = race_cell(race, gemm, m_index, tile);
    double times = cell->count ? cell->samples[0].us / race->best[gemm][m_index] : 0;

    if (first->ahead_to <= 0 || times < first->ahead_from || times > first->ahead_to ||
        race->round[m_index] >= 0 || !race_usable(race, gemm, tile))
        return 0;
    return first->samples - race_count(cell, first->phase);
}

static void set_add(struct race_set *set, int tile)
{
    for (int i = 0; i < set->count; i++) {
        if (set->tiles[i] == tile)
            return;
    }
    set->tiles = xrealloc(set->tiles, (size_t)set->count + 1, sizeof *set->tiles);
    set->tiles[set->count++] = tile;
}

static void add_with_groups(const struct race *race, struct race_set *set, int tile)
{
    int lead = race->plan->tiles[tile].lead;

    for (size_t i = 0; i < race->plan->count; i++) {
        if (race->plan->tiles[i].lead == lead)
            set_add(set, (int)i);
    }
}

/* Its time had it been met under the best one's clock, were it bound by the clock alone: of a scan,
 * whose samples are far apart in time; elsewhere, and where no clock is known, its time. */
static double least_us(const struct race_candidate *candidate, const struct race_candidate *best)
{
    bool lower = candidate->clock > 0 && candidate->clock < best->clock;

    return candidate->us * (lower ? candidate->clock / best->clock : 1);
}

/* How much of a loss may be chance, us: none where there are too few samples to tell. */
static double chance(const struct race_candidate *candidate, const struct race_candidate *best)
{
    double us = candidate->us - candidate->low + best->high - best->us;

    return isnan(us) ? 0 : us;
}

/* Whether the round takes the candidate at `index` of the ranked list. */
static bool takes(
    const struct round *round, const struct race_ranking *ranking, enum gemm gemm, int index)
{
    const struct race_candidate *list = ranking->list[gemm], *own = &list[index];
    int fraction = (int)ceil(round->fraction * ranking->count[gemm]), of_bm = 0;
    double loss = own->loss - own->us + least_us(own, &list[0]);
    bool near = loss <= fmax(round->within * list[0].us, chance(own, &list[0]));

    if (index < round->always || index < fraction)
        return true;
    if (near && (round->cap == 0 || index < round->cap))
        return true;
    for (int i = 0; i < index; i++)
        of_bm += list[i].block_m == own->block_m;
    return of_bm < round->per_bm &&
           (round->bm_within < 0 ||
               race_pair_us(ranking, own->block_m) <= ranking->pair_us * (1 + round->bm_within));
}

/* The engine's default and the incumbent, wherever their own samples so far put them. */
static void add_guests(const struct race *race, enum gemm gemm, int m_index, struct race_set *set)
{
    const struct plan *plan = race->plan;
    int guests[] = {plan->defaults[m_index], plan->incumbent[gemm][m_index]};

    for (size_t i = 0; i < sizeof guests / sizeof guests[0]; i++) {
        if (plan->question->gemms[gemm] && guests[i] >= 0 && race_usable(race, gemm, guests[i]))
            set_add(set, guests[i]);
    }
}

/* Makes the sets of the round to come, from those of the present one. */
static void enter_round(struct race *race, int m_index, int next)
{
    const struct round *round = &race->rounds[next];
    struct race_basis basis = race_basis(race, race->round[m_index]);
    struct race_ranking ranking;

    race_rank(race, m_index, &basis, &ranking);
    for (int g = 0; g < GEMM_COUNT; g++) {
        struct race_set set = {0};

        for (int i = 0; i < ranking.count[g]; i++) {
            if (!takes(round, &ranking, (enum gemm)g, i))
                continue;
            if (round->groups)
                add_with_groups(race, &set, ranking.list[g][i].tile);
            else
                set_add(&set, ranking.list[g][i].tile);
        }
        if (round->guests)
            add_guests(race, (enum gemm)g, m_index, &set);
        free(race->set[g][m_index].tiles);
        race->set[g][m_index] = set;
    }
    race->round[m_index] = next;
    race_ranking_free(&ranking);
}

/* Nothing is left to choose between: the last round, which only adds to the final's samples, can be
 * left out; an earlier one cannot, for the next ranks by its samples. */
static bool decided(const struct race *race, int m_index)
{
    return race->round[m_index] == race->round_count - 1 &&
           race->set[GEMM_UP][m_index].count <= 1 && race->set[GEMM_DOWN][m_index].count <= 1;
}

/* Whether every usable candidate of the present round has its samples. */
static bool round_done(const struct race *race, int m_index)
{
    enum race_phase phase = race_ranked_phase(race, m_index);

    for (int g = 0; g < GEMM_COUNT; g++) {
        const struct race_set *set = &race->set[g][m_index];
        for (int i = 0; i < set->count; i++) {
            if (race_usable(race, (enum gemm)g, set->tiles[i]) &&
                race_count(race_cell(race, (enum gemm)g, m_index, set->tiles[i]), phase) <
                    race_set_target(race, m_index))
                return false;
        }
    }
    return true;
}

static void advance_m(struct race *race, int m_index)
{
    if (race->round[m_index] < 0)
        enter_round(race, m_index, 0);
    while (race->round[m_index] < race->round_count &&
           (decided(race, m_index) || round_done(race, m_index))) {
        if (race->round[m_index] + 1 < race->round_count)
            enter_round(race, m_index, race->round[m_index] + 1);
        else
            race->round[m_index] = race->round_count;
    }
}

void race_advance(struct race *race)
{
    race_scan_advance(race);
    if (race->scan_level < SCAN_LEVELS)
        return;
    for (int m = 0; m < race->plan->question->batch_size_count; m++) {
        if (race->round[m] <= race->round_count)
            advance_m(race, m);
    }
}
