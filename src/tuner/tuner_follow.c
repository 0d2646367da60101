/* SPDX-License-Identifier: MIT */
#include "tuner/tuner_state.h"

#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A tune that another process drives, read from the store while that one writes it. */

#define LOOK_EVERY_S 0.5 /* at the store; one PRAGMA when nothing was committed */
#define HEED_EVERY_S 0.1 /* at the commands */
#define QUIET_S 5.0      /* without a chunk: what runs is not known any more */

/* As after tuner_open: what has been read is forgotten. */
static void forget(struct tuner *tuner)
{
    race_close(tuner->race);
    tuner->race = race_open(&tuner->plan);
    tuner->seen = (struct tuner_seen){0};
    tuner_view_restart(tuner);
}

static void show_build(struct tuner *tuner)
{
    const struct store_build *build = &tuner->build;
    struct toolchain *chain = &tuner->view.toolchain;

    *chain = (struct toolchain){0};
    snprintf(chain->engine, sizeof chain->engine, "%s", build->engine);
    snprintf(chain->engine_version, sizeof chain->engine_version, "%s", build->engine_version);
    snprintf(chain->triton, sizeof chain->triton, "%s", build->triton);
    snprintf(chain->ptxas_version, sizeof chain->ptxas_version, "%s", build->ptxas);
    snprintf(chain->kernel_hash, sizeof chain->kernel_hash, "%.64s", build->kernel_hash);
}

static bool show_newest_chunk(struct tuner *tuner, struct error *err)
{
    const struct race_item *at = &tuner->seen.at;
    struct store_chunk chunk;
    bool quiet;

    if (tuner->seen.chunk == 0)
        return true;
    if (!store_get_chunk(tuner->store, tuner->seen.chunk, &chunk, err))
        return false;
    quiet =
        clock_wall() - (chunk.time + (isnan(chunk.wall_s) ? 0 : (double)chunk.wall_s)) > QUIET_S;
    snprintf(tuner->view.phase, sizeof tuner->view.phase, "%s",
        quiet || chunk.phase < 0 || chunk.phase >= RACE_PHASE_COUNT
            ? "nothing new"
            : race_phase_name((enum race_phase)chunk.phase));
    tuner->view.gemm = at->gemm;
    tuner->view.m = quiet ? 0 : at->m;
    tuner->view.running_tile = !quiet && (size_t)at->tile < tuner->plan.space_count ? at->tile : -1;
    tuner->view.clock_mhz = (double)chunk.sm_mhz;
    tuner->view.temperature_c = (double)chunk.temperature_c;
    tuner->view.power_w = (double)chunk.power_w;
    tuner->view.sentinel = (double)chunk.sentinel - 1;
    tuner->view.sentinel_ok = !chunk.suspect;
    return true;
}

/* Nothing runs. */
static void show_rest(struct tuner *tuner, const char *phase)
{
    snprintf(tuner->view.phase, sizeof tuner->view.phase, "%s", phase);
    tuner->view.m = 0;
    tuner->view.running_tile = -1;
}

static bool show_newest_event(struct tuner *tuner, struct error *err)
{
    struct store_event *events;
    size_t count;

    if (!store_list_events(tuner->store, tuner->tune.id, 1, &events, &count, err))
        return false;
    if (count > 0 && strncmp(tuner->view.last_event, events[0].text, 255) != 0)
        tuner_view_event(tuner, events[0].text, strcmp(events[0].kind, "choice") == 0);
    if (count > 0 && strcmp(events[0].kind, "phase") == 0 && strcmp(events[0].text, "paused") == 0)
        show_rest(tuner, "paused");
    free(events);
    return true;
}

static void show_tune(struct tuner *tuner)
{
    const struct store_tune *tune = &tuner->tune;

    tuner->view.state = tune->state == TUNE_DONE ? TUNER_DONE
                        : tuner->seen.chunk == 0 ? TUNER_STARTING
                                                 : TUNER_TIMING;
    tuner->view.points_done = tune->done;
    tuner->view.points_left = tune->total - tune->done;
    tuner->view.fitting_points = (size_t)tune->total;
    tuner->view.left_s = tuner->view.done_fraction = NAN;
    tuner->view.wall_s = tuner->idle_s;
    if (tune->state == TUNE_DONE || tuner->seen.chunk == 0)
        show_rest(tuner, "");
}

