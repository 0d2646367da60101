// SPDX-License-Identifier: MIT
// Seeded random contents for weights, activations and scales: real numbers, since the power drawn,
// and so the clock, depends on the bits that toggle.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

#include "../src/gpu/abi.h"

// splitmix64's finaliser: a random word for each index, in any order.
__device__ static unsigned long long mix(unsigned long long x)
{
    x += 0x9e3779b97f4a7c15ull;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
}

// The sum of four uniform numbers, scaled to variance 1: bell-shaped, within +-3.47.
__device__ static float bell(unsigned long long bits)
{
    float sum = 0;

    for (int i = 0; i < 4; i++, bits >>= 16)
        sum += (float)(bits & 0xffff) * (1.0f / 65536.0f);
    return (sum - 2.0f) * 1.7320508f;
}

extern "C" __global__ void fill_values(struct abi_fill fill)
{
    const unsigned long long step = (unsigned long long)gridDim.x * blockDim.x;

    for (unsigned long long i = (unsigned long long)blockIdx.x * blockDim.x + threadIdx.x;
         i < fill.count; i += step) {
        float value = bell(mix(fill.seed + i)) * fill.scale;

        switch (fill.element) {
        case ABI_FP8:
            static_cast<__nv_fp8_e4m3 *>(fill.out)[i] = __nv_fp8_e4m3(value);
            break;
        case ABI_BF16:
            static_cast<__nv_bfloat16 *>(fill.out)[i] = __float2bfloat16(value);
            break;
        case ABI_FP16:
            static_cast<__half *>(fill.out)[i] = __float2half(value);
            break;
        case ABI_INT8:
            static_cast<signed char *>(fill.out)[i] = (signed char)__float2int_rn(value);
            break;
        }
    }
}

extern "C" __global__ void fill_scales(struct abi_fill fill)
{
    const unsigned long long step = (unsigned long long)gridDim.x * blockDim.x;

    for (unsigned long long i = (unsigned long long)blockIdx.x * blockDim.x + threadIdx.x;
         i < fill.count; i += step) {
        float uniform = (float)(mix(fill.seed + i) >> 40) * (1.0f / 16777216.0f);

        static_cast<float *>(fill.out)[i] = (0.5f + uniform) * fill.scale;
    }
}
