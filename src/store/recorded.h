/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_STORE_RECORDED_H
#define MOEBENCH_STORE_RECORDED_H

#include "domain/device.h"
#include "domain/engine.h"
#include "domain/point.h"
#include "store/store.h"

/*
 * A recorded set: measurements of one layer on one real GPU, packed into a small SQLite file that
 * never changes. One row a (GEMM, M); in it, for every tile of the GEMM's list in order: status (1
 * byte), number of samples (1 byte), the samples (float32, little-endian). 61,000 points with 3
 * samples each take about a megabyte.
 */
struct recorded_tile {
    struct tile tile;
    enum point_status status;                 /* of its compile */
    int shared_bytes, registers, spill_bytes; /* -1 unknown */
};

struct recorded_point {
    enum point_status status;
    int count;            /* samples, 0: never measured */
    const float *samples; /* us a launch */
};

struct recorded {
    struct device device;
    struct engine engine;
    struct shape shape;
    char engine_version[32], kernel_hash[72], triton[32], ptxas[32];
    char date[32];        /* of the recording, "2026-11-25" */
    char provenance[512]; /* driver, routing, how many sittings */
    int *batch_sizes;     /* ascending */
    size_t batch_size_count;
    struct recorded_tile *tiles[GEMM_COUNT]; /* ascending by tile_compare */
    size_t tile_count[GEMM_COUNT];
    struct recorded_point *points[GEMM_COUNT]; /* [batch size][tile] */
    float *samples[GEMM_COUNT];                /* what the points of a GEMM point into, or NULL */
};

/* Reads it whole, opened immutable. NULL and *err: not there, no recorded set, damaged. */
struct recorded *recorded_open(const char *path, struct error *err);
/* A new file, written beside and renamed. */
bool recorded_write(const char *path, const struct recorded *recorded, struct error *err);
/* A tune's cold measurements with its present build as a set; NULL and *err when there are none. */
struct recorded *recorded_from_tune(struct store *store, long long tune, struct error *err);
void recorded_free(struct recorded *recorded);

/* NULL when the set does not have it. */
const struct recorded_tile *recorded_find_tile(
    const struct recorded *recorded, enum gemm gemm, const struct tile *tile);
const struct recorded_point *recorded_find(
    const struct recorded *recorded, enum gemm gemm, int m, const struct tile *tile);

#endif
