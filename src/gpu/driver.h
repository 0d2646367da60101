/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_GPU_DRIVER_H
#define MOEBENCH_GPU_DRIVER_H

#include "base/error.h"

#include <cuda.h>
#include <cudaTypedefs.h>
#include <stdbool.h>

/*
 * CUDA's driver API, opened at run time, so that one binary starts with and without a driver. Each
 * function is asked for by cuGetProcAddress at the version whose ABI its type below has:
 * the header's own plain names would follow whatever toolkit built us. X(name, type's suffix,
 * version). Included by src/gpu alone.
 */
#define DRIVER_SYMBOLS(X)                         \
    X(cuInit, v2000, 2000)                        \
    X(cuDriverGetVersion, v2020, 2020)            \
    X(cuGetErrorName, v6000, 6000)                \
    X(cuDeviceGetCount, v2000, 2000)              \
    X(cuDeviceGet, v2000, 2000)                   \
    X(cuDeviceGetName, v2000, 2000)               \
    X(cuDeviceGetAttribute, v2000, 2000)          \
    X(cuDeviceGetPCIBusId, v4010, 4010)           \
    X(cuDevicePrimaryCtxRetain, v7000, 7000)      \
    X(cuDevicePrimaryCtxRelease, v11000, 11000)   \
    X(cuCtxSetCurrent, v4000, 4000)               \
    X(cuMemGetInfo, v3020, 3020)                  \
    X(cuMemAlloc, v3020, 3020)                    \
    X(cuMemFree, v3020, 3020)                     \
    X(cuMemHostAlloc, v2020, 2020)                \
    X(cuMemFreeHost, v2000, 2000)                 \
    X(cuMemHostGetDevicePointer, v3020, 3020)     \
    X(cuMemcpyHtoDAsync, v3020, 3020)             \
    X(cuMemcpyDtoHAsync, v3020, 3020)             \
    X(cuMemsetD8Async, v3020, 3020)               \
    X(cuMemsetD16Async, v3020, 3020)              \
    X(cuModuleLoadData, v2000, 2000)              \
    X(cuModuleUnload, v2000, 2000)                \
    X(cuModuleGetFunction, v2000, 2000)           \
    X(cuFuncGetAttribute, v2020, 2020)            \
    X(cuFuncSetAttribute, v9000, 9000)            \
    X(cuFuncSetCacheConfig, v3000, 3000)          \
    X(cuLaunchKernel, v4000, 4000)                \
    X(cuStreamCreate, v2000, 2000)                \
    X(cuStreamDestroy, v4000, 4000)               \
    X(cuStreamQuery, v2000, 2000)                 \
    X(cuStreamSynchronize, v2000, 2000)           \
    X(cuStreamBeginCapture, v10010, 10010)        \
    X(cuStreamEndCapture, v10000, 10000)          \
    X(cuEventCreate, v2000, 2000)                 \
    X(cuEventDestroy, v4000, 4000)                \
    X(cuEventRecord, v2000, 2000)                 \
    X(cuEventRecordWithFlags, v11010, 11010)      \
    X(cuEventQuery, v2000, 2000)                  \
    X(cuEventElapsedTime, v2000, 2000)            \
    X(cuGraphInstantiateWithFlags, v11040, 11040) \
    X(cuGraphLaunch, v10000, 10000)               \
    X(cuGraphExecDestroy, v10000, 10000)          \
    X(cuGraphDestroy, v10000, 10000)

/* May be missing: the pointer is then NULL. */
#define DRIVER_OPTIONAL(X) X(cuFuncGetParamInfo, v12040, 12040)

struct driver {
#define DRIVER_MEMBER(name, suffix, version) PFN_##name##_##suffix name;
    DRIVER_SYMBOLS(DRIVER_MEMBER)
    DRIVER_OPTIONAL(DRIVER_MEMBER)
#undef DRIVER_MEMBER
};

/* Filled by driver_open, constant afterwards. */
extern struct driver driver;

/* Opens libcuda.so.1 (or what MOEBENCH_LIBCUDA names), once a process. Says what is missing. */
bool driver_open(struct error *err);

/* True when `result` is CUDA_SUCCESS; else an error "call: CUDA_ERROR_NAME (file:line)". */
bool driver_check(CUresult result, const char *call, const char *file, int line, struct error *err);
/* Whether the last failed check of this thread was one after which the context is lost. */
bool driver_context_lost(void);

/* CU(cuMemFree(p)): the call through the table, checked; wants `err` in scope. */
#define CU(call) driver_check(driver.call, #call, __FILE__, __LINE__, err)

#endif
