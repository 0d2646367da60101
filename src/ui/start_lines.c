/* SPDX-License-Identifier: MIT */
#include "ui/start_run.h"

#include "base/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_list(const struct start *start)
{
    printf("%zu tune%s in %s%s%s\n", start->tune_count, start->tune_count == 1 ? "" : "s",
        start->db, *start->driven ? ", " : "", start->driven);
    for (size_t i = 0; i < start->tune_count; i++) {
        const struct start_tune *tune = &start->tunes[i];
        printf("%zu: %s, %s, %s, %d %%, %s, touched %s, %s; %s\n", i + 1, tune->model, tune->device,
            tune->engine, tune->percent, tune->state, tune->touched, tune->backend, tune->about);
    }
    printf("new ones run on: %s; names:", start->here);
    for (size_t i = 0; i < start->model_count; i++)
        printf("%s %s", i ? "," : "", start->models[i].name);
    puts("");
}

/* Says what the words would do; whether they can be started. */
static bool print_look(const struct start_options *options, char *const words[])
{
    struct start_look *look = xcalloc(1, sizeof *look);
    options->look(words, options->arg, look);
    bool fine = !*look->error;
    if (!fine)
        printf("not started: %s\n", look->error);
    for (int i = 0; i < look->fact_count; i++)
        printf("%s: %s\n", look->facts[i].label, look->facts[i].text);
    free(look);
    return fine;
}

/* Into a line without its end; false at the end of stdin. */
static bool ask(const char *what, char *line, size_t size)
{
    printf("%s\n", what);
    fflush(stdout);
    if (!fgets(line, (int)size, stdin))
        return false;
    line[strcspn(line, "\n")] = '\0';
    return true;
}

static void take_new(
    const char *text, const struct start_options *options, struct start_answer *answer)
{
    struct error err = {0};
    char line[START_TEXT];
    char **words = words_split(text, &err);
    if (!words) {
        printf("not started: %s\n", err.text);
        return;
    }
    if (!print_look(options, words) ||
        !ask("Enter starts it, anything else goes back", line, sizeof line) || *line) {
        words_free(words);
        return;
    }
    answer->effect = START_NEW;
    answer->words = words;
}

void start_run_lines(
    struct start *start, const struct start_options *options, struct start_answer *answer)
{
    char line[1024];
    long number;
    *answer = (struct start_answer){0};
    print_list(start);
    while (answer->effect == START_NOTHING) {
        if (!ask("a tune's number, n MODEL [OPTION..] for a new one, or q", line, sizeof line) ||
            strcmp(line, "q") == 0) {
            answer->effect = START_QUIT;
        } else if (text_to_int(line, 1, (long)start->tune_count, &number)) {
            answer->effect = START_RESUME;
            answer->tune = start->tunes[number - 1].id;
        } else if (text_starts_with(line, "n ")) {
            take_new(line + 2, options, answer);
        } else {
            printf("%s: neither\n", line);
        }
    }
}
