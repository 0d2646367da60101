/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"
#include "cli/tune_ask.h"
#include "cli/tune_print.h"

#include "base/text.h"
#include "ui/screen.h"
#include "ui/settings.h"
#include "ui/terminal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option_spec workbench_options[] = {
    TARGET_OPTIONS,
    SPACE_OPTIONS,
    TUNE_OPTIONS,
    {"paused", NULL, "open at rest"},
    {"out", "DIR", "where `x` exports to (moebench-out)"},
    {"allow-recorded", NULL, "export though the figures are a recording's"},
    {"force", NULL, "export over files of another layer"},
    {"ui", "KIND", "screen or line (screen)"},
    {"theme", "T", "viridis, cividis, mono or ascii (the saved one)"},
    {"color", "WHEN", "auto, always or never (auto: unless NO_COLOR is set)"},
    {"mouse", NULL, "clicks move the cursor, the wheel changes M; select text with Shift"},
    {"ascii", NULL, "no half blocks, whatever the terminal can do"},
    {"script", "FILE", "press the keys of a file, without a terminal"},
    {0},
};

static bool export_now(
    const struct snapshot *snapshot, const void *arg, char *note, size_t size, struct error *err)
{
    const struct arguments *args = arg;
    const char *out = arguments_text(args, "out", "moebench-out");
    if (snapshot->recorded && !arguments_flag(args, "allow-recorded"))
        return error_set(err, ERROR_FAILED,
            "not exported: recorded figures; --allow-recorded exports them all the same");
    struct export_set *set = xcalloc(1, sizeof *set);
    struct export_result written;
    tune_export_set(snapshot, set);
    bool done = export_write(set, out, arguments_flag(args, "force"), &written, err);
    if (done)
        snprintf(note, size, "%d files of %d entries written below %s", written.path_count,
            written.entries, out);
    export_result_free(&written);
    free(set);
    return done;
}

static bool read_color(const struct arguments *args, bool *color, struct error *err)
{
    const char *when = arguments_text(args, "color", "auto"), *none = getenv("NO_COLOR");
    *color = strcmp(when, "always") == 0 || (strcmp(when, "auto") == 0 && !(none && *none));
    return *color || strcmp(when, "auto") == 0 || strcmp(when, "never") == 0 ||
           error_set(err, ERROR_USAGE, "--color %s: auto, always or never", when);
}

static bool read_screen(const struct arguments *args, const struct tune_ask *ask,
    struct screen_options *screen, struct error *err)
{
    const char *theme = arguments_text(args, "theme", NULL);
    const char *out = arguments_text(args, "out", "moebench-out");
    const struct question *question = &ask->question;
    const char *triton =
        *ask->target.triton ? ask->target.triton : engine_pinned_triton(&question->engine);
    screen->theme = settings_theme();
    screen->script = arguments_text(args, "script", NULL);
    screen->export = export_now;
    screen->ascii = arguments_flag(args, "ascii");
    screen->mouse = arguments_flag(args, "mouse");
    screen->arg = args;
    screen->database = ask->options.db;
    if (theme && !theme_parse(theme, &screen->theme))
        return error_set(err, ERROR_USAGE, "--theme %s: viridis, cividis, mono or ascii", theme);
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++) {
        char *path = question->gemms[gemm] ? export_path(question, triton, (enum gemm)gemm) : NULL;
        screen->export_paths[gemm] = path ? xasprintf("%s/%s", out, path) : NULL;
        free(path);
    }
    return read_color(args, &screen->color, err);
}

/* What the tune came to, as an exit code. */
static int outcome(struct tuner *tuner, struct error *err)
{
    const struct snapshot *last = tuner_snapshot_acquire(tuner);
    bool over = last->state == TUNER_DONE || (last->follows_pid && !last->follows_ended);
    int code = over ? 0 : ERROR_STOPPED;
    if (last->state == TUNER_FAILED)
        code =
            error_set(err, last->error_kind ? last->error_kind : ERROR_FAILED, "%s", last->error);
    tuner_snapshot_release(tuner, last);
    return code;
}

static int run_ui(
    const struct arguments *args, const struct tune_ask *ask, int *number, struct error *err)
{
    struct screen_options screen = {0};
    const char *kind = arguments_text(args, "ui", "screen");
    struct tuner *tuner = NULL;
    int code = 0;
    bool line = strcmp(kind, "line") == 0;
    if (!line && strcmp(kind, "screen") != 0)
        error_set(err, ERROR_USAGE, "--ui %s: screen or line", kind);
    else if (read_screen(args, ask, &screen, err))
        tuner = tuner_open(&ask->question, &ask->options, err);
    if (tuner && (line ? line_run(tuner, number, err) : screen_run(tuner, &screen, number, err)))
        code = outcome(tuner, err);
    tuner_close(tuner);
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++)
        free(screen.export_paths[gemm]);
    return code;
}

static int workbench_run(const struct arguments *args, struct error *err)
{
    const char *model = arguments_operand(args, 0);
    struct tune_ask *ask = xcalloc(1, sizeof *ask);
    int code = 0, number = 0;
    if (model ? tune_ask(args, model, ask, err) : tune_ask_last(args, ask, err)) {
        ask->options.paused = arguments_flag(args, "paused");
        ask->options.follow = true;
        code = run_ui(args, ask, &number, err);
    }
    if (*terminal_notice())
        fprintf(stderr, "moebench: %s\n", terminal_notice());
    tune_ask_free(ask);
    free(ask);
    if (number) {
        signal(number, SIG_DFL);
        raise(number);
    }
    return code;
}

const struct command cmd_workbench = {
    .name = "workbench",
    .operands = "[MODEL]",
    .operands_most = 1,
    .summary = "the screen; also what runs without a command",
    .details = "A tune with its maps on a full screen; `?` there lists the keys. Without MODEL the "
               "tune that was\ntouched last goes on.\n",
    .options = workbench_options,
    .run = workbench_run,
};
