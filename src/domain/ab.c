/* SPDX-License-Identifier: MIT */
#include "domain/ab.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ALPHA 0.05 /* of a whole comparison */

static const struct {
    const char *name;
    int exit_code;
} verdicts[] = {
    [AB_UNDECIDED] = {"UNDECIDED", 12},
    [AB_FASTER] = {"FASTER", 0},
    [AB_SLOWER] = {"SLOWER", 10},
    [AB_SAME] = {"SAME", 11},
};

const char *ab_verdict_name(enum ab_verdict verdict)
{
    return verdicts[verdict].name;
}

int ab_exit_code(enum ab_verdict verdict)
{
    return verdicts[verdict].exit_code;
}

void ab_plan_block(struct random *random, bool is_b[4])
{
    bool first = random_below(random, 2);

    is_b[0] = is_b[3] = first;
    is_b[1] = is_b[2] = !first;
}

double ab_difference(const bool is_b[4], const double times[4])
{
    double sum[2] = {0, 0};

    for (int i = 0; i < 4; i++)
        sum[is_b[i]] += times[i];
    return log(sum[1] / sum[0]);
}

int ab_next_look(int blocks, int budget)
{
    for (int part = 8; part >= 1; part /= 2) {
        int look = (budget + part - 1) / part;
        if (look > blocks)
            return look;
    }
    return 0;
}

static double percent(double difference)
{
    return 100 * expm1(difference);
}

static enum ab_verdict verdict_of(double low_pct, double high_pct)
{
    if (high_pct < -100 * AB_DIFFERS)
        return AB_FASTER;
    if (low_pct > 100 * AB_DIFFERS)
        return AB_SLOWER;
    if (low_pct > -100 * AB_SAME_WITHIN && high_pct < 100 * AB_SAME_WITHIN)
        return AB_SAME;
    return AB_UNDECIDED;
}

/* The interval's half width shrinks with the root of the number of blocks; it must become less than
 * the estimate's distance to +-AB_DIFFERS from within, or to +-AB_SAME_WITHIN from outside. */
static int blocks_to_decide(double effect, double half, size_t count)
{
    double differs = fabs(effect) - 100 * AB_DIFFERS;
    double same = 100 * AB_SAME_WITHIN - fabs(effect);
    double needed = fmax(differs, same);
    double blocks = (double)count * (half / needed) * (half / needed);

    return (int)fmax(1, ceil(fmin(blocks, 1e6)) - (double)count);
}

void ab_judge(const double differences[], size_t count, double level, struct ab_result *result)
{
    struct stats_interval interval;

    stats_hodges_lehmann(differences, count, level, &interval);
    *result = (struct ab_result){
        .verdict = AB_UNDECIDED,
        .effect_pct = percent(interval.estimate),
        .ci_pct = {percent(interval.low), percent(interval.high)},
        .mde_pct = NAN,
        .blocks = (int)count,
        .blocks_to_decide = -1,
    };
    if (isnan(interval.low))
        return;

    double half = (result->ci_pct[1] - result->ci_pct[0]) / 2;
    double reach = stats_normal_quantile(0.9) / stats_normal_quantile((1 + level) / 2);
    result->mde_pct = 100 * AB_DIFFERS + half * (1 + reach);
    result->verdict = verdict_of(result->ci_pct[0], result->ci_pct[1]);
    result->blocks_to_decide =
        result->verdict == AB_UNDECIDED ? blocks_to_decide(result->effect_pct, half, count) : 0;
}

double ab_p_value(const double differences[], size_t count)
{
    struct stats_interval interval;

    stats_hodges_lehmann(differences, count, AB_LEVEL, &interval);
    double edge = log1p(interval.estimate < 0 ? -AB_DIFFERS : AB_DIFFERS);
    if (count == 0 || fabs(interval.estimate) <= fabs(edge))
        return 1;
    return fmin(1, stats_signed_rank_p(differences, count, edge) * ALPHA / (1 - AB_LEVEL));
}

void ab_holm(struct ab_result results[], const double p[], size_t count)
{
    double *adjusted = xcalloc(count + 1, sizeof *adjusted);

    stats_holm(p, count, adjusted);
    for (size_t i = 0; i < count; i++) {
        bool differs = results[i].verdict == AB_FASTER || results[i].verdict == AB_SLOWER;
        if (differs && adjusted[i] >= ALPHA) {
            results[i].verdict = AB_UNDECIDED;
            results[i].blocks_to_decide = -1;
        }
    }
    free(adjusted);
}
