/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TUNER_AB_JOB_H
#define MOEBENCH_TUNER_AB_JOB_H

#include "domain/ab.h"
#include "domain/shape.h"
#include "domain/tile.h"

/* What is compared, and how it goes: values that cross threads. */

struct ab_side {
    char label[64]; /* "choice", "default", a file, or the tile itself */
    struct tile tiles[GEMM_COUNT];
};

struct ab_job {
    int m;
    bool gemms[GEMM_COUNT]; /* both: the pair, their times added */
    struct ab_side a, b;
    int budget;      /* blocks; 0: only whether the results are right */
    int comparisons; /* made together: each must hold by itself after Holm's correction */
    unsigned long long seed;
};

/* The estimate after so many blocks, percent; low and high NaN where there are too few. */
struct ab_point {
    int blocks;
    double effect, low, high;
};

#define AB_VIEW_LOOKS 8
#define AB_VIEW_POINTS 80

/* A comparison as a screen draws it; neither running nor ended: none was asked for. */
struct ab_view {
    bool running, ended;
    unsigned serial;   /* grows with each comparison that begins */
    struct ab_job job; /* its tiles as the engine would run them */
    char phase[32];    /* "compile", "verify", "blocks"; "" once ended */
    struct ab_point looks[AB_VIEW_LOOKS];
    int look_count;
    struct ab_point points[AB_VIEW_POINTS]; /* the running estimate, every few blocks */
    int point_count;
    struct ab_result result; /* as of the last blocks; the verdict counts once it ended */
    double a_us, b_us;       /* medians, of the pair their sum; NaN: none yet */
    char flags[128];         /* "clock-drift", "stopped", ..; comma between them */
    char error[256];         /* why there is no verdict */
    long long id;            /* in the store, what a choice names as evidence; 0: not kept */
    char text[128];          /* "A/B: FASTER -1.93 % [-2.21, -1.60], 20 blocks", once ended */
};

#endif
