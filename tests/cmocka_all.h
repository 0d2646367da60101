/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TESTS_CMOCKA_ALL_H
#define MOEBENCH_TESTS_CMOCKA_ALL_H

/* cmocka.h wants these before it, in this order. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
/* clang-format on */

#endif
