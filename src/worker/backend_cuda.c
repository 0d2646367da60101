/* SPDX-License-Identifier: MIT */
#include "worker/cuda.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/path.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RIGHT 2e-2
#define VERIFY_PATIENCE_S 2.0

static void *cuda_open(const char *argument, double pace, struct device *device, struct error *err)
{
    struct cuda *cuda = xcalloc(1, sizeof *cuda);
    const double began = clock_monotonic();
    long ordinal = 0;
    char pci[32];

    (void)pace;
    if (argument && *argument && !text_to_int(argument, 0, 1024, &ordinal)) {
        error_set(err, ERROR_USAGE, "\"%s\" is not a device number", argument);
        goto fail;
    }
    if (!card_find_pci((int)ordinal, pci, err))
        goto fail;
    cuda->nvml = nvml_open(pci);
    cuda->other_count = nvml_processes(cuda->nvml, cuda->others, OTHERS);
    cuda->card = card_open((int)ordinal, err);
    if (!cuda->card)
        goto fail;
    cuda->device = *card_facts(cuda->card);
    *device = cuda->device;
    log_line("worker: card open after %.2f s", clock_monotonic() - began);
    return cuda;
fail:
    nvml_close(cuda->nvml);
    free(cuda);
    return NULL;
}

static void drop_layer(struct cuda *cuda)
{
    for (size_t i = 0; i < cuda->kernel_count; i++) {
        launch_unload(cuda->kernels[i].loaded);
        free(cuda->kernels[i].times);
    }
    cuda->kernel_count = 0;
    timing_close(cuda->timing);
    verify_close(cuda->verifier);
    layer_close(cuda->layer);
    free(cuda->record.ids);
    cuda->timing = NULL;
    cuda->verifier = NULL;
    cuda->layer = NULL;
    cuda->record = (struct routing_record){0};
}

/* "python3 (pid 4711, 61 GB), ..." */
static char *name_others(const struct cuda *cuda)
{
    struct text text = {0};

    for (int i = 0; i < cuda->other_count && i < OTHERS; i++) {
        const struct nvml_process *other = &cuda->others[i];

        text_add(&text, "%s%s (pid %ld", i ? ", " : "", other->name[0] ? other->name : "a process",
            (long)other->pid);
        if (other->memory_bytes)
            text_add(&text, ", %.1f GB", (double)other->memory_bytes / 1e9);
        text_add(&text, ")");
    }
    return text_take(&text);
}

static bool check_busy(
    struct cuda *cuda, const struct setup *setup, struct setup_report *report, struct error *err)
{
    char *names;

    if (cuda->other_count < 1)
        return true;
    names = name_others(cuda);
    if (setup->allow_busy)
        snprintf(report->note, sizeof report->note, "the GPU is in use by %s", names);
    else
        error_set(err, ERROR_DEVICE,
            "the GPU is in use by %s: stop that process (the server in its container, not the "
            "container), or pass --allow-busy",
            names);
    free(names);
    return setup->allow_busy;
}

static bool read_record(struct cuda *cuda, const char *path, struct error *err)
{
    size_t length;
    char *bytes = path_read(path, 1u << 30, &length, err);
    bool good;

    if (!bytes)
        return false;
    good = routing_parse(path, bytes, length, &cuda->record, err);
    free(bytes);
    return good;
}

/* Weights that would stay in the L2 cache are there more than once; who reads memory use wonders.
 */
static void note_copies(const struct cuda *cuda, struct setup_report *report)
{
    const int up = layer_copies(cuda->layer, GEMM_UP), down = layer_copies(cuda->layer, GEMM_DOWN);
    const size_t length = strlen(report->note);

    if (up > 1 || down > 1)
        snprintf(report->note + length, sizeof report->note - length,
            "%sweights are there %d times (up) and %d times (down), to keep them out of the cache",
            length ? "; " : "", up, down);
}

static void read_memory(const struct cuda *cuda, struct setup_report *report)
{
    struct nvml_state state;

    nvml_read(cuda->nvml, cuda->device.unified, &state);
    if (!nvml_has(&state, NVML_MEMORY))
        return;
    report->memory_used = state.memory_used;
    report->memory_total = state.memory_total;
    report->memory_shared = state.memory_shared;
}

static void fill_report(const struct cuda *cuda, struct setup_report *report)
{
    note_copies(cuda, report);
    report->granularity_us = timing_granularity_us(cuda->timing);
    report->bytes = layer_bytes(cuda->layer);
    read_memory(cuda, report);
    memcpy(report->sentinel_us, timing_sentinel_us(cuda->timing), sizeof report->sentinel_us);
}

