/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_UI_AB_NEWS_H
#define MOEBENCH_UI_AB_NEWS_H

#include "base/text.h"
#include "tuner/tuner.h"

/* What of an A/B was said already; start from {0}. */
struct ab_told {
    unsigned serial;
    char phase[32];
    int looks;
    bool ended;
};

/* Adds a line for everything new: its start, each phase, each look, the verdict. */
void ab_news(struct ab_told *told, const struct ab_view *ab, struct text *out);

#endif
