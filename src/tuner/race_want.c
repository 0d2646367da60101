/* SPDX-License-Identifier: MIT */
#include "tuner/race_state.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What to compile, and in which order. */

struct wants {
    const struct race *race;
    struct race_kernel_id *out;
    size_t count, limit;
    bool *seen[GEMM_COUNT];
};

static void want(struct wants *w, enum gemm gemm, int tile)
{
    if (w->count == w->limit || w->seen[gemm][tile] || !race_usable(w->race, gemm, tile) ||
        w->race->kernels[gemm][tile].state != KERNEL_UNKNOWN)
        return;
    w->seen[gemm][tile] = true;
    w->out[w->count++] = (struct race_kernel_id){gemm, tile};
}

static void want_scan(struct wants *w)
{
    const struct race *race = w->race;
    int ms = race->plan->question->batch_size_count;
    size_t most = race->scan_count[GEMM_UP] > race->scan_count[GEMM_DOWN]
                      ? race->scan_count[GEMM_UP]
                      : race->scan_count[GEMM_DOWN];

    for (size_t i = 0; i < most; i++) {
        for (int g = 0; g < GEMM_COUNT; g++) {
            if (i >= race->scan_count[g] ||
                race->kernels[g][race->scan[g][i]].state != KERNEL_UNKNOWN)
                continue;
            for (int m = 0; m < ms; m++) {
                if (race_scan_needs(race, (enum gemm)g, m, race->scan[g][i]))
                    want(w, (enum gemm)g, race->scan[g][i]);
            }
        }
    }
}

static void want_round(struct wants *w, int m_index)
{
    const struct race *race = w->race;
    enum race_phase phase = race_ranked_phase(race, m_index);

    for (int g = 0; g < GEMM_COUNT; g++) {
        const struct race_set *set = &race->set[g][m_index];
        for (int i = 0; i < set->count; i++) {
            int have = race_count(race_cell(race, (enum gemm)g, m_index, set->tiles[i]), phase);
            if (have < race_set_target(race, m_index))
                want(w, (enum gemm)g, set->tiles[i]);
        }
    }
}

/* The contestants, and early on the default, which is known from the start. */
static void want_confirm(struct wants *w, int m_index)
{
    const struct race *race = w->race;
    struct race_kernel_id ids[3 * GEMM_COUNT];
    int count = 0;

    if (race->round[m_index] > race->round_count)
        return;
    if (race->round[m_index] == race->round_count)
        count = race_contestants(race, m_index, ids);
    for (int i = 0; i < count; i++)
        want(w, ids[i].gemm, ids[i].tile);
    for (int g = 0; g < GEMM_COUNT; g++) {
        if (!race->plan->question->gemms[g])
            continue;
        want(w, (enum gemm)g, race->plan->defaults[m_index]);
        if (race->plan->incumbent[g][m_index] >= 0)
            want(w, (enum gemm)g, race->plan->incumbent[g][m_index]);
    }
}

size_t race_wanted(struct race *race, struct race_kernel_id wanted[], size_t limit)
{
    struct wants w = {.race = race, .out = wanted, .limit = limit};

    race_advance(race);
    for (int g = 0; g < GEMM_COUNT; g++)
        w.seen[g] = xcalloc(race->plan->count + 1, sizeof *w.seen[g]);
    if (race->scan_level < SCAN_LEVELS)
        want_scan(&w);
    for (int m = 0; m < race->plan->question->batch_size_count; m++) {
        if (race->round[m] >= 0 && race->round[m] < race->round_count)
            want_round(&w, m);
    }
    for (int m = 0; m < race->plan->question->batch_size_count; m++)
        want_confirm(&w, m);
    for (int g = 0; g < GEMM_COUNT; g++)
        free(w.seen[g]);
    return w.count;
}

/* ---- ahead of need ------------------------------------------------------------------------ */

/* How near the best of a (GEMM, M) a kernel is to be, first what is nearly sure to be needed. */
static const struct nearness {
    int ranks;        /* the best so many of a (GEMM, M) .. */
    double within;    /* .. within this of its best, */
    int bm_ranks;     /* and so many of a BLOCK_SIZE_M .. */
    double bm_within; /* .. whose best pair is within this of the best pair */
} nearnesses[] = {{6, 1.03, 2, 1.05}, {12, 1.10, 4, 1.10}, {24, 1.20, 7, 1.20}};

struct ranked_lead {
    int tile, block_m;
    double us; /* by its latest phase */
};

/* The kernels scanned at one M, best first. */
struct ranked {
    struct ranked_lead *list[GEMM_COUNT]; /* owned */
    int count[GEMM_COUNT];
};

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked_lead *x = a, *y = b;

    return x->us != y->us ? (x->us > y->us) - (x->us < y->us) : x->tile - y->tile;
}

static void rank_leads(const struct race *race, int m_index, struct ranked *ranked)
{
    for (int g = 0; g < GEMM_COUNT; g++) {
        ranked->count[g] = 0;
        for (size_t i = 0; i < race->scan_count[g]; i++) {
            int tile = race->scan[g][i], *count = &ranked->count[g];
            const struct race_cell *cell = race_cell(race, (enum gemm)g, m_index, tile);
            if (cell->count == 0 || !race_usable(race, (enum gemm)g, tile))
                continue;
            enum race_phase phase = (enum race_phase)cell->samples[cell->count - 1].phase;
            ranked->list[g][(*count)++] = (struct ranked_lead){
                tile, race->plan->tiles[tile].tile.block_m, race_median(cell, phase)};
        }
        qsort(ranked->list[g], (size_t)ranked->count[g], sizeof *ranked->list[g], compare_ranked);
    }
}

