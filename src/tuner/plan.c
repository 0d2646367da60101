/* SPDX-License-Identifier: MIT */
#include "tuner/plan.h"

#include "base/text.h"
#include "domain/routing.h"
#include "domain/smem.h"
#include "tuner/frequent.h"

#include <math.h>
#include <stdlib.h>

enum { QUICK_FREQUENT = 60, QUICK_MODEL = 40 };

double plan_model(const struct question *question, enum gemm gemm, int m, const struct tile *tile)
{
    const struct shape *shape = &question->shape;
    const struct device *device = &question->device;
    double bandwidth = device->sustained > 0 ? device->sustained : device->bandwidth;
    double rate = dtype_b_bytes(shape->dtype) == 1 && dtype_a_bytes(shape->dtype) == 1
                      ? device->tensor_fp8
                      : device->tensor_bf16;
    double n = shape_gemm_n(shape, gemm), k = shape_gemm_k(shape, gemm);
    double rows = routing_expected_rows(shape, m), used = routing_expected_experts(shape, m);
    double m_tiles = used * fmax(1, rows / used / tile->block_m + 0.5);
    double blocks = m_tiles * ceil(n / tile->block_n);
    double bytes = used * n * k * dtype_b_bytes(shape->dtype) +
                   rows * (k * dtype_a_bytes(shape->dtype) + n * 2);
    double flops =
        2 * blocks * tile->block_m * tile->block_n * ceil(k / tile->block_k) * tile->block_k;
    double sms = device->sm_count > 0 ? device->sm_count : 48, waves = blocks / sms;
    /* Accumulators beyond 128 registers a thread spill: seen to cost about three times. */
    bool spills = tile->block_m * tile->block_n > 128 * 32 * tile->num_warps;

    if (bandwidth <= 0)
        bandwidth = PLAN_BANDWIDTH;
    if (rate <= 0)
        rate = 100e12;
    return fmax(bytes / bandwidth, flops / rate) * ceil(waves) / waves * (spills ? 3 : 1) * 1e6;
}

int plan_find(const struct plan *plan, const struct tile *tile)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (tile_equal(&plan->tiles[i].tile, tile))
            return (int)i;
    }
    return -1;
}

bool plan_runs(const struct plan *plan, int tile)
{
    const struct plan_tile *t = &plan->tiles[tile];

    return t->admitted && t->fits && t->same == tile;
}

size_t plan_fitting(const struct plan *plan)
{
    size_t fitting = 0;

    for (size_t i = 0; i < plan->space_count; i++)
        fitting += plan_runs(plan, (int)i);
    return fitting;
}

int plan_m_index(const struct plan *plan, int m)
{
    return question_m_index(plan->question, m);
}

int plan_neighbour(const struct plan *plan, int tile, enum tile_number axis, int direction)
{
    const struct space *space = &plan->question->space;
    struct tile moved = plan->tiles[tile].tile;
    int *number = tile_number_at(&moved, axis), count = space->value_count[axis];

    for (int i = 0; i < count; i++) {
        if (space->values[axis][i] != *number)
            continue;
        if (i + direction < 0 || i + direction >= count)
            return -1;
        *number = space->values[axis][i + direction];
        return plan_find(plan, &moved);
    }
    return -1;
}

/* Fills in what the engine, the shared memory and the tiles before it say about tile `index`. */
static void judge_tile(struct plan *plan, int index)
{
    const struct question *question = plan->question;
    struct plan_tile *t = &plan->tiles[index];
    struct tile effective = t->tile;
    struct smem smem;

    t->admitted =
        engine_effective_tile(&question->engine, &question->shape, &t->tile, &effective, NULL);
    smem = smem_estimate(&question->engine, &question->shape, question->device.arch, &effective);
    t->smem = smem.bytes;
    t->exact = smem.exact;
    t->fits = question->device.smem_limit <= 0 || smem.bytes <= question->device.smem_limit;
    t->same = t->lead = index;
    if (!tile_equal(&effective, &t->tile)) {
        int other = plan_find(plan, &effective);
        t->same = other >= 0 ? other : index;
    }
    for (int i = 0; i < index; i++) {
        if (!tile_same_kernel(&plan->tiles[i].tile, &t->tile))
            continue;
        if (plan->tiles[i].tile.group_m < plan->tiles[t->lead].tile.group_m)
            t->lead = i;
    }
}

static int add_tile(struct plan *plan, const struct tile *tile, bool extra)
{
    int index = extra ? plan_find(plan, tile) : -1;

    if (index >= 0)
        return index;
    plan->tiles = xrealloc(plan->tiles, plan->count + 1, sizeof *plan->tiles);
    plan->tiles[plan->count] = (struct plan_tile){.tile = *tile, .extra = extra};
    return (int)plan->count++;
}

static void add_extras(struct plan *plan, const struct tile *const incumbent[GEMM_COUNT])
{
    const struct question *q = plan->question;

    for (int i = 0; i < q->batch_size_count; i++) {
        struct tile tile;

        engine_default_tile(&q->engine, &q->shape, &q->device, q->batch_sizes[i], &tile);
        plan->defaults[i] = add_tile(plan, &tile, true);
        for (int g = 0; g < GEMM_COUNT; g++) {
            bool given = incumbent && incumbent[g] && incumbent[g][i].block_m > 0;
            plan->incumbent[g][i] = given ? add_tile(plan, &incumbent[g][i], true) : -1;
        }
    }
}

