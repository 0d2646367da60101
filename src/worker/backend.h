/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_WORKER_BACKEND_H
#define MOEBENCH_WORKER_BACKEND_H

#include "domain/device.h"
#include "worker/job.h"

/*
 * What a worker runs its jobs on: `cuda` (the real thing) or `replay` (recorded measurements). One
 * struct of functions each, in an explicit array; `self` is the back-end's own state, made by open.
 */
struct backend {
    const char *name;
    bool recorded; /* its figures are a recording's */
    /* A line that says so, with the device's name; NULL for a real card. */
    void (*label)(const void *self, char *buffer, size_t size);
    /* argument: device ordinal for cuda, path of the recorded set for replay; pace: replay only. */
    void *(*open)(const char *argument, double pace, struct device *device, struct error *err);
    bool (*setup)(
        void *self, const struct setup *setup, struct setup_report *report, struct error *err);
    /* A new baseline of the sentinel; the layer and its kernels stay. */
    bool (*settle)(void *self, struct setup_report *report, struct error *err);
    /* Keeps what it needs of `kernel`; loading one hash twice is harmless. */
    bool (*load)(void *self, const struct kernel *kernel, enum gemm gemm, const struct tile *tile,
        struct error *err);
    /*
     * Runs the job, calling emit(chunk, arg) after each chunk; emit returns false to cancel. *item
     * is the item at fault after JOB_FAULT and JOB_HANG, -1 when it cannot be told (several
     * kernels in one chunk). After those two the process must end: the context is gone.
     */
    enum job_end (*measure)(void *self, const struct measure_job *job,
        bool (*emit)(const struct measure_chunk *chunk, void *arg), void *arg, int *item,
        struct error *err);
    enum job_end (*verify)(void *self, const struct measure_item *item,
        struct verify_report *report, struct error *err);
};

extern const struct backend backend_cuda;
extern const struct backend backend_replay;

/* By "cuda", "replay" or "replay:FILE"; NULL: none. *file: what follows the colon, or NULL. */
const struct backend *backend_find(const char *text, const char **file);

#endif
