/* SPDX-License-Identifier: MIT */
#include "tuner/left.h"

#include <math.h>
#include <unistd.h>

/* CPU seconds a kernel: 0.54, 0.57 and 0.72 in three tunes (quick, exhaustive, full) of GLM-4.7-FP8
 * TP4, 16 cores of an H100's host. */
#define COMPILE_CPU_S 0.62
/* Before much was seen a GPU second takes so much longer on the wall. */
#define OVERHEAD 1.1
#define OVERHEAD_WEIGHT_S 1.0

double left_kernel_s(int jobs)
{
    const long cores = jobs > 0 ? jobs : sysconf(_SC_NPROCESSORS_ONLN);

    return COMPILE_CPU_S / fmax(1, (double)cores - 1); /* one drives the card */
}

double left_seconds(const struct left_facts *facts)
{
    double pace =
        (facts->timing_s + OVERHEAD * OVERHEAD_WEIGHT_S) / (facts->gpu_s + OVERHEAD_WEIGHT_S);
    double compile = facts->kernels * facts->kernel_s;
    double scan = facts->scan_gpu_s * pace, later = facts->later_gpu_s * pace;

    if (facts->unified)
        return compile + facts->later_kernels * facts->kernel_s + scan + later;
    return fmax(compile, scan) + later - fmin(fmax(0, compile - scan), facts->ahead_gpu_s * pace);
}
