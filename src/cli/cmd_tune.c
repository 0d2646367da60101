/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"
#include "cli/container.h"
#include "cli/export_print.h"
#include "cli/tune_ask.h"
#include "cli/tune_print.h"

#include "base/clock.h"
#include "base/path.h"
#include "base/text.h"
#include "tuner/export.h"
#include "tuner/result.h"
#include "worker/client.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct option_spec tune_options[] = {
    TARGET_OPTIONS,
    SPACE_OPTIONS,
    TUNE_OPTIONS,
    {"out", "DIR", "export the files there at the end"},
    {"allow-recorded", NULL, "export though the figures are a recording's"},
    {"force", NULL, "export over files of another layer"},
    {"json", NULL, "the last line of stdout is the result as JSON"},
    {0},
};

static volatile sig_atomic_t signalled;

static void on_signal(int number)
{
    signalled = number;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal}, before;

    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, NULL, &before);
    if (before.sa_handler != SIG_IGN) /* nohup's wish stands */
        sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* Whoever sent SIGHUP or SIGTERM sees that it was obeyed, now that all is stored; a tune that came
 * to its end all the same says so by its exit code. */
static void end_by_signal(const struct error *err)
{
    if ((signalled != SIGHUP && signalled != SIGTERM) || err->kind == ERROR_NONE)
        return;
    fprintf(stderr, "moebench: %s\n", err->text);
    fflush(NULL);
    signal(signalled, SIG_DFL);
    raise(signalled);
}

static bool has_ended(const struct snapshot *s)
{
    return s->state == TUNER_DONE || s->state == TUNER_STOPPED || s->state == TUNER_FAILED;
}

/* What is to be beaten and what will be written, once the tool chain is known and before anything
 * is timed. */
static void name_files(const struct snapshot *s, const char *out, const char *triton)
{
    if (triton && strcmp(triton, s->toolchain.triton) != 0)
        fprintf(stderr,
            "--triton %s: the kernels here are those of Triton %s, whose folder the files go into; "
            "--python and --container name the server's own\n",
            triton, s->toolchain.triton);
    if (s->incumbent.path[0])
        fprintf(stderr, "incumbent: %s (%s)\n", s->incumbent.path, s->incumbent.how);
    fputs(s->incumbent.notes, stderr);
    for (int g = 0; g < GEMM_COUNT; g++) {
        char *path = s->question.gemms[g]
                         ? export_path(&s->question, s->toolchain.triton, (enum gemm)g)
                         : NULL;
        if (path)
            fprintf(stderr, "%s %s/%s\n", out ? "will write" : "file to come:", out ? out : "DIR",
                path);
        free(path);
    }
}

/* Follows the tune to its end, one line a second at most. Returns the last snapshot, borrowed. */
static const struct snapshot *follow(struct tuner *tuner, const char *out, const char *triton)
{
    bool terminal = isatty(STDERR_FILENO), asked = false, named = false, card = false;
    double printed = 0;
    unsigned told = 0;

    for (;;) {
        struct pollfd fd = {.fd = tuner_fd(tuner), .events = POLLIN};
        const char *news[SNAPSHOT_EVENTS];
        const struct snapshot *s;

        if (poll(&fd, 1, 500) < 0 && errno != EINTR)
            abort();
        if (signalled && !asked) {
            tuner_post(tuner, &(struct tuner_command){.kind = TUNER_STOP});
            asked = true;
        }
        s = tuner_snapshot_acquire(tuner);
        if (!named && s->toolchain.triton[0]) {
            named = true;
            if (s->notice[0])
                fprintf(stderr, "%s\n", s->notice);
            name_files(s, out, triton);
        }
        if (!card && !s->recorded && !isnan(s->first_timing_s)) {
            card = true;
            tune_print_card(stderr, s);
        }
        for (int i = 0, count = snapshot_news(s, terminal, &told, news); i < count; i++)
            fprintf(stderr, "%s%s\n", terminal ? "\r\033[K" : "", news[i]);
        if (has_ended(s)) {
            if (terminal)
                fputs("\r\033[K", stderr);
            return s;
        }
        if (s->state != TUNER_STARTING && clock_monotonic() - printed >= (terminal ? 0.1 : 1.0)) {
            printed = clock_monotonic();
            tune_print_progress(stderr, s, terminal);
        }
        tuner_snapshot_release(tuner, s);
    }
}

/* Where a container serves. */
static bool copy_into_container(
    const struct arguments *args, const char *out, const struct snapshot *s, struct error *err)
{
    const char *container = arguments_text(args, "container", NULL);
    char *note = NULL;
    bool done = !container || container_copy(container, &s->question.engine, out,
                                  s->toolchain.config_dir, &note, err);

    if (note)
        fputs(note, stdout);
    free(note);
    return done;
}

