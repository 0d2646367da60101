/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TUNER_ESTIMATE_H
#define MOEBENCH_TUNER_ESTIMATE_H

#include "tuner/plan.h"

/* What a tune's remaining wall-clock time follows from. */
struct estimate_facts {
    double scan_gpu_s, later_gpu_s; /* expected GPU time of the scan and of what comes after it */
    double ahead_gpu_s;             /* of later_gpu_s: may be taken while the scan waits */
    int kernels;                    /* not compiled yet, that the scan waits for */
    int later_kernels;              /* .. and those after it */
    /* Of this run, so far: */
    double gpu_s;    /* GPU time of all chunks, */
    double timing_s; /* .. and the wall-clock time that went into getting them */
    double kernel_s; /* wall-clock time a kernel, while kernels were asked for */
    bool unified;    /* compiling and timing take turns */
};

/* What kernel_s is before any came, so many compiled at a time (0: as many as there are cores). */
double estimate_kernel_s(int jobs);

/* Seconds, by the speed seen so far. */
double estimate_left_s(const struct estimate_facts *facts);

/*
 * How long a tune that begins with nothing may take, before anything was looked at: what the time
 * left is at its start. Pure, but for the cores when 0.
 */
struct estimate {
    size_t kernels;   /* to compile, none in the cache */
    double compile_s; /* with the cores given */
    double timing_s;
    double wall_s; /* of both: one after the other on unified memory, partly at once elsewhere */
};

void estimate_make(const struct plan *plan, int cores, struct estimate *estimate);

#endif
