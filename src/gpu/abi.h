/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_GPU_ABI_H
#define MOEBENCH_GPU_ABI_H

/*
 * What our own kernels (kernels/NAME.cu) and the C that launches them agree on. Included by both:
 * plain C, fixed sizes. A kernel takes one of these structs by value, or the few words named.
 */

enum abi_element { ABI_FP8, ABI_BF16, ABI_FP16, ABI_INT8 };
enum abi_scales { ABI_UNSCALED, ABI_PER_TENSOR, ABI_PER_CHANNEL, ABI_BLOCKWISE };

/* What C is filled with before a check: a NaN in bf16 and fp16 that no arithmetic makes. */
#define ABI_POISON 0xffffu

/* fill_values: `count` elements, near normal with deviation `scale`, cut at 3.47 deviations.
 * fill_scales: fp32, uniform in [0.5, 1.5) * scale. The same seed gives the same bits. */
struct abi_fill {
    void *out;
    unsigned long long count;
    unsigned long long seed;
    float scale;
    int element; /* enum abi_element; of fill_values */
};

#define ABI_REFERENCE_TILE                                                 \
    64 /* rows and columns of C a block; rows are sorted with this padding \
        */

/*
 * reference: out[row, n] = sum over k of A[row / top_k, k] * B[expert(row), n, k] * scales
 * (* weight[row]), all in fp32, for the rows that `sorted` lists. Strides follow from the sizes
 * here and nowhere else, so that a fault in the launch arguments shows. Rows that do not share
 * their block's expert become NaN, rows of expert -1 zero. Grid: (n, post_padded) / 64, rounded up.
 */
struct abi_reference {
    const void *a, *b;
    const float *a_scale, *b_scale; /* by `scales`; NULL when ABI_UNSCALED */
    const float *weights;           /* [rows], NULL: not multiplied in */
    const int *ids;                 /* [rows] labels */
    const int *place;               /* label -> expert in b */
    const int *sorted;              /* [post_padded] rows by expert; `rows`: padding */
    float *out;                     /* [rows, n] */
    int rows, n, k, top_k;
    int block_n, block_k; /* of ABI_BLOCKWISE */
    int scales;           /* enum abi_scales */
    int element;          /* enum abi_element */
};

/* compare adds to what stands here: zeros at first. */
struct abi_comparison {
    double difference2; /* sum of squares of c - reference, over elements that are numbers */
    double reference2;  /* sum of squares of reference */
    double worst;       /* largest |c - reference| */
    unsigned long long nan_count;
    unsigned long long unwritten; /* still ABI_POISON */
};

struct abi_compare {
    const void *c; /* bf16 or fp16, by `element` */
    const float *reference;
    struct abi_comparison *result;
    unsigned long long count;
    int element;
};

/*
 * read_memory(data, bytes, sink) streams through memory. mma_loop(iterations, sink, clock) runs
 * that many rounds of four bf16 16x8x16 products a warp; block 0 writes to `clock`, in host
 * memory, how long it took by two clocks. mark(where, value): one thread writes to host memory.
 */
struct abi_clock {
    unsigned long long cycles; /* of the SM */
    unsigned long long ns;     /* of the global timer */
};

#endif
