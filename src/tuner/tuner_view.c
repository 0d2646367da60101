/* SPDX-License-Identifier: MIT */
#include "tuner/tuner_state.h"

#include "base/clock.h"
#include "base/text.h"
#include "tuner/estimate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PUBLISH_EVERY_S 0.05
#define CHOOSE_EVERY_S 0.5 /* ranking all candidates takes milliseconds */

double tuner_known(double figure)
{
    return figure > 0 ? figure : NAN;
}

static size_t cell_count(const struct tuner *tuner)
{
    return (size_t)tuner->question.batch_size_count * tuner->question.space.count;
}

static struct snapshot *snapshot_new(const struct tuner *tuner)
{
    struct snapshot *snapshot = xcalloc(1, sizeof *snapshot);

    for (int g = 0; g < GEMM_COUNT; g++) {
        snapshot->cells[g] = xcalloc(cell_count(tuner) + 1, sizeof *snapshot->cells[g]);
        snapshot->facts[g] = xcalloc(tuner->question.space.count + 1, sizeof *snapshot->facts[g]);
    }
    return snapshot;
}

static void start_cells(struct tuner *tuner)
{
    for (int g = 0; g < GEMM_COUNT; g++) {
        for (size_t i = 0; i < cell_count(tuner); i++)
            tuner->view.cells[g][i] = (struct cell){NAN, NAN, NAN, 0, POINT_OK, 0};
        for (size_t t = 0; t < tuner->question.space.count; t++)
            tuner->view.facts[g][t] = (struct kernel_fact){
                .shared_bytes = tuner->plan.tiles[t].smem,
                .shared_exact = tuner->plan.tiles[t].exact,
                .spill_bytes = -1,
            };
    }
}

static void start_choices(struct tuner *tuner)
{
    for (int g = 0; g < GEMM_COUNT; g++) {
        for (int m = 0; m < tuner->question.batch_size_count; m++) {
            const struct plan_tile *standard = &tuner->plan.tiles[tuner->plan.defaults[m]];
            tuner->view.choices[g][m] = (struct choice){
                .m = tuner->question.batch_sizes[m],
                .gemm = (enum gemm)g,
                .median_us = NAN,
                .low_us = NAN,
                .high_us = NAN,
                .default_us = NAN,
                .incumbent_us = NAN,
                .incumbent_tile = tuner->incumbent[g][m],
                .default_tile = standard->tile,
                .default_fits = standard->fits && standard->admitted,
                .gain = NAN,
            };
        }
    }
}

void tuner_view_restart(struct tuner *tuner)
{
    start_cells(tuner);
    start_choices(tuner);
}

void tuner_view_open(struct tuner *tuner)
{
    struct snapshot *fresh = snapshot_new(tuner);

    tuner->view = *fresh;
    free(fresh);
    tuner->view.question = tuner->question;
    tuner->view.running_tile = -1;
    tuner->view.left_s = tuner->view.done_fraction = NAN;
    tuner->view.clock_mhz = tuner->view.temperature_c = tuner->view.power_w = NAN;
    tuner->view.first_timing_s = NAN;
    tuner->view.sentinel_ok = true;
    tuner_view_restart(tuner);
    for (int i = 0; i < TUNER_BUFFERS; i++)
        tuner->buffers[i] = snapshot_new(tuner);
}

static void snapshot_free(struct snapshot *snapshot)
{
    for (int g = 0; g < GEMM_COUNT; g++) {
        free(snapshot->cells[g]);
        free(snapshot->facts[g]);
    }
}

void tuner_view_close(struct tuner *tuner)
{
    snapshot_free(&tuner->view);
    for (int i = 0; i < TUNER_BUFFERS; i++) {
        snapshot_free(tuner->buffers[i]);
        free(tuner->buffers[i]);
    }
}

void tuner_view_event(struct tuner *tuner, const char *text, bool chooses)
{
    struct snapshot *view = &tuner->view;
    unsigned place = view->event_count++ % SNAPSHOT_EVENTS;
    char *line = view->events[place];

    view->event_chooses[place] = chooses;
    snprintf(line, sizeof view->events[0], "%.255s", text);
    memcpy(view->last_event, line, sizeof view->last_event);
}

