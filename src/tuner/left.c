/* SPDX-License-Identifier: MIT */
#include "tuner/left.h"

#include <math.h>

/* Before much was seen: a GPU second takes so much longer on the wall, and a kernel so long (a
 * second of a core, one of a few). */
#define OVERHEAD 1.2
#define OVERHEAD_WEIGHT_S 1.0
#define KERNEL_S 0.1

double left_seconds(const struct left_facts *facts)
{
    double pace =
        (facts->timing_s + OVERHEAD * OVERHEAD_WEIGHT_S) / (facts->gpu_s + OVERHEAD_WEIGHT_S);
    double compile = facts->kernels * (facts->kernel_s > 0 ? facts->kernel_s : KERNEL_S);
    double scan = facts->scan_gpu_s * pace;

    return (facts->unified ? compile + scan : fmax(compile, scan)) + facts->later_gpu_s * pace;
}
