/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TUNER_EXPORT_H
#define MOEBENCH_TUNER_EXPORT_H

#include "base/text.h"
#include "store/store.h"
#include "tuner/tuner.h"

/* Choices as the engine's files: pure but for export_set_stored and export_write. */

#define EXPORT_ENTRIES (TUNE_BATCH_SIZES + TUNE_BESIDE)

/* What an M gets. A choice that is not settled is the best as of when the tune was stopped. */
struct export_entry {
    int m;
    struct choice gemm[GEMM_COUNT];
};

struct export_set {
    const struct question *question; /* borrowed */
    char triton[32];                 /* of the kernels timed; names the folder */
    long long tune;
    char incumbent[512], incumbent_hash[72]; /* "": none was raced */
    bool recorded;
    char label[160];                             /* of a recording */
    struct export_entry entries[EXPORT_ENTRIES]; /* ascending by M */
    int count;
};

struct export_result {
    char *paths[GEMM_COUNT]; /* owned; NULL: not written */
    int path_count;
    int entries;       /* written, a file; of them: */
    int as_of_now;     /* not settled yet */
    int defaults;      /* the engine's own, settled or not */
    int beside;        /* of an M that the question does not have */
    int left_out;      /* M of the question without an entry */
    struct text notes; /* lines: what was left out or taken by default, and why */
};

/* A tune as it is seen now, and as the database has it: the same set, once it has ended. Both take
 * every M of the question and those that `moebench edit` put beside them. */
void export_set_seen(struct export_set *set, const struct snapshot *snapshot);
bool export_set_stored(struct export_set *set, struct store *store, const struct store_tune *tune,
    const struct question *question, struct error *err);

void export_result_free(struct export_result *result);
/* "18 M: 16 settled, 2 as of now; 3 of them the engine's default; 1 left out"; free(). */
char *export_summary(const struct export_result *result);
/* Names of the files below DIR, for saying so before the first timing; free(). */
char *export_path(const struct question *question, const char *triton, enum gemm gemm);
/* What export_write would write: all of *result but the paths. False: there would be no entry. */
bool export_look(const struct export_set *set, struct export_result *result, struct error *err);
/*
 * Writes up and down (as far as both were tuned) into `out` in the engine's own layout, and what
 * is known of them into out/moebench.json. An M goes in only when every GEMM has a verified tile
 * or the engine's default for it, and both share BLOCK_SIZE_M. Refuses to overwrite a file that is
 * not of the same layer, unless `force`.
 */
bool export_write(const struct export_set *set, const char *out, bool force,
    struct export_result *result, struct error *err);
/* The engine ("sglang:0.5.4.post2") that moebench.json says the file was made for; false: none. */
bool export_made_for(const char *path, char *engine, size_t size);
/* How a server comes to use the files: per node, and the line it then logs. free(). */
char *export_instructions(
    const struct export_set *set, const char *out, const struct export_result *result);

#endif
