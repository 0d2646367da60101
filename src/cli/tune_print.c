/* SPDX-License-Identifier: MIT */
#include "cli/tune_print.h"

#include "base/text.h"
#include "domain/roofline.h"
#include "domain/routing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define BAR 10
/* Of a row with both GEMMs: M, 2 x (tile, us, roof, x def, ?), from. */
#define ROW_WIDTH (6 + 2 * (2 + 27 + 1 + 9 + 1 + 5 + 1 + 6 + 1) + 2 + 9)
#define INCUMBENT_WIDTH (1 + 6)

static void format_time(double seconds, char *buffer, size_t size)
{
    int s = isfinite(seconds) && seconds > 0 ? (int)seconds : 0;

    if (!isfinite(seconds))
        snprintf(buffer, size, "?");
    else if (s >= 3600)
        snprintf(buffer, size, "%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(buffer, size, "%d:%02d", s / 60, s % 60);
}

static double best_here(const struct snapshot *s)
{
    for (int m = 0; m < s->question.batch_size_count; m++) {
        if (s->question.batch_sizes[m] == s->m)
            return s->choices[s->gemm][m].median_us;
    }
    return NAN;
}

void tune_print_card(FILE *stream, const struct snapshot *s)
{
    char mhz[32] = "-", celsius[16] = "-", watts[16] = "-", memory[64] = "memory -";

    if (s->clock_mhz > 0)
        text_grouped((long long)s->clock_mhz, mhz, sizeof mhz);
    if (s->temperature_c > 0)
        snprintf(celsius, sizeof celsius, "%.0f", s->temperature_c);
    if (s->power_w > 0)
        snprintf(watts, sizeof watts, "%.1f", s->power_w);
    if (s->memory_total > 0)
        snprintf(memory, sizeof memory, "%.1f of %.1f GB used%s", (double)s->memory_used / 1e9,
            (double)s->memory_total / 1e9, s->memory_shared ? " (shared with the CPU)" : "");
    fprintf(stream, "card: %s MHz, %s C, %s W, %s\n", mhz, celsius, watts, memory);
}

static int settled_count(const struct snapshot *s)
{
    int count = 0;

    for (int m = 0; m < s->question.batch_size_count; m++)
        count += snapshot_is_settled(s, m);
    return count;
}

/* Of the terminal; `otherwise` where the stream is none. */
static int width_of(FILE *stream, int otherwise)
{
    struct winsize size;

    return ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                            : otherwise;
}

/* On one line of the terminal, whatever its width: a wrapped one would scroll at every step. */
static void print_bar(FILE *stream, const struct snapshot *s, const char *line)
{
    double share = tuner_share(s);
    int room = width_of(stream, 80) - 1;
    char bar[BAR + 1], *text;

    for (int i = 0; i < BAR; i++)
        bar[i] = i < share * BAR ? '#' : '-';
    bar[BAR] = '\0';
    text = xasprintf("[%s] %3.0f %%  %s", bar, 100 * share, line);
    fprintf(stream, "\r\033[K%.*s", room, text);
    free(text);
}

void tune_print_progress(FILE *stream, const struct snapshot *s, bool terminal)
{
    int ms = s->question.batch_size_count;
    double best = best_here(s);
    char left[32], where[32] = "", us[32] = "", done[64], *line;

    format_time(s->left_s, left, sizeof left);
    snprintf(done, sizeof done, "  %lld/%lld points  %lld samples", s->points_done,
        s->points_done + s->points_left, s->samples);
    if (s->m > 0)
        snprintf(where, sizeof where, "  %s M=%d", gemm_name(s->gemm), s->m);
    if (isfinite(best))
        snprintf(us, sizeof us, "  best %.1f us", best);
    line = xasprintf("%-10s%s%s%s  left %s  %d/%d M", s->phase, where, terminal ? "" : done, us,
        left, settled_count(s), ms);
    if (terminal)
        print_bar(stream, s, line);
    else
        fprintf(stream, "%s settled%s\n", line, s->recorded ? "  (recorded)" : "");
    fflush(stream);
    free(line);
}

/* Up and down stand in one row, or one below the other where a terminal is too narrow for that. */
static const char *between(FILE *stream, const struct snapshot *s, int g)
{
    bool second = g == GEMM_DOWN && s->question.gemms[GEMM_UP];
    int need = s->incumbent.path[0] ? ROW_WIDTH + 2 * INCUMBENT_WIDTH : ROW_WIDTH;

    return second && width_of(stream, need) < need ? "\n      " : "";
}

static void print_cell(FILE *stream, const struct snapshot *s, enum gemm gemm, int m)
{
    const struct choice *c = &s->choices[gemm][m];
    double experts = routing_expected_experts(&s->question.shape, c->m);
    struct roofline roof;
    char tile[TILE_TEXT_SIZE] = "-", us[16] = "-", share[16] = "-", gain[16] = "-";
    char beaten[16] = "-";

    if (!s->question.gemms[gemm])
        return;
    roofline_make(&s->question.shape, gemm, c->m, experts, &s->question.device, &roof);
    if (c->chosen) {
        tile_format(&c->tile, tile, sizeof tile);
        if (c->median_us > 0)
            snprintf(us, sizeof us, "%.1f", c->median_us);
        if (roof.us > 0 && c->median_us > 0)
            snprintf(share, sizeof share, "%.0f%%", 100 * roof.us / c->median_us);
        if (isfinite(c->default_us))
            snprintf(gain, sizeof gain, "%.2fx", c->default_us / c->median_us);
        if (c->incumbent_us > 0)
            snprintf(beaten, sizeof beaten, "%.2fx", c->incumbent_us / c->median_us);
    }
    fprintf(stream, "%s  %-27s %9s %5s %6s", between(stream, s, gemm), tile, us, share, gain);
    if (s->incumbent.path[0])
        fprintf(stream, " %6s", beaten);
    fputc(c->chosen && !c->verified ? '?' : ' ', stream);
}

static bool any_unproven(const struct snapshot *s)
{
    for (int m = 0; m < s->question.batch_size_count; m++) {
        for (int g = 0; g < GEMM_COUNT; g++)
            if (s->question.gemms[g] && s->choices[g][m].chosen && !s->choices[g][m].verified)
                return true;
    }
    return false;
}

void tune_print_table(FILE *stream, const struct snapshot *s)
{
    fprintf(stream, "%6s", "M");
    for (int g = 0; g < GEMM_COUNT; g++) {
        if (s->question.gemms[g])
            fprintf(stream, "%s  %-27s %9s %5s %6s%s ", between(stream, s, g),
                gemm_name((enum gemm)g), "us", "roof", "x def",
                s->incumbent.path[0] ? "  x inc" : "");
    }
    fprintf(stream, "  from\n");
    for (int m = 0; m < s->question.batch_size_count; m++) {
        const struct choice *up = &s->choices[s->question.gemms[GEMM_UP] ? GEMM_UP : GEMM_DOWN][m];
        fprintf(stream, "%6d", s->question.batch_sizes[m]);
        for (int g = 0; g < GEMM_COUNT; g++)
            print_cell(stream, s, (enum gemm)g, m);
        fprintf(stream, "  %s\n",
            !up->chosen   ? "-"
            : up->settled ? choice_source_name(up->source)
                          : "so far");
    }
    if (s->incumbent.path[0])
        fprintf(stream, "x inc: against %s (%s)\n", s->incumbent.path, s->incumbent.how);
    if (any_unproven(s))
        fprintf(stream,
            "?: not seen to be right yet; exported only where it is the engine's default\n");
    if (s->recorded)
        fprintf(stream, "Figures are %s, not of this machine.\n", s->label);
}
