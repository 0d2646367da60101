/* SPDX-License-Identifier: MIT */
#include "tuner/tuner_state.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "tuner/result.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tuner_event(struct tuner *tuner, const char *kind, const char *format, ...)
{
    char text[400];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (strcmp(kind, "phase") != 0) /* what comes with every start hides no news */
        tuner_view_event(tuner, text, strcmp(kind, "choice") == 0);
    log_line("tune %lld: %s: %s", tuner->tune.id, kind, text);
    if (tuner->store && store_writable(tuner->store) && tuner->tune.id > 0)
        store_add_event(tuner->store, tuner->tune.id, kind, text, NULL);
}

static bool add_tune(struct tuner *tuner, const char *question, struct error *err)
{
    const struct question *q = &tuner->question;
    struct store_tune *tune = &tuner->tune;

    *tune = (struct store_tune){
        .question = xstrdup(question),
        .shape = q->shape,
        .device = tuner->device.id,
        .seed = q->seed,
        .state = TUNE_UNFINISHED,
    };
    snprintf(tune->model, sizeof tune->model, "%s TP%d", q->model, q->tp);
    engine_format(&q->engine, tune->engine, sizeof tune->engine);
    snprintf(tune->backend, sizeof tune->backend, "%s", tuner->view.backend);
    tuner->added = store_add_tune(tuner->store, tune, err);
    return tuner->added;
}

/* What answers from now on; it is stored with the build. */
static void take_recording(struct tuner *tuner)
{
    const char *file = strchr(tuner->options.backend, ':');

    free(tuner->tune.recording);
    tuner->tune.recording = file ? realpath(file + 1, NULL) : NULL;
}

void tuner_keep_tidy(struct tuner *tuner)
{
    struct error err = {0};

    if (tuner->added && tuner->answers == 0 &&
        !store_drop_empty_tune(tuner->store, tuner->tune.id, &err))
        log_line("tune %lld: %s", tuner->tune.id, err.text);
}

/* A reader finds its tune, or says whose the database is. */
static bool find_held(struct tuner *tuner, const char *question, struct error *err)
{
    struct error missing = {0};

    if (store_find_tune(tuner->store, question, &tuner->tune, &missing))
        return true;
    if (missing.kind != ERROR_NONE)
        return error_set(err, missing.kind, "%s", missing.text);
    return error_set(err, ERROR_FAILED,
        "%s: %s, and does not hold this tune; `moebench --db FILE` follows the tune that runs. "
        "Wait for it, or use another file: --db FILE, MOEBENCH_DB",
        store_path(tuner->store), store_notice(tuner->store));
}

bool tuner_keep_open(struct tuner *tuner, struct error *err)
{
    enum store_mode mode = tuner->options.follow ? STORE_WRITE_OR_READ : STORE_WRITE;
    struct error missing = {0};
    char *question;
    bool done = false;

    snprintf(tuner->view.backend, sizeof tuner->view.backend, "%.*s",
        (int)strcspn(tuner->options.backend, ":"), tuner->options.backend);
    tuner->view.recorded = strcmp(tuner->view.backend, "replay") == 0;
    question = question_json(&tuner->question, tuner->view.backend);
    tuner->store = store_open(tuner->options.db, mode, err);
    tuner->device.device = tuner->question.device;
    if (tuner->store && !store_writable(tuner->store)) {
        done = find_held(tuner, question, err);
        tuner->view.tune = tuner->tune.id;
        goto out;
    }
    if (!tuner->store || !store_put_device(tuner->store, &tuner->device, err))
        goto out;
    if (!tuner->options.again && store_find_tune(tuner->store, question, &tuner->tune, &missing))
        done = true;
    else if (missing.kind != ERROR_NONE)
        error_set(err, missing.kind, "%s", missing.text);
    else
        done = add_tune(tuner, question, err);
    take_recording(tuner);
    tuner->view.tune = tuner->tune.id;
    snprintf(tuner->view.notice, sizeof tuner->view.notice, "%s", store_notice(tuner->store));
    if (tuner->view.notice[0])
        tuner_event(tuner, "note", "%s", tuner->view.notice);
out:
    free(question);
    return done;
}

