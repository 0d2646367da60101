/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TUNER_ESTIMATE_H
#define MOEBENCH_TUNER_ESTIMATE_H

#include "tuner/plan.h"

/*
 * How long a tune that begins with nothing may take, before anything was looked at: what the time
 * left is at its start (race_measure_progress, left_seconds). Pure, but for the cores when 0.
 */
struct estimate {
    size_t kernels;   /* to compile, none in the cache */
    double compile_s; /* with the cores given */
    double timing_s;
    double wall_s; /* of both: one after the other on unified memory, partly at once elsewhere */
};

void estimate_make(const struct plan *plan, int cores, struct estimate *estimate);

#endif
