/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_UI_PAST_H
#define MOEBENCH_UI_PAST_H

#include "store/store.h"

/*
 * What the store knows of the cell under the cursor, of its entry (GEMM and M) and of the tune:
 * what a snapshot is too small for. Start from {0}, which is "nothing known"; past_free leaves
 * that.
 */
struct past {
    /* What it is about. */
    long long tune; /* 0: nothing */
    enum gemm gemm;
    int m;
    struct tile tile;
    /* The cell. */
    float *samples; /* us, oldest first: those that count, as in store_point; owned */
    size_t sample_count;
    size_t chunks, suspect_chunks; /* that measured it */
    double time;                   /* of the latest of them; meaningless without one */
    char method[48];               /* of that one, "graph 8 launches" */
    double sm_mhz, temperature_c;  /* of that one; NAN unknown */
    struct store_build build;      /* of that one; id 0: none */
    /* The entry; each latest first, owned. */
    struct store_choice *history;
    size_t history_count;
    struct store_ab *abs; /* those of this M that have this GEMM in them */
    size_t ab_count;
    /* The tune's latest events, oldest first; owned. */
    struct store_event *events;
    size_t event_count;
};

#define PAST_EVENTS 500

void past_free(struct past *past);
/* Whether the history is that of the entry; the cursor may have gone on since. */
bool past_about_entry(const struct past *past, long long tune, enum gemm gemm, int m);

/* A reading connection of the calling thread's own; every look is a few short transactions. */
struct past_reader;

/* Never fails: a database that is not there (yet), or NULL, leaves every past empty. The name is
 * copied. */
struct past_reader *past_open(const char *database);
void past_close(struct past_reader *reader);
/* Makes *past tell about that cell of that tune, entry and all, as committed now; tile NULL: of the
 * entry only. Reads only what may have changed since the last call with this reader and this past;
 * false: nothing was read. */
bool past_look(struct past_reader *reader, long long tune, enum gemm gemm, int m,
    const struct tile *tile, struct past *past);

#endif
