/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_WORKER_PROTOCOL_H
#define MOEBENCH_WORKER_PROTOCOL_H

#include "domain/device.h"
#include "worker/job.h"

/*
 * The worker's protocol: one JSON object a line, commands on its stdin, events on its stdout. The
 * worker speaks first:
 *
 *   hello    protocol, version, backend, recorded, label, device {..}
 *   error    kind, text: no such card, no driver; the process ends with `kind`
 *
 * Then come commands. Those below stand in one queue and are done in the order they came, so that
 * a tuner may send the next kernels and the next job while a job runs. Each is answered once, at
 * its end:
 *
 *   setup    engine, shape {..}, max_m, routing, zipf, routing_file, seed, hot, allow_busy
 *     ready    granularity_us, bytes, sentinel_us [2], memory_used, memory_total,
 *              memory_shared, note
 *     error    kind, text: busy GPU, too little memory; the worker lives on, setup may come again
 *   settle   the sentinel's baseline anew, of a layer that is set up
 *     ready, error   as above
 *   load     gemm, tile, kernel {hash, entry, .., cubin: base64}
 *     loaded   hash, ok, text. From then on the hash names it, with its GEMM and tile
 *   measure  id, shuffle, paired, seed,
 *            items [{kernel, gemm, m, tile, samples, drawn, discard, give_up_us, group}]
 *     chunk    id, number, items [..], us [..], sentinel, suspect, clock_mhz, temperature_c,
 *              power_w, gpu_s, wall_s, launches; any number of them
 *     done     id, end, item, text
 *   verify   id, item {..}
 *     verified id, end, item, text, relative_error, worst, nan_count, unwritten, right
 *
 * And those that are done at once, whatever runs:
 *
 *   cancel   what runs ends after its chunk, measures and verifies that wait are dropped; each is
 *            still answered, with end "cancelled"
 *   bye      (or the end of stdin) the process ends, even with a kernel running
 *
 * A line that makes no sense is answered by error and dropped. After the ends "fault" and "hang"
 * the process ends: the GPU's context is gone, and with it all that was loaded. Its own watchdog
 * ends a command that shows no sign of life for WORKER_PATIENCE_S the same way, with "hang".
 * A chunk that was stopped and continued (SIGCONT) comes as suspect.
 */
#define PROTOCOL_VERSION 1
#define WORKER_PATIENCE_S 30.0
#define WORKER_SETUP_PATIENCE_S 240.0

enum command_op {
    COMMAND_SETUP,
    COMMAND_SETTLE,
    COMMAND_LOAD,
    COMMAND_MEASURE,
    COMMAND_VERIFY,
    COMMAND_CANCEL,
    COMMAND_BYE,
    COMMAND_OP_COUNT
};

/* One command; only the fields that its op names above are filled. */
struct worker_command {
    enum command_op op;
    long long id; /* verify */
    struct setup setup;
    struct kernel kernel;     /* load; with its cubin, owned */
    enum gemm gemm;           /* load */
    struct tile tile;         /* load */
    struct measure_job job;   /* measure; items owned */
    struct measure_item item; /* verify */
};

/* One line without its newline; free(). */
char *command_print(const struct worker_command *command);
bool command_parse(const char *line, struct worker_command *command, struct error *err);
void command_free(struct worker_command *command); /* what it owns, not the struct */

enum event_op {
    EVENT_HELLO,
    EVENT_ERROR,
    EVENT_READY,
    EVENT_LOADED,
    EVENT_CHUNK,
    EVENT_DONE,
    EVENT_VERIFIED,
    EVENT_OP_COUNT
};

struct hello {
    int protocol;
    char version[32]; /* of moebench */
    char backend[16]; /* "cuda", "replay" */
    bool recorded;    /* figures of a recording */
    char label[160];  /* "recorded on NVIDIA H100 80GB HBM3, 2026-11-26", "" for a real card */
    struct device device;
};

/* One event; only the fields that its op names above are filled. Holds no memory of its own. */
struct event {
    enum event_op op;
    long long id; /* done, verified; chunk: chunk.job */
    struct hello hello;
    struct setup_report ready;
    struct measure_chunk chunk;
    struct verify_report verify;
    enum job_end end;     /* done, verified */
    int item;             /* the one at fault, -1 unknown */
    char hash[65];        /* loaded */
    bool ok;              /* loaded */
    enum error_kind kind; /* error */
    char text[1024];      /* why not */
};

char *event_print(const struct event *event);
bool event_parse(const char *line, struct event *event, struct error *err);
const char *job_end_name(enum job_end end); /* "done", "cancelled", "fault", "hang", "error" */

#endif
