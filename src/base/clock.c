/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <errno.h>
#include <math.h>
#include <time.h>

static double clock_read(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

double clock_monotonic(void)
{
    return clock_read(CLOCK_MONOTONIC);
}

double clock_wall(void)
{
    return clock_read(CLOCK_REALTIME);
}

const char *clock_iso(double wall, char *buffer, size_t size)
{
    time_t seconds = (time_t)floor(wall);
    struct tm utc;
    if (!gmtime_r(&seconds, &utc) || strftime(buffer, size, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        buffer[0] = '\0';
    return buffer;
}

void clock_sleep(double seconds)
{
    if (!(seconds > 0))
        return;
    struct timespec left = {.tv_sec = (time_t)seconds};
    left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}
