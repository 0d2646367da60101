/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"
#include "cli/container.h"
#include "cli/start_ask.h"

#include "base/text.h"
#include "base/words.h"
#include "tuner/export.h"
#include "ui/screen.h"
#include "ui/settings.h"
#include "ui/terminal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* Those of a tune that goes on stand as of now. */
static void say_written(
    const struct export_result *written, const char *out, char *note, size_t size)
{
    char now[32] = "", less[32] = "";
    if (written->as_of_now > 0)
        snprintf(now, sizeof now, " (%d as of now)", written->as_of_now);
    if (written->left_out > 0)
        snprintf(less, sizeof less, ", %d M left out,", written->left_out);
    snprintf(note, size, "%d file%s of %d entries%s%s written below %s", written->path_count,
        written->path_count == 1 ? "" : "s", written->entries, now, less, out);
}

static const char *export_folder(const struct arguments *args)
{
    return arguments_text(args, "out", "moebench-out");
}

static bool export_now(
    const struct snapshot *snapshot, const void *arg, char *note, size_t size, struct error *err)
{
    const struct arguments *args = arg;
    const char *out = export_folder(args);
    if (snapshot->planned)
        return error_set(err, ERROR_FAILED, "not exported: a plan, nothing here was measured");
    if (snapshot->recorded && !arguments_flag(args, "allow-recorded"))
        return error_set(err, ERROR_FAILED,
            "not exported: recorded figures; --allow-recorded exports them all the same");
    struct export_set *set = xcalloc(1, sizeof *set);
    struct export_result written;
    const char *container = arguments_text(args, "container", NULL);
    char *copied = NULL;
    export_set_seen(set, snapshot);
    bool done = export_write(set, out, arguments_flag(args, "force"), &written, err);
    if (done)
        say_written(&written, out, note, size);
    if (done && container)
        done = container_copy(container, &snapshot->question.engine, out,
            snapshot->toolchain.config_dir, &copied, err);
    if (copied)
        snprintf(note + strlen(note), size - strlen(note), "; %s", copied);
    note[strcspn(note, "\n")] = '\0';
    free(copied);
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

static bool read_theme(
    const struct arguments *args, struct screen_options *screen, struct error *err)
{
    const char *theme = arguments_text(args, "theme", NULL);
    screen->theme = settings_theme();
    if (theme && !theme_parse(theme, &screen->theme))
        return error_set(err, ERROR_USAGE, "--theme %s: viridis, cividis, mono or ascii", theme);
    return read_color(args, &screen->color, err);
}

/* What is wrong with the line itself is said before any card is looked at. */
static bool check_line(const struct arguments *args, struct error *err)
{
    const char *kind = arguments_text(args, "ui", "screen");
    struct screen_options screen = {0};
    if (strcmp(kind, "line") != 0 && strcmp(kind, "screen") != 0)
        return error_set(err, ERROR_USAGE, "--ui %s: screen or line", kind);
    return read_theme(args, &screen, err);
}

static bool read_screen(const struct arguments *args, const struct tune_ask *ask,
    struct screen_options *screen, struct error *err)
{
    screen->script = arguments_text(args, "script", NULL);
    screen->export = export_now;
    screen->out = export_folder(args);
    screen->ascii = arguments_flag(args, "ascii");
    screen->mouse = arguments_flag(args, "mouse");
    screen->arg = args;
    screen->database = strcmp(ask->options.backend, "none") != 0 ? ask->options.db : NULL;
    return read_theme(args, screen, err);
}

/* What the tune came to, as an exit code. */
static int outcome(struct tuner *tuner, struct error *err)
{
    const struct snapshot *last = tuner_snapshot_acquire(tuner);
    bool over =
        last->state == TUNER_DONE || last->planned || (last->follows_pid && !last->follows_ended);
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
    if (read_screen(args, ask, &screen, err))
        tuner = tuner_open(&ask->question, &ask->options, err);
    if (tuner && (line ? line_run(tuner, number, err) : screen_run(tuner, &screen, number, err)))
        code = outcome(tuner, err);
    tuner_close(tuner);
    return code;
}

/* Opens what was asked for; its exit code. */
static int open_workbench(
    const struct arguments *args, bool asked, struct tune_ask *ask, int *number, struct error *err)
{
    int code = 0;
    if (asked) {
        ask->options.paused = arguments_flag(args, "paused");
        ask->options.follow = true;
        code = run_ui(args, ask, number, err);
    }
    terminal_close();
    tune_ask_free(ask);
    free(ask);
    return code;
}

/* The line that a new tune's form came to. */
static int run_new(const struct arguments *args, char *const words[], struct tune_card *card,
    int *number, struct error *err)
{
    struct start_line line = {0};
    struct tune_ask *ask = xcalloc(1, sizeof *ask);
    bool asked = start_line_make(args, words, &line, err) &&
                 tune_ask_on(&line.args, arguments_operand(&line.args, 0), card, ask, err);
    int code = open_workbench(&line.args, asked, ask, number, err);
    start_line_free(&line);
    return code;
}

static int run_stored(const struct arguments *args, long long tune, int *number, struct error *err)
{
    struct tune_ask *ask = xcalloc(1, sizeof *ask);
    bool asked = tune_ask_stored(args, tune, ask, err);
    return open_workbench(args, asked, ask, number, err);
}

static bool ask_start(const struct arguments *args, struct start_source *source,
    struct start_answer *answer, struct error *err)
{
    struct start *start = xcalloc(1, sizeof *start);
    struct screen_options screen = {0};
    struct start_options options = {
        .look = start_source_look, .refresh = start_source_refresh, .arg = source};
    bool done = read_theme(args, &screen, err) && start_source_open(source, args, start, err);
    options.theme = screen.theme;
    options.color = screen.color;
    options.mouse = arguments_flag(args, "mouse");
    if (done && strcmp(arguments_text(args, "ui", "screen"), "line") == 0)
        start_run_lines(start, &options, answer);
    else if (done)
        done = start_run(start, &options, answer, err);
    start_tunes_close(source);
    start_close(start);
    free(start);
    return done;
}

/* Without MODEL: a person is asked, a pipe gets the tune that was touched last. */
static int run_start(const struct arguments *args, int *number, struct error *err)
{
    struct start_source source = {0};
    struct start_answer answer = {0};
    bool line = strcmp(arguments_text(args, "ui", "screen"), "line") == 0;
    int code = 0;
    if (arguments_flag(args, "script") || !isatty(STDIN_FILENO) ||
        (!line && !isatty(STDOUT_FILENO)))
        return run_stored(args, 0, number, err);
    if (ask_start(args, &source, &answer, err)) {
        *number = answer.signal;
        if (answer.effect == START_RESUME)
            code = run_stored(args, answer.tune, number, err);
        if (answer.effect == START_NEW)
            code = run_new(args, answer.words, &source.card, number, err);
    }
    terminal_close();
    words_free(answer.words);
    start_source_close(&source);
    return code;
}

static int workbench_run(const struct arguments *args, struct error *err)
{
    const char *model = arguments_operand(args, 0);
    int code = 0, number = 0;
    if (!check_line(args, err))
        return 0;
    if (!model) {
        code = run_start(args, &number, err);
    } else {
        struct tune_ask *ask = xcalloc(1, sizeof *ask);
        bool asked = tune_ask(args, model, ask, err);
        code = open_workbench(args, asked, ask, &number, err);
    }
    if (*terminal_notice())
        fprintf(stderr, "moebench: %s\n", terminal_notice());
    if (code == ERROR_STOPPED && !number)
        fprintf(stderr, "moebench: stopped; all that was measured is stored: moebench goes on\n");
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
    .details = "A tune with its maps on a full screen; `?` there lists the keys. Without "
               "MODEL the start\nscreen lists the tunes and makes new ones; without a terminal the "
               "tune that was touched\nlast goes on.\n",
    .options = workbench_options,
    .run = workbench_run,
};
