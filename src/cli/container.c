/* SPDX-License-Identifier: MIT */
#include "cli/container.h"

#include "base/child.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

#define COPY_TIMEOUT_S 60

bool container_config_dir(
    const struct compiler_options *options, char *folder, size_t size, struct error *err)
{
    struct compiler *compiler = compiler_open(options, err);

    if (!compiler)
        return false;
    snprintf(folder, size, "%s", compiler_toolchain(compiler)->config_dir);
    compiler_close(compiler);
    return true;
}

/* Runs it to its end; its words when it fails. */
static bool run(const char *const words[], struct error *err)
{
    struct child child;
    enum child_read read;
    char *line, said[256];

    if (!child_start(&child, words, err))
        return false;
    while ((read = child_read_line(&child, COPY_TIMEOUT_S, &line)) == CHILD_LINE)
        free(line);
    child_last_words(&child, said, sizeof said);
    child_stop(&child, read == CHILD_TIMEOUT ? 0 : 5);
    return child.status == 0 || error_set(err, ERROR_FAILED, "%s%s%s", child_how_it_ended(&child),
                                    said[0] ? ": " : "", said);
}

bool container_copy(const char *container, const struct engine *engine, const char *out,
    const char *config_dir, char **note, struct error *err)
{
    const char *below = engine->kind == ENGINE_VLLM ? "" : "/configs";
    char *from = xasprintf("%s%s/.", out, below), *to = xasprintf("%s:%s", container, config_dir);
    const char *const words[] = {"docker", "cp", from, to, NULL};
    bool done;

    *note = NULL;
    if (!config_dir[0])
        done = error_set(err, ERROR_FAILED,
            "not copied: no folder of the engine's configs was found in the container; the files "
            "are in %s",
            out);
    else
        done = run(words, err) ||
               error_prefix(err, "not copied: docker cp %s %s; the files are in %s", from, to, out);
    if (done)
        *note = xasprintf(
            "copied %s%s to %s: lost with that container, which -v is not\n", out, below, to);
    free(from);
    free(to);
    return done;
}
