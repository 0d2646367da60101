/* SPDX-License-Identifier: MIT */
#include "gpu/launch_internal.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What every kernel may use without asking. */
#define SHARED_DEFAULT 49152

/* Triton's own two pointers behind the source's parameters; NULL while their sizes are 0. */
static bool is_scratch(const char *name)
{
    return !strcmp(name, "global_scratch") || !strcmp(name, "profile_scratch");
}

static size_t type_size(const char *type)
{
    return !strcmp(type, "i32") ? 4 : 8;
}

/* Each parameter left by the compiler must be one that a launch fills, with the type it fills. */
static bool check_names(const struct loaded *loaded, const struct kernel *kernel, struct error *err)
{
    const struct layer_options *options = &loaded->layer->options;

    for (int i = 0; i < kernel->argument_count; i++) {
        const char *name = kernel->arguments[i].name, *type = kernel->arguments[i].type;
        struct argument argument;

        if (is_scratch(name))
            continue;
        if (!argument_describe(&options->engine, &options->shape, loaded->gemm, &loaded->tile, 1,
                name, &argument, err))
            return false;
        if (argument.kind == ARGUMENT_CONSTANT || strcmp(argument.type, type) != 0)
            return error_set(err, ERROR_FAILED,
                "%s: parameter %s was compiled as %s, the launch has %s", kernel->entry, name, type,
                argument.kind == ARGUMENT_CONSTANT ? "a constant" : argument.type);
    }
    return true;
}

/* Offsets and sizes as the code itself has them, natural alignment, nothing left over. */
static bool check_layout(
    const struct loaded *loaded, const struct kernel *kernel, struct error *err)
{
    size_t expected = 0, offset, size;

    if (!driver.cuFuncGetParamInfo)
        return true;
    for (int i = 0; i < kernel->argument_count; i++) {
        const size_t width = type_size(kernel->arguments[i].type);

        expected = (expected + width - 1) / width * width;
        if (!CU(cuFuncGetParamInfo(loaded->function, (size_t)i, &offset, &size)))
            return error_prefix(
                err, "%s: parameter %d (%s)", kernel->entry, i, kernel->arguments[i].name);
        if (offset != expected || size != width)
            return error_set(err, ERROR_FAILED,
                "%s: parameter %d (%s) is %zu bytes at %zu in the code, %zu at %zu in the launch",
                kernel->entry, i, kernel->arguments[i].name, size, offset, width, expected);
        expected += width;
    }
    if (driver.cuFuncGetParamInfo(
            loaded->function, (size_t)kernel->argument_count, &offset, &size) == CUDA_SUCCESS)
        return error_set(err, ERROR_FAILED, "%s: the code has more than the launch's %d parameters",
            kernel->entry, kernel->argument_count);
    return true;
}

/* Registers may not go round: then no launch would ever succeed. */
static bool check_threads(
    const struct loaded *loaded, const struct kernel *kernel, struct error *err)
{
    int most = 0;

    if (!CU(cuFuncGetAttribute(&most, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, loaded->function)))
        return false;
    return 32 * kernel->num_warps <= most ||
           error_set(err, ERROR_FAILED, "%s: %d threads a block, the card can run %d of them",
               kernel->entry, 32 * kernel->num_warps, most);
}

/* As Triton's loader does: above 48 KiB all of the block's optional shared memory is asked for. */
static bool set_shared(const struct loaded *loaded, const struct kernel *kernel, struct error *err)
{
    const int limit = loaded->layer->card->facts.smem_limit;
    int fixed = 0;

    if (kernel->shared_bytes > limit)
        return error_set(err, ERROR_FAILED, "%s wants %d bytes of shared memory, the card has %d",
            kernel->entry, kernel->shared_bytes, limit);
    if (kernel->shared_bytes <= SHARED_DEFAULT || limit <= SHARED_DEFAULT)
        return true;
    return CU(cuFuncSetCacheConfig(loaded->function, CU_FUNC_CACHE_PREFER_SHARED)) &&
           CU(cuFuncGetAttribute(&fixed, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, loaded->function)) &&
           CU(cuFuncSetAttribute(
               loaded->function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, limit - fixed));
}

