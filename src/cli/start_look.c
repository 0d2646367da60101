/* SPDX-License-Identifier: MIT */
#include "cli/start_ask.h"

#include "base/text.h"
#include "tuner/estimate.h"
#include "tuner/export.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_TP 64

__attribute__((format(printf, 3, 4))) static void add_fact(
    struct start_look *look, const char *label, const char *format, ...)
{
    va_list args;
    if (look->fact_count == START_FACTS)
        return;
    va_start(args, format);
    vsnprintf(look->facts[look->fact_count].text, sizeof look->facts[0].text, format, args);
    va_end(args);
    snprintf(look->facts[look->fact_count++].label, sizeof look->facts[0].label, "%s", label);
}

/* The TP and EP that divide the layer, as far as the model and the engine can be read. */
static void find_steps(const struct arguments *args, struct start_look *look)
{
    struct model model;
    struct engine engine;
    struct shape shape;
    struct parallel now;
    const char *name = arguments_operand(args, 0);
    if (!name || !model_load_as(name, arguments_text(args, "dtype", NULL), &model, NULL) ||
        !engine_parse(arguments_text(args, "engine", "sglang"), &engine, NULL))
        return;
    for (int tp = 1; tp <= MOST_TP && look->tp_count < START_STEPS; tp++) {
        struct parallel parallel = {.tp = tp, .ep = 1};
        if (engine_shape(&engine, &model, &parallel, &shape, NULL))
            look->tp[look->tp_count++] = tp;
    }
    if (!target_parallel(args, &now, NULL))
        return;
    for (int ep = 1; ep <= now.tp && look->ep_count < START_STEPS; ep++) {
        struct parallel parallel = {.tp = now.tp, .ep = ep};
        if (now.tp % ep == 0 && engine_shape(&engine, &model, &parallel, &shape, NULL))
            look->ep[look->ep_count++] = ep;
    }
}

static void add_layer(const struct tune_ask *ask, struct start_look *look)
{
    const struct question *q = &ask->question;
    char blocks[32] = "";
    if (q->shape.block_n > 0)
        snprintf(
            blocks, sizeof blocks, " in blocks of %d x %d", q->shape.block_n, q->shape.block_k);
    add_fact(look, "layer", "%s: E=%d, N=%d, K=%d, top %d, %s%s%s", q->model, q->shape.experts,
        q->shape.intermediate, q->shape.hidden, q->shape.top_k, dtype_name(q->shape.dtype),
        q->shape.per_channel ? " per channel" : "", blocks);
}

static void add_files(
    const struct arguments *args, const struct tune_ask *ask, struct start_look *look)
{
    const struct question *q = &ask->question;
    const char *out = arguments_text(args, "out", "moebench-out");
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++) {
        char *path = q->gemms[gemm] ? export_path(q, ask->target.triton, (enum gemm)gemm) : NULL;
        if (path)
            add_fact(
                look, gemm == GEMM_UP || !q->gemms[GEMM_UP] ? "files" : "", "%s/%s", out, path);
        free(path);
    }
}

static void format_seconds(double seconds, char *buffer, size_t size)
{
    if (seconds < 100)
        snprintf(buffer, size, "%.0f s", seconds);
    else if (seconds < 100 * 60)
        snprintf(buffer, size, "%.0f min", seconds / 60);
    else
        snprintf(buffer, size, "%.0f h", seconds / 3600);
}

static int core_count(const struct arguments *args)
{
    long jobs = 0;
    arguments_int(args, "jobs", 0, 1024, 0, &jobs, NULL);
    return jobs > 0 ? (int)jobs : (int)sysconf(_SC_NPROCESSORS_ONLN);
}

/* Until the first kernel has run nothing better is known. */
static void add_time(
    const struct arguments *args, const struct tune_ask *ask, struct start_look *look)
{
    const struct question *q = &ask->question;
    int cores = core_count(args);
    struct plan plan;
    struct estimate estimate;
    char all[16], compile[16], timing[16];
    plan_make(&plan, q, NULL);
    estimate_make(&plan, cores, &estimate);
    format_seconds(estimate.compile_s, compile, sizeof compile);
    format_seconds(estimate.timing_s, timing, sizeof timing);
    format_seconds(estimate.wall_s, all, sizeof all);
    if (strcmp(ask->options.backend, "none") == 0)
        add_fact(look, "time", "nothing is measured; kernels are compiled if Python has Triton");
    else if (text_starts_with(ask->options.backend, "replay"))
        add_fact(look, "time", "seconds: recorded; the card would time for about %s", timing);
    else
        add_fact(look, "time", "about %s (estimate): %s to compile on %d cores, %s to time", all,
            compile, cores, timing);
    add_fact(look, "tiles", "%zu of %zu can run; %d batch sizes; about %zu kernels",
        plan_fitting(&plan), plan.space_count, q->batch_size_count, estimate.kernels);
    plan_free(&plan);
}

static void add_command(char *const words[], struct start_look *look)
{
    struct text line = {0};
    text_add(&line, "moebench");
    for (int i = 0; words[i]; i++)
        text_add(&line, strchr(words[i], ' ') ? " '%s'" : " %s", words[i]);
    add_fact(look, "same as", "%s", line.data);
    text_free(&line);
}

void start_source_look(char *const words[], const void *arg, struct start_look *look)
{
    const struct start_source *source = arg;
    struct tune_card card = source->card;
    struct start_line line = {0};
    struct tune_ask *ask = xcalloc(1, sizeof *ask);
    struct error err = {0};
    *look = (struct start_look){0};
    bool done = start_line_make(source->args, words, &line, &err);
    if (done)
        find_steps(&line.args, look);
    if (done && tune_ask_on(&line.args, arguments_operand(&line.args, 0), &card, ask, &err)) {
        const char *backend = ask->options.backend;
        add_time(&line.args, ask, look);
        add_files(&line.args, ask, look);
        add_layer(ask, look);
        add_fact(look, "runs on", "%s%s", ask->question.device.name,
            strcmp(backend, "cuda") == 0   ? ""
            : strcmp(backend, "none") == 0 ? ", which is not here: a plan"
                                           : ", recorded: no GPU here");
        add_command(words, look);
    }
    snprintf(look->error, sizeof look->error, "%.1000s", err.text);
    tune_ask_free(ask);
    free(ask);
    start_line_free(&line);
}
