/* SPDX-License-Identifier: MIT */
#include "ui/state_parts.h"

#include "base/json.h"
#include "ui/pair.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool state_running(const struct snapshot *snapshot)
{
    return snapshot->state < TUNER_PAUSED;
}

void state_note(struct state *state, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(state->notice, sizeof state->notice, format, arguments);
    va_end(arguments);
}

/* The tile under the cursor, after the cursor, the grid or the figures changed. */
static void settle(struct state *state, const struct snapshot *snapshot)
{
    struct grid *grid = &state->grid;
    state->row = state->row < 0 ? 0 : state->row >= grid->rows ? grid->rows - 1 : state->row;
    state->column = state->column < 0                ? 0
                    : state->column >= grid->columns ? grid->columns - 1
                                                     : state->column;
    state->tile = board_pick(
        snapshot, grid, state->gemm, state->m_index, state->row * grid->columns + state->column);
}

static void go_to_tile(struct state *state, const struct snapshot *snapshot, int tile)
{
    if (tile >= 0)
        grid_find(&state->grid, tile, &state->row, &state->column);
    settle(state, snapshot);
}

void state_go(
    struct state *state, const struct snapshot *snapshot, int row, int column, int m_index)
{
    state->row = row;
    state->column = column;
    state->m_index = m_index;
    state->notice[0] = '\0';
    settle(state, snapshot);
}

static void rebuild(struct state *state, const struct snapshot *snapshot)
{
    int tile = state->tile;
    grid_build(
        &state->grid, &snapshot->question.space, state->unfolded, state->fixed, state->fixed_value);
    go_to_tile(state, snapshot, tile);
}

void state_open(struct state *state, const struct snapshot *snapshot, enum theme theme)
{
    *state = (struct state){.theme = theme, .fixed = TILE_NUMBERS, .tile = -1};
    if (!snapshot->question.gemms[GEMM_UP])
        state->gemm = GEMM_DOWN;
    if (snapshot->planned)
        state->metric = METRIC_REGISTERS;
    state_update(state, snapshot);
    rebuild(state, snapshot);
    go_to_tile(state, snapshot, state->digest.best[state->gemm][0]);
}

void state_close(struct state *state)
{
    grid_free(&state->grid);
    past_free(&state->past);
}

/* The tuner's newest answer as a notice; an A/B that was refused has no screen. */
static void hear(struct state *state, const struct snapshot *snapshot)
{
    if (state->heard == snapshot->answer.number)
        return;
    state_note(state, "%s", snapshot->answer.text);
    state->heard = snapshot->answer.number;
    if (snapshot->answer.refused && state->overlay == OVERLAY_AB &&
        !state_ab_waits(state, snapshot))
        state->overlay = OVERLAY_NONE;
}

void state_update(struct state *state, const struct snapshot *snapshot)
{
    digest_build(&state->digest, snapshot);
    hear(state, snapshot);
    state->pausing &= state_running(snapshot);
    if (state->grid.tiles)
        settle(state, snapshot);
}

bool state_look_back(
    struct state *state, const struct snapshot *snapshot, struct past_reader *reader)
{
    const struct question *question = &snapshot->question;
    size_t before = state->past.event_count;
    bool changed =
        past_look(reader, snapshot->tune, state->gemm, question->batch_sizes[state->m_index],
            state->tile >= 0 ? &question->space.tiles[state->tile] : NULL, &state->past);
    if (state->overlay == OVERLAY_LOG && state->scroll > 0 && before > 0 &&
        state->past.event_count > before)
        state->scroll += (int)(state->past.event_count - before);
    return changed;
}

bool state_knows_entry(const struct state *state, const struct snapshot *snapshot)
{
    return past_about_entry(
        &state->past, snapshot->tune, state->gemm, snapshot->question.batch_sizes[state->m_index]);
}

bool state_knows_cell(const struct state *state, const struct snapshot *snapshot)
{
    return state->tile >= 0 && state_knows_entry(state, snapshot) &&
           tile_equal(&state->past.tile, &snapshot->question.space.tiles[state->tile]);
}