struct ranked {
    int tile;
    double key; /* less is better */
};

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->tile > y->tile) - (x->tile < y->tile);
}

/*
 * The scan's tiles by how near each comes to the model's best at the M where it comes nearest:
 * what may win somewhere is compiled early.
 */
static size_t rank_by_model(const struct plan *plan, enum gemm gemm, struct ranked *ranked)
{
    const struct question *q = plan->question;
    size_t count = 0;

    for (size_t i = 0; i < plan->space_count; i++) {
        const struct plan_tile *t = &plan->tiles[i];
        bool leads = t->lead == (int)i || q->effort == EFFORT_EXHAUSTIVE;
        if (leads && plan_runs(plan, (int)i))
            ranked[count++] = (struct ranked){(int)i, INFINITY};
    }
    for (int m = 0; m < q->batch_size_count; m++) {
        double best = INFINITY;
        for (size_t i = 0; i < count; i++)
            best = fmin(
                best, plan_model(q, gemm, q->batch_sizes[m], &plan->tiles[ranked[i].tile].tile));
        for (size_t i = 0; i < count; i++) {
            const struct tile *tile = &plan->tiles[ranked[i].tile].tile;
            ranked[i].key =
                fmin(ranked[i].key, plan_model(q, gemm, q->batch_sizes[m], tile) / best);
        }
    }
    qsort(ranked, count, sizeof *ranked, compare_ranked);
    return count;
}

static bool is_frequent(const struct frequent *f, const struct tile *tile)
{
    return f->block_m == tile->block_m && f->block_n == tile->block_n &&
           f->block_k == tile->block_k && f->num_warps == tile->num_warps &&
           f->num_stages == tile->num_stages;
}

/* Keeps what people's tunes chose most often and the model's best, in the model's order. */
static size_t keep_quick(const struct plan *plan, struct ranked *ranked, size_t count)
{
    bool narrow = dtype_b_bytes(plan->question->shape.dtype) == 1;
    const struct frequent *table = narrow ? frequent_8bit : frequent_16bit;
    size_t kept = 0, frequent = 0;
    bool *keep = xcalloc(count + 1, sizeof *keep);

    for (int f = 0; f < FREQUENT_COUNT && frequent < QUICK_FREQUENT; f++) {
        for (size_t i = 0; i < count; i++) {
            if (!keep[i] && is_frequent(&table[f], &plan->tiles[ranked[i].tile].tile)) {
                keep[i] = true;
                frequent++;
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (keep[i] || i < QUICK_MODEL)
            ranked[kept++] = ranked[i];
    }
    free(keep);
    return kept;
}

static void scan_add(struct plan *plan, enum gemm gemm, int tile)
{
    for (size_t i = 0; i < plan->scan_count[gemm]; i++) {
        if (plan->scan[gemm][i] == tile)
            return;
    }
    plan->scan[gemm][plan->scan_count[gemm]++] = tile;
}

/* What somebody found good comes first, in the space or not. */
static void scan_incumbent(struct plan *plan, enum gemm gemm)
{
    for (int m = 0; m < plan->question->batch_size_count; m++) {
        int tile = plan->incumbent[gemm][m];

        if (tile < 0 || !plan_runs(plan, tile))
            continue;
        if (plan->question->effort != EFFORT_EXHAUSTIVE && plan_runs(plan, plan->tiles[tile].lead))
            tile = plan->tiles[tile].lead;
        scan_add(plan, gemm, tile);
    }
}

static void make_scan(struct plan *plan, enum gemm gemm)
{
    struct ranked *ranked = xcalloc(plan->space_count + 1, sizeof *ranked);
    size_t count = rank_by_model(plan, gemm, ranked);

    if (plan->question->effort == EFFORT_QUICK)
        count = keep_quick(plan, ranked, count);
    plan->scan[gemm] = xcalloc(plan->count + 1, sizeof *plan->scan[gemm]);
    scan_incumbent(plan, gemm);
    for (size_t i = 0; i < count; i++)
        scan_add(plan, gemm, ranked[i].tile);
    free(ranked);
}

void plan_make(struct plan *plan, const struct question *question,
    const struct tile *const incumbent[GEMM_COUNT])
{
    *plan = (struct plan){.question = question};
    for (size_t i = 0; i < question->space.count; i++)
        add_tile(plan, &question->space.tiles[i], false);
    plan->space_count = plan->count;
    add_extras(plan, incumbent);
    for (size_t i = 0; i < plan->count; i++)
        judge_tile(plan, (int)i);
    for (int g = 0; g < GEMM_COUNT; g++) {
        if (question->gemms[g])
            make_scan(plan, (enum gemm)g);
    }
}

void plan_free(struct plan *plan)
{
    for (int g = 0; g < GEMM_COUNT; g++)
        free(plan->scan[g]);
    free(plan->tiles);
    *plan = (struct plan){0};
}
