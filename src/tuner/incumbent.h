/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TUNER_INCUMBENT_H
#define MOEBENCH_TUNER_INCUMBENT_H

#include "base/text.h"
#include "store/store.h"
#include "tuner/question.h"

/* The files that a tune has to beat: read, found, and resolved to a tile for every M. */

const char *incumbent_how_name(enum incumbent_how how); /* "imported", ... as people read it */
/* What incumbents of one layer share: engine, device (as file names have it) and shape, on one
 * line; free(). */
char *incumbent_layer(const struct question *question);
/* Reads the file and the _down file beside it, if the engine looks for one; `how` is the caller's.
 * False when no engine loads them. store_incumbent_free it in either case. */
bool incumbent_read(const char *path, const struct question *question,
    struct store_incumbent *incumbent, struct error *err);
/*
 * Reads the files that the engine itself would load for this layer: by its environment variable,
 * else from `configs` (its package's folder, "" when not known), under SGLang from the folder of
 * this Triton, else in the engine's own order of the others. False and *err of kind ERROR_NONE
 * when there is none.
 */
bool incumbent_find(const char *configs, const char *triton, const struct question *question,
    struct store_incumbent *incumbent, struct error *err);
/*
 * The tiles as the engine would run them at every M of the question: each file by its own nearest
 * key, down with up's BLOCK_SIZE_M. block_m is 0 where nothing can run; why stands in `notes`, a
 * line a reason. Returns at how many M there is one.
 */
int incumbent_resolve(const struct store_incumbent *incumbent, const struct question *question,
    struct tile tiles[GEMM_COUNT][TUNE_BATCH_SIZES], struct text *notes);
/* The entries that serve the M as they stand in the files, whether they run here or not; block_m
 * is 0 where an entry has no legal numbers. */
void incumbent_entries(const struct store_incumbent *incumbent, const struct question *question,
    struct tile tiles[GEMM_COUNT][TUNE_BATCH_SIZES]);

#endif
