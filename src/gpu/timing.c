/* SPDX-License-Identifier: MIT */
#include "gpu/timing_internal.h"

#include "base/clock.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>

/* What the sentinel streams through: bytes at least, and what a fast card reads in that time, as a
 * shorter look at its memory is noisier than the 3 % it is judged by. */
#define STREAM_LEAST (64u << 20)
#define STREAM_SECONDS 1e-4
#define SPACING_LAUNCHES 32 /* between sentinels, and */
#define SPACING_TIMES 20    /* so many times what one takes */

static bool make_slot(struct slot *slot, struct error *err)
{
    void *board;

    for (int i = 0; i < TIMING_ENTRIES; i++) {
        if (!CU(cuEventCreate(&slot->entry_events[i][0], CU_EVENT_DEFAULT)) ||
            !CU(cuEventCreate(&slot->entry_events[i][1], CU_EVENT_DEFAULT)))
            return false;
    }
    for (int i = 0; i < SENTINELS; i++) {
        for (int part = 0; part < SENTINEL_KINDS + 2; part++) {
            if (!CU(cuEventCreate(&slot->sentinel_events[i][part], CU_EVENT_DEFAULT)))
                return false;
        }
    }
    if (!CU(cuEventCreate(&slot->ended, CU_EVENT_DISABLE_TIMING)) ||
        !CU(cuMemHostAlloc(&board, sizeof *slot->board, CU_MEMHOSTALLOC_DEVICEMAP)))
        return false;
    slot->board = board;
    return CU(cuMemHostGetDevicePointer(&slot->device_board, board, 0));
}

static void drop_slot(struct slot *slot)
{
    for (int i = 0; i < TIMING_ENTRIES; i++) {
        for (int end = 0; end < 2; end++) {
            if (slot->entry_events[i][end])
                driver.cuEventDestroy(slot->entry_events[i][end]);
        }
    }
    for (int i = 0; i < SENTINELS; i++) {
        for (int part = 0; part < SENTINEL_KINDS + 2; part++) {
            if (slot->sentinel_events[i][part])
                driver.cuEventDestroy(slot->sentinel_events[i][part]);
        }
    }
    if (slot->ended)
        driver.cuEventDestroy(slot->ended);
    if (slot->board)
        driver.cuMemFreeHost(slot->board);
    if (slot->graph)
        driver.cuGraphExecDestroy(slot->graph);
}

struct timing *timing_open(struct layer *layer, struct error *err)
{
    struct timing *timing = xcalloc(1, sizeof *timing);
    const struct device *facts = &layer->card->facts;
    const double least = fmax(STREAM_LEAST, facts->bandwidth * STREAM_SECONDS);
    const size_t bytes = (size_t)fmax(least, 2.0 * (double)facts->l2_bytes) & ~(size_t)0xfff;
    CUstream stream = layer->card->stream;

    timing->layer = layer;
    if (!CU(cuStreamCreate(&timing->capture, CU_STREAM_NON_BLOCKING)) ||
        !memory_make(&timing->flush, bytes, err) || !memory_make(&timing->stream, bytes, err) ||
        !memory_make(&timing->sink, 64, err))
        goto fail;
    for (int i = 0; i < TIMING_SLOTS; i++) {
        if (!make_slot(&timing->slots[i], err))
            goto fail;
    }
    if (!CU(cuMemsetD8Async(timing->flush.at, 1, bytes, stream)) ||
        !CU(cuMemsetD8Async(timing->stream.at, 1, bytes, stream)) ||
        !CU(cuStreamSynchronize(stream)) || !timing_settle(timing, err))
        goto fail;
    return timing;
fail:
    timing_close(timing);
    return NULL;
}

void timing_close(struct timing *timing)
{
    if (!timing)
        return;
    driver.cuStreamSynchronize(timing->layer->card->stream);
    for (int i = 0; i < TIMING_SLOTS; i++)
        drop_slot(&timing->slots[i]);
    memory_drop(&timing->flush);
    memory_drop(&timing->stream);
    memory_drop(&timing->sink);
    if (timing->capture)
        driver.cuStreamDestroy(timing->capture);
    free(timing);
}

double timing_granularity_us(const struct timing *timing)
{
    return timing->granularity_us;
}

const double *timing_sentinel_us(const struct timing *timing)
{
    return timing->base_us;
}

double timing_bandwidth(const struct timing *timing)
{
    return (double)timing->stream.size / (timing->base_us[0] * 1e-6);
}

