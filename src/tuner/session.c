/* SPDX-License-Identifier: MIT */
#include "tuner/session.h"

#include "base/text.h"
#include "worker/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fill_setup(const struct session *session, struct setup *setup)
{
    const struct question *q = session->question;

    *setup = (struct setup){
        .engine = q->engine,
        .shape = q->shape,
        .max_m = q->batch_sizes[q->batch_size_count - 1],
        .routing = q->routing,
        .zipf = q->zipf,
        .seed = q->seed,
        .hot = q->hot,
        .allow_busy = session->options.allow_busy,
    };
    if (setup->max_m < 2)
        setup->max_m = 2; /* every kernel is checked at two M */
    memcpy(setup->routing_file, q->routing_file, sizeof setup->routing_file);
}

static bool open_recorded(struct session *session, struct error *err)
{
    const char *file = strchr(session->options.backend, ':');
    char *path;

    if (session->question->routing != ROUTING_UNIFORM || session->question->hot)
        return error_set(err, ERROR_DEVICE,
            "%s: a recorded set answers for uniform routing and cold caches only",
            session->question->hot ? "--hot" : "--routing");
    path = replay_path(file ? file + 1 : NULL, err);
    session->recorded = path ? recorded_open(path, err) : NULL;
    free(path);
    if (session->recorded)
        replay_toolchain(session->recorded, &session->toolchain);
    return session->recorded != NULL;
}

bool session_open(struct session *session, const struct question *question,
    const struct session_options *options, struct error *err)
{
    struct compiler_options compiler = options->compiler;
    struct setup setup;

    *session = (struct session){.options = *options, .question = question};
    if (text_starts_with(options->backend, "replay"))
        return open_recorded(session, err);
    compiler.arch = question->device.arch;
    session->compiler = compiler_start(&compiler, err);
    if (!session->compiler)
        return false;
    fill_setup(session, &setup);
    session->begun = options->worker && options->early &&
                     client_begin_setup(session->options.worker, &setup, NULL);
    if (!compiler_greet(session->compiler, err))
        return false;
    session->toolchain = *compiler_toolchain(session->compiler);
    return true;
}

void session_build(const struct session *session, struct store_build *build)
{
    const struct question *q = session->question;
    const struct toolchain *chain = &session->toolchain;

    *build = (struct store_build){.arch = q->device.arch};
    snprintf(build->engine, sizeof build->engine, "%s", engine_name(&q->engine));
    snprintf(build->engine_version, sizeof build->engine_version, "%s",
        chain->engine_version[0] ? chain->engine_version : q->engine.version);
    snprintf(build->kernel_hash, sizeof build->kernel_hash, "%s", chain->kernel_hash);
    snprintf(build->triton, sizeof build->triton, "%s", chain->triton);
    snprintf(build->ptxas, sizeof build->ptxas, "%s", chain->ptxas_version);
    snprintf(build->variant, sizeof build->variant, "%s%s%s", dtype_name(q->shape.dtype),
        q->shape.per_channel ? ",channel" : "", q->shape.block_n ? ",block" : "");
}

static bool set_up(struct session *session, struct error *err)
{
    struct setup setup;

    fill_setup(session, &setup);
    return client_setup(session->client, &setup, &session->report, err);
}

bool session_start_worker(struct session *session, struct error *err)
{
    struct client_options options = {
        .backend = session->options.backend,
        .ordinal = session->options.device_ordinal,
        .pace = session->options.pace,
    };
    bool begun = session->begun;

    session_drop_worker(session);
    session->client = session->options.worker;
    session->options.worker = NULL;
    session->begun = false;
    if (begun)
        return client_end_setup(session->client, &session->report, err);
    if (!session->client)
        session->client = client_open(&options, err);
    return session->client && set_up(session, err);
}

void session_drop_worker(struct session *session)
{
    client_close(session->client, true);
    session->client = NULL;
}

bool session_submit(struct session *session, enum gemm gemm, const struct tile *tile,
    long long *ticket, struct error *err)
{
    const struct question *q = session->question;
    struct compile_result *result;

    if (!session->recorded) {
        *ticket = compiler_submit(session->compiler, &q->engine, &q->shape, gemm, tile, err);
        return *ticket > 0;
    }
    session->waiting =
        xrealloc(session->waiting, session->waiting_count + 1, sizeof *session->waiting);
    result = &session->waiting[session->waiting_count++];
    memset(result, 0, sizeof *result);
    replay_compile(session->recorded, gemm, tile, result);
    result->ticket = *ticket = ++session->jobs;
    return true;
}

bool session_cancel(struct session *session)
{
    if (session->recorded || compiler_pending(session->compiler) == 0)
        return false;
    compiler_cancel(session->compiler);
    return true;
}

size_t session_pending(const struct session *session)
{
    return session->recorded ? session->waiting_count : compiler_pending(session->compiler);
}

bool session_next(struct session *session, double timeout, struct compile_result *result)
{
    if (!session->recorded)
        return compiler_next(session->compiler, timeout, result);
    if (session->waiting_count == 0)
        return false;
    *result = session->waiting[--session->waiting_count];
    return true;
}

int session_fd(const struct session *session)
{
    return session->compiler ? compiler_fd(session->compiler) : -1;
}

void session_close(struct session *session)
{
    client_close(session->client, false);
    client_close(session->options.worker, true);
    compiler_close(session->compiler);
    recorded_free(session->recorded);
    for (size_t i = 0; i < session->waiting_count; i++)
        kernel_free(&session->waiting[i].kernel);
    free(session->waiting);
    memset(session, 0, sizeof *session);
}
