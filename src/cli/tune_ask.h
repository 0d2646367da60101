/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_CLI_TUNE_ASK_H
#define MOEBENCH_CLI_TUNE_ASK_H

#include "cli/target.h"
#include "tuner/tuner.h"

/* Rows for the commands that open a tune. */
#define TUNE_OPTIONS                                                                       \
    {"quick", NULL, "about a hundred candidates"},                                         \
        {"full", NULL, "every tile that fits (the default)"},                              \
        {"exhaustive", NULL, "every tile and GROUP_SIZE_M, ten samples: for a recording"}, \
        {"time", "T", "stop with the best so far after 90s, 10m, 2h"},                     \
        {"batch-sizes", "LIST", "M to tune: 1,8,64 (the 18 usual ones)"},                  \
        {"gemm", "WHICH", "up, down or both (both)"},                                      \
        {"seed", "N", "of inputs, routings and orders (1)"},                               \
        {"routing", "R", "uniform, zipf:S, or a file of expert ids (uniform)"},            \
        {"hot", NULL, "the same experts every launch: for comparison only"},               \
        {"incumbent", "FILE", "an engine's file to beat; its _down beside it"},            \
        {"no-incumbent", NULL, "leave out imports and what the engine loads now"},         \
        {"again", NULL, "time afresh what is finished already"},                           \
        {"db", "FILE", "the database (MOEBENCH_DB, else the XDG data folder)"},            \
        {"backend", "B", "cuda, replay, replay:FILE, none (cuda where there is a card)"},  \
        {"pace", "X", "replay: 1 takes the card's own time, 0 none (0)"},                  \
        {"device-ordinal", "N", "which card (0)"},                                         \
        {"allow-busy", NULL, "go on though another process uses the GPU"},                 \
        {"python", "CMD", "the Python that has Triton (python3)"},                         \
        {"container", "NAME", "the running container that has it, and gets the files"},    \
        {"site", "DIR", "where that Python finds an unpacked engine"},                     \
        {"kernel", "FILE", "the kernel's source instead of the installed engine's"},       \
    {                                                                                      \
        "jobs", "N", "compiles at a time (one a core)"                                     \
    }

/* What the command line asks of a tune. Free with tune_ask_free in either case. */
struct tune_ask {
    struct target target;
    struct question question;
    struct tuner_options options; /* its strings are borrowed from here and the arguments */
    char *db;
    char *backend;  /* of a stored tune */
    char note[256]; /* what was assumed ("no GPU: the recorded set of ..."), or "" */
};

/* The card at hand, for many questions in a row: asking takes a second. Start from {0}. */
struct tune_card {
    bool asked, there;
    struct device device;
    struct error why;      /* it is not there */
    bool keep;             /* asked for: */
    struct client *worker; /* .. that was asked, the caller's own */
};

/* Asks a worker, unless it was asked before. */
void tune_card_ask(struct tune_card *card, int ordinal);

/*
 * Reads TARGET_OPTIONS, SPACE_OPTIONS and TUNE_OPTIONS, and looks which card (or recording) it is.
 * A --device that is not at hand, or --backend none, makes a plan: the back-end is "none".
 */
bool tune_ask(
    const struct arguments *args, const char *model, struct tune_ask *ask, struct error *err);
bool tune_ask_on(const struct arguments *args, const char *model, struct tune_card *card,
    struct tune_ask *ask, struct error *err);
/* A tune of the database asked again; id 0: the one touched last. */
bool tune_ask_stored(
    const struct arguments *args, long long id, struct tune_ask *ask, struct error *err);
void tune_ask_free(struct tune_ask *ask);

#endif
