/* SPDX-License-Identifier: MIT */
#include "domain/model.h"

#include "base/text.h"
#include "domain/model_quant.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define KEYS 10

/* Where the MoE layer's numbers may lie: nested ones first, as the engines take them. */
static const char *const sections[] = {
    "text_config",
    "thinker_config.text_config",
    "language_config",
    "llm_config",
    "ffn_config",
    "",
};

/* A number of the layer and the spellings that model families have for it, best first. */
struct number {
    const char *what;
    size_t offset;
    int low, high;
    const char *keys[KEYS];
};

static const struct number experts_number = {
    .what = "E",
    .offset = offsetof(struct model, routed_experts),
    .low = 2,
    .high = 65536,
    .keys = {"n_routed_experts", "num_experts", "num_local_experts", "moe_num_experts"},
};

static const struct number numbers[] = {
    {
        .what = "K",
        .offset = offsetof(struct model, hidden),
        .low = 16,
        .high = 1 << 20,
        .keys = {"moe_latent_size", "hidden_size", "d_model"},
    },
    {
        .what = "N",
        .offset = offsetof(struct model, intermediate),
        .low = 16,
        .high = 1 << 20,
        .keys = {"moe_intermediate_size", "expert_hidden_dim", "ffn_hidden_size",
            "intermediate_size"},
    },
    {
        .what = "top_k",
        .offset = offsetof(struct model, top_k),
        .low = 1,
        .high = 1024,
        .keys = {"num_experts_per_tok", "num_experts_per_token", "top_k_experts", "moe_topk",
            "moe_top_k", "moe_k"},
    },
};

static const struct number shared_number = {
    .what = "shared experts",
    .offset = offsetof(struct model, shared_experts),
    .low = 1,
    .high = 1024,
    .keys = {"n_shared_experts", "num_shared_experts", "num_shared_expert",
        "moe_num_shared_experts"},
};

static const struct number shared_width = {
    .what = "shared expert's N",
    .offset = offsetof(struct model, shared_intermediate),
    .low = 1,
    .high = 1 << 20,
    .keys = {"shared_expert_intermediate_size", "moe_shared_expert_intermediate_size"},
};

/* Architectures begin with these; others are read all the same, and said to be. */
static const char *const known_families[] = {
    "Bailing",
    "Dbrx",
    "DeepseekOCR",
    "DeepseekV2",
    "DeepseekV3",
    "DeepseekV32",
    "DeepseekV4",
    "DiffusionGemma",
    "Ernie4_5_Moe",
    "Gemma4",
    "Glm4Moe",
    "Glm4MoeLite",
    "Glm4vMoe",
    "Glm5Next",
    "GlmMoeDsa",
    "GptOss",
    "GraniteMoe",
    "Grok1",
    "HunYuanMoE",
    "HYV3",
    "InternS2Preview",
    "Jamba",
    "KimiK3",
    "KimiLinear",
    "KimiVL",
    "Lfm2Moe",
    "Llama4",
    "Mellum",
    "MiniMaxM2",
    "MiniMaxM3",
    "MistralLarge3",
    "Mixtral",
    "NemotronH",
    "Olmoe",
    "PhiMoE",
    "Qwen2Moe",
    "Qwen3Moe",
    "Qwen3Next",
    "Qwen3OmniMoe",
    "Qwen3VLMoe",
    "Qwen3_5Moe",
    "Qwen4Exp",
    "UnlimitedOCR",
};

/* The config under reading. */
struct reader {
    const struct json *root, *section; /* the section may be the root */
    const char *prefix;                /* of the section's keys: "text_config." or "" */
};

void model_note(struct model *model, const char *format, ...)
{
    char *line = model->notes[model->note_count];
    va_list list;

    if (model->note_count == MODEL_NOTES)
        return;
    va_start(list, format);
    vsnprintf(line, sizeof model->notes[0], format, list);
    va_end(list);
    for (int i = 0; i < model->note_count; i++)
        if (!strcmp(model->notes[i], line))
            return;
    model->note_count++;
}

