/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_CLI_CONTAINER_H
#define MOEBENCH_CLI_CONTAINER_H

#include "compile/compile.h"
#include "domain/engine.h"

/* Where the engine that the helper finds (options->container, .python) keeps its configs. */
bool container_config_dir(
    const struct compiler_options *options, char *folder, size_t size, struct error *err);
/* docker cp of what was exported to OUT into `config_dir` ("" when none was found) of a running
 * container. What was done goes to *note, a line that the caller frees; NULL when nothing was. */
bool container_copy(const char *container, const struct engine *engine, const char *out,
    const char *config_dir, char **note, struct error *err);

#endif
