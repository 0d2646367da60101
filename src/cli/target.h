/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_CLI_TARGET_H
#define MOEBENCH_CLI_TARGET_H

#include "cli/arguments.h"
#include "domain/device.h"
#include "domain/engine.h"
#include "domain/model.h"
#include "domain/space.h"

/* clang-format off */
/* Rows for the option table of a command that works for a model, an engine and a device. */
#define TARGET_OPTIONS \
    {"tp", "N", "tensor parallel size of the server (1)"}, \
    {"ep", "N", "expert parallel size, a divisor of tp (1)"}, \
    {"engine", "E", "sglang, vllm, or with a version: sglang:0.5.4.post2 (newest sglang)"}, \
    {"device", "D", "GPU by name or architecture: GB10, \"NVIDIA H200\" (this one, or GB10)"}, \
    {"triton", "V", "the server's Triton version (what the engine's torch brings)"}, \
    {"dtype", "T", "the experts' type where the config does not say: fp8_w8a8:channel"}, \
    {"no-shared-fusion", NULL, "the server runs with --disable-shared-experts-fusion"}

/* Rows for a command that looks at a set of tiles. */
#define SPACE_OPTIONS \
    {"bm", "LIST", "BLOCK_SIZE_M of the grid: 16,32"}, \
    {"bn", "LIST", "BLOCK_SIZE_N of the grid"}, \
    {"bk", "LIST", "BLOCK_SIZE_K of the grid"}, \
    {"group", "LIST", "GROUP_SIZE_M of the grid"}, \
    {"warps", "LIST", "num_warps of the grid"}, \
    {"stages", "LIST", "num_stages of the grid"}, \
    {"space", "FILE", "a JSON list of tiles instead of the grid"}
/* clang-format on */

/* What a command's line asks about. Notes (of what was assumed) are the model's. */
struct target {
    struct model model; /* its notes are filled without a model too */
    struct engine engine;
    struct parallel parallel;
    struct shape shape; /* with a model only */
    struct device device;
    char triton[ENGINE_TRITON_SIZE]; /* "" when not known: vLLM's older rules */
};

/*
 * Reads TARGET_OPTIONS. `model` is as model_load takes it; NULL: no model is asked about, the shape
 * stays empty. Fails where the model cannot be read, the numbers do not divide, or the device does
 * not run the dtype, before anything else happens.
 */
bool target_resolve(
    const struct arguments *args, const char *model, struct target *target, struct error *err);
/* Reads --tp, --ep and --no-shared-fusion, which the command's table must have. */
bool target_parallel(const struct arguments *args, struct parallel *parallel, struct error *err);
/* The first line of what a command prints about it, and the last ones. */
void target_print_head(const struct target *target);
void target_print_notes(const struct target *target);
/* Reads SPACE_OPTIONS; space_free it. */
bool target_space(const struct arguments *args, struct space *space, struct error *err);

#endif
