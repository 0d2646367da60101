/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TUNER_QUESTION_H
#define MOEBENCH_TUNER_QUESTION_H

#include "domain/engine.h"
#include "domain/space.h"
#include "worker/job.h"

enum effort { EFFORT_QUICK, EFFORT_FULL, EFFORT_EXHAUSTIVE, EFFORT_COUNT };

const char *effort_name(enum effort effort); /* "quick", "full", "exhaustive" */

#define TUNE_BATCH_SIZES 64

/* What is asked of a tune: the same question resumes the same tune. A value, but for the tiles. */
struct question {
    char model[128]; /* as named, for people */
    struct engine engine;
    struct shape shape;
    int tp, ep;
    struct device device; /* the card (or the recorded one) */
    struct space space;
    int batch_sizes[TUNE_BATCH_SIZES]; /* ascending */
    int batch_size_count;
    bool gemms[GEMM_COUNT];
    enum effort effort;
    double budget_s; /* --time, 0: none; not part of the identity */
    enum routing_kind routing;
    double zipf;
    char routing_file[512];
    unsigned long long seed;
    bool hot;
};

/* The default 18 batch sizes, both GEMMs, the default space, full, uniform routing, seed 1. */
void question_defaults(struct question *question);
void question_copy(struct question *to, const struct question *from);
void question_free(struct question *question);
/* "1,2,8" into ascending distinct sizes; ERROR_USAGE on anything else. */
bool question_set_batch_sizes(struct question *question, const char *text, struct error *err);
/* Index of M among the batch sizes, -1 when it is not asked for. */
int question_m_index(const struct question *question, int m);
/* All that makes two tunes the same, on one line, keys in a fixed order; free(). */
char *question_json(const struct question *question, const char *backend);
/* Back from question_json; *backend (of 16 bytes) may be NULL. Free with question_free. */
bool question_from_json(
    const char *text, struct question *question, char *backend, struct error *err);

#endif
