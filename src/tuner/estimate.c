/* SPDX-License-Identifier: MIT */
#include "tuner/estimate.h"

#include "tuner/race.h"

#include <math.h>

/* CPU seconds a kernel: 1,936 for the 3,392 of GLM-4.7-FP8 TP4, 16 cores of an H100's host. */
#define COMPILE_CPU_S 0.57
/* What a (GEMM, M) takes after the scan: kernels of other groups. */
#define LATER_KERNELS 8
/* Wall time over the model: 30 s of GLM-4.7-FP8 TP4 on an H100, full, kernels cached. */
#define WALL_BY_MODEL 1.74

/* Of the shorter of compiling and timing, what the longer does not hide where both may run at once:
 * quick took 23 s for 17 + 16 of the model, full 59 for 41 + 31, exhaustive 330 for 121 + 413. */
#define NOT_HIDDEN 0.3

/* Two launches of each tile of the scan, hopeless ones cut short; then the finalists. */
static double model_seconds(const struct plan *plan, enum gemm gemm, int m)
{
    const struct question *q = plan->question;
    double best = INFINITY, scan = 0;

    for (size_t i = 0; i < plan->scan_count[gemm]; i++)
        best = fmin(best, plan_model(q, gemm, m, &plan->tiles[plan->scan[gemm][i]].tile));
    for (size_t i = 0; i < plan->scan_count[gemm]; i++)
        scan += fmin(
            RACE_GIVE_UP * best, plan_model(q, gemm, m, &plan->tiles[plan->scan[gemm][i]].tile));
    if (plan->scan_count[gemm] == 0)
        return 0;
    return 1e-6 * (2 * scan + race_later_samples(q->effort) * fmax(RACE_SAMPLE_US, best));
}

void estimate_make(const struct plan *plan, int cores, struct estimate *estimate)
{
    const struct question *q = plan->question;

    *estimate = (struct estimate){0};
    for (int g = 0; g < GEMM_COUNT; g++) {
        size_t later = q->effort == EFFORT_EXHAUSTIVE ? 0 : LATER_KERNELS;
        if (!q->gemms[g])
            continue;
        estimate->kernels += plan->scan_count[g] + later * (size_t)q->batch_size_count;
        for (int m = 0; m < q->batch_size_count; m++)
            estimate->timing_s +=
                WALL_BY_MODEL * model_seconds(plan, (enum gemm)g, q->batch_sizes[m]);
    }
    estimate->compile_s = COMPILE_CPU_S * (double)estimate->kernels / (cores > 0 ? cores : 1);
    estimate->wall_s =
        fmax(estimate->compile_s, estimate->timing_s) +
        (q->device.unified ? 1 : NOT_HIDDEN) * fmin(estimate->compile_s, estimate->timing_s);
}
