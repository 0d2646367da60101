/* SPDX-License-Identifier: MIT */
#include "base/json.h"
#include "cli/commands.h"
#include "cli/target.h"

#include <stdio.h>
#include <string.h>

static const struct option_spec shape_options[] = {
    TARGET_OPTIONS,
    {"json", NULL, "print JSON"},
    {0},
};

static const char *source_of(const struct model *model, const char *what)
{
    for (int i = 0; i < model->source_count; i++)
        if (!strcmp(model->sources[i].what, what))
            return model->sources[i].key;
    return "";
}

static void add_block(struct json *object, const struct shape *shape)
{
    struct json *block;

    if (!shape->block_n) {
        json_add_null(object, "block_shape");
        return;
    }
    block = json_add_array(object, "block_shape");
    json_add_int(block, NULL, shape->block_n);
    json_add_int(block, NULL, shape->block_k);
}

static void add_files(struct json *object, const struct target *target)
{
    struct json *files = json_add_array(object, "files");

    for (int i = 0; i < GEMM_COUNT; i++) {
        char name[ENGINE_NAME_SIZE];
        struct json *file;

        if (!engine_file_name(&target->engine, &target->shape, &target->device, (enum gemm)i, name))
            continue;
        file = json_add_object(files, NULL);
        json_add_string(file, "gemm", gemm_name((enum gemm)i));
        json_add_string(file, "name", name);
    }
}

static void add_texts(struct json *object, const struct model *model)
{
    struct json *notes = json_add_array(object, "notes"), *sources;

    for (int i = 0; i < model->note_count; i++)
        json_add_string(notes, NULL, model->notes[i]);
    sources = json_add_object(object, "sources");
    for (int i = 0; i < model->source_count; i++)
        json_add_string(sources, model->sources[i].what, model->sources[i].key);
}

static void print_as_json(const struct target *target)
{
    const struct shape *shape = &target->shape;
    struct json *object = json_new_object();
    char folder[128];

    json_add_string(object, "model", target->model.name);
    json_add_string(object, "engine", engine_name(&target->engine));
    json_add_string(object, "engine_version", target->engine.version);
    json_add_string(object, "device", target->device.name);
    json_add_int(object, "E", shape->experts);
    json_add_int(object, "N", engine_name_n(&target->engine, shape));
    json_add_int(object, "K", shape->hidden);
    json_add_int(object, "top_k", shape->top_k);
    json_add_string(object, "dtype", dtype_name(shape->dtype));
    add_block(object, shape);
    json_add_bool(object, "per_channel", shape->per_channel);
    json_add_bool(object, "gated", shape->gated);
    add_files(object, target);
    engine_folder(&target->engine, target->triton, folder, sizeof folder);
    json_add_string(object, "folder", folder);
    json_add_string(object, "package_folder", engine_package_folder(&target->engine));
    json_add_string(object, "environment", engine_environment(&target->engine));
    add_texts(object, &target->model);
    command_print_json(object);
}

static void print_shape(const struct target *target)
{
    const struct shape *shape = &target->shape;
    const struct model *model = &target->model;

    target_print_head(target);
    printf("  E      %-12d %s\n", shape->experts, source_of(model, "E"));
    printf("  N      %-12d %s, of one rank\n", engine_name_n(&target->engine, shape),
        source_of(model, "N"));
    printf("  K      %-12d %s\n", shape->hidden, source_of(model, "K"));
    printf("  top_k  %-12d %s\n", shape->top_k, source_of(model, "top_k"));
    printf("  dtype  %-12s %s\n", dtype_name(shape->dtype), source_of(model, "dtype"));
    if (shape->block_n)
        printf("  block  [%d, %d]\n", shape->block_n, shape->block_k);
    if (shape->group_size)
        printf("  group  %d\n", shape->group_size);
    if (shape->per_channel)
        puts("  scales by channel and token");
    printf("  w1     [%d, %d, %d], %s\n", shape->experts, shape_gemm_n(shape, GEMM_UP),
        shape->hidden, shape->gated ? "gated" : "not gated");
}

static void print_files(const struct target *target)
{
    char folder[128];

    puts("\nThe server asks for");
    for (int i = 0; i < GEMM_COUNT; i++) {
        char name[ENGINE_NAME_SIZE];

        if (engine_file_name(&target->engine, &target->shape, &target->device, (enum gemm)i, name))
            printf("  %-5s  %s\n", gemm_name((enum gemm)i), name);
    }
    engine_folder(&target->engine, target->triton, folder, sizeof folder);
    printf("  in     $%s%s%s\n", engine_environment(&target->engine), *folder ? "/" : "", folder);
    printf("  %-5s  %s%s%s\n", target->engine.kind == ENGINE_VLLM ? "then" : "unset",
        engine_package_folder(&target->engine), *folder ? "/" : "", folder);
    target_print_notes(target);
}

static int shape_run(const struct arguments *args, struct error *err)
{
    struct target target;

    if (!target_resolve(args, arguments_operand(args, 0), &target, err))
        return 0;
    if (arguments_flag(args, "json")) {
        print_as_json(&target);
        return 0;
    }
    print_shape(&target);
    print_files(&target);
    return 0;
}

const struct command cmd_shape = {
    .name = "shape",
    .operands = "MODEL",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "what one rank's MoE layer is, and the config files that its server asks for",
    .details = "MODEL is a config.json, a folder that has one, a name such as glm-4.7-fp8, or a "
               "model\nid in the local Hugging Face cache.\n",
    .options = shape_options,
    .run = shape_run,
};
