/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_DOMAIN_AB_H
#define MOEBENCH_DOMAIN_AB_H

#include "base/random.h"
#include "domain/stats.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * A against B, honestly. A block is four timings A B B A or B A A B, the orientation drawn at
 * random: linear drift within a block cancels. The difference of a block is d = ln(mean of its
 * B / mean of its A). Looks at 10, 20, 40 and 80 blocks, each with a 98.2 % interval of the
 * Hodges-Lehmann estimate, so that all four hold 95 % together.
 */
enum ab_verdict { AB_UNDECIDED, AB_FASTER, AB_SLOWER, AB_SAME }; /* about B */

#define AB_BUDGET 80      /* blocks, the default */
#define AB_LEVEL 0.982    /* of one look's interval */
#define AB_DIFFERS 0.0025 /* the interval must clear +- this to be FASTER or SLOWER */
#define AB_SAME_WITHIN 0.005

const char *ab_verdict_name(enum ab_verdict verdict); /* "FASTER", ... */
int ab_exit_code(enum ab_verdict verdict); /* 0 FASTER, 10 SLOWER, 11 SAME, 12 UNDECIDED */

/* Which side each of a block's four timings takes: true is B. Draws from *random. */
void ab_plan_block(struct random *random, bool is_b[4]);
/* d of a block from its four times, in the plan's order. */
double ab_difference(const bool is_b[4], const double times[4]);

/* The number of blocks at the next look after `blocks` (10, 20, 40, 80 in the default budget:
 * 1/8, 1/4, 1/2 and all of it); 0 when there is none. */
int ab_next_look(int blocks, int budget);

struct ab_result {
    enum ab_verdict verdict;
    double effect_pct; /* B against A; negative: B is faster */
    double ci_pct[2];  /* NAN, NAN when there are too few blocks */
    double mde_pct;    /* smallest effect found nine times of ten by so many blocks; NAN as above */
    int blocks;        /* so far */
    int blocks_to_decide; /* further ones until a verdict, extrapolated; 0 decided, -1 unknown */
};

/* What `count` differences say at the given level (AB_LEVEL for a look). */
void ab_judge(const double differences[], size_t count, double level, struct ab_result *result);

/*
 * The p value that belongs to ab_judge: of an effect within +-AB_DIFFERS, scaled so that under 5 %
 * stands for what a look at AB_LEVEL demands (four looks share the 5 %).
 */
double ab_p_value(const double differences[], size_t count);

/* The verdicts of a file's comparisons together: a FASTER or SLOWER stands only where its p value
 * (ab_p_value) is under 5 % after Holm's correction, else it becomes UNDECIDED. */
void ab_holm(struct ab_result results[], const double p[], size_t count);

#endif
