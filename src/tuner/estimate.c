/* SPDX-License-Identifier: MIT */
#include "tuner/estimate.h"

#include "tuner/left.h"
#include "tuner/race.h"

#define START_S 1.5 /* Triton's import, the worker's set-up: to an H100's first sample */

void estimate_make(const struct plan *plan, int cores, struct estimate *estimate)
{
    struct race *race = race_open(plan);
    struct race_progress progress;
    struct left_facts facts;

    race_measure_progress(race, &progress);
    race_close(race);
    facts = (struct left_facts){
        .scan_gpu_s = progress.scan_left_s,
        .later_gpu_s = progress.later_left_s,
        .ahead_gpu_s = progress.ahead_left_s,
        .kernels = progress.kernels_left,
        .later_kernels = progress.kernels_later,
        .kernel_s = left_kernel_s(cores),
        .unified = plan->question->device.unified,
    };
    estimate->wall_s = START_S + left_seconds(&facts);
    estimate->kernels = (size_t)(facts.kernels + facts.later_kernels);
    estimate->compile_s = (double)estimate->kernels * facts.kernel_s;
    facts.kernels = facts.later_kernels = 0;
    estimate->timing_s = left_seconds(&facts);
}
