/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_UI_START_RUN_H
#define MOEBENCH_UI_START_RUN_H

#include "base/error.h"
#include "ui/start.h"

struct start_options {
    enum theme theme;
    bool color, mouse;
    /* What the command line of `words` (start_words) would do. Takes well under a second. */
    void (*look)(char *const words[], const void *arg, struct start_look *look);
    /* The list as it is now: another process may drive a tune of it. */
    void (*refresh)(struct start *start, void *arg);
    void *arg;
};

struct start_answer {
    enum start_effect effect; /* START_RESUME, START_NEW or START_QUIT */
    long long tune;           /* RESUME */
    char **words;             /* NEW: owned, words_free */
    int signal;               /* what to end by, 0: none */
};

/* On the terminal, which stays open for the main screen (terminal_close ends it). */
bool start_run(struct start *start, const struct start_options *options,
    struct start_answer *answer, struct error *err);
/* The same as a numbered list, with the answer read from stdin a line at a time. */
void start_run_lines(
    struct start *start, const struct start_options *options, struct start_answer *answer);

#endif