/* The next axis to be fixed at the cursor's value; after the last all are free. */
static void fix_next(struct state *state, const struct snapshot *snapshot)
{
    static const enum tile_number order[] = {
        TILE_STAGES, TILE_WARPS, TILE_BLOCK_K, TILE_BLOCK_N, TILE_BLOCK_M, TILE_NUMBERS};
    size_t at = 0;
    while (state->fixed != TILE_NUMBERS && order[at++] != state->fixed)
        ;
    if (state->tile < 0)
        return;
    state->fixed = order[at];
    if (state->fixed != TILE_NUMBERS)
        state->fixed_value =
            tile_number_of(&snapshot->question.space.tiles[state->tile], state->fixed);
    rebuild(state, snapshot);
    if (state->fixed == TILE_NUMBERS)
        state_note(state, "all tiles again");
    else
        state_note(state, "only tiles with %s%d; f: the next axis", tile_number_brief(state->fixed),
            state->fixed_value);
}

struct effect state_post(
    const struct state *state, const struct snapshot *snapshot, enum tuner_command_kind kind)
{
    struct effect effect = {.kind = EFFECT_COMMAND};
    effect.command.kind = kind;
    effect.command.gemm = state->gemm;
    effect.command.m = snapshot->question.batch_sizes[state->m_index];
    if (state->tile >= 0)
        effect.command.tile = snapshot->question.space.tiles[state->tile];
    return effect;
}

struct effect state_choose(
    struct state *state, const struct snapshot *snapshot, const struct tile *tile, const char *why)
{
    struct effect effect = state_post(state, snapshot, TUNER_CHOOSE);
    effect.command.tile = *tile;
    snprintf(effect.command.reason, sizeof effect.command.reason, "%s", why);
    if (pair_clashes(snapshot, state->gemm, state->m_index, tile)) {
        enum gemm other = pair_other(state->gemm);
        state_note(state, "%s has BM%d here and both must agree: %sb changes both",
            gemm_name(other), snapshot->choices[other][state->m_index].tile.block_m,
            state->overlay == OVERLAY_EDIT ? "" : "e, then ");
        return (struct effect){.kind = EFFECT_NONE};
    }
    state_note(state, "chosen by hand once it is seen right");
    return effect;
}

static struct effect copy_entry(struct state *state, const struct snapshot *snapshot)
{
    struct effect effect = {.kind = EFFECT_COPY};
    const struct choice *choice = &snapshot->choices[state->gemm][state->m_index];
    const struct tile *tile =
        choice->chosen ? &choice->tile : &snapshot->question.space.tiles[state->tile];
    struct json *object = json_new_object();
    tile_add_json(object, tile);
    char *text = json_print(object);
    snprintf(effect.text, sizeof effect.text, "\"%d\": %s",
        snapshot->question.batch_sizes[state->m_index], text);
    free(text);
    json_free(object);
    state_note(state, "sent to the terminal's clipboard");
    return effect;
}

static void move_m(struct state *state, const struct snapshot *snapshot, int by)
{
    int next = state->m_index + by;
    if (next >= 0 && next < snapshot->question.batch_size_count)
        state->m_index = next;
    settle(state, snapshot);
}

