/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_BASE_LOG_H
#define MOEBENCH_BASE_LOG_H

/*
 * One line a message into $XDG_STATE_HOME/moebench/log (opened on the first message, capped by
 * renaming to log.old at 4 MiB), safe from any thread. Nothing is printed on a terminal.
 */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
