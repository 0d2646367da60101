/* SPDX-License-Identifier: MIT */
#include "gpu/layer_internal.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>

#define COPIES_MOST 8
#define ROUTINGS_ROOM (256LL << 20) /* for routings, references and the sentinel */

size_t layer_aligned(size_t size)
{
    return (size + ROW_ALIGN - 1) / ROW_ALIGN * ROW_ALIGN;
}

enum abi_element layer_element(const struct layer *layer)
{
    switch (layer->options.shape.dtype) {
    case DTYPE_FP8_W8A8:
        return ABI_FP8;
    case DTYPE_INT8_W8A8:
        return ABI_INT8;
    case DTYPE_FP16:
        return ABI_FP16;
    default:
        return ABI_BF16;
    }
}

enum abi_element layer_out_element(const struct layer *layer)
{
    return layer->options.shape.out == DTYPE_FP16 ? ABI_FP16 : ABI_BF16;
}

enum abi_scales layer_scales(const struct layer *layer)
{
    const struct shape *shape = &layer->options.shape;

    if (shape->dtype != DTYPE_FP8_W8A8 && shape->dtype != DTYPE_INT8_W8A8)
        return ABI_UNSCALED;
    if (shape->block_n > 0 && shape->block_k > 0)
        return ABI_BLOCKWISE;
    return shape->per_channel ? ABI_PER_CHANNEL : ABI_PER_TENSOR;
}

/* Elements of the four tensors of a GEMM at M tokens. */
struct counts {
    size_t a, b, a_scale, b_scale, c;
};

static struct counts count_elements(const struct layer *layer, enum gemm gemm, int m)
{
    const struct shape *shape = &layer->options.shape;
    const size_t n = (size_t)shape_gemm_n(shape, gemm), k = (size_t)shape_gemm_k(shape, gemm);
    const size_t rows = (size_t)m * (size_t)shape->top_k, experts = (size_t)shape->experts;
    const size_t a_rows = gemm == GEMM_UP ? (size_t)m : rows;
    struct counts counts = {.a = a_rows * k, .b = experts * n * k, .c = rows * n};

    if (layer_scales(layer) == ABI_PER_TENSOR) {
        counts.a_scale = 1;
        counts.b_scale = experts;
    } else if (layer_scales(layer) == ABI_PER_CHANNEL) {
        counts.a_scale = a_rows;
        counts.b_scale = experts * n;
    } else if (layer_scales(layer) == ABI_BLOCKWISE) {
        const size_t blocks = (size_t)shape_blocks(k, shape->block_k);

        counts.a_scale = a_rows * blocks;
        counts.b_scale = experts * (size_t)shape_blocks(n, shape->block_n) * blocks;
    }
    return counts;
}

static bool fill(struct card *card, enum own_kernel which, CUdeviceptr at, size_t count,
    enum abi_element element, double scale, unsigned long long seed, struct error *err)
{
    struct abi_fill arguments = {(void *)(uintptr_t)at, count, seed, (float)scale, (int)element};

    if (!count)
        return true;
    return own_launch(card, card->stream, which, (unsigned)(card->facts.sm_count * 8), 1, 256,
        (void *[]){&arguments}, err);
}

/* Deviations that use a quantised type's range as an amax scale does. */
static double deviation_of(enum abi_element element)
{
    return element == ABI_FP8 ? 100 : element == ABI_INT8 ? 36 : 1;
}

/* Fills a GEMM's inputs so that its outputs are about 1 in size. */
static bool fill_gemm(struct layer *layer, enum gemm gemm, struct error *err)
{
    struct tensors *tensors = &layer->gemms[gemm];
    const struct counts counts = count_elements(layer, gemm, layer->options.max_m);
    const enum abi_element element = layer_element(layer);
    const bool scaled = layer_scales(layer) != ABI_UNSCALED;
    const double deviation = deviation_of(element);
    const double shrink = 1 / sqrt(shape_gemm_k(&layer->options.shape, gemm));
    const unsigned long long seed = (layer->options.plan.seed + (unsigned)gemm) << 40;
    struct card *card = layer->card;

    for (int i = 0; i < tensors->copies; i++) {
        if (!fill(card, OWN_FILL_VALUES, tensors->b.at + (size_t)i * tensors->copy_bytes, counts.b,
                element, scaled ? deviation : shrink, seed, err))
            return false;
    }
    return fill(card, OWN_FILL_VALUES, tensors->a.at, counts.a, element, deviation,
               seed + (1ull << 37), err) &&
           fill(card, OWN_FILL_SCALES, tensors->a_scale.at, counts.a_scale, ABI_BF16, 1 / deviation,
               seed + (2ull << 37), err) &&
           fill(card, OWN_FILL_SCALES, tensors->b_scale.at, counts.b_scale, ABI_BF16,
               shrink / deviation, seed + (3ull << 37), err);
}

