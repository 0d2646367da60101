/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_CLI_AB_ASK_H
#define MOEBENCH_CLI_AB_ASK_H

#include "cli/target.h"
#include "domain/config_file.h"
#include "store/store.h"
#include "tuner/ab.h"

/* Where a side's tiles come from: given, the engine's default, or entries by the nearest key. */
struct ab_source {
    enum { AB_TILES, AB_DEFAULT, AB_ENTRIES } kind;
    char label[64];
    struct tile tiles[GEMM_COUNT];
    struct config_file entries[GEMM_COUNT]; /* owned */
};

/* What the line of `moebench ab` asks for. Free with ab_ask_free in either case. */
struct ab_ask {
    struct target target;
    struct question question;
    struct session_options options; /* its strings are borrowed from the arguments */
    struct session session;         /* worker not started */
    struct store *store;            /* NULL where there is no database */
    struct store_tune tune;         /* of this layer, engine and card; id 0: none */
    const char *texts[2];           /* of the sides, borrowed */
    bool gemms[GEMM_COUNT];
    long blocks; /* budget of each comparison */
    struct ab_source a, b;
    struct ab_job *jobs;
    size_t job_count;
};

/* Finds the card (or recording), the engine, both sides' tiles; nothing is timed yet. */
bool ab_ask(const struct arguments *args, struct ab_ask *ask, struct error *err);
void ab_ask_free(struct ab_ask *ask);

/* "choice", "default", a tile, UP/DOWN tiles, or a config FILE with its _down beside it. */
bool ab_source_read(
    const char *text, const struct ab_ask *ask, struct ab_source *source, struct error *err);
void ab_source_free(struct ab_source *source);
/* The side at M as the engine would run it: the pair rule gives down up's BLOCK_SIZE_M. */
bool ab_source_at(const struct ab_source *source, const struct ab_ask *ask, int m,
    const bool gemms[GEMM_COUNT], struct ab_side *side, struct error *err);

#endif
