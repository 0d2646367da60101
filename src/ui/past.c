/* SPDX-License-Identifier: MIT */
#include "ui/past.h"

#include "base/path.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct past_reader {
    char *path;          /* NULL: no database at all */
    struct store *store; /* NULL until it could be opened */
};

void past_free(struct past *past)
{
    free(past->samples);
    free(past->history);
    free(past->abs);
    free(past->events);
    *past = (struct past){0};
}

struct past_reader *past_open(const char *database)
{
    struct past_reader *reader = xcalloc(1, sizeof *reader);
    reader->path = database ? xstrdup(database) : NULL;
    return reader;
}

void past_close(struct past_reader *reader)
{
    if (!reader)
        return;
    store_close(reader->store);
    free(reader->path);
    free(reader);
}

/* The tuner may still be making it. */
static bool have_store(struct past_reader *reader)
{
    if (!reader->store && reader->path && path_exists(reader->path))
        reader->store = store_open(reader->path, STORE_READ, NULL);
    return reader->store != NULL;
}

struct cell_visit {
    struct past *past;
    long long chunk; /* of the latest measurement, 0 none */
};

static bool keep_cell(const struct store_point *point, void *arg)
{
    struct cell_visit *visit = arg;
    struct past *past = visit->past;
    past->samples = xcalloc(point->count + 1, sizeof past->samples[0]);
    past->sample_count = point->count;
    if (point->count > 0)
        memcpy(past->samples, point->samples, point->count * sizeof past->samples[0]);
    for (size_t i = 0; i < point->measurement_count; i++) {
        const struct store_measurement *measurement = &point->measurements[i];
        past->chunks++;
        past->suspect_chunks += measurement->suspect;
        past->time = measurement->time;
        past->sm_mhz = measurement->sm_mhz;
        visit->chunk = measurement->chunk;
    }
    return false;
}

static void read_cell(struct store *store, struct past *past)
{
    struct store_filter filter = {
        .tune = past->tune, .gemm = (int)past->gemm, .m = past->m, .tile = &past->tile};
    struct cell_visit visit = {.past = past};
    struct store_chunk chunk;
    past->sm_mhz = past->temperature_c = NAN;
    if (!store_each_point(store, &filter, keep_cell, &visit, NULL) || visit.chunk == 0 ||
        !store_get_chunk(store, visit.chunk, &chunk, NULL))
        return;
    memcpy(past->method, chunk.method, sizeof past->method);
    past->temperature_c = chunk.temperature_c;
    if (!store_get_build(store, chunk.build, &past->build, NULL))
        past->build.id = 0;
}

/* Leaves those that say something about the entry. */
static void read_abs(struct store *store, struct past *past)
{
    size_t all;
    if (!store_list_abs(store, past->tune, &past->abs, &all, NULL))
        return;
    for (size_t i = 0; i < all; i++)
        if (past->abs[i].m == past->m &&
            (past->abs[i].gemm < 0 || past->abs[i].gemm == (int)past->gemm))
            past->abs[past->ab_count++] = past->abs[i];
}

bool past_about_entry(const struct past *past, long long tune, enum gemm gemm, int m)
{
    return tune != 0 && past->tune == tune && past->gemm == gemm && past->m == m;
}

static bool is_about(
    const struct past *past, long long tune, enum gemm gemm, int m, const struct tile *tile)
{
    static const struct tile none;
    return past_about_entry(past, tune, gemm, m) && tile_equal(&past->tile, tile ? tile : &none);
}

bool past_look(struct past_reader *reader, long long tune, enum gemm gemm, int m,
    const struct tile *tile, struct past *past)
{
    if (tune == 0 || !have_store(reader))
        return false;
    bool changed = store_changed(reader->store);
    if (!changed && is_about(past, tune, gemm, m, tile))
        return false;
    past_free(past);
    past->tune = tune;
    past->gemm = gemm;
    past->m = m;
    if (tile) {
        past->tile = *tile;
        read_cell(reader->store, past);
    }
    store_list_history(
        reader->store, tune, (int)gemm, m, &past->history, &past->history_count, NULL);
    read_abs(reader->store, past);
    store_list_events(reader->store, tune, PAST_EVENTS, &past->events, &past->event_count, NULL);
    return true;
}
