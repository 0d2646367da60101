/* SPDX-License-Identifier: MIT */
#include "gpu/timing_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "domain/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MMA_ITERATIONS 4096
#define SETTLE_BATCH 16 /* sentinels a batch while settling */
#define SETTLE_LEAST_S 0.25
#define SETTLE_MOST_S 3.0
#define SETTLE_AGREE 0.005
#define TELL_OFF 0.03

/* A stream of 512 threads a block, as many as the card holds. */
static bool queue_stream(struct timing *timing, const struct memory *memory, struct error *err)
{
    struct card *card = timing->layer->card;
    unsigned long long bytes = memory->size;
    CUdeviceptr data = memory->at, sink = timing->sink.at;

    return own_launch(card, timing->capture, OWN_READ_MEMORY, (unsigned)card->facts.sm_count * 4, 1,
        512, (void *[]){&data, &bytes, &sink}, err);
}

static bool queue_products(struct timing *timing, struct slot *slot, struct error *err)
{
    struct card *card = timing->layer->card;
    int iterations = MMA_ITERATIONS;
    CUdeviceptr sink = timing->sink.at;
    CUdeviceptr clock = slot->device_board + offsetof(struct board, clocks) +
                        (size_t)slot->sentinel_count * sizeof(struct abi_clock);

    return own_launch(card, timing->capture, OWN_MMA_LOOP, (unsigned)card->facts.sm_count, 1, 256,
        (void *[]){&iterations, &sink, &clock}, err);
}

/*
 * Two passes come before the timed one: over its own memory, for the page translations, then over
 * other memory, so that what is left in the cache is clean. With the second alone the sentinel was
 * 18 to 20 % slower behind the tiles that spill most (seen on an H100; that gigabytes of local
 * memory cost it the translations is a guess).
 */
bool sentinel_queue(struct timing *timing, struct slot *slot, struct error *err)
{
    CUevent *events = slot->sentinel_events[slot->sentinel_count];

    if (!timing_mark(timing, slot, -1, err) || !timing_stamp(timing, events[0], err) ||
        !queue_stream(timing, &timing->stream, err) || !queue_stream(timing, &timing->flush, err) ||
        !timing_stamp(timing, events[1], err) || !queue_stream(timing, &timing->stream, err) ||
        !timing_stamp(timing, events[2], err) || !queue_products(timing, slot, err) ||
        !timing_stamp(timing, events[3], err))
        return false;
    slot->sentinel_count++;
    return true;
}

bool sentinel_read(
    const struct slot *slot, double medians[SENTINEL_KINDS], double *total_us, struct error *err)
{
    double us[SENTINEL_KINDS][SENTINELS];

    for (int i = 0; i < slot->sentinel_count; i++) {
        const CUevent *events = slot->sentinel_events[i];
        float ms[SENTINEL_KINDS + 1];

        for (int part = 0; part <= SENTINEL_KINDS; part++) {
            if (!CU(cuEventElapsedTime(&ms[part], events[part], events[part + 1])))
                return false;
            *total_us += 1e3 * (double)ms[part];
        }
        for (int kind = 0; kind < SENTINEL_KINDS; kind++)
            us[kind][i] = 1e3 * (double)ms[kind + 1];
    }
    for (int kind = 0; kind < SENTINEL_KINDS; kind++)
        medians[kind] = stats_median(us[kind], (size_t)slot->sentinel_count);
    return true;
}

double sentinel_clock_mhz(const struct slot *slot)
{
    double cycles = 0, ns = 0;

    for (int i = 0; i < slot->sentinel_count; i++) {
        cycles += (double)slot->board->clocks[i].cycles;
        ns += (double)slot->board->clocks[i].ns;
    }
    return ns > 0 ? 1e3 * cycles / ns : 0;
}

/*
 * The MMA loop runs as fast as the clock, and the clock yields to the power that the timed tiles
 * themselves draw (7 % on an H100 at M=1024). That is theirs, not a disturbance: the clock is told
 * beside the samples, and the loop is judged in cycles.
 */
double sentinel_deviation(
    const struct timing *timing, const double medians[SENTINEL_KINDS], double clock_mhz)
{
    double off[SENTINEL_KINDS] = {0}, worst = 0;

    for (int kind = 0; kind < SENTINEL_KINDS && timing->base_us[kind] > 0; kind++) {
        const bool clocked = kind == SENTINEL_MMA && clock_mhz > 0 && timing->base_mhz > 0;
        const double pace = clocked ? clock_mhz / timing->base_mhz : 1;

        off[kind] = medians[kind] * pace / timing->base_us[kind] - 1;
        worst = fmax(worst, fabs(off[kind]));
    }
    if (worst > TELL_OFF)
        log_line(
            "sentinel: stream %+.1f %%, products %+.1f %% in cycles, %.0f MHz (%.0f at set-up)",
            100 * off[SENTINEL_STREAM], 100 * off[SENTINEL_MMA], clock_mhz, timing->base_mhz);
    return worst;
}

static int compare_floats(const void *left, const void *right)
{
    const float a = *(const float *)left, b = *(const float *)right;

    return (a > b) - (a < b);
}

/* The least difference between two of the batch's durations: what an event can tell apart. */
static bool read_granularity(struct timing *timing, const struct slot *slot, struct error *err)
{
    float ms[SENTINELS * (SENTINEL_KINDS + 1)];
    int count = 0;
    double least = 1e-3;

    for (int i = 0; i < slot->sentinel_count; i++) {
        const CUevent *events = slot->sentinel_events[i];

        for (int part = 0; part <= SENTINEL_KINDS; part++, count++) {
            if (!CU(cuEventElapsedTime(&ms[count], events[part], events[part + 1])))
                return false;
        }
    }
    qsort(ms, (size_t)count, sizeof ms[0], compare_floats);
    for (int i = 1; i < count; i++) {
        const double gap = (double)ms[i] - (double)ms[i - 1];

        if (gap > 1e-6 && gap < least)
            least = gap;
    }
    timing->granularity_us = 1e3 * least;
    return true;
}

static bool settle_batch(struct timing *timing, double medians[SENTINEL_KINDS], struct error *err)
{
    const struct slot *slot = &timing->slots[timing->first];
    struct timing_result result;
    double total = 0;

    if (timing_submit_sentinels(timing, SETTLE_BATCH, err) != GPU_DONE ||
        timing_collect(timing, &result, err) != GPU_DONE ||
        !sentinel_read(slot, medians, &total, err) || !read_granularity(timing, slot, err))
        return false;
    timing->sentinel_us = total / SETTLE_BATCH;
    return true;
}

/* Batches of sentinels alone until two in a row agree; fills the base and the grain. */
bool timing_settle(struct timing *timing, struct error *err)
{
    const double start = clock_monotonic();
    double before[SENTINEL_KINDS] = {0}, now[SENTINEL_KINDS], worst, passed;

    do {
        if (!settle_batch(timing, now, err))
            return false;
        worst = 0;
        for (int kind = 0; kind < SENTINEL_KINDS; kind++)
            worst = fmax(worst, fabs(before[kind] / now[kind] - 1));
        memcpy(before, now, sizeof before);
        passed = clock_monotonic() - start;
    } while (passed < SETTLE_LEAST_S || (worst > SETTLE_AGREE && passed < SETTLE_MOST_S));
    memcpy(timing->base_us, now, sizeof now);
    timing->base_mhz = sentinel_clock_mhz(&timing->slots[timing->first]);
    return true;
}