static bool cuda_settle(void *self, struct setup_report *report, struct error *err)
{
    struct cuda *cuda = self;

    *report = (struct setup_report){0};
    if (!cuda->timing)
        return error_set(err, ERROR_FAILED, "settle comes before setup");
    if (!timing_settle(cuda->timing, err))
        return false;
    fill_report(cuda, report);
    return true;
}

static bool cuda_setup(
    void *self, const struct setup *setup, struct setup_report *report, struct error *err)
{
    struct cuda *cuda = self;
    struct layer_options options = {
        .engine = setup->engine,
        .shape = setup->shape,
        .max_m = setup->max_m,
        .plan = {setup->routing, setup->zipf, &cuda->record, setup->seed},
        .hot = setup->hot,
    };
    const double began = clock_monotonic();
    double filled;

    *report = (struct setup_report){0};
    drop_layer(cuda);
    cuda->shape = setup->shape;
    if (!check_busy(cuda, setup, report, err))
        return false;
    if (setup->routing == ROUTING_FILE && !read_record(cuda, setup->routing_file, err))
        return false;
    cuda->layer = layer_open(cuda->card, &options, err);
    filled = clock_monotonic();
    if (cuda->layer)
        cuda->verifier = verify_open(cuda->layer, err);
    if (cuda->verifier)
        cuda->timing = timing_open(cuda->layer, err);
    if (!cuda->timing) {
        drop_layer(cuda);
        return false;
    }
    if (cuda->device.bandwidth <= 0)
        cuda->device.bandwidth = timing_bandwidth(cuda->timing);
    log_line("worker: tensors filled after %.2f s, sentinel flat %.2f s later", filled - began,
        clock_monotonic() - filled);
    fill_report(cuda, report);
    return true;
}

struct known *cuda_find_kernel(
    struct cuda *cuda, const char *hash, enum gemm gemm, const struct tile *tile)
{
    for (size_t i = 0; i < cuda->kernel_count; i++) {
        struct known *known = &cuda->kernels[i];

        if (launch_gemm(known->loaded) == gemm && !strcmp(known->hash, hash) &&
            tile_equal(launch_tile(known->loaded), tile))
            return known;
    }
    return NULL;
}

static bool cuda_load(void *self, const struct kernel *kernel, enum gemm gemm,
    const struct tile *tile, struct error *err)
{
    struct cuda *cuda = self;
    struct known known = {0};

    if (!cuda->layer)
        return error_set(err, ERROR_FAILED, "load comes before setup");
    if (cuda_find_kernel(cuda, kernel->hash, gemm, tile))
        return true;
    known.loaded = launch_load(cuda->layer, kernel, gemm, tile, err);
    if (!known.loaded)
        return false;
    snprintf(known.hash, sizeof known.hash, "%s", kernel->hash);
    cuda->kernels = xrealloc(cuda->kernels, cuda->kernel_count + 1, sizeof known);
    cuda->kernels[cuda->kernel_count++] = known;
    return true;
}

static enum job_end end_of(enum gpu_end end)
{
    static const enum job_end ends[] = {
        [GPU_DONE] = JOB_DONE,
        [GPU_FAULT] = JOB_FAULT,
        [GPU_HANG] = JOB_HANG,
        [GPU_ERROR] = JOB_ERROR,
    };

    return ends[end];
}

static enum job_end cuda_verify(
    void *self, const struct measure_item *item, struct verify_report *report, struct error *err)
{
    struct cuda *cuda = self;
    const struct known *known = cuda_find_kernel(cuda, item->kernel, item->gemm, &item->tile);
    struct verdict verdict = {0};
    enum gpu_end end;

    *report = (struct verify_report){0};
    if (!known) {
        error_set(err, ERROR_FAILED, "verify: kernel %.12s is not loaded", item->kernel);
        return JOB_ERROR;
    }
    end = verify_run(cuda->verifier, known->loaded, item->m, VERIFY_PATIENCE_S, &verdict, err);
    if (end != GPU_DONE)
        return end_of(end);
    *report = (struct verify_report){
        .relative_error = verdict.relative_error,
        .worst = verdict.worst,
        .nan_count = verdict.nan_count,
        .unwritten = verdict.unwritten,
        .right = verdict.relative_error < RIGHT && !verdict.nan_count && !verdict.unwritten,
    };
    return JOB_DONE;
}

const struct backend backend_cuda = {
    .name = "cuda",
    .open = cuda_open,
    .setup = cuda_setup,
    .settle = cuda_settle,
    .load = cuda_load,
    .measure = cuda_measure,
    .verify = cuda_verify,
};
