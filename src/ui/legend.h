/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_UI_LEGEND_H
#define MOEBENCH_UI_LEGEND_H

#include <stddef.h>

/* What the marks of the maps and the headings of the list mean: for the help and the man page. */
struct legend_row {
    const char *name, *meaning;
};

extern const char legend_title[];
extern const struct legend_row legend_rows[];
extern const size_t legend_count;

#endif
