/* SPDX-License-Identifier: MIT */
#include "tuner/race_state.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>

static const char *const phase_names[RACE_PHASE_COUNT] = {
    [RACE_SCAN] = "scan",
    [RACE_HEAT] = "heat",
    [RACE_SEMI] = "semi-final",
    [RACE_GROUPS] = "groups",
    [RACE_FINAL] = "final",
    [RACE_CONFIRM] = "confirm",
    [RACE_EXTRA] = "by hand",
};

const char *race_phase_name(enum race_phase phase)
{
    return phase_names[phase];
}

/* Every fourth M and both ends first, then every second, then the rest: what is hopeless at both
 * neighbours of the levels before is left out between them. */
static int level_of(int index, int count)
{
    if (count <= 4 || index == count - 1 || index % 4 == 0)
        return 0;
    return index % 2 == 0 ? 1 : 2;
}

struct race *race_open(const struct plan *plan)
{
    const struct question *question = plan->question;
    size_t cells = (size_t)question->batch_size_count * plan->count;
    struct race *race = xcalloc(1, sizeof *race);

    race->plan = plan;
    race->prefer = -1;
    race->rounds = race_rounds(question->effort, &race->round_count);
    for (int g = 0; g < GEMM_COUNT; g++) {
        race->cells[g] = xcalloc(cells + 1, sizeof *race->cells[g]);
        race->kernels[g] = xcalloc(plan->count + 1, sizeof *race->kernels[g]);
        race->model[g] = xcalloc(cells + 1, sizeof *race->model[g]);
        for (size_t i = 0; i < cells; i++)
            race->model[g][i] = (float)plan_model(question, (enum gemm)g,
                question->batch_sizes[i / plan->count], &plan->tiles[i % plan->count].tile);
        for (int m = 0; m < question->batch_size_count; m++)
            race->best[g][m] = INFINITY;
    }
    for (int m = 0; m < question->batch_size_count; m++) {
        race->round[m] = -1;
        if (question->effort != EFFORT_EXHAUSTIVE) /* which leaves nothing out */
            race->level[m] = level_of(m, question->batch_size_count);
    }
    race_scan_start(race);
    return race;
}

void race_close(struct race *race)
{
    size_t cells;

    if (!race)
        return;
    cells = (size_t)race->plan->question->batch_size_count * race->plan->count;
    for (int g = 0; g < GEMM_COUNT; g++) {
        for (size_t i = 0; i < cells; i++)
            free(race->cells[g][i].samples);
        free(race->cells[g]);
        free(race->kernels[g]);
        free(race->model[g]);
        free(race->scan[g]);
        for (int m = 0; m < TUNE_BATCH_SIZES; m++)
            free(race->set[g][m].tiles);
    }
    free(race);
}

struct race_cell *race_cell(const struct race *race, enum gemm gemm, int m_index, int tile)
{
    return &race->cells[gemm][(size_t)m_index * race->plan->count + (size_t)tile];
}

bool race_usable(const struct race *race, enum gemm gemm, int tile)
{
    const struct race_kernel *kernel = &race->kernels[gemm][tile];

    return plan_runs(race->plan, tile) && kernel->state != KERNEL_BAD && kernel->status == POINT_OK;
}

void race_set_kernel(
    struct race *race, enum gemm gemm, int tile, enum kernel_state state, enum point_status status)
{
    struct race_kernel *kernel = &race->kernels[gemm][tile];

    if (kernel->state == KERNEL_BAD)
        return;
    kernel->state = state;
    if (state == KERNEL_BAD)
        kernel->status = status;
}

enum kernel_state race_kernel(const struct race *race, enum gemm gemm, int tile)
{
    return race->kernels[gemm][tile].state;
}

void race_set_clock(struct race *race, double mhz)
{
    race->clock = (unsigned short)(mhz > 0 && mhz < 60000 ? round(mhz) : 0);
}

void race_add_sample(
    struct race *race, enum gemm gemm, int m_index, int tile, enum race_phase phase, float us)
{
    struct race_cell *cell = race_cell(race, gemm, m_index, tile);

