/* SPDX-License-Identifier: MIT */
/*
 * A stand-in for libcuda.so.1 with just the functions that src/gpu uses, for machines without a
 * GPU (MOEBENCH_LIBCUDA names it). Device memory is host memory, kernels run as plain C when a
 * graph or a launch starts (the fused one in a graph, where nobody looks at its output, takes its
 * time alone), time is a virtual clock that each kernel moves on by a fixed amount.
 *
 * Our own kernels are known by name. A "cubin" for fused_moe_kernel is a text that lists the
 * parameters in order, "fused us=50 a_ptr:*bf16 b_ptr:*bf16 ... N:i32", and says what a launch
 * takes. More words: "bm=16" (rows a block), "top_k=2", "weighted" (down), "scale=1.5" (a wrong
 * factor), "skip" (leaves the last column unwritten).
 *
 * FAKE_CUDA, words: fault=N (the Nth fused launch, from 1, breaks the context), hang=N (never
 * ends), drift=N:F (after N fused launches the sentinels take F times as long), throttle=N:F (after
 * so many the SM clock, and all but reading memory, runs at F of its pace), lack=SYMBOL,
 * memory=BYTES, name=X (no blanks).
 *
 * It stands in for libnvidia-ml.so.1 too (MOEBENCH_LIBNVML): gb10 (a GB10: its name, limits and
 * memory shared with the CPU, of which NVML tells nothing), other=PID (another process computes on
 * the GPU).
 */
#include "gpu/abi.h"

#include <cuda.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ARGUMENTS 64
#define EXPORT __attribute__((visibility("default")))

enum own { FUSED, FILL_VALUES, FILL_SCALES, REFERENCE, COMPARE, READ, MMA, MARK, OWN_COUNT };
static const char *const own_names[OWN_COUNT] = {"fused_moe_kernel", "fill_values", "fill_scales",
    "reference", "compare", "read_memory", "mma_loop", "mark"};

struct module {
    char *text; /* of a fused kernel, NULL of our own */
};

struct function {
    enum own own;
    struct module *module;
    int count;
    char names[ARGUMENTS][40];
    int sizes[ARGUMENTS];
};

struct node {
    struct function *function; /* NULL: an event */
    struct event *event;
    unsigned grid, grid_y;
    union {
        char bytes[192];
        long long align;
    } arguments[ARGUMENTS];
};

struct event {
    double us;
    int done; /* 0: not reached */
};

struct graph {
    struct node *nodes;
    int count;
};

struct stream {
    struct graph *capture; /* NULL: none */
};

static double now_us;
static int fused_launches;
static int timed; /* a graph runs: nobody looks at the outputs, and a fused launch is slow here */
static CUresult broken; /* sticky */
static int hung;

static double knob(const char *name, double otherwise)
{
    const char *text = getenv("FAKE_CUDA"), *at = text ? strstr(text, name) : NULL;

    return at ? atof(at + strlen(name)) : otherwise;
}

static double word_of(const struct function *function, const char *word, double otherwise)
{
    const char *at = strstr(function->module->text, word);

    return at ? atof(at + strlen(word)) : otherwise;
}

/* Numbers as the card has them. */

static float from_e4m3(unsigned char bits)
{
    const int exponent = bits >> 3 & 15, mantissa = bits & 7;
    const float size =
        exponent ? ldexpf(1 + mantissa / 8.0f, exponent - 7) : ldexpf(mantissa / 8.0f, -6);

    return bits & 128 ? -size : size;
}

static unsigned char to_e4m3(float value)
{
    unsigned char best = 0;

    for (int bits = 0; bits < 127; bits++) {
        if (fabsf(from_e4m3((unsigned char)bits) - fabsf(value)) <
            fabsf(from_e4m3(best) - fabsf(value)))
            best = (unsigned char)bits;
    }
    return value < 0 ? best | 128 : best;
}

static float from_bf16(uint16_t bits)
{
    uint32_t word = (uint32_t)bits << 16;
    float value;

    memcpy(&value, &word, sizeof value);
    return value;
}

static uint16_t to_bf16(float value)
{
    uint32_t word;

    memcpy(&word, &value, sizeof word);
    return (uint16_t)((word + 0x7fff + (word >> 16 & 1)) >> 16);
}

