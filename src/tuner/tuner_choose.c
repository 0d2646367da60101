/* SPDX-License-Identifier: MIT */
#include "tuner/tuner_state.h"

#include "tuner/choices.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Choices by hand, of both GEMMs of an M. The race goes on there, for what it finds tells which
 * tiles have hope at the M beside it, but it has no say any more.
 */

/* A choice on its way. */
struct pick {
    int m, m_index;
    bool named[GEMM_COUNT];  /* by the command */
    bool beside[GEMM_COUNT]; /* the best so far, stored along as the M is settled by this */
    struct tile tiles[GEMM_COUNT];
};

static bool refuse(struct tuner *tuner, int m, const char *why)
{
    tuner_answer(tuner, true, "M=%d: not chosen: %s", m, why);
    return false;
}

/* The pair rule: what the command leaves alone must share the tile's BLOCK_SIZE_M. */
static bool look_beside(struct tuner *tuner, struct pick *pick)
{
    for (int g = 0; g < GEMM_COUNT; g++) {
        const struct choice *choice = &tuner->view.choices[g][pick->m_index];
        int block_m = pick->tiles[g == GEMM_UP ? GEMM_DOWN : GEMM_UP].block_m;
        char why[160];

        if (pick->named[g] || !tuner->question.gemms[g])
            continue;
        snprintf(why, sizeof why, "nothing is chosen yet for %s; choose the pair",
            gemm_name((enum gemm)g));
        if (choice->chosen)
            snprintf(why, sizeof why, "%s has BM%d and both must agree; choose the pair",
                gemm_name((enum gemm)g), choice->tile.block_m);
        if (!choice->chosen || choice->tile.block_m != block_m)
            return refuse(tuner, pick->m, why);
        pick->beside[g] = !choice->settled;
        pick->tiles[g] = choice->tile;
    }
    return true;
}

/* False: refused, the answer says why. */
static bool read_pick(struct tuner *tuner, const struct tuner_command *command, struct pick *pick)
{
    const struct question *q = &tuner->question;
    bool pair = command->kind == TUNER_CHOOSE_PAIR;
    struct error why = {0};

    *pick = (struct pick){.m = command->m, .m_index = plan_m_index(&tuner->plan, command->m)};
    if (pick->m_index < 0)
        return refuse(tuner, command->m, "this tune does not have it");
    for (int g = 0; g < GEMM_COUNT; g++) {
        const struct tile *tile = pair ? &command->pair[g] : &command->tile;
        pick->named[g] = q->gemms[g] && (pair || command->gemm == (enum gemm)g);
        if (pick->named[g] &&
            !engine_effective_tile(&q->engine, &q->shape, tile, &pick->tiles[g], &why))
            return refuse(tuner, command->m, why.text);
    }
    if (pick->named[GEMM_UP] && pick->named[GEMM_DOWN] &&
        pick->tiles[GEMM_UP].block_m != pick->tiles[GEMM_DOWN].block_m)
        return refuse(tuner, command->m, "up and down share BLOCK_SIZE_M");
    return look_beside(tuner, pick);
}

static int known_right(struct tuner *tuner, const struct pick *pick, enum gemm gemm)
{
    int tile = plan_find(&tuner->plan, &pick->tiles[gemm]);
    struct race_summary summary;

    if (tile < 0)
        return 0;
    race_point(tuner->race, gemm, pick->m_index, tile, &summary);
    return summary.verified;
}

/* Checks at this M what was not checked yet; *right: all of it. */
static bool check(struct tuner *tuner, const struct pick *pick, bool *right, struct error *err)
{
    bool gemms[GEMM_COUNT], any = false;
    char why[256] = "";

    for (int g = 0; g < GEMM_COUNT; g++) {
        gemms[g] =
            (pick->named[g] || pick->beside[g]) && known_right(tuner, pick, (enum gemm)g) != 1;
        any |= gemms[g];
    }
    if (any && !tuner_check(tuner, pick->m, gemms, pick->tiles, why, err))
        return false;
    *right = !why[0] || refuse(tuner, pick->m, why);
    return true;
}

