/* SPDX-License-Identifier: MIT */
#include "worker/cuda.h"

#include "base/clock.h"
#include "base/text.h"
#include "domain/roofline.h"
#include "worker/order.h"

#include <stdlib.h>
#include <string.h>

#define UNKNOWN_TIMES 8 /* the roofline's time, for a tile never launched */
#define SUSPECT 0.03
#define UNDER_WAY 3        /* batches: one runs, one is next, one is being made */
#define UNDER_WAY_US 500e3 /* with this much queued, two will do */

/* A measure job under way. */
struct run {
    struct cuda *cuda;
    const struct measure_job *job;
    struct known **kernels; /* [item], borrowed */
    struct order order;
    struct order_batch batches[TIMING_SLOTS]; /* a ring, as the timing's own */
    int oldest, under_way;
    double under_way_us;
    struct measure_chunk chunk; /* the next one, gathering */
    double chunk_start;         /* when the one before was done */
    bool (*emit)(const struct measure_chunk *chunk, void *arg);
    void *arg;
    int at_fault;
    bool cancelled;
};

static double known_us(const struct known *known, int m)
{
    for (int i = 0; i < known->time_count; i++) {
        if (known->times[i].m == m)
            return known->times[i].us;
    }
    return 0;
}

static void remember_us(struct known *known, int m, double us)
{
    int i = 0;

    while (i < known->time_count && known->times[i].m != m)
        i++;
    if (i == known->time_count) {
        known->times = xrealloc(known->times, (size_t)i + 1, sizeof *known->times);
        known->time_count++;
    }
    known->times[i] = (struct timed){m, us};
}

/* Everything that could allocate happens here, before the first launch. */
static bool prepare_item(struct run *run, int index, struct error *err)
{
    struct cuda *cuda = run->cuda;
    const struct measure_item *item = &run->job->items[index];
    struct known *known = cuda_find_kernel(cuda, item->kernel, item->gemm, &item->tile);
    struct roofline roofline;
    double us;

    if (!known)
        return error_set(err, ERROR_FAILED, "measure: kernel %.12s is not loaded", item->kernel);
    if (!layer_route(cuda->layer, item->m, item->tile.block_m, err))
        return false;
    roofline_make(&cuda->shape, item->gemm, item->m,
        routing_expected_experts(&cuda->shape, item->m), &cuda->device, &roofline);
    us = known_us(known, item->m);
    run->kernels[index] = known;
    run->order.items[index] = (struct order_item){
        .launches =
            order_launches(roofline.us / ORDER_REACHED, timing_granularity_us(cuda->timing)),
        .us = us > 0 ? us : UNKNOWN_TIMES * roofline.us,
        .ran = us > 0,
    };
    return true;
}

static void read_nvml(const struct run *run, struct measure_chunk *chunk)
{
    struct nvml_state state;

    nvml_read(run->cuda->nvml, false, &state);
    chunk->temperature_c = nvml_has(&state, NVML_TEMPERATURE) ? state.temperature_c : 0;
    chunk->power_w = nvml_has(&state, NVML_POWER) ? state.power_w : 0;
}

/* A sample, or a discarded launch that showed its item to be hopeless. */
static void take_figure(struct run *run, const struct order_batch *batch, int index, float us)
{
    const int item = batch->entries[index].item;
    const double give_up = run->job->items[item].give_up_us;
    struct measure_chunk *chunk = &run->chunk;

    remember_us(run->kernels[item], run->job->items[item].m, (double)us);
    run->order.items[item].us = (double)us;
    if (batch->first && (give_up <= 0 || (double)us <= give_up))
        return;
    if (batch->first)
        run->order.items[item].done = true;
    chunk->samples[chunk->sample_count].item = item;
    chunk->samples[chunk->sample_count].us = us;
    chunk->sample_count++;
}

/* Hands over the chunk when there is a sample in it; what discarded launches cost goes with the
 * next one. */
static void finish_chunk(struct run *run, const struct timing_result *result)
{
    struct measure_chunk *chunk = &run->chunk;
    const double now = clock_monotonic();
    const int number = chunk->number;

    if (!chunk->sample_count)
        return;
    chunk->sentinel = result->sentinel;
    chunk->suspect = result->sentinel > SUSPECT;
    chunk->clock_mhz = result->clock_mhz;
    chunk->wall_s = now - run->chunk_start;
    read_nvml(run, chunk);
    if (!run->cancelled && !run->emit(chunk, run->arg))
        run->cancelled = true;
    *chunk = (struct measure_chunk){.job = run->job->id, .number = number + 1};
    run->chunk_start = now;
}

static enum gpu_end collect(struct run *run, struct error *err)
{
    struct order_batch *batch = &run->batches[run->oldest];
    struct timing_result result;
    const enum gpu_end end = timing_collect(run->cuda->timing, &result, err);