static float element(int kind, const void *from, size_t i)
{
    return kind == ABI_FP8 ? from_e4m3(((const unsigned char *)from)[i])
                           : from_bf16(((const uint16_t *)from)[i]);
}

static float noise(unsigned long long x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ x >> 27) * 0x94d049bb133111ebull;
    return (float)(x >> 40) / 16777216.0f;
}

/* The kernels. */

static void run_fill(const struct abi_fill *fill, int scales)
{
    for (unsigned long long i = 0; i < fill->count; i++) {
        const float u = noise(fill->seed + i + 1), value = 3 * (2 * u - 1) * fill->scale;

        if (scales)
            ((float *)fill->out)[i] = (0.5f + u) * fill->scale;
        else if (fill->element == ABI_FP8)
            ((unsigned char *)fill->out)[i] = to_e4m3(value);
        else
            ((uint16_t *)fill->out)[i] = to_bf16(value);
    }
}

static float scale_a(const struct abi_reference *p, int token, int k)
{
    const int blocks = p->scales == ABI_BLOCKWISE ? (p->k + p->block_k - 1) / p->block_k : 1;

    return p->scales == ABI_UNSCALED      ? 1
           : p->scales == ABI_PER_TENSOR  ? p->a_scale[0]
           : p->scales == ABI_PER_CHANNEL ? p->a_scale[token]
                                          : p->a_scale[token * blocks + k / p->block_k];
}

static float scale_b(const struct abi_reference *p, int expert, int n, int k)
{
    int rows, blocks;

    if (p->scales != ABI_BLOCKWISE)
        return p->scales == ABI_UNSCALED     ? 1
               : p->scales == ABI_PER_TENSOR ? p->b_scale[expert]
                                             : p->b_scale[expert * p->n + n];
    rows = (p->n + p->block_n - 1) / p->block_n;
    blocks = (p->k + p->block_k - 1) / p->block_k;
    return p->b_scale[(expert * rows + n / p->block_n) * blocks + k / p->block_k];
}

static void run_reference(const struct abi_reference *p)
{
    for (int row = 0; row < p->rows; row++) {
        const int expert = p->ids[row] < 0 ? -1 : p->place[p->ids[row]], token = row / p->top_k;

        for (int n = 0; n < p->n; n++) {
            float sum = 0;

            for (int k = 0; k < p->k && expert >= 0; k++)
                sum += element(p->element, p->a, (size_t)(token * p->k + k)) *
                       scale_a(p, token, k) *
                       element(p->element, p->b,
                           ((size_t)expert * (size_t)p->n + (size_t)n) * (size_t)p->k + (size_t)k) *
                       scale_b(p, expert, n, k);
            p->out[(size_t)row * (size_t)p->n + (size_t)n] =
                sum * (p->weights ? p->weights[row] : 1);
        }
    }
}

static void run_compare(const struct abi_compare *p)
{
    const uint16_t *c = p->c;

    for (unsigned long long i = 0; i < p->count; i++) {
        const double difference = (double)from_bf16(c[i]) - (double)p->reference[i];

        p->result->reference2 += (double)p->reference[i] * (double)p->reference[i];
        if (c[i] == ABI_POISON)
            p->result->unwritten++;
        else if (isnan(difference))
            p->result->nan_count++;
        else {
            p->result->difference2 += difference * difference;
            p->result->worst = fmax(p->result->worst, fabs(difference));
        }
    }
}

static long long number(const struct node *node, const char *name, long long otherwise)
{
    const struct function *function = node->function;

    for (int i = 0; i < function->count; i++) {
        if (!strcmp(function->names[i], name))
            return function->sizes[i] == 4 ? *(const int *)(const void *)&node->arguments[i]
                                           : node->arguments[i].align;
    }
    return otherwise;
}

static const void *pointer(const struct node *node, const char *name)
{
    return (const void *)(uintptr_t)number(node, name, 0);
}

/* fused_moe_kernel by its arguments: what Triton's would compute, strides and all. An int that was
 * compiled in is 1. */
