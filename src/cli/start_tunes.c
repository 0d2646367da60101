/* SPDX-License-Identifier: MIT */
#include "base/path.h"
#include "base/text.h"
#include "cli/database.h"
#include "cli/start_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void fill_tune(struct store *store, const struct store_tune *stored, struct start_tune *tune)
{
    struct store_device device;
    time_t touched = (time_t)stored->touched;
    struct tm day;
    *tune = (struct start_tune){.id = stored->id, .percent = store_tune_percent(stored)};
    snprintf(tune->model, sizeof tune->model, "%s", stored->model);
    snprintf(tune->engine, sizeof tune->engine, "%s", stored->engine);
    snprintf(tune->backend, sizeof tune->backend, "%s", stored->backend);
    snprintf(tune->state, sizeof tune->state, "%s", tune_state_name(stored->state));
    if (store_get_device(store, stored->device, &device, NULL))
        snprintf(tune->device, sizeof tune->device, "%s", device.device.name);
    database_about(stored, tune->about, sizeof tune->about);
    strftime(tune->touched, sizeof tune->touched, "%Y-%m-%d %H:%M", localtime_r(&touched, &day));
}

/* One timed afresh hides those of the same question before it: they cannot be gone on with. */
static bool is_hidden(const struct store_tune tunes[], size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(tunes[i].question, tunes[at].question) == 0)
            return true;
    return false;
}

static void take_tunes(
    struct start *start, struct store *store, const struct store_tune tunes[], size_t count)
{
    struct start_tune *rows = xcalloc(count + 1, sizeof rows[0]);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!is_hidden(tunes, i))
            fill_tune(store, &tunes[i], &rows[kept++]);
    start_take_tunes(start, rows, kept);
}

/* The process whose tune is under way. */
static void note_driver(struct start *start, const struct store *store)
{
    long pid;
    start->driven[0] = '\0';
    if (!store_is_held(store, &pid))
        return;
    if (pid > 0)
        snprintf(start->driven, sizeof start->driven, "one driven by pid %ld", pid);
    else
        snprintf(start->driven, sizeof start->driven, "one driven elsewhere");
}

bool start_tunes_read(struct start_source *source, struct start *start, struct error *err)
{
    struct store_tune *tunes = NULL;
    size_t count = 0;
    if (!source->store && !path_exists(source->db))
        return true;
    if (!source->store)
        source->store = store_open(source->db, STORE_READ, err);
    if (!source->store)
        return false;
    note_driver(start, source->store);
    if (!store_changed(source->store))
        return true;
    bool done = store_list_tunes(source->store, &tunes, &count, err);
    if (done)
        take_tunes(start, source->store, tunes, count);
    for (size_t i = 0; i < count; i++)
        store_tune_free(&tunes[i]);
    free(tunes);
    return done;
}

void start_source_refresh(struct start *start, void *source)
{
    start_tunes_read(source, start, NULL);
}

void start_tunes_close(struct start_source *source)
{
    store_close(source->store);
    source->store = NULL;
}
