/* SPDX-License-Identifier: MIT */
#include "tuner/tuner_state.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The tuner's compiles: what is asked for, and when its answers are taken in. */

#define WAVE 128     /* kernels compiled between two timing phases on unified memory */
#define QUEUE 4096   /* kernels asked for at once elsewhere */
#define TAKE_MOST 64 /* answers a commit: the card may wait for it */

bool tuner_take_kernel(
    struct tuner *tuner, enum gemm gemm, int tile, struct compile_result *result, struct error *err)
{
    struct tuner_kernel *kernel = &tuner->kernels[gemm][tile];

    kernel->ticket = 0;
    if (result->status == COMPILE_STOPPED)
        return error_set(err, ERROR_DEVICE, "%s", result->text);
    if (result->status == COMPILE_TIMED_OUT) {
        tuner_event(tuner, "compile", "given up for this run: %s", result->text);
        race_set_kernel(tuner->race, gemm, tile, KERNEL_BAD, POINT_TIMED_OUT);
        return true;
    }
    tuner->answers++;
    tuner->view.compiles += !result->kernel.cached && !tuner->session.recorded;
    if (!tuner_keep_compile(tuner, gemm, tile, result, err))
        return false;
    if (result->status != COMPILE_OK) {
        tuner_view_kernel(tuner, gemm, tile);
        return true;
    }
    memcpy(kernel->hash, result->kernel.hash, sizeof kernel->hash);
    if (!client_load(
            tuner->session.client, &result->kernel, gemm, &tuner->plan.tiles[tile].tile, NULL)) {
        race_set_kernel(tuner->race, gemm, tile, KERNEL_UNKNOWN, POINT_OK);
        return true; /* the worker is gone: the next job says so */
    }
    race_set_kernel(tuner->race, gemm, tile, KERNEL_READY, POINT_OK);
    return true;
}

bool tuner_take_answer(struct tuner *tuner, struct compile_result *result, struct error *err)
{
    for (int g = 0; g < GEMM_COUNT; g++) {
        for (size_t t = 0; t < tuner->plan.count; t++) {
            if (tuner->kernels[g][t].ticket == result->ticket)
                return tuner_take_kernel(tuner, (enum gemm)g, (int)t, result, err);
        }
    }
    return true;
}

/* This answer and others that are there, in one commit. */
static bool take_answers(struct tuner *tuner, struct compile_result *result, struct error *err)
{
    int most = tuner->session.recorded ? QUEUE : TAKE_MOST;
    bool done = store_begin(tuner->store, err), any = true;

    if (!done)
        return false;
    for (int i = 0; done && any; i++) {
        tuner->burst_answers++;
        done = tuner_take_answer(tuner, result, err);
        kernel_free(&result->kernel);
        any = done && i + 1 < most && session_next(&tuner->session, 0, result);
    }
    if (done)
        return store_commit(tuner->store, err);
    store_rollback(tuner->store);
    return false;
}

bool tuner_take_compiled(struct tuner *tuner, double timeout, bool *any, struct error *err)
{
    struct compile_result *result = xcalloc(1, sizeof *result);
    bool done = true;

    *any = session_next(&tuner->session, timeout, result);
    tuner->burst_last = *any ? clock_monotonic() : tuner->burst_last;
    if (*any)
        done = take_answers(tuner, result, err);
    free(result);
    return done;
}

static bool ask_for(
    struct tuner *tuner, const struct race_kernel_id ids[], size_t count, struct error *err)
{
    bool done = true;

    if (count > 0 && session_pending(&tuner->session) == 0) {
        tuner->burst_began = clock_monotonic();
        tuner->burst_answers = 0;
    }
    for (size_t i = 0; done && i < count; i++) {
        long long *ticket = &tuner->kernels[ids[i].gemm][ids[i].tile].ticket;
        done = session_submit(
            &tuner->session, ids[i].gemm, &tuner->plan.tiles[ids[i].tile].tile, ticket, err);
        race_set_kernel(tuner->race, ids[i].gemm, ids[i].tile, KERNEL_ASKED, POINT_OK);
    }
    return done;
}

/* Compiling and timing would take turns at the memory's bandwidth. */
static bool shares_memory(const struct tuner *tuner)
{
    return tuner->question.device.unified && !tuner->session.recorded;
}

/* Where the cache held nearly everything, nothing is compiled but what is needed. */
static bool is_cold(const struct tuner *tuner)
{
    return tuner->session.recorded || tuner->view.compiles * 8 > tuner->answers;
}

/* How many kernels would keep all cores busy, and a few more; not counted one by one, since looking
 * for what is likely takes milliseconds. */
static size_t idle_cores(const struct tuner *tuner)
{
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    const size_t cores = online > 0 ? (size_t)online : 1, enough = cores + cores / 4 + 1;
    const size_t pending = session_pending(&tuner->session);

    return pending <= cores ? enough - pending : 0;
}

/*
 * Asks for what the race needs. What it is likely to need later comes with it where there is room:
 * in a wave on unified memory, elsewhere on cores that would idle, so few at a time that what is
 * needed never waits long behind it.
 */
bool tuner_ask_kernels(struct tuner *tuner, struct error *err)
{
    const bool unified = shares_memory(tuner);
    const size_t most = unified ? WAVE : QUEUE;
    struct race_kernel_id *ids = xcalloc(most, sizeof *ids);
    size_t count = race_wanted(tuner->race, ids, most), room;
    bool done;

    race_longest_first(tuner->race, ids, count, unified ? 0 : count / 4);
    done = ask_for(tuner, ids, count, err);
    if (tuner->session.recorded)
        room = most - count;
    else if (unified)
        room = count > 0 ? most - count : 0;
    else
        room = idle_cores(tuner);
    count = room > 0 && is_cold(tuner) ? race_likely(tuner->race, ids, room) : 0;
    done = done && ask_for(tuner, ids, count, err);
    free(ids);
    return done;
}

/* To the end of what was asked for. */
static bool compile_wave(struct tuner *tuner, struct error *err)
{
    bool any, done = true;

    tuner_stage(tuner, STAGE_COMPILE);
    while (done && session_pending(&tuner->session) > 0 && !tuner->stop) {
        tuner_set_state(tuner, TUNER_COMPILING, "compile");
        done = tuner_take_compiled(tuner, TUNER_WAIT_S, &any, err);
        tuner_publish(tuner, false);
    }
    tuner_stage(tuner, STAGE_OTHER);
    return done;
}

/*
 * On unified memory a wave is compiled to its end before timing goes on: both share the memory's
 * bandwidth. Elsewhere everything is queued, and collected some at a time, as it comes.
 */
bool tuner_compile(struct tuner *tuner, struct error *err)
{
    bool wave = shares_memory(tuner), any;

    if (wave && session_pending(&tuner->session) > 0)
        return compile_wave(tuner, err);
    if (!tuner_ask_kernels(tuner, err))
        return false;
    return wave ? compile_wave(tuner, err) : tuner_take_compiled(tuner, 0, &any, err);
}

bool tuner_wait_for_kernel(struct tuner *tuner, struct error *err)
{
    bool any, done;

    tuner_set_state(tuner, TUNER_COMPILING, "compile");
    if (session_pending(&tuner->session) == 0)
        return error_set(err, ERROR_FAILED, "the race waits for a kernel that nobody compiles");
    tuner_publish(tuner, false);
    tuner_stage(tuner, STAGE_COMPILE);
    done = tuner_take_compiled(tuner, TUNER_WAIT_S, &any, err);
    tuner_stage(tuner, STAGE_OTHER);
    return done;
}