int snapshot_news(const struct snapshot *snapshot, bool choices, unsigned *told,
    const char *news[SNAPSHOT_EVENTS])
{
    unsigned end = snapshot->event_count, at = *told;
    int count = 0;

    if (end - at > SNAPSHOT_EVENTS)
        at = end - SNAPSHOT_EVENTS;
    for (; at != end; at++)
        if (choices || !snapshot->event_chooses[at % SNAPSHOT_EVENTS])
            news[count++] = snapshot->events[at % SNAPSHOT_EVENTS];
    *told = end;
    return count;
}

void tuner_view_cell(struct tuner *tuner, enum gemm gemm, int m_index, int tile)
{
    struct race_summary summary;
    struct cell *cell;

    if ((size_t)tile >= tuner->question.space.count)
        return;
    race_point(tuner->race, gemm, m_index, tile, &summary);
    cell = &tuner->view.cells[gemm][(size_t)m_index * tuner->question.space.count + (size_t)tile];
    *cell = (struct cell){
        .median_us = (float)summary.median_us,
        .low_us = (float)summary.low_us,
        .high_us = (float)summary.high_us,
        .samples = (unsigned short)summary.samples,
        .status = (unsigned char)summary.status,
        .verified = (unsigned char)summary.verified,
    };
}

void tuner_view_fact(struct tuner *tuner, enum gemm gemm, size_t tile, int shared_bytes,
    int registers, int spill_bytes)
{
    tuner->view.facts[gemm][tile] = (struct kernel_fact){
        .shared_bytes = shared_bytes,
        .shared_exact = true,
        .registers = (short)(registers > 0 ? registers : 0),
        .spill_bytes = spill_bytes,
    };
}

void tuner_view_kernel(struct tuner *tuner, enum gemm gemm, int tile)
{
    for (int m = 0; m < tuner->question.batch_size_count; m++)
        tuner_view_cell(tuner, gemm, m, tile);
}

void tuner_view_all(struct tuner *tuner)
{
    for (int g = 0; g < GEMM_COUNT; g++) {
        for (int m = 0; m < tuner->question.batch_size_count; m++) {
            for (size_t t = 0; t < tuner->question.space.count; t++)
                tuner_view_cell(tuner, (enum gemm)g, m, (int)t);
        }
    }
}

void tuner_view_decision(
    struct tuner *tuner, int m_index, const struct race_decision *decision, bool settled)
{
    for (int g = 0; g < GEMM_COUNT; g++) {
        struct choice *choice = &tuner->view.choices[g][m_index];
        if (!tuner->question.gemms[g] || choice->settled)
            continue;
        choice->chosen = decision->chosen;
        memcpy(choice->reason, decision->reason, sizeof choice->reason);
        if (!decision->chosen)
            continue;
        choice->settled = settled;
        choice->tile = tuner->plan.tiles[decision->gemm[g].tile].tile;
        choice->median_us = decision->gemm[g].median_us;
        choice->low_us = decision->gemm[g].low_us;
        choice->high_us = decision->gemm[g].high_us;
        choice->default_us = decision->gemm[g].default_us;
        choice->incumbent_us = decision->gemm[g].incumbent_us;
        choice->default_fits = decision->default_runs;
        choice->verified = decision->gemm[g].verified;
        choice->source = decision->source;
        choice->gain = decision->gain.estimate;
    }
}

void tuner_view_choices(struct tuner *tuner)
{
    for (int m = 0; m < tuner->question.batch_size_count; m++) {
        struct race_decision decision;

        if (snapshot_is_settled(&tuner->view, m))
            continue;
        race_decide(tuner->race, m, &decision);
        tuner_view_decision(tuner, m, &decision, false);
    }
}

