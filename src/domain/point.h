/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_DOMAIN_POINT_H
#define MOEBENCH_DOMAIN_POINT_H

/* What became of a point, or of a tile's compile. The numbers stand in databases: append only. */
enum point_status {
    POINT_OK,
    POINT_DOES_NOT_FIT, /* more shared memory than the device has */
    POINT_COMPILE_FAILED,
    POINT_WRONG_RESULT,
    POINT_TIMED_OUT,
    POINT_FAULTED,
    POINT_SUSPECT, /* measured while the sentinel was off: kept, not ranked */
    POINT_STATUS_COUNT
};

const char *point_status_name(enum point_status status); /* "ok", "does-not-fit", ... */

/* Who took the tile for an M. Stands in databases too. */
enum choice_source {
    CHOICE_RACE,
    CHOICE_DEFAULT,
    CHOICE_HAND,
    CHOICE_INCUMBENT,
    CHOICE_SOURCE_COUNT
};

const char *choice_source_name(enum choice_source source); /* "race", "default", .. */

#endif
