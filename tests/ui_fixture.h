/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TESTS_UI_FIXTURE_H
#define MOEBENCH_TESTS_UI_FIXTURE_H

#include "tuner/tuner.h"

/* A synthetic snapshot of GLM-4.7-FP8 TP4 on a GB10 in the midst of a tune; free with the next. */
void fixture_snapshot(struct snapshot *snapshot);
void fixture_free(struct snapshot *snapshot);

#endif
