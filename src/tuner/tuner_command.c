/* SPDX-License-Identifier: MIT */
#include "tuner/tuner_state.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the reader's commands do. */

void tuner_answer(struct tuner *tuner, bool refused, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(tuner->view.answer.text, sizeof tuner->view.answer.text, format, args);
    va_end(args);
    tuner->view.answer.number++;
    tuner->view.answer.refused = refused;
    tuner_event(tuner, refused ? "refused" : "by-hand", "%s", tuner->view.answer.text);
}

/* What became of a cell that was measured or checked by hand. */
static void answer_cell(struct tuner *tuner, const struct race_item *item)
{
    struct race_summary summary;
    char text[TILE_TEXT_SIZE], time[48] = "";

    race_point(tuner->race, item->gemm, item->m_index, item->tile, &summary);
    tile_format(&tuner->plan.tiles[item->tile].tile, text, sizeof text);
    if (summary.samples > 0)
        snprintf(time, sizeof time, "%d sample%s, %.2f us, ", summary.samples,
            summary.samples == 1 ? "" : "s", summary.median_us);
    if (summary.status != POINT_OK)
        tuner_answer(tuner, true, "%s M=%d %s: %s", gemm_name(item->gemm), item->m, text,
            point_status_name(summary.status));
    else
        tuner_answer(tuner, false, "%s M=%d %s: %s%s", gemm_name(item->gemm), item->m, text, time,
            summary.verified == 1 ? "right" : "not verified");
}

/* Fresh samples of one cell, or its check, out of turn. */
static bool by_hand(struct tuner *tuner, const struct tuner_command *command, struct error *err)
{
    struct race_item item = {
        .gemm = command->gemm,
        .m = command->m,
        .m_index = plan_m_index(&tuner->plan, command->m),
        .tile = plan_find(&tuner->plan, &command->tile),
        .samples = CHUNK_SAMPLES / 16,
    };
    struct race_step *step;
    struct race_summary summary;
    bool done = true;

    if (item.m_index < 0 || item.tile < 0 || !tuner->question.gemms[item.gemm]) {
        tuner_answer(tuner, true, "not a cell of this tune");
        return true;
    }
    if (!tuner_need_worker(tuner, err) || !tuner_get_kernel(tuner, item.gemm, item.tile, err))
        return false;
    race_point(tuner->race, item.gemm, item.m_index, item.tile, &summary);
    item.drawn = summary.samples;
    step = xcalloc(1, sizeof *step);
    *step = (struct race_step){.phase = RACE_EXTRA, .count = 1, .items = {item}};
    if (race_kernel(tuner->race, item.gemm, item.tile) == KERNEL_READY)
        done = command->kind == TUNER_VERIFY ? tuner_verify(tuner, &item, err)
                                             : tuner_measure(tuner, step, err);
    free(step);
    tuner->view.running_tile = -1;
    if (done)
        answer_cell(tuner, &item);
    return done;
}

static void prefer(struct tuner *tuner, const struct tuner_command *command)
{
    int m = plan_m_index(&tuner->plan, command->m);

    if (m < 0)
        tuner_answer(tuner, true, "M=%d is not of this tune", command->m);
    else if (tuner->view.choices[command->gemm][m].settled)
        tuner_answer(tuner, true, "M=%d is decided already", command->m);
    else
        tuner_answer(tuner, false, "M=%d before the others%s", command->m,
            race_scans(tuner->race) ? ", once the scan has seen every tile" : "");
    race_prefer(tuner->race, m);
}

static bool obey(struct tuner *tuner, const struct tuner_command *command, struct error *err)
{
    switch (command->kind) {
    case TUNER_PAUSE:
    case TUNER_RESUME:
        tuner->paused = command->kind == TUNER_PAUSE;
        tuner->go_on = !tuner->paused && tuner->ended > 0;
        tuner_event(tuner, "phase", tuner->paused ? "paused" : "goes on");
        return true;
    case TUNER_STOP:
        tuner->stop = true;
        return true;
    case TUNER_NEXT:
        prefer(tuner, command);
        return true;
    case TUNER_REMEASURE:
    case TUNER_VERIFY:
        return by_hand(tuner, command, err);
    case TUNER_CHOOSE:
    case TUNER_CHOOSE_PAIR:
        return tuner_choose(tuner, command, err);
    case TUNER_DROP:
        return tuner_drop(tuner, command, err);
    case TUNER_UNDO_CHOICE:
        return tuner_undo_choice(tuner, command->m, err);
    case TUNER_AB:
        return tuner_ab(tuner, &command->ab, err);
    case TUNER_AB_STOP:
        return true;
    }
    abort();
}

bool tuner_has_command(struct tuner *tuner)
{
    bool any;

    pthread_mutex_lock(&tuner->lock);
    any = tuner->command_count > 0;
    pthread_mutex_unlock(&tuner->lock);
    return any;
}

bool tuner_next_command(struct tuner *tuner, struct tuner_command *command)
{
    bool any;

    pthread_mutex_lock(&tuner->lock);
    any = tuner->command_count > 0;
    if (any) {
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

    while (tuner_next_command(tuner, &command)) {
        if (!obey(tuner, &command, err))
            return false;
        tuner_publish(tuner, true);
    }
    return true;
}
