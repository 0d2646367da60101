/* SPDX-License-Identifier: MIT */
/*
 * The timing half of `moebench bench`: one worker at a time, all rows of a (GEMM, M) shuffled in
 * one job. A kernel that faults or hangs takes its worker along: the rows of that job are then
 * measured one by one, each death marks its row, and the next worker goes on with the rest.
 */
#include "cli/bench.h"

#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_TIMEOUT_S 60.0 /* the worker's own watchdog is quicker */

static bool set_up(
    struct bench *bench, struct client *client, const struct arguments *args, struct error *err)
{
    long seed;
    struct setup setup = {
        .engine = bench->target.engine,
        .shape = bench->target.shape,
        .hot = arguments_flag(args, "hot"),
        .allow_busy = arguments_flag(args, "allow-busy"),
    };
    for (size_t i = 0; i < bench->row_count; i++)
        if (bench->rows[i].m > setup.max_m)
            setup.max_m = bench->rows[i].m;
    if (!arguments_int(args, "seed", 0, 1L << 62, 1, &seed, err) ||
        !arguments_routing(args, &setup.routing, &setup.zipf, setup.routing_file, err))
        return false;
    setup.seed = (unsigned long long)seed;
    return client_setup(client, &setup, &bench->report, err);
}

/* The worker in use, and what a new one is made from. */
struct bench_worker {
    struct bench *bench;
    const struct arguments *args;
    struct client_options options;
    struct client *client;
    long long id; /* of the latest job */
};

/* The next event that is an answer; loads that failed and the worker's end are errors. */
static bool next_answer(struct client *client, struct event *event, struct error *err)
{
    for (;;) {
        enum client_next next = client_next(client, ANSWER_TIMEOUT_S, event);
        if (next == CLIENT_TIMEOUT)
            return error_set(
                err, ERROR_FAILED, "worker: silent for %.0f s, given up", ANSWER_TIMEOUT_S);
        if (next == CLIENT_ENDED || event->op == EVENT_ERROR)
            return error_set(err, ERROR_FAILED, "%s", event->text);
        if (event->op == EVENT_LOADED && !event->ok)
            return error_set(err, ERROR_FAILED, "load: %s", event->text);
        if (event->op != EVENT_LOADED)
            return true;
    }
}

static struct measure_item item_of(const struct bench_row *row, int samples)
{
    struct measure_item item = {
        .gemm = row->kernel->gemm,
        .m = row->m,
        .tile = row->kernel->tile,
        .samples = samples,
        .discard = 1,
    };
    memcpy(item.kernel, row->kernel->kernel.hash, sizeof item.kernel);
    return item;
}

static void take_chunk(
    struct bench *bench, struct bench_row *const rows[], const struct measure_chunk *chunk)
{
    bench->gpu_s += chunk->gpu_s;
    bench->wall_s += chunk->wall_s;
    bench->launches += chunk->launches;
    for (int i = 0; i < chunk->sample_count; i++) {
        struct bench_row *row = rows[chunk->samples[i].item];
        row->samples = xrealloc(row->samples, row->sample_count + 1, sizeof *row->samples);
        row->samples[row->sample_count++] = chunk->samples[i].us;
        row->suspect |= chunk->suspect;
    }
}

/* How a job of some rows went. */
enum outcome { OUTCOME_DONE, OUTCOME_WORKER_GONE, OUTCOME_ERROR };

static enum outcome outcome_of(const struct event *event, struct error *err)
{
    if (event->end == JOB_DONE)
        return OUTCOME_DONE;
    error_set(err, ERROR_FAILED, "%s: %s", job_end_name(event->end), event->text);
    return event->end == JOB_FAULT || event->end == JOB_HANG ? OUTCOME_WORKER_GONE : OUTCOME_ERROR;
}

static void mark_dead(struct bench_row *row, const struct event *event)
{
    row->status = event->end == JOB_HANG ? POINT_TIMED_OUT : POINT_FAULTED;
    snprintf(row->text, sizeof row->text, "%.250s", event->text);
}

static enum outcome measure_rows(struct bench_worker *worker, struct bench_row *const rows[],
    int count, struct event *event, struct error *err)
{
    struct measure_item *items = xcalloc((size_t)count, sizeof *items);
    const long long id = ++worker->id;
    struct measure_job job = {
        .id = id, .items = items, .item_count = count, .shuffle = true, .seed = (uint64_t)id};
    for (int i = 0; i < count; i++)
        items[i] = item_of(rows[i], worker->bench->samples);
    bool ok = client_measure(worker->client, &job, err);
    do {
        ok = ok && next_answer(worker->client, event, err);
        if (ok && event->op == EVENT_CHUNK)
            take_chunk(worker->bench, rows, &event->chunk);
    } while (ok && event->op != EVENT_DONE);
    free(items);
    return ok ? outcome_of(event, err) : OUTCOME_ERROR;
}