bool timing_stamp(struct timing *timing, CUevent event, struct error *err)
{
    return CU(cuEventRecordWithFlags(event, timing->capture, CU_EVENT_RECORD_EXTERNAL));
}

bool timing_mark(struct timing *timing, struct slot *slot, int entry, struct error *err)
{
    int value = ++slot->mark_count;
    CUdeviceptr where = slot->device_board + offsetof(struct board, mark);

    slot->marks[value] = entry;
    return own_launch(
        timing->layer->card, timing->capture, OWN_MARK, 1, 1, 1, (void *[]){&where, &value}, err);
}

/* Each launch takes the next place in memory, then the next copy: the weights that it reads
 * were not read lately. Which draw it takes follows from the sample's number alone. */
static struct turn next_turn(struct timing *timing, const struct bound *bound, int number)
{
    const struct placed *placed = bound->placed;
    const unsigned long long turn = timing->turns++;
    const unsigned long long places = (unsigned long long)placed->place_count;

    if (timing->layer->options.hot)
        return (struct turn){0};
    return (struct turn){
        .draw = number % placed->draw_count,
        .place = (int)(turn % places),
        .copy = (int)(turn / places %
                      (unsigned long long)timing->layer->gemms[bound->loaded->gemm].copies),
    };
}

static bool queue_entry(struct timing *timing, struct slot *slot, int index,
    const struct timing_entry *entry, struct error *err)
{
    struct bound bound;

    slot->launches[index] = entry->launches;
    slot->expected_us[index] = entry->expected_us;
    if (!launch_bind(entry->loaded, entry->m, &bound, err) ||
        !timing_mark(timing, slot, index, err) ||
        !timing_stamp(timing, slot->entry_events[index][0], err))
        return false;
    for (int i = 0; i < entry->launches; i++) {
        const struct turn turn = next_turn(timing, &bound, entry->number * entry->launches + i);

        if (!launch_queue(&bound, timing->capture, turn, err))
            return false;
    }
    return timing_stamp(timing, slot->entry_events[index][1], err);
}

static bool queue_entries(struct timing *timing, struct slot *slot,
    const struct timing_entry *entries, int count, struct error *err)
{
    int launches = SPACING_LAUNCHES; /* since the last sentinel: one is due at once */
    double us = SPACING_TIMES * timing->sentinel_us;

    for (int i = 0; i < count; i++) {
        if (launches >= SPACING_LAUNCHES && us >= SPACING_TIMES * timing->sentinel_us &&
            slot->sentinel_count < SENTINELS) {
            if (!sentinel_queue(timing, slot, err))
                return false;
            launches = 0;
            us = 0;
        }
        if (!queue_entry(timing, slot, i, &entries[i], err))
            return false;
        launches += entries[i].launches;
        us += entries[i].expected_us;
    }
    return true;
}

/* Ends the capture, whatever became of it, and starts the graph. */
static bool start_graph(struct timing *timing, struct slot *slot, bool good, struct error *err)
{
    CUgraph graph = NULL;
    CUstream stream = timing->layer->card->stream;
    const CUresult ended = driver.cuStreamEndCapture(timing->capture, &graph);

    good = good && driver_check(ended, "cuStreamEndCapture(", __FILE__, __LINE__, err) &&
           CU(cuGraphInstantiateWithFlags(&slot->graph, graph, 0)) &&
           CU(cuGraphLaunch(slot->graph, stream)) && CU(cuEventRecord(slot->ended, stream));
    if (graph)
        driver.cuGraphDestroy(graph);
    return good;
}

static struct slot *take_slot(struct timing *timing)
{
    struct slot *slot = &timing->slots[(timing->first + timing->under_way) % TIMING_SLOTS];

    if (timing->under_way == TIMING_SLOTS)
        abort();
    slot->entry_count = slot->sentinel_count = slot->mark_count = 0;
    *slot->board = (struct board){0};
    return slot;
}

/* A lost context counts as submitted: it shows, with the entry at fault, when it is collected. */
static enum gpu_end submitted(struct timing *timing, struct slot *slot, bool good)
{
    if (good || driver_context_lost()) {
        timing->under_way++;
        return GPU_DONE;
    }
    if (slot->graph)
        driver.cuGraphExecDestroy(slot->graph);
    slot->graph = NULL;
    return GPU_ERROR;
}

