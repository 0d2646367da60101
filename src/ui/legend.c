/* SPDX-License-Identifier: MIT */
#include "ui/legend.h"

const char legend_title[] = "on the maps and in the list";

const struct legend_row legend_rows[] = {
    {"0 .. 8", "best of this M; within 1, 3, 10, 25, 50 %, 2x, 4x of it; slower"},
    {"o, d, i", "the entry chosen, the engine's default, the incumbent's"},
    {">, ., x", "running now, not measured, does not fit"},
    {"!, w", "failed, wrong result"},
    {"in regs", "0 .. 7: registers in steps of 32; s: spills"},
    {"in shared", "0 .. 9: tenths of the card's limit"},
    {"x def", "the default's time over the choice's"},
    {"roof", "how much of the card's roofline the choice reaches"},
    {"st", "how far it is; ok: settled, hnd: by hand, out: no entry"},
    {"~3,072 B", "estimated: not compiled yet"},
};

const size_t legend_count = sizeof legend_rows / sizeof legend_rows[0];
