/* SPDX-License-Identifier: MIT */
#include "tuner/choices.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

bool choices_is_none(const struct store_choice *choice)
{
    return choice->dropped && choice->restored == -1;
}

void choices_fill(const struct store_choice *stored, struct choice *choice)
{
    choice->m = stored->m;
    choice->gemm = stored->gemm;
    choice->chosen = !stored->dropped;
    choice->settled = !choices_is_none(stored);
    choice->gain = NAN;
    choice->source = stored->source;
    choice->verified = !stored->dropped && stored->verified;
    snprintf(choice->reason, sizeof choice->reason, "%.199s", stored->reason);
    if (stored->dropped) {
        choice->median_us = choice->low_us = choice->high_us = NAN;
        return;
    }
    choice->tile = stored->tile;
    choice->median_us = stored->median_us;
    choice->low_us = stored->low_us;
    choice->high_us = stored->high_us;
    choice->default_us = stored->default_us;
    choice->incumbent_us = stored->incumbent_us;
}

const char *choices_text(const struct store_choice *choice, char buffer[TILE_TEXT_SIZE])
{
    if (choice->dropped)
        return choices_is_none(choice) ? "undone" : "dropped";
    return tile_format(&choice->tile, buffer, TILE_TEXT_SIZE);
}

const struct store_choice *choices_find(
    const struct store_choice choices[], size_t count, enum gemm gemm, int m)
{
    for (size_t i = 0; i < count; i++)
        if (choices[i].gemm == gemm && choices[i].m == m)
            return &choices[i];
    return NULL;
}

bool choices_agree(const struct store_choice current[], size_t current_count,
    const struct store_choice changes[], size_t change_count, struct error *err)
{
    for (size_t i = 0; i < change_count; i++) {
        const struct store_choice *sides[GEMM_COUNT];
        int m = changes[i].m;
        for (enum gemm gemm = GEMM_UP; gemm < GEMM_COUNT; gemm++) {
            sides[gemm] = choices_find(changes, change_count, gemm, m);
            if (!sides[gemm])
                sides[gemm] = choices_find(current, current_count, gemm, m);
            if (!sides[gemm] || sides[gemm]->dropped)
                sides[gemm] = NULL;
        }
        const struct store_choice *up = sides[GEMM_UP], *down = sides[GEMM_DOWN];
        if (up && down && up->tile.block_m != down->tile.block_m)
            return error_set(err, ERROR_USAGE,
                "M=%d: BLOCK_SIZE_M would be %d for up and %d for down, and both share it: change "
                "the pair",
                m, up->tile.block_m, down->tile.block_m);
    }
    return true;
}

/* Every change of one (GEMM, M), latest first, and where undoing has got to in it. */
struct past {
    struct store_choice *changes; /* owned */
    size_t count;
    size_t at; /* the change that stands; count: before the first one */
};

static size_t find_id(const struct past *past, long long id)
{
    size_t i = 0;

    while (i < past->count && past->changes[i].id != id)
        i++;
    return i;
}

static bool read_past(struct store *store, long long tune, enum gemm gemm, int m, struct past *past,
    struct error *err)
{
    if (!store_list_history(store, tune, (int)gemm, m, &past->changes, &past->count, err))
        return false;
    if (past->count > 0 && past->changes[0].restored != 0)
        past->at = find_id(past, past->changes[0].restored);
    return true;
}

/* The state before the one that stands, which may be an undo's: then what that brought back. */
static struct store_choice step_back(const struct past *past, enum gemm gemm, int m)
{
    struct store_choice before = {
        .gemm = gemm,
        .m = m,
        .dropped = true,
        .source = CHOICE_HAND,
        .reason = "no choice stood here before",
    };
    size_t to = past->at + 1;

    if (to < past->count && past->changes[to].restored != 0)
        to = find_id(past, past->changes[to].restored);
    before.build = past->changes[past->at].build;
    if (to < past->count)
        before = past->changes[to];
    before.restored = to < past->count ? before.id : -1;
    before.id = 0;
    before.time = 0;
    return before;
}

static bool can_step(const struct past *past)
{
    return past->at < past->count;
}

/* The race's own: no change to take back, whatever was before it. (A default pinned by hand has no
 * default beside it.) */
static bool is_races(const struct past *past)
{
    const struct store_choice *change = &past->changes[past->at];

    return change->source == CHOICE_RACE || change->source == CHOICE_INCUMBENT ||
           (change->source == CHOICE_DEFAULT && change->default_us > 0);
}

static double time_of(const struct past *past)
{
    return can_step(past) ? past->changes[past->at].time : 0;
}

bool choices_undo(struct store *store, long long tune, int gemm, int m,
    struct store_choice changes[GEMM_COUNT], size_t *count, struct error *err)
{
    struct past pasts[GEMM_COUNT] = {0};
    double latest = 0;
    bool done = true, races = true;

    *count = 0;
    for (enum gemm g = GEMM_UP; done && g < GEMM_COUNT; g++) {
        if (gemm < 0 || g == (enum gemm)gemm)
            done = read_past(store, tune, g, m, &pasts[g], err);
        latest = time_of(&pasts[g]) > latest ? time_of(&pasts[g]) : latest;
    }
    for (enum gemm g = GEMM_UP; done && g < GEMM_COUNT; g++) {
        if (!can_step(&pasts[g]) || time_of(&pasts[g]) < latest)
            continue;
        races = races && is_races(&pasts[g]);
        changes[(*count)++] = step_back(&pasts[g], g, m);
    }
    for (int g = 0; g < GEMM_COUNT; g++)
        free(pasts[g].changes);
    if (done && *count == 0)
        return error_set(
            err, ERROR_FAILED, "M=%d: nothing to undo: no choice stood there before", m);
    if (done && races)
        return error_set(
            err, ERROR_FAILED, "M=%d: nothing to undo: the choice there is the race's own", m);
    return done;
}
