/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TUNER_LEFT_H
#define MOEBENCH_TUNER_LEFT_H

#include <stdbool.h>

/* What a tune's remaining wall-clock time follows from. */
struct left_facts {
    double scan_gpu_s, later_gpu_s; /* expected GPU time of the scan and of what comes after it */
    int kernels;                    /* not compiled yet, that the scan waits for */
    /* Of this run, so far: */
    double gpu_s;    /* GPU time of all chunks, */
    double timing_s; /* .. and the wall-clock time that went into getting them */
    double kernel_s; /* wall-clock time a kernel, while kernels were asked for; 0: none came yet */
    bool unified;    /* compiling and timing take turns */
};

/* Seconds, by the speed seen so far. */
double left_seconds(const struct left_facts *facts);

#endif
