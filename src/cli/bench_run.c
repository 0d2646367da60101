/* SPDX-License-Identifier: MIT */
/* The timing half of `moebench bench`: one worker, all rows of a (GEMM, M) shuffled in one job. */
#include "cli/bench.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_TIMEOUT_S 60.0 /* the worker's own watchdog is quicker */

static bool read_routing(const struct arguments *args, struct setup *setup, struct error *err)
{
    const char *text = arguments_text(args, "routing", "uniform");
    if (strcmp(text, "uniform") == 0)
        return true;
    if (text_starts_with(text, "zipf:")) {
        setup->routing = ROUTING_ZIPF;
        return (text_to_double(text + 5, &setup->zipf) && setup->zipf >= 0) ||
               error_set(err, ERROR_USAGE, "bench: --routing zipf:S takes a number, as zipf:1.1");
    }
    setup->routing = ROUTING_FILE;
    if (strlen(text) >= sizeof setup->routing_file)
        return error_set(err, ERROR_USAGE, "bench: --routing: the path is too long");
    memcpy(setup->routing_file, text, strlen(text) + 1);
    return true;
}

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
        !read_routing(args, &setup, err))
        return false;
    setup.seed = (unsigned long long)seed;
    return client_setup(client, &setup, &bench->report, err);
}

/* The next event that is an answer to `id`; loads that failed and the worker's end are errors. */
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

static void take_chunk(struct bench_row *const rows[], const struct measure_chunk *chunk)
{
    for (int i = 0; i < chunk->sample_count; i++) {
        struct bench_row *row = rows[chunk->samples[i].item];
        row->samples = xrealloc(row->samples, row->sample_count + 1, sizeof *row->samples);
        row->samples[row->sample_count++] = chunk->samples[i].us;
        row->suspect |= chunk->suspect;
    }
}

/* Ends that leave the worker usable make a note at the row at fault; the others are errors. */
static bool take_end(
    struct bench_row *const rows[], int count, const struct event *event, struct error *err)
{
    if (event->end == JOB_DONE)
        return true;
    bool known = event->item >= 0 && event->item < count;
    char tile[TILE_TEXT_SIZE] = "";
    if (known)
        tile_format(&rows[event->item]->kernel->tile, tile, sizeof tile);
    return error_set(err, ERROR_FAILED, "%s%s%s: %s", job_end_name(event->end), known ? " at " : "",
        tile, event->text);
}

static bool measure_rows(struct bench *bench, struct client *client, struct bench_row *const rows[],
    int count, long long id, struct error *err)
{
    struct measure_item *items = xcalloc((size_t)count, sizeof *items);
    struct event *event = xcalloc(1, sizeof *event);
    struct measure_job job = {
        .id = id, .items = items, .item_count = count, .shuffle = true, .seed = (uint64_t)id};
    for (int i = 0; i < count; i++)
        items[i] = item_of(rows[i], bench->samples);
    bool ok = client_measure(client, &job, err);
    do {
        ok = ok && next_answer(client, event, err);
        if (ok && event->op == EVENT_CHUNK)
            take_chunk(rows, &event->chunk);
    } while (ok && event->op != EVENT_DONE);
    ok = ok && take_end(rows, count, event, err);
    free(event);
    free(items);
    return ok;
}

static bool verify_row(
    struct client *client, struct bench_row *row, long long id, struct error *err)
{
    struct measure_item item = item_of(row, 1);
    struct event *event = xcalloc(1, sizeof *event);
    bool ok = client_verify(client, id, &item, err);
    do
        ok = ok && next_answer(client, event, err);
    while (ok && event->op != EVENT_VERIFIED);
    ok = ok && take_end(&row, 1, event, err);
    if (ok) {
        row->verify = event->verify;
        row->verified = true;
        row->status = row->verify.right ? POINT_OK : POINT_WRONG_RESULT;
    }
    free(event);
    return ok;
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

static bool measure_all(struct bench *bench, struct client *client, struct error *err)
{
    struct bench_row **rows = xcalloc(bench->row_count, sizeof *rows);
    long long id = 0;
    bool ok = true;
    for (size_t start = 0, end; ok && start < bench->row_count; start = end) {
        int count = collect(bench, start, rows, &end);
        ok = count == 0 || measure_rows(bench, client, rows, count, ++id, err);
        for (int i = 0; ok && i < count; i++)
            ok = verify_row(client, rows[i], ++id, err);
    }
    free(rows);
    return ok;
}

bool bench_measure(struct bench *bench, const struct arguments *args, struct error *err)
{
    long ordinal;
    struct client_options options = {.backend = "cuda"};
    if (!arguments_int(args, "device-ordinal", 0, 1023, 0, &ordinal, err))
        return false;
    options.ordinal = (int)ordinal;
    struct client *client = client_open(&options, err);
    if (client == NULL)
        return false;
    bench->hello = *client_hello(client);
    bench->target.device = bench->hello.device;
    bool ok = device_supports(&bench->target.device, bench->target.shape.dtype, err) &&
              bench_compile(bench, args, err) && set_up(bench, client, args, err) &&
              load_all(bench, client, err) && measure_all(bench, client, err);
    client_close(client, !ok);
    return ok;
}
