/* SPDX-License-Identifier: MIT */
#include "domain/server_log.h"

#include "base/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The wordings, most telling first: the first whose `words` stand in the line is it. */
static const struct wording {
    const char *words;
    enum server_event event;
    enum engine_kind engine; /* unless the path says otherwise */
    const char *sought;      /* what stands before the paths looked for, NULL when none */
    const char *used;        /* what stands before the path in force, NULL when none */
} wordings[] = {
    {"Fallback to triton version ", SERVER_FALLBACK, ENGINE_SGLANG, "Config file not found at ",
        "use MoE kernel config from "},
    {"Using MoE kernel config with down_moe=False", SERVER_DOWN_USES_UP, ENGINE_SGLANG,
        "Config file not found at ", NULL},
    {"Down MoE config file not found at ", SERVER_DOWN_USES_UP, ENGINE_SGLANG,
        "Down MoE config file not found at ", NULL},
    {"Using default MoE kernel config.", SERVER_DEFAULT, ENGINE_SGLANG, "Config file not found at ",
        NULL},
    {"Using default MoE config.", SERVER_DEFAULT, ENGINE_VLLM, "Config file not found at ", NULL},
    {"Using MoE kernel config from ", SERVER_FOUND, ENGINE_SGLANG, NULL,
        "Using MoE kernel config from "},
    {"Using configuration from ", SERVER_FOUND, ENGINE_VLLM, NULL, "Using configuration from "},
    {"Deterministic inference is enabled, using default MoE", SERVER_DETERMINISTIC, ENGINE_SGLANG,
        NULL, NULL},
    {"down_moe config BLOCK_SIZE_M=", SERVER_PAIR, ENGINE_SGLANG, NULL, NULL},
    {"out of resource: shared memory", SERVER_OUT_OF_SMEM, ENGINE_SGLANG, NULL, NULL},
};

/* The path that begins at `at` and ends in the first ".json", blanks and all; NULL without one. */
static char *take_path(const char **at)
{
    const char *end = strstr(*at, ".json");
    if (end == NULL)
        return NULL;
    end += strlen(".json");
    char *path = xstrndup(*at, (size_t)(end - *at));
    *at = end;
    return path;
}

/* vLLM joins its paths by ", "; names hold commas too, so a path ends at its ".json". */
static void take_sought(const char *at, struct server_line *parsed)
{
    char *path;
    while (parsed->path_count < SERVER_PATHS && (path = take_path(&at)) != NULL) {
        parsed->paths[parsed->path_count++] = path;
        if (!text_starts_with(at, ", "))
            return;
        at += 2;
        if (*at != '/' && *at != '.')
            return;
    }
}

/* "3.6.0" of ".../configs/triton_3_6_0/NAME.json"; "" of other paths. */
static void triton_of(const char *path, char *triton, size_t size)
{
    char *folder = path_dirname(path);
    engine_folder_triton(path_basename(folder), triton, size);
    free(folder);
}

static void take_numbers(const char *line, struct server_line *parsed)
{
    const char *pair = strstr(line, "down_moe config BLOCK_SIZE_M=");
    const char *smem = strstr(line, "Required: ");
    if (pair != NULL)
        sscanf(pair,
            "down_moe config BLOCK_SIZE_M=%9d does not match up config BLOCK_SIZE_M=%9d at M=%9d",
            &parsed->down_block_m, &parsed->up_block_m, &parsed->m);
    if (smem != NULL)
        sscanf(smem, "Required: %9d, Hardware limit: %9d", &parsed->required, &parsed->limit);
}

/* The parts of the name, and what the folders tell. */
static void take_place(struct server_line *parsed)
{
    const char *first = parsed->path_count > 0 ? parsed->paths[0] : parsed->used;
    if (first == NULL)
        return;
    triton_of(first, parsed->triton, sizeof parsed->triton);
    if (parsed->used != NULL)
        triton_of(parsed->used, parsed->used_triton, sizeof parsed->used_triton);
    if (parsed->triton[0] != '\0')
        parsed->engine = ENGINE_SGLANG;
    parsed->named = config_name_parse(path_basename(first), &parsed->name, NULL);
}

bool server_line_parse(const char *line, struct server_line *parsed)
{
    *parsed = (struct server_line){0};
    for (size_t i = 0; i < sizeof wordings / sizeof wordings[0]; i++) {
        const struct wording *wording = &wordings[i];
        if (strstr(line, wording->words) == NULL)
            continue;
        parsed->event = wording->event;
        parsed->engine = wording->engine;
        const char *sought = wording->sought != NULL ? strstr(line, wording->sought) : NULL;
        const char *used = wording->used != NULL ? strstr(line, wording->used) : NULL;
        if (sought != NULL)
            take_sought(sought + strlen(wording->sought), parsed);
        if (used != NULL) {
            used += strlen(wording->used);
            parsed->used = take_path(&used);
        }
        take_numbers(line, parsed);
        take_place(parsed);
        return parsed->path_count > 0 || parsed->used != NULL ||
               (wording->sought == NULL && wording->used == NULL);
    }
    return false;
}

