/* SPDX-License-Identifier: MIT */
#include "base/json.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/target.h"
#include "domain/smem.h"

#include <stdio.h>

static const struct option_spec space_options[] = {
    TARGET_OPTIONS,
    SPACE_OPTIONS,
    {"json", NULL, "print JSON"},
    {0},
};

/* Why a tile is not worth a launch. */
enum reason { FITS, SHARED_MEMORY, K_OVER_BLOCK, RUNS_AS_ANOTHER, REASON_COUNT };

static const struct {
    const char *name, *text;
} reasons[REASON_COUNT] = {
    [SHARED_MEMORY] = {"shared-memory", "need more shared memory than the device has"},
    [K_OVER_BLOCK] = {"k-over-block",
        "have a BLOCK_SIZE_K that does not divide the quantisation block: wrong numbers"},
    [RUNS_AS_ANOTHER] = {"runs-as-another",
        "run with BLOCK_SIZE_K cut to the quantisation block, as other tiles do"},
};

struct count {
    size_t by_reason[REASON_COUNT];
    size_t kernels;   /* fitting tiles that differ in more than GROUP_SIZE_M */
    size_t estimated; /* whose shared memory was not read off a compiler before */
};

static enum reason judge(const struct target *target, const struct tile *tile, bool *exact)
{
    struct smem smem = smem_estimate(&target->engine, &target->shape, target->device.arch, tile);
    struct tile run;

    *exact = smem.exact;
    if (!engine_effective_tile(&target->engine, &target->shape, tile, &run, NULL))
        return K_OVER_BLOCK;
    if (!tile_equal(&run, tile))
        return RUNS_AS_ANOTHER;
    return smem.bytes > target->device.smem_limit ? SHARED_MEMORY : FITS;
}

static void count_tiles(const struct target *target, const struct space *space, struct count *count)
{
    *count = (struct count){0};
    for (size_t i = 0; i < space->count; i++) {
        bool exact, seen = false;
        enum reason reason = judge(target, &space->tiles[i], &exact);

        count->by_reason[reason]++;
        count->estimated += !exact;
        for (size_t j = 0; j < i && !seen; j++)
            seen = tile_same_kernel(&space->tiles[i], &space->tiles[j]);
        count->kernels += reason == FITS && !seen;
    }
}

static void print_as_json(
    const struct target *target, const struct space *space, const struct count *count)
{
    struct json *object = json_new_object(), *by_reason;

    json_add_string(object, "model", target->model.name);
    json_add_string(object, "device", target->device.name);
    json_add_int(object, "limit", target->device.smem_limit);
    json_add_int(object, "tiles", (long long)space->count);
    json_add_int(
        object, "admitted", (long long)(count->by_reason[FITS] + count->by_reason[SHARED_MEMORY]));
    json_add_int(object, "fit", (long long)count->by_reason[FITS]);
    json_add_int(object, "unfit", (long long)(space->count - count->by_reason[FITS]));
    by_reason = json_add_object(object, "by_reason");
    for (int i = FITS + 1; i < REASON_COUNT; i++)
        if (count->by_reason[i])
            json_add_int(by_reason, reasons[i].name, (long long)count->by_reason[i]);
    json_add_int(object, "kernels", (long long)count->kernels);
    json_add_bool(object, "exact", !count->estimated);
    command_print_json(object);
}

static void print_counts(
    const struct target *target, const struct space *space, const struct count *count)
{
    char buffer[32];

    target_print_head(target);
    printf("  %6s tiles\n", text_grouped((long long)space->count, buffer, sizeof buffer));
    for (int i = FITS + 1; i < REASON_COUNT; i++)
        if (count->by_reason[i])
            printf("  %6s %s\n",
                text_grouped((long long)count->by_reason[i], buffer, sizeof buffer),
                reasons[i].text);
    printf("  %6s fit", text_grouped((long long)count->by_reason[FITS], buffer, sizeof buffer));
    printf(" in %s bytes a block", text_grouped(target->device.smem_limit, buffer, sizeof buffer));
    printf("%s\n", count->estimated ? " (an estimate)" : "");
    printf("  %6s kernels to compile, GROUP_SIZE_M aside\n",
        text_grouped((long long)count->kernels, buffer, sizeof buffer));
    target_print_notes(target);
}

static int space_run(const struct arguments *args, struct error *err)
{
    struct target target;
    struct space space;
    struct count count;

    if (!target_resolve(args, arguments_operand(args, 0), &target, err) ||
        !target_space(args, &space, err))
        return 0;
    count_tiles(&target, &space, &count);
    if (arguments_flag(args, "json"))
        print_as_json(&target, &space, &count);
    else
        print_counts(&target, &space, &count);
    space_free(&space);
    return 0;
}

const struct command cmd_space = {
    .name = "space",
    .operands = "MODEL",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "how many tiles there are, how many fit the device, and why the others do not",
    .options = space_options,
    .run = space_run,
};
