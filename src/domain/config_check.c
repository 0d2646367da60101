/* SPDX-License-Identifier: MIT */
#include "domain/config_check.h"

#include "base/text.h"
#include "domain/engine_rules.h"
#include "domain/smem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keys beside the six that shipped files carry, and who takes them at the launch. */
enum taker { TAKER_TRITON, TAKER_AMD, TAKER_VLLM };

static const struct {
    const char *name;
    enum taker taker;
} known_extras[] = {
    {"num_ctas", TAKER_TRITON},
    {"maxnreg", TAKER_TRITON},
    {"waves_per_eu", TAKER_AMD},
    {"matrix_instr_nonkdim", TAKER_AMD},
    {"kpack", TAKER_AMD},
    {"SPLIT_K", TAKER_VLLM},
};

/* A ladder that ends below this is one for decoding only. */
enum { DECODE_TOKENS = 64, PREFILL_TOKENS = 1024, SMALLEST_BLOCK_M = 16 };

static const char *engine_label(const struct engine *engine)
{
    return engine->kind == ENGINE_VLLM ? "vLLM" : "SGLang";
}

static void check_device_name(const struct config_name *name, const struct config_context *context,
    struct config_faults *faults)
{
    char part[sizeof name->device];
    struct error err = {0};
    if (context->device_known) {
        if (text_starts_with(context->device.name, "sm_"))
            return;
        engine_device_part(&context->engine, context->device.name, part, sizeof part);
        if (strcmp(part, name->device) != 0)
            config_fault_add(faults, FAULT_WARN, "device", FAULT_WHOLE_FILE,
                "the name says %s; on %s %s asks for %s: not found there", name->device,
                context->device.name, engine_label(&context->engine), part);
        return;
    }
    struct device device;
    char *spaced = xasprintf("%s ", name->device);
    for (char *c = spaced; *c != '\0'; c++)
        *c = *c == '_' ? ' ' : *c;
    if (!device_find(name->device, &device, &err) && strstr(err.text, spaced) != NULL)
        config_fault_add(faults, FAULT_WARN, "device", FAULT_WHOLE_FILE,
            "no driver reports %s, and the engine asks for the reported name with _ for blanks, "
            "nothing dropped: %.250s",
            name->device, err.text);
    else
        config_fault_add(faults, FAULT_NOTE, "device", FAULT_WHOLE_FILE,
            "%s is not in moebench's table: not checked whether the tiles fit",
            name->device[0] != '\0' ? name->device : "the unnamed device");
    free(spaced);
}

/* Why this engine never asks for the name, NULL when it can. */
static const char *never_asked(const struct config_name *name, const struct engine *engine)
{
    bool vllm = engine->kind == ENGINE_VLLM;
    if (!name->dtype_known && !(vllm && strcmp(name->dtype_text, "fp8_w8a16") == 0))
        return "no engine writes such a dtype (bf16 and fp16 have none in the name)";
    if (vllm && name->down)
        return "vLLM has one file for both GEMMs and looks for no _down file";
    if (vllm && name->per_channel)
        return "vLLM writes no per_channel_quant into the name";
    if (vllm && name->style == STYLE_SGLANG && name->block_n > 0)
        return "vLLM writes the block shape without a blank, [N,K]";
    if (vllm && name->dtype == DTYPE_INT8_W8A8)
        return "vLLM's int8 w8a8 layers ask for the name without a dtype";
    if (!vllm && name->style == STYLE_VLLM)
        return name->block_n > 0 ? "SGLang writes the block shape with a blank, [N, K]"
                                 : "SGLang knows no such dtype";
    if (!vllm && name->per_channel && !engine->rules->per_channel_in_name)
        return "this version asks for the name without per_channel_quant at run time";
    return NULL;
}

void config_check_name(const struct config_name *name, const struct config_context *context,
    struct config_faults *faults)
{
    const struct engine *engine = &context->engine;
    const char *why = never_asked(name, engine);
    if (name->backend[0] != '\0')
        config_fault_add(faults, FAULT_NOTE, "backend", FAULT_WHOLE_FILE,
            "a file of the %s kernel, not of the Triton one: its entries are not checked",
            name->backend);
    if (why != NULL)
        config_fault_add(faults, FAULT_ERROR, "name", FAULT_WHOLE_FILE,
            "never asked for by %s %s: %s", engine_label(engine), engine_rules_version(engine),
            why);
    check_device_name(name, context, faults);
}

