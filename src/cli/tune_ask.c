/* SPDX-License-Identifier: MIT */
#include "cli/tune_ask.h"

#include "base/path.h"
#include "base/text.h"
#include "store/store.h"
#include "tuner/incumbent.h"
#include "worker/client.h"
#include "worker/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_time(const char *text, double *seconds, struct error *err)
{
    static const struct {
        const char *unit;
        double seconds;
    } units[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"", 1}};

    for (size_t i = 0; text && i < sizeof units / sizeof units[0]; i++) {
        size_t length = strlen(text) - strlen(units[i].unit);
        char *number;
        bool fine;

        if (!text_ends_with(text, units[i].unit))
            continue;
        number = xstrndup(text, length);
        fine = text_to_double(number, seconds) && *seconds > 0;
        free(number);
        *seconds *= units[i].seconds;
        return fine || error_set(err, ERROR_USAGE, "--time %s: write 90s, 10m or 2h", text);
    }
    return true;
}

static bool read_effort(const struct arguments *args, enum effort *effort, struct error *err)
{
    bool quick = arguments_flag(args, "quick"), exhaustive = arguments_flag(args, "exhaustive");

    if (quick + exhaustive + arguments_flag(args, "full") > 1)
        return error_set(err, ERROR_USAGE, "one of --quick, --full and --exhaustive");
    *effort = quick ? EFFORT_QUICK : exhaustive ? EFFORT_EXHAUSTIVE : EFFORT_FULL;
    return true;
}

static bool read_question(const struct arguments *args, struct question *q, struct error *err)
{
    const char *sizes = arguments_text(args, "batch-sizes", NULL);
    long seed;

    if (!read_effort(args, &q->effort, err) ||
        !read_time(arguments_text(args, "time", NULL), &q->budget_s, err) ||
        !arguments_gemms(args, "both", q->gemms, err) ||
        !arguments_routing(args, &q->routing, &q->zipf, q->routing_file, err) ||
        !arguments_int(args, "seed", 0, 1L << 52, 1, &seed, err) ||
        (sizes && !question_set_batch_sizes(q, sizes, err)))
        return false;
    q->seed = (unsigned long long)seed;
    q->hot = arguments_flag(args, "hot");
    return true;
}

void tune_card_ask(struct tune_card *card, int ordinal)
{
    struct client_options client_options = {.backend = "cuda", .ordinal = ordinal};
    struct client *client;

    if (card->asked)
        return;
    card->asked = true;
    client = client_open(&client_options, &card->why);
    card->there = client != NULL;
    if (client)
        card->device = client_hello(client)->device;
    if (card->keep)
        card->worker = client;
    else
        client_close(client, false);
}

static bool take_recording(const struct arguments *args, const struct recorded *recorded,
    struct tune_ask *ask, struct error *err)
{
    struct question *q = &ask->question;
    struct target *target = &ask->target;

    q->device = recorded->device;
    snprintf(target->triton, sizeof target->triton, "%.31s", recorded->triton);
    if (!arguments_text(args, "engine", NULL)) {
        target->engine = recorded->engine;
        if (!engine_shape(
                &recorded->engine, &target->model, &target->parallel, &target->shape, err))
            return false;
    }
    return replay_holds(
        recorded, &target->engine, &target->shape, q->batch_sizes, q->batch_size_count, err);
}

/* A recording brings its device with it, and its engine unless one is named. */
static bool ask_recording(
    const struct arguments *args, const char *backend, struct tune_ask *ask, struct error *err)
{
    const char *file = strchr(backend, ':');
    char *path = replay_path(file ? file + 1 : NULL, err);
    struct recorded *recorded = path ? recorded_open(path, err) : NULL;
    bool done = recorded && take_recording(args, recorded, ask, err);

    free(path);
    recorded_free(recorded);
    return done;
}

/* A device named by its architecture is any card of that. */
static bool is_device(const struct device *named, const struct device *device)
{
    return text_starts_with(named->name, "sm_") ? named->arch == device->arch
                                                : strcmp(named->name, device->name) == 0;
}

static bool ask_plan(struct tune_ask *ask)
{
    ask->options.backend = "none";
    ask->question.device = ask->target.device;
    snprintf(ask->note, sizeof ask->note, "no %.100s here: a plan, nothing is measured",
        ask->target.device.name);
    return true;
}

static bool ask_device(
    const struct arguments *args, struct tune_card *card, struct tune_ask *ask, struct error *err)
{
    const char *backend = arguments_text(args, "backend", NULL);
    bool named = arguments_flag(args, "device");

    if (backend && strcmp(backend, "none") == 0)
        return ask_plan(ask);
    if (backend && text_starts_with(backend, "replay")) {
        ask->options.backend = backend;
        return ask_recording(args, backend, ask, err);
    }
    if (backend && strcmp(backend, "cuda") != 0)
        return error_set(
            err, ERROR_USAGE, "--backend %s: cuda, replay, replay:FILE or none", backend);
    ask->options.backend = "cuda";
    tune_card_ask(card, ask->options.device_ordinal);
    if (card->there && (!named || is_device(&ask->target.device, &card->device))) {
        ask->question.device = card->device;
        return true;
    }
    if (backend && card->there)
        return error_set(err, ERROR_DEVICE, "--device %s: the card here is a %s",
            arguments_text(args, "device", ""), card->device.name);
    if (backend)
        return error_set(err, card->why.kind, "%s", card->why.text);
    if (named)
        return ask_plan(ask);
    ask->options.backend = "replay";
    if (!ask_recording(args, "replay", ask, err))
        return error_set(err, ERROR_DEVICE, "no card can be used (%.400s) and %.400s",
            card->why.text, err->text);
    snprintf(ask->note, sizeof ask->note, "no card can be used (%.180s): recorded figures",
        card->why.text);
    return true;
}

