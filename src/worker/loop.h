/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_WORKER_LOOP_H
#define MOEBENCH_WORKER_LOOP_H

#include "worker/backend.h"

/*
 * A worker's whole life: opens the back-end, greets, serves the protocol of protocol.h on stdin
 * and stdout. Two threads: the main one runs the commands of the queue, so that a back-end only
 * ever sees one thread; the reader takes lines, answers what is answered at once, and is the
 * watchdog. `argument` and `pace` go to the back-end's open. Returns only when that fails (the
 * error is also sent as an event); else the process ends within.
 */
bool worker_run(
    const struct backend *backend, const char *argument, double pace, struct error *err);

#endif
