/* SPDX-License-Identifier: MIT */
#include "domain/stats.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare_double(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

/* An ascending copy; free(). */
static double *sorted_copy(const double values[], size_t count)
{
    double *copy = xcalloc(count, sizeof *copy);

    memcpy(copy, values, count * sizeof *copy);
    qsort(copy, count, sizeof *copy, compare_double);
    return copy;
}

static double *sorted_floats(const float values[], size_t count)
{
    double *copy = xcalloc(count, sizeof *copy);

    for (size_t i = 0; i < count; i++)
        copy[i] = values[i];
    qsort(copy, count, sizeof *copy, compare_double);
    return copy;
}

static double sorted_median(const double sorted[], size_t count)
{
    return count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

/* Of what sorted_copy or sorted_floats made, which is freed. */
static double take_median(double *sorted, size_t count)
{
    double median = sorted_median(sorted, count);

    free(sorted);
    return median;
}

double stats_median(const double values[], size_t count)
{
    return count > 0 ? take_median(sorted_copy(values, count), count) : NAN;
}

double stats_median_float(const float values[], size_t count)
{
    return count > 0 ? take_median(sorted_floats(values, count), count) : NAN;
}

/* The largest r >= 1 with P(X <= r-1) <= tail for X ~ Bin(n, 1/2), and that probability; 0 when
 * even r = 1 is too much. In logarithms, for 2^-n leaves the range of double from n = 1075 on. */
static size_t binomial_rank(size_t n, double tail, double *reached)
{
    double log_term = -(double)n * log(2);
    double sum = exp(log_term);
    size_t r = 0;

    *reached = 0;
    while (sum <= tail && 2 * (r + 1) <= n) {
        *reached = sum;
        r++;
        log_term += log((double)(n - r + 1) / (double)r);
        sum += exp(log_term);
    }
    return r;
}

/* The rank-th values from both ends (0: none), which hold all but `reached` at either side. */
static void set_interval(const double sorted[], size_t count, size_t rank, double reached,
    struct stats_interval *interval)
{
    interval->estimate = sorted_median(sorted, count);
    if (rank == 0)
        return;
    interval->low = sorted[rank - 1];
    interval->high = sorted[count - rank];
    interval->level = 1 - 2 * reached;
}

void stats_median_interval(
    const float values[], size_t count, double level, struct stats_interval *interval)
{
    *interval = (struct stats_interval){.estimate = NAN, .low = NAN, .high = NAN};
    if (count == 0)
        return;

    double *sorted = sorted_floats(values, count);
    double reached;
    size_t r = binomial_rank(count, (1 - level) / 2, &reached);
    set_interval(sorted, count, r, reached, interval);
    free(sorted);
}

/*
 * The null distribution of V, the sum of the positive ranks of n values: probability[v] for v in
 * 0 .. n(n+1)/2, each of the 2^n signs equally likely; free(). Exact in double for n < 53.
 */
static double *signed_rank_distribution(size_t n)
{
    size_t top = n * (n + 1) / 2;
    double *probability = xcalloc(top + 1, sizeof *probability);

    probability[0] = 1;
    for (size_t rank = 1; rank <= n; rank++) {
        for (size_t v = rank * (rank + 1) / 2; v >= rank; v--)
            probability[v] += probability[v - rank];
    }
    for (size_t v = 0; v <= top; v++)
        probability[v] = ldexp(probability[v], -(int)n);
    return probability;
}

/* The largest k >= 1 with P(V <= k-1) <= tail, and that probability; 0 when there is none. */
static size_t signed_rank_exact(size_t n, double tail, double *reached)
{
    double *probability = signed_rank_distribution(n);
    double sum = probability[0];
    size_t k = 0;

    *reached = 0;
    while (sum <= tail) {
        *reached = sum;
        sum += probability[++k];
    }
    free(probability);
    return k;
}

static double normal_cdf(double z)
{
    return erfc(-z / M_SQRT2) / 2;
}

/* Mean and deviation of V without ties. */
static void signed_rank_moments(double n, double *mean, double *deviation)
{
    *mean = n * (n + 1) / 4;
    *deviation = sqrt(n * (n + 1) * (2 * n + 1) / 24);
}

static size_t signed_rank_normal(size_t n, double tail, double *reached)
{
    double mean, deviation;

    signed_rank_moments((double)n, &mean, &deviation);
    double k = floor(mean + stats_normal_quantile(tail) * deviation + 0.5);
    *reached = normal_cdf((k - 0.5 - mean) / deviation);
    return k < 1 ? 0 : (size_t)k;
}

/* All (x_i + x_j) / 2 with i <= j, ascending; free(). */
static double *walsh_averages(const double values[], size_t count)
{
    double *averages = xcalloc(count * (count + 1) / 2, sizeof *averages);
    size_t at = 0;

    for (size_t i = 0; i < count; i++) {
        for (size_t j = i; j < count; j++)
            averages[at++] = (values[i] + values[j]) / 2;
    }
    qsort(averages, at, sizeof *averages, compare_double);
    return averages;
}

void stats_hodges_lehmann(
    const double values[], size_t count, double level, struct stats_interval *interval)
{
    *interval = (struct stats_interval){.estimate = NAN, .low = NAN, .high = NAN};
    if (count == 0)
        return;

    double *averages = walsh_averages(values, count);
    size_t total = count * (count + 1) / 2;
    double tail = (1 - level) / 2;
    double reached;
    size_t k = count <= STATS_WILCOXON_EXACT ? signed_rank_exact(count, tail, &reached)
                                             : signed_rank_normal(count, tail, &reached);
    set_interval(averages, total, k, reached, interval);
    free(averages);
}

struct magnitude {
    double size;
    bool positive;
};

static int compare_magnitude(const void *a, const void *b)
{
    return compare_double(
        &((const struct magnitude *)a)->size, &((const struct magnitude *)b)->size);
}

/* |x - mu| of the values that differ from mu, ascending; their number into *count; free(). */
static struct magnitude *magnitudes(const double values[], size_t *count, double mu)
{
    struct magnitude *sizes = xcalloc(*count + 1, sizeof *sizes);
    size_t kept = 0;

    for (size_t i = 0; i < *count; i++) {
        double x = values[i] - mu;
        if (x != 0)
            sizes[kept++] = (struct magnitude){.size = fabs(x), .positive = x > 0};
    }
    qsort(sizes, kept, sizeof *sizes, compare_magnitude);
    *count = kept;
    return sizes;
}

/* V with averaged ranks; the sum of t^3 - t over groups of t ties into *ties. */
static double signed_rank_statistic(const struct magnitude sizes[], size_t count, double *ties)
{
    double v = 0;

    *ties = 0;
    for (size_t from = 0, to; from < count; from = to) {
        size_t positive = 0;
        for (to = from; to < count && sizes[to].size == sizes[from].size; to++)
            positive += sizes[to].positive;
        double t = (double)(to - from);
        v += (double)positive * (double)(from + 1 + to) / 2;
        *ties += t * t * t - t;
    }
    return v;
}

static double signed_rank_p_exact(double v, size_t n)
{
    double *probability = signed_rank_distribution(n);
    size_t top = n * (n + 1) / 2;
    size_t nearer = (size_t)v < top - (size_t)v ? (size_t)v : top - (size_t)v;
    double p = 0;

    for (size_t i = 0; i <= nearer; i++)
        p += probability[i];
    free(probability);
    return fmin(1, 2 * p);
}

static double signed_rank_p_normal(double v, double ties, size_t n)
{
    double mean, deviation;

    signed_rank_moments((double)n, &mean, &deviation);
    deviation = sqrt(deviation * deviation - ties / 48);
    double distance = fmax(0, fabs(v - mean) - 0.5);
    return deviation > 0 ? fmin(1, 2 * normal_cdf(-distance / deviation)) : 1;
}

double stats_signed_rank_p(const double values[], size_t count, double mu)
{
    size_t kept = count;
    struct magnitude *sizes = magnitudes(values, &kept, mu);
    double ties;
    double v = signed_rank_statistic(sizes, kept, &ties);

    free(sizes);
    if (kept == 0)
        return 1;
    if (kept <= STATS_WILCOXON_EXACT && ties == 0 && kept == count)
        return signed_rank_p_exact(v, kept);
    return signed_rank_p_normal(v, ties, kept);
}

/* Acklam's rational approximation (relative error 1.2e-9), then one step of Halley's method. */
double stats_normal_quantile(double p)
{
    static const double a[] = {-3.969683028665376e+01, 2.209460984245205e+02,
        -2.759285104469687e+02, 1.383577518672690e+02, -3.066479806614716e+01,
        2.506628277459239e+00};
    static const double b[] = {-5.447609879822406e+01, 1.615858368580409e+02,
        -1.556989798598866e+02, 6.680131188771972e+01, -1.328068155288572e+01, 1};
    static const double c[] = {-7.784894002430293e-03, -3.223964580411365e-01,
        -2.400758277161838e+00, -2.549732539343734e+00, 4.374664141464968e+00,
        2.938163982698783e+00};
    static const double d[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
        3.754408661907416e+00, 1};
    bool upper = p > 0.5;
    double tail = upper ? 1 - p : p;
    double over, under, x;

    if (!(tail > 0))
        return upper ? INFINITY : -INFINITY;
    if (tail < 0.02425) {
        double q = sqrt(-2 * log(tail));
        over = ((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5];
        under = (((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + d[4];
        x = over / under;
    } else {
        double q = tail - 0.5;
        double r = q * q;
        over = ((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5];
        under = ((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + b[5];
        x = q * over / under;
    }
    double excess = (normal_cdf(x) - tail) * sqrt(2 * M_PI) * exp(x * x / 2);
    x -= excess / (1 + x * excess / 2);
    return upper ? -x : x;
}

struct indexed {
    double p;
    size_t index;
};

static int compare_indexed(const void *a, const void *b)
{
    return compare_double(&((const struct indexed *)a)->p, &((const struct indexed *)b)->p);
}

void stats_holm(const double p[], size_t count, double adjusted[])
{
    struct indexed *order = xcalloc(count + 1, sizeof *order);
    double most = 0;

    for (size_t i = 0; i < count; i++)
        order[i] = (struct indexed){.p = p[i], .index = i};
    qsort(order, count, sizeof *order, compare_indexed);
    for (size_t i = 0; i < count; i++) {
        most = fmax(most, fmin(1, order[i].p * (double)(count - i)));
        adjusted[order[i].index] = most;
    }
    free(order);
}
