/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_DOMAIN_ROUTING_H
#define MOEBENCH_DOMAIN_ROUTING_H

#include "domain/shape.h"

#include <stddef.h>

enum routing_kind { ROUTING_UNIFORM, ROUTING_ZIPF, ROUTING_FILE, ROUTING_KIND_COUNT };

const char *routing_kind_name(enum routing_kind kind); /* "uniform", "zipf", "file" */
/* False, and *kind as it was, for any other name. */
bool routing_kind_parse(const char *name, enum routing_kind *kind);

/* Recorded choices of a router: `tokens` rows of `top_k` expert ids. */
struct routing_record {
    int *ids; /* owned, [tokens, top_k]; -1: an expert on another rank */
    int tokens;
    int top_k;
};

/* Reads text (one token a line, ids parted by blanks or commas, # comments) or an .npy file of
 * int32 or int64, [tokens, top_k]. `name` is for messages. The caller owns record->ids (free()). */
bool routing_parse(const char *name, const void *bytes, size_t length,
    struct routing_record *record, struct error *err);

/* What the router does. */
struct routing_plan {
    enum routing_kind kind;
    double zipf;                         /* exponent: the expert of rank r has weight 1/r^zipf */
    const struct routing_record *record; /* of ROUTING_FILE, borrowed */
    unsigned long long seed;
};

/*
 * The routings that launches of one M rotate through. A draw is a choice of experts for each
 * token, under labels; a place says which expert in memory stands for each label. Draws differ in
 * how many experts they hit and how often, as a router's do; places of one draw differ in nothing
 * but which weights are read. So every tile can be timed on the same draws, and still
 * no launch finds the weights of the one before it in the cache.
 *
 * A fused shared expert is the last label, in every token's last slot, with weight 1. Under expert
 * parallelism tokens choose among all routed experts and those of other ranks become -1.
 */
struct routing {
    int m, top_k, experts;
    int draw_count, place_count;
    int *ids;       /* [draw, m*top_k] labels, -1 for experts of other ranks */
    int *places;    /* [draw, place, experts] label -> expert in memory; a permutation each */
    float *weights; /* [m*top_k] router weights, a token's add to 1 but for the shared expert */
};

/* Draws as many as give a stable mean: 16 for small M, 4 for the largest. Fails on a
 * record that does not suit the shape. Free with routing_free. */
bool routing_make(const struct routing_plan *plan, const struct shape *shape, int m,
    struct routing *routing, struct error *err);
void routing_free(struct routing *routing);
const int *routing_ids(const struct routing *routing, int draw);
const int *routing_place(const struct routing *routing, int draw, int place);

/* The align step's outputs as the engines lay them out for the kernel. */
struct aligned {
    int *sorted;     /* [em] positions in ids, grouped by expert, padded with `count`; owned */
    int *experts;    /* [blocks] label of each block, -1 for other ranks' and unused ones; owned */
    long long em;    /* length of sorted, as the engine allocates it */
    int blocks;      /* ceil(em / block_m) */
    int post_padded; /* rows in use: a multiple of block_m */
};

/*
 * Groups `count` ids (-1..experts-1) by expert, -1 first, each group padded to a multiple of
 * block_m. `em` is engine_em's. Order inside a group is ascending; the engines' is not fixed.
 */
void routing_align(
    const int *ids, int count, int experts, int block_m, long long em, struct aligned *aligned);
void aligned_free(struct aligned *aligned);

/* Distinct experts that M uniformly routed tokens are expected to hit on this rank. */
double routing_expected_experts(const struct shape *shape, int m);
/* Their (token, expert) rows: m * top_k, but for what experts of other ranks take. */
double routing_expected_rows(const struct shape *shape, int m);

#endif
