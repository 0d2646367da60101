/* SPDX-License-Identifier: MIT */
#include "tuner/race_state.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>

/* The scan: every kernel of the plan once at every M where there is hope, M by levels. */

#define HOPELESS 3.0 /* times the best at both neighbouring M */

/* A tile's time at an M against the best there; INFINITY when it was skipped or never measured. */
static double times_best(const struct race *race, enum gemm gemm, int m_index, int tile)
{
    const struct race_cell *cell = race_cell(race, gemm, m_index, tile);

    return cell->count ? cell->samples[0].us / race->best[gemm][m_index] : INFINITY;
}

/* Whether the nearest M of a lower level in this direction, if any, shows some hope. */
static bool hope(const struct race *race, enum gemm gemm, int m_index, int tile, int direction)
{
    int count = race->plan->question->batch_size_count;

    for (int i = m_index + direction; i >= 0 && i < count; i += direction) {
        if (race->level[i] < race->level[m_index])
            return times_best(race, gemm, i, tile) <= HOPELESS;
    }
    return false;
}

static bool was_skipped(const struct race *race, enum gemm gemm, int m_index, int tile)
{
    if (race->plan->question->effort == EFFORT_EXHAUSTIVE || race->level[m_index] == 0 ||
        race->level[m_index] > race->scan_level)
        return false;
    return !hope(race, gemm, m_index, tile, -1) && !hope(race, gemm, m_index, tile, 1);
}

bool race_scan_needs(const struct race *race, enum gemm gemm, int m_index, int tile)
{
    const struct race_cell *cell = race_cell(race, gemm, m_index, tile);

    if (cell->count > 0 || race->round[m_index] >= 0 || !race_usable(race, gemm, tile) ||
        race->level[m_index] > race->scan_level)
        return false;
    return cell->grown ||
           (race->kernels[gemm][tile].scans && !was_skipped(race, gemm, m_index, tile));
}

bool race_scan_ahead(const struct race *race, enum gemm gemm, int m_index, int tile)
{
    return race_cell(race, gemm, m_index, tile)->count == 0 &&
           race->level[m_index] > race->scan_level && race_usable(race, gemm, tile) &&
           race->kernels[gemm][tile].scans &&
           (hope(race, gemm, m_index, tile, -1) || hope(race, gemm, m_index, tile, 1));
}

void race_scan_start(struct race *race)
{
    const struct plan *plan = race->plan;

    for (int g = 0; g < GEMM_COUNT; g++) {
        race->scan[g] = xcalloc(plan->count + 1, sizeof *race->scan[g]);
        race->scan_count[g] = plan->scan_count[g];
        for (size_t i = 0; i < plan->scan_count[g]; i++) {
            race->scan[g][i] = plan->scan[g][i];
            race->kernels[g][plan->scan[g][i]].scans = true;
        }
    }
}

bool race_scans(const struct race *race)
{
    return race->scan_level < SCAN_LEVELS;
}

static bool level_done(const struct race *race)
{
    for (int g = 0; g < GEMM_COUNT; g++) {
        for (size_t i = 0; i < race->scan_count[g]; i++) {
            for (int m = 0; m < race->plan->question->batch_size_count; m++) {
                if (race_scan_needs(race, (enum gemm)g, m, race->scan[g][i]))
                    return false;
            }
        }
    }
    return true;
}

/* Looks at a tile at this M and both beside it. */
static void grow_to(struct race *race, enum gemm gemm, int m_index, int tile)
{
    bool listed = false;

    if (tile < 0 || !plan_runs(race->plan, tile) || race->plan->tiles[tile].lead != tile)
        return;
    for (size_t i = 0; i < race->scan_count[gemm]; i++)
        listed = listed || race->scan[gemm][i] == tile;
    if (!listed)
        race->scan[gemm][race->scan_count[gemm]++] = tile;
    for (int m = m_index - 1; m <= m_index + 1; m++) {
        if (m >= 0 && m < race->plan->question->batch_size_count)
            race_cell(race, gemm, m, tile)->grown = true;
    }
}

/* The best few of the plan's own scan at one (GEMM, M), -1 where there are fewer. */
static void best_scanned(const struct race *race, enum gemm gemm, int m_index, int best[GROW_FROM])
{
    double times[GROW_FROM];

    for (int i = 0; i < GROW_FROM; i++) {
        best[i] = -1;
        times[i] = INFINITY;
    }
    for (size_t t = 0; t < race->plan->scan_count[gemm]; t++) {
        int tile = race->plan->scan[gemm][t], at = GROW_FROM;
        double us = race_median(race_cell(race, gemm, m_index, tile), RACE_SCAN);
        if (isnan(us) || !race_usable(race, gemm, tile))
            continue;
        for (; at > 0 && us < times[at - 1]; at--) {
            if (at < GROW_FROM) {
                times[at] = times[at - 1];
                best[at] = best[at - 1];
            }
        }
        if (at < GROW_FROM) {
            times[at] = us;
            best[at] = tile;
        }
    }
}

/* Quick's search beyond its candidates: one step from the winners along every axis. */
static void grow(struct race *race)
{
    for (int g = 0; g < GEMM_COUNT; g++) {
        for (int m = 0; m < race->plan->question->batch_size_count; m++) {
            int best[GROW_FROM];

            best_scanned(race, (enum gemm)g, m, best);
            for (int i = 0; i < GROW_FROM && best[i] >= 0; i++) {
                grow_to(race, (enum gemm)g, m, best[i]);
                for (int axis = 0; axis < TILE_NUMBERS; axis++) {
                    if (axis == TILE_GROUP_M)
                        continue;
                    for (int step = -1; step <= 1; step += 2)
                        grow_to(race, (enum gemm)g, m,
                            plan_neighbour(race->plan, best[i], (enum tile_number)axis, step));
                }
            }
        }
    }
}

void race_scan_advance(struct race *race)
{
    while (race->scan_level < SCAN_LEVELS && level_done(race)) {
        bool last = race->scan_level == SCAN_LEVELS - 1;
        if (last && !race->grown && race->plan->question->effort == EFFORT_QUICK) {
            race->grown = true;
            grow(race);
            continue;
        }
        race->scan_level++;
    }
}
