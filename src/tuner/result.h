/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TUNER_RESULT_H
#define MOEBENCH_TUNER_RESULT_H

#include "base/json.h"
#include "tuner/tuner.h"

/*
 * The end of a tune for machines, owned by the caller: {tune, backend, recorded, device, state,
 * points, fitting_points, samples, launches, gpu_s, wall_s, compiles, choices: [{gemm, m, tile,
 * median_us, ci_us, default_us, verified, source, settled, reason}]}. Unknown numbers are null;
 * whoever exports adds "exported".
 */
struct json *result_json(const struct snapshot *snapshot);
/*
 * What this M stands for in the files: its choices, but where nothing is settled and the best so
 * far was not yet held against the engine's default, that default, unless the best was seen to be
 * right and the default's kernel (with any GROUP_SIZE_M) to be slower by far.
 */
void result_choices(const struct snapshot *snapshot, int m_index, struct choice out[GEMM_COUNT]);
/* Of such a text the choices that were not settled when it was made; returns how many were written
 * to `choices`. Unknown numbers are NAN. */
size_t result_so_far(const char *text, struct choice choices[], size_t limit);

#endif
