/* SPDX-License-Identifier: MIT */
#include "cli/target.h"

#include "base/text.h"
#include "gpu/card.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Taken when the line names no device and there is no card here. */
#define DEFAULT_DEVICE "NVIDIA GB10"

static bool resolve_engine(const struct arguments *args, struct target *target, struct error *err)
{
    const char *text = arguments_text(args, "engine", NULL);
    struct engine *engine = &target->engine;

    if (!engine_parse(text ? text : "sglang", engine, err))
        return false;
    if (!text)
        model_note(&target->model, "no --engine: %s %s, the newest known, is assumed",
            engine_name(engine), engine->version);
    else if (!strchr(text, ':'))
        model_note(&target->model, "no version in --engine: %s, the newest known, is assumed",
            engine->version);
    else if (!engine->exact)
        model_note(&target->model, "the rules of %s %s are used, the nearest version known to %s",
            engine_name(engine), engine_rules_version(engine), engine->version);
    return true;
}

static bool resolve_device(const struct arguments *args, struct target *target, struct error *err)
{
    const char *text = arguments_text(args, "device", NULL);

    if (!text && card_device(&target->device, NULL)) {
        model_note(&target->model, "no --device: this machine's %s", target->device.name);
        return true;
    }
    if (!device_find(text ? text : DEFAULT_DEVICE, &target->device, err))
        return false;
    if (!text)
        model_note(
            &target->model, "no --device and no card here: %s is assumed", target->device.name);
    else if (text_starts_with(target->device.name, "sm_"))
        model_note(&target->model, "file names need the card's own name: give it as --device");
    return true;
}

static bool resolve_triton(const struct arguments *args, struct target *target, struct error *err)
{
    const char *text = arguments_text(args, "triton", NULL);
    const char *pinned = engine_pinned_triton(&target->engine);

    if (text && !engine_triton_valid(text, err))
        return false;
    snprintf(target->triton, sizeof target->triton, "%s", text ? text : pinned);
    if (!text && *pinned && target->engine.kind == ENGINE_SGLANG)
        model_note(&target->model,
            "no --triton: %s is assumed, which %s %s pins; images differ (sglang:spark has "
            "3.5.0): python3 -c 'import triton; print(triton.__version__)' in the server tells",
            pinned, engine_name(&target->engine), engine_rules_version(&target->engine));
    return true;
}

bool target_parallel(const struct arguments *args, struct parallel *parallel, struct error *err)
{
    long tp, ep;

    if (!arguments_int(args, "tp", 1, 65536, 1, &tp, err) ||
        !arguments_int(args, "ep", 1, 65536, 1, &ep, err))
        return false;
    *parallel = (struct parallel){
        .tp = (int)tp,
        .ep = (int)ep,
        .no_shared_fusion = arguments_flag(args, "no-shared-fusion"),
    };
    return true;
}

static bool resolve_model(
    const struct arguments *args, const char *model, struct target *target, struct error *err)
{
    return !model || model_load_as(model, arguments_text(args, "dtype", NULL), &target->model, err);
}

bool target_resolve(
    const struct arguments *args, const char *model, struct target *target, struct error *err)
{
    *target = (struct target){0};
    if (!resolve_model(args, model, target, err) || !resolve_engine(args, target, err) ||
        !resolve_device(args, target, err) || !resolve_triton(args, target, err) ||
        !target_parallel(args, &target->parallel, err))
        return false;
    return !model ||
           (engine_shape(&target->engine, &target->model, &target->parallel, &target->shape, err) &&
               device_supports(&target->device, target->shape.dtype, err));
}

void target_print_head(const struct target *target)
{
    printf("%s: %s %s, tp %d, ep %d, %s\n\n", target->model.name, engine_name(&target->engine),
        target->engine.version, target->parallel.tp, target->parallel.ep, target->device.name);
}

void target_print_notes(const struct target *target)
{
    for (int i = 0; i < target->model.note_count; i++)
        printf("%snote: %s\n", i ? "" : "\n", target->model.notes[i]);
}

bool target_space(const struct arguments *args, struct space *space, struct error *err)
{
    static const char *const options[TILE_NUMBERS] = {
        [TILE_BLOCK_M] = "bm",
        [TILE_BLOCK_N] = "bn",
        [TILE_BLOCK_K] = "bk",
        [TILE_GROUP_M] = "group",
        [TILE_WARPS] = "warps",
        [TILE_STAGES] = "stages",
    };
    const char *file = arguments_text(args, "space", NULL);

    for (int i = 0; file && i < TILE_NUMBERS; i++)
        if (arguments_text(args, options[i], NULL))
            return error_set(err, ERROR_USAGE,
                "--space and --%s: the file stands for the whole grid", options[i]);
    if (file)
        return space_from_file(file, space, err);
    space_default(space);
    for (int i = 0; i < TILE_NUMBERS; i++) {
        const char *list = arguments_text(args, options[i], NULL);
        char *text;
        bool done;

        if (!list)
            continue;
        text = xasprintf("%s=%s", tile_number_brief((enum tile_number)i), list);
        done = space_set_axis(space, text, err);
        free(text);
        if (!done) {
            space_free(space);
            return false;
        }
    }
    return true;
}
