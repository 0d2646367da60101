/* SPDX-License-Identifier: MIT */
#include "cli/ab_ask.h"

#include "base/path.h"
#include "base/text.h"
#include "cli/database.h"
#include "cli/tune_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cuda where there is a card, else what was recorded. */
static bool pick_backend(const struct arguments *args, struct ab_ask *ask, struct error *err)
{
    struct tune_card card = {0};

    ask->options.backend = arguments_text(args, "backend", "cuda");
    if (text_starts_with(ask->options.backend, "replay"))
        return true;
    if (strcmp(ask->options.backend, "cuda") != 0)
        return error_set(
            err, ERROR_USAGE, "--backend %s: cuda, replay or replay:FILE", ask->options.backend);
    tune_card_ask(&card, ask->options.device_ordinal);
    ask->question.device = card.device;
    if (card.there)
        return true;
    ask->options.backend = "replay";
    fprintf(
        stderr, "moebench: note: no card can be used (%.300s): recorded figures\n", card.why.text);
    return !arguments_text(args, "backend", NULL) ||
           error_set(err, ERROR_DEVICE, "%s", card.why.text);
}

static bool name_sides(const struct arguments *args, struct ab_ask *ask, struct error *err)
{
    const char *file = arguments_text(args, "file", NULL);

    ask->texts[0] = file ? file : arguments_text(args, "a", NULL);
    ask->texts[1] = arguments_text(args, file ? "against" : "b", NULL);
    return (ask->texts[0] && ask->texts[1]) ||
           error_set(err, ERROR_USAGE,
               "ab: two sides are needed: --a choice --b TILE, or --file A.json --against B.json");
}

/* All that can be wrong with the line itself, before any card is looked at. */
static bool read_options(const struct arguments *args, struct ab_ask *ask, struct error *err)
{
    struct question *q = &ask->question;
    long ordinal, seed, jobs;

    if (!arguments_int(args, "device-ordinal", 0, 1023, 0, &ordinal, err) ||
        !arguments_int(args, "jobs", 1, 4096, 0, &jobs, err) ||
        !arguments_int(args, "seed", 0, 1L << 52, 1, &seed, err) ||
        !arguments_routing(args, &q->routing, &q->zipf, q->routing_file, err) ||
        !arguments_gemms(args, "pair", ask->gemms, err) ||
        !arguments_int(args, "blocks", 8, 10000, AB_BUDGET, &ask->blocks, err) ||
        !name_sides(args, ask, err))
        return false;
    q->seed = (unsigned long long)seed;
    ask->options = (struct session_options){
        .device_ordinal = (int)ordinal,
        .allow_busy = arguments_flag(args, "allow-busy"),
        .compiler = arguments_compiler(args),
    };
    ask->options.compiler.jobs = (int)jobs;
    return true;
}

/* The engine is the one that is installed or was recorded, unless the line names one. */
static bool settle_engine(const struct arguments *args, struct ab_ask *ask, struct error *err)
{
    const struct toolchain *tools = &ask->session.toolchain;
    const struct recorded *recorded = ask->session.recorded;
    struct target *target = &ask->target;

    if (recorded)
        ask->question.device = recorded->device;
    if (!arguments_text(args, "engine", NULL)) {
        char *name = xasprintf("%s:%s", tools->engine, tools->engine_version);
        bool done = !tools->engine[0] || !tools->engine_version[0] ||
                    engine_parse(name, &target->engine, err);
        free(name);
        if (!done)
            return false;
        if (recorded)
            target->engine = recorded->engine;
    }
    if (!engine_shape(&target->engine, &target->model, &target->parallel, &target->shape, err))
        return false;
    ask->question.engine = target->engine;
    ask->question.shape = target->shape;
    return device_supports(&ask->question.device, target->shape.dtype, err);
}

static bool tune_matches(const struct ab_ask *ask, const struct store_tune *tune, struct error *err)
{
    const struct question *q = &ask->question;
    struct store_device device = {0};
    char engine[ENGINE_TEXT_SIZE];

    return strcmp(engine_format(&q->engine, engine, sizeof engine), tune->engine) == 0 &&
           shape_equal(&q->shape, &tune->shape) &&
           text_starts_with(ask->options.backend, tune->backend) && tune->device &&
           store_get_device(ask->store, tune->device, &device, err) &&
           strcmp(device.device.name, q->device.name) == 0;
}

