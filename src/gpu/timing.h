/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_GPU_TIMING_H
#define MOEBENCH_GPU_TIMING_H

#include "gpu/launch.h"

/*
 * Samples are stretches of rotated launches between two events inside a captured graph, so that
 * the host is never in the figure. Weights are cold, activations warm, outputs not reused. Graphs
 * run one behind the other while the host makes the next: up to TIMING_SLOTS at a time.
 * In each, a sentinel (a stream through memory and a loop of products, of fixed size) runs first
 * and now and then between samples, and tells when the card is not what it was at set-up.
 */
struct timing;

#define TIMING_SLOTS 4
#define TIMING_ENTRIES 256 /* samples a batch at most */

/* One sample. */
struct timing_entry {
    const struct loaded *loaded;
    int m;              /* layer_route(m, the tile's BLOCK_SIZE_M) came before */
    int launches;       /* in a row, the time divided by their number */
    int number;         /* of the sample: alike numbers take alike draws of the routing */
    double expected_us; /* all launches together: spaces the sentinels, and 20 times as much
                           (but at least TIMING_PATIENCE_S) without an end is a hang */
};

#define TIMING_PATIENCE_S 1.5

/* What came out of a batch. */
struct timing_result {
    float us[TIMING_ENTRIES]; /* per launch */
    int count;
    double sentinel;  /* largest relative deviation of the medians of its sentinels from set-up's */
    double clock_mhz; /* the SM's, while the sentinel computed; 0 unknown */
    double gpu_s;     /* kernel time, sentinels included */
    int launches;     /* of the entries */
    int at_fault;     /* after GPU_FAULT and GPU_HANG: the entry that ran, -1 when it was none, */
    int behind;       /* of the batch so many behind this one: a fault shows in all of them */
};

/* Preheats until the sentinel is flat (at most 3 s) and measures the grain of the events. */
struct timing *timing_open(struct layer *layer, struct error *err);
/* Preheats and measures anew; nothing may be under way. */
bool timing_settle(struct timing *timing, struct error *err);
void timing_close(struct timing *timing); /* NULL does nothing; not after a fault or a hang */
double timing_granularity_us(const struct timing *timing);
/* Medians at set-up: [0] the stream through memory, [1] the loop of products. */
const double *timing_sentinel_us(const struct timing *timing);
/* Bytes a second that the sentinel's stream reached at set-up. */
double timing_bandwidth(const struct timing *timing);
/*
 * Queues a batch; timing_collect answers in the same order. At most TIMING_SLOTS may be under way.
 * After anything but GPU_DONE the process must end, or, after GPU_ERROR, collect what is under way.
 */
enum gpu_end timing_submit(
    struct timing *timing, const struct timing_entry *entries, int count, struct error *err);
enum gpu_end timing_collect(struct timing *timing, struct timing_result *result, struct error *err);

#endif
