/* SPDX-License-Identifier: MIT */
#include "tuner/estimate.h"

#include "tuner/race.h"

#include <math.h>
#include <unistd.h>

/* CPU seconds a kernel: 0.54, 0.57 and 0.72 in three tunes (quick, exhaustive, full) of GLM-4.7-FP8
 * TP4, 16 cores of an H100's host. */
#define COMPILE_CPU_S 0.62
/* Before much was seen a GPU second takes so much longer on the wall. */
#define OVERHEAD 1.1
#define OVERHEAD_WEIGHT_S 1.0
#define START_S 1.5 /* Triton's import, the worker's set-up: to an H100's first sample */

double estimate_kernel_s(int jobs)
{
    const long cores = jobs > 0 ? jobs : sysconf(_SC_NPROCESSORS_ONLN);

    return COMPILE_CPU_S / fmax(1, (double)cores - 1); /* one drives the card */
}

double estimate_left_s(const struct estimate_facts *facts)
{
    double pace =
        (facts->timing_s + OVERHEAD * OVERHEAD_WEIGHT_S) / (facts->gpu_s + OVERHEAD_WEIGHT_S);
    double compile = facts->kernels * facts->kernel_s;
    double scan = facts->scan_gpu_s * pace, later = facts->later_gpu_s * pace;

    if (facts->unified)
        return compile + facts->later_kernels * facts->kernel_s + scan + later;
    return fmax(compile, scan) + later - fmin(fmax(0, compile - scan), facts->ahead_gpu_s * pace);
}

void estimate_make(const struct plan *plan, int cores, struct estimate *estimate)
{
    struct race *race = race_open(plan);
    struct race_progress progress;
    struct estimate_facts facts;

    race_measure_progress(race, &progress);
    race_close(race);
    facts = (struct estimate_facts){
        .scan_gpu_s = progress.scan_left_s,
        .later_gpu_s = progress.later_left_s,
        .ahead_gpu_s = progress.ahead_left_s,
        .kernels = progress.kernels_left,
        .later_kernels = progress.kernels_later,
        .kernel_s = estimate_kernel_s(cores),
        .unified = plan->question->device.unified,
    };
    estimate->wall_s = START_S + estimate_left_s(&facts);
    estimate->kernels = (size_t)(facts.kernels + facts.later_kernels);
    estimate->compile_s = (double)estimate->kernels * facts.kernel_s;
    facts.kernels = facts.later_kernels = 0;
    estimate->timing_s = estimate_left_s(&facts);
}