/* The tune of this very layer that was touched last, where there is a database. */
static bool find_tune(const struct arguments *args, struct ab_ask *ask, struct error *err)
{
    char *path = database_path(args, err);
    struct store_tune *tunes = NULL;
    size_t count = 0;

    if (path && path_exists(path))
        ask->store = store_open(path, STORE_WRITE_OR_READ, err);
    else if (!arguments_text(args, "db", NULL))
        *err = (struct error){0};
    else
        error_set(err, ERROR_FAILED, "%s: no such database", arguments_text(args, "db", ""));
    free(path);
    if (!ask->store || !store_list_tunes(ask->store, &tunes, &count, err))
        return err->kind == ERROR_NONE;
    for (size_t i = 0; i < count; i++) {
        if (ask->tune.id == 0 && tune_matches(ask, &tunes[i], err))
            ask->tune = tunes[i];
        else
            store_tune_free(&tunes[i]);
    }
    free(tunes);
    return err->kind == ERROR_NONE;
}

/* --m, else every M that either side has an entry for. */
static bool read_ms(const struct arguments *args, struct ab_ask *ask, struct error *err)
{
    struct config_file all = {0};
    const char *text = arguments_text(args, "m", NULL);
    struct question *q = &ask->question;

    q->batch_size_count = 0;
    if (text)
        return question_set_batch_sizes(q, text, err);
    for (int g = 0; g < GEMM_COUNT; g++) {
        for (size_t i = 0; i < ask->a.entries[g].count; i++)
            config_file_set(&all, ask->a.entries[g].entries[i].m, &(struct tile){0});
        for (size_t i = 0; i < ask->b.entries[g].count; i++)
            config_file_set(&all, ask->b.entries[g].entries[i].m, &(struct tile){0});
    }
    struct text list = {0};
    for (size_t i = 0; i < all.count; i++)
        text_add(&list, "%s%d", i ? "," : "", all.entries[i].m);
    config_file_free(&all);
    bool done = list.length > 0 ? question_set_batch_sizes(q, list.data, err)
                                : error_set(err, ERROR_USAGE, "ab: a batch size is needed: --m 64");
    text_free(&list);
    return done;
}

static bool make_jobs(struct ab_ask *ask, struct error *err)
{
    const struct question *q = &ask->question;

    ask->jobs = xcalloc((size_t)q->batch_size_count + 1, sizeof *ask->jobs);
    for (int i = 0; i < q->batch_size_count; i++) {
        struct ab_job *job = &ask->jobs[ask->job_count++];
        job->m = q->batch_sizes[i];
        job->budget = (int)ask->blocks;
        job->comparisons = q->batch_size_count;
        job->seed = q->seed + (unsigned long long)i;
        memcpy(job->gemms, ask->gemms, sizeof job->gemms);
        if (!ab_source_at(&ask->a, ask, job->m, ask->gemms, &job->a, err) ||
            !ab_source_at(&ask->b, ask, job->m, ask->gemms, &job->b, err))
            return error_prefix(err, "M=%d", job->m);
    }
    return true;
}

bool ab_ask(const struct arguments *args, struct ab_ask *ask, struct error *err)
{
    *ask = (struct ab_ask){0};
    question_defaults(&ask->question);
    return target_resolve(args, arguments_operand(args, 0), &ask->target, err) &&
           read_options(args, ask, err) && pick_backend(args, ask, err) &&
           session_open(&ask->session, &ask->question, &ask->options, err) &&
           settle_engine(args, ask, err) && find_tune(args, ask, err) &&
           ab_source_read(ask->texts[0], ask, &ask->a, err) &&
           ab_source_read(ask->texts[1], ask, &ask->b, err) && read_ms(args, ask, err) &&
           make_jobs(ask, err);
}

void ab_ask_free(struct ab_ask *ask)
{
    session_close(&ask->session);
    question_free(&ask->question);
    ab_source_free(&ask->a);
    ab_source_free(&ask->b);
    store_tune_free(&ask->tune);
    store_close(ask->store);
    free(ask->jobs);
}