static bool export_to(const struct arguments *args, const struct snapshot *s, const char *out,
    struct json *result, struct error *err)
{
    struct export_set *set = xcalloc(1, sizeof *set);
    struct export_result written;
    bool done;

    export_set_seen(set, s);
    if (set->recorded && !arguments_flag(args, "allow-recorded")) {
        free(set);
        return error_set(err, ERROR_FAILED,
            "not exported: the figures are %s; --allow-recorded exports them all the same",
            s->label[0] ? s->label : "a recording's");
    }
    done = export_write(set, out, arguments_flag(args, "force"), &written, err);
    if (done) {
        export_print(set, out, &written);
        export_add_json(result, &written);
        done = copy_into_container(args, out, s, err);
    } else {
        json_add_array(result, "exported");
    }
    export_result_free(&written);
    free(set);
    return done;
}

static void announce(const struct tune_ask *ask)
{
    const struct question *q = &ask->question;

    if (ask->note[0])
        fprintf(stderr, "%s\n", ask->note);
    fprintf(stderr, "%s TP%d for %s:%s on %s, %s%s\n", q->model, q->tp, engine_name(&q->engine),
        q->engine.version, q->device.name, effort_name(q->effort),
        strncmp(ask->options.backend, "replay", 6) == 0 ? " (recorded figures)" : "");
}

static int report(
    const struct arguments *args, const struct snapshot *s, const char *out, struct error *err)
{
    bool json = arguments_flag(args, "json");
    struct json *result;
    int code = 0;

    if (s->state == TUNER_FAILED)
        return error_set(err, s->error_kind ? s->error_kind : ERROR_FAILED, "%s", s->error), 0;
    result = result_json(s);
    tune_print_table(stdout, s);
    if (!out)
        json_add_array(result, "exported");
    else if (!export_to(args, s, out, result, err))
        code = (int)err->kind;
    if (s->state == TUNER_STOPPED && code == 0) {
        code = ERROR_STOPPED;
        error_set(err, ERROR_STOPPED, "%s", s->error);
    }
    if (json)
        command_print_json_line(result);
    else
        json_free(result);
    return code;
}

static bool can_time(const struct tune_ask *ask, struct error *err)
{
    return strcmp(ask->options.backend, "none") != 0 ||
           error_set(err, ERROR_DEVICE,
               "no %s here to time on; `moebench MODEL --device ..` plans without it",
               ask->question.device.name);
}

static bool can_write(const char *folder, struct error *err)
{
    return path_make_folders(folder, err) &&
           (access(folder, W_OK | X_OK) == 0 ||
               error_set(err, ERROR_FAILED, "--out: %s: %s", folder, strerror(errno)));
}

static bool can_write_below(const char *folder, const char *name, struct error *err)
{
    char *path = path_join(folder, name);
    bool can = can_write(path, err);

    free(path);
    return can;
}

/* Said before a tune that takes minutes, not after it. */
static bool can_export(
    const struct arguments *args, const struct tune_ask *ask, const char *out, struct error *err)
{
    if (!out)
        return true;
    if (text_starts_with(ask->options.backend, "replay") && !arguments_flag(args, "allow-recorded"))
        return error_set(err, ERROR_FAILED,
            "--out %s: the figures would be a recording's; --allow-recorded exports them all the "
            "same",
            out);
    return can_write(out, err) &&
           (ask->question.engine.kind != ENGINE_SGLANG || can_write_below(out, "configs", err));
}

static int tune_run(const struct arguments *args, struct error *err)
{
    const char *out = arguments_text(args, "out", NULL);
    struct tune_ask *ask = xcalloc(1, sizeof *ask);
    struct tune_card card = {.keep = true};
    struct tuner *tuner = NULL;
    double began = clock_monotonic();
    int code = 0;

    if (tune_ask_on(args, arguments_operand(args, 0), &card, ask, err) && can_time(ask, err) &&
        can_export(args, ask, out, err)) {
        announce(ask);
        ask->options.began = began;
        ask->options.worker = card.worker;
        catch_signals();
        tuner = tuner_open(&ask->question, &ask->options, err);
    }
    if (!tuner)
        client_close(card.worker, true);
    if (tuner) {
        const struct snapshot *last = follow(tuner, out, arguments_text(args, "triton", NULL));
        code = report(args, last, out, err);
        tuner_snapshot_release(tuner, last);
    }
    tuner_close(tuner);
    tune_ask_free(ask);
    free(ask);
    end_by_signal(err);
    return code;
}

const struct command cmd_tune = {
    .name = "tune",
    .operands = "MODEL",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "race all tiles of a model's layer; resumable; exports the files",
    .options = tune_options,
    .run = tune_run,
};