/* Keys that move the view; false: it was another. */
static bool move(struct state *state, const struct snapshot *snapshot, enum action action)
{
    switch (action) {
    case ACTION_UP:
    case ACTION_DOWN:
        state->row += action == ACTION_UP ? -1 : 1;
        break;
    case ACTION_LEFT:
    case ACTION_RIGHT:
        state->column += action == ACTION_LEFT ? -1 : 1;
        break;
    case ACTION_M_BEFORE:
        move_m(state, snapshot, -1);
        break;
    case ACTION_M_AFTER:
        move_m(state, snapshot, 1);
        break;
    case ACTION_GEMM_UP:
        state->gemm = GEMM_UP;
        break;
    case ACTION_GEMM_DOWN:
        state->gemm = GEMM_DOWN;
        break;
    case ACTION_BEST:
        go_to_tile(state, snapshot, state->digest.best[state->gemm][state->m_index]);
        return true;
    case ACTION_METRIC:
        state->metric = (enum metric)((state->metric + 1) % METRIC_COUNT);
        break;
    case ACTION_FIX:
        fix_next(state, snapshot);
        return true;
    case ACTION_UNFOLD:
        state->unfolded = !state->unfolded;
        rebuild(state, snapshot);
        return true;
    case ACTION_THEME:
        state->theme = (enum theme)((state->theme + 1) % THEME_COUNT);
        state_note(state, "theme %s", theme_name(state->theme));
        break;
    default:
        return false;
    }
    settle(state, snapshot);
    return true;
}

static void open_overlay(struct state *state, enum overlay overlay)
{
    state->overlay = overlay;
    state->scroll = 0;
}

static struct effect main_key(struct state *state, const struct snapshot *snapshot, int key)
{
    struct effect none = {.kind = EFFECT_NONE};
    enum action action = key_action(key);
    if (move(state, snapshot, action))
        return none;
    switch (action) {
    case ACTION_PAUSE:
        state->pausing = state_running(snapshot) && !state->pausing;
        return state_post(state, snapshot, state->pausing ? TUNER_PAUSE : TUNER_RESUME);
    case ACTION_NEXT:
        state_note(state, "this batch size comes next");
        return state_post(state, snapshot, TUNER_NEXT);
    case ACTION_REMEASURE:
        state_note(state, "this tile will be measured again");
        return state->tile < 0 ? none : state_post(state, snapshot, TUNER_REMEASURE);
    case ACTION_VERIFY:
        state_note(state, "this tile will be verified");
        return state->tile < 0 ? none : state_post(state, snapshot, TUNER_VERIFY);
    case ACTION_CHOOSE:
        return state->tile < 0 ? none
                               : state_choose(state, snapshot,
                                     &snapshot->question.space.tiles[state->tile], "on the map");
    case ACTION_EDIT:
        state_edit_open(state, snapshot);
        return none;
    case ACTION_AB:
        state_ab_open(state, snapshot, NULL);
        return none;
    case ACTION_UNDO:
        state_note(state, "the entries of this batch size go back one step");
        return state_post(state, snapshot, TUNER_UNDO_CHOICE);
    case ACTION_COPY:
        return state->tile < 0 ? none : copy_entry(state, snapshot);
    case ACTION_EXPORT:
        open_overlay(state, OVERLAY_EXPORT);
        return none;
    case ACTION_LOG:
        open_overlay(state, OVERLAY_LOG);
        return none;
    case ACTION_HELP:
        open_overlay(state, OVERLAY_HELP);
        return none;
    case ACTION_SAVE:
        return (struct effect){.kind = EFFECT_SAVE};
    case ACTION_REDRAW:
        return (struct effect){.kind = EFFECT_REDRAW};
    case ACTION_QUIT:
        if (snapshot->follows_pid || !(state_running(snapshot) || snapshot->ab.running))
            return (struct effect){.kind = EFFECT_QUIT};
        open_overlay(state, OVERLAY_QUIT);
        return none;
    default:
        return none;
    }
}

/* Scrolls a list of lines; the view clamps the end. */
static void scroll(struct state *state, int key)
{
    static const struct {
        enum action action;
        int by;
    } steps[] = {{ACTION_UP, -1}, {ACTION_DOWN, 1}, {ACTION_M_BEFORE, -10}, {ACTION_M_AFTER, 10}};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (key_action(key) == steps[i].action)
            state->scroll += state->overlay == OVERLAY_LOG ? -steps[i].by : steps[i].by;
    if (state->scroll < 0)
        state->scroll = 0;
    if (state->scroll > PAST_EVENTS)
        state->scroll = PAST_EVENTS;
}

