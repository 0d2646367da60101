/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TUNER_SESSION_H
#define MOEBENCH_TUNER_SESSION_H

#include "store/recorded.h"
#include "tuner/question.h"
#include "worker/client.h"

/*
 * A tuner's children: the compile helper (or the recorded set that stands in for it) and the
 * worker, which may be started again. Used by one thread.
 */
struct session_options {
    const char *backend; /* "cuda", "replay" or "replay:FILE" */
    double pace;
    int device_ordinal;
    struct compiler_options compiler;
    bool allow_busy;
    struct client *worker; /* one that runs already, taken over; NULL: none */
    bool early;            /* it is set up while the helper starts */
};

struct session {
    struct session_options options;  /* its strings are borrowed */
    const struct question *question; /* borrowed */
    struct recorded *recorded;       /* NULL on a real card */
    struct compiler *compiler;       /* NULL on a recording */
    struct client *client;           /* NULL while there is none */
    bool begun;                      /* options.worker is being set up */
    struct toolchain toolchain;
    struct setup_report report;
    struct compile_result *waiting; /* recorded answers not yet collected */
    size_t waiting_count;
    long long jobs; /* ids given out */
};

/* Looks at the tool chain (or opens the recording); starts no worker. options->worker is the
 * session's from here on, whatever is returned. */
bool session_open(struct session *session, const struct question *question,
    const struct session_options *options, struct error *err);
/* What the question's kernels are built by, as the store keeps it, without an id. */
void session_build(const struct session *session, struct store_build *build);
/* Starts the worker and sets the layer up; ends a running one first. */
bool session_start_worker(struct session *session, struct error *err);
void session_drop_worker(struct session *session);
/* Queues a compile; *ticket names its answer. */
bool session_submit(struct session *session, enum gemm gemm, const struct tile *tile,
    long long *ticket, struct error *err);
/* Drops what is queued and compiling; false: nothing was. */
bool session_cancel(struct session *session);
size_t session_pending(const struct session *session);
bool session_next(struct session *session, double timeout, struct compile_result *result);
/* Readable when a compile may have been answered, -1: none is awaited. */
int session_fd(const struct session *session);
void session_close(struct session *session);

#endif
