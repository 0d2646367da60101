/* SPDX-License-Identifier: MIT */
#include "ui/effect.h"

#include "ui/settings.h"

#include <stdio.h>

bool effect_apply(struct state *state, const struct effect *effect, struct tuner *tuner,
    const struct snapshot *snapshot, const struct screen_options *options)
{
    struct error err = {0};
    bool done = true;
    if (effect->kind == EFFECT_COMMAND)
        tuner_post(tuner, &effect->command);
    if (effect->kind == EFFECT_EXPORT)
        done = options->export(snapshot, options->arg, state->notice, sizeof state->notice, &err);
    if (effect->kind == EFFECT_SAVE) {
        done = settings_save(state->theme, &err);
        snprintf(state->notice, sizeof state->notice, "theme %s saved", theme_name(state->theme));
    }
    if (!done)
        snprintf(state->notice, sizeof state->notice, "%.250s", err.text);
    return effect->kind != EFFECT_QUIT;
}