/* Weights that the L2 cache could hold much of are there several times. */
static int copies_for(const struct layer *layer, size_t bytes)
{
    const size_t enough = 5 * (size_t)layer->card->facts.l2_bytes;
    size_t copies = (enough + bytes - 1) / bytes;

    if (layer->options.hot || copies < 1)
        copies = 1;
    return (int)(copies > COPIES_MOST ? COPIES_MOST : copies);
}

static bool make_gemm(struct layer *layer, enum gemm gemm, struct error *err)
{
    struct tensors *tensors = &layer->gemms[gemm];
    const struct counts counts = count_elements(layer, gemm, layer->options.max_m);
    const size_t a_bytes = (size_t)dtype_a_bytes(layer->options.shape.dtype);

    return memory_make(&tensors->b, tensors->copy_bytes * (size_t)tensors->copies, err) &&
           memory_make(&tensors->a, counts.a * a_bytes, err) &&
           memory_make(&tensors->a_scale, counts.a_scale * 4, err) &&
           memory_make(&tensors->b_scale, counts.b_scale * 4, err) && fill_gemm(layer, gemm, err);
}

/* What the layer will take; decides on copies of the weights. */
static long long plan_bytes(struct layer *layer)
{
    const struct shape *shape = &layer->options.shape;
    size_t bytes = 0, c = 0;

    for (int gemm = 0; gemm < GEMM_COUNT; gemm++) {
        const struct counts counts = count_elements(layer, (enum gemm)gemm, layer->options.max_m);
        struct tensors *tensors = &layer->gemms[gemm];

        tensors->copy_bytes = layer_aligned(counts.b * (size_t)dtype_b_bytes(shape->dtype));
        tensors->copies = copies_for(layer, tensors->copy_bytes);
        bytes += tensors->copy_bytes * (size_t)tensors->copies;
        bytes += counts.a * (size_t)dtype_a_bytes(shape->dtype);
        bytes += 4 * (counts.a_scale + counts.b_scale);
        c = counts.c > c ? counts.c : c;
    }
    return (long long)(bytes + 2 * c);
}

static bool check_memory(struct layer *layer, long long needed, struct error *err)
{
    long long room;
    char need_text[32], room_text[32];

    if (!card_free_memory(layer->card, &room, err))
        return false;
    if (needed + ROUTINGS_ROOM <= room)
        return true;
    return error_set(err, ERROR_DEVICE,
        "the layer needs %s bytes of GPU memory, %s are free%s: stop what else uses it, or ask "
        "for a smaller largest M",
        text_grouped(needed + ROUTINGS_ROOM, need_text, sizeof need_text),
        text_grouped(room, room_text, sizeof room_text),
        layer->card->facts.unified ? " (memory shared with the CPU, less a margin)" : "");
}

struct layer *layer_open(struct card *card, const struct layer_options *options, struct error *err)
{
    struct layer *layer = xcalloc(1, sizeof *layer);
    size_t c = 0;

    layer->card = card;
    layer->options = *options;
    if (!argument_supported(&options->engine, &options->shape, err) ||
        !check_memory(layer, plan_bytes(layer), err))
        goto fail;
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++) {
        const struct counts counts = count_elements(layer, (enum gemm)gemm, options->max_m);

        c = counts.c > c ? counts.c : c;
        if (!make_gemm(layer, (enum gemm)gemm, err))
            goto fail;
    }
    if (!memory_make(&layer->c, 2 * c, err) ||
        !CU(cuMemsetD16Async(layer->c.at, 0, c, card->stream)) ||
        !CU(cuStreamSynchronize(card->stream)))
        goto fail;
    return layer;
fail:
    layer_close(layer);
    return NULL;
}

void layer_close(struct layer *layer)
{
    if (!layer)
        return;
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++) {
        memory_drop(&layer->gemms[gemm].a);
        memory_drop(&layer->gemms[gemm].b);
        memory_drop(&layer->gemms[gemm].a_scale);
        memory_drop(&layer->gemms[gemm].b_scale);
    }
    memory_drop(&layer->c);
    for (size_t i = 0; i < layer->routed_count; i++) {
        routing_free(&layer->routed[i].routing);
        memory_drop(&layer->routed[i].weights);
    }
    for (size_t i = 0; i < layer->placed_count; i++) {
        memory_drop(&layer->placed[i].sorted);
        memory_drop(&layer->placed[i].experts);
        memory_drop(&layer->placed[i].post_padded);
    }
    free(layer->routed);
    free(layer->placed);
    free(layer);
}

long long layer_bytes(const struct layer *layer)
{
    size_t bytes = layer->c.size;

    for (int gemm = 0; gemm < GEMM_COUNT; gemm++) {
        const struct tensors *tensors = &layer->gemms[gemm];

        bytes += tensors->a.size + tensors->b.size + tensors->a_scale.size + tensors->b_scale.size;
    }
    return (long long)bytes;
}

int layer_copies(const struct layer *layer, enum gemm gemm)
{
    return layer->gemms[gemm].copies;
}
