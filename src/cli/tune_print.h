/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_CLI_TUNE_PRINT_H
#define MOEBENCH_CLI_TUNE_PRINT_H

#include "tuner/tuner.h"

#include <stdio.h>

/* What the card says of itself under way; "-" for what it does not tell. */
void tune_print_card(FILE *stream, const struct snapshot *snapshot);
/* One line of how far it is: phase, GEMM, M, done and left, best so far, time left. */
void tune_print_progress(FILE *stream, const struct snapshot *snapshot, bool terminal);
/* M by M: tile up, us, % of the roofline, against the default; the same for down. */
void tune_print_table(FILE *stream, const struct snapshot *snapshot);

#endif
