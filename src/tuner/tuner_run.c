/* SPDX-License-Identifier: MIT */
#include "tuner/tuner_state.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tuner_set_state(struct tuner *tuner, enum tuner_state state, const char *phase)
{
    tuner->view.state = state;
    snprintf(tuner->view.phase, sizeof tuner->view.phase, "%s", phase);
}

/* A choice by hand stands, whatever the race has found since. */
static bool choose(struct tuner *tuner, int m_index, struct error *err)
{
    struct race_decision decision;

    race_decide(tuner->race, m_index, &decision);
    if (decision.chosen && !snapshot_is_settled(&tuner->view, m_index) &&
        !tuner_keep_decision(tuner, m_index, &decision, err))
        return false;
    race_settle(tuner->race, m_index);
    tuner_view_decision(tuner, m_index, &decision, true);
    return true;
}

static bool do_step(struct tuner *tuner, const struct race_step *step, struct error *err)
{
    switch (step->action) {
    case RACE_MEASURE:
        return tuner_measure(tuner, step, err);
    case RACE_VERIFY:
        return tuner_verify_all(tuner, step, err);
    case RACE_CHOOSE:
        return choose(tuner, step->m_index, err);
    case RACE_WAIT:
        return tuner_wait_for_kernel(tuner, err);
    case RACE_FINISHED:
        return true;
    }
    abort();
}

bool tuner_out_of_time(const struct tuner *tuner)
{
    return tuner->question.budget_s > 0 &&
           clock_monotonic() - tuner->started >= tuner->question.budget_s;
}

static bool work(struct tuner *tuner, struct error *err)
{
    struct race_step *step = calloc(1, sizeof *step);
    bool done = true, finished = false;

    while (done && !finished && !tuner->stop && !tuner_out_of_time(tuner)) {
        done = tuner_obey(tuner, err);
        if (!done || tuner->stop)
            break;
        if (tuner->paused) {
            tuner_set_state(tuner, TUNER_PAUSED, "paused");
            tuner->view.running_tile = -1;
            tuner_publish(tuner, false);
            clock_sleep(TUNER_WAIT_S);
            continue;
        }
        done = tuner_compile(tuner, err);
        if (!done || tuner->stop)
            break;
        race_next(tuner->race, step);
        finished = step->action == RACE_FINISHED;
        done = do_step(tuner, step, err);
    }
    free(step);
    if (done && !finished)
        return error_set(err, ERROR_STOPPED,
            "%s; all that was measured is stored: the same "
            "command goes on",
            tuner->stop ? "stopped" : "out of time");
    return done;
}

bool tuner_run(struct tuner *tuner, struct error *err)
{
    struct error later = {0};
    bool done;

    tuner_set_state(tuner, TUNER_STARTING, "start");
    if (!tuner_need_session(tuner, err))
        return false;
    tuner_publish(tuner, true);
    if (tuner->tune.state == TUNE_DONE)
        return true;
    if (!tuner_need_worker(tuner, err))
        return false;
    done = work(tuner, err);
    if (!done && err->kind == ERROR_STOPPED && !tuner_verify_so_far(tuner, &later))
        log_line("%s", later.text);
    tuner_publish(tuner, true);
    tuner->view.state = done ? TUNER_DONE : TUNER_STOPPED;
    if (!tuner_keep_state(tuner, done ? TUNE_DONE : TUNE_UNFINISHED, done ? err : &later))
        return false;
    return done;
}
