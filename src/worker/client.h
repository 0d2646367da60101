/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_WORKER_CLIENT_H
#define MOEBENCH_WORKER_CLIENT_H

#include "worker/protocol.h"

/*
 * The tuner's end of a worker: starts it, sends commands, reads events. It never restarts a
 * worker: that is for its owner to decide, who knows what the worker was doing. Used by one thread.
 */
struct client;

struct client_options {
    const char *prefix;  /* words put before the program ("ssh spark"), NULL: here */
    const char *program; /* NULL: this very executable; "moebench" after a prefix */
    const char *backend; /* "cuda", "replay" or "replay:FILE" */
    int ordinal;         /* which card */
    double pace;         /* replay: 0 as fast as it can, 1 the card's own time */
};

/* Starts the worker and waits for its hello; *err has the kind of the worker's own refusal. */
struct client *client_open(const struct client_options *options, struct error *err);
const struct hello *client_hello(const struct client *client);
/* Sets the layer up and waits for it: seconds, for tensors are filled. Events of before are
 * dropped, and so is every kernel that was loaded. */
bool client_setup(struct client *client, const struct setup *setup, struct setup_report *report,
    struct error *err);
/* The same in two steps: sent, then waited for. */
bool client_begin_setup(struct client *client, const struct setup *setup, struct error *err);
bool client_end_setup(struct client *client, struct setup_report *report, struct error *err);
/* A new baseline of the sentinel, waited for; no job may be under way. */
bool client_settle(struct client *client, struct setup_report *report, struct error *err);

/*
 * Each sends one command and does not wait; false: the worker is gone (client_next then says how).
 * client_load sends a kernel once for each (GEMM, tile) that runs it, as two tiles can compile to
 * the same cubin, and nothing to a recorded worker.
 */
bool client_load(struct client *client, const struct kernel *kernel, enum gemm gemm,
    const struct tile *tile, struct error *err);
bool client_measure(struct client *client, const struct measure_job *job, struct error *err);
bool client_verify(
    struct client *client, long long id, const struct measure_item *item, struct error *err);
bool client_cancel(struct client *client, struct error *err);

enum client_next { CLIENT_EVENT, CLIENT_TIMEOUT, CLIENT_ENDED };

/*
 * The next event within `timeout` seconds (0: only what is there; negative: wait). Lines that are
 * no event are logged and skipped. CLIENT_ENDED: the worker is gone, event->text says how, with
 * the last words it said on stderr. Before polling client_fd, call it with 0 until CLIENT_TIMEOUT.
 */
enum client_next client_next(struct client *client, double timeout, struct event *event);
int client_fd(const struct client *client);
/* Ends the worker: at once when `kill`, else with the end of its stdin and a second's grace. NULL
 * is fine. */
void client_close(struct client *client, bool kill);

#endif
