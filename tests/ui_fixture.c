/* SPDX-License-Identifier: MIT */
#include "tests/ui_fixture.h"

#include "base/text.h"
#include "domain/smem.h"
#include "tests/layer.h"
#include "ui/board.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void ask(struct question *question)
{
    struct error err = {0};
    question_defaults(question);
    snprintf(question->model, sizeof question->model, "GLM-4.7-FP8");
    if (!engine_parse("sglang:0.5.4.post2", &question->engine, &err))
        abort();
    question->shape = (struct shape)LAYER_GLM_TP4;
    question->tp = 4;
    question->ep = 1;
    question->device = (struct device){.name = "NVIDIA GB10",
        .arch = 121,
        .smem_limit = 101376,
        .sm_count = 48,
        .bandwidth = 273e9,
        .tensor_bf16 = 125e12,
        .tensor_fp8 = 250e12};
}

/* A smooth valley: the best block_m grows with M, small stages and narrow tiles cost. */
static double made_up_us(const struct question *question, enum gemm gemm, int m, int tile)
{
    const struct tile *t = &question->space.tiles[tile];
    double rows = fmax(16, fmin(256, m * 8 / 160.0 * 2));
    double off = fabs(log2(t->block_m / rows)) * 0.25 + fabs(log2(t->block_n / 128.0)) * 0.08 +
                 fabs(log2(t->block_k / 128.0)) * 0.05 + abs(t->num_stages - 3) * 0.03 +
                 (t->num_warps == 8 ? 0.04 : 0) + log2(t->group_m) * 0.002;
    return (gemm == GEMM_UP ? 1700 : 860) * (1 + m / 256.0) * exp(off);
}

static void fill_cells(struct snapshot *snapshot, enum gemm gemm)
{
    const struct question *question = &snapshot->question;
    for (int i = 0; i < (int)question->space.count; i++) {
        struct kernel_fact *fact = &snapshot->facts[gemm][i];
        const struct tile *tile = &question->space.tiles[i];
        struct smem smem =
            smem_estimate(&question->engine, &question->shape, question->device.arch, tile);
        *fact = (struct kernel_fact){.shared_bytes = smem.bytes,
            .shared_exact = smem.exact,
            .registers = (short)(64 + tile->block_m * tile->block_n / (tile->num_warps * 40)),
            .spill_bytes = tile->block_m * tile->block_n > 32768 ? 128 : 0};
        for (int m = 0; m < question->batch_size_count; m++) {
            struct cell *cell =
                &snapshot->cells[gemm][(size_t)m * question->space.count + (size_t)i];
            bool fits = smem.bytes <= question->device.smem_limit;
            bool done = fits && (m < 10 || (m == 10 && i % 3));
            double us = made_up_us(question, gemm, question->batch_sizes[m], i);
            *cell = (struct cell){.median_us = done ? (float)us : NAN,
                .low_us = done ? (float)(us * 0.998) : NAN,
                .high_us = done ? (float)(us * 1.002) : NAN,
                .samples = done ? 30 : 0,
                .status = fits ? POINT_OK : POINT_DOES_NOT_FIT,
                .verified = done && m < 8};
        }
    }
    snapshot->cells[gemm][100].status = POINT_WRONG_RESULT;
    snapshot->cells[gemm][200].status = POINT_FAULTED;
}

static void fill_choices(struct snapshot *snapshot, enum gemm gemm)
{
    const struct question *question = &snapshot->question;
    struct digest digest;
    digest_build(&digest, snapshot);
    for (int m = 0; m < question->batch_size_count; m++) {
        struct choice *choice = &snapshot->choices[gemm][m];
        choice->m = question->batch_sizes[m];
        choice->gemm = gemm;
        choice->gain = NAN;
        choice->median_us = choice->default_us = NAN;
        engine_default_tile(&question->engine, &question->shape, &question->device, choice->m,
            &choice->default_tile);
        choice->default_fits = true;
        if (digest.best[gemm][m] < 0)
            continue;
        choice->chosen = true;
        choice->settled = m < 8;
        choice->tile = question->space.tiles[digest.best[gemm][m]];
        choice->median_us = digest.best_us[gemm][m];
        choice->low_us = choice->median_us * 0.998;
        choice->high_us = choice->median_us * 1.002;
        choice->default_us = choice->median_us * (1.3 - m * 0.02);
        choice->gain = log(1.3 - m * 0.02);
        choice->verified = m < 8;
        snprintf(choice->reason, sizeof choice->reason, "fastest of 4 confirmed");
    }
}