/* Looked at early, so that a file which cannot be read stops before anything is compiled. */
static bool look_at_incumbent(const struct tune_ask *ask, struct error *err)
{
    struct store_incumbent incumbent = {0};
    bool done = !ask->options.incumbent ||
                incumbent_read(ask->options.incumbent, &ask->question, &incumbent, err);

    store_incumbent_free(&incumbent);
    return done;
}

static bool read_options(const struct arguments *args, struct tune_ask *ask, struct error *err)
{
    struct tuner_options *o = &ask->options;
    const char *pace = arguments_text(args, "pace", "0");
    long ordinal, jobs;

    if (!arguments_int(args, "device-ordinal", 0, 64, 0, &ordinal, err) ||
        !arguments_int(args, "jobs", 1, 1024, 0, &jobs, err))
        return false;
    if (!text_to_double(pace, &o->pace) || o->pace < 0)
        return error_set(err, ERROR_USAGE, "--pace %s: a number, 1 is the card's own", pace);
    o->device_ordinal = (int)ordinal;
    o->incumbent = arguments_text(args, "incumbent", NULL);
    o->no_incumbent = arguments_flag(args, "no-incumbent");
    o->again = arguments_flag(args, "again");
    o->allow_busy = arguments_flag(args, "allow-busy");
    o->compiler = arguments_compiler(args);
    o->compiler.jobs = (int)jobs;
    ask->db = arguments_text(args, "db", NULL) ? xstrdup(arguments_text(args, "db", NULL))
                                               : store_default_path();
    o->db = ask->db;
    return ask->db ||
           error_set(err, ERROR_USAGE, "no HOME: name a database with --db or MOEBENCH_DB");
}

bool tune_ask_on(const struct arguments *args, const char *model, struct tune_card *card,
    struct tune_ask *ask, struct error *err)
{
    struct question *q = &ask->question;

    memset(ask, 0, sizeof *ask);
    question_defaults(q);
    space_free(&q->space);
    if (!target_resolve(args, model, &ask->target, err) || !target_space(args, &q->space, err) ||
        !read_question(args, q, err) || !read_options(args, ask, err) ||
        !ask_device(args, card, ask, err))
        return false;
    snprintf(q->model, sizeof q->model, "%s", ask->target.model.name);
    q->engine = ask->target.engine;
    q->shape = ask->target.shape;
    q->tp = ask->target.parallel.tp;
    q->ep = ask->target.parallel.ep;
    return look_at_incumbent(ask, err);
}

bool tune_ask(
    const struct arguments *args, const char *model, struct tune_ask *ask, struct error *err)
{
    struct tune_card card = {0};

    return tune_ask_on(args, model, &card, ask, err);
}

/* By what it was answered before; --backend may name another file of it, not another back-end. */
static bool read_backend(const char *given, const char *kind, const struct store_tune *tune,
    struct tune_ask *ask, struct error *err)
{
    bool named = given && text_starts_with(given, kind);

    if (named || !tune->recording)
        ask->backend = xstrdup(named ? given : kind);
    else
        ask->backend = xasprintf("%s:%s", kind, tune->recording);
    ask->options.backend = ask->backend;
    return named || !tune->recording || path_exists(tune->recording) ||
           error_set(err, ERROR_FAILED,
               "%s: the recording behind tune %lld is not there any more; name it where it is now: "
               "--backend replay:FILE",
               tune->recording, tune->id);
}

static bool read_stored(const struct arguments *args, struct store *store, long long id,
    struct tune_ask *ask, struct error *err)
{
    char kind[16];
    struct store_tune *tunes = NULL;
    size_t count = 0, at = 0;
    bool done = store_list_tunes(store, &tunes, &count, err);

    while (id && at < count && tunes[at].id != id)
        at++;
    if (done && at == count)
        done = error_set(
            err, ERROR_USAGE, "%s holds no such tune; name a model: moebench MODEL", ask->db);
    if (done)
        done = question_from_json(tunes[at].question, &ask->question, kind, err) &&
               read_backend(arguments_text(args, "backend", NULL), kind, &tunes[at], ask, err);
    for (size_t i = 0; i < count; i++)
        store_tune_free(&tunes[i]);
    free(tunes);
    return done;
}

bool tune_ask_stored(
    const struct arguments *args, long long id, struct tune_ask *ask, struct error *err)
{
    struct store *store = NULL;
    bool done;

    memset(ask, 0, sizeof *ask);
    if (!read_options(args, ask, err))
        return false;
    if (!path_exists(ask->db))
        return error_set(
            err, ERROR_USAGE, "%s: no database yet; name a model: moebench MODEL", ask->db);
    store = store_open(ask->db, STORE_READ, err);
    done = store && read_stored(args, store, id, ask, err);
    store_close(store);
    return done;
}

void tune_ask_free(struct tune_ask *ask)
{
    question_free(&ask->question);
    free(ask->backend);
    free(ask->db);
}