static double left(const struct tuner *tuner, const struct race_progress *progress)
{
    const double *stages = tuner->view.stage_s;
    struct estimate_facts facts = {
        .scan_gpu_s = progress->scan_left_s,
        .later_gpu_s = progress->later_left_s,
        .ahead_gpu_s = progress->ahead_left_s,
        .kernels = tuner->session.recorded ? 0 : progress->kernels_left,
        .later_kernels = tuner->session.recorded ? 0 : progress->kernels_later,
        .kernel_s = estimate_kernel_s(tuner->options.compiler.jobs),
        .gpu_s = tuner->view.gpu_s - tuner->loaded_gpu_s,
        .timing_s = stages[STAGE_MEASURE] + stages[STAGE_COMMIT] + stages[STAGE_VERIFY],
        .unified = tuner->question.device.unified,
    };

    if (tuner->burst_answers > 0)
        facts.kernel_s = (tuner->burst_last - tuner->burst_began) / tuner->burst_answers;
    return estimate_left_s(&facts);
}

static void fill_progress(struct tuner *tuner)
{
    struct race_progress progress;
    double spent = (tuner->ended > 0 ? tuner->ended : clock_monotonic()) - tuner->started;

    if (!tuner->view.follows_pid)
        tuner->view.wall_s = tuner->idle_s + spent;
    if (!tuner->race || tuner->view.planned)
        return;
    race_measure_progress(tuner->race, &progress);
    /* What is expected grows with what is found to have hope: a bar that goes back tells nobody. */
    tuner->view.done_fraction = fmax(tuner->view.done_fraction, progress.done_fraction);
    for (int m = 0; m < tuner->question.batch_size_count; m++)
        tuner->view.m_done[m] = fmax(tuner->view.m_done[m], progress.m_done[m]);
    if (tuner->view.follows_pid)
        return; /* the store says the rest */
    tuner->view.points_done = (long long)progress.points_done;
    tuner->view.points_left = (long long)(progress.points_total - progress.points_done);
    tuner->view.fitting_points = progress.fitting;
    tuner->view.left_s = left(tuner, &progress);
}

bool snapshot_is_settled(const struct snapshot *snapshot, int m_index)
{
    return snapshot->choices[GEMM_UP][m_index].settled ||
           snapshot->choices[GEMM_DOWN][m_index].settled;
}

double tuner_share(const struct snapshot *snapshot)
{
    long long total = snapshot->points_done + snapshot->points_left;

    if (snapshot->state == TUNER_DONE)
        return 1;
    if (!isnan(snapshot->done_fraction))
        return fmin(0.999, snapshot->done_fraction);
    return total > 0 ? fmin(0.999, (double)snapshot->points_done / (double)total) : 0;
}

static void copy_snapshot(const struct tuner *tuner, struct snapshot *to)
{
    struct cell *cells[GEMM_COUNT];
    struct kernel_fact *facts[GEMM_COUNT];

    memcpy(cells, to->cells, sizeof cells);
    memcpy(facts, to->facts, sizeof facts);
    *to = tuner->view;
    for (int g = 0; g < GEMM_COUNT; g++) {
        to->cells[g] = cells[g];
        to->facts[g] = facts[g];
        memcpy(cells[g], tuner->view.cells[g], cell_count(tuner) * sizeof *cells[g]);
        memcpy(facts[g], tuner->view.facts[g], tuner->question.space.count * sizeof *facts[g]);
    }
}

void tuner_publish(struct tuner *tuner, bool now)
{
    double time = clock_monotonic();
    int buffer = 0;

    if (!now && time - tuner->published < PUBLISH_EVERY_S)
        return;
    tuner->published = time;
    if (!tuner->view.planned && (now || time - tuner->chosen >= CHOOSE_EVERY_S)) {
        tuner->chosen = time;
        tuner_view_choices(tuner);
    }
    fill_progress(tuner);
    tuner->view.version++;
    pthread_mutex_lock(&tuner->lock);
    while (buffer == tuner->newest || buffer == tuner->held)
        buffer++;
    pthread_mutex_unlock(&tuner->lock);
    copy_snapshot(tuner, tuner->buffers[buffer]);
    pthread_mutex_lock(&tuner->lock);
    tuner->newest = buffer;
    if (!tuner->fresh && write(tuner->wake[1], "", 1) == 1)
        tuner->fresh = true;
    pthread_mutex_unlock(&tuner->lock);
}
