/* SPDX-License-Identifier: MIT */
#include "ui/pair.h"
#include "ui/state_parts.h"

#include <stdio.h>

/* The editor's keys: what they ask of the tuner. */

void state_edit_open(struct state *state, const struct snapshot *snapshot)
{
    if (state->tile < 0)
        return;
    editor_open(&state->editor, &snapshot->question.space.tiles[state->tile]);
    state->overlay = OVERLAY_EDIT;
}

/* Both GEMMs of this M at once, as far as both are tuned. */
static struct effect choose_tiles(const struct state *state, const struct snapshot *snapshot,
    const struct tile tiles[GEMM_COUNT], const char *why)
{
    const bool *gemms = snapshot->question.gemms;
    bool both = gemms[GEMM_UP] && gemms[GEMM_DOWN];
    struct effect effect = state_post(state, snapshot, both ? TUNER_CHOOSE_PAIR : TUNER_CHOOSE);
    effect.command.tile = tiles[state->gemm];
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++)
        effect.command.pair[gemm] = tiles[gemm];
    snprintf(effect.command.reason, sizeof effect.command.reason, "%s", why);
    return effect;
}

static struct effect choose_both(struct state *state, const struct snapshot *snapshot)
{
    struct tile tiles[GEMM_COUNT] = {0}, *other = &tiles[pair_other(state->gemm)];
    tiles[state->gemm] = state->editor.tile;
    pair_partner(snapshot, state->gemm, state->m_index, &state->editor.tile, other);
    state_note(state, "both are chosen by hand once they are seen right");
    return choose_tiles(state, snapshot, tiles, "edited, up and down together");
}

/* The engine's own default, kept by hand: what the file's nearest key would give is then off. */
static struct effect pin(struct state *state, const struct snapshot *snapshot)
{
    const struct choice *own = &snapshot->choices[state->gemm][state->m_index];
    const struct tile tiles[GEMM_COUNT] = {own->default_tile, own->default_tile};
    if (!own->default_fits) {
        state_note(state, "the engine's default does not fit here: it cannot be pinned");
        return (struct effect){.kind = EFFECT_NONE};
    }
    state_note(state, "M=%d is pinned to the engine's default once it is seen right", own->m);
    return choose_tiles(state, snapshot, tiles, "pinned to the engine's default");
}

/* A tile that would be asked of the tuner; false with the reason in the notice. */
static bool takes(struct state *state, const struct snapshot *snapshot)
{
    const struct question *question = &snapshot->question;
    struct tile *tile = &state->editor.tile, effective;
    struct error err = {0};
    if (tile_legal(tile, &err) &&
        engine_effective_tile(&question->engine, &question->shape, tile, &effective, &err)) {
        *tile = effective;
        return true;
    }
    state_note(state, "%s", err.text);
    return false;
}

static void toggle_flag(struct state *state, const struct snapshot *snapshot)
{
    if (engine_takes_tma(&snapshot->question.engine, state->gemm))
        editor_act(&state->editor, ACTION_FLAG, 0);
    else
        state_note(state, "%s %s does not take USE_TMA in %s's entries",
            engine_name(&snapshot->question.engine), snapshot->question.engine.version,
            gemm_name(state->gemm));
}

static struct effect act(struct state *state, const struct snapshot *snapshot, enum action action)
{
    const struct choice *own = &snapshot->choices[state->gemm][state->m_index];
    struct effect effect = {.kind = EFFECT_NONE};
    if (action == ACTION_PIN) {
        effect = pin(state, snapshot);
    } else if (action == ACTION_DROP) {
        state_note(state, "M=%d will have no entry: the nearest keys serve it", own->m);
        effect = state_post(state, snapshot, TUNER_DROP);
    } else if (action == ACTION_TAKE && takes(state, snapshot)) {
        effect = state_choose(state, snapshot, &state->editor.tile, "edited");
    } else if (action == ACTION_BOTH && takes(state, snapshot)) {
        effect = choose_both(state, snapshot);
    } else if (action == ACTION_AB && takes(state, snapshot)) {
        state_ab_open(state, snapshot, &state->editor.tile);
        return effect;
    }
    if (effect.kind != EFFECT_NONE)
        state->overlay = OVERLAY_NONE;
    return effect;
}

struct effect state_edit_key(struct state *state, const struct snapshot *snapshot, int key)
{
    struct effect none = {.kind = EFFECT_NONE};
    struct error err = {0};
    const struct choice *own = &snapshot->choices[state->gemm][state->m_index];
    enum action action = key == 3 ? ACTION_LEAVE : key_action_at(PLACE_EDITOR, key);
    if (state->editor.writing && key != 3) {
        if (!editor_write(&state->editor, key, &err))
            state_note(state, "%s", err.text);
    } else if (action == ACTION_LEAVE) {
        state->overlay = OVERLAY_NONE;
    } else if (action == ACTION_FLAG) {
        toggle_flag(state, snapshot);
    } else if (action == ACTION_BEST && own->chosen) {
        editor_set(&state->editor, &own->tile);
    } else if (!editor_act(&state->editor, action, key)) {
        return act(state, snapshot, action);
    }
    return none;
}
