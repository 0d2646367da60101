/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_GPU_LAYER_H
#define MOEBENCH_GPU_LAYER_H

#include "domain/engine.h"
#include "domain/routing.h"
#include "gpu/card.h"

struct layer_options {
    struct engine engine;
    struct shape shape;
    int max_m;                /* the largest M that will be asked for */
    struct routing_plan plan; /* a record is borrowed until layer_close */
    bool hot;                 /* one routing for every launch */
};

/* One MoE layer in the card's memory: weights, activations, scales and outputs of both GEMMs, and
 * routings made as they are asked for. */
struct layer;

/* Refuses, with numbers, what does not fit into the memory that is free. */
struct layer *layer_open(struct card *card, const struct layer_options *options, struct error *err);
void layer_close(struct layer *layer); /* NULL does nothing */
long long layer_bytes(const struct layer *layer);
int layer_copies(const struct layer *layer, enum gemm gemm);
/* Makes the routings of M and their align step for block_m ready on the card, so that no later
 * launch allocates. Harmless when they are. */
bool layer_route(struct layer *layer, int m, int block_m, struct error *err);

#endif
