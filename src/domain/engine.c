/* SPDX-License-Identifier: MIT */
#include "domain/engine_rules.h"

#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SGLANG_FOLDER "sglang/srt/layers/moe/fused_moe_triton"
#define SGLANG_FOLDER_0_5_23 "sglang/srt/layers/moe/moe_runner/triton_utils"
#define VLLM_FOLDER "vllm/model_executor/layers/fused_moe/configs"

/* Of each engine oldest first. */
static const struct engine_rules rules_table[] = {
    {
        .kind = ENGINE_SGLANG,
        .version = "0.5.4.post2",
        .triton = "3.4.0",
        .package_folder = SGLANG_FOLDER,
        .down_files = true,
        .unequal_block_m_stops = true,
        .chunk = 65536,
        .em = EM_ALWAYS_PADDED,
        .fallback = FALLBACK_FIXED,
    },
    {
        .kind = ENGINE_SGLANG,
        .version = "0.5.8.post1",
        .triton = "3.5.1",
        .package_folder = SGLANG_FOLDER,
        .per_channel_in_name = true,
        .down_files = true,
        .unequal_block_m_stops = true,
        .chunk = 65536,
        .em = EM_CAPPED,
        .fallback = FALLBACK_FIXED,
    },
    {
        .kind = ENGINE_SGLANG,
        .version = "0.5.23",
        .triton = "3.8.0",
        .package_folder = SGLANG_FOLDER_0_5_23,
        .per_channel_in_name = true,
        .down_files = true,
        .tma_in_up_file = true,
        .low_smem_default = true,
        .swap_ab_sm90 = true,
        .em = EM_CAPPED_BY_4,
        .fallback = FALLBACK_ALL,
    },
    {
        .kind = ENGINE_VLLM,
        .version = "0.32.0",
        .triton = "",
        .package_folder = VLLM_FOLDER,
        .swap_ab_sm90 = true,
        .clamps_block_k = true,
        .em = EM_VLLM,
    },
    {
        .kind = ENGINE_VLLM,
        .version = "0.33.0",
        .triton = "3.8.0",
        .package_folder = VLLM_FOLDER,
        .swap_ab_sm90 = true,
        .clamps_block_k = true,
        .em = EM_VLLM,
    },
};

static const char *const engine_names[] = {[ENGINE_SGLANG] = "sglang", [ENGINE_VLLM] = "vllm"};

enum { RULES_COUNT = sizeof rules_table / sizeof rules_table[0] };

/* "0.5.4.post2" as one number that orders versions; what follows post (dev, rc, +local) is not
 * looked at. False for what does not begin as a version does. */
static bool version_number(const char *text, long long *number)
{
    int part[3] = {0}, post = 0;
    const char *at = text;

    for (int i = 0; i < 3 && isdigit((unsigned char)*at); i++) {
        char *end;
        long value = strtol(at, &end, 10);

        if (value > 99999 || (i == 0 && *end != '.'))
            return false;
        part[i] = (int)value;
        at = *end == '.' && isdigit((unsigned char)end[1]) ? end + 1 : end;
        if (at == end)
            break;
    }
    if (at == text)
        return false;
    if (text_starts_with(at, ".post"))
        post = atoi(at + 5) % 100;
    *number = ((part[0] * 100000LL + part[1]) * 100000LL + part[2]) * 100 + post;
    return true;
}

/* The known version with the least distance to `number`, the older one of two. */
static const struct engine_rules *nearest_rules(enum engine_kind kind, long long number)
{
    const struct engine_rules *best = NULL;
    long long least = 0;

    for (size_t i = 0; i < RULES_COUNT; i++) {
        long long known, distance;

        if (rules_table[i].kind != kind || !version_number(rules_table[i].version, &known))
            continue;
        distance = llabs(known - number);
        if (!best || distance < least) {
            best = &rules_table[i];
            least = distance;
        }
    }
    return best;
}

static const struct engine_rules *newest_rules(enum engine_kind kind)
{
    for (size_t i = RULES_COUNT; i-- > 0;)
        if (rules_table[i].kind == kind)
            return &rules_table[i];
    abort();
}

static bool parse_name(const char *text, size_t length, enum engine_kind *kind)
{
    for (size_t i = 0; i < sizeof engine_names / sizeof engine_names[0]; i++) {
        if (strlen(engine_names[i]) == length && text_same_start(text, engine_names[i], length)) {
            *kind = (enum engine_kind)i;
            return true;
        }
    }
    return false;
}