static void run_fused(const struct node *node)
{
    const struct function *f = node->function;
    const int *sorted = pointer(node, "sorted_token_ids_ptr"),
              *experts = pointer(node, "expert_ids_ptr");
    const int padded = *(const int *)pointer(node, "num_tokens_post_padded_ptr");
    const int kind = strstr(f->module->text, "*fp8") ? ABI_FP8 : ABI_BF16;
    const int bm = (int)word_of(f, "bm=", 16), top_k = (int)word_of(f, "top_k=", 1);
    const long long n_count = number(node, "N", 0), k_count = number(node, "K", 0);
    const float *a_scale = pointer(node, "a_scale_ptr"), *b_scale = pointer(node, "b_scale_ptr");
    const float *weights = pointer(node, "topk_weights_ptr");
    uint16_t *c = (uint16_t *)(uintptr_t)number(node, "c_ptr", 0);
    const int weighted = strstr(f->module->text, "weighted") != NULL;
    const long long last = n_count - (strstr(f->module->text, "skip") != NULL);

    for (int i = 0; i < padded; i++) {
        const long long row = sorted[i], expert = experts[i / bm], token = row / top_k;

        if (row >= number(node, "num_valid_tokens", 0))
            continue;
        for (long long n = 0; n < last; n++) {
            float sum = 0;

            for (long long k = 0; k < k_count; k++)
                sum += element(kind, pointer(node, "a_ptr"),
                           (size_t)(token * number(node, "stride_am", 1) +
                                    k * number(node, "stride_ak", 1))) *
                       element(kind, pointer(node, "b_ptr"),
                           (size_t)(expert * number(node, "stride_be", 1) +
                                    n * number(node, "stride_bn", 1) +
                                    k * number(node, "stride_bk", 1)));
            if (a_scale)
                sum *= a_scale[token * number(node, "stride_asm", 1)] *
                       b_scale[expert * number(node, "stride_bse", 1) +
                               n * number(node, "stride_bsn", 1)];
            if (weighted)
                sum *= weights[row];
            c[row * number(node, "stride_cm", 1) + n * number(node, "stride_cn", 1)] =
                to_bf16(sum * (float)word_of(f, "scale=", 1));
        }
    }
}

/* The factor of "NAME=N:F" once so many fused launches were made, 1 before. */
static double later_factor(const char *name)
{
    const char *text = getenv("FAKE_CUDA"), *at = text ? strstr(text, name) : NULL;
    int after = 0;
    double factor = 1;

    if (!at || sscanf(at + strlen(name), "%d:%lf", &after, &factor) != 2)
        return 1;
    return fused_launches >= after ? factor : 1;
}

static double drift(void)
{
    return later_factor("drift=");
}

static double pace(void)
{
    return later_factor("throttle=");
}

static void run_node(const struct node *node)
{
    const void *first = &node->arguments[0];
    struct abi_clock *clock;

    switch (node->function->own) {
    case FUSED:
        fused_launches++;
        if (fused_launches == (int)knob("fault=", -1))
            broken = CUDA_ERROR_ILLEGAL_ADDRESS;
        else if (fused_launches == (int)knob("hang=", -1))
            hung = 1;
        else if (!timed)
            run_fused(node);
        now_us += word_of(node->function, "us=", 10) / pace();
        break;
    case FILL_VALUES:
    case FILL_SCALES:
        run_fill(first, node->function->own == FILL_SCALES);
        break;
    case REFERENCE:
        run_reference(first);
        break;
    case COMPARE:
        run_compare(first);
        break;
    case READ:
        now_us += 30 * drift();
        break;
    case MMA:
        now_us += 20 * drift() / pace();
        clock = *(struct abi_clock *const *)(const void *)&node->arguments[2];
        *clock = (struct abi_clock){30000, (unsigned long long)(20000 / pace())};
        break;
    default:
        **(volatile int *const *)first = *(const int *)(const void *)&node->arguments[1];
        now_us += 1;
    }
}

static void run(const struct node *node)
{
    if (broken || hung)
        return;
    if (node->function) {
        run_node(node);
    } else {
        now_us += 0.25;
        *node->event = (struct event){now_us, 1};
    }
}

static CUresult add(struct stream *stream, const struct node *node)
{
    if (broken)
        return broken;
    if (!stream->capture) {
        run(node);
        return CUDA_SUCCESS;
    }
    stream->capture->nodes =
        realloc(stream->capture->nodes, (size_t)(stream->capture->count + 1) * sizeof *node);
    stream->capture->nodes[stream->capture->count++] = *node;
    return CUDA_SUCCESS;
}

/* The functions. */

static CUresult init(unsigned flags)
{
    (void)flags;
    return CUDA_SUCCESS;
}

static CUresult driver_version(int *version)
{
    *version = 13000;
    return CUDA_SUCCESS;
}

