/* SPDX-License-Identifier: MIT */
#include "ui/ab_news.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void add_start(const struct ab_view *ab, struct text *out)
{
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++) {
        char a[TILE_TEXT_SIZE], b[TILE_TEXT_SIZE];
        if (ab->job.gemms[gemm])
            text_add(out, "A/B %s M=%d: A %s %s, B %s %s\n", gemm_name((enum gemm)gemm), ab->job.m,
                ab->job.a.label, tile_format(&ab->job.a.tiles[gemm], a, sizeof a), ab->job.b.label,
                tile_format(&ab->job.b.tiles[gemm], b, sizeof b));
    }
}

static void add_look(const struct ab_point *look, struct text *out)
{
    text_add(out, "A/B: %+.2f %%", look->effect);
    if (!isnan(look->low))
        text_add(out, " [%+.2f, %+.2f]", look->low, look->high);
    text_add(out, " after %d blocks\n", look->blocks);
}

static void add_end(const struct ab_view *ab, struct text *out)
{
    if (*ab->error)
        text_add(out, "A/B: no verdict: %s\n", ab->error);
    else
        text_add(out, "%s%s%s\n", ab->text, *ab->flags ? ", flags: " : "", ab->flags);
}

void ab_news(struct ab_told *told, const struct ab_view *ab, struct text *out)
{
    if (!ab->running && !ab->ended)
        return;
    if (told->serial != ab->serial) {
        *told = (struct ab_told){.serial = ab->serial};
        add_start(ab, out);
    }
    if (*ab->phase && strcmp(told->phase, ab->phase) != 0)
        text_add(out, "A/B: %s\n", ab->phase);
    snprintf(told->phase, sizeof told->phase, "%s", ab->phase);
    while (told->looks < ab->look_count)
        add_look(&ab->looks[told->looks++], out);
    if (ab->ended && !told->ended)
        add_end(ab, out);
    told->ended = ab->ended;
}
