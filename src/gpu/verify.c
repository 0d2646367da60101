/* SPDX-License-Identifier: MIT */
#include "gpu/verify.h"

#include "base/clock.h"
#include "base/text.h"
#include "gpu/launch_internal.h"

#include <math.h>
#include <stdlib.h>

#define REFERENCES 64
#define REFERENCE_SHARE 4 /* of the memory free at first: one part in so many */
#define REFERENCE_PATIENCE_S 60.0

struct reference {
    enum gemm gemm;
    int m;
    struct memory out; /* fp32 [m*top_k, n] */
    unsigned long long used;
};

struct verifier {
    struct layer *layer;
    struct memory result; /* struct abi_comparison */
    struct reference references[REFERENCES];
    int count;
    size_t bytes, most_bytes;
    unsigned long long uses;
};

struct verifier *verify_open(struct layer *layer, struct error *err)
{
    struct verifier *verifier = xcalloc(1, sizeof *verifier);
    long long room;

    verifier->layer = layer;
    if (!card_free_memory(layer->card, &room, err) ||
        !memory_make(&verifier->result, sizeof(struct abi_comparison), err)) {
        free(verifier);
        return NULL;
    }
    verifier->most_bytes = (size_t)room / REFERENCE_SHARE;
    return verifier;
}

void verify_close(struct verifier *verifier)
{
    if (!verifier)
        return;
    for (int i = 0; i < verifier->count; i++)
        memory_drop(&verifier->references[i].out);
    memory_drop(&verifier->result);
    free(verifier);
}

/* Polls, so that a kernel that never ends does not hold us. */
static enum gpu_end wait_for(CUstream stream, double patience, struct error *err)
{
    const double end = clock_monotonic() + patience;

    for (;;) {
        CUresult result = driver.cuStreamQuery(stream);

        if (result == CUDA_SUCCESS)
            return GPU_DONE;
        if (result != CUDA_ERROR_NOT_READY) {
            driver_check(result, "launch(", __FILE__, __LINE__, err);
            return launch_failed();
        }
        if (clock_monotonic() > end) {
            error_set(err, ERROR_DEVICE, "a kernel has not ended after %.1f s", patience);
            return GPU_HANG;
        }
        clock_sleep(50e-6);
    }
}

static void drop_oldest(struct verifier *verifier)
{
    int oldest = 0;

    for (int i = 1; i < verifier->count; i++) {
        if (verifier->references[i].used < verifier->references[oldest].used)
            oldest = i;
    }
    verifier->bytes -= verifier->references[oldest].out.size;
    memory_drop(&verifier->references[oldest].out);
    verifier->references[oldest] = verifier->references[--verifier->count];
}

/* The sorted rows and the labels of draw 0, place 0, on the card while a reference is made. */
struct scratch {
    struct memory sorted, ids, place;
    int post_padded;
};

static bool upload_ints(
    struct card *card, struct memory *memory, const int *values, size_t count, struct error *err)
{
    return memory_make(memory, count * sizeof(int), err) &&
           memory_upload(card, memory->at, values, memory->size, err);
}

static bool scratch_make(
    struct layer *layer, const struct routing *routing, struct scratch *scratch, struct error *err)
{
    const int count = routing->m * routing->top_k;
    const int groups = routing->experts + 1;
    const long long em = count + (long long)groups * (ABI_REFERENCE_TILE - 1);
    struct card *card = layer->card;
    struct aligned aligned;
    bool good;

    routing_align(
        routing_ids(routing, 0), count, routing->experts, ABI_REFERENCE_TILE, em, &aligned);
    scratch->post_padded = aligned.post_padded;
    good = upload_ints(card, &scratch->sorted, aligned.sorted, (size_t)em, err) &&
           upload_ints(card, &scratch->ids, routing_ids(routing, 0), (size_t)count, err) &&
           upload_ints(
               card, &scratch->place, routing_place(routing, 0, 0), (size_t)routing->experts, err);
    aligned_free(&aligned);
    return good;
}

static void scratch_drop(struct scratch *scratch)
{
    memory_drop(&scratch->sorted);
    memory_drop(&scratch->ids);
    memory_drop(&scratch->place);
}

static void *address(CUdeviceptr at)
{
    return (void *)(uintptr_t)at;
}

static bool queue_reference(struct layer *layer, enum gemm gemm, int m,
    const struct scratch *scratch, CUdeviceptr out, struct error *err)
{
    const struct shape *shape = &layer->options.shape;
    const struct tensors *tensors = &layer->gemms[gemm];
    struct abi_reference arguments = {
        .a = address(tensors->a.at),
        .b = address(tensors->b.at),
        .a_scale = address(tensors->a_scale.at),
        .b_scale = address(tensors->b_scale.at),
        .weights = gemm == GEMM_DOWN ? address(layer_routed(layer, m)->weights.at) : NULL,
        .ids = address(scratch->ids.at),
        .place = address(scratch->place.at),
        .sorted = address(scratch->sorted.at),
        .out = address(out),
        .rows = m * shape->top_k,
        .n = shape_gemm_n(shape, gemm),
        .k = shape_gemm_k(shape, gemm),
        .top_k = gemm == GEMM_UP ? shape->top_k : 1,
        .block_n = shape->block_n,
        .block_k = shape->block_k,
        .scales = (int)layer_scales(layer),
        .element = (int)layer_element(layer),
    };
    const unsigned columns = (unsigned)(arguments.n + ABI_REFERENCE_TILE - 1) / ABI_REFERENCE_TILE;

    return own_launch(layer->card, layer->card->stream, OWN_REFERENCE, columns,
        (unsigned)(scratch->post_padded / ABI_REFERENCE_TILE), 256, (void *[]){&arguments}, err);
}

