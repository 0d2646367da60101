/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"
#include "worker/loop.h"

#include "base/text.h"

#include <sys/prctl.h>

static const struct option_spec worker_options[] = {
    {"backend", "NAME", "cuda, replay or replay:FILE (cuda)"},
    {"device", "N", "which card (0)"},
    {"pace", "X", "replay: 1 takes the card's own time, 0 none (0)"},
    {0},
};

static int worker_command(const struct arguments *args, struct error *err)
{
    const char *file;
    const char *name = arguments_text(args, "backend", "cuda");
    const char *ordinal = arguments_text(args, "device", "0");
    const struct backend *backend = backend_find(name, &file);
    double pace;
    if (backend == NULL) {
        error_set(err, ERROR_USAGE, "--backend %s: neither cuda nor replay", name);
        return ERROR_USAGE;
    }
    if (!text_to_double(arguments_text(args, "pace", "0"), &pace) || pace < 0) {
        error_set(err, ERROR_USAGE, "--pace: a number of at least 0 is needed");
        return ERROR_USAGE;
    }
    /* Started as /proc/self/exe it would be "exe" to whoever lists what uses the card. */
    prctl(PR_SET_NAME, "moebench");
    worker_run(backend, backend->recorded ? file : ordinal, pace, err);
    return (int)err->kind;
}

const struct command cmd_worker = {
    .name = "worker",
    .operands = "",
    .summary = "times kernels for another moebench, by JSON lines on stdin and stdout",
    .options = worker_options,
    .hidden = true,
    .run = worker_command,
};
