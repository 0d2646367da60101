/* SPDX-License-Identifier: MIT */
#include "domain/config_name.h"

#include "base/text.h"

#include <ctype.h>
#include <string.h>

bool config_name_is_one(const char *name)
{
    return text_starts_with(name, "E=") && text_ends_with(name, ".json");
}

char *config_name_down_of(const char *path)
{
    size_t stem = strlen(path) - (text_ends_with(path, ".json") ? strlen(".json") : 0);
    return xasprintf("%.*s_down.json", (int)stem, path);
}

static bool take(const char **at, const char *prefix)
{
    if (!text_starts_with(*at, prefix))
        return false;
    *at += strlen(prefix);
    return true;
}

/* Digits without a sign, at most 9 of them, as the engines print an int. */
static bool take_int(const char **at, int *value)
{
    int digits = 0;
    *value = 0;
    for (; isdigit((unsigned char)**at) && digits < 9; (*at)++, digits++)
        *value = *value * 10 + (**at - '0');
    return digits > 0 && !isdigit((unsigned char)**at);
}

/* Up to the next ',' (or "_down" or the end), which must fit into `size` bytes with the NUL. */
static bool take_word(const char **at, char *word, size_t size)
{
    size_t n = strcspn(*at, ",");
    if (text_ends_with(*at, "_down") && n == strlen(*at))
        n -= strlen("_down");
    if (n >= size)
        return false;
    memcpy(word, *at, n);
    word[n] = '\0';
    *at += n;
    return true;
}

static bool take_block(const char **at, struct config_name *name)
{
    if (!take_int(at, &name->block_n) || !take(at, ","))
        return false;
    name->style = take(at, " ") ? STYLE_SGLANG : STYLE_VLLM;
    return take_int(at, &name->block_k) && take(at, "]") && name->block_n > 0 && name->block_k > 0;
}

static void set_dtype(struct config_name *name)
{
    name->dtype = DTYPE_BF16;
    name->dtype_known = name->dtype_text[0] == '\0';
    if (strcmp(name->dtype_text, "float32") == 0) {
        name->dtype = DTYPE_FP32;
        name->dtype_known = true;
    } else if (!name->dtype_known && dtype_parse(name->dtype_text, &name->dtype)) {
        name->dtype_known = name->dtype >= DTYPE_FP8_W8A8;
    }
    if (strcmp(name->dtype_text, "fp8_w8a16") == 0)
        name->style = STYLE_VLLM;
    if (name->dtype == DTYPE_INT8_W8A8 && name->style == STYLE_EITHER)
        name->style = STYLE_SGLANG;
}

/* The optional parts, each at most once and in the engines' order. NULL, or what is wrong. */
static const char *take_options(const char *at, struct config_name *name)
{
    if (take(&at, ",dtype=") && !take_word(&at, name->dtype_text, sizeof name->dtype_text))
        return "the dtype is too long";
    if (take(&at, ",backend=") && !take_word(&at, name->backend, sizeof name->backend))
        return "the backend is too long";
    if (take(&at, ",block_shape=[") && !take_block(&at, name))
        return "block_shape is not [N, K] (SGLang) or [N,K] (vLLM)";
    if (take(&at, ",per_channel_quant=True")) {
        name->per_channel = true;
        name->style = STYLE_SGLANG;
    }
    if (take(&at, "_down")) {
        name->down = true;
        name->style = STYLE_SGLANG;
    }
    set_dtype(name);
    return *at == '\0' ? NULL : at;
}

bool config_name_parse(const char *text, struct config_name *name, struct error *err)
{
    *name = (struct config_name){.style = STYLE_EITHER};
    size_t length = strlen(text);
    if (length >= sizeof name->text)
        return error_set(err, ERROR_FAILED, "the name is too long for a config file");
    memcpy(name->text, text, length + 1);
    if (!text_ends_with(text, ".json"))
        return error_set(err, ERROR_FAILED, "the name does not end in .json");

    char stem[ENGINE_NAME_SIZE];
    memcpy(stem, text, length + 1);
    stem[length - strlen(".json")] = '\0';
    const char *at = stem;
    if (!take(&at, "E=") || !take_int(&at, &name->experts) || !take(&at, ",N=") ||
        !take_int(&at, &name->intermediate) || !take(&at, ",device_name="))
        return error_set(
            err, ERROR_FAILED, "the name does not begin with E=..,N=..,device_name=..");
    if (!take_word(&at, name->device, sizeof name->device))
        return error_set(err, ERROR_FAILED, "the device name is too long");
    const char *wrong = take_options(at, name);
    if (wrong != NULL)
        return error_set(
            err, ERROR_FAILED, "the name's end is not one that an engine writes: %s", wrong);
    return true;
}

void config_name_shape(const struct config_name *name, struct shape *shape)
{
    *shape = (struct shape){
        .experts = name->experts,
        .routed = name->experts,
        .intermediate = name->intermediate,
        .dtype = name->dtype,
        .out = name->dtype == DTYPE_FP16 ? DTYPE_FP16 : DTYPE_BF16,
        .block_n = name->block_n,
        .block_k = name->block_k,
        .per_channel = name->per_channel,
        .gated = true,
    };
}