bool engine_parse(const char *text, struct engine *engine, struct error *err)
{
    size_t length = strcspn(text, ":");
    const char *version = text[length] ? text + length + 1 : NULL;
    struct engine read = {0};
    long long number;

    if (!parse_name(text, length, &read.kind))
        return error_set(err, ERROR_USAGE,
            "engine '%s' is not known; write sglang, vllm, or one with its version: "
            "sglang:0.5.4.post2",
            text);
    if (!version) {
        read.rules = newest_rules(read.kind);
        version = read.rules->version;
    } else if (strlen(version) >= sizeof read.version || !version_number(version, &number)) {
        return error_set(err, ERROR_USAGE,
            "engine '%s': '%s' is no version; write it as the engine prints it: %s:%s", text,
            version, engine_names[read.kind], newest_rules(read.kind)->version);
    } else {
        read.rules = nearest_rules(read.kind, number);
    }
    snprintf(read.version, sizeof read.version, "%s", version);
    read.exact = !strcmp(version, read.rules->version);
    *engine = read;
    return true;
}

bool engine_known(size_t index, struct engine *engine)
{
    /* The table has SGLang's rows first, oldest first. */
    size_t sglang = 0, at;

    while (sglang < RULES_COUNT && rules_table[sglang].kind == ENGINE_SGLANG)
        sglang++;
    if (index >= RULES_COUNT)
        return false;
    at = index < sglang ? sglang - 1 - index : RULES_COUNT - 1 - (index - sglang);
    *engine = (struct engine){
        .kind = rules_table[at].kind,
        .rules = &rules_table[at],
        .exact = true,
    };
    snprintf(engine->version, sizeof engine->version, "%s", rules_table[at].version);
    return true;
}

const char *engine_format(const struct engine *engine, char *buffer, size_t size)
{
    snprintf(buffer, size, "%s:%s", engine_name(engine), engine->version);
    return buffer;
}

const char *engine_name(const struct engine *engine)
{
    return engine_names[engine->kind];
}

const char *engine_rules_version(const struct engine *engine)
{
    return engine->rules->version;
}

const char *engine_pinned_triton(const struct engine *engine)
{
    return engine->rules->triton;
}

bool engine_triton_valid(const char *text, struct error *err)
{
    static const char allowed[] =
        "0123456789.+-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    if (isdigit((unsigned char)*text) && strlen(text) < ENGINE_TRITON_SIZE &&
        !text[strspn(text, allowed)])
        return true;
    return error_set(
        err, ERROR_USAGE, "triton '%s' is no version; write it as Triton prints it: 3.6.0", text);
}

const char *engine_package_folder(const struct engine *engine)
{
    return engine->rules->package_folder;
}

const char *engine_environment(const struct engine *engine)
{
    return engine->kind == ENGINE_VLLM ? "VLLM_TUNED_CONFIG_FOLDER" : "SGLANG_MOE_CONFIG_DIR";
}

size_t engine_nearest_key(const int keys[], size_t count, int m)
{
    size_t best = 0;

    for (size_t i = 1; i < count; i++)
        if (llabs((long long)keys[i] - m) < llabs((long long)keys[best] - m))
            best = i;
    return best;
}

bool engine_effective_tile(const struct engine *engine, const struct shape *shape,
    const struct tile *tile, struct tile *effective, struct error *err)
{
    *effective = *tile;
    if (!shape->block_k)
        return true;
    if (engine->rules->clamps_block_k) {
        int least = shape->block_n < shape->block_k ? shape->block_n : shape->block_k;

        if (effective->block_k > least)
            effective->block_k = least;
        return true;
    }
    if (shape->block_k % tile->block_k == 0)
        return true;
    return error_set(err, ERROR_FAILED,
        "BLOCK_SIZE_K %d does not divide the quantisation block of %d: %s multiplies a K tile by "
        "one scale and gives wrong numbers; take a divisor of %d",
        tile->block_k, shape->block_k, engine_name(engine), shape->block_k);
}

bool engine_takes_tma(const struct engine *engine, enum gemm gemm)
{
    return gemm == GEMM_DOWN ? engine->rules->down_files : engine->rules->tma_in_up_file;
}

long long engine_em(const struct engine *engine, const struct shape *shape, int m, int block_m)
{
    long long rows = (long long)m * shape->top_k;
    /* vLLM sorts by the experts of all ranks, SGLang by this rank's and one for all others. */
    long long experts =
        engine->rules->em == EM_VLLM ? shape->routed : (long long)shape->experts + 1;
    long long padded = rows + experts * (block_m - 1), em = padded;

    if (engine->rules->em != EM_ALWAYS_PADDED && rows < experts)
        em = rows * block_m;
    if (engine->rules->em == EM_CAPPED_BY_4)
        em = (em + 3) / 4 * 4;
    return em;
}
