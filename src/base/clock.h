/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_BASE_CLOCK_H
#define MOEBENCH_BASE_CLOCK_H

#include <stddef.h>

/* Seconds on a clock that never steps; for durations only. */
double clock_monotonic(void);
/* Seconds since 1970, for provenance. */
double clock_wall(void);
/* "2026-11-25T10:55:03Z" into a caller's buffer of at least 32 bytes; returns it. */
const char *clock_iso(double wall, char *buffer, size_t size);
/* Sleeps through interruptions by signals. */
void clock_sleep(double seconds);

#endif
