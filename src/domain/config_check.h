/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_DOMAIN_CONFIG_CHECK_H
#define MOEBENCH_DOMAIN_CONFIG_CHECK_H

#include "domain/config_fault.h"
#include "domain/config_file.h"
#include "domain/config_name.h"

/* What a file is checked against. */
struct config_context {
    struct engine engine;
    struct device device;
    bool device_known; /* `device` is one of the table; else nothing is said of the fit */
};

/* Whether this engine on this device can ask for such a name at all. */
void config_check_name(const struct config_name *name, const struct config_context *context,
    struct config_faults *faults);
/*
 * Every entry: will it launch, fit and compute right numbers; then the keys as a ladder. `name`
 * gives dtype, block shape and GEMM. Adds to what config_file_read has found.
 */
void config_check_entries(const struct config_name *name, const struct config_file *file,
    const struct config_context *context, struct config_faults *faults);
/*
 * Up and down share one sort, so one BLOCK_SIZE_M, at every M that a batch can have, each file by
 * its own nearest key. The faults belong to the down file.
 */
void config_check_pair(const struct config_name *name, const struct config_file *up,
    const struct config_file *down, const struct config_context *context,
    struct config_faults *faults);

#endif