static void take_figures(
    struct tuner *tuner, const struct pick *pick, enum gemm gemm, struct choice *choice)
{
    int tile = plan_find(&tuner->plan, &pick->tiles[gemm]);
    struct race_summary summary = {.median_us = NAN, .low_us = NAN, .high_us = NAN};

    if (tile >= 0)
        race_point(tuner->race, gemm, pick->m_index, tile, &summary);
    choice->tile = pick->tiles[gemm];
    choice->median_us = summary.median_us;
    choice->low_us = summary.low_us;
    choice->high_us = summary.high_us;
    choice->gain = NAN;
}

static void fill_stored(
    const struct tuner *tuner, const struct choice *choice, struct store_choice *stored)
{
    *stored = (struct store_choice){
        .build = tuner->build.id,
        .gemm = choice->gemm,
        .m = choice->m,
        .tile = choice->tile,
        .source = choice->source,
        .median_us = choice->median_us,
        .low_us = choice->low_us,
        .high_us = choice->high_us,
        .default_us = choice->default_us,
        .verified = choice->verified,
    };
    memcpy(stored->reason, choice->reason, sizeof choice->reason);
}

/* The reason given, after the A/B that speaks for it. */
static void give_reason(
    struct tuner *tuner, const struct tuner_command *command, struct choice *choice)
{
    const struct ab_view *ab = &tuner->view.ab;
    bool proven = command->evidence > 0 && command->evidence == ab->id;

    if (proven)
        snprintf(choice->reason, sizeof choice->reason, "%.100s, against %.40s%s%.50s", ab->text,
            ab->job.a.label, command->reason[0] ? "; " : "", command->reason);
    else
        snprintf(choice->reason, sizeof choice->reason, "%.199s",
            command->reason[0] ? command->reason : "by hand");
}

static bool keep(struct tuner *tuner, const struct tuner_command *command, const struct pick *pick,
    struct error *err)
{
    struct choice chosen[GEMM_COUNT];
    struct store_choice stored[GEMM_COUNT];
    size_t count = 0;

    for (int g = 0; g < GEMM_COUNT; g++) {
        struct choice *choice = &chosen[g];
        *choice = tuner->view.choices[g][pick->m_index];
        if (!pick->named[g] && !pick->beside[g])
            continue;
        choice->chosen = choice->settled = choice->verified = true;
        if (pick->named[g]) {
            take_figures(tuner, pick, (enum gemm)g, choice);
            choice->source = CHOICE_HAND;
            give_reason(tuner, command, choice);
        }
        fill_stored(tuner, choice, &stored[count]);
        stored[count++].ab = pick->named[g] ? command->evidence : 0;
    }
    if (!store_add_choices(tuner->store, tuner->tune.id, stored, count, err))
        return false;
    for (int g = 0; g < GEMM_COUNT; g++)
        tuner->view.choices[g][pick->m_index] = chosen[g];
    tuner_event(tuner, "choice", "M=%d by hand: %s", pick->m,
        chosen[pick->named[GEMM_UP] ? GEMM_UP : GEMM_DOWN].reason);
    tuner_answer(tuner, false, "M=%d: chosen", pick->m);
    return true;
}

bool tuner_choose(struct tuner *tuner, const struct tuner_command *command, struct error *err)
{
    struct pick pick;
    bool right;

    if (!tuner_need_session(tuner, err))
        return false;
    if (!read_pick(tuner, command, &pick))
        return true;
    if (!check(tuner, &pick, &right, err))
        return false;
    return !right || keep(tuner, command, &pick, err);
}