static CUresult error_name(CUresult error, const char **name)
{
    *name = error == CUDA_ERROR_ILLEGAL_ADDRESS ? "CUDA_ERROR_ILLEGAL_ADDRESS" : "CUDA_ERROR_FAKE";
    return CUDA_SUCCESS;
}

static CUresult device_count(int *count)
{
    *count = 1;
    return CUDA_SUCCESS;
}

static CUresult device_get(CUdevice *device, int ordinal)
{
    *device = ordinal;
    return CUDA_SUCCESS;
}

static int is_gb10(void)
{
    const char *text = getenv("FAKE_CUDA");

    return text && strstr(text, "gb10") != NULL;
}

static CUresult device_name(char *name, int size, CUdevice device)
{
    const char *text = getenv("FAKE_CUDA"), *at = text ? strstr(text, "name=") : NULL;

    (void)device;
    snprintf(name, (size_t)size, "%.*s", at ? (int)strcspn(at + 5, " ") : 12,
        at          ? at + 5
        : is_gb10() ? "NVIDIA GB10"
                    : "Fake H100 SM");
    return CUDA_SUCCESS;
}

static CUresult device_attribute(int *value, CUdevice_attribute which, CUdevice device)
{
    (void)device;
    switch (which) {
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
        *value = is_gb10() ? 12 : 9;
        break;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
    case CU_DEVICE_ATTRIBUTE_INTEGRATED:
        *value = is_gb10();
        break;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
        *value = is_gb10() ? 101376 : 232448;
        break;
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
        *value = 4;
        break;
    case CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE:
        *value = 4096;
        break;
    case CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE:
        *value = 1000;
        break;
    case CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH:
        *value = 64;
        break;
    default:
        *value = 0;
    }
    return CUDA_SUCCESS;
}

static CUresult device_pci(char *text, int size, CUdevice device)
{
    (void)device;
    snprintf(text, (size_t)size, "0000:01:00.0");
    return CUDA_SUCCESS;
}

static CUresult context_retain(CUcontext *context, CUdevice device)
{
    (void)device;
    *context = (CUcontext)&broken; /* any address */
    return CUDA_SUCCESS;
}

static CUresult context_release(CUdevice device)
{
    (void)device;
    return CUDA_SUCCESS;
}

static CUresult context_set(CUcontext context)
{
    (void)context;
    return CUDA_SUCCESS;
}

static CUresult memory_info(size_t *available, size_t *total)
{
    *available = *total = (size_t)knob("memory=", 8e9);
    return CUDA_SUCCESS;
}

static CUresult memory_alloc(CUdeviceptr *at, size_t size)
{
    *at = (CUdeviceptr)(uintptr_t)malloc(size);
    return broken ? broken : *at ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

static CUresult memory_free(CUdeviceptr at)
{
    free((void *)(uintptr_t)at);
    return CUDA_SUCCESS;
}

static CUresult host_alloc(void **at, size_t size, unsigned flags)
{
    (void)flags;
    *at = malloc(size);
    return CUDA_SUCCESS;
}

static CUresult host_free(void *at)
{
    free(at);
    return CUDA_SUCCESS;
}

static CUresult host_pointer(CUdeviceptr *at, void *host, unsigned flags)
{
    (void)flags;
    *at = (CUdeviceptr)(uintptr_t)host;
    return CUDA_SUCCESS;
}

static CUresult upload(CUdeviceptr to, const void *from, size_t size, struct stream *stream)
{
    (void)stream;
    memcpy((void *)(uintptr_t)to, from, size);
    return broken;
}

static CUresult download(void *to, CUdeviceptr from, size_t size, struct stream *stream)
{
    (void)stream;
    memcpy(to, (const void *)(uintptr_t)from, size);
    return broken;
}

static CUresult set8(CUdeviceptr at, unsigned char value, size_t count, struct stream *stream)
{
    (void)stream;
    memset((void *)(uintptr_t)at, value, count);
    return broken;
}

static CUresult set16(CUdeviceptr at, unsigned short value, size_t count, struct stream *stream)
{
    (void)stream;
    for (size_t i = 0; i < count; i++)
        ((uint16_t *)(uintptr_t)at)[i] = value;
    return broken;
}

static CUresult module_load(struct module **module, const void *image)
{
    *module = calloc(1, sizeof **module);
    if (!strncmp(image, "fused", 5))
        (*module)->text = strdup(image);
    return broken;
}

static CUresult module_unload(struct module *module)
{
    free(module->text);
    free(module);
    return CUDA_SUCCESS;
}

static void read_parameters(struct function *function)
{
    char *copy = strdup(function->module->text), *rest = NULL;

    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        char *colon = strchr(word, ':');

        if (!colon)
            continue;
        *colon = '\0';
        snprintf(function->names[function->count], 40, "%s", word);
        function->sizes[function->count++] = strcmp(colon + 1, "i32") ? 8 : 4;
    }
    free(copy);
}

