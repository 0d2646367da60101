/* SPDX-License-Identifier: MIT */
#include "cli/check_files.h"
#include "cli/check_model.h"
#include "cli/check_print.h"
#include "cli/commands.h"
#include "cli/database.h"

#include "base/path.h"
#include "base/text.h"
#include "gpu/card.h"
#include "tuner/incumbent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option_spec import_options[] = {
    {"engine", "NAME[:VERSION]", "whose file it is (the version that asks for its name)"},
    {"device", "NAME", "the GPU of the tunes (by the file's name)"},
    {"model", "MODEL", "its layer (that of the newest tune which asks for the file's name)"},
    CHECK_MODEL_OPTIONS,
    DATABASE_OPTION,
    {"json", NULL, "print JSON"},
    {0},
};

/* One import on its way. */
struct import {
    const char *path;
    struct config_name name; /* of the file, where `named` */
    bool named;
    struct question question; /* of the layer */
    struct store_incumbent incumbent;
    struct checked_set set;
    struct text left_out;
    int runs;           /* at how many of the usual M */
    long long finished; /* a finished tune of the layer, 0: none */
};

static void import_free(struct import *import)
{
    question_free(&import->question);
    store_incumbent_free(&import->incumbent);
    checked_set_free(&import->set);
    text_free(&import->left_out);
}

static bool asks_for(const struct question *question, const char *name)
{
    char asked[ENGINE_NAME_SIZE];

    return engine_file_name(
               &question->engine, &question->shape, &question->device, GEMM_UP, asked) &&
           strcmp(asked, name) == 0;
}

/* The card whose figures count: the tunes', which need not be the file's. */
static bool find_device(
    const struct arguments *args, struct import *import, struct device *device, struct error *err)
{
    const char *wish = arguments_text(args, "device", NULL);

    *device = (struct device){0};
    if (wish)
        return device_find(wish, device, err);
    if (!import->named)
        return card_device(device, NULL) ||
               error_set(err, ERROR_USAGE, "%s: its name tells no device: --device says which",
                   import->path);
    if (!device_find(import->name.device, device, NULL))
        snprintf(device->name, sizeof device->name, "%s", import->name.device);
    return true;
}

/* The engine's version that asks for the file's very name, else the newest. */
static bool find_engine(const struct arguments *args, struct import *import,
    struct check_model *model, struct error *err)
{
    const char *wish = arguments_text(args, "engine", NULL);
    struct question *q = &import->question;

    for (size_t i = 0; !wish && engine_known(i, &q->engine); i++) {
        struct check_model copy = *model;

        if (check_model_shape(&copy, &q->engine, &q->shape, NULL) &&
            asks_for(q, path_basename(import->path)))
            return true;
    }
    return engine_parse(wish ? wish : "sglang", &q->engine, err) &&
           check_model_shape(model, &q->engine, &q->shape, err);
}

static bool layer_of_model(const struct arguments *args, struct import *import, struct error *err)
{
    struct check_model *model = xcalloc(1, sizeof *model);
    struct question *q = &import->question;
    bool done = check_model_load(args, model, err) && find_device(args, import, &q->device, err) &&
                find_engine(args, import, model, err);

    if (done) {
        snprintf(q->model, sizeof q->model, "%s", model->model.name);
        q->tp = model->parallel.tp;
        q->ep = model->parallel.ep;
    }
    free(model);
    return done;
}

/* All but what was asked of it: every usual M, both GEMMs. */
static void take_layer(struct question *to, const struct question *from)
{
    memcpy(to->model, from->model, sizeof to->model);
    to->engine = from->engine;
    to->shape = from->shape;
    to->device = from->device;
    to->tp = from->tp;
    to->ep = from->ep;
}