static struct effect dispatch_key(struct state *state, const struct snapshot *snapshot, int key)
{
    struct effect none = {.kind = EFFECT_NONE};
    enum overlay overlay = state->overlay;
    state->notice[0] = '\0';
    if (key_action(key) == ACTION_REDRAW)
        return (struct effect){.kind = EFFECT_REDRAW};
    if (overlay == OVERLAY_NONE)
        return main_key(state, snapshot, key);
    if (overlay == OVERLAY_EDIT)
        return state_edit_key(state, snapshot, key);
    if (overlay == OVERLAY_AB_ASK)
        return state_ab_ask_key(state, snapshot, key);
    if (overlay == OVERLAY_AB)
        return state_ab_key(state, snapshot, key);
    if (key == KEY_ESCAPE || key == 3 || key == 'q') {
        state->overlay = OVERLAY_NONE;
        return none;
    }
    if (overlay == OVERLAY_QUIT || overlay == OVERLAY_EXPORT) {
        if (key == KEY_RETURN || key == 'y') {
            state->overlay = OVERLAY_NONE;
            none.kind = overlay == OVERLAY_QUIT ? EFFECT_QUIT : EFFECT_EXPORT;
        } else if (key == 'n') {
            state->overlay = OVERLAY_NONE;
        }
        return none;
    }
    bool again = key_action(key) == (overlay == OVERLAY_HELP ? ACTION_HELP : ACTION_LOG);
    if (again)
        state->overlay = OVERLAY_NONE;
    scroll(state, key);
    return none;
}

static bool is_among(enum action action, const enum action *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == action)
            return true;
    return false;
}

bool state_refuses(const struct snapshot *snapshot, enum action action)
{
    static const enum action steering[] = {ACTION_PAUSE, ACTION_NEXT, ACTION_REMEASURE,
        ACTION_VERIFY, ACTION_CHOOSE, ACTION_EDIT, ACTION_AB, ACTION_UNDO};
    static const enum action measuring[] = {
        ACTION_NEXT, ACTION_REMEASURE, ACTION_VERIFY, ACTION_AB, ACTION_EXPORT};
    if (snapshot->follows_pid)
        return is_among(action, steering, sizeof steering / sizeof steering[0]);
    if (action == ACTION_PAUSE)
        return snapshot->state == TUNER_DONE || (snapshot->planned && snapshot->points_left == 0);
    return snapshot->planned && is_among(action, measuring, sizeof measuring / sizeof measuring[0]);
}

static void say_refused(struct state *state, const struct snapshot *snapshot, enum action action)
{
    if (snapshot->follows_ended)
        state_note(state, "first p or Enter: goes on with this tune here");
    else if (snapshot->follows_pid)
        state_note(state, "pid %ld drives this tune; p, t, r, v, c, e, a and U are its",
            snapshot->follows_pid);
    else if (action != ACTION_PAUSE)
        state_note(
            state, "a plan: no %.100s here, nothing is measured", snapshot->question.device.name);
    else if (snapshot->planned)
        state_note(state, "a plan: %s, there is nothing to pause",
            *snapshot->error ? "no compiler" : "all is compiled");
    else
        state_note(state, "the tune is done: there is nothing to pause");
}

/* Of a tune whose driver has ended: this process takes over. */
static bool takes_over(const struct snapshot *snapshot, int key)
{
    return snapshot->follows_ended && (key == KEY_RETURN || key_action(key) == ACTION_PAUSE);
}

struct effect state_key(struct state *state, const struct snapshot *snapshot, int key)
{
    if (state->overlay != OVERLAY_NONE)
        return dispatch_key(state, snapshot, key);
    if (takes_over(snapshot, key)) {
        state_note(state, "this process goes on with the tune");
        return state_post(state, snapshot, TUNER_RESUME);
    }
    if (state_refuses(snapshot, key_action(key))) {
        say_refused(state, snapshot, key_action(key));
        return (struct effect){.kind = EFFECT_NONE};
    }
    return dispatch_key(state, snapshot, key);
}