static bool on_nvidia(const struct config_name *name, const struct config_context *context)
{
    return context->device_known || text_starts_with(name->device, "NVIDIA");
}

static void check_extra(const struct config_extra *extra, const struct config_entry *entry,
    const struct config_context *context, bool nvidia, struct config_faults *faults)
{
    struct fault_place place = {entry->m, extra->line, extra->name};
    size_t i = 0, count = sizeof known_extras / sizeof known_extras[0];
    while (i < count && strcmp(known_extras[i].name, extra->name) != 0)
        i++;
    if (!nvidia || (i < count && known_extras[i].taker == TAKER_TRITON))
        return;
    if (i < count && known_extras[i].taker == TAKER_AMD)
        config_fault_add(faults, FAULT_WARN, "vendor-key", place,
            "%s is for AMD: Triton on NVIDIA has no such option and newer ones refuse the launch; "
            "leave it out",
            extra->name);
    else if (i == count || context->engine.kind != ENGINE_VLLM)
        config_fault_add(faults, FAULT_ERROR, "unknown-key", place,
            "%.40s is neither a parameter of %s's kernel nor a launch option: the launch fails",
            extra->name, engine_label(&context->engine));
}

static void check_tma(const struct config_name *name, const struct config_entry *entry,
    const struct engine *engine, struct config_faults *faults)
{
    struct fault_place place = {entry->m, entry->line, config_field_name(CONFIG_USE_TMA)};
    bool eight_bit = name->dtype == DTYPE_FP8_W8A8 || name->dtype == DTYPE_INT8_W8A8;
    if ((entry->present & 1u << CONFIG_USE_TMA) == 0)
        return;
    if (engine->kind == ENGINE_VLLM)
        config_fault_add(faults, FAULT_ERROR, "tma", place,
            "vLLM hands USE_TMA to the kernel, which does not know it: the launch fails");
    else if (!name->down && !engine->rules->tma_in_up_file)
        config_fault_add(faults, FAULT_ERROR, "tma", place,
            "USE_TMA belongs into the _down file only: in an up file the launch fails before "
            "SGLang 0.5.23, whatever its value");
    else if (name->down && entry->tile.use_tma && name->per_channel && eight_bit)
        config_fault_add(faults, FAULT_ERROR, "tma", place,
            "USE_TMA with scales per channel reads the scales of other tokens: wrong numbers "
            "without an error (read in the source, not run)");
    else if (name->down && entry->tile.use_tma && name->block_k == 0 && eight_bit &&
             !engine->rules->per_channel_in_name)
        config_fault_add(faults, FAULT_WARN, "tma", place,
            "USE_TMA is right only when the weights have no scales per channel, which this "
            "version's names do not tell");
}

/* Whether `tile` fits; `how` says what is special about it, "" when nothing is. */
static void check_fit(const struct shape *shape, const struct tile *tile,
    const struct config_context *context, struct fault_place place, const char *how,
    struct config_faults *faults)
{
    if (!context->device_known || context->device.smem_limit == 0)
        return;
    struct smem smem = smem_estimate(&context->engine, shape, context->device.arch, tile);
    char need[32], limit[32];
    if (smem.bytes > context->device.smem_limit)
        config_fault_add(faults, FAULT_ERROR, "smem", place,
            "%sneeds %s bytes of shared memory%s, %s gives a block %s: the server stops with "
            "OutOfResources",
            how, text_grouped(smem.bytes, need, sizeof need), smem.exact ? "" : " (estimate)",
            context->device.name, text_grouped(context->device.smem_limit, limit, sizeof limit));
}

/* A dot has 16 rows at least; 8 only as the columns of the swapped product on sm_90. */
static bool block_m_runs(
    const struct config_name *name, const struct tile *tile, const struct config_context *context)
{
    bool swapped =
        context->engine.rules->swap_ab_sm90 && name->dtype == DTYPE_FP8_W8A8 && tile->block_n >= 64;
    bool hopper = context->device_known ? context->device.arch == 90
                                        : !text_starts_with(name->device, "NVIDIA_GB");
    return tile->block_m >= SMALLEST_BLOCK_M || (swapped && hopper);
}

