/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_GPU_TIMING_INTERNAL_H
#define MOEBENCH_GPU_TIMING_INTERNAL_H

#include "gpu/launch_internal.h"
#include "gpu/timing.h"

#define SENTINELS 32 /* a batch at most */

enum sentinel_kind { SENTINEL_STREAM, SENTINEL_MMA, SENTINEL_KINDS };

/* Host memory that kernels write to while a graph runs. */
struct board {
    volatile int mark; /* number of the sentinel or entry that runs, from 1 */
    struct abi_clock clocks[SENTINELS];
};

/* A graph under way, and what reads it. Events are made once and used again. */
struct slot {
    CUgraphExec graph; /* NULL when free */
    CUevent entry_events[TIMING_ENTRIES][2];
    CUevent sentinel_events[SENTINELS][SENTINEL_KINDS + 2]; /* flush | stream | products | */
    CUevent ended;
    struct board *board; /* pinned, mapped */
    CUdeviceptr device_board;
    int launches[TIMING_ENTRIES];
    double expected_us[TIMING_ENTRIES];
    int marks[TIMING_ENTRIES + SENTINELS + 1]; /* mark -> entry, -1: a sentinel */
    int mark_count;
    int entry_count, sentinel_count;
};

struct timing {
    struct layer *layer;
    CUstream capture;     /* where graphs are recorded */
    struct memory flush;  /* read before the timed stream: what is left in the cache is clean */
    struct memory stream; /* what the sentinel times */
    struct memory sink;
    struct slot slots[TIMING_SLOTS];
    int first, under_way; /* ring of slots */
    double granularity_us;
    double base_us[SENTINEL_KINDS];
    double base_mhz;          /* the clock beside them */
    double sentinel_us;       /* all of one, about */
    unsigned long long turns; /* launches so far: walks through places and copies */
};

/* sentinel.c: queues one into the capture. */
bool sentinel_queue(struct timing *timing, struct slot *slot, struct error *err);
/* The medians of an ended batch's sentinels, and what all of them took together. */
bool sentinel_read(
    const struct slot *slot, double medians[SENTINEL_KINDS], double *total_us, struct error *err);
double sentinel_clock_mhz(const struct slot *slot);
/* The largest relative deviation from the base. */
double sentinel_deviation(
    const struct timing *timing, const double medians[SENTINEL_KINDS], double clock_mhz);

/* Records an event into the capture. */
bool timing_stamp(struct timing *timing, CUevent event, struct error *err);
/* Starts a mark: what runs from here on is entry `entry`, -1 for a sentinel. */
bool timing_mark(struct timing *timing, struct slot *slot, int entry, struct error *err);
/* As timing_submit, of `count` sentinels and nothing else. */
enum gpu_end timing_submit_sentinels(struct timing *timing, int count, struct error *err);

#endif
