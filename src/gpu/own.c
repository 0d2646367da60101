/* SPDX-License-Identifier: MIT */
#include "gpu/internal.h"

#include "base/embedded.h"

#include <stdio.h>

static const char *const files[] = {"fill", "reference", "compare", "sentinel"};

static const struct {
    const char *entry;
    int file; /* index into files */
} entries[OWN_COUNT] = {
    [OWN_FILL_VALUES] = {"fill_values", 0},
    [OWN_FILL_SCALES] = {"fill_scales", 0},
    [OWN_REFERENCE] = {"reference", 1},
    [OWN_COMPARE] = {"compare", 2},
    [OWN_READ_MEMORY] = {"read_memory", 3},
    [OWN_MMA_LOOP] = {"mma_loop", 3},
    [OWN_MARK] = {"mark", 3},
};

bool own_kernels_load(struct card *card, struct error *err)
{
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char name[32];
        const struct embedded *file;

        snprintf(name, sizeof name, "%s.fatbin", files[i]);
        file = embedded_find(name);
        if (!file)
            return error_set(err, ERROR_DEVICE,
                "this moebench was built without GPU kernels: build it where nvcc 12.8 or newer "
                "is");
        if (!CU(cuModuleLoadData(&card->modules[i], file->bytes)))
            return error_prefix(err, "own kernels do not load on %s", card->facts.name);
    }
    for (int k = 0; k < OWN_COUNT; k++) {
        int registers; /* asking makes a lazy driver load the code now, not in a capture */

        if (!CU(cuModuleGetFunction(
                &card->own[k], card->modules[entries[k].file], entries[k].entry)) ||
            !CU(cuFuncGetAttribute(&registers, CU_FUNC_ATTRIBUTE_NUM_REGS, card->own[k])))
            return false;
    }
    return true;
}

void own_kernels_unload(struct card *card)
{
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (card->modules[i])
            driver.cuModuleUnload(card->modules[i]);
        card->modules[i] = NULL;
    }
}

bool own_launch(struct card *card, CUstream stream, enum own_kernel which, unsigned grid_x,
    unsigned grid_y, unsigned threads, void *arguments[], struct error *err)
{
    return CU(cuLaunchKernel(
               card->own[which], grid_x, grid_y, 1, threads, 1, 1, 0, stream, arguments, NULL)) ||
           error_prefix(err, "%s", entries[which].entry);
}

bool memory_make(struct memory *memory, size_t size, struct error *err)
{
    if (!CU(cuMemAlloc(&memory->at, size ? size : 1)))
        return error_prefix(err, "%zu bytes of GPU memory", size);
    memory->size = size;
    return true;
}

void memory_drop(struct memory *memory)
{
    if (memory->at)
        driver.cuMemFree(memory->at);
    *memory = (struct memory){0};
}

bool memory_upload(
    struct card *card, CUdeviceptr at, const void *bytes, size_t size, struct error *err)
{
    return CU(cuMemcpyHtoDAsync(at, bytes, size, card->stream)) &&
           CU(cuStreamSynchronize(card->stream));
}

bool memory_download(struct card *card, void *bytes, CUdeviceptr at, size_t size, struct error *err)
{
    return CU(cuMemcpyDtoHAsync(bytes, at, size, card->stream)) &&
           CU(cuStreamSynchronize(card->stream));
}