static void check_entry(const struct config_name *name, const struct config_entry *entry,
    const struct config_context *context, struct config_faults *faults)
{
    struct shape shape;
    struct tile effective;
    struct error err = {0};
    struct fault_place place = {entry->m, entry->line, config_field_name(TILE_BLOCK_K)};
    bool nvidia = on_nvidia(name, context);
    for (size_t i = 0; i < entry->extra_count; i++)
        check_extra(&entry->extras[i], entry, context, nvidia, faults);
    check_tma(name, entry, &context->engine, faults);
    if (!entry->usable)
        return;
    config_name_shape(name, &shape);
    if (!engine_effective_tile(&context->engine, &shape, &entry->tile, &effective, &err))
        config_fault_add(faults, FAULT_ERROR, "quant-block", place, "%s", err.text);
    else if (effective.block_k != entry->tile.block_k)
        config_fault_add(faults, FAULT_NOTE, "clamped", place,
            "BLOCK_SIZE_K %d runs as %d: %s clamps it to the quantisation block",
            entry->tile.block_k, effective.block_k, engine_label(&context->engine));
    place.key = config_field_name(TILE_BLOCK_M);
    if (!block_m_runs(name, &entry->tile, context))
        config_fault_add(faults, FAULT_ERROR, "value", place,
            "%d must be 16 or more (tl.dot), 8 only for fp8 on sm_90 where the engine swaps A and "
            "B",
            entry->tile.block_m);
    place.key = NULL;
    check_fit(&shape, &effective, context, place, "", faults);
}

/* The largest key serves everything above it: a tile for decoding then runs the prefill too. */
static void check_top(const struct config_name *name, const struct config_file *file,
    const struct config_context *context, struct config_faults *faults)
{
    const struct config_entry *top = &file->entries[0];
    struct shape shape;
    struct tile tile;
    char text[TILE_TEXT_SIZE];
    for (size_t i = 1; i < file->count; i++) {
        if (file->entries[i].m > top->m)
            top = &file->entries[i];
    }
    bool small = top->m < DECODE_TOKENS ||
                 (top->m < PREFILL_TOKENS && top->tile.block_m <= SMALLEST_BLOCK_M);
    if (!top->usable || top->m < 1 || !small)
        return;
    config_name_shape(name, &shape);
    shape.top_k = 1;
    engine_default_tile(&context->engine, &shape, &context->device, PREFILL_TOKENS, &tile);
    config_fault_add(faults, FAULT_WARN, "sparse", (struct fault_place){top->m, top->line, NULL},
        "every M above %d uses this entry, prefill too (nearest key, no upper end); pin larger "
        "keys, to the engine's own default if to nothing better (at M=%d: %s)",
        top->m, PREFILL_TOKENS, tile_format(&tile, text, sizeof text));
}

static void check_order(const struct config_file *file, struct config_faults *faults)
{
    for (size_t i = 1; i < file->count; i++) {
        if (file->entries[i].m > file->entries[i - 1].m)
            continue;
        config_fault_add(faults, FAULT_NOTE, "order",
            (struct fault_place){file->entries[i].m, file->entries[i].line, NULL},
            "stands after %d: on a tie the engines take the key that stands first",
            file->entries[i - 1].m);
        return;
    }
}

void config_check_entries(const struct config_name *name, const struct config_file *file,
    const struct config_context *context, struct config_faults *faults)
{
    if (name->backend[0] != '\0')
        return;
    if (file->triton_version != NULL && context->engine.kind == ENGINE_SGLANG)
        config_fault_add(faults, FAULT_ERROR, "triton-version",
            (struct fault_place){FAULT_NO_M, file->triton_line, "triton_version"},
            "SGLang makes an int of every key: the file does not load; only vLLM takes this key");
    for (size_t i = 0; i < file->count; i++)
        check_entry(name, &file->entries[i], context, faults);
    if (file->count > 0) {
        check_top(name, file, context, faults);
        check_order(file, faults);
    }
}

