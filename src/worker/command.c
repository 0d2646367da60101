/* SPDX-License-Identifier: MIT */
/* Commands of the worker's protocol to lines and back. */
#include "worker/protocol.h"

#include "base/base64.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const char *const op_names[COMMAND_OP_COUNT] = {
    [COMMAND_SETUP] = "setup",
    [COMMAND_SETTLE] = "settle",
    [COMMAND_LOAD] = "load",
    [COMMAND_MEASURE] = "measure",
    [COMMAND_VERIFY] = "verify",
    [COMMAND_CANCEL] = "cancel",
    [COMMAND_BYE] = "bye",
};

/* Seeds use all 64 bits; a JSON number keeps 53 of them. */
static void add_seed(struct json *object, unsigned long long seed)
{
    char *text = xasprintf("%llu", seed);
    json_add_string(object, "seed", text);
    free(text);
}

static void add_tile(struct json *object, const struct tile *tile)
{
    char text[TILE_TEXT_SIZE];
    json_add_string(object, "tile", tile_format(tile, text, sizeof text));
}

static void add_setup(struct json *line, const struct setup *setup)
{
    char engine[ENGINE_TEXT_SIZE];
    json_add_string(line, "engine", engine_format(&setup->engine, engine, sizeof engine));
    shape_add_json(json_add_object(line, "shape"), &setup->shape);
    json_add_int(line, "max_m", setup->max_m);
    json_add_string(line, "routing", routing_kind_name(setup->routing));
    json_add_double(line, "zipf", setup->zipf);
    json_add_string(line, "routing_file", setup->routing_file);
    add_seed(line, setup->seed);
    json_add_bool(line, "hot", setup->hot);
    json_add_bool(line, "allow_busy", setup->allow_busy);
}

static void add_load(struct json *line, const struct worker_command *command)
{
    json_add_string(line, "gemm", gemm_name(command->gemm));
    add_tile(line, &command->tile);
    struct json *kernel = json_add_object(line, "kernel");
    kernel_add_json(kernel, &command->kernel);
    char *cubin = base64_encode(command->kernel.cubin, command->kernel.cubin_size);
    json_add_string(kernel, "cubin", cubin);
    free(cubin);
}

static void add_item(struct json *object, const struct measure_item *item)
{
    json_add_string(object, "kernel", item->kernel);
    json_add_string(object, "gemm", gemm_name(item->gemm));
    json_add_int(object, "m", item->m);
    add_tile(object, &item->tile);
    json_add_int(object, "samples", item->samples);
    json_add_int(object, "drawn", item->drawn);
    json_add_int(object, "discard", item->discard);
    json_add_double(object, "give_up_us", item->give_up_us);
    json_add_int(object, "group", item->group);
}

static void add_job(struct json *line, const struct measure_job *job)
{
    json_add_int(line, "id", job->id);
    json_add_bool(line, "shuffle", job->shuffle);
    json_add_bool(line, "paired", job->paired);
    add_seed(line, job->seed);
    struct json *items = json_add_array(line, "items");
    for (int i = 0; i < job->item_count; i++)
        add_item(json_add_object(items, NULL), &job->items[i]);
}

char *command_print(const struct worker_command *command)
{
    struct json *line = json_new_object();
    json_add_string(line, "op", op_names[command->op]);
    switch (command->op) {
    case COMMAND_SETUP:
        add_setup(line, &command->setup);
        break;
    case COMMAND_LOAD:
        add_load(line, command);
        break;
    case COMMAND_MEASURE:
        add_job(line, &command->job);
        break;
    case COMMAND_VERIFY:
        json_add_int(line, "id", command->id);
        add_item(json_add_object(line, "item"), &command->item);
        break;
    default:
        break;
    }
    char *text = json_print(line);
    json_free(line);
    return text;
}

static bool read_seed(const struct json *object, unsigned long long *seed, struct error *err)
{
    const char *text = json_string(json_get(object, "seed"));
    char *end = NULL;
    if (text)
        *seed = strtoull(text, &end, 10);
    if (text == NULL || end == text || *end)
        return error_set(err, ERROR_FAILED, "seed is missing or no number in quotes");
    return true;
}

static bool read_gemm(const struct json *object, enum gemm *gemm, struct error *err)
{
    const char *name = json_string(json_get(object, "gemm"));
    if (name == NULL || !gemm_parse(name, gemm))
        return error_set(err, ERROR_FAILED, "gemm is neither up nor down");
    return true;
}

static bool read_tile(const struct json *object, struct tile *tile, struct error *err)
{
    const char *text = json_string(json_get(object, "tile"));
    if (text == NULL)
        return error_set(err, ERROR_FAILED, "tile is missing");
    return tile_parse(text, tile, err);
}