    if (end != GPU_DONE) {
        batch = &run->batches[(run->oldest + result.behind) % TIMING_SLOTS];
        run->at_fault = result.at_fault < 0 ? -1 : batch->entries[result.at_fault].item;
        return end;
    }
    run->oldest = (run->oldest + 1) % TIMING_SLOTS;
    run->under_way--;
    run->under_way_us -= batch->expected_us;
    run->chunk.gpu_s += result.gpu_s;
    run->chunk.launches += result.launches;
    for (int i = 0; i < result.count; i++)
        take_figure(run, batch, i, result.us[i]);
    finish_chunk(run, &result);
    return GPU_DONE;
}

static enum gpu_end submit(struct run *run, const struct order_batch *batch, struct error *err)
{
    struct timing_entry entries[ORDER_BATCH];
    enum gpu_end end = GPU_DONE;

    for (int i = 0; i < batch->count; i++) {
        const struct order_entry *entry = &batch->entries[i];

        entries[i] = (struct timing_entry){
            .loaded = run->kernels[entry->item]->loaded,
            .m = run->job->items[entry->item].m,
            .launches = entry->launches,
            .number = entry->number,
            .expected_us = entry->expected_us,
        };
    }
    end = timing_submit(run->cuda->timing, entries, batch->count, err);
    if (end != GPU_DONE)
        return end;
    run->batches[(run->oldest + run->under_way) % TIMING_SLOTS] = *batch;
    run->under_way++;
    run->under_way_us += batch->expected_us;
    return GPU_DONE;
}

/* Runs what the order has begun; returns with its last batches still under way. */
static enum gpu_end run_batches(struct run *run, struct error *err)
{
    struct order_batch batch;
    enum gpu_end end = GPU_DONE;

    while (end == GPU_DONE && !run->cancelled && order_next(&run->order, &batch)) {
        while (end == GPU_DONE &&
               (run->under_way >= UNDER_WAY ||
                   (run->under_way == UNDER_WAY - 1 && run->under_way_us > UNDER_WAY_US)))
            end = collect(run, err);
        if (end == GPU_DONE && !run->cancelled)
            end = submit(run, &batch, err);
    }
    return end;
}

static bool is_under_way(const struct run *run, int group)
{
    for (int i = 0; i < run->under_way; i++) {
        const struct order_batch *batch = &run->batches[(run->oldest + i) % TIMING_SLOTS];

        if (batch->first && batch->group == group)
            return true;
    }
    return false;
}

/* What a group's discarded launches tell decides on its samples. */
static enum gpu_end run_samples(struct run *run, int group, struct error *err)
{
    enum gpu_end end = GPU_DONE;

    while (end == GPU_DONE && is_under_way(run, group))
        end = collect(run, err);
    if (end != GPU_DONE)
        return end;
    order_begin(&run->order, group, false);
    return run_batches(run, err);
}

/* The discarded launches of a group are queued before the samples of the group before it, so that
 * the card is busy while their outcome is looked at. */
static enum gpu_end run_groups(struct run *run, struct error *err)
{
    const int groups = run->order.group_count;
    enum gpu_end end = GPU_DONE;

    for (int group = 0; group <= groups && end == GPU_DONE && !run->cancelled; group++) {
        if (group < groups) {
            order_begin(&run->order, group, true);
            end = run_batches(run, err);
        }
        if (end == GPU_DONE && group > 0)
            end = run_samples(run, group - 1, err);
    }
    while (end == GPU_DONE && run->under_way)
        end = collect(run, err);
    return end;
}

/* Lets what is under way end, so that the next job finds the card free. */
static void drain(struct run *run)
{
    run->cancelled = true;
    while (run->under_way && collect(run, NULL) == GPU_DONE) {
    }
}

static enum job_end run_job(struct run *run, struct error *err)
{
    enum gpu_end end;

    for (int i = 0; i < run->job->item_count; i++) {
        if (!prepare_item(run, i, err))
            return JOB_ERROR;
    }
    run->chunk_start = clock_monotonic();
    end = run_groups(run, err);
    if (end == GPU_ERROR)
        drain(run);
    switch (end) {
    case GPU_FAULT:
        return JOB_FAULT;
    case GPU_HANG:
        return JOB_HANG;
    case GPU_ERROR:
        return JOB_ERROR;
    default:
        return run->cancelled ? JOB_CANCELLED : JOB_DONE;
    }
}

enum job_end cuda_measure(void *self, const struct measure_job *job,
    bool (*emit)(const struct measure_chunk *chunk, void *arg), void *arg, int *item,
    struct error *err)
{
    struct run *run = xcalloc(1, sizeof *run);
    enum job_end end = JOB_ERROR;

    *run = (struct run){.cuda = self, .job = job, .emit = emit, .arg = arg, .at_fault = -1};
    run->chunk.job = job->id;
    run->kernels = xcalloc((size_t)job->item_count + 1, sizeof(struct known *));
    order_open(&run->order, job);
    if (run->cuda->timing)
        end = run_job(run, err);
    else
        error_set(err, ERROR_FAILED, "measure comes before setup");
    *item = run->at_fault;
    order_close(&run->order);
    free(run->kernels);
    free(run);
    return end;
}
