/* SPDX-License-Identifier: MIT */
#include "tuner/tuner_state.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the reader's commands do. */

/* By hand: the pair rule is the caller's to keep. */
static bool choose_by_hand(
    struct tuner *tuner, const struct tuner_command *command, struct error *err)
{
    int m = plan_m_index(&tuner->plan, command->m), tile = plan_find(&tuner->plan, &command->tile);
    struct choice *choice;
    struct race_summary summary;
    struct store_choice stored;

    if (m < 0 || tile < 0)
        return true;
    race_point(tuner->race, command->gemm, m, tile, &summary);
    choice = &tuner->view.choices[command->gemm][m];
    choice->chosen = choice->settled = true;
    choice->tile = command->tile;
    choice->median_us = summary.median_us;
    choice->low_us = summary.low_us;
    choice->high_us = summary.high_us;
    choice->verified = summary.verified == 1;
    choice->source = CHOICE_HAND;
    snprintf(choice->reason, sizeof choice->reason, "%s", command->reason);
    stored = (struct store_choice){
        .build = tuner->build.id,
        .gemm = command->gemm,
        .m = command->m,
        .tile = command->tile,
        .source = CHOICE_HAND,
        .median_us = choice->median_us,
        .low_us = choice->low_us,
        .high_us = choice->high_us,
        .default_us = choice->default_us,
        .verified = choice->verified,
        .time = clock_wall(),
    };
    snprintf(stored.reason, sizeof stored.reason, "%s", command->reason);
    return store_add_choices(tuner->store, tuner->tune.id, &stored, 1, err);
}

/* Fresh samples of one cell, or its check, out of turn. */
static bool by_hand(struct tuner *tuner, const struct tuner_command *command, struct error *err)
{
    int m = plan_m_index(&tuner->plan, command->m), tile = plan_find(&tuner->plan, &command->tile);
    struct race_step *step;
    struct race_summary summary;
    bool done;

    if (m < 0 || tile < 0 || !tuner->session.client ||
        race_kernel(tuner->race, command->gemm, tile) != KERNEL_READY) {
        tuner_event(tuner, "note", "that tile is not compiled yet: ask again later");
        return true;
    }
    race_point(tuner->race, command->gemm, m, tile, &summary);
    step = calloc(1, sizeof *step);
    step->phase = RACE_EXTRA;
    step->count = 1;
    step->items[0] = (struct race_item){
        .gemm = command->gemm,
        .m = command->m,
        .m_index = m,
        .tile = tile,
        .samples = CHUNK_SAMPLES / 16,
        .drawn = summary.samples,
    };
    done = command->kind == TUNER_VERIFY ? tuner_verify(tuner, &step->items[0], err)
                                         : tuner_measure(tuner, step, err);
    free(step);
    return done;
}

static bool obey(struct tuner *tuner, const struct tuner_command *command, struct error *err)
{
    switch (command->kind) {
    case TUNER_PAUSE:
    case TUNER_RESUME:
        tuner->paused = command->kind == TUNER_PAUSE;
        tuner_event(tuner, "phase", tuner->paused ? "paused" : "goes on");
        return true;
    case TUNER_STOP:
        tuner->stop = true;
        return true;
    case TUNER_NEXT:
        race_prefer(tuner->race, plan_m_index(&tuner->plan, command->m));
        return true;
    case TUNER_REMEASURE:
    case TUNER_VERIFY:
        return by_hand(tuner, command, err);
    case TUNER_CHOOSE:
        return choose_by_hand(tuner, command, err);
    }
    abort();
}

bool tuner_next_command(struct tuner *tuner, struct tuner_command *command)
{
    bool any = false;

    pthread_mutex_lock(&tuner->lock);
    if (tuner->command_count > 0) {
        any = true;
        *command = tuner->commands[0];
        memmove(tuner->commands, tuner->commands + 1,
            --tuner->command_count * sizeof tuner->commands[0]);
    }
    pthread_mutex_unlock(&tuner->lock);
    return any;
}

bool tuner_obey(struct tuner *tuner, struct error *err)
{
    struct tuner_command command;
    bool done = true;

    while (done) {
        if (!tuner_next_command(tuner, &command))
            return true;
        done = obey(tuner, &command, err);
        tuner_publish(tuner, true);
    }
    return false;
}
