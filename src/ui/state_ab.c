/* SPDX-License-Identifier: MIT */
#include "ui/state_parts.h"

#include <stdio.h>
#include <string.h>

/* The A/B's dialog and what may be done while it runs and at its end. */

bool state_ab_waits(const struct state *state, const struct snapshot *snapshot)
{
    return snapshot->ab.running || (snapshot->ab.ended && state->answered != snapshot->ab.serial);
}

void state_ab_open(struct state *state, const struct snapshot *snapshot, const struct tile *edited)
{
    if (state_ab_waits(state, snapshot)) {
        if (edited)
            state_note(state, "this one first: stop it, or answer it");
        state->overlay = OVERLAY_AB;
        return;
    }
    if (state->tile < 0)
        return;
    ab_dialog_open(&state->ab, snapshot, state->gemm, state->m_index,
        &snapshot->question.space.tiles[state->tile], edited);
    state->overlay = OVERLAY_AB_ASK;
}

struct effect state_ab_ask_key(struct state *state, const struct snapshot *snapshot, int key)
{
    struct effect effect = {.kind = EFFECT_NONE};
    enum action action = key == 3 ? ACTION_LEAVE : key_action_at(PLACE_AB_ASK, key);
    if (action == ACTION_LEAVE) {
        state->overlay = OVERLAY_NONE;
    } else if (action == ACTION_TAKE) {
        effect = state_post(state, snapshot, TUNER_AB);
        ab_dialog_job(&state->ab, snapshot, &effect.command.ab);
        state->overlay = OVERLAY_AB;
    } else {
        ab_dialog_act(&state->ab, action);
    }
    return effect;
}

/* B becomes the choice of what was compared. */
static struct effect accept(struct state *state, const struct snapshot *snapshot)
{
    const struct ab_view *ab = &snapshot->ab;
    bool pair = ab->job.gemms[GEMM_UP] && ab->job.gemms[GEMM_DOWN];
    struct effect effect = state_post(state, snapshot, pair ? TUNER_CHOOSE_PAIR : TUNER_CHOOSE);
    effect.command.m = ab->job.m;
    effect.command.gemm = ab->job.gemms[GEMM_UP] ? GEMM_UP : GEMM_DOWN;
    effect.command.tile = ab->job.b.tiles[effect.command.gemm];
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++)
        effect.command.pair[gemm] = ab->job.b.tiles[gemm];
    effect.command.evidence = ab->id;
    if (ab->id == 0) /* what the store does not have is said in words */
        snprintf(effect.command.reason, sizeof effect.command.reason, "%s", ab->text);
    return effect;
}

static struct effect answer(
    struct state *state, const struct snapshot *snapshot, enum action action)
{
    struct effect effect = {.kind = EFFECT_NONE};
    const struct ab_view *ab = &snapshot->ab;
    if (action == ACTION_ACCEPT)
        effect = accept(state, snapshot);
    state_note(state, action == ACTION_ACCEPT ? "B is chosen, by hand" : "the choice stays");
    state->answered = ab->serial;
    state->overlay = OVERLAY_NONE;
    return effect;
}

enum key_place state_ab_place(const struct state *state, const struct snapshot *snapshot)
{
    if (snapshot->ab.running || !state_ab_waits(state, snapshot))
        return PLACE_AB;
    return *snapshot->ab.error ? PLACE_NO_VERDICT : PLACE_VERDICT;
}

struct effect state_ab_key(struct state *state, const struct snapshot *snapshot, int key)
{
    struct effect none = {.kind = EFFECT_NONE};
    enum key_place place = state_ab_place(state, snapshot);
    enum action action = key == 3 ? ACTION_LEAVE : key_action_at(place, key);
    if (action == ACTION_ACCEPT || action == ACTION_REFUSE)
        return answer(state, snapshot, action);
    if (action == ACTION_STOP && snapshot->ab.running)
        return state_post(state, snapshot, TUNER_AB_STOP);
    if (action == ACTION_LEAVE)
        state->overlay = OVERLAY_NONE;
    return none;
}
