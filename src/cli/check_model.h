/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_CLI_CHECK_MODEL_H
#define MOEBENCH_CLI_CHECK_MODEL_H

#include "cli/arguments.h"
#include "cli/check_files.h"
#include "domain/model.h"

/* clang-format off */
/* Rows for the option table of a command that takes a model beside its operands: --model, then
 * these. */
#define CHECK_MODEL_OPTIONS \
    {"tp", "N", "tensor parallel size, with --model (1)"}, \
    {"ep", "N", "expert parallel size, with --model (1)"}, \
    {"dtype", "T", "the experts' type where the model's config does not say"}, \
    {"no-shared-fusion", NULL, "the server runs with --disable-shared-experts-fusion"}
/* clang-format on */

struct check_model {
    struct model model;
    struct parallel parallel;
};

/* Reads --model, which must be given, and CHECK_MODEL_OPTIONS. */
bool check_model_load(const struct arguments *args, struct check_model *model, struct error *err);
bool check_model_shape(
    struct check_model *model, const struct engine *engine, struct shape *shape, struct error *err);
/*
 * Adds a fault to every file whose name the model's engine (--engine, else neither of the newest
 * known) does not ask for: an error, or a note when another file of the set has the right name.
 */
bool check_model_names(const struct arguments *args, struct checked_set *set, struct error *err);

#endif