enum gpu_end timing_submit(
    struct timing *timing, const struct timing_entry *entries, int count, struct error *err)
{
    struct slot *slot = take_slot(timing);

    slot->entry_count = count;
    if (!CU(cuStreamBeginCapture(timing->capture, CU_STREAM_CAPTURE_MODE_RELAXED)))
        return submitted(timing, slot, false);
    return submitted(timing, slot,
        start_graph(timing, slot, queue_entries(timing, slot, entries, count, err), err));
}

enum gpu_end timing_submit_sentinels(struct timing *timing, int count, struct error *err)
{
    struct slot *slot = take_slot(timing);
    bool good = true;

    if (!CU(cuStreamBeginCapture(timing->capture, CU_STREAM_CAPTURE_MODE_RELAXED)))
        return submitted(timing, slot, false);
    for (int i = 0; good && i < count; i++)
        good = sentinel_queue(timing, slot, err);
    return submitted(timing, slot, start_graph(timing, slot, good, err));
}

/* The entry that runs now, -1: none or a sentinel. */
static int running_entry(const struct slot *slot)
{
    const int mark = slot->board->mark;

    return mark > 0 && mark <= slot->mark_count ? slot->marks[mark] : -1;
}

static double patience_for(const struct slot *slot)
{
    const int entry = running_entry(slot);
    const double expected = entry < 0 ? 0 : 20e-6 * slot->expected_us[entry];

    return expected > TIMING_PATIENCE_S ? expected : TIMING_PATIENCE_S;
}

/* Polls, since a kernel that never ends would hold any call that waits. */
static enum gpu_end wait_for_slot(const struct slot *slot, struct error *err)
{
    double since = clock_monotonic();
    int mark = slot->board->mark;

    for (;;) {
        const CUresult result = driver.cuEventQuery(slot->ended);

        if (result == CUDA_SUCCESS)
            return GPU_DONE;
        if (result != CUDA_ERROR_NOT_READY) {
            driver_check(result, "launch(", __FILE__, __LINE__, err);
            return launch_failed();
        }
        if (mark != slot->board->mark) {
            mark = slot->board->mark;
            since = clock_monotonic();
        }
        if (clock_monotonic() - since > patience_for(slot)) {
            error_set(err, ERROR_DEVICE, "a kernel has not ended after %.1f s",
                clock_monotonic() - since);
            return GPU_HANG;
        }
        clock_sleep(50e-6);
    }
}

static bool read_slot(const struct timing *timing, const struct slot *slot,
    struct timing_result *result, struct error *err)
{
    double medians[SENTINEL_KINDS], total_us = 0;

    if (!sentinel_read(slot, medians, &total_us, err))
        return false;
    for (int i = 0; i < slot->entry_count; i++) {
        float ms = 0;

        if (!CU(cuEventElapsedTime(&ms, slot->entry_events[i][0], slot->entry_events[i][1])))
            return false;
        total_us += 1e3 * (double)ms;
        result->us[i] = 1e3f * ms / (float)slot->launches[i];
        result->launches += slot->launches[i];
    }
    result->count = slot->entry_count;
    result->clock_mhz = sentinel_clock_mhz(slot);
    result->sentinel = sentinel_deviation(timing, medians, result->clock_mhz);
    result->gpu_s = 1e-6 * total_us;
    return true;
}

/* The last batch that started is the one that did not end. */
static void find_fault(const struct timing *timing, struct timing_result *result)
{
    for (int i = timing->under_way - 1; i >= 0; i--) {
        const struct slot *slot = &timing->slots[(timing->first + i) % TIMING_SLOTS];

        if (slot->board->mark) {
            result->at_fault = running_entry(slot);
            result->behind = i;
            return;
        }
    }
}

enum gpu_end timing_collect(struct timing *timing, struct timing_result *result, struct error *err)
{
    struct slot *slot = &timing->slots[timing->first];
    enum gpu_end end;

    if (!timing->under_way)
        abort();
    *result = (struct timing_result){.at_fault = -1};
    end = wait_for_slot(slot, err);
    if (end == GPU_FAULT || end == GPU_HANG) {
        find_fault(timing, result);
        return end;
    }
    if (end == GPU_DONE && !read_slot(timing, slot, result, err))
        end = launch_failed();
    driver.cuGraphExecDestroy(slot->graph);
    slot->graph = NULL;
    timing->first = (timing->first + 1) % TIMING_SLOTS;
    timing->under_way--;
    return end;
}
