/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_WORKER_JOB_H
#define MOEBENCH_WORKER_JOB_H

#include "compile/compile.h"
#include "domain/engine.h"
#include "domain/point.h"
#include "domain/routing.h"

/* The values that cross between a tuner and a worker, and that a back-end takes; protocol.h says
 * how they look as JSON lines. Thread: each side uses them on one thread. */

/* The layer to stand up: tensors filled, routings made. */
struct setup {
    struct engine engine;
    struct shape shape;
    int max_m; /* the largest M that will be asked for */
    enum routing_kind routing;
    double zipf;            /* exponent */
    char routing_file[512]; /* expert ids, text or .npy, read on the worker's machine */
    unsigned long long seed;
    bool hot;        /* same routing every launch, as upstream: for comparison only */
    bool allow_busy; /* go on though another process uses the GPU */
};

/* What a set-up worker says of itself. */
struct setup_report {
    double granularity_us;               /* of its events */
    long long bytes;                     /* allocated on the device */
    double sentinel_us[2];               /* GEMV-like and MMA, medians while flat */
    long long memory_used, memory_total; /* bytes; total 0: unknown */
    bool memory_shared;                  /* those of the machine: GPU and CPU share them */
    char note[512]; /* "" or what the user should know (busy GPU, low memory) */
};

/* One line of a measure job: a tile on one (GEMM, M). */
struct measure_item {
    char kernel[65]; /* hash of a loaded kernel; "" on replay */
    enum gemm gemm;
    int m;
    struct tile tile;
    int samples;       /* wanted */
    int drawn;         /* samples of it taken before, where draws go on; paired: 4 a block */
    int discard;       /* launches before the first sample */
    double give_up_us; /* > 0: a first launch slower than this stands as its only sample */
    int group;         /* of a shuffled job: items that stand together and are mixed */
};

/*
 * A measure job. A sample is `launches` rotated launches between two events, divided by their
 * number: launches per item is chosen by the worker from (gemm, m) alone, the same for every tile
 * of a race. Rounds over the items of each group are shuffled by `seed` when `shuffle` (finalists),
 * else item by item (first pass).
 */
struct measure_job {
    long long id;
    struct measure_item *items;
    int item_count;
    bool shuffle;
    bool paired; /* A/B: items come as A B B A blocks in the order given, never shuffled */
    unsigned long long seed;
};

#define CHUNK_SAMPLES 512

/* At most one second of timing, with what watched over it. Committed whole by the tuner. */
struct measure_chunk {
    long long job;
    int number; /* from 0 within the job */
    struct {
        int item;
        float us;
    } samples[CHUNK_SAMPLES];
    int sample_count;
    double sentinel;      /* largest relative deviation of its sentinels from the set-up's */
    bool suspect;         /* sentinel off by over 3 %, or a stop spanned it: will be run again */
    double clock_mhz;     /* SM clock read on the GPU, 0 unknown */
    double temperature_c; /* NVML, 0 unknown */
    double power_w;       /* NVML, 0 unknown */
    double gpu_s, wall_s; /* kernel time incl. sentinel; wall of this chunk */
    int launches;
};

/* Correctness of one kernel at one M against the fp32 reference. */
struct verify_report {
    double relative_error; /* ||out - ref|| / ||ref|| */
    double worst;          /* largest |out - ref| / rms(ref) */
    long long nan_count, unwritten;
    bool right; /* error < 2e-2, no NaN, everything written */
};

/* How a job ended early. */
enum job_end { JOB_DONE, JOB_CANCELLED, JOB_FAULT, JOB_HANG, JOB_ERROR };

#endif