static CUresult module_function(struct function **function, struct module *module, const char *name)
{
    static const struct {
        int count, sizes[3];
    } own[OWN_COUNT] = {
        [FILL_VALUES] = {1, {sizeof(struct abi_fill)}},
        [FILL_SCALES] = {1, {sizeof(struct abi_fill)}},
        [REFERENCE] = {1, {sizeof(struct abi_reference)}},
        [COMPARE] = {1, {sizeof(struct abi_compare)}},
        [READ] = {3, {8, 8, 8}},
        [MMA] = {3, {4, 8, 8}},
        [MARK] = {2, {8, 4}},
    };

    for (int i = 0; i < OWN_COUNT; i++) {
        if (strcmp(own_names[i], name) != 0)
            continue;
        *function = calloc(1, sizeof **function); /* lives as long as the process, as modules do */
        (*function)->own = (enum own)i;
        (*function)->module = module;
        (*function)->count = own[i].count;
        memcpy((*function)->sizes, own[i].sizes, sizeof own[i].sizes);
        if (i == FUSED)
            read_parameters(*function);
        return CUDA_SUCCESS;
    }
    return CUDA_ERROR_NOT_FOUND;
}

static CUresult function_attribute(int *value, CUfunction_attribute which, struct function *f)
{
    (void)f;
    *value = which == CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK ? 1024 : 0;
    return CUDA_SUCCESS;
}