/* The samples of a chunk by item, in the order taken; returns how many items have any. */
static size_t gather(struct tuner *tuner, const struct race_step *step,
    const struct measure_chunk *chunk, float samples[CHUNK_SAMPLES],
    struct store_measurement measurements[CHUNK_SAMPLES])
{
    int *firsts = xcalloc((size_t)step->count + 1, sizeof *firsts);
    size_t count = 0;

    for (int k = 0; k < chunk->sample_count; k++)
        firsts[chunk->samples[k].item + 1]++;
    for (int i = 0; i < step->count; i++) {
        const struct race_item *item = &step->items[i];
        const int first = firsts[i], taken = firsts[i + 1];
        firsts[i + 1] += first;
        if (taken == 0)
            continue;
        measurements[count++] = (struct store_measurement){
            .key = {item->gemm, item->m, tuner->question.hot, tuner->plan.tiles[item->tile].tile},
            .status = chunk->suspect ? POINT_SUSPECT : POINT_OK,
            .launches = chunk->launches / chunk->sample_count,
            .sm_mhz = (float)tuner_known(chunk->clock_mhz),
            .samples = samples + first,
            .count = (size_t)taken,
        };
    }
    for (int k = 0; k < chunk->sample_count; k++)
        samples[firsts[chunk->samples[k].item]++] = chunk->samples[k].us;
    free(firsts);
    return count;
}

bool tuner_keep_chunk(struct tuner *tuner, const struct race_step *step,
    const struct measure_chunk *chunk, bool counts, struct error *err)
{
    float samples[CHUNK_SAMPLES];
    struct store_measurement *measurements = xcalloc(CHUNK_SAMPLES, sizeof *measurements);
    struct store_chunk row = {
        .tune = tuner->tune.id,
        .build = tuner->build.id,
        .phase = step->phase,
        .time = clock_wall(),
        .wall_s = (float)chunk->wall_s,
        .gpu_s = (float)chunk->gpu_s,
        .launches = chunk->launches,
        .routing_seed = tuner->question.seed,
        .sm_mhz = (float)tuner_known(chunk->clock_mhz),
        .sm_mhz_min = (float)tuner_known(chunk->clock_mhz),
        .temperature_c = (float)tuner_known(chunk->temperature_c),
        .power_w = (float)tuner_known(chunk->power_w),
        .sentinel = (float)(1 + chunk->sentinel),
        .suspect = chunk->suspect && !counts,
        .measurements = measurements,
    };
    bool done;

    row.count = gather(tuner, step, chunk, samples, measurements);
    snprintf(row.method, sizeof row.method, "graph, cold by rotation");
    row.done = tuner->view.points_done; /* as published last */
    row.total = tuner->view.points_done + tuner->view.points_left;
    for (size_t i = 0; counts && i < row.count; i++)
        measurements[i].status = POINT_OK;
    done = store_write_chunk(tuner->store, &row, err);
    free(measurements);
    return done;
}

bool tuner_keep_compile(struct tuner *tuner, enum gemm gemm, int tile,
    const struct compile_result *result, struct error *err)
{
    const struct kernel *kernel = &result->kernel;
    bool known = result->status == COMPILE_OK || kernel->shared_bytes > 0;
    struct store_compile fact = {
        .gemm = gemm,
        .tile = tuner->plan.tiles[tile].tile,
        .status = result->status == COMPILE_OK             ? POINT_OK
                  : result->status == COMPILE_DOES_NOT_FIT ? POINT_DOES_NOT_FIT
                                                           : POINT_COMPILE_FAILED,
        .shared_bytes = known ? kernel->shared_bytes : -1,
        .registers = known ? kernel->registers : -1,
        .spill_bytes = known ? kernel->spill_bytes : -1,
        .seconds = (float)kernel->seconds,
    };

    snprintf(fact.cubin, sizeof fact.cubin, "%s", kernel->hash);
    snprintf(fact.reason, sizeof fact.reason, "%.255s", result->text);
    tuner_load_compile(tuner, &fact);
    return store_put_compile(tuner->store, tuner->build.id, &fact, err);
}

