/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TUNER_RACE_STATE_H
#define MOEBENCH_TUNER_RACE_STATE_H

#include "tuner/race.h"

/* The inside of a race, shared by race*.c alone. */

struct race_sample {
    float us;
    unsigned short clock; /* MHz, 0 unknown */
    unsigned char phase;
};

struct race_cell {
    struct race_sample *samples; /* owned, in the order fed */
    unsigned short count, capacity;
    bool verified;
    bool grown; /* quick: near a winner, so to be scanned here */
};

struct race_kernel {
    enum kernel_state state;
    enum point_status status; /* of a BAD one; WRONG_RESULT in any state */
    int kills;
    bool scans;  /* of the plan's scan: looked at wherever there is hope */
    bool alone;  /* measured in a job of its own */
    int checked; /* at how many M it was seen right */
    int outside; /* an M outside of the question among those, 0: none */
};

/* One round after the scan, on the candidates that the one before left. */
struct round {
    enum race_phase phase;
    int samples;     /* of its phase a candidate; those of an earlier round of the phase count */
    double fraction; /* of the ranked: always taken */
    int always;      /* the best so many: always taken */
    double within; /* and those whose loss is within this of the best's time or may be chance .. */
    int cap;       /* .. up to this many, 0: no limit */
    int per_bm;    /* and so many of every BLOCK_SIZE_M .. */
    double bm_within; /* .. whose best pair is within this of the best pair; < 0: of every one */
    bool groups;      /* with every GROUP_SIZE_M of each */
    bool guests;      /* and the engine's default and the incumbent */
    /* Those between so many times the best are taken before the scan is over, while that waits for
     * kernels; 0: none. */
    double ahead_from, ahead_to;
};

/* The candidates of one (GEMM, M) in its present round. */
struct race_set {
    int *tiles; /* owned */
    int count;
};

struct race {
    const struct plan *plan;
    struct race_cell *cells[GEMM_COUNT];             /* [m_index * plan->count + tile] */
    float *model[GEMM_COUNT];                        /* plan_model of each cell */
    struct race_kernel *kernels[GEMM_COUNT];         /* [tile] */
    double best[GEMM_COUNT][TUNE_BATCH_SIZES];       /* least us so far, INFINITY: none */
    int first_samples[GEMM_COUNT][TUNE_BATCH_SIZES]; /* taken for the first round */
    int level[TUNE_BATCH_SIZES];                     /* of the scan: 0 first */
    int scan_level;        /* all levels below are scanned; SCAN_LEVELS: the scan is over */
    int *scan[GEMM_COUNT]; /* owned: the plan's, then what quick's search added near winners */
    size_t scan_count[GEMM_COUNT];
    bool grown;
    const struct round *rounds; /* static */
    int round_count;
    int round[TUNE_BATCH_SIZES]; /* -1 scan, round_count: confirm, round_count + 1: decided */
    struct race_set set[GEMM_COUNT][TUNE_BATCH_SIZES];
    int prefer;
    unsigned short clock; /* MHz at the samples fed now, 0 unknown */
};

#define SCAN_LEVELS 3
#define GROW_FROM 3     /* quick's search goes on from the best so many of each (GEMM, M) */
#define SET_SAMPLES 128 /* no round takes more */

/* race.c */
struct race_cell *race_cell(const struct race *race, enum gemm gemm, int m_index, int tile);
bool race_usable(const struct race *race, enum gemm gemm, int tile);
int race_count(const struct race_cell *cell, enum race_phase phase);
/* Median of the samples of one phase, NAN without any. */
double race_median(const struct race_cell *cell, enum race_phase phase);
/* Samples of one phase, oldest first; returns how many, at most `limit`. */
size_t race_samples(
    const struct race_cell *cell, enum race_phase phase, float samples[], size_t limit);

/* race_scan.c */
void race_scan_start(struct race *race);
/* Whether the scan still lacks this point. */
bool race_scan_needs(const struct race *race, enum gemm gemm, int m_index, int tile);
/* Whether a later level of the scan will need this point, as far as can be told now: a best that
 * falls can only take hope away. */
bool race_scan_ahead(const struct race *race, enum gemm gemm, int m_index, int tile);
/* Moves on through the levels as far as the samples allow. */
void race_scan_advance(struct race *race);

/* race_round.c */
const struct round *race_rounds(enum effort effort, int *count);
/* The phase on whose samples the candidates of this M are ranked now, and how many it takes. */
enum race_phase race_ranked_phase(const struct race *race, int m_index);
int race_set_target(const struct race *race, int m_index);
/* Samples that the first round will want of a point that the scan has met, and that may be taken
 * at once; 0: none, or it cannot be told yet. The phase is the first round's. */
int race_ahead_samples(const struct race *race, enum gemm gemm, int m_index, int tile);

/* race_rank.c */
struct race_candidate {
    int tile, block_m;
    double us, low, high; /* the median with its 95 % interval; NAN: too few samples for one */
    double loss;  /* us that the best pair with this tile takes more than the best pair of all */
    double clock; /* MHz at its scan where the scan ranks, else 0 */
};

/* Which samples rank candidates: the first so many of a phase, whatever came after them. */
struct race_basis {
    enum race_phase phase;
    int samples;
};

/* Both GEMMs' candidates of one M, those with the least loss first; a GEMM not asked for has none
 * and costs nothing. */
struct race_ranking {
    struct race_candidate *list[GEMM_COUNT];
    int count[GEMM_COUNT];
    const bool *asked; /* [GEMM_COUNT] */
    int block_m;       /* of the best pair, 0: there is none */
    double pair_us;    /* of the best pair */
};

/* What ranks the candidates after `round` (-1: the scan). */
struct race_basis race_basis(const struct race *race, int round);
/* Those of this M's present round (of the scan: all its tiles) that have samples of the basis;
 * race_ranking_free it. */
void race_rank(const struct race *race, int m_index, const struct race_basis *basis,
    struct race_ranking *ranking);
void race_ranking_free(struct race_ranking *ranking);
/* up + down with this BLOCK_SIZE_M, INFINITY where one has none. */
double race_pair_us(const struct race_ranking *ranking, int block_m);
/* Ranks candidates by their latest finished phase and picks the pair with the least sum that shares
 * a BLOCK_SIZE_M; tiles[g] is -1 for a GEMM not asked for. False: there is none. */
bool race_best_pair(const struct race *race, int m_index, int tiles[GEMM_COUNT]);

/* race_decide.c */
/* How many fresh samples each contestant of this M takes: more while what they say is open. */
int race_confirm_target(const struct race *race, int m_index);
/* The tiles to be confirmed at this M, without doubles; returns how many (at most 3 a GEMM). */
int race_contestants(const struct race *race, int m_index, struct race_kernel_id out[]);

#endif
