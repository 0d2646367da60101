/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TUNER_AB_H
#define MOEBENCH_TUNER_AB_H

#include "domain/ab.h"
#include "tuner/session.h"

/*
 * A against B on a session's worker: kernels first (ab_prepare), then one comparison a job. Blocks
 * A B B A or B A A B, the same routings for both sides of a block; those in which the clock moved
 * or the sentinel was off count for neither side and are timed again. Used by one thread.
 */

struct ab_side {
    char label[64]; /* "choice", "default", a file, or the tile itself */
    struct tile tiles[GEMM_COUNT];
};

struct ab_job {
    int m;
    bool gemms[GEMM_COUNT]; /* both: the pair, their times added */
    struct ab_side a, b;
    int budget;      /* blocks */
    int comparisons; /* made together: each must hold by itself after Holm's correction */
    unsigned long long seed;
};

/* What a comparison has come to, so far or in the end. */
struct ab_outcome {
    struct ab_result result;
    double p;            /* ab_p_value */
    double a_us, b_us;   /* medians, of the pair their sum */
    char flags[128];     /* "clock-drift", "not-comparable", ..; comma between them */
    char error[256];     /* why there is no verdict: a kernel that is wrong, faults, does not fit */
    double *differences; /* of the fair blocks, owned: ab_outcome_free */
    size_t count;
};

void ab_outcome_free(struct ab_outcome *outcome);

/* A kernel of the comparisons. */
struct ab_kernel {
    enum gemm gemm;
    struct tile tile;
    char hash[65];
    char text[256]; /* why it cannot run; "" when it can */
    struct kernel kernel;
};

struct ab_kernels {
    struct ab_kernel *items;
    size_t count;
};

/* Compiles what the jobs need and loads it into the session's worker, which must run. */
bool ab_prepare(struct session *session, const struct ab_job jobs[], size_t job_count,
    struct ab_kernels *kernels, struct error *err);
void ab_kernels_free(struct ab_kernels *kernels);

/* Told after every look; false stops the comparison with what there is. */
typedef bool (*ab_watch)(const struct ab_job *job, const struct ab_outcome *outcome, void *arg);

/*
 * One comparison: both sides checked for right results, then blocks until a verdict or the
 * budget's end. What a side's kernel did wrong stands in outcome->error (true all the same; a
 * worker that died of it is started again); false: the worker cannot go on.
 */
bool ab_run(struct session *session, const struct ab_kernels *kernels, const struct ab_job *job,
    ab_watch watch, void *arg, struct ab_outcome *outcome, struct error *err);

#endif
