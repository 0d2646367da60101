/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_GPU_LAYER_INTERNAL_H
#define MOEBENCH_GPU_LAYER_INTERNAL_H

#include "domain/argument.h"
#include "gpu/internal.h"
#include "gpu/layer.h"

/* The routings of one M. */
struct routed {
    int m;
    struct routing routing;
    struct memory weights; /* fp32 [m*top_k] */
};

/* The align step of one M's routings for one BLOCK_SIZE_M; every row starts at a 256-byte boundary.
 */
struct placed {
    int m, block_m;
    int draw_count, place_count;
    long long em;
    struct memory sorted;      /* int32 [draw] rows of sorted_row bytes */
    struct memory experts;     /* int32 [draw * place_count + place] rows of experts_row bytes */
    struct memory post_padded; /* int32 [draw] rows of 256 bytes */
    size_t sorted_row, experts_row;
};

struct tensors {
    struct memory a, b, a_scale, b_scale;
    size_t copy_bytes; /* of one copy of all of B's experts */
    int copies;        /* B is there so many times, alike, to keep it out of the L2 cache */
};

struct layer {
    struct card *card;
    struct layer_options options;
    struct tensors gemms[GEMM_COUNT];
    struct memory c; /* output of either GEMM */
    struct routed *routed;
    size_t routed_count;
    struct placed *placed;
    size_t placed_count;
};

#define ROW_ALIGN 256u             /* of what pointers with the 16-byte hint point at */
size_t layer_aligned(size_t size); /* the next multiple of it */
enum abi_element layer_element(const struct layer *layer);     /* of A and B */
enum abi_element layer_out_element(const struct layer *layer); /* of C */
enum abi_scales layer_scales(const struct layer *layer);
/* These two want layer_route to have come before, and are borrowed until the next one. */
const struct routed *layer_routed(const struct layer *layer, int m);
const struct placed *layer_placed(const struct layer *layer, int m, int block_m);

/* Which routing a launch takes. */
struct turn {
    int draw, place, copy;
};

/* The addresses that a launch points at; layer_route(m, block_m) came before. */
void layer_addresses(const struct layer *layer, enum gemm gemm, const struct placed *placed,
    struct turn turn, CUdeviceptr addresses[BUFFER_COUNT]);

#endif
