/* SPDX-License-Identifier: MIT */
#include "tuner/export.h"

#include "base/text.h"
#include "tuner/choices.h"
#include "tuner/result.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What an export holds: every M of the question, and those that `moebench edit` put beside them. */

static void start_set(struct export_set *set, const struct question *question)
{
    memset(set, 0, sizeof *set);
    set->question = question;
    set->count = question->batch_size_count;
    for (int i = 0; i < set->count; i++)
        set->entries[i].m = question->batch_sizes[i];
}

/* The M's entry, a new one in its place; NULL: there are too many, which `edit` does not allow. */
static struct export_entry *entry_of(struct export_set *set, int m)
{
    int at = 0;

    while (at < set->count && set->entries[at].m < m)
        at++;
    if (at < set->count && set->entries[at].m == m)
        return &set->entries[at];
    if (set->count == EXPORT_ENTRIES)
        return NULL;
    memmove(&set->entries[at + 1], &set->entries[at],
        (size_t)(set->count++ - at) * sizeof set->entries[0]);
    set->entries[at] = (struct export_entry){.m = m};
    return &set->entries[at];
}

void export_set_seen(struct export_set *set, const struct snapshot *s)
{
    struct export_entry *entry;

    start_set(set, &s->question);
    set->tune = s->tune;
    set->recorded = s->recorded;
    memcpy(set->incumbent, s->incumbent.path, sizeof set->incumbent);
    memcpy(set->incumbent_hash, s->incumbent.hash, sizeof set->incumbent_hash);
    memcpy(set->triton, s->toolchain.triton, sizeof set->triton);
    memcpy(set->label, s->label, sizeof set->label);
    for (int m = 0; m < s->question.batch_size_count; m++)
        result_choices(s, m, set->entries[m].gemm);
    for (int i = 0; i < s->beside_count; i++)
        if ((entry = entry_of(set, s->beside[i][GEMM_UP].m)))
            memcpy(entry->gemm, s->beside[i], sizeof entry->gemm);
}

/* The choices of the kernels timed last. Where none stands: what a tune that was stopped would have
 * chosen then. */
static bool fill_entries(
    struct store *store, const struct store_tune *tune, struct export_set *set, struct error *err)
{
    enum { MOST = GEMM_COUNT * TUNE_BATCH_SIZES };
    struct choice *so_far = xcalloc(MOST, sizeof *so_far);
    size_t count = result_so_far(tune->result, so_far, MOST), stored_count;
    struct store_choice *stored = NULL;
    bool done = store_list_choices(store, tune->id, &stored, &stored_count, err);

    for (size_t i = 0; done && i < stored_count; i++) {
        const struct store_choice *c = &stored[i];
        bool counts =
            c->build == tune->build && (!c->dropped || question_m_index(set->question, c->m) >= 0);
        struct export_entry *entry = counts ? entry_of(set, c->m) : NULL;
        if (entry)
            choices_fill(c, &entry->gemm[c->gemm]);
    }
    for (size_t i = 0; done && i < count; i++) {
        struct export_entry *entry = entry_of(set, so_far[i].m);
        if (entry && !entry->gemm[so_far[i].gemm].settled)
            entry->gemm[so_far[i].gemm] = so_far[i];
    }
    free(stored);
    free(so_far);
    return done;
}

bool export_set_stored(struct export_set *set, struct store *store, const struct store_tune *tune,
    const struct question *question, struct error *err)
{
    struct store_incumbent incumbent = {0};
    struct store_build build = {0};

    start_set(set, question);
    set->tune = tune->id;
    set->recorded = strcmp(tune->backend, "replay") == 0;
    if ((tune->build > 0 && !store_get_build(store, tune->build, &build, err)) ||
        (tune->incumbent > 0 && !store_get_incumbent(store, tune->incumbent, &incumbent, err)))
        return false;
    snprintf(set->triton, sizeof set->triton, "%s", build.triton);
    if (tune->incumbent > 0) {
        snprintf(set->incumbent, sizeof set->incumbent, "%s", incumbent.path);
        snprintf(set->incumbent_hash, sizeof set->incumbent_hash, "%s", incumbent.hash);
    }
    store_incumbent_free(&incumbent);
    return fill_entries(store, tune, set, err);
}
