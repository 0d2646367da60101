/* SPDX-License-Identifier: MIT */
#include "cli/start_ask.h"

#include "base/text.h"
#include "base/words.h"
#include "cli/commands.h"
#include "cli/database.h"
#include "worker/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USUAL_SIZES "the usual 18"

/* Options that the form asks for; those given before become its first values. */
static const char *const form_options[] = {
    "tp", "ep", "engine", "device", "batch-sizes", "quick", "full", "exhaustive"};

static bool is_form_option(const char *name)
{
    return text_index(form_options, sizeof form_options / sizeof form_options[0], name) >= 0;
}

static bool takes_value(const struct command *command, const char *name)
{
    const struct option_spec *option = command->options;
    while (strcmp(option->name, name) != 0)
        option++;
    return option->argument != NULL;
}

/* No shell stands between a typed "~/models" and its file. */
static char *expand_home(const char *word)
{
    const char *home = getenv("HOME");
    return home && text_starts_with(word, "~/") ? xasprintf("%s%s", home, word + 1) : xstrdup(word);
}

bool start_line_make(
    const struct arguments *before, char *const words[], struct start_line *line, struct error *err)
{
    size_t count = 0, more = 0;
    while (words[more])
        more++;
    line->argv = xcalloc(before->given_count / 2 + more + 1, sizeof *line->argv);
    for (size_t i = 0; i < before->given_count; i += 2) {
        const char *name = before->given[i];
        if (is_form_option(name))
            continue;
        line->argv[count++] = takes_value(before->command, name)
                                  ? xasprintf("--%s=%s", name, before->given[i + 1])
                                  : xasprintf("--%s", name);
    }
    for (size_t i = 0; i < more; i++)
        line->argv[count++] = expand_home(words[i]);
    return arguments_parse(&line->args, before->command, (int)count, line->argv, err);
}

void start_line_free(struct start_line *line)
{
    arguments_free(&line->args);
    words_free(line->argv);
}

/* Which card, or what stands in for it. */
static bool find_here(struct start_source *source, struct start *start, struct error *err)
{
    const char *backend = arguments_text(source->args, "backend", "cuda");
    const char *file = strchr(backend, ':');
    long ordinal;
    if (!arguments_int(source->args, "device-ordinal", 0, 64, 0, &ordinal, err))
        return false;
    if (strcmp(backend, "cuda") == 0)
        tune_card_ask(&source->card, (int)ordinal);
    if (source->card.there) {
        snprintf(start->here, sizeof start->here, "%s", source->card.device.name);
        return true;
    }
    char *path = replay_path(file ? file + 1 : NULL, NULL);
    source->recorded = path ? recorded_open(path, NULL) : NULL;
    if (source->recorded)
        replay_label(source->recorded, start->here, sizeof start->here);
    else
        snprintf(start->here, sizeof start->here, "no GPU here");
    free(path);
    return true;
}

static void fill_choices(struct start *start, const struct start_source *source)
{
    static const char *const efforts[] = {"full", "quick", "exhaustive"};
    struct engine engine;
    struct device device;
    char text[64];
    for (size_t i = 0; engine_known(i, &engine); i++)
        start_add_choice(start, START_ENGINE, engine_format(&engine, text, sizeof text));
    start_add_choice(start, START_DEVICE, start->here);
    for (size_t i = 0; device_known(i, &device); i++)
        if (strcmp(device.name, start->here) != 0)
            start_add_choice(start, START_DEVICE, device.name);
    start_add_choice(start, START_SIZES, USUAL_SIZES);
    for (size_t i = 0; i < sizeof efforts / sizeof efforts[0]; i++)
        start_add_choice(start, START_EFFORT, efforts[i]);
    if (source->recorded) {
        start_set(start, START_ENGINE, engine_format(&source->recorded->engine, text, sizeof text));
    } else {
        start_set(start, START_ENGINE, start->choices[START_ENGINE][0]);
    }
}

/* What the command line named counts as typed already. */
static void take_given(struct start *start, const struct arguments *args)
{
    static const struct {
        enum start_field field;
        const char *option;
    } given[] = {{START_TP, "tp"}, {START_EP, "ep"}, {START_ENGINE, "engine"},
        {START_DEVICE, "device"}, {START_SIZES, "batch-sizes"}};
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
        const char *text = arguments_text(args, given[i].option, NULL);
        if (text)
            start_set(start, given[i].field, text);
    }
    if (arguments_flag(args, "quick"))
        start_set(start, START_EFFORT, "quick");
    if (arguments_flag(args, "exhaustive"))
        start_set(start, START_EFFORT, "exhaustive");
}

bool start_source_open(struct start_source *source, const struct arguments *args,
    struct start *start, struct error *err)
{
    *source = (struct start_source){.args = args, .db = database_path(args, err)};
    *start = (struct start){0};
    if (!source->db || !start_tunes_read(source, start, err) || !find_here(source, start, err))
        return false;
    snprintf(start->db, sizeof start->db, "%s", source->db);
    start_set(start, START_TP, "1");
    start_set(start, START_EP, "1");
    start_set(start, START_DEVICE, start->here);
    start_set(start, START_SIZES, USUAL_SIZES);
    start_set(start, START_EFFORT, "full");
    start_find_models(start, source);
    fill_choices(start, source);
    take_given(start, args);
    start_open(start);
    return true;
}

void start_source_close(struct start_source *source)
{
    start_tunes_close(source);
    recorded_free(source->recorded);
    free(source->db);
}