void server_line_free(struct server_line *parsed)
{
    for (size_t i = 0; i < parsed->path_count; i++)
        free(parsed->paths[i]);
    free(parsed->used);
    *parsed = (struct server_line){0};
}

const char *server_event_name(enum server_event event)
{
    static const char *const names[] = {
        [SERVER_FOUND] = "found",
        [SERVER_FALLBACK] = "fallback",
        [SERVER_DEFAULT] = "default",
        [SERVER_DOWN_USES_UP] = "down-uses-up",
        [SERVER_DETERMINISTIC] = "deterministic",
        [SERVER_PAIR] = "pair-overridden",
        [SERVER_OUT_OF_SMEM] = "out-of-shared-memory",
    };
    return names[event];
}

const char *server_line_output(const struct server_line *parsed)
{
    return parsed->path_count > 0 ? parsed->paths[0] : parsed->used;
}

/* How to have the file of the first path without touching the installed package. */
static void advise_place(const struct server_line *parsed, struct text *advice)
{
    const char *output = server_line_output(parsed);
    char folder[64];
    if (output == NULL)
        return;
    engine_triton_folder(
        parsed->triton[0] != '\0' ? parsed->triton : "X_Y_Z", folder, sizeof folder);
    text_add(advice, "Write the tuned file as %s\n", output);
    if (parsed->engine == ENGINE_SGLANG)
        text_add(advice,
            "or set SGLANG_MOE_CONFIG_DIR=DIR and put it into DIR/configs/%s/ (DIR is one level "
            "above \"configs\" and replaces the shipped files).\n",
            folder);
    else
        text_add(advice,
            "or set VLLM_TUNED_CONFIG_FOLDER=DIR and put it into DIR itself (flat; looked in "
            "before the shipped files).\n");
}

static void advise_tune(const struct server_line *parsed, struct text *advice)
{
    bool sglang = parsed->engine == ENGINE_SGLANG;
    text_add(advice, "Make it with: moebench tune MODEL --engine %s%s%s --out DIR%s\n",
        sglang ? "sglang:VERSION" : "vllm", parsed->triton[0] != '\0' ? " --triton " : "",
        parsed->triton, parsed->named ? "" : " (the line names no config that moebench can read)");
}

static void advise_found(const struct server_line *parsed, struct text *advice)
{
    text_add(advice,
        "The server reads %s.\nWhether every entry of it fits and is right: moebench check '%s'\n",
        parsed->used, parsed->used);
}

static void advise_fallback(const struct server_line *parsed, struct text *advice)
{
    text_add(advice,
        "A file of another Triton is in use: the server runs Triton %s and took the file of Triton "
        "%s, %s.\n",
        parsed->triton, parsed->used_triton, parsed->used);
    text_add(advice, "It was timed with another compiler: time it again, or tune.\n");
    advise_place(parsed, advice);
    advise_tune(parsed, advice);
}

void server_line_advice(const struct server_line *parsed, struct text *advice)
{
    switch (parsed->event) {
    case SERVER_FOUND:
        advise_found(parsed, advice);
        break;
    case SERVER_FALLBACK:
        advise_fallback(parsed, advice);
        break;
    case SERVER_DEFAULT:
        if (parsed->named && parsed->name.down)
            text_add(advice, "No file for the down GEMM. Up to SGLang 0.5.4 this line also comes "
                             "when the up file is there and serves both: look for its line.\n");
        else
            text_add(advice, "No file: the engine's built-in default tile runs.\n");
        advise_place(parsed, advice);
        advise_tune(parsed, advice);
        break;
    case SERVER_DOWN_USES_UP:
        text_add(advice, "No file for the down GEMM: the up file serves both GEMMs.\n");
        advise_place(parsed, advice);
        advise_tune(parsed, advice);
        break;
    case SERVER_DETERMINISTIC:
        text_add(advice, "Deterministic inference: config files are not looked for at all; drop "
                         "--enable-deterministic-inference to use one.\n");
        break;
    case SERVER_PAIR:
        text_add(advice,
            "At M=%d the down file says BLOCK_SIZE_M %d and the up file %d; %d runs for both.\n",
            parsed->m, parsed->down_block_m, parsed->up_block_m, parsed->up_block_m);
        text_add(advice, "Find every such M: moebench check the folder of both files.\n");
        break;
    case SERVER_OUT_OF_SMEM:
        text_add(advice,
            "A tile asks for %d bytes of shared memory a block, the card gives %d: the server "
            "stops there.\n",
            parsed->required, parsed->limit);
        text_add(advice, "Which entries fit: moebench check FILE; which tiles do: moebench space "
                         "MODEL --device NAME.\n");
        break;
    }
}