static CUresult function_set(struct function *function, CUfunction_attribute which, int value)
{
    (void)function;
    (void)which;
    return value < 0 ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

static CUresult function_cache(struct function *function, CUfunc_cache config)
{
    (void)function;
    (void)config;
    return CUDA_SUCCESS;
}

static CUresult parameter_info(struct function *f, size_t index, size_t *offset, size_t *size)
{
    if (index >= (size_t)f->count)
        return CUDA_ERROR_INVALID_VALUE;
    *offset = 0;
    for (size_t i = 0; i <= index; i++) {
        const size_t width = (size_t)f->sizes[i];

        *offset = (*offset + width - 1) / width * width + (i < index ? width : 0);
    }
    *size = (size_t)f->sizes[index];
    return CUDA_SUCCESS;
}

static CUresult launch(struct function *function, unsigned x, unsigned y, unsigned z, unsigned bx,
    unsigned by, unsigned bz, unsigned shared, struct stream *stream, void **arguments,
    void **extra)
{
    struct node *node = calloc(1, sizeof *node);
    CUresult result;

    (void)z, (void)bx, (void)by, (void)bz, (void)shared, (void)extra;
    node->function = function;
    node->grid = x;
    node->grid_y = y;
    for (int i = 0; i < function->count; i++)
        memcpy(&node->arguments[i], arguments[i], (size_t)function->sizes[i]);
    result = add(stream, node);
    free(node);
    return result;
}

static CUresult stream_create(struct stream **stream, unsigned flags)
{
    (void)flags;
    *stream = calloc(1, sizeof **stream);
    return CUDA_SUCCESS;
}

static CUresult stream_destroy(struct stream *stream)
{
    free(stream);
    return CUDA_SUCCESS;
}

static CUresult stream_query(struct stream *stream)
{
    (void)stream;
    return broken ? broken : hung ? CUDA_ERROR_NOT_READY : CUDA_SUCCESS;
}

static CUresult stream_synchronize(struct stream *stream)
{
    (void)stream;
    return broken;
}

static CUresult capture_begin(struct stream *stream, CUstreamCaptureMode mode)
{
    (void)mode;
    stream->capture = calloc(1, sizeof *stream->capture);
    return broken;
}

static CUresult capture_end(struct stream *stream, struct graph **graph)
{
    *graph = stream->capture;
    stream->capture = NULL;
    return broken;
}

static CUresult event_create(struct event **event, unsigned flags)
{
    (void)flags;
    *event = calloc(1, sizeof **event);
    return CUDA_SUCCESS;
}

static CUresult event_destroy(struct event *event)
{
    free(event);
    return CUDA_SUCCESS;
}

static CUresult event_record_flags(struct event *event, struct stream *stream, unsigned flags)
{
    struct node *node = calloc(1, sizeof *node);
    CUresult result;

    (void)flags;
    node->event = event;
    event->done = 0;
    result = add(stream, node);
    free(node);
    return result;
}

static CUresult event_record(struct event *event, struct stream *stream)
{
    return event_record_flags(event, stream, 0);
}

static CUresult event_query(struct event *event)
{
    return broken ? broken : event->done ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY;
}

static CUresult event_elapsed(float *ms, struct event *start, struct event *end)
{
    if (!start->done || !end->done)
        return CUDA_ERROR_NOT_READY;
    *ms = (float)((end->us - start->us) / 1e3);
    return broken;
}

static CUresult graph_instantiate(struct graph **executable, struct graph *graph, long long flags)
{
    (void)flags;
    *executable = calloc(1, sizeof **executable);
    (*executable)->count = graph->count;
    (*executable)->nodes = malloc((size_t)graph->count * sizeof(struct node));
    memcpy((*executable)->nodes, graph->nodes, (size_t)graph->count * sizeof(struct node));
    return broken;
}

/* To FAKE_CUDA_LOG, a line a graph: when on CLOCK_MONOTONIC, how many fused launches it holds. */
static void log_graph(const struct graph *graph)
{
    const char *path = getenv("FAKE_CUDA_LOG");
    FILE *file = path ? fopen(path, "a") : NULL;
    struct timespec now;
    int fused = 0;

    if (!file)
        return;
    for (int i = 0; i < graph->count; i++)
        fused += graph->nodes[i].function && graph->nodes[i].function->own == FUSED;
    clock_gettime(CLOCK_MONOTONIC, &now);
    fprintf(file, "%ld.%06ld %d\n", (long)now.tv_sec, now.tv_nsec / 1000, fused);
    fclose(file);
}

static CUresult graph_launch(struct graph *graph, struct stream *stream)
{
    (void)stream;
    log_graph(graph);
    timed = 1;
    for (int i = 0; i < graph->count; i++)
        run(&graph->nodes[i]);
    timed = 0;
    return CUDA_SUCCESS; /* a fault shows later, as on a card */
}

static CUresult graph_destroy(struct graph *graph)
{
    free(graph->nodes);
    free(graph);
    return CUDA_SUCCESS;
}

static const struct {
    const char *name;
    void *function;
} functions[] = {
#define F(name, function)         \
    {                             \
#name, (void *)(function) \
    }
    F(cuInit, init),
    F(cuDriverGetVersion, driver_version),
    F(cuGetErrorName, error_name),
    F(cuDeviceGetCount, device_count),
    F(cuDeviceGet, device_get),
    F(cuDeviceGetName, device_name),
    F(cuDeviceGetAttribute, device_attribute),
    F(cuDeviceGetPCIBusId, device_pci),
    F(cuDevicePrimaryCtxRetain, context_retain),
    F(cuDevicePrimaryCtxRelease, context_release),
    F(cuCtxSetCurrent, context_set),
    F(cuMemGetInfo, memory_info),
    F(cuMemAlloc, memory_alloc),
    F(cuMemFree, memory_free),
    F(cuMemHostAlloc, host_alloc),
    F(cuMemFreeHost, host_free),
    F(cuMemHostGetDevicePointer, host_pointer),
    F(cuMemcpyHtoDAsync, upload),
    F(cuMemcpyDtoHAsync, download),
    F(cuMemsetD8Async, set8),
    F(cuMemsetD16Async, set16),
    F(cuModuleLoadData, module_load),
    F(cuModuleUnload, module_unload),
    F(cuModuleGetFunction, module_function),
    F(cuFuncGetAttribute, function_attribute),
    F(cuFuncSetAttribute, function_set),
    F(cuFuncSetCacheConfig, function_cache),
    F(cuFuncGetParamInfo, parameter_info),
    F(cuLaunchKernel, launch),
    F(cuStreamCreate, stream_create),
    F(cuStreamDestroy, stream_destroy),
    F(cuStreamQuery, stream_query),
    F(cuStreamSynchronize, stream_synchronize),
    F(cuStreamBeginCapture, capture_begin),
    F(cuStreamEndCapture, capture_end),
    F(cuEventCreate, event_create),
    F(cuEventDestroy, event_destroy),
    F(cuEventRecord, event_record),
    F(cuEventRecordWithFlags, event_record_flags),
    F(cuEventQuery, event_query),
    F(cuEventElapsedTime, event_elapsed),
    F(cuGraphInstantiateWithFlags, graph_instantiate),
    F(cuGraphLaunch, graph_launch),
    F(cuGraphExecDestroy, graph_destroy),
    F(cuGraphDestroy, graph_destroy),
#undef F
};

EXPORT CUresult cuGetProcAddress_v2(const char *symbol, void **pfn, int version, cuuint64_t flags,
    CUdriverProcAddressQueryResult *status);

CUresult cuGetProcAddress_v2(const char *symbol, void **pfn, int version, cuuint64_t flags,
    CUdriverProcAddressQueryResult *status)
{
    const char *text = getenv("FAKE_CUDA"), *lack = text ? strstr(text, "lack=") : NULL;

    (void)version;
    (void)flags;
    *status = CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
    if (lack && !strncmp(lack + 5, symbol, strlen(symbol)))
        return CUDA_ERROR_NOT_FOUND;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        if (!strcmp(functions[i].name, symbol)) {
            *pfn = functions[i].function;
            *status = CU_GET_PROC_ADDRESS_SUCCESS;
            return CUDA_SUCCESS;
        }
    }
    return CUDA_ERROR_NOT_FOUND;
}

