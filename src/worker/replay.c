/* SPDX-License-Identifier: MIT */
#include "worker/replay.h"

#include "base/hash.h"
#include "base/path.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool take_first(const char *path, void *arg)
{
    char **first = arg;
    if (!text_ends_with(path, ".db"))
        return true;
    *first = xstrdup(path);
    return false;
}

char *replay_path(const char *file, struct error *err)
{
    if (file)
        return xstrdup(file);
    char *data = path_data_folder();
    char *folder = data ? path_join(data, "recorded") : NULL;
    char *first = NULL;
    if (folder && path_is_folder(folder))
        path_walk(folder, take_first, &first, NULL);
    if (first == NULL)
        error_set(err, ERROR_DEVICE, "no recorded set in %s; name one: --backend replay:FILE",
            folder ? folder : "the data folder");
    free(folder);
    free(data);
    return first;
}

void replay_label(const struct recorded *recorded, char *buffer, size_t size)
{
    snprintf(buffer, size, "recorded on %s%s%s", recorded->device.name,
        recorded->date[0] ? ", " : "", recorded->date);
}

static bool has_batch_size(const struct recorded *recorded, int m)
{
    for (size_t i = 0; i < recorded->batch_size_count; i++)
        if (recorded->batch_sizes[i] == m)
            return true;
    return false;
}

static bool fail_batch_size(const struct recorded *recorded, int m, struct error *err)
{
    struct text list = {0};
    for (size_t i = 0; i < recorded->batch_size_count; i++)
        text_add(&list, "%s%d", i ? "," : "", recorded->batch_sizes[i]);
    error_set(err, ERROR_DEVICE, "M=%d was not recorded; the set has M %s", m, list.data);
    text_free(&list);
    return false;
}

bool replay_holds(const struct recorded *recorded, const struct engine *engine,
    const struct shape *shape, const int batch_sizes[], int count, struct error *err)
{
    const struct shape *own = &recorded->shape;
    if (recorded->engine.kind != engine->kind ||
        strcmp(recorded->engine.version, engine->version) != 0)
        return error_set(err, ERROR_DEVICE, "the recorded set is of %s:%s, not of %s:%s",
            engine_name(&recorded->engine), recorded->engine.version, engine_name(engine),
            engine->version);
    if (!shape_equal(own, shape))
        return error_set(err, ERROR_DEVICE,
            "the recorded set is of another layer: E=%d, N=%d, K=%d, top_k=%d, %s; without a card "
            "others can only be planned for one: moebench MODEL --device GB10",
            own->experts, own->intermediate, own->hidden, own->top_k, dtype_name(own->dtype));
    for (int i = 0; i < count; i++)
        if (!has_batch_size(recorded, batch_sizes[i]))
            return fail_batch_size(recorded, batch_sizes[i], err);
    return true;
}

static const enum compile_status compile_statuses[POINT_STATUS_COUNT] = {
    [POINT_OK] = COMPILE_OK,
    [POINT_DOES_NOT_FIT] = COMPILE_DOES_NOT_FIT,
    [POINT_COMPILE_FAILED] = COMPILE_FAILED,
    [POINT_WRONG_RESULT] = COMPILE_OK,
    [POINT_TIMED_OUT] = COMPILE_TIMED_OUT,
    [POINT_FAULTED] = COMPILE_OK,
    [POINT_SUSPECT] = COMPILE_OK,
};

void replay_compile(const struct recorded *recorded, enum gemm gemm, const struct tile *tile,
    struct compile_result *result)
{
    const struct recorded_tile *found = recorded_find_tile(recorded, gemm, tile);
    *result = (struct compile_result){.status = COMPILE_FAILED};
    if (found == NULL) {
        snprintf(result->text, sizeof result->text, "not recorded");
        return;
    }
    result->status = compile_statuses[found->status];
    if (result->status != COMPILE_OK)
        snprintf(
            result->text, sizeof result->text, "recorded as %s", point_status_name(found->status));
    result->kernel.shared_bytes = found->shared_bytes;
    result->kernel.registers = found->registers;
    result->kernel.spill_bytes = found->spill_bytes;
    result->kernel.num_warps = tile->num_warps;
    result->kernel.cached = true;
}

void replay_toolchain(const struct recorded *recorded, struct toolchain *toolchain)
{
    *toolchain = (struct toolchain){0};
    snprintf(toolchain->engine, sizeof toolchain->engine, "%s", engine_name(&recorded->engine));
    snprintf(toolchain->engine_version, sizeof toolchain->engine_version, "%s",
        recorded->engine_version);
    snprintf(toolchain->kernel_hash, sizeof toolchain->kernel_hash, "%.64s", recorded->kernel_hash);
    snprintf(toolchain->triton, sizeof toolchain->triton, "%s", recorded->triton);
    snprintf(toolchain->ptxas_version, sizeof toolchain->ptxas_version, "%s", recorded->ptxas);
}

float replay_draw(const struct recorded_point *point, unsigned long long seed, enum gemm gemm,
    int m, const struct tile *tile, int draw)
{
    const int numbers[] = {(int)gemm, m, tile->block_m, tile->block_n, tile->block_k, tile->group_m,
        tile->num_warps, tile->num_stages, tile->use_tma, draw};
    uint64_t state = hash_mix(seed);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        state = hash_mix(state ^ (uint64_t)(unsigned)numbers[i]);
    return point->samples[state % (uint64_t)point->count];
}
