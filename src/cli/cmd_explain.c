/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"

#include "base/json.h"
#include "base/text.h"
#include "domain/server_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct option_spec explain_options[] = {
    {"log", "FILE", "the log to read (standard input)"},
    {"json", NULL, "print JSON"},
    {0},
};

/* The engines' word for the N and K of a block: [128, 128] or null. */
static void add_name_json(struct json *object, const struct config_name *name)
{
    json_add_int(object, "E", name->experts);
    json_add_int(object, "N", name->intermediate);
    json_add_string(object, "device", name->device);
    json_add_string(object, "dtype", name->dtype_text[0] != '\0' ? name->dtype_text : NULL);
    if (name->block_n > 0) {
        struct json *block = json_add_array(object, "block_shape");
        json_add_int(block, NULL, name->block_n);
        json_add_int(block, NULL, name->block_k);
    } else {
        json_add_null(object, "block_shape");
    }
    json_add_bool(object, "per_channel", name->per_channel);
    json_add_bool(object, "down", name->down);
}

static const char *engine_word(const struct server_line *line)
{
    return line->engine == ENGINE_VLLM ? "vllm" : "sglang";
}

static void add_line_json(struct json *lines, int number, const struct server_line *line)
{
    struct json *object = json_add_object(lines, NULL);
    struct text advice = {0};
    json_add_int(object, "line", number);
    json_add_string(object, "engine", engine_word(line));
    json_add_string(object, "result", server_event_name(line->event));
    if (line->named)
        add_name_json(object, &line->name);
    json_add_string(object, "triton", line->triton[0] != '\0' ? line->triton : NULL);
    struct json *paths = json_add_array(object, "paths");
    for (size_t i = 0; i < line->path_count; i++)
        json_add_string(paths, NULL, line->paths[i]);
    json_add_string(object, "used", line->used);
    json_add_string(object, "used_triton", line->used_triton[0] != '\0' ? line->used_triton : NULL);
    json_add_string(object, "output", server_line_output(line));
    server_line_advice(line, &advice);
    json_add_string(object, "what_to_do", advice.data);
    text_free(&advice);
}

static void add_name(struct text *out, const struct config_name *name)
{
    text_add(out, "  layer    E=%d experts a rank, N=%d, %s", name->experts, name->intermediate,
        name->dtype_text[0] != '\0' ? name->dtype_text : "bf16 or fp16");
    if (name->block_n > 0)
        text_add(out, ", blocks of %dx%d", name->block_n, name->block_k);
    text_add(out, "%s%s\n", name->per_channel ? ", scales per channel" : "",
        name->down ? "; the down GEMM" : "");
    text_add(out, "  device   %s\n", name->device);
}

/* Every line of the advice behind its own margin. */
static void add_advice(struct text *out, const struct server_line *line)
{
    struct text advice = {0};
    server_line_advice(line, &advice);
    for (char *at = advice.data, *end; at != NULL && *at != '\0'; at = end + 1) {
        end = strchr(at, '\n');
        text_add(out, "  -> %.*s\n", (int)(end - at), at);
    }
    text_free(&advice);
}

static void add_line(struct text *out, const struct server_line *line)
{
    text_add(out, "%s, %s\n", engine_word(line), server_event_name(line->event));
    if (line->named)
        add_name(out, &line->name);
    if (line->triton[0] != '\0')
        text_add(out, "  triton   %s\n", line->triton);
    for (size_t i = 0; i < line->path_count; i++)
        text_add(out, "  %s %s\n", i == 0 ? "looked at" : "      then", line->paths[i]);
    if (line->used != NULL)
        text_add(out, "  in force %s\n", line->used);
    add_advice(out, line);
}

/* What was printed already, and how often it was said again: each rank of a server says it. */
struct told {
    struct text all;
    int repeated;
};

static void tell(struct told *told, int number, const struct server_line *line)
{
    struct text text = {0};
    add_line(&text, line);
    if (told->all.length > 0 && strstr(told->all.data, text.data) != NULL) {
        told->repeated++;
    } else {
        printf("line %d: %s", number, text.data);
        text_add(&told->all, "%s", text.data);
    }
    text_free(&text);
}

/* Reads the log to its end; returns how many lines were known. */
static int explain_stream(FILE *log, struct json *lines)
{
    struct told told = {0};
    char *text = NULL;
    size_t size = 0;
    int known = 0;
    for (int number = 1; getline(&text, &size, log) > 0; number++) {
        struct server_line line;
        if (server_line_parse(text, &line)) {
            known++;
            if (lines != NULL)
                add_line_json(lines, number, &line);
            else
                tell(&told, number, &line);
        }
        server_line_free(&line);
    }
    if (told.repeated > 0)
        printf("%d more line%s the same\n", told.repeated, told.repeated == 1 ? " says" : "s say");
    text_free(&told.all);
    free(text);
    return known;
}

static int explain_run(const struct arguments *args, struct error *err)
{
    const char *path = arguments_text(args, "log", NULL);
    FILE *log = path != NULL ? fopen(path, "re") : stdin;
    if (log == NULL) {
        error_errno(err, ERROR_FAILED, "explain: %s", path);
        return ERROR_FAILED;
    }
    if (path == NULL && isatty(STDIN_FILENO))
        fputs("Paste the server's lines; Ctrl-D ends.\n", stderr);
    struct json *root = arguments_flag(args, "json") ? json_new_object() : NULL;
    int known = explain_stream(log, root != NULL ? json_add_array(root, "lines") : NULL);
    if (ferror(log))
        error_errno(err, ERROR_FAILED, "explain: %s", path != NULL ? path : "standard input");
    else if (known == 0)
        error_set(err, ERROR_FAILED,
            "explain: no line about a MoE config in %s; it reads like \"Using default MoE kernel "
            "config. .. Config file not found at ..\" and comes with the first request",
            path != NULL ? path : "standard input");
    if (path != NULL)
        fclose(log);
    if (root != NULL) {
        command_print_json(root);
    }
    return 0;
}

const struct command cmd_explain = {
    .name = "explain",
    .operands = "",
    .summary = "what a server's log lines about its MoE config mean, and what to do",
    .details =
        "Reads a whole log or a pasted line: what SGLang or vLLM looked for, where, what it\n"
        "took, and where a tuned file must be written to be found.\n",
    .options = explain_options,
    .run = explain_run,
};
