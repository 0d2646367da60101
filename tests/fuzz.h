/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TESTS_FUZZ_H
#define MOEBENCH_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* What libFuzzer calls, and tests/fuzz_seeds.c in every build. Aborts on a finding; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