static enum outcome verify_row(
    struct bench_worker *worker, struct bench_row *row, struct event *event, struct error *err)
{
    struct measure_item item = item_of(row, 1);
    bool ok = client_verify(worker->client, ++worker->id, &item, err);
    do
        ok = ok && next_answer(worker->client, event, err);
    while (ok && event->op != EVENT_VERIFIED);
    if (!ok)
        return OUTCOME_ERROR;
    enum outcome outcome = outcome_of(event, err);
    if (outcome == OUTCOME_DONE) {
        row->verify = event->verify;
        row->verified = true;
        row->status = row->verify.right ? POINT_OK : POINT_WRONG_RESULT;
    }
    return outcome;
}

static bool load_all(struct bench *bench, struct client *client, struct error *err)
{
    for (size_t i = 0; i < bench->kernel_count; i++) {
        const struct bench_kernel *kernel = &bench->kernels[i];
        if (kernel->status == COMPILE_OK &&
            !client_load(client, &kernel->kernel, kernel->gemm, &kernel->tile, err))
            return false;
    }
    return true;
}

/* Rows of one (GEMM, M) that have a kernel to run, from `start` on; *end is where the next begin.
 */
static int collect(struct bench *bench, size_t start, struct bench_row **rows, size_t *end)
{
    const struct bench_row *first = &bench->rows[start];
    int count = 0;
    for (*end = start; *end < bench->row_count; ++*end) {
        struct bench_row *row = &bench->rows[*end];
        if (row->m != first->m || row->kernel->gemm != first->kernel->gemm)
            break;
        if (row->kernel->status == COMPILE_OK)
            rows[count++] = row;
        else
            row->status = row->kernel->status == COMPILE_DOES_NOT_FIT ? POINT_DOES_NOT_FIT
                          : row->kernel->status == COMPILE_TIMED_OUT  ? POINT_TIMED_OUT
                                                                      : POINT_COMPILE_FAILED;
    }
    return count;
}

static bool open_worker(struct bench_worker *worker, struct error *err)
{
    worker->client = client_open(&worker->options, err);
    return worker->client != NULL;
}

static bool prepare_worker(struct bench_worker *worker, struct error *err)
{
    return set_up(worker->bench, worker->client, worker->args, err) &&
           load_all(worker->bench, worker->client, err);
}

static bool replace_worker(struct bench_worker *worker, struct error *err)
{
    client_close(worker->client, true);
    worker->client = NULL;
    *err = (struct error){0};
    return open_worker(worker, err) && prepare_worker(worker, err);
}

/* Measures and verifies rows of one (GEMM, M); those at fault are marked. */
static bool measure_group(
    struct bench_worker *worker, struct bench_row **rows, int count, struct error *err)
{
    struct event *event = xcalloc(1, sizeof *event);
    enum outcome outcome = measure_rows(worker, rows, count, event, err);
    for (int i = 0; outcome == OUTCOME_DONE && i < count; i++)
        outcome = rows[i]->verified ? OUTCOME_DONE : verify_row(worker, rows[i], event, err);
    bool ok = outcome == OUTCOME_DONE;
    if (outcome == OUTCOME_WORKER_GONE && count == 1)
        mark_dead(rows[0], event);
    if (outcome == OUTCOME_WORKER_GONE)
        ok = replace_worker(worker, err);
    for (int i = 0; ok && outcome == OUTCOME_WORKER_GONE && count > 1 && i < count; i++)
        ok = measure_group(worker, &rows[i], 1, err);
    free(event);
    return ok;
}

static bool measure_all(struct bench_worker *worker, struct error *err)
{
    struct bench *bench = worker->bench;
    struct bench_row **rows = xcalloc(bench->row_count, sizeof *rows);
    bool ok = true;
    for (size_t start = 0, end; ok && start < bench->row_count; start = end) {
        int count = collect(bench, start, rows, &end);
        ok = count == 0 || measure_group(worker, rows, count, err);
    }
    free(rows);
    return ok;
}

bool bench_measure(struct bench *bench, const struct arguments *args, struct error *err)
{
    long ordinal;
    struct bench_worker worker = {.bench = bench, .args = args, .options.backend = "cuda"};
    if (!arguments_int(args, "device-ordinal", 0, 1023, 0, &ordinal, err))
        return false;
    worker.options.ordinal = (int)ordinal;
    if (!open_worker(&worker, err))
        return false;
    bench->hello = *client_hello(worker.client);
    bench->target.device = bench->hello.device;
    bool ok = device_supports(&bench->target.device, bench->target.shape.dtype, err) &&
              bench_compile(bench, args, err) && prepare_worker(&worker, err) &&
              measure_all(&worker, err);
    client_close(worker.client, !ok);
    return ok;
}
