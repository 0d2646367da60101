/* SPDX-License-Identifier: MIT */
#include "tuner/tuner_state.h"

#include "worker/replay.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define REST_S 60 /* without a command, until the children of an ended tune go */

static bool open_session(struct tuner *tuner, struct error *err)
{
    const struct tuner_options *o = &tuner->options;
    struct session_options session = {
        .backend = o->backend,
        .pace = o->pace,
        .device_ordinal = o->device_ordinal,
        .compiler = o->compiler,
        .allow_busy = o->allow_busy,
        .worker = o->worker,
        .early = tuner->tune.state != TUNE_DONE,
    };

    tuner->options.worker = NULL;
    tuner_stage(tuner, STAGE_HELPER);
    if (session_open(&tuner->session, &tuner->question, &session, err))
        return true;
    session_close(&tuner->session);
    return false;
}

/* For writing: a tune that another process drives is followed until it can be driven here. */
static bool open_store(struct tuner *tuner, struct error *err)
{
    if (tuner->tune.id > 0 && store_writable(tuner->store))
        return true;
    store_tune_free(&tuner->tune);
    tuner->tune = (struct store_tune){0};
    store_close(tuner->store);
    tuner->store = NULL;
    if (!tuner_keep_open(tuner, err))
        return false;
    while (!store_writable(tuner->store)) {
        if (tuner->ended > 0)
            return error_set(err, ERROR_FAILED, "%s", store_notice(tuner->store));
        if (!tuner_follow(tuner, err) || !tuner_keep_open(tuner, err))
            return false;
    }
    return true;
}

bool tuner_need_session(struct tuner *tuner, struct error *err)
{
    if (!open_store(tuner, err))
        return false;
    if (!tuner->session.question && !open_session(tuner, err))
        return false;
    tuner_publish(tuner, true);
    tuner_stage(tuner, STAGE_STORE);
    if (!tuner->loaded && !(tuner_take_incumbent(tuner, err) && tuner_load_stored(tuner, err)))
        return false;
    tuner->loaded = true;
    tuner->view.recorded = tuner->session.recorded != NULL;
    if (tuner->session.recorded)
        replay_label(tuner->session.recorded, tuner->view.label, sizeof tuner->view.label);
    return true;
}

/* The kernel timed is the installed engine's, whatever was asked for. */
static void note_engine(struct tuner *tuner)
{
    const char *found = tuner->session.toolchain.engine_version;
    const char *asked = tuner->question.engine.version;

    if (found[0] && strcmp(found, asked) != 0)
        tuner_event(
            tuner, "note", "the kernel is that of version %s, the rules those of %s", found, asked);
}

bool tuner_open_worker(struct tuner *tuner, struct error *err)
{
    enum tuner_stage stage = tuner_stage(tuner, STAGE_WORKER);
    bool done = session_start_worker(&tuner->session, err);

    if (!done)
        session_drop_worker(&tuner->session);
    tuner_stage(tuner, stage);
    return done;
}

bool tuner_need_worker(struct tuner *tuner, struct error *err)
{
    const struct hello *hello;

    if (tuner->session.client)
        return true;
    tuner->view.state = TUNER_STARTING;
    snprintf(tuner->view.phase, sizeof tuner->view.phase, "start");
    tuner_publish(tuner, true);
    if (!tuner_need_session(tuner, err))
        return false;
    note_engine(tuner);
    if (!tuner_open_worker(tuner, err))
        return false;
    hello = client_hello(tuner->session.client);
    tuner->view.recorded = hello->recorded;
    snprintf(tuner->view.label, sizeof tuner->view.label, "%s", hello->label);
    tuner->view.memory_used = tuner->session.report.memory_used;
    tuner->view.memory_total = tuner->session.report.memory_total;
    tuner->view.memory_shared = tuner->session.report.memory_shared;
    if (tuner->session.report.note[0])
        tuner_event(tuner, "note", "%s", tuner->session.report.note);
    tuner_stage(tuner, STAGE_OTHER);
    return true;
}

void tuner_forget_kernels(struct tuner *tuner, enum kernel_state state)
{
    for (int g = 0; g < GEMM_COUNT; g++) {
        for (size_t t = 0; t < tuner->plan.count; t++) {
            if (race_kernel(tuner->race, (enum gemm)g, (int)t) == state)
                race_set_kernel(tuner->race, (enum gemm)g, (int)t, KERNEL_UNKNOWN, POINT_OK);
            if (state == KERNEL_ASKED)
                tuner->kernels[g][t].ticket = 0;
        }
    }
}

void tuner_rest(struct tuner *tuner)
{
    if (!tuner->session.question)
        return;
    session_close(&tuner->session);
    tuner_forget_kernels(tuner, KERNEL_READY);
    tuner_forget_kernels(tuner, KERNEL_ASKED);
}

bool tuner_wait_command(struct tuner *tuner, int seconds)
{
    struct timespec end;
    bool any;
    int failed = 0;

    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += seconds;
    pthread_mutex_lock(&tuner->lock);
    while (tuner->command_count == 0 && !tuner->stop && failed != ETIMEDOUT)
        failed = pthread_cond_timedwait(&tuner->posted, &tuner->lock, &end);
    any = tuner->command_count > 0 || tuner->stop;
    pthread_mutex_unlock(&tuner->lock);
    return any;
}

/* An error is told and no more: the thread lives on, without the children that may be to blame. */
static void obey_at_rest(struct tuner *tuner, enum tuner_state state)
{
    struct error err = {0};
    bool done = tuner_obey(tuner, &err);

    tuner->view.state = state;
    tuner->view.phase[0] = '\0';
    tuner->view.running_tile = -1;
    if (!done) {
        tuner_rest(tuner);
        tuner_answer(tuner, true, "%s", err.text);
    }
    tuner_publish(tuner, true);
}

bool tuner_serve(struct tuner *tuner)
{
    const enum tuner_state state = tuner->view.state;

    while (!tuner->stop) {
        if (!tuner_wait_command(tuner, REST_S)) {
            tuner_rest(tuner);
            continue;
        }
        obey_at_rest(tuner, state);
        if (tuner->go_on && state != TUNER_DONE && !tuner->stop)
            return true;
    }
    return false;
}
