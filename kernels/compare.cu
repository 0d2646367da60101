// SPDX-License-Identifier: MIT
// How far an output is from the reference.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "../src/gpu/abi.h"

__device__ static float number(int element, unsigned short bits)
{
    return element == ABI_FP16 ? __half2float(__ushort_as_half(bits))
                               : __bfloat162float(__ushort_as_bfloat16(bits));
}

__device__ static double warp_sum(double value)
{
    for (int lanes = 16; lanes; lanes /= 2)
        value += __shfl_xor_sync(0xffffffffu, value, lanes);
    return value;
}

__device__ static double warp_max(double value)
{
    for (int lanes = 16; lanes; lanes /= 2)
        value = fmax(value, __shfl_xor_sync(0xffffffffu, value, lanes));
    return value;
}

extern "C" __global__ void compare(struct abi_compare p)
{
    const unsigned long long step = (unsigned long long)gridDim.x * blockDim.x;
    const unsigned short *c = static_cast<const unsigned short *>(p.c);
    double difference2 = 0, reference2 = 0, worst = 0;
    unsigned long long nan_count = 0, unwritten = 0;

    for (unsigned long long i = (unsigned long long)blockIdx.x * blockDim.x + threadIdx.x;
         i < p.count; i += step) {
        const double difference = (double)number(p.element, c[i]) - (double)p.reference[i];

        if (c[i] == ABI_POISON) {
            unwritten++;
        } else if (difference != difference) {
            nan_count++;
        } else {
            difference2 += difference * difference;
            worst = fmax(worst, fabs(difference));
        }
        if (p.reference[i] == p.reference[i])
            reference2 += (double)p.reference[i] * p.reference[i];
    }
    difference2 = warp_sum(difference2);
    reference2 = warp_sum(reference2);
    worst = warp_max(worst);
    if (threadIdx.x % 32 == 0) {
        atomicAdd(&p.result->difference2, difference2);
        atomicAdd(&p.result->reference2, reference2);
        // Numbers that are not negative sort as their bits do.
        atomicMax(reinterpret_cast<unsigned long long *>(&p.result->worst),
            (unsigned long long)__double_as_longlong(worst));
    }
    if (nan_count)
        atomicAdd(&p.result->nan_count, nan_count);
    if (unwritten)
        atomicAdd(&p.result->unwritten, unwritten);
}
