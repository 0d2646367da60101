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
        .within = 0.10,
        .per_bm = 4,
        .bm_within = EVERY_BM},
    {.phase = RACE_SEMI,
        .samples = 10,
        .always = 8,
        .within = 0.05,
        .cap = 24,
        .per_bm = 3,
        .bm_within = 0.08},
    {.phase = RACE_GROUPS,
        .samples = 6,
        .always = 6,
        .within = 0.02,
        .cap = 8,
        .per_bm = 2,
        .bm_within = 0.05,
        .groups = true},
    {.phase = RACE_FINAL,
        .samples = 30,
        .always = 3,
        .within = 0.02,
        .cap = 8,
        .per_bm = 2,
        .bm_within = 0.02},
};

/* All GROUP_SIZE_M were scanned; ten samples of all within four times the best are the record. */
static const struct round exhaustive_rounds[] = {
    {.phase = RACE_HEAT, .samples = 10, .within = 3.0, .per_bm = 4, .bm_within = EVERY_BM},
    {.phase = RACE_FINAL,
        .samples = 30,
        .always = 4,
        .within = 0.02,
        .cap = 12,
        .per_bm = 2,
        .bm_within = 0.02},
};

const struct round *race_rounds(enum effort effort, int *count)
{
    bool exhaustive = effort == EFFORT_EXHAUSTIVE;

    *count = exhaustive ? (int)(sizeof exhaustive_rounds / sizeof exhaustive_rounds[0])
                        : (int)(sizeof full_rounds / sizeof full_rounds[0]);
    return exhaustive ? exhaustive_rounds : full_rounds;
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

struct candidate {
    int tile, block_m;
    double us;
    double clock; /* scan_clock where the scan ranks, else 0 */
};

static int compare_candidates(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;

    if (x->us != y->us)
        return x->us < y->us ? -1 : 1;
    return (x->tile > y->tile) - (x->tile < y->tile);
}

/* Under which a scan's sample was taken, MHz; 0 unknown. */
static double scan_clock(const struct race_cell *cell)
{
    for (int i = 0; i < cell->count; i++) {
        if (cell->samples[i].phase == RACE_SCAN)
            return cell->samples[i].clock;
    }
    return 0;
}

static void add_candidate(const struct race *race, enum gemm gemm, int m_index, int tile,
    enum race_phase phase, struct candidate *list, int *count)
{
    const struct race_cell *cell = race_cell(race, gemm, m_index, tile);
    double us = race_usable(race, gemm, tile) ? race_median(cell, phase) : NAN;

    if (!isnan(us))
        list[(*count)++] = (struct candidate){tile, race->plan->tiles[tile].tile.block_m, us,
            phase == RACE_SCAN ? scan_clock(cell) : 0};
}

/* The candidates of the present round (of the scan: all its tiles) with samples in `phase`, best
 * first; the caller frees *list. */
static int rank(const struct race *race, enum gemm gemm, int m_index, enum race_phase phase,
    struct candidate **list)
{
    const struct race_set *set = &race->set[gemm][m_index];
    int count = 0;

    *list = xcalloc(race->plan->count + 1, sizeof **list);
    if (race->round[m_index] < 0) {
        for (size_t i = 0; i < race->scan_count[gemm]; i++)
            add_candidate(race, gemm, m_index, race->scan[gemm][i], phase, *list, &count);
    } else {
        for (int i = 0; i < set->count; i++)
            add_candidate(race, gemm, m_index, set->tiles[i], phase, *list, &count);
    }
    qsort(*list, (size_t)count, sizeof **list, compare_candidates);
    return count;
}

/* The least time with this BLOCK_SIZE_M in a ranked list, INFINITY without one. */
static const struct candidate *first_of_bm(const struct candidate *list, int count, int block_m)
{
    for (int i = 0; i < count; i++) {
        if (list[i].block_m == block_m)
            return &list[i];
    }
    return NULL;
}

/* Both GEMMs' ranked candidates of one M; a GEMM not asked for has none and costs nothing. */
struct ranking {
    struct candidate *list[GEMM_COUNT];
    int count[GEMM_COUNT];
    const bool *asked; /* [GEMM_COUNT] */
};

static void ranking_make(
    const struct race *race, int m_index, enum race_phase phase, struct ranking *ranking)
{
    *ranking = (struct ranking){.asked = race->plan->question->gemms};
    for (int g = 0; g < GEMM_COUNT; g++) {
        if (ranking->asked[g])
            ranking->count[g] = rank(race, (enum gemm)g, m_index, phase, &ranking->list[g]);
    }
}

static void ranking_free(struct ranking *ranking)
{
    for (int g = 0; g < GEMM_COUNT; g++)
        free(ranking->list[g]);
}

/* up + down with this BLOCK_SIZE_M, INFINITY when a GEMM has no candidate with it. */
static double pair_us(const struct ranking *ranking, int block_m)
{
    double sum = 0;

    for (int g = 0; g < GEMM_COUNT; g++) {
        const struct candidate *first = first_of_bm(ranking->list[g], ranking->count[g], block_m);
        if (ranking->asked[g])
            sum += first ? first->us : INFINITY;
    }
    return sum;
}

/* The BLOCK_SIZE_M with the least pair, 0 when there is none. */
static int best_block_m(const struct ranking *ranking)
{
    double best = INFINITY;
    int block_m = 0;

    for (int g = 0; g < GEMM_COUNT; g++) {
        for (int i = 0; i < ranking->count[g]; i++) {
            double us = pair_us(ranking, ranking->list[g][i].block_m);
            if (us < best) {
                best = us;
                block_m = ranking->list[g][i].block_m;
            }
        }
    }
    return block_m;
}

/* The latest phase that all candidates of an M went through. */
static enum race_phase settled_phase(const struct race *race, int m_index)
{
    int round = race->round[m_index];

    if (round >= race->round_count)
        return race->rounds[race->round_count - 1].phase;
    return round <= 0 ? RACE_SCAN : race->rounds[round - 1].phase;
}

bool race_best_pair(const struct race *race, int m_index, int tiles[GEMM_COUNT])
{
    struct ranking ranking;
    int block_m;

    ranking_make(race, m_index, settled_phase(race, m_index), &ranking);
    block_m = best_block_m(&ranking);
    for (int g = 0; g < GEMM_COUNT; g++) {
        const struct candidate *first = first_of_bm(ranking.list[g], ranking.count[g], block_m);
        tiles[g] = first ? first->tile : -1;
    }
    ranking_free(&ranking);
    return block_m > 0;
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
static double least_us(const struct candidate *candidate, const struct candidate *best)
{
    bool lower = candidate->clock > 0 && candidate->clock < best->clock;

    return candidate->us * (lower ? candidate->clock / best->clock : 1);
}

/* Whether the round takes the candidate at `index` of the ranked list. */
static bool takes(const struct round *round, const struct ranking *ranking, enum gemm gemm,
    int index, double best_pair)
{
    const struct candidate *list = ranking->list[gemm];
    int fraction = (int)ceil(round->fraction * ranking->count[gemm]), of_bm = 0;
    bool near = least_us(&list[index], &list[0]) <= list[0].us * (1 + round->within);

    if (index < round->always || index < fraction)
        return true;
    if (near && (round->cap == 0 || index < round->cap))
        return true;
    for (int i = 0; i < index; i++)
        of_bm += list[i].block_m == list[index].block_m;
    return of_bm < round->per_bm &&
           (round->bm_within < 0 ||
               pair_us(ranking, list[index].block_m) <= best_pair * (1 + round->bm_within));
}

/* Makes the sets of the round to come, from those of the present one. */
static void enter_round(struct race *race, int m_index, int next)
{
    const struct round *round = &race->rounds[next];
    struct ranking ranking;
    double best_pair;

    ranking_make(race, m_index, race_ranked_phase(race, m_index), &ranking);
    best_pair = pair_us(&ranking, best_block_m(&ranking));
    for (int g = 0; g < GEMM_COUNT; g++) {
        struct race_set set = {0};

        for (int i = 0; i < ranking.count[g]; i++) {
            if (!takes(round, &ranking, (enum gemm)g, i, best_pair))
                continue;
            if (round->groups)
                add_with_groups(race, &set, ranking.list[g][i].tile);
            else
                set_add(&set, ranking.list[g][i].tile);
        }
        free(race->set[g][m_index].tiles);
        race->set[g][m_index] = set;
    }
    race->round[m_index] = next;
    ranking_free(&ranking);
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
    while (race->round[m_index] < race->round_count && round_done(race, m_index)) {
        if (race->round[m_index] + 1 < race->round_count)
            enter_round(race, m_index, race->round[m_index] + 1);
        else
            race->round[m_index] = race->round_count;
    }
}

void race_round_advance(struct race *race)
{
    race_scan_advance(race);
    if (race->scan_level < SCAN_LEVELS)
        return;
    for (int m = 0; m < race->plan->question->batch_size_count; m++) {
        if (race->round[m] <= race->round_count)
            advance_m(race, m);
    }
}