/* The layer of the newest tune whose engine asks for this name. */
static bool layer_of_tune(struct store *store, struct import *import, struct error *err)
{
    const char *name = path_basename(import->path);
    struct store_tune *tunes;
    size_t count;
    bool found = false;

    if (!store_list_tunes(store, &tunes, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct question question = {0};
        if (!found && question_from_json(tunes[i].question, &question, NULL, NULL) &&
            asks_for(&question, name)) {
            found = true;
            take_layer(&import->question, &question);
        }
        question_free(&question);
        store_tune_free(&tunes[i]);
    }
    free(tunes);
    return found || error_set(err, ERROR_USAGE,
                        "%s: no tune in %s asks for this name; say whose file it is: --model MODEL "
                        "--tp N",
                        name, store_path(store));
}

/* A finished tune races nothing by itself: the user is told what does. */
static bool look_for_finished(struct store *store, struct import *import, struct error *err)
{
    struct store_tune *tunes;
    size_t count;

    if (!store_list_tunes(store, &tunes, &count, err))
        return false;
    for (size_t i = count; i-- > 0;) {
        struct question question;
        char *layer = NULL;
        if (question_from_json(tunes[i].question, &question, NULL, NULL))
            layer = incumbent_layer(&question);
        if (layer && strcmp(layer, import->incumbent.layer) == 0)
            import->finished = tunes[i].state == TUNE_DONE ? tunes[i].id : 0;
        free(layer);
        question_free(&question);
        store_tune_free(&tunes[i]);
    }
    free(tunes);
    return true;
}

/* Every fault as `check` finds it, for this engine and layer. */
static bool check(struct import *import, struct error *err)
{
    const struct question *q = &import->question;
    char engine[ENGINE_TEXT_SIZE];
    struct device known;
    struct check_wishes wishes = {.engine = engine_format(&q->engine, engine, sizeof engine)};
    wishes.device = device_find(q->device.name, &known, NULL) ? q->device.name : NULL;
    bool done = checked_set_add(&import->set, import->path, err) &&
                (!import->incumbent.down_path ||
                    checked_set_add(&import->set, import->incumbent.down_path, err)) &&
                checked_set_resolve(&import->set, &wishes, err);

    for (size_t i = 0; done && i < import->set.count; i++) {
        struct checked_file *item = &import->set.items[i];
        char asked[ENGINE_NAME_SIZE];
        enum gemm gemm = i == 0 ? GEMM_UP : GEMM_DOWN;
        if (!engine_file_name(&q->engine, &q->shape, &q->device, gemm, asked) ||
            strcmp(item->place.name, asked) == 0)
            continue;
        config_fault_add(&item->faults, FAULT_WARN, "model", FAULT_WHOLE_FILE,
            "the engine asks for another name, %s", asked);
        item->named = config_name_parse(asked, &item->name, NULL); /* whose entries these are now */
    }
    if (done)
        checked_set_check(&import->set);
    for (size_t i = 0; i < import->set.count; i++)
        config_faults_sort(&import->set.items[i].faults);
    return done;
}

static void print_json(const struct import *import, const char *db)
{
    const struct store_incumbent *i = &import->incumbent;
    struct json *json = json_new_object(), *files;

    json_add_int(json, "import", i->id);
    json_add_string(json, "db", db);
    json_add_string(json, "path", i->path);
    json_add_string(json, "down_path", i->down_path);
    json_add_string(json, "sha256", i->hash);
    json_add_string(json, "model", i->model);
    json_add_string(json, "engine", i->engine);
    json_add_string(json, "device", i->device);
    shape_add_json(json_add_object(json, "shape"), &import->question.shape);
    json_add_int(json, "runs_at", import->runs);
    json_add_int(json, "of", import->question.batch_size_count);
    json_add_string(json, "left_out", import->left_out.data ? import->left_out.data : "");
    files = json_add_array(json, "files");
    for (size_t k = 0; k < import->set.count; k++)
        checked_file_add_json(files, &import->set.items[k]);
    command_print_json(json);
}

static void print_text(const struct import *import, const char *db)
{
    const struct store_incumbent *i = &import->incumbent;
    const struct shape *shape = &import->question.shape;

    for (size_t k = 0; k < import->set.count; k++)
        checked_file_print(&import->set.items[k], false);
    fputs(import->left_out.data ? import->left_out.data : "", stdout);
    printf("import %lld in %s: runs at %d of %d M\n", i->id, db, import->runs,
        import->question.batch_size_count);
    printf("  layer   %s, %s on %s: E=%d, N=%d, K=%d, top_k=%d, %s\n", i->model, i->engine,
        i->device, shape->experts, shape->intermediate, shape->hidden, shape->top_k,
        dtype_name(shape->dtype));
    printf("  sha256  %s\n", i->hash);
    if (import->finished)
        printf("  next    tune %lld is finished without it: moebench tune .. --again, or: moebench "
               "ab .. --a %s --b choice\n",
            import->finished, i->path);
    else
        printf("  next    the tunes of this layer race it: moebench tune\n");
}

static bool import_read(
    const struct arguments *args, struct import *import, struct store *store, struct error *err)
{
    import->path = arguments_operand(args, 0);
    import->named = config_name_parse(path_basename(import->path), &import->name, NULL);
    if (import->named && import->name.down)
        return error_set(err, ERROR_USAGE,
            "%s: the down file is taken with the up file beside it: name that one", import->path);
    if (!path_exists(import->path))
        return error_set(err, ERROR_FAILED, "%s: no such file", import->path);
    if (!(arguments_text(args, "model", NULL) ? layer_of_model(args, import, err)
                                              : layer_of_tune(store, import, err)) ||
        !incumbent_read(import->path, &import->question, &import->incumbent, err) ||
        !check(import, err) || !look_for_finished(store, import, err))
        return false;
    struct tile(*tiles)[TUNE_BATCH_SIZES] = xcalloc(GEMM_COUNT, sizeof *tiles);
    import->runs =
        incumbent_resolve(&import->incumbent, &import->question, tiles, &import->left_out);
    free(tiles);
    return import->runs > 0 ||
           error_set(err, ERROR_FAILED, "%s: none of its entries can run here:\n%s", import->path,
               import->left_out.data ? import->left_out.data : "");
}

static int import_run(const struct arguments *args, struct error *err)
{
    struct store *store = database_open(args, STORE_WRITE, err);
    struct import *import = xcalloc(1, sizeof *import);

    question_defaults(&import->question);
    if (store && import_read(args, import, store, err)) {
        import->incumbent.how = INCUMBENT_IMPORTED;
        if (store_put_incumbent(store, &import->incumbent, err)) {
            if (arguments_flag(args, "json"))
                print_json(import, store_path(store));
            else
                print_text(import, store_path(store));
        }
    }
    if (err->kind != ERROR_NONE)
        error_prefix(err, "import");
    import_free(import);
    free(import);
    store_close(store);
    return 0;
}

const struct command cmd_import = {
    .name = "import",
    .operands = "FILE",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "an engine's file as what the tunes of its layer have to beat",
    .details =
        "Keeps the file, and the _down file beside it, in the database. A tune of the same\n"
        "layer, engine and device then has its tiles among its candidates, holds its own\n"
        "choice against it at every M and shows both. Of several imports the newest counts.\n"
        "Faults are reported as `check` does; refused is only what cannot run.\n",
    .options = import_options,
    .run = import_run,
};
