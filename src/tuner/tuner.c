/* SPDX-License-Identifier: MIT */
#include "tuner/tuner_state.h"

#include "base/clock.h"
#include "base/text.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const stage_names[STAGE_COUNT] = {
    [STAGE_STORE] = "store",
    [STAGE_HELPER] = "helper",
    [STAGE_WORKER] = "worker",
    [STAGE_COMPILE] = "compile_wait",
    [STAGE_MEASURE] = "measure",
    [STAGE_VERIFY] = "verify",
    [STAGE_COMMIT] = "commit",
    [STAGE_OTHER] = "other",
};

const char *tuner_stage_name(enum tuner_stage stage)
{
    return stage_names[stage];
}

enum tuner_stage tuner_stage(struct tuner *tuner, enum tuner_stage stage)
{
    enum tuner_stage before = tuner->stage;
    double now = clock_monotonic();

    tuner->view.stage_s[before] += now - tuner->stage_since;
    tuner->stage = stage;
    tuner->stage_since = now;
    return before;
}

/* A copy that the tuner owns. */
static const char *own(struct tuner *tuner, const char *s)
{
    if (!s)
        return NULL;
    tuner->texts[tuner->text_count] = xstrdup(s);
    return tuner->texts[tuner->text_count++];
}

static void copy_options(struct tuner *tuner, const struct tuner_options *options)
{
    struct tuner_options *o = &tuner->options;

    *o = *options;
    o->db = own(tuner, options->db);
    o->backend = own(tuner, options->backend);
    o->incumbent = own(tuner, options->incumbent);
    o->compiler.python = own(tuner, options->compiler.python);
    o->compiler.container = own(tuner, options->compiler.container);
    o->compiler.kernel_file = own(tuner, options->compiler.kernel_file);
    o->compiler.engine_site = own(tuner, options->compiler.engine_site);
}

static void free_options(struct tuner *tuner)
{
    for (int i = 0; i < tuner->text_count; i++)
        free(tuner->texts[i]);
}

static void free_race(struct tuner *tuner)
{
    race_close(tuner->race);
    for (int g = 0; g < GEMM_COUNT; g++)
        free(tuner->kernels[g]);
    plan_free(&tuner->plan);
}

void tuner_make_race(struct tuner *tuner)
{
    const struct tile *incumbent[GEMM_COUNT];

    free_race(tuner);
    for (int g = 0; g < GEMM_COUNT; g++)
        incumbent[g] = tuner->incumbent[g];
    plan_make(&tuner->plan, &tuner->question, incumbent);
    tuner->race = race_open(&tuner->plan);
    for (int g = 0; g < GEMM_COUNT; g++)
        tuner->kernels[g] = xcalloc(tuner->plan.count + 1, sizeof *tuner->kernels[g]);
}

/* To its end, whatever that is; then no child is left. */
static void race_on(struct tuner *tuner)
{
    struct error err = {0};
    bool done;

    tuner->view.error[0] = '\0';
    done = tuner_run(tuner, &err);
    tuner->view.state = done ? TUNER_DONE : TUNER_FAILED;
    if (!done && err.kind == ERROR_STOPPED)
        tuner->view.state = TUNER_STOPPED;
    if (!done) {
        snprintf(tuner->view.error, sizeof tuner->view.error, "%s", err.text);
        tuner->view.error_kind = err.kind;
    }
    tuner->view.running_tile = -1;
    tuner->ended = clock_monotonic();
    tuner_stage(tuner, STAGE_OTHER);
    tuner_rest(tuner);
    tuner_publish(tuner, true);
}

static void *tuner_main(void *arg)
{
    struct tuner *tuner = arg;

    if (tuner->view.planned) {
        tuner_plan(tuner);
        return NULL;
    }
    race_on(tuner);
    while (tuner_serve(tuner)) {
        tuner->idle_s += tuner->ended - tuner->started;
        tuner->started = clock_monotonic();
        tuner->ended = 0;
        tuner->silent = 0;
        tuner->go_on = false;
        race_on(tuner);
    }
    tuner_rest(tuner);
    tuner_keep_tidy(tuner);
    return NULL;
}

/* Signals are for the thread that opened the tuner. */
static bool start_thread(struct tuner *tuner)
{
    sigset_t all, before;
    int failed;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&tuner->thread, NULL, tuner_main, tuner);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed == 0;
}

static void tuner_free(struct tuner *tuner)
{
    free_race(tuner);
    tuner_view_close(tuner);
    client_close(tuner->options.worker, true);
    store_tune_free(&tuner->tune);
    store_close(tuner->store);
    free_options(tuner);
    question_free(&tuner->question);
    pthread_cond_destroy(&tuner->posted);
    pthread_mutex_destroy(&tuner->lock);
    close(tuner->wake[0]);
    close(tuner->wake[1]);
    free(tuner);
}

/* One that waits by the monotonic clock. */
static void open_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

struct tuner *tuner_open(
    const struct question *question, const struct tuner_options *options, struct error *err)
{
    struct tuner *tuner = xcalloc(1, sizeof *tuner);

    if (pipe2(tuner->wake, O_CLOEXEC | O_NONBLOCK) != 0) {
        free(tuner);
        error_errno(err, ERROR_FAILED, "pipe");
        return NULL;
    }
    pthread_mutex_init(&tuner->lock, NULL);
    open_condition(&tuner->posted);
    tuner->newest = tuner->held = -1;
    tuner->started = options->began > 0 ? options->began : clock_monotonic();
    tuner->stage = STAGE_STORE;
    tuner->stage_since = tuner->started;
    question_copy(&tuner->question, question);
    copy_options(tuner, options);
    tuner->paused = options->paused;
    tuner_make_race(tuner);
    tuner_view_open(tuner);
    tuner->view.planned = strcmp(tuner->options.backend, "none") == 0;
    tuner_publish(tuner, true);
    if (start_thread(tuner))
        return tuner;
    tuner_free(tuner);
    error_set(err, ERROR_FAILED, "no thread for the tuner");
    return NULL;
}

void tuner_post(struct tuner *tuner, const struct tuner_command *command)
{
    if (command->kind == TUNER_STOP)
        tuner->stop = true;
    pthread_mutex_lock(&tuner->lock);
    if (tuner->command_count < TUNER_COMMANDS)
        tuner->commands[tuner->command_count++] = *command;
    pthread_cond_signal(&tuner->posted);
    pthread_mutex_unlock(&tuner->lock);
}

int tuner_fd(const struct tuner *tuner)
{
    return tuner->wake[0];
}

const struct snapshot *tuner_snapshot_acquire(struct tuner *tuner)
{
    const struct snapshot *snapshot;
    char byte;

    pthread_mutex_lock(&tuner->lock);
    if (tuner->fresh && read(tuner->wake[0], &byte, 1) == 1)
        tuner->fresh = false;
    tuner->held = tuner->newest;
    snapshot = tuner->buffers[tuner->held];
    pthread_mutex_unlock(&tuner->lock);
    return snapshot;
}

void tuner_snapshot_release(struct tuner *tuner, const struct snapshot *snapshot)
{
    (void)snapshot;
    pthread_mutex_lock(&tuner->lock);
    tuner->held = -1;
    pthread_mutex_unlock(&tuner->lock);
}

void tuner_close(struct tuner *tuner)
{
    if (!tuner)
        return;
    tuner->stop = true;
    pthread_mutex_lock(&tuner->lock);
    pthread_cond_signal(&tuner->posted);
    pthread_mutex_unlock(&tuner->lock);
    pthread_join(tuner->thread, NULL);
    tuner_free(tuner);
}