bool tuner_keep_check(struct tuner *tuner, enum gemm gemm, int m, const struct tile *tile,
    const struct verify_report *report, struct error *err)
{
    struct store_check check = {
        .key = {gemm, m, false, *tile},
        .right = report->right,
        .error = report->relative_error,
        .nans = report->nan_count,
        .unwritten = report->unwritten,
        .time = clock_wall(),
    };

    return store_put_check(tuner->store, tuner->tune.id, tuner->build.id, &check, err);
}

bool tuner_keep_kill(struct tuner *tuner, const struct race_item *item, enum point_status status,
    const char *why, struct error *err)
{
    struct store_fault fault = {
        .gemm = item->gemm,
        .tile = tuner->plan.tiles[item->tile].tile,
        .m = item->m,
        .status = status,
        .time = clock_wall(),
    };
    int count;

    snprintf(fault.reason, sizeof fault.reason, "%.255s", why);
    return store_add_fault(tuner->store, tuner->tune.id, tuner->build.id, &fault, &count, err);
}

/* "M=16 settled by race: up 112.3 us, 1.42x default; down 55.6 us". */
static void log_choices(struct tuner *tuner, const struct store_choice choices[], size_t count)
{
    struct text line = {0};

    for (size_t i = 0; i < count; i++) {
        const struct store_choice *choice = &choices[i];
        text_add(
            &line, "%s %s %.1f us", i > 0 ? ";" : "", gemm_name(choice->gemm), choice->median_us);
        if (isfinite(choice->default_us))
            text_add(&line, ", %.2fx default", choice->default_us / choice->median_us);
    }
    if (count > 0)
        tuner_event(tuner, "choice", "M=%d settled by %s:%s", choices[0].m,
            choice_source_name(choices[0].source), line.data);
    text_free(&line);
}

bool tuner_keep_decision(
    struct tuner *tuner, int m_index, const struct race_decision *decision, struct error *err)
{
    struct store_choice choices[GEMM_COUNT];
    size_t count = 0;

    for (int g = 0; g < GEMM_COUNT; g++) {
        if (!tuner->question.gemms[g])
            continue;
        choices[count] = (struct store_choice){
            .build = tuner->build.id,
            .gemm = (enum gemm)g,
            .m = tuner->question.batch_sizes[m_index],
            .tile = tuner->plan.tiles[decision->gemm[g].tile].tile,
            .source = decision->source,
            .median_us = decision->gemm[g].median_us,
            .low_us = decision->gemm[g].low_us,
            .high_us = decision->gemm[g].high_us,
            .default_us = decision->gemm[g].default_us,
            .incumbent_us = decision->gemm[g].incumbent_us,
            .verified = decision->gemm[g].verified,
        };
        snprintf(choices[count].reason, sizeof choices[count].reason, "%s", decision->reason);
        count++;
    }
    if (!store_add_choices(tuner->store, tuner->tune.id, choices, count, err))
        return false;
    log_choices(tuner, choices, count);
    return true;
}

bool tuner_keep_state(struct tuner *tuner, enum tune_state state, struct error *err)
{
    struct json *result = result_json(&tuner->view);

    free(tuner->tune.result);
    tuner->tune.result = json_print(result);
    tuner->tune.state = state;
    tuner->tune.done = tuner->view.points_done;
    tuner->tune.total = tuner->view.points_done + tuner->view.points_left;
    json_free(result);
    return store_update_tune(tuner->store, &tuner->tune, err);
}