void fixture_snapshot(struct snapshot *snapshot)
{
    *snapshot = (struct snapshot){.version = 1, .state = TUNER_TIMING, .tune = 1, .recorded = true};
    ask(&snapshot->question);
    const struct question *question = &snapshot->question;
    size_t tiles = question->space.count;
    snprintf(snapshot->toolchain.triton, sizeof snapshot->toolchain.triton, "3.5.0");
    snprintf(snapshot->backend, sizeof snapshot->backend, "replay");
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++) {
        snapshot->facts[gemm] = xcalloc(tiles, sizeof snapshot->facts[gemm][0]);
        snapshot->cells[gemm] =
            xcalloc(tiles * (size_t)question->batch_size_count, sizeof snapshot->cells[gemm][0]);
        fill_cells(snapshot, (enum gemm)gemm);
    }
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++)
        fill_choices(snapshot, (enum gemm)gemm);
    snprintf(snapshot->phase, sizeof snapshot->phase, "race 2/4");
    snapshot->m = question->batch_sizes[10];
    snapshot->running_tile = 300;
    snapshot->points_done = 25000;
    snapshot->samples = 90000;
    snapshot->points_left = 40000;
    snapshot->done_fraction = 0.381;
    snapshot->m_done[8] = 0.84;
    snapshot->m_done[9] = 0.52;
    snapshot->m_done[10] = 0.37;
    snapshot->left_s = 372;
    snapshot->clock_mhz = 2431;
    snapshot->temperature_c = 71;
    snapshot->sentinel_ok = true;
    snprintf(snapshot->last_event, sizeof snapshot->last_event, "up M=96 settled: 1.12x default");
}

/* Differences about -1.9 % that scatter by 2 %, the same in every run. */
static void fill_ab(struct ab_view *ab, int blocks)
{
    double differences[AB_VIEW_POINTS];
    for (int i = 0; i < blocks; i++) {
        struct ab_result result;
        differences[i] = -0.019 + 0.02 * sin(i * 2.4) * cos(i * 0.7);
        ab_judge(differences, (size_t)i + 1, AB_LEVEL, &result);
        ab->points[ab->point_count++] =
            (struct ab_point){i + 1, result.effect_pct, result.ci_pct[0], result.ci_pct[1]};
        if (ab_next_look(i, AB_BUDGET) == i + 1)
            ab->looks[ab->look_count++] = ab->points[i];
        ab->result = result;
    }
}

void fixture_ab(struct snapshot *snapshot, int blocks, bool ended)
{
    struct ab_view *ab = &snapshot->ab;
    *ab = (struct ab_view){.running = !ended, .ended = ended, .serial = 1, .id = 7};
    ab->job = (struct ab_job){.m = 64, .gemms = {true, true}, .budget = AB_BUDGET};
    ab->job.a = (struct ab_side){
        "choice", {{16, 128, 128, 1, 4, 3, false}, {16, 128, 128, 1, 4, 3, false}}};
    ab->job.b =
        (struct ab_side){"editor", {{32, 64, 128, 1, 4, 3, false}, {32, 128, 64, 16, 4, 4, false}}};
    ab->a_us = 3200.0;
    ab->b_us = 3139.2;
    snprintf(ab->phase, sizeof ab->phase, ended ? "" : "blocks");
    fill_ab(ab, blocks);
    if (ended)
        snprintf(ab->text, sizeof ab->text, "A/B: %s %+.2f %% [%+.2f, %+.2f], %d blocks",
            ab_verdict_name(ab->result.verdict), ab->result.effect_pct, ab->result.ci_pct[0],
            ab->result.ci_pct[1], blocks);
}

