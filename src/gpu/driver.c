/* SPDX-License-Identifier: MIT */
#include "gpu/driver.h"

#include "base/path.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

struct driver driver;

static _Thread_local CUresult last_failure;

static const struct symbol {
    const char *name;
    void **slot;
    int version;
    bool optional;
} symbols[] = {
#define REQUIRED(name, suffix, version) {#name, (void **)&driver.name, version, false},
#define OPTIONAL(name, suffix, version) {#name, (void **)&driver.name, version, true},
    DRIVER_SYMBOLS(REQUIRED) DRIVER_OPTIONAL(OPTIONAL)
#undef REQUIRED
#undef OPTIONAL
};

static bool find_symbols(PFN_cuGetProcAddress_v12000 get, const char *library, struct error *err)
{
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        const struct symbol *symbol = &symbols[i];
        CUdriverProcAddressQueryResult found = CU_GET_PROC_ADDRESS_SUCCESS;

        *symbol->slot = NULL;
        if (get(symbol->name, symbol->slot, symbol->version, CU_GET_PROC_ADDRESS_DEFAULT, &found) ==
                CUDA_SUCCESS &&
            found == CU_GET_PROC_ADDRESS_SUCCESS && *symbol->slot)
            continue;
        *symbol->slot = NULL;
        if (!symbol->optional)
            return error_set(err, ERROR_DEVICE,
                "%s has no %s: the driver is too old, install one of CUDA 12 or newer", library,
                symbol->name);
    }
    return true;
}

bool driver_open(struct error *err)
{
    static void *library;
    static bool good;
    const char *named = getenv("MOEBENCH_LIBCUDA");
    const char *name = named && *named ? named : "libcuda.so.1";
    PFN_cuGetProcAddress_v12000 get;

    if (good)
        return true;
    if (!library)
        library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return error_set(err, ERROR_DEVICE, "no NVIDIA driver here: %s", dlerror());
    *(void **)&get = dlsym(library, "cuGetProcAddress_v2");
    if (!get)
        return error_set(err, ERROR_DEVICE,
            "%s has no cuGetProcAddress_v2: the driver is too old, install one of CUDA 12 or newer",
            name);
    if (!find_symbols(get, name, err))
        return false;
    if (!CU(cuInit(0)))
        return error_prefix(err, "%s is here but does not start", name);
    good = true;
    return true;
}

bool driver_check(CUresult result, const char *call, const char *file, int line, struct error *err)
{
    const char *name = NULL;

    if (result == CUDA_SUCCESS)
        return true;
    last_failure = result;
    if (!driver.cuGetErrorName || driver.cuGetErrorName(result, &name) != CUDA_SUCCESS || !name)
        name = "an error without a name";
    return error_set(err, ERROR_DEVICE, "%.*s: %s, %d (%s:%d)", (int)strcspn(call, "("), call, name,
        (int)result, path_basename(file), line);
}

/* The errors that the driver's manual calls unrecoverable for the process's context. */
bool driver_context_lost(void)
{
    switch (last_failure) {
    case CUDA_ERROR_ILLEGAL_ADDRESS:
    case CUDA_ERROR_ASSERT:
    case CUDA_ERROR_HARDWARE_STACK_ERROR:
    case CUDA_ERROR_ILLEGAL_INSTRUCTION:
    case CUDA_ERROR_MISALIGNED_ADDRESS:
    case CUDA_ERROR_INVALID_ADDRESS_SPACE:
    case CUDA_ERROR_INVALID_PC:
    case CUDA_ERROR_LAUNCH_FAILED:
    case CUDA_ERROR_LAUNCH_TIMEOUT:
    case CUDA_ERROR_ECC_UNCORRECTABLE:
    case CUDA_ERROR_UNKNOWN:
        return true;
    default:
        return false;
    }
}
