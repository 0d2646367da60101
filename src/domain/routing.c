/* SPDX-License-Identifier: MIT */
#include "domain/routing.h"

#include "base/hash.h"
#include "base/random.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[ROUTING_KIND_COUNT] = {
    [ROUTING_UNIFORM] = "uniform",
    [ROUTING_ZIPF] = "zipf",
    [ROUTING_FILE] = "file",
};

const char *routing_kind_name(enum routing_kind kind)
{
    return kind_names[kind];
}

bool routing_kind_parse(const char *name, enum routing_kind *kind)
{
    int index = text_index(kind_names, ROUTING_KIND_COUNT, name);

    if (index >= 0)
        *kind = (enum routing_kind)index;
    return index >= 0;
}

/* Experts fused in behind the routed ones: chosen by every token. */
static int fused_experts(const struct shape *shape)
{
    return shape->experts > shape->routed ? shape->experts - shape->routed : 0;
}

static int draws_for(int m)
{
    return m <= 256 ? 16 : m <= 1024 ? 8 : 4;
}

/* Seeded per M, so that the routings of one M do not depend on which others are asked for. */
static void seed_for(struct random *random, unsigned long long seed, int m)
{
    random_seed(random, hash_mix(seed ^ hash_mix((uint64_t)m)));
}

/* `count` distinct experts of `pool`, each set equally likely: a partial Fisher-Yates. */
static void choose_uniform(struct random *random, int *pool, int size, int count, int *chosen)
{
    for (int i = 0; i < count; i++) {
        int j = i + (int)random_below(random, (uint64_t)(size - i));
        int taken = pool[j];

        pool[j] = pool[i];
        pool[i] = taken;
        chosen[i] = taken;
    }
}

/* Sequential sampling without replacement by the Gumbel top-k trick: the `count` largest keys. */
static void choose_weighted(struct random *random, const double *log_weights, double *keys,
    int size, int count, int *chosen)
{
    for (int e = 0; e < size; e++)
        keys[e] = log_weights[e] - log(-log(random_unit(random) + 1e-300) + 1e-300);
    for (int i = 0; i < count; i++) {
        int best = 0;

        for (int e = 1; e < size; e++) {
            if (keys[e] > keys[best])
                best = e;
        }
        chosen[i] = best;
        keys[best] = -INFINITY;
    }
}

/* Zipf weights over a seeded order of the experts, so that rank and id are unrelated. */
static double *zipf_log_weights(struct random *random, int size, double exponent)
{
    double *weights = xcalloc((size_t)size, sizeof *weights);

    for (int e = 0; e < size; e++)
        weights[e] = -exponent * log(e + 1.0);
    random_shuffle(random, weights, (size_t)size, sizeof *weights);
    return weights;
}

static void draw_ids(const struct routing_plan *plan, const struct shape *shape,
    struct random *random, struct routing *routing)
{
    const int fused = fused_experts(shape), chosen = shape->top_k - fused;
    const bool weighted = plan->kind == ROUTING_ZIPF;
    const size_t tokens = (size_t)routing->draw_count * (size_t)routing->m;
    double *logs = weighted ? zipf_log_weights(random, shape->routed, plan->zipf) : NULL;
    double *keys = xcalloc((size_t)shape->routed, sizeof *keys);
    int *pool = xcalloc((size_t)shape->routed, sizeof *pool);

    for (int e = 0; e < shape->routed; e++)
        pool[e] = e;
    for (size_t t = 0; t < tokens; t++) {
        int *row = routing->ids + t * (size_t)shape->top_k;

        if (weighted)
            choose_weighted(random, logs, keys, shape->routed, chosen, row);
        else
            choose_uniform(random, pool, shape->routed, chosen, row);
        for (int i = 0; i < chosen; i++)
            row[i] = row[i] < shape->experts ? row[i] : -1;
        for (int i = 0; i < fused; i++)
            row[chosen + i] = shape->routed + i;
    }
    free(logs);
    free(keys);
    free(pool);
}

