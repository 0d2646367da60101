/* SPDX-License-Identifier: MIT */
#include "gpu/layer_internal.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const struct routed *find_routed(const struct layer *layer, int m)
{
    for (size_t i = 0; i < layer->routed_count; i++) {
        if (layer->routed[i].m == m)
            return &layer->routed[i];
    }
    return NULL;
}

const struct routed *layer_routed(const struct layer *layer, int m)
{
    const struct routed *routed = find_routed(layer, m);

    if (!routed)
        abort();
    return routed;
}

static const struct placed *find_placed(const struct layer *layer, int m, int block_m)
{
    for (size_t i = 0; i < layer->placed_count; i++) {
        if (layer->placed[i].m == m && layer->placed[i].block_m == block_m)
            return &layer->placed[i];
    }
    return NULL;
}

const struct placed *layer_placed(const struct layer *layer, int m, int block_m)
{
    const struct placed *placed = find_placed(layer, m, block_m);

    if (!placed)
        abort();
    return placed;
}

static bool make_routed(struct layer *layer, int m, struct error *err)
{
    const size_t size = (size_t)m * (size_t)layer->options.shape.top_k * sizeof(float);
    struct routed routed = {.m = m};

    if (!routing_make(&layer->options.plan, &layer->options.shape, m, &routed.routing, err))
        return false;
    if (!memory_make(&routed.weights, size, err) ||
        !memory_upload(layer->card, routed.weights.at, routed.routing.weights, size, err)) {
        memory_drop(&routed.weights);
        routing_free(&routed.routing);
        return false;
    }
    layer->routed = xrealloc(layer->routed, layer->routed_count + 1, sizeof routed);
    layer->routed[layer->routed_count++] = routed;
    return true;
}

/* Blocks of a draw under each of its places: the labels replaced by the experts they stand for. */
static void place_experts(
    const struct routing *routing, int draw, const struct aligned *aligned, size_t row, char *out)
{
    for (int p = 0; p < routing->place_count; p++) {
        const int *place = routing_place(routing, draw, p);
        int *experts = (int *)(void *)(out + (size_t)p * row);

        for (int b = 0; b < aligned->blocks; b++)
            experts[b] = aligned->experts[b] < 0 ? -1 : place[aligned->experts[b]];
    }
}

static bool upload_placed(
    struct layer *layer, const struct routing *routing, struct placed *placed, struct error *err)
{
    const int count = routing->m * routing->top_k;
    const size_t draws = (size_t)routing->draw_count, places = (size_t)routing->place_count;
    char *sorted = xcalloc(draws, placed->sorted_row);
    char *experts = xcalloc(draws * places, placed->experts_row);
    char *padded = xcalloc(draws, ROW_ALIGN);
    bool good;

    for (size_t q = 0; q < draws; q++) {
        struct aligned aligned;

        routing_align(routing_ids(routing, (int)q), count, routing->experts, placed->block_m,
            placed->em, &aligned);
        memcpy(sorted + q * placed->sorted_row, aligned.sorted, (size_t)placed->em * sizeof(int));
        memcpy(padded + q * ROW_ALIGN, &aligned.post_padded, sizeof aligned.post_padded);
        place_experts(routing, (int)q, &aligned, placed->experts_row,
            experts + q * places * placed->experts_row);
        aligned_free(&aligned);
    }
    good =
        memory_make(&placed->sorted, draws * placed->sorted_row, err) &&
        memory_make(&placed->experts, draws * places * placed->experts_row, err) &&
        memory_make(&placed->post_padded, draws * ROW_ALIGN, err) &&
        memory_upload(layer->card, placed->sorted.at, sorted, placed->sorted.size, err) &&
        memory_upload(layer->card, placed->experts.at, experts, placed->experts.size, err) &&
        memory_upload(layer->card, placed->post_padded.at, padded, placed->post_padded.size, err);
    free(sorted);
    free(experts);
    free(padded);
    return good;
}

static bool make_placed(struct layer *layer, int m, int block_m, struct error *err)
{
    const struct routing *routing = &layer_routed(layer, m)->routing;
    struct placed placed = {.m = m,
        .block_m = block_m,
        .draw_count = routing->draw_count,
        .place_count = routing->place_count};

    placed.em = engine_em(&layer->options.engine, &layer->options.shape, m, block_m);
    placed.sorted_row = layer_aligned((size_t)placed.em * sizeof(int));
    placed.experts_row = layer_aligned((size_t)shape_blocks(placed.em, block_m) * sizeof(int));
    if (!upload_placed(layer, routing, &placed, err)) {
        memory_drop(&placed.sorted);
        memory_drop(&placed.experts);
        memory_drop(&placed.post_padded);
        return false;
    }
    layer->placed = xrealloc(layer->placed, layer->placed_count + 1, sizeof placed);
    layer->placed[layer->placed_count++] = placed;
    return true;
}

bool layer_route(struct layer *layer, int m, int block_m, struct error *err)
{
    if (m < 1 || m > layer->options.max_m)
        return error_set(
            err, ERROR_FAILED, "M=%d: the layer was set up for 1 to %d", m, layer->options.max_m);
    return (find_routed(layer, m) || make_routed(layer, m, err)) &&
           (find_placed(layer, m, block_m) || make_placed(layer, m, block_m, err));
}

void layer_addresses(const struct layer *layer, enum gemm gemm, const struct placed *placed,
    struct turn turn, CUdeviceptr addresses[BUFFER_COUNT])
{
    const struct tensors *tensors = &layer->gemms[gemm];
    const size_t draw = (size_t)turn.draw;
    const size_t place = draw * (size_t)placed->place_count + (size_t)turn.place;

    addresses[BUFFER_A] = tensors->a.at;
    addresses[BUFFER_B] = tensors->b.at + (size_t)turn.copy * tensors->copy_bytes;
    addresses[BUFFER_C] = layer->c.at;
    addresses[BUFFER_A_SCALE] = tensors->a_scale.at;
    addresses[BUFFER_B_SCALE] = tensors->b_scale.at;
    addresses[BUFFER_TOPK_WEIGHTS] = layer_routed(layer, placed->m)->weights.at;
    addresses[BUFFER_SORTED_IDS] = placed->sorted.at + draw * placed->sorted_row;
    addresses[BUFFER_EXPERT_IDS] = placed->experts.at + place * placed->experts_row;
    addresses[BUFFER_POST_PADDED] = placed->post_padded.at + draw * ROW_ALIGN;
}