static bool read_setup(const struct json *line, struct setup *setup, struct error *err)
{
    const char *engine = json_string(json_get(line, "engine"));
    const char *routing = json_string(json_get(line, "routing"));
    if (engine == NULL || routing == NULL || !routing_kind_parse(routing, &setup->routing))
        return error_set(err, ERROR_FAILED, "engine or routing is missing or unknown");
    setup->hot = json_true(json_get(line, "hot"));
    setup->allow_busy = json_true(json_get(line, "allow_busy"));
    json_double(json_get(line, "zipf"), &setup->zipf);
    return engine_parse(engine, &setup->engine, err) &&
           shape_from_json(json_get(line, "shape"), &setup->shape, err) &&
           json_need_count(line, "max_m", &setup->max_m, err) &&
           read_seed(line, &setup->seed, err) &&
           json_need_text(
               line, "routing_file", setup->routing_file, sizeof setup->routing_file, err);
}

static bool read_load(const struct json *line, struct worker_command *command, struct error *err)
{
    const struct json *object = json_get(line, "kernel");
    const char *cubin = json_string(json_get(object, "cubin"));
    struct kernel *kernel = &command->kernel;
    if (!read_gemm(line, &command->gemm, err) || !read_tile(line, &command->tile, err) ||
        !kernel_from_json(object, kernel, err))
        return false;
    if (cubin)
        kernel->cubin = base64_decode(cubin, &kernel->cubin_size);
    if (kernel->cubin == NULL)
        return error_set(err, ERROR_FAILED, "cubin is missing or no base64");
    return true;
}

static bool read_item(const struct json *object, struct measure_item *item, struct error *err)
{
    json_double(json_get(object, "give_up_us"), &item->give_up_us);
    json_need_count(object, "group", &item->group, NULL);
    return json_need_text(object, "kernel", item->kernel, sizeof item->kernel, err) &&
           read_gemm(object, &item->gemm, err) && read_tile(object, &item->tile, err) &&
           json_need_count(object, "m", &item->m, err) &&
           json_need_count(object, "samples", &item->samples, err) &&
           json_need_count(object, "drawn", &item->drawn, err) &&
           json_need_count(object, "discard", &item->discard, err);
}

static bool read_job(const struct json *line, struct measure_job *job, struct error *err)
{
    const struct json *items = json_get(line, "items");
    if (!json_int(json_get(line, "id"), &job->id) || json_count(items) == 0)
        return error_set(err, ERROR_FAILED, "id or items are missing");
    job->shuffle = json_true(json_get(line, "shuffle"));
    job->paired = json_true(json_get(line, "paired"));
    job->items = xcalloc(json_count(items), sizeof *job->items);
    for (const struct json *item = json_first(items); item; item = json_next(item))
        if (!read_item(item, &job->items[job->item_count++], err))
            return error_prefix(err, "items[%d]", job->item_count - 1);
    return read_seed(line, &job->seed, err);
}

static bool read_id(const struct json *line, long long *id, struct error *err)
{
    return json_int(json_get(line, "id"), id) || error_set(err, ERROR_FAILED, "id is missing");
}

static bool read_fields(const struct json *line, struct worker_command *command, struct error *err)
{
    switch (command->op) {
    case COMMAND_SETUP:
        return read_setup(line, &command->setup, err);
    case COMMAND_LOAD:
        return read_load(line, command, err);
    case COMMAND_MEASURE:
        return read_job(line, &command->job, err);
    case COMMAND_VERIFY:
        return read_id(line, &command->id, err) &&
               read_item(json_get(line, "item"), &command->item, err);
    default:
        return true;
    }
}

bool command_parse(const char *text, struct worker_command *command, struct error *err)
{
    *command = (struct worker_command){0};
    struct json *line = json_parse(text, strlen(text), err);
    if (line == NULL)
        return error_prefix(err, "command");
    const char *name = json_string(json_get(line, "op"));
    int op = text_index(op_names, COMMAND_OP_COUNT, name);
    bool ok = op >= 0 || error_set(err, ERROR_FAILED, "command: no such op");
    if (ok) {
        command->op = (enum command_op)op;
        ok = read_fields(line, command, err) || error_prefix(err, "command %s", name);
    }
    if (!ok)
        command_free(command);
    json_free(line);
    return ok;
}

void command_free(struct worker_command *command)
{
    kernel_free(&command->kernel);
    free(command->job.items);
    command->job.items = NULL;
    command->job.item_count = 0;
}
