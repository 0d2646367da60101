/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TUNER_RACE_H
#define MOEBENCH_TUNER_RACE_H

#include "domain/point.h"
#include "domain/stats.h"
#include "tuner/plan.h"
#include "worker/job.h"

/*
 * The race as a pure state machine. It is fed what is known (compiled kernels, samples, checks,
 * faults) in any order and says what to do next; a stored tune is resumed by feeding what the
 * store holds. Each round ranks on its own samples, taken interleaved, so that drift between rounds
 * does not touch it, and so that the outcome depends on the samples alone, not on interruptions. A
 * tile is ranked by the pair it makes: up and down of an M share BLOCK_SIZE_M (the pair rule).
 */

/* Stored with every chunk: append only. */
enum race_phase {
    RACE_SCAN,    /* every kernel at its least GROUP_SIZE_M, one sample */
    RACE_HEAT,    /* the best sixteenth, four a BLOCK_SIZE_M, all within 10 % */
    RACE_SEMI,    /* the best eight, all within 5 % */
    RACE_GROUPS,  /* every GROUP_SIZE_M of the best six kernels; the default, the incumbent */
    RACE_FINAL,   /* the best of those, 20 samples, and 90 where those leave it open */
    RACE_CONFIRM, /* winners, the engine's default and the incumbent on fresh samples, 30 to 240 */
    RACE_EXTRA,   /* asked for by hand; decides nothing */
    RACE_PHASE_COUNT
};

const char *race_phase_name(enum race_phase phase); /* "scan", "heat", ... */

struct race;

/* `plan` is borrowed for the race's life. */
struct race *race_open(const struct plan *plan);
void race_close(struct race *race);

/* ---- feeding ---------------------------------------------------------------------------- */

/* UNKNOWN: to be asked for when needed; BAD: its points are settled with a status. */
enum kernel_state { KERNEL_UNKNOWN, KERNEL_ASKED, KERNEL_READY, KERNEL_BAD };

void race_set_kernel(
    struct race *race, enum gemm gemm, int tile, enum kernel_state state, enum point_status status);
enum kernel_state race_kernel(const struct race *race, enum gemm gemm, int tile);
void race_add_sample(
    struct race *race, enum gemm gemm, int m_index, int tile, enum race_phase phase, float us);
/* The SM clock at the samples fed from now on, MHz, 0 unknown: a tile that the scan met under a
 * lower clock than the best is not dropped for what the clock may have cost it. */
void race_set_clock(struct race *race, double mhz);
/* m: any, not only one of the question's. */
void race_add_check(struct race *race, enum gemm gemm, int m, int tile, bool right);
/* The worker died or hung on it: run alone from now on; at the second time it is BAD. Returns
 * how often that was. */
int race_add_kill(struct race *race, enum gemm gemm, int tile, enum point_status status);
/* One of several was at fault: run alone until it is seen to be well (race_clear). */
void race_suspect(struct race *race, enum gemm gemm, int tile);
void race_clear(struct race *race, enum gemm gemm, int tile);
/* This M is decided (its choice is stored): nothing more to do for it. */
void race_settle(struct race *race, int m_index);
bool race_is_settled(const struct race *race, int m_index);
/* Whether it still looks at every kernel for the first time; the rounds of each M come after it. */
bool race_scans(const struct race *race);
/* This M's rounds before the others', -1: none. */
void race_prefer(struct race *race, int m_index);

/* Moves every M on through its rounds as far as the samples allow; race_next and race_wanted do so
 * themselves. */
void race_advance(struct race *race);

/* ---- asking ----------------------------------------------------------------------------- */

struct race_item {
    enum gemm gemm;
    int m;
    int m_index; /* -1: a check at an M outside of the question */
    int tile;
    int samples;
    int drawn;         /* samples of the point fed so far */
    double give_up_us; /* 0: never */
    double expected_us;
    int group; /* of a shuffled step: its items are mixed among themselves */
};

struct race_kernel_id {
    enum gemm gemm;
    int tile;
};

enum race_action { RACE_MEASURE, RACE_VERIFY, RACE_WAIT, RACE_CHOOSE, RACE_FINISHED };

#define RACE_ITEMS 2048
#define RACE_GIVE_UP 4.0     /* times the best: one launch is enough */
#define RACE_SAMPLE_US 200.0 /* a sample lasts at least so long: the worker chains launches */

struct race_step {
    enum race_action action;
    enum race_phase phase;
    int m_index;  /* CHOOSE: which M can be decided */
    bool shuffle; /* MEASURE */
    struct race_item items[RACE_ITEMS];
    int count; /* MEASURE: a few seconds of work; VERIFY: any number, in order */
};

/* WAIT: nothing can be done before a kernel of race_wanted is ready. */
void race_next(struct race *race, struct race_step *step);
/* Kernels that are UNKNOWN and needed now, in the order of need; returns how many were written. */
size_t race_wanted(struct race *race, struct race_kernel_id wanted[], size_t limit);

/* As race_wanted, of kernels that are not needed yet: after the scan every GROUP_SIZE_M of those
 * near the best at some M, in quick's scan the neighbours of the best. With them compiled a second
 * tune, whose finalists may differ, finds all it needs. */
size_t race_likely(struct race *race, struct race_kernel_id likely[], size_t limit);
/* Moves those that take seconds to compile, the longest first, right behind the first `keep`, so
 * that none of them is left to run alone at the end. */
void race_longest_first(
    const struct race *race, struct race_kernel_id ids[], size_t count, size_t keep);

/* What is known of a point. */
struct race_summary {
    enum point_status status;
    int samples;      /* all phases */
    int verified;     /* 0 not, 1 right, 2 wrong */
    double median_us; /* of all samples, NAN without */
    double low_us, high_us;
};

void race_point(
    const struct race *race, enum gemm gemm, int m_index, int tile, struct race_summary *summary);

/* What an M gets. */
struct race_decision {
    bool chosen; /* false: nothing runs */
    enum choice_source source;
    struct {
        int tile;
        double median_us, low_us, high_us; /* fresh samples where there are any */
        double default_us;                 /* NAN: not measured or cannot run */
        double incumbent_us;               /* NAN: none, not measured or cannot run */
        bool verified;                     /* at this M */
    } gemm[GEMM_COUNT];
    bool default_runs;
    struct stats_interval gain; /* ln(default / chosen) of the pair, NAN unknown */
    char reason[200];
};

/* The best as of now; final once the race said CHOOSE for this M. */
void race_decide(const struct race *race, int m_index, struct race_decision *decision);

struct race_progress {
    size_t points_done, points_total; /* of the scan; those that it left behind count as done */
    size_t fitting;                   /* points that could be timed */
    /* Expected seconds of GPU time to go: of the scan, of what comes after it, and what of that may
     * be taken while the scan waits for kernels. */
    double scan_left_s, later_left_s, ahead_left_s;
    int kernels_left;                /* that the scan waits for */
    int kernels_later;               /* to be compiled after it */
    double done_fraction;            /* 0 .. 1 of the expected GPU time */
    double m_done[TUNE_BATCH_SIZES]; /* .. and of each M's */
};

void race_measure_progress(const struct race *race, struct race_progress *progress);

#endif