/* up + down with this BLOCK_SIZE_M, of the GEMMs that there are. */
static double pair_us(const struct ranked *ranked, int block_m)
{
    double sum = 0;

    for (int g = 0; g < GEMM_COUNT; g++) {
        int i = 0;
        while (i < ranked->count[g] && ranked->list[g][i].block_m != block_m)
            i++;
        if (ranked->count[g] > 0)
            sum += i < ranked->count[g] ? ranked->list[g][i].us : INFINITY;
    }
    return sum;
}

static double best_pair_us(const struct ranked *ranked)
{
    double best = INFINITY;

    for (int g = 0; g < GEMM_COUNT; g++) {
        for (int i = 0; i < ranked->count[g]; i++)
            best = fmin(best, pair_us(ranked, ranked->list[g][i].block_m));
    }
    return best;
}

static void want_groups(struct wants *w, enum gemm gemm, int lead)
{
    for (size_t t = 0; t < w->race->plan->count; t++) {
        if (w->race->plan->tiles[t].lead == lead)
            want(w, gemm, (int)t);
    }
}

static void want_near(
    struct wants *w, const struct nearness *near, const struct ranked *ranked, enum gemm gemm)
{
    double best_pair = best_pair_us(ranked);

    for (int i = 0; i < ranked->count[gemm] && w->count < w->limit; i++) {
        int block_m = ranked->list[gemm][i].block_m, before = 0;
        for (int k = 0; k < i; k++)
            before += ranked->list[gemm][k].block_m == block_m;
        bool by_rank =
            i < near->ranks && ranked->list[gemm][i].us <= near->within * ranked->list[gemm][0].us;
        bool by_bm =
            before < near->bm_ranks && pair_us(ranked, block_m) <= near->bm_within * best_pair;
        if (by_rank || by_bm)
            want_groups(w, gemm, ranked->list[gemm][i].tile);
    }
}

/* Quick's search will look one step beyond the best few along every axis. */
static void want_neighbours(struct wants *w, const struct ranked *ranked, enum gemm gemm)
{
    const struct plan *plan = w->race->plan;

    for (int i = 0; i < ranked->count[gemm] && i < GROW_FROM; i++) {
        for (int axis = 0; axis < TILE_NUMBERS; axis++) {
            for (int step = -1; step <= 1 && axis != TILE_GROUP_M; step += 2) {
                int lead = ranked->list[gemm][i].tile;
                int tile = plan_neighbour(plan, lead, (enum tile_number)axis, step);
                if (tile >= 0)
                    want(w, gemm, plan->tiles[tile].lead);
            }
        }
    }
}

static void want_ahead(struct wants *w, struct ranked *ranked)
{
    const int ms = w->race->plan->question->batch_size_count;
    const bool scans = w->race->scan_level < SCAN_LEVELS;

    for (size_t pass = 0; pass < (scans ? 1 : sizeof nearnesses / sizeof *nearnesses); pass++) {
        for (int m = 0; m < ms && w->count < w->limit; m++) {
            rank_leads(w->race, m, ranked);
            for (int g = 0; g < GEMM_COUNT; g++) {
                if (scans)
                    want_neighbours(w, ranked, (enum gemm)g);
                else
                    want_near(w, &nearnesses[pass], ranked, (enum gemm)g);
            }
        }
    }
}

size_t race_likely(struct race *race, struct race_kernel_id likely[], size_t limit)
{
    const struct plan *plan = race->plan;
    struct wants w = {.race = race, .out = likely, .limit = limit};
    bool scans = race->scan_level < SCAN_LEVELS;
    struct ranked ranked;

    if (plan->question->effort == EFFORT_EXHAUSTIVE)
        return 0;
    if (scans && (plan->question->effort != EFFORT_QUICK || race->scan_level == 0 || race->grown))
        return 0;
    for (int g = 0; g < GEMM_COUNT; g++) {
        ranked.list[g] = xcalloc(plan->count + 1, sizeof *ranked.list[g]);
        w.seen[g] = xcalloc(plan->count + 1, sizeof *w.seen[g]);
    }
    want_ahead(&w, &ranked);
    for (int g = 0; g < GEMM_COUNT; g++) {
        free(w.seen[g]);
        free(ranked.list[g]);
    }
    return w.count;
}

/* ---- order -------------------------------------------------------------------------------- */

#define LONG_COMPILE 32768 /* multiplications a thread and step, from where it takes seconds */

static int compile_size(const struct race *race, const struct race_kernel_id *id)
{
    const struct tile *tile = &race->plan->tiles[id->tile].tile;

    return tile->block_m * tile->block_n / (32 * tile->num_warps) * tile->block_k;
}

void race_longest_first(
    const struct race *race, struct race_kernel_id ids[], size_t count, size_t keep)
{
    struct race_kernel_id *rest = xcalloc(count + 1, sizeof *rest);
    size_t rest_count = 0, at = keep;

    for (size_t i = keep; i < count; i++) {
        int size = compile_size(race, &ids[i]);
        if (size < LONG_COMPILE) {
            rest[rest_count++] = ids[i];
            continue;
        }
        const struct race_kernel_id id = ids[i];
        size_t place = at++;
        for (; place > keep && compile_size(race, &ids[place - 1]) < size; place--)
            ids[place] = ids[place - 1];
        ids[place] = id;
    }
    memcpy(ids + at, rest, rest_count * sizeof *rest);
    free(rest);
}
