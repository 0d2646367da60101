/* SPDX-License-Identifier: MIT */
/* The kernels that comparisons want: compiled, then loaded into the worker. */
#include "tuner/ab.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_S 0.1 /* between two questions whether to go on */

void ab_kernels_free(struct ab_kernels *kernels)
{
    for (size_t i = 0; i < kernels->count; i++)
        kernel_free(&kernels->items[i].kernel);
    free(kernels->items);
    *kernels = (struct ab_kernels){0};
}

static struct ab_kernel *find_kernel(
    const struct ab_kernels *kernels, enum gemm gemm, const struct tile *tile)
{
    for (size_t i = 0; i < kernels->count; i++)
        if (kernels->items[i].gemm == gemm && tile_equal(&kernels->items[i].tile, tile))
            return &kernels->items[i];
    return NULL;
}

const struct ab_kernel *ab_find_kernel(
    const struct ab_kernels *kernels, enum gemm gemm, const struct tile *tile)
{
    const struct ab_kernel *kernel = find_kernel(kernels, gemm, tile);

    if (kernel == NULL)
        abort();
    return kernel;
}

static void want_kernel(struct ab_kernels *kernels, enum gemm gemm, const struct tile *tile)
{
    if (find_kernel(kernels, gemm, tile))
        return;
    kernels->items = xrealloc(kernels->items, kernels->count + 1, sizeof *kernels->items);
    kernels->items[kernels->count++] = (struct ab_kernel){.gemm = gemm, .tile = *tile};
}

static void want_kernels(struct ab_kernels *kernels, const struct ab_job *job)
{
    for (enum gemm gemm = GEMM_UP; gemm < GEMM_COUNT; gemm++) {
        if (!job->gemms[gemm])
            continue;
        want_kernel(kernels, gemm, &job->a.tiles[gemm]);
        want_kernel(kernels, gemm, &job->b.tiles[gemm]);
    }
}

static void take_kernel(struct ab_kernel *kernel, struct compile_result *result)
{
    kernel->kernel = result->kernel;
    kernel->status = result->status;
    if (result->status != COMPILE_OK)
        snprintf(kernel->text, sizeof kernel->text, "%.250s",
            result->text[0] ? result->text : "cannot be compiled");
}

/* Gives an answer to who asked for it; *left counts down what is still to come. */
static bool take_answer(struct ab_kernels *kernels, const long long tickets[], size_t *left,
    struct compile_result *result, const struct ab_host *host, struct error *err)
{
    size_t i = 0;
    bool done = true;

    while (i < kernels->count && tickets[i] != result->ticket)
        i++;
    if (i < kernels->count) {
        take_kernel(&kernels->items[i], result);
        --*left;
    } else {
        done = !host->compiled || host->compiled(result, host->arg, err);
        kernel_free(&result->kernel);
    }
    if (done && result->status == COMPILE_STOPPED)
        return error_set(err, ERROR_DEVICE, "%s", result->text);
    return done;
}

bool ab_goes_on(const struct ab_host *host)
{
    return !host->go_on || host->go_on(host->arg);
}

static bool compile_kernels(struct session *session, struct ab_kernels *kernels,
    const struct ab_host *host, struct error *err)
{
    long long *tickets = xcalloc(kernels->count + 1, sizeof *tickets);
    struct compile_result *result = xcalloc(1, sizeof *result);
    size_t left = kernels->count;
    bool ok = true;

    for (size_t i = 0; ok && i < kernels->count; i++)
        ok = session_submit(
            session, kernels->items[i].gemm, &kernels->items[i].tile, &tickets[i], err);
    while (ok && left > 0) {
        if (session_next(session, WAIT_S, result))
            ok = take_answer(kernels, tickets, &left, result, host, err);
        else if (!ab_goes_on(host))
            ok = error_set(err, ERROR_STOPPED, "stopped");
    }
    free(tickets);
    free(result);
    return ok;
}

bool ab_load_kernels(struct session *session, const struct ab_kernels *kernels, struct error *err)
{
    for (size_t i = 0; i < kernels->count; i++) {
        const struct ab_kernel *kernel = &kernels->items[i];
        if (!kernel->text[0] &&
            !client_load(session->client, &kernel->kernel, kernel->gemm, &kernel->tile, err))
            return false;
    }
    return true;
}

bool ab_prepare(struct session *session, const struct ab_job jobs[], size_t job_count,
    const struct ab_host *host, struct ab_kernels *kernels, struct error *err)
{
    *kernels = (struct ab_kernels){0};
    for (size_t i = 0; i < job_count; i++)
        want_kernels(kernels, &jobs[i]);
    if (compile_kernels(session, kernels, host, err) && ab_load_kernels(session, kernels, err))
        return true;
    ab_kernels_free(kernels);
    return false;
}
