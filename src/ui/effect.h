/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_UI_EFFECT_H
#define MOEBENCH_UI_EFFECT_H

#include "ui/screen.h"
#include "ui/state.h"

/* Does what a key asked for, as far as no terminal is needed. False: to quit. */
bool effect_apply(struct state *state, const struct effect *effect, struct tuner *tuner,
    const struct snapshot *snapshot, const struct screen_options *options);

#endif