/* Takes over what was committed since the last look. */
static bool look(struct tuner *tuner, struct error *err)
{
    struct store_totals totals;
    long long build = tuner->build.id, id = tuner->tune.id, raced = tuner->raced;

    /* The tune first: what it says to be done is then in what is read after it. */
    store_tune_free(&tuner->tune);
    if (!store_get_tune(tuner->store, id, &tuner->tune, err) ||
        !store_get_totals(tuner->store, id, &totals, err))
        return false;
    if (!tuner_show_raced(tuner, err))
        return false;
    if (tuner->tune.build != build || tuner->raced != raced ||
        totals.faults != tuner->seen.totals.faults)
        forget(tuner);
    if (tuner->tune.build != build) {
        if (!store_get_build(tuner->store, tuner->tune.build, &tuner->build, err))
            return false;
        show_build(tuner);
    }
    if (tuner->tune.build != 0 && !tuner_load_news(tuner, err))
        return false;
    if (!show_newest_chunk(tuner, err) || !show_newest_event(tuner, err))
        return false;
    show_tune(tuner);
    tuner_publish(tuner, true);
    return true;
}

static void say_ended(struct tuner *tuner)
{
    tuner->view.follows_ended = true;
    if (tuner->view.state != TUNER_DONE)
        tuner->view.state = TUNER_PAUSED;
    show_rest(tuner, "");
    tuner_event(tuner, "note", "the process with pid %ld that drove this tune has ended%s",
        tuner->view.follows_pid, tuner->view.state == TUNER_DONE ? "" : " with work left");
    tuner_publish(tuner, true);
}

/* One look at the database and at its holder. What a holder wrote last is read after its end. */
static bool look_around(struct tuner *tuner, struct error *err)
{
    long pid;
    bool held = store_is_held(tuner->store, &pid);
    bool quiet = tuner->view.m > 0; /* it may be over with what ran */

    if (held && pid > 0) {
        tuner->view.follows_pid = pid;
        tuner->view.follows_ended = false;
    }
    if ((store_changed(tuner->store) || quiet) && !look(tuner, err))
        return false;
    if (!held && !tuner->view.follows_ended)
        say_ended(tuner);
    return true;
}

/* The one command that is taken: to go on here, after the end of the other. */
static bool asked_to_take_over(struct tuner *tuner)
{
    struct tuner_command command;
    bool asked = false;

    while (tuner_next_command(tuner, &command)) {
        if (command.kind == TUNER_RESUME || command.kind == TUNER_PAUSE)
            asked = true;
        else
            tuner_answer(
                tuner, true, "not here: pid %ld drives this tune", tuner->view.follows_pid);
    }
    return asked && tuner->view.follows_ended;
}

/* All as it was before tuner_keep_open. */
static void let_go(struct tuner *tuner)
{
    store_close(tuner->store);
    tuner->store = NULL;
    store_tune_free(&tuner->tune);
    tuner->tune = (struct store_tune){0};
    tuner->build = (struct store_build){0};
    tuner->view.toolchain = (struct toolchain){0};
    tuner->view.follows_pid = 0;
    tuner->view.follows_ended = false;
    tuner->view.state = TUNER_STARTING;
    tuner->idle_s = 0;
    tuner->started = clock_monotonic();
    tuner->paused = false;
    forget(tuner);
}

/* Its pid stands in the lock's file a moment after it took the lock. False: nobody holds it. */
static bool find_holder(struct tuner *tuner)
{
    long pid = 0;

    while (store_is_held(tuner->store, &pid)) {
        if (pid > 0 || tuner->stop) {
            tuner->view.follows_pid = pid;
            return true;
        }
        clock_sleep(HEED_EVERY_S);
    }
    return false;
}

bool tuner_follow(struct tuner *tuner, struct error *err)
{
    double looked = -INFINITY;

    if (!find_holder(tuner)) {
        let_go(tuner);
        return true;
    }
    tuner->view.recorded = strcmp(tuner->view.backend, "replay") == 0;
    if (tuner->view.recorded)
        snprintf(tuner->view.label, sizeof tuner->view.label, "recorded on %s",
            tuner->question.device.name);
    tuner_publish(tuner, true);
    while (!tuner->stop) {
        if (clock_monotonic() - looked >= LOOK_EVERY_S) {
            looked = clock_monotonic();
            if (!look_around(tuner, err))
                return false;
        }
        if (asked_to_take_over(tuner)) {
            let_go(tuner);
            return true;
        }
        clock_sleep(HEED_EVERY_S);
    }
    return error_set(
        err, ERROR_STOPPED, "no longer followed; pid %ld is left alone", tuner->view.follows_pid);
}
