/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_BASE_EMBEDDED_H
#define MOEBENCH_BASE_EMBEDDED_H

#include <stddef.h>

/*
 * Files that the program carries in itself: the GPU kernels ("NAME.fatbin", machine code made of
 * kernels/NAME.cu; absent when the build had no nvcc) and the compile helper's script.
 */
struct embedded {
    const char *name;           /* without a folder; NULL ends the table */
    const unsigned char *bytes; /* a zero byte follows that `size` does not count */
    size_t size;
};

extern const struct embedded embedded_files[];

/* NULL when this build has no such file. */
const struct embedded *embedded_find(const char *name);

#endif
