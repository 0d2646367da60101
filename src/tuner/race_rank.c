/* SPDX-License-Identifier: MIT */
/* Which candidates of one M are the best, each by the pair that it makes. */
#include "tuner/race_state.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>

static int compare_candidates(const void *a, const void *b)
{
    const struct race_candidate *x = a, *y = b;

    if (x->loss != y->loss)
        return x->loss < y->loss ? -1 : 1;
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
    const struct race_basis *basis, struct race_candidate *list, int *count)
{
    const struct race_cell *cell = race_cell(race, gemm, m_index, tile);
    float samples[SET_SAMPLES];
    struct stats_interval median;
    size_t have;

    if (!race_usable(race, gemm, tile))
        return;
    have = race_samples(cell, basis->phase, samples, (size_t)basis->samples);
    stats_median_interval(samples, have, 0.95, &median);
    if (have > 0)
        list[(*count)++] = (struct race_candidate){.tile = tile,
            .block_m = race->plan->tiles[tile].tile.block_m,
            .us = median.estimate,
            .low = median.low,
            .high = median.high,
            .clock = basis->phase == RACE_SCAN ? scan_clock(cell) : 0};
}

/* The candidates of the present round (of the scan: all its tiles) with samples of the basis, best
 * first; the caller frees *list. */
static int rank(const struct race *race, enum gemm gemm, int m_index,
    const struct race_basis *basis, struct race_candidate **list)
{
    const struct race_set *set = &race->set[gemm][m_index];
    int count = 0;

    *list = xcalloc(race->plan->count + 1, sizeof **list);
    if (race->round[m_index] < 0) {
        for (size_t i = 0; i < race->scan_count[gemm]; i++)
            add_candidate(race, gemm, m_index, race->scan[gemm][i], basis, *list, &count);
    } else {
        for (int i = 0; i < set->count; i++)
            add_candidate(race, gemm, m_index, set->tiles[i], basis, *list, &count);
    }
    qsort(*list, (size_t)count, sizeof **list, compare_candidates);
    return count;
}

/* The best with this BLOCK_SIZE_M in a ranked list, NULL without one. */
static const struct race_candidate *first_of_bm(
    const struct race_candidate *list, int count, int block_m)
{
    for (int i = 0; i < count; i++) {
        if (list[i].block_m == block_m)
            return &list[i];
    }
    return NULL;
}

/* The best with this BLOCK_SIZE_M of one GEMM, us: INFINITY without, 0 when it is not asked for. */
static double bm_us(const struct race_ranking *ranking, enum gemm gemm, int block_m)
{
    const struct race_candidate *first =
        first_of_bm(ranking->list[gemm], ranking->count[gemm], block_m);

    if (!ranking->asked[gemm])
        return 0;
    return first ? first->us : INFINITY;
}

double race_pair_us(const struct race_ranking *ranking, int block_m)
{
    return bm_us(ranking, GEMM_UP, block_m) + bm_us(ranking, GEMM_DOWN, block_m);
}

static void find_best_pair(struct race_ranking *ranking)
{
    ranking->pair_us = INFINITY;
    for (int g = 0; g < GEMM_COUNT; g++) {
        for (int i = 0; i < ranking->count[g]; i++) {
            double us = race_pair_us(ranking, ranking->list[g][i].block_m);
            if (us < ranking->pair_us) {
                ranking->pair_us = us;
                ranking->block_m = ranking->list[g][i].block_m;
            }
        }
    }
}

/* A tile is worth what the pair is that it makes. */
static void sort_by_loss(struct race_ranking *ranking, enum gemm gemm)
{
    enum gemm other = gemm == GEMM_UP ? GEMM_DOWN : GEMM_UP;

    for (int i = 0; i < ranking->count[gemm]; i++) {
        struct race_candidate *candidate = &ranking->list[gemm][i];
        candidate->loss = candidate->us + bm_us(ranking, other, candidate->block_m);
        if (ranking->block_m)
            candidate->loss -= ranking->pair_us;
    }
    qsort(ranking->list[gemm], (size_t)ranking->count[gemm], sizeof *ranking->list[gemm],
        compare_candidates);
}

void race_rank(const struct race *race, int m_index, const struct race_basis *basis,
    struct race_ranking *ranking)
{
    *ranking = (struct race_ranking){.asked = race->plan->question->gemms};
    for (int g = 0; g < GEMM_COUNT; g++) {
        if (ranking->asked[g])
            ranking->count[g] = rank(race, (enum gemm)g, m_index, basis, &ranking->list[g]);
    }
    find_best_pair(ranking);
    for (int g = 0; g < GEMM_COUNT; g++) {
        if (ranking->count[g] > 0)
            sort_by_loss(ranking, (enum gemm)g);
    }
}

void race_ranking_free(struct race_ranking *ranking)
{
    for (int g = 0; g < GEMM_COUNT; g++)
        free(ranking->list[g]);
}

struct race_basis race_basis(const struct race *race, int round)
{
    if (round < 0)
        return (struct race_basis){RACE_SCAN, 1};
    return (struct race_basis){race->rounds[round].phase, race->rounds[round].samples};
}

bool race_best_pair(const struct race *race, int m_index, int tiles[GEMM_COUNT])
{
    int round = race->round[m_index];
    /* The latest one that all candidates went through. */
    struct race_basis basis =
        race_basis(race, round >= race->round_count ? race->round_count - 1 : round - 1);
    struct race_ranking ranking;

    race_rank(race, m_index, &basis, &ranking);
    for (int g = 0; g < GEMM_COUNT; g++) {
        const struct race_candidate *first =
            first_of_bm(ranking.list[g], ranking.count[g], ranking.block_m);
        tiles[g] = first ? first->tile : -1;
    }
    race_ranking_free(&ranking);
    return ranking.block_m > 0;
}