/* Consecutive windows of the record, round and round. */
static bool copy_record(const struct routing_record *record, const struct shape *shape,
    struct routing *routing, struct error *err)
{
    const int fused = fused_experts(shape);
    const bool whole = record->top_k == shape->top_k;
    const size_t tokens = (size_t)routing->draw_count * (size_t)routing->m;

    if (!whole && record->top_k != shape->top_k - fused)
        return error_set(err, ERROR_FAILED, "routing file: %d experts a token, the layer has %d",
            record->top_k, shape->top_k);
    for (size_t t = 0; t < tokens; t++) {
        const int *from = record->ids + t % (size_t)record->tokens * (size_t)record->top_k;
        int *row = routing->ids + t * (size_t)shape->top_k;

        for (int i = 0; i < record->top_k; i++) {
            if (from[i] >= shape->experts)
                return error_set(err, ERROR_FAILED,
                    "routing file: expert %d, the layer has 0 to %d", from[i], shape->experts - 1);
            row[i] = from[i];
        }
        for (int i = 0; !whole && i < fused; i++)
            row[record->top_k + i] = shape->routed + i;
    }
    return true;
}

/* Labels in use first, in order; the rest behind. Returns how many are used. */
static int rank_labels(const struct routing *routing, int draw, int *ranked)
{
    const int *ids = routing_ids(routing, draw);
    const size_t count = (size_t)routing->m * (size_t)routing->top_k;
    char *used = xcalloc((size_t)routing->experts, 1);
    int next = 0, distinct;

    for (size_t i = 0; i < count; i++) {
        if (ids[i] >= 0)
            used[ids[i]] = 1;
    }
    for (int pass = 1; pass >= 0; pass--) {
        for (int e = 0; e < routing->experts; e++) {
            if (used[e] == pass)
                ranked[next++] = e;
        }
        if (pass)
            distinct = next;
    }
    free(used);
    return distinct;
}

/*
 * Lays the labels of place p over experts p*width.. of a permutation, width being the most that any
 * draw uses: neighbouring places share no expert. One place, the identity, where two do not fit.
 */
static void make_places(struct random *random, struct routing *routing)
{
    const size_t experts = (size_t)routing->experts;
    int *ranked = xcalloc((size_t)routing->draw_count * experts, sizeof *ranked);
    int *order = xcalloc(experts, sizeof *order);
    int width = 1;

    for (int q = 0; q < routing->draw_count; q++) {
        int distinct = rank_labels(routing, q, ranked + (size_t)q * experts);

        width = distinct > width ? distinct : width;
    }
    routing->place_count = 2 * width <= routing->experts ? routing->experts / width : 1;
    routing->places = xcalloc(
        (size_t)routing->draw_count * (size_t)routing->place_count * experts, sizeof *order);
    for (int e = 0; e < routing->experts; e++)
        order[e] = e;
    random_shuffle(random, order, experts, sizeof *order);
    for (int q = 0; q < routing->draw_count; q++) {
        for (int p = 0; p < routing->place_count; p++) {
            int *place =
                routing->places + ((size_t)q * (size_t)routing->place_count + (size_t)p) * experts;

            for (size_t r = 0; r < experts; r++) {
                int label = ranked[(size_t)q * experts + r];

                place[label] = routing->place_count == 1
                                   ? label
                                   : order[((size_t)p * (size_t)width + r) % experts];
            }
        }
    }
    free(ranked);
    free(order);
}

/* Positive, uneven, adding to 1 over a token's routed experts; a fused expert weighs 1. */
static void make_weights(struct random *random, const struct shape *shape, struct routing *routing)
{
    const int fused = fused_experts(shape), chosen = shape->top_k - fused;

    for (int t = 0; t < routing->m; t++) {
        float *row = routing->weights + (size_t)t * (size_t)shape->top_k;
        double sum = 0;

        for (int i = 0; i < chosen; i++) {
            row[i] = (float)(0.1 + random_unit(random));
            sum += row[i];
        }
        for (int i = 0; i < shape->top_k; i++)
            row[i] = i < chosen ? (float)(row[i] / sum) : 1.0f;
    }
}