void fixture_free(struct snapshot *snapshot)
{
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++) {
        free(snapshot->cells[gemm]);
        free(snapshot->facts[gemm]);
    }
    question_free(&snapshot->question);
}

#define AT_NOON 1795608000.0 /* 2026-11-25 12:00 UTC */

/* Thirty around the cell's median, the last one far out. */
static void add_samples(struct past *past, double median_us)
{
    past->sample_count = 30;
    past->samples = xcalloc(past->sample_count, sizeof past->samples[0]);
    for (int i = 0; i < 30; i++)
        past->samples[i] = (float)(median_us * (1 + 0.0004 * (i * 7 % 13 - 6)));
    past->samples[29] = (float)(median_us * 1.05);
}

static void add_history(struct past *past, const struct tile *tile)
{
    struct store_choice hand = {.id = 2, .tile = *tile, .source = CHOICE_HAND, .time = AT_NOON};
    struct store_choice race = hand;
    snprintf(hand.reason, sizeof hand.reason, "on the map");
    snprintf(race.reason, sizeof race.reason, "fastest of 4 confirmed");
    hand.median_us = hand.default_us = NAN;
    race.id = 1;
    race.tile.num_warps = 8;
    race.source = CHOICE_RACE;
    race.time = AT_NOON - 3600;
    race.median_us = 1780;
    race.default_us = 2173.9;
    past->history = xcalloc(2, sizeof past->history[0]);
    past->history[0] = hand;
    past->history[1] = race;
    past->history_count = 2;
}

static void add_ab(struct past *past, const struct tile *tile)
{
    past->abs = xcalloc(1, sizeof past->abs[0]);
    past->abs[0] = (struct store_ab){.gemm = -1,
        .m = past->m,
        .a = {*tile, *tile},
        .b = {*tile, *tile},
        .a_label = "choice",
        .b_label = "default",
        .verdict = "SLOWER",
        .effect_pct = 24.1,
        .low_pct = 23.2,
        .high_pct = 25.0,
        .blocks = 12,
        .time = AT_NOON + 60};
    past->ab_count = 1;
}

static void add_events(struct past *past)
{
    static const char *const texts[] = {
        "tune 1 of GLM-4.7-FP8 TP4", "race 2/4 begins", "up M=96 settled: 1.12x default"};
    past->event_count = sizeof texts / sizeof texts[0];
    past->events = xcalloc(past->event_count, sizeof past->events[0]);
    for (size_t i = 0; i < past->event_count; i++) {
        past->events[i].time = AT_NOON + 60 * (double)i;
        snprintf(past->events[i].text, sizeof past->events[i].text, "%s", texts[i]);
    }
}

void fixture_past(struct state *state, const struct snapshot *snapshot)
{
    struct past *past = &state->past;
    past_free(past);
    past->tune = snapshot->tune;
    past->gemm = state->gemm;
    past->m = snapshot->question.batch_sizes[state->m_index];
    past->tile = snapshot->question.space.tiles[state->tile];
    past->time = AT_NOON - 7200;
    past->chunks = 3;
    past->sm_mhz = 2431;
    past->temperature_c = 71;
    past->build = (struct store_build){.id = 1,
        .engine = "sglang",
        .engine_version = "0.5.4.post2",
        .triton = "3.5.0",
        .ptxas = "12.8",
        .arch = 121};
    snprintf(past->method, sizeof past->method, "graph 8 launches");
    const struct cell *cell = board_cell(snapshot, state->gemm, state->m_index, state->tile);
    if (!isnan(cell->median_us))
        add_samples(past, cell->median_us);
    add_history(past, &past->tile);
    add_ab(past, &past->tile);
    add_events(past);
}