/* The keys of one file that the other lacks, as text; free(). */
static char *missing_keys(const struct config_file *have, const struct config_file *lack)
{
    struct text keys = {0};
    for (size_t i = 0; i < have->count && keys.length < 60; i++) {
        size_t j = 0;
        while (j < lack->count && lack->entries[j].m != have->entries[i].m)
            j++;
        if (j == lack->count)
            text_add(&keys, "%s%d", keys.length > 0 ? ", " : "", have->entries[i].m);
    }
    return text_take(&keys);
}

static bool check_same_keys(
    const struct config_file *up, const struct config_file *down, struct config_faults *faults)
{
    char *only_up = missing_keys(up, down), *only_down = missing_keys(down, up);
    bool same = only_up[0] == '\0' && only_down[0] == '\0';
    if (!same)
        config_fault_add(faults, FAULT_WARN, "pair-keys", FAULT_WHOLE_FILE,
            "up and down have other keys (only up: %s; only down: %s): at an M between them they "
            "can "
            "pair entries that were never timed together",
            only_up[0] != '\0' ? only_up : "none", only_down[0] != '\0' ? only_down : "none");
    free(only_up);
    free(only_down);
    return same;
}

/* One meeting of an up and a down entry, for M in [from, to]. */
static void check_meeting(const struct config_name *name, const struct config_entry *up,
    const struct config_entry *down, int from, int to, const struct config_context *context,
    struct config_faults *faults)
{
    if (!up->usable || !down->usable || up->tile.block_m == down->tile.block_m)
        return;
    bool stops = context->engine.rules->unequal_block_m_stops;
    int m = down->m >= from && down->m <= to ? down->m
            : up->m >= from && up->m <= to   ? up->m
                                             : from;
    struct fault_place place = {m, down->line, config_field_name(TILE_BLOCK_M)};
    char end[24] = "on";
    if (to != INT_MAX)
        snprintf(end, sizeof end, "to %d", to);
    config_fault_add(faults, stops ? FAULT_ERROR : FAULT_WARN, "pair", place,
        "from M=%d %s up's entry %d has BLOCK_SIZE_M %d, down's entry %d has %d: %s", from, end,
        up->m, up->tile.block_m, down->m, down->tile.block_m,
        stops ? "this SGLang stops with an assertion" : "the server runs both with up's");
    if (stops)
        return;
    struct shape shape;
    struct tile tile = down->tile;
    config_name_shape(name, &shape);
    tile.block_m = up->tile.block_m;
    check_fit(&shape, &tile, context, place, "with up's BLOCK_SIZE_M down ", faults);
}

static void check_ties(const struct config_file *down, const struct config_range *ranges,
    size_t count, struct config_faults *faults)
{
    for (size_t i = 0; i < count; i++) {
        const struct config_entry *entry = &down->entries[ranges[i].entry];
        if (ranges[i].tie > 0)
            config_fault_add(faults, FAULT_NOTE, "tie",
                (struct fault_place){ranges[i].tie, entry->line, NULL},
                "M=%d is as near to another key: %d stands first in the file and serves it",
                ranges[i].tie, entry->m);
    }
}

void config_check_pair(const struct config_name *name, const struct config_file *up,
    const struct config_file *down, const struct config_context *context,
    struct config_faults *faults)
{
    if (!context->engine.rules->down_files || up->count == 0 || down->count == 0)
        return;
    struct config_range *ups = xcalloc(up->count, sizeof *ups);
    struct config_range *downs = xcalloc(down->count, sizeof *downs);
    size_t up_count = config_file_ranges(up, ups), down_count = config_file_ranges(down, downs);
    bool same = check_same_keys(up, down, faults);
    for (size_t i = 0, j = 0; i < up_count && j < down_count;) {
        int from = ups[i].from > downs[j].from ? ups[i].from : downs[j].from;
        int to = ups[i].to < downs[j].to ? ups[i].to : downs[j].to;
        check_meeting(name, &up->entries[ups[i].entry], &down->entries[downs[j].entry], from, to,
            context, faults);
        if (to == INT_MAX)
            break;
        i += ups[i].to == to;
        j += downs[j].to == to;
    }
    if (!same)
        check_ties(down, downs, down_count, faults);
    free(ups);
    free(downs);
}