void model_source(struct model *model, const char *what, const char *key)
{
    int at = 0;

    while (at < model->source_count && strcmp(model->sources[at].what, what))
        at++;
    if (at == MODEL_SOURCES)
        return;
    snprintf(model->sources[at].what, sizeof model->sources[at].what, "%s", what);
    snprintf(model->sources[at].key, sizeof model->sources[at].key, "%s", key);
    if (at == model->source_count)
        model->source_count++;
}

static const struct json *walk(const struct json *json, const char *path)
{
    while (json && *path) {
        char key[64];
        size_t length = strcspn(path, ".");

        snprintf(key, sizeof key, "%.*s", (int)length, path);
        json = json_get(json, key);
        path += length + (path[length] == '.');
    }
    return json;
}

/* An integer, or the first of a list of them (some configs give one a layer). */
static bool read_int(const struct json *item, long long *value)
{
    if (json_is_array(item))
        item = json_first(item);
    return json_int(item, value);
}

/* The first key of `number` that holds an integer: in the section, then in the root. */
static const char *find_number(
    const struct reader *reader, const struct number *number, long long *value, bool *nested)
{
    for (int pass = 0; pass < 2; pass++) {
        const struct json *object = pass ? reader->root : reader->section;

        for (int i = 0; i < KEYS && number->keys[i]; i++) {
            if (read_int(json_get(object, number->keys[i]), value)) {
                *nested = !pass && object != reader->root;
                return number->keys[i];
            }
        }
    }
    return NULL;
}

static void list_keys(const struct number *number, struct text *text)
{
    for (int i = 0; i < KEYS && number->keys[i]; i++)
        text_add(text, "%s%s", i ? ", " : "", number->keys[i]);
}

/* Reads a number into its field, with its source. False without an error when no key holds one, or
 * with one when the value makes no sense. */
static bool take_number(const struct reader *reader, const struct number *number,
    struct model *model, struct error *err)
{
    bool nested = false;
    long long value;
    const char *key = find_number(reader, number, &value, &nested);
    char source[96];

    if (!key)
        return false;
    snprintf(source, sizeof source, "%s%s", nested ? reader->prefix : "", key);
    if (value < number->low || value > number->high)
        return error_set(err, ERROR_FAILED, "%s is %lld; %s must be %d to %d", source, value,
            number->what, number->low, number->high);
    *(int *)((char *)model + number->offset) = (int)value;
    model_source(model, number->what, source);
    return true;
}

static bool need_number(const struct reader *reader, const struct number *number,
    struct model *model, struct error *err)
{
    struct error found = {0};
    struct text keys = {0};

    if (take_number(reader, number, model, &found))
        return true;
    if (found.kind)
        return error_set(err, found.kind, "%s", found.text);
    list_keys(number, &keys);
    error_set(
        err, ERROR_FAILED, "%s is missing: none of %s holds a number", number->what, keys.data);
    text_free(&keys);
    return false;
}

/* Finds the part of the config that counts experts. 0 and 1 experts are dense models' ways. */
static bool find_section(struct reader *reader, char prefix[64], struct error *err)
{
    struct text keys = {0};

    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        bool nested;
        long long value = 0;
        struct reader part = {.root = NULL, .section = walk(reader->root, sections[i])};

        if (!find_number(&part, &experts_number, &value, &nested) || value == 0 || value == 1)
            continue;
        reader->section = part.section;
        snprintf(prefix, 64, "%s%s", sections[i], *sections[i] ? "." : "");
        reader->prefix = prefix;
        return true;
    }
    list_keys(&experts_number, &keys);
    error_set(err, ERROR_FAILED,
        "no experts in this config (looked for %s): a dense model runs no fused MoE kernel, there "
        "is nothing to tune",
        keys.data);
    text_free(&keys);
    return false;
}

/* A key's text, in the section or the root; NULL when there is none. */
static const char *find_text(const struct reader *reader, const char *key)
{
    const char *text = json_string(json_get(reader->section, key));

    return text ? text : json_string(json_get(reader->root, key));
}

static void read_out(const struct reader *reader, struct model *model)
{
    static const char *const keys[] = {"torch_dtype", "dtype"};

    model->out = DTYPE_BF16;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *text = find_text(reader, keys[i]);
        enum dtype dtype;

        if (text && dtype_parse(text, &dtype) && dtype <= DTYPE_FP32) {
            model->out = dtype;
            model_source(model, "dtype", keys[i]);
            return;
        }
    }
    model_note(model, "no torch_dtype or dtype in the config: bf16 activations assumed");
    model_source(model, "dtype", "assumed");
}

