/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_COMPILE_REQUEST_H
#define MOEBENCH_COMPILE_REQUEST_H

#include "compile/compile.h"
#include "domain/argument.h"

/*
 * What the compile helper is asked for one kernel: num_warps, num_stages, constants, arguments
 * and hints, as kernels/triton_compile.py takes them. `parameters` is the helper's list of the
 * kernel's own. Parameters that moebench does not know are left to their defaults; one without a
 * default is an error that names engine, version and parameter. NULL and *err then.
 */
struct json *request_new(const struct json *parameters, const struct engine *engine,
    const struct shape *shape, enum gemm gemm, const struct tile *tile, struct error *err);
/* The kernel out of the helper's "compiled" reply; checks the cubin against its hash. */
bool request_read_kernel(const struct json *reply, struct kernel *kernel, struct error *err);

#endif