    if (cell->count == cell->capacity) {
        if (cell->capacity > 30000)
            return;
        cell->capacity = (unsigned short)(cell->capacity ? cell->capacity * 2 : 2);
        cell->samples = xrealloc(cell->samples, cell->capacity, sizeof *cell->samples);
    }
    cell->samples[cell->count++] = (struct race_sample){us, race->clock, (unsigned char)phase};
    race->first_samples[gemm][m_index] += phase == race->rounds[0].phase;
    if (race->kernels[gemm][tile].status == POINT_OK && us < race->best[gemm][m_index])
        race->best[gemm][m_index] = us;
}

/* After a wrong kernel dropped out: what gives up at four times the best must not lean on it. */
static void find_best(struct race *race, enum gemm gemm, int m_index)
{
    race->best[gemm][m_index] = INFINITY;
    for (size_t t = 0; t < race->plan->count; t++) {
        const struct race_cell *cell = race_cell(race, gemm, m_index, (int)t);
        if (!race_usable(race, gemm, (int)t))
            continue;
        for (int i = 0; i < cell->count; i++)
            race->best[gemm][m_index] = fmin(race->best[gemm][m_index], cell->samples[i].us);
    }
}

void race_add_check(struct race *race, enum gemm gemm, int m, int tile, bool right)
{
    struct race_kernel *kernel = &race->kernels[gemm][tile];
    int m_index = plan_m_index(race->plan, m);

    if (!right) {
        kernel->status = POINT_WRONG_RESULT;
        for (int i = 0; i < race->plan->question->batch_size_count; i++)
            find_best(race, gemm, i);
        return;
    }
    if (m_index < 0) {
        kernel->checked += kernel->outside == 0;
        kernel->outside = m;
        return;
    }
    kernel->checked += !race_cell(race, gemm, m_index, tile)->verified;
    race_cell(race, gemm, m_index, tile)->verified = true;
}

int race_add_kill(struct race *race, enum gemm gemm, int tile, enum point_status status)
{
    struct race_kernel *kernel = &race->kernels[gemm][tile];

    kernel->alone = true;
    if (++kernel->kills >= 2)
        race_set_kernel(race, gemm, tile, KERNEL_BAD, status);
    return kernel->kills;
}

void race_suspect(struct race *race, enum gemm gemm, int tile)
{
    race->kernels[gemm][tile].alone = true;
}

void race_clear(struct race *race, enum gemm gemm, int tile)
{
    race->kernels[gemm][tile].alone = false;
}

void race_settle(struct race *race, int m_index)
{
    race->round[m_index] = race->round_count + 1;
}

bool race_is_settled(const struct race *race, int m_index)
{
    return race->round[m_index] > race->round_count;
}

void race_prefer(struct race *race, int m_index)
{
    race->prefer = m_index;
}

int race_count(const struct race_cell *cell, enum race_phase phase)
{
    int count = 0;

    for (int i = 0; i < cell->count; i++)
        count += cell->samples[i].phase == phase;
    return count;
}

size_t race_samples(
    const struct race_cell *cell, enum race_phase phase, float samples[], size_t limit)
{
    size_t count = 0;

    for (int i = 0; i < cell->count && count < limit; i++) {
        if (cell->samples[i].phase == phase)
            samples[count++] = cell->samples[i].us;
    }
    return count;
}

double race_median(const struct race_cell *cell, enum race_phase phase)
{
    float samples[256];
    size_t count = race_samples(cell, phase, samples, sizeof samples / sizeof samples[0]);

    return stats_median_float(samples, count);
}

void race_point(
    const struct race *race, enum gemm gemm, int m_index, int tile, struct race_summary *summary)
{
    const struct race_cell *cell = race_cell(race, gemm, m_index, tile);
    const struct race_kernel *kernel = &race->kernels[gemm][tile];
    const struct plan_tile *t = &race->plan->tiles[tile];
    struct stats_interval interval;
    float samples[256];
    size_t count = 0;

    for (int i = 0; i < cell->count && count < 256; i++)
        samples[count++] = cell->samples[i].us;
    *summary = (struct race_summary){
        .status = t->fits ? kernel->status : POINT_DOES_NOT_FIT,
        .samples = cell->count,
        .verified = kernel->status == POINT_WRONG_RESULT ? 2 : cell->verified,
    };
    stats_median_interval(samples, count, 0.95, &interval);
    summary->median_us = interval.estimate;
    summary->low_us = interval.low;
    summary->high_us = interval.high;
}
