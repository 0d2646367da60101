/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_GPU_VERIFY_H
#define MOEBENCH_GPU_VERIFY_H

#include "gpu/launch.h"

/* How far a kernel's output is from the fp32 reference. */
struct verdict {
    double relative_error; /* ||out - ref|| / ||ref||, NaN when the reference is no number */
    double worst;          /* largest |out - ref| / rms(ref) */
    long long nan_count, unwritten;
};

/* References are kept, up to a share of the memory, the longest unused go first. */
struct verifier;

struct verifier *verify_open(struct layer *layer, struct error *err);
void verify_close(struct verifier *verifier); /* NULL does nothing */
/*
 * Fills C with a NaN that nothing computes, launches the kernel once at M, and compares. A launch
 * that has not ended after `patience` seconds is a hang.
 */
enum gpu_end verify_run(struct verifier *verifier, const struct loaded *loaded, int m,
    double patience, struct verdict *verdict, struct error *err);

#endif
