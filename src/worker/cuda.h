/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_WORKER_CUDA_H
#define MOEBENCH_WORKER_CUDA_H

#include "gpu/nvml.h"
#include "gpu/timing.h"
#include "gpu/verify.h"
#include "worker/backend.h"

/* The cuda back-end's own state, shared by its two files. */

#define OTHERS 8

/* A loaded kernel and how long its launches took so far. */
struct known {
    char hash[65];
    struct loaded *loaded;
    struct timed {
        int m;
        double us; /* the last sample's */
    } * times;
    int time_count;
};

struct cuda {
    struct card *card;
    struct nvml *nvml;                  /* NULL: not to be had */
    struct nvml_process others[OTHERS]; /* on the GPU before we had a context */
    int other_count;                    /* -1 unknown */
    struct device device;               /* with the bandwidth seen where the table has none */
    struct shape shape;                 /* these five: of the last setup */
    struct routing_record record;
    struct layer *layer;
    struct timing *timing;
    struct verifier *verifier;
    struct known *kernels;
    size_t kernel_count;
};

/* Borrowed until the next load; NULL when it is not loaded. */
struct known *cuda_find_kernel(
    struct cuda *cuda, const char *hash, enum gemm gemm, const struct tile *tile);
/* backend.measure */
enum job_end cuda_measure(void *self, const struct measure_job *job,
    bool (*emit)(const struct measure_chunk *chunk, void *arg), void *arg, int *item,
    struct error *err);

#endif
