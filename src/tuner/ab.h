/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TUNER_AB_H
#define MOEBENCH_TUNER_AB_H

#include "store/store.h"
#include "tuner/ab_job.h"
#include "tuner/session.h"

/*
 * A against B on a session's worker: kernels first (ab_prepare), then one comparison a job. Blocks
 * A B B A or B A A B, the same routings for both sides of a block; those in which the clock moved
 * or the sentinel was off count for neither side and are timed again. Used by one thread.
 */

/* What a comparison has come to, so far or in the end. */
struct ab_outcome {
    struct ab_result result;
    double p;            /* ab_p_value */
    double a_us, b_us;   /* medians, of the pair their sum */
    char flags[128];     /* "clock-drift", "not-comparable", ..; comma between them */
    char error[256];     /* why there is no verdict: a kernel that is wrong, faults, does not fit */
    double *differences; /* of the fair blocks, owned: ab_outcome_free */
    size_t count;
    /* By GEMM and side (true: B); B's is not checked again where its tile is A's. */
    bool checked[GEMM_COUNT][2];
    struct verify_report checks[GEMM_COUNT][2];
    /* Whose kernel `error` is about, and whether it brought the worker down (JOB_FAULT, JOB_HANG):
     * another one runs since, with these comparisons' kernels alone. */
    enum job_end end;
    enum gemm at_gemm;
    bool at_b;
};

void ab_outcome_free(struct ab_outcome *outcome);

/* A kernel of the comparisons. */
struct ab_kernel {
    enum gemm gemm;
    struct tile tile;
    enum compile_status status;
    char text[256]; /* why it cannot run; "" when it can */
    struct kernel kernel;
};

struct ab_kernels {
    struct ab_kernel *items;
    size_t count;
};

/* Those around a comparison, who share its session; any function may be NULL. */
struct ab_host {
    void *arg;
    /* Asked between blocks and while compiling; false stops. */
    bool (*go_on)(void *arg);
    /* Told after the checks (no block yet), every few blocks, and at every look. */
    void (*progress)(
        const struct ab_job *job, const struct ab_outcome *outcome, bool look, void *arg);
    /* A kernel, or a worker's event, that others asked for; NULL: dropped. */
    bool (*compiled)(struct compile_result *result, void *arg, struct error *err);
    void (*event)(const struct event *event, void *arg);
};

/* ab_kernels.c */
/* Compiles what the jobs need and loads it into the session's worker, which must run. False with
 * ERROR_STOPPED: the host stopped it. */
bool ab_prepare(struct session *session, const struct ab_job jobs[], size_t job_count,
    const struct ab_host *host, struct ab_kernels *kernels, struct error *err);
void ab_kernels_free(struct ab_kernels *kernels);
/* Into the worker (again); those that cannot run are left out. */
bool ab_load_kernels(struct session *session, const struct ab_kernels *kernels, struct error *err);
/* One that ab_prepare has seen. */
const struct ab_kernel *ab_find_kernel(
    const struct ab_kernels *kernels, enum gemm gemm, const struct tile *tile);
bool ab_goes_on(const struct ab_host *host);

/* ab.c */
/*
 * One comparison: both sides checked for right results, then blocks until a verdict, the budget's
 * end or a stop. What a side's kernel did wrong stands in outcome->error (true all the same; a
 * worker that died of it is started again); false: the worker cannot go on.
 */
bool ab_run(struct session *session, const struct ab_kernels *kernels, const struct ab_job *job,
    const struct ab_host *host, struct ab_outcome *outcome, struct error *err);

/* As the store keeps it, but for the build; `record` borrows the outcome's differences. */
void ab_record(const struct ab_job *job, const struct ab_outcome *outcome, struct store_ab *record);
/* "A/B: FASTER -1.93 % [-2.21, -1.60], 20 blocks" */
void ab_describe(const struct ab_result *result, char *text, size_t size);

#endif
