/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_DOMAIN_STATS_H
#define MOEBENCH_DOMAIN_STATS_H

#include <stddef.h>

/* Pure statistics on small samples. No function changes its input. */

/* A point estimate with a two-sided confidence interval. */
struct stats_interval {
    double estimate;
    double low, high; /* NAN where the sample is too small for the level */
    double level;     /* the confidence reached, at least the one asked for; 0 with NANs */
};

/* The mean of the two middle values when `count` is even; NAN when it is 0. */
double stats_median(const double values[], size_t count);
double stats_median_float(const float values[], size_t count);

/*
 * The median with the interval between two order statistics, x(r) and x(n+1-r), r as large as the
 * level allows by the binomial distribution with p = 1/2: free of any assumption but independence
 * (Conover, Practical Nonparametric Statistics, section 3.2).
 */
void stats_median_interval(
    const float values[], size_t count, double level, struct stats_interval *interval);

#define STATS_WILCOXON_EXACT 49 /* as R: below 50 values without ties or zeros */

/*
 * The Hodges-Lehmann estimate of the centre of a symmetric distribution (the median of all
 * n(n+1)/2 Walsh averages) with the interval that belongs to Wilcoxon's signed-rank test. Exact
 * below 50 values: the Walsh averages at the ranks given by the exact distribution of V, as R's
 * wilcox.test(x, conf.int = TRUE). From 50 on the ranks come from the normal approximation with
 * continuity correction; R then inverts the statistic numerically and lands between the same
 * Walsh averages. Ties and zeros are kept in both cases (R approximates with ties, drops zeros).
 */
void stats_hodges_lehmann(
    const double values[], size_t count, double level, struct stats_interval *interval);

/* Two-sided p value of the signed-rank test of centre `mu`, zeros dropped and tied ranks averaged;
 * exact below 50 values without ties and zeros, else normal, corrected for continuity and ties. */
double stats_signed_rank_p(const double values[], size_t count, double mu);

/* Quantile function of the standard normal: stats_normal_quantile(0.975) = 1.959964. */
double stats_normal_quantile(double p);

/* Holm's step-down correction: p values adjusted for `count` comparisons, in their own order. */
void stats_holm(const double p[], size_t count, double adjusted[]);

#endif
