// SPDX-License-Identifier: MIT
// The MoE GEMM by its definition, in fp32: what every tile's output is held against.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

#include "../src/gpu/abi.h"

#define TILE ABI_REFERENCE_TILE
#define DEPTH 16   // of a step along k
#define THREADS 256 // 16 x 16, each with 4 x 4 outputs

template <typename T> __device__ static float load(const void *from, size_t index)
{
    return static_cast<float>(static_cast<const T *>(from)[index]);
}

__device__ static float element(int kind, const void *from, size_t index)
{
    switch (kind) {
    case ABI_FP8:
        return load<__nv_fp8_e4m3>(from, index);
    case ABI_BF16:
        return load<__nv_bfloat16>(from, index);
    case ABI_FP16:
        return load<__half>(from, index);
    default:
        return load<signed char>(from, index);
    }
}

__device__ static int divide_up(int value, int by)
{
    return (value + by - 1) / by;
}

// [1], [tokens, 1] or [tokens, k / block_k]
__device__ static float a_scale(const struct abi_reference &p, int token, int k)
{
    switch (p.scales) {
    case ABI_PER_TENSOR:
        return p.a_scale[0];
    case ABI_PER_CHANNEL:
        return p.a_scale[token];
    case ABI_BLOCKWISE:
        return p.a_scale[(size_t)token * divide_up(p.k, p.block_k) + k / p.block_k];
    default:
        return 1.0f;
    }
}

// [E], [E, n, 1] or [E, n / block_n, k / block_k]
__device__ static float b_scale(const struct abi_reference &p, int expert, int n, int k)
{
    switch (p.scales) {
    case ABI_PER_TENSOR:
        return p.b_scale[expert];
    case ABI_PER_CHANNEL:
        return p.b_scale[(size_t)expert * p.n + n];
    case ABI_BLOCKWISE:
        return p.b_scale[((size_t)expert * divide_up(p.n, p.block_n) + n / p.block_n)
                * divide_up(p.k, p.block_k)
            + k / p.block_k];
    default:
        return 1.0f;
    }
}

// Copies a step of both operands, scaled, into shared memory, k first. Thread t takes row t / 4
// and four k.
__device__ static void load_step(const struct abi_reference &p, const int *rows, int expert,
    int first_n, int first_k, float (*a)[TILE + 4], float (*b)[TILE + 4])
{
    const int line = threadIdx.x / 4;
    const int row = rows[line], n = first_n + line;

    for (int i = 0; i < 4; i++) {
        const int depth = threadIdx.x % 4 * 4 + i, k = first_k + depth;
        float left = 0, right = 0;

        if (row < p.rows && k < p.k) {
            const int token = row / p.top_k;
            left = element(p.element, p.a, (size_t)token * p.k + k) * a_scale(p, token, k);
        }
        if (n < p.n && k < p.k)
            right = element(p.element, p.b, ((size_t)expert * p.n + n) * p.k + k)
                * b_scale(p, expert, n, k);
        a[depth][line] = left;
        b[depth][line] = right;
    }
}

extern "C" __global__ void __launch_bounds__(THREADS) reference(struct abi_reference p)
{
    __shared__ float a[DEPTH][TILE + 4], b[DEPTH][TILE + 4];
    __shared__ int rows[TILE];
    const int first_n = blockIdx.x * TILE, tx = threadIdx.x % 16, ty = threadIdx.x / 16;
    float sum[4][4] = {};

    if (threadIdx.x < TILE)
        rows[threadIdx.x] = p.sorted[(size_t)blockIdx.y * TILE + threadIdx.x];
    __syncthreads();
    if (rows[0] >= p.rows)
        return;
    const int label = p.ids[rows[0]];
    const int expert = label < 0 ? 0 : p.place[label];
    for (int k = 0; k < p.k && label >= 0; k += DEPTH) {
        load_step(p, rows, expert, first_n, k, a, b);
        __syncthreads();
        for (int depth = 0; depth < DEPTH; depth++) {
            for (int i = 0; i < 4; i++) {
                for (int j = 0; j < 4; j++)
                    sum[i][j] += a[depth][ty + 16 * i] * b[depth][tx + 16 * j];
            }
        }
        __syncthreads();
    }
    for (int i = 0; i < 4; i++) {
        const int row = rows[ty + 16 * i];

        if (row >= p.rows)
            continue;
        const float weight = p.ids[row] != label ? __int_as_float(0x7fc00000)
            : p.weights                          ? p.weights[row]
                                                 : 1.0f;
        for (int j = 0; j < 4; j++) {
            const int n = first_n + tx + 16 * j;

            if (n < p.n)
                p.out[(size_t)row * p.n + n] = sum[i][j] * weight;
        }
    }
}
