/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_BASE_CHILD_H
#define MOEBENCH_BASE_CHILD_H

#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * A child process on pipes, speaking lines. It runs in a process group of its own, with every
 * other descriptor of ours closed, default signal handlers, and stderr into `errors` (a pipe
 * drained by child_read_line, the last 4 KiB kept for messages). One thread uses a child at a time.
 */
struct child {
    pid_t pid;          /* 0 when not running */
    int in;             /* our end of its stdin, -1 when closed */
    int out;            /* our end of its stdout, non-blocking */
    int err;            /* our end of its stderr, non-blocking */
    struct text lines;  /* bytes read from out and not yet handed over */
    struct text errors; /* the tail of its stderr */
    int status;         /* of waitpid, once pid is 0 */
};

enum child_read { CHILD_LINE, CHILD_TIMEOUT, CHILD_ENDED };

/* argv[0] is looked up in PATH. */
bool child_start(struct child *child, const char *const argv[], struct error *err);
/* Writes all of it, draining out meanwhile so that neither side can block the other for ever. */
bool child_write(struct child *child, const void *bytes, size_t length, struct error *err);
/*
 * The next line of its stdout without the newline, into *line (free() it). Waits at most
 * `timeout` seconds (0: only what is there; negative: for ever). CHILD_ENDED: stdout is at its end.
 */
enum child_read child_read_line(struct child *child, double timeout, char **line);
/* Closes stdin, waits up to `grace` seconds, then kills the process group; reaps; frees. */
void child_stop(struct child *child, double grace);
/* The last line that it has said on stderr, "" when it said nothing; gone after child_stop. */
void child_last_words(const struct child *child, char *buffer, size_t size);
/* "exited with 3", "killed by signal 11 (Segmentation fault)"; borrowed, static per thread. */
const char *child_how_it_ended(const struct child *child);

#endif
