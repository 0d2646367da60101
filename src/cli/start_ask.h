/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_CLI_START_ASK_H
#define MOEBENCH_CLI_START_ASK_H

#include "cli/tune_ask.h"
#include "store/recorded.h"
#include "ui/start_run.h"

/* What the start screen shows: the database, the models, the card at hand. */
struct start_source {
    const struct arguments *args; /* the workbench's own; borrowed */
    char *db;                     /* owned */
    struct store *store;          /* NULL until the database is there */
    struct tune_card card;
    struct recorded *recorded; /* what stands in where there is no card, NULL: nothing */
};

/* Fills the lists and the form's first values. A database that is not there has no tunes. */
bool start_source_open(struct start_source *source, const struct arguments *args,
    struct start *start, struct error *err);
void start_source_close(struct start_source *source);
/* As start_options.look, with the source as its argument. */
void start_source_look(char *const words[], const void *source, struct start_look *look);

/* The database's tunes, where they changed since the last time; cli/start_tunes.c. */
bool start_tunes_read(struct start_source *source, struct start *start, struct error *err);
void start_tunes_close(struct start_source *source);
/* As start_options.refresh, with the source as its argument. */
void start_source_refresh(struct start *start, void *source);

/* The models of data/ and of the Hugging Face cache that have experts. */
void start_find_models(struct start *start, const struct start_source *source);

/* A command line: options given before, but for what the words decide anew, and the words. */
struct start_line {
    char **argv; /* owned; what args borrows from */
    struct arguments args;
};

bool start_line_make(const struct arguments *before, char *const words[], struct start_line *line,
    struct error *err);
void start_line_free(struct start_line *line);

#endif