/* NVML, by what src/gpu/nvml.c declares of it. */

#define NVML_NOT_SUPPORTED 3

struct nvml_memory {
    unsigned long long total, free, used;
};

struct nvml_process {
    unsigned pid;
    unsigned long long used_memory;
    unsigned gpu_instance, compute_instance;
};

EXPORT int nvmlInit_v2(void);
EXPORT int nvmlShutdown(void);
EXPORT int nvmlSystemGetDriverVersion(char *version, unsigned size);
EXPORT int nvmlDeviceGetHandleByPciBusId_v2(const char *pci, void **device);
EXPORT int nvmlDeviceGetTemperature(void *device, int sensor, unsigned *value);
EXPORT int nvmlDeviceGetPowerUsage(void *device, unsigned *value);
EXPORT int nvmlDeviceGetClockInfo(void *device, int which, unsigned *value);
EXPORT int nvmlDeviceGetMemoryInfo(void *device, struct nvml_memory *memory);
EXPORT int nvmlDeviceGetComputeRunningProcesses_v3(
    void *device, unsigned *count, struct nvml_process *processes);

int nvmlSystemGetDriverVersion(char *version, unsigned size)
{
    snprintf(version, size, "580.95.05");
    return 0;
}

int nvmlInit_v2(void)
{
    return 0;
}

int nvmlShutdown(void)
{
    return 0;
}

int nvmlDeviceGetHandleByPciBusId_v2(const char *pci, void **device)
{
    *device = &broken;
    return strcmp(pci, "0000:01:00.0") ? 6 : 0;
}

int nvmlDeviceGetTemperature(void *device, int sensor, unsigned *value)
{
    (void)device;
    (void)sensor;
    *value = 41;
    return 0;
}

int nvmlDeviceGetPowerUsage(void *device, unsigned *value)
{
    (void)device;
    *value = 12400;
    return 0;
}

int nvmlDeviceGetClockInfo(void *device, int which, unsigned *value)
{
    (void)device;
    (void)which;
    *value = 2418;
    return 0;
}

int nvmlDeviceGetMemoryInfo(void *device, struct nvml_memory *memory)
{
    (void)device;
    if (is_gb10())
        return NVML_NOT_SUPPORTED;
    *memory = (struct nvml_memory){100, 60, 40};
    return 0;
}

int nvmlDeviceGetComputeRunningProcesses_v3(
    void *device, unsigned *count, struct nvml_process *processes)
{
    const double other = knob("other=", -1);

    (void)device;
    *count = other >= 0;
    if (other >= 0)
        processes[0] = (struct nvml_process){.pid = (unsigned)other, .used_memory = 3000000000ull};
    return 0;
}