bool routing_make(const struct routing_plan *plan, const struct shape *shape, int m,
    struct routing *routing, struct error *err)
{
    const size_t count = (size_t)m * (size_t)shape->top_k;
    struct random random;

    *routing = (struct routing){
        .m = m, .top_k = shape->top_k, .experts = shape->experts, .draw_count = draws_for(m)};
    if (m < 1 || shape->top_k - fused_experts(shape) > shape->routed)
        return error_set(err, ERROR_FAILED, "routing: M=%d tokens, %d of %d experts: impossible", m,
            shape->top_k, shape->routed);
    seed_for(&random, plan->seed, m);
    routing->ids = xcalloc((size_t)routing->draw_count * count, sizeof *routing->ids);
    routing->weights = xcalloc(count, sizeof *routing->weights);
    if (plan->kind != ROUTING_FILE) {
        draw_ids(plan, shape, &random, routing);
    } else if (!copy_record(plan->record, shape, routing, err)) {
        routing_free(routing);
        return false;
    }
    make_places(&random, routing);
    make_weights(&random, shape, routing);
    return true;
}

void routing_free(struct routing *routing)
{
    free(routing->ids);
    free(routing->places);
    free(routing->weights);
    *routing = (struct routing){0};
}

const int *routing_ids(const struct routing *routing, int draw)
{
    return routing->ids + (size_t)draw * (size_t)routing->m * (size_t)routing->top_k;
}

const int *routing_place(const struct routing *routing, int draw, int place)
{
    return routing->places +
           ((size_t)draw * (size_t)routing->place_count + (size_t)place) * (size_t)routing->experts;
}

void routing_align(
    const int *ids, int count, int experts, int block_m, long long em, struct aligned *aligned)
{
    const size_t groups = (size_t)experts + 1; /* group 0 holds -1 */
    int *start = xcalloc(groups + 1, sizeof *start);

    aligned->em = em;
    aligned->blocks = shape_blocks(em, block_m);
    aligned->sorted = xcalloc((size_t)em, sizeof *aligned->sorted);
    aligned->experts = xcalloc((size_t)aligned->blocks, sizeof *aligned->experts);
    for (int i = 0; i < count; i++)
        start[ids[i] + 2]++;
    for (size_t g = 0; g < groups; g++)
        start[g + 1] = start[g] + shape_blocks(start[g + 1], block_m) * block_m;
    aligned->post_padded = start[groups];
    for (long long i = 0; i < em; i++)
        aligned->sorted[i] = count;
    for (int b = 0; b < aligned->blocks; b++)
        aligned->experts[b] = -1;
    for (size_t g = 0; g < groups; g++) {
        for (int b = start[g] / block_m; b < start[g + 1] / block_m; b++)
            aligned->experts[b] = (int)g - 1;
    }
    for (int i = 0; i < count; i++)
        aligned->sorted[start[ids[i] + 1]++] = i;
    free(start);
}

void aligned_free(struct aligned *aligned)
{
    free(aligned->sorted);
    free(aligned->experts);
    *aligned = (struct aligned){0};
}

double routing_expected_experts(const struct shape *shape, int m)
{
    const int fused = fused_experts(shape), held = shape->experts - fused;
    const double missed = 1.0 - (double)(shape->top_k - fused) / shape->routed;

    return held * (1.0 - pow(missed, m)) + fused;
}

double routing_expected_rows(const struct shape *shape, int m)
{
    const int fused = fused_experts(shape), held = shape->experts - fused;

    return m * ((double)(shape->top_k - fused) * held / shape->routed + fused);
}