bool tuner_drop(struct tuner *tuner, const struct tuner_command *command, struct error *err)
{
    struct store_choice changes[GEMM_COUNT];
    size_t count = 0;

    if (!tuner_need_session(tuner, err))
        return false;
    if (plan_m_index(&tuner->plan, command->m) < 0)
        return !refuse(tuner, command->m, "this tune does not have it");
    for (int g = 0; g < GEMM_COUNT; g++) {
        if (!tuner->question.gemms[g])
            continue;
        changes[count] = (struct store_choice){.build = tuner->build.id,
            .gemm = (enum gemm)g,
            .m = command->m,
            .dropped = true,
            .source = CHOICE_HAND};
        snprintf(changes[count].reason, sizeof changes[count].reason, "%.199s",
            command->reason[0] ? command->reason : "dropped by hand");
        count++;
    }
    if (!store_add_choices(tuner->store, tuner->tune.id, changes, count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        tuner_load_choice(tuner, &changes[i]);
    tuner_answer(tuner, false, "M=%d: no entry any more, the nearest keys serve it", command->m);
    return true;
}

/* Whether no choice is left at this M after the changes. */
static bool is_bare(const struct store_choice current[], size_t current_count,
    const struct store_choice changes[], size_t count)
{
    for (enum gemm g = GEMM_UP; g < GEMM_COUNT; g++) {
        const struct store_choice *choice = choices_find(changes, count, g, changes[0].m);
        if (!choice)
            choice = choices_find(current, current_count, g, changes[0].m);
        if (choice && !choices_is_none(choice))
            return false;
    }
    return true;
}

/* What the race found at an M that was chosen by hand before it had come to its end there; it has
 * now. False: nothing was written, *err of kind ERROR_NONE: it found nothing that runs. */
static bool take_found(struct tuner *tuner, int m_index, struct error *err)
{
    struct race_decision decision;

    race_decide(tuner->race, m_index, &decision);
    if (!decision.chosen || !tuner_keep_decision(tuner, m_index, &decision, err))
        return false;
    for (int g = 0; g < GEMM_COUNT; g++)
        tuner->view.choices[g][m_index].settled = false;
    tuner_view_decision(tuner, m_index, &decision, true);
    return true;
}

static bool write_undo(
    struct tuner *tuner, struct store_choice changes[], size_t count, struct error *err)
{
    for (size_t i = 0; i < count; i++)
        if (changes[i].dropped)
            changes[i].build = tuner->build.id;
    if (!store_add_choices(tuner->store, tuner->tune.id, changes, count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        tuner_load_choice(tuner, &changes[i]);
    tuner_view_choices(tuner);
    return true;
}

/* What the entries of this M are now. */
static void answer_undone(struct tuner *tuner, int m_index)
{
    static const char *const stands[CHOICE_SOURCE_COUNT] = {
        [CHOICE_RACE] = "the race's choice stands",
        [CHOICE_HAND] = "the choice by hand before it stands",
        [CHOICE_DEFAULT] = "the engine's default stands",
        [CHOICE_INCUMBENT] = "the incumbent stands",
    };
    const enum gemm gemm = tuner->question.gemms[GEMM_UP] ? GEMM_UP : GEMM_DOWN;
    const struct choice *choice = &tuner->view.choices[gemm][m_index];

    tuner_answer(tuner, false, "M=%d: the latest change is undone; %s", choice->m,
        !choice->settled  ? "the race will choose"
        : !choice->chosen ? "it has no entry"
                          : stands[choice->source]);
}

bool tuner_undo_choice(struct tuner *tuner, int m, struct error *err)
{
    struct store_choice changes[GEMM_COUNT], *current = NULL;
    struct error why = {0};
    size_t count, current_count;
    int m_index = plan_m_index(&tuner->plan, m);
    bool done = true, found = false;

    if (!tuner_need_session(tuner, err) ||
        !store_list_choices(tuner->store, tuner->tune.id, &current, &current_count, err))
        return false;
    if (m_index < 0 || !choices_undo(tuner->store, tuner->tune.id, -1, m, changes, &count, &why) ||
        !choices_agree(current, current_count, changes, count, &why)) {
        tuner_answer(tuner, true, "%s", m_index < 0 ? "this tune does not have that M" : why.text);
        goto out;
    }
    if ((tuner->tune.state == TUNE_DONE || race_is_settled(tuner->race, m_index)) &&
        is_bare(current, current_count, changes, count))
        found = take_found(tuner, m_index, &why);
    done = found || write_undo(tuner, changes, count, err);
    if (done)
        answer_undone(tuner, m_index);
out:
    free(current);
    return done;
}
