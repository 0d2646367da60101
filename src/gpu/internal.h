/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_GPU_INTERNAL_H
#define MOEBENCH_GPU_INTERNAL_H

#include "gpu/abi.h"
#include "gpu/card.h"
#include "gpu/driver.h"

/* Our own kernels (kernels/NAME.cu). */
enum own_kernel {
    OWN_FILL_VALUES,
    OWN_FILL_SCALES,
    OWN_REFERENCE,
    OWN_COMPARE,
    OWN_READ_MEMORY,
    OWN_MMA_LOOP,
    OWN_MARK,
    OWN_COUNT
};

struct card {
    CUdevice device;
    CUcontext context; /* the primary one, NULL before it is retained */
    CUstream stream;   /* everything runs in this one */
    struct device facts;
    CUmodule modules[4]; /* of kernels/NAME.cu */
    CUfunction own[OWN_COUNT];
};

/* Loads kernels/NAME.fatbin out of the program itself. */
bool own_kernels_load(struct card *card, struct error *err);
void own_kernels_unload(struct card *card);
/* Queues one on `stream`, or into the capture that runs there. */
bool own_launch(struct card *card, CUstream stream, enum own_kernel which, unsigned grid_x,
    unsigned grid_y, unsigned threads, void *arguments[], struct error *err);

/* Device memory with its size, so that a layer can say what it holds. */
struct memory {
    CUdeviceptr at; /* 0: none */
    size_t size;
};

bool memory_make(struct memory *memory, size_t size, struct error *err);
void memory_drop(struct memory *memory);
/* Copies and waits. */
bool memory_upload(
    struct card *card, CUdeviceptr at, const void *bytes, size_t size, struct error *err);
bool memory_download(
    struct card *card, void *bytes, CUdeviceptr at, size_t size, struct error *err);

#endif
