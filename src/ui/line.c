/* SPDX-License-Identifier: MIT */
#include "ui/board.h"
#include "ui/screen.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static volatile sig_atomic_t signalled;

static void keep_signal(int number)
{
    signalled = number;
}

static void print_state(const struct snapshot *snapshot)
{
    long long total = snapshot->points_done + snapshot->points_left;
    printf("%s%s%s, %lld of %lld points, %s\n", board_state_name(snapshot->state),
        *snapshot->phase ? ": " : "", snapshot->phase, snapshot->points_done, total,
        snapshot->recorded ? "recorded" : "measured");
    fflush(stdout);
}

/* Every change of state, phase and every event is a line; nothing moves the cursor. */
bool line_run(struct tuner *tuner, int *number, struct error *err)
{
    static const int ends[] = {SIGHUP, SIGTERM, SIGINT};
    char event[256] = "", phase[32] = "?";
    int state = -1;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        sigaction(ends[i], &(struct sigaction){.sa_handler = keep_signal}, NULL);
    while (!signalled && (state < TUNER_DONE)) {
        struct pollfd fd = {.fd = tuner_fd(tuner), .events = POLLIN};
        const struct snapshot *snapshot = tuner_snapshot_acquire(tuner);
        if (strcmp(event, snapshot->last_event) != 0) {
            snprintf(event, sizeof event, "%s", snapshot->last_event);
            printf("%s\n", event);
        }
        if (state != (int)snapshot->state || strcmp(phase, snapshot->phase) != 0)
            print_state(snapshot);
        state = (int)snapshot->state;
        snprintf(phase, sizeof phase, "%s", snapshot->phase);
        if (snapshot->state == TUNER_FAILED)
            error_set(err, ERROR_FAILED, "%s", snapshot->error);
        tuner_snapshot_release(tuner, snapshot);
        if (state < TUNER_DONE)
            poll(&fd, 1, 500);
    }
    *number = signalled;
    return state != TUNER_FAILED;
}