static bool check_kernel(const struct kernel *kernel, struct error *err)
{
    if (!kernel->cubin || !kernel->cubin_size)
        return error_set(err, ERROR_FAILED, "%s comes without its code", kernel->entry);
    if (kernel->global_scratch || kernel->profile_scratch)
        return error_set(
            err, ERROR_FAILED, "%s wants scratch memory: not launched yet", kernel->entry);
    if (kernel->launch_pdl)
        return error_set(err, ERROR_FAILED,
            "%s is for programmatic dependent launch: not timed yet", kernel->entry);
    return true;
}

struct loaded *launch_load(struct layer *layer, const struct kernel *kernel, enum gemm gemm,
    const struct tile *tile, struct error *err)
{
    struct loaded *loaded = xcalloc(1, sizeof *loaded);

    loaded->layer = layer;
    loaded->gemm = gemm;
    loaded->tile = *tile;
    loaded->shared_bytes = kernel->shared_bytes;
    loaded->num_warps = kernel->num_warps;
    loaded->argument_count = kernel->argument_count;
    for (int i = 0; i < kernel->argument_count; i++)
        snprintf(loaded->names[i], sizeof loaded->names[i], "%s", kernel->arguments[i].name);
    if (!check_kernel(kernel, err) || !check_names(loaded, kernel, err) ||
        !CU(cuModuleLoadData(&loaded->module, kernel->cubin)))
        goto fail;
    if (!CU(cuModuleGetFunction(&loaded->function, loaded->module, kernel->entry)) ||
        !check_layout(loaded, kernel, err) || !check_threads(loaded, kernel, err) ||
        !set_shared(loaded, kernel, err))
        goto fail;
    return loaded;
fail:
    launch_unload(loaded);
    return NULL;
}

void launch_unload(struct loaded *loaded)
{
    if (!loaded)
        return;
    if (loaded->module)
        driver.cuModuleUnload(loaded->module);
    free(loaded);
}

enum gemm launch_gemm(const struct loaded *loaded)
{
    return loaded->gemm;
}

const struct tile *launch_tile(const struct loaded *loaded)
{
    return &loaded->tile;
}

enum gpu_end launch_failed(void)
{
    return driver_context_lost() ? GPU_FAULT : GPU_ERROR;
}

bool launch_bind(const struct loaded *loaded, int m, struct bound *bound, struct error *err)
{
    const struct layer_options *options = &loaded->layer->options;
    const int n = shape_gemm_n(&options->shape, loaded->gemm);

    bound->loaded = loaded;
    bound->placed = layer_placed(loaded->layer, m, loaded->tile.block_m);
    bound->grid = (unsigned)shape_blocks(bound->placed->em, loaded->tile.block_m) *
                  (unsigned)shape_blocks(n, loaded->tile.block_n);
    for (int i = 0; i < loaded->argument_count; i++) {
        struct argument argument;

        bound->pointers[i] = &bound->values[i];
        bound->values[i].i64 = 0;
        bound->buffers[i] = -1;
        if (is_scratch(loaded->names[i]))
            continue;
        if (!argument_describe(&options->engine, &options->shape, loaded->gemm, &loaded->tile, m,
                loaded->names[i], &argument, err))
            return false;
        if (argument.kind == ARGUMENT_POINTER)
            bound->buffers[i] = (int)argument.buffer;
        else
            bound->values[i].i64 = argument.value; /* i32: its low half, on little-endian hosts */
    }
    return true;
}

bool launch_queue(struct bound *bound, CUstream stream, struct turn turn, struct error *err)
{
    const struct loaded *loaded = bound->loaded;
    CUdeviceptr addresses[BUFFER_COUNT];

    layer_addresses(loaded->layer, loaded->gemm, bound->placed, turn, addresses);
    for (int i = 0; i < loaded->argument_count; i++) {
        if (bound->buffers[i] >= 0)
            bound->values[i].pointer = addresses[bound->buffers[i]];
    }
    return CU(cuLaunchKernel(loaded->function, bound->grid, 1, 1, (unsigned)loaded->num_warps * 32,
        1, 1, (unsigned)loaded->shared_bytes, stream, bound->pointers, NULL));
}