/* Squared ReLU takes one projection where the gated activations take two. */
static void read_gate(const struct reader *reader, struct model *model)
{
    static const char *const keys[] = {"mlp_hidden_act", "hidden_act"};

    model->gated = true;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *text = find_text(reader, keys[i]);

        if (text && strstr(text, "relu2")) {
            model->gated = false;
            model_note(model, "%s is %s: no gate, w1 has N rows an expert, not 2N", keys[i], text);
            return;
        }
    }
}

static void read_shared(const struct reader *reader, struct model *model)
{
    take_number(reader, &shared_number, model, NULL);
    take_number(reader, &shared_width, model, NULL);
    if (!model->shared_experts && model->shared_intermediate)
        model->shared_experts = 1;
}

static void read_architecture(const struct reader *reader, struct model *model)
{
    const char *text = json_string(json_first(json_get(reader->root, "architectures")));

    if (!text)
        text = json_string(json_first(json_get(reader->section, "architectures")));
    if (!text) {
        model_note(model, "no architectures in the config: read by its keys");
        return;
    }
    snprintf(model->architecture, sizeof model->architecture, "%s", text);
    for (size_t i = 0; i < sizeof known_families / sizeof known_families[0]; i++)
        if (text_starts_with(text, known_families[i]))
            return;
    model_note(model, "%s is not a class known here: read by its keys, see the sources", text);
}

static bool read_numbers(const struct reader *reader, struct model *model, struct error *err)
{
    if (!need_number(reader, &experts_number, model, err))
        return false;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (!need_number(reader, &numbers[i], model, err))
            return false;
    if (model->top_k > model->routed_experts)
        return error_set(err, ERROR_FAILED, "top_k %d is more than the %d experts", model->top_k,
            model->routed_experts);
    return true;
}

/* The quantisation of the root, of the section, or of hf_quant_config.json; NULL when none. */
static const struct json *find_quant(
    const struct reader *reader, const struct json *file, const char **where)
{
    static const char *const keys[] = {"quantization_config", "compression_config"};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const struct json *quant = json_get(reader->root, keys[i]);

        *where = keys[i];
        if (!quant || json_is_null(quant))
            quant = json_get(reader->section, keys[i]);
        if (quant && !json_is_null(quant))
            return quant;
    }
    *where = "hf_quant_config.json: quantization";
    return json_get(file, "quantization");
}

/* Some checkpoints of fp8 layers keep their experts in four bits and say so beside. */
static bool refuse_expert_dtype(const struct reader *reader, struct error *err)
{
    const char *text = find_text(reader, "expert_dtype");

    if (!text || (!strstr(text, "fp4") && !strstr(text, "FP4")))
        return true;
    return error_set(err, ERROR_FAILED,
        "the experts are %s (expert_dtype), which the fused MoE Triton kernel does not run; for a "
        "copy with other experts name their type with --dtype",
        text);
}

static bool read_dtype(const struct reader *reader, const struct json *file, const char *dtype,
    struct model *model, struct error *err)
{
    const char *where;
    const struct json *quant = find_quant(reader, file, &where);

    model->dtype = model->out;
    if (dtype)
        return model_parse_dtype(dtype, model, err);
    if (!refuse_expert_dtype(reader, err))
        return false;
    return !quant || model_read_quant(quant, where, model, err);
}

bool model_from_json(const struct json *config, const struct json *quant, const char *dtype,
    struct model *model, struct error *err)
{
    struct reader reader = {.root = config, .section = config};
    struct model read = {0};
    char prefix[64] = "";

    if (!json_is_object(config))
        return error_set(err, ERROR_FAILED, "not a config.json: its top is not an object");
    if (!find_section(&reader, prefix, err))
        return false;
    read_architecture(&reader, &read);
    if (!read_numbers(&reader, &read, err))
        return false;
    read_out(&reader, &read);
    read_gate(&reader, &read);
    read_shared(&reader, &read);
    if (!read_dtype(&reader, quant, dtype, &read, err))
        return false;
    *model = read;
    return true;
}