/* The reference starts as NaN, so that a row which it leaves out shows. */
static enum gpu_end make_reference(struct verifier *verifier, enum gemm gemm, int m,
    struct reference *reference, struct error *err)
{
    struct layer *layer = verifier->layer;
    const size_t size = (size_t)m * (size_t)layer->options.shape.top_k *
                        (size_t)shape_gemm_n(&layer->options.shape, gemm) * sizeof(float);
    struct scratch scratch = {0};
    enum gpu_end end = GPU_ERROR;

    while (verifier->count &&
           (verifier->bytes + size > verifier->most_bytes || verifier->count == REFERENCES))
        drop_oldest(verifier);
    *reference = (struct reference){.gemm = gemm, .m = m};
    if (memory_make(&reference->out, size, err) &&
        scratch_make(layer, &layer_routed(layer, m)->routing, &scratch, err) &&
        CU(cuMemsetD8Async(reference->out.at, 0xff, size, layer->card->stream)) &&
        queue_reference(layer, gemm, m, &scratch, reference->out.at, err))
        end = wait_for(layer->card->stream, REFERENCE_PATIENCE_S, err);
    else
        end = launch_failed();
    if (end == GPU_FAULT || end == GPU_HANG)
        return end;
    scratch_drop(&scratch);
    if (end != GPU_DONE)
        memory_drop(&reference->out);
    return end;
}

static enum gpu_end find_reference(
    struct verifier *verifier, enum gemm gemm, int m, CUdeviceptr *at, struct error *err)
{
    struct reference made;
    enum gpu_end end;

    for (int i = 0; i < verifier->count; i++) {
        struct reference *reference = &verifier->references[i];

        if (reference->gemm == gemm && reference->m == m) {
            reference->used = ++verifier->uses;
            *at = reference->out.at;
            return GPU_DONE;
        }
    }
    end = make_reference(verifier, gemm, m, &made, err);
    if (end != GPU_DONE)
        return end;
    made.used = ++verifier->uses;
    verifier->bytes += made.out.size;
    verifier->references[verifier->count++] = made;
    *at = made.out.at;
    return GPU_DONE;
}

static bool compare_output(struct verifier *verifier, CUdeviceptr reference, size_t count,
    struct abi_comparison *result, struct error *err)
{
    struct layer *layer = verifier->layer;
    struct card *card = layer->card;
    struct abi_compare arguments = {
        .c = address(layer->c.at),
        .reference = address(reference),
        .result = address(verifier->result.at),
        .count = count,
        .element = (int)layer_out_element(layer),
    };

    return CU(cuMemsetD8Async(verifier->result.at, 0, sizeof *result, card->stream)) &&
           own_launch(card, card->stream, OWN_COMPARE, (unsigned)card->facts.sm_count * 4, 1, 256,
               (void *[]){&arguments}, err) &&
           memory_download(card, result, verifier->result.at, sizeof *result, err);
}

static enum gpu_end launch_once(
    const struct loaded *loaded, int m, size_t count, double patience, struct error *err)
{
    struct layer *layer = loaded->layer;
    CUstream stream = layer->card->stream;
    struct bound bound;

    if (!launch_bind(loaded, m, &bound, err) ||
        !CU(cuMemsetD16Async(layer->c.at, ABI_POISON, count, stream)) ||
        !launch_queue(&bound, stream, (struct turn){0}, err))
        return launch_failed();
    return wait_for(stream, patience, err);
}

enum gpu_end verify_run(struct verifier *verifier, const struct loaded *loaded, int m,
    double patience, struct verdict *verdict, struct error *err)
{
    struct layer *layer = verifier->layer;
    const size_t count = (size_t)m * (size_t)layer->options.shape.top_k *
                         (size_t)shape_gemm_n(&layer->options.shape, loaded->gemm);
    struct abi_comparison result = {0};
    CUdeviceptr reference = 0;
    enum gpu_end end;

    if (!layer_route(layer, m, loaded->tile.block_m, err))
        return launch_failed();
    end = find_reference(verifier, loaded->gemm, m, &reference, err);
    if (end == GPU_DONE)
        end = launch_once(loaded, m, count, patience, err);
    if (end != GPU_DONE)
        return end;
    if (!compare_output(verifier, reference, count, &result, err))
        return launch_failed();
    *verdict = (struct verdict){
        .relative_error = sqrt(result.difference2 / result.reference2),
        .worst = result.worst / sqrt(result.reference2 / (double)count),
        .nan_count = (long long)result.nan_count,
        .unwritten = (long long)result.unwritten,
    };
    return GPU_DONE;
}
