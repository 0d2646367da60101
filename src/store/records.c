/* SPDX-License-Identifier: MIT */
/* A/B results and events: what is written once and listed. */
#include "store/store.h"

#include "base/clock.h"
#include "base/text.h"
#include "store/sql.h"

#include <stdlib.h>
#include <string.h>

/* Ids of the tiles of up and down; 0 for a GEMM that takes no part. */
static bool pair_ids(struct store *store, const struct store_ab *ab, const struct tile tiles[],
    long long ids[], struct error *err)
{
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++) {
        ids[gemm] = 0;
        bool part = ab->gemm < 0 || ab->gemm == gemm;
        if (part && !sql_tile_id(store, &tiles[gemm], &ids[gemm], err))
            return false;
    }
    return true;
}

bool store_add_ab(struct store *store, long long tune, struct store_ab *ab, struct error *err)
{
    long long a[GEMM_COUNT], b[GEMM_COUNT];
    size_t bytes = ab->differences ? (size_t)ab->blocks * sizeof *ab->differences : 0;
    bool own;

    if (!sql_enter(store, &own, err))
        return false;
    if (ab->time == 0)
        ab->time = clock_wall();
    bool done = pair_ids(store, ab, ab->a, a, err) && pair_ids(store, ab, ab->b, b, err) &&
                sql_number(store, err, 0, &ab->id,
                    "INSERT INTO ab (tune, build, gemm, m, a_up, a_down, b_up, b_down, a_label,"
                    " b_label, seed, verdict, effect_pct, low_pct, high_pct, mde_pct, blocks,"
                    " blocks_to_decide, a_us, b_us, flags, differences, time) VALUES"
                    " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                    " RETURNING id",
                    "lknikkkksslsddddinddsbd", tune, ab->build, ab->gemm, ab->m, a[GEMM_UP],
                    a[GEMM_DOWN], b[GEMM_UP], b[GEMM_DOWN], ab->a_label, ab->b_label,
                    (long long)ab->seed, ab->verdict, ab->effect_pct, ab->low_pct, ab->high_pct,
                    ab->mde_pct, ab->blocks, ab->blocks_to_decide, ab->a_us, ab->b_us, ab->flags,
                    (const void *)ab->differences, bytes, ab->time);
    return sql_leave(store, own, done, err);
}

#define SIDE(t) t ".bm, " t ".bn, " t ".bk, " t ".group_m, " t ".warps, " t ".stages, " t ".tma"
#define SIDES SIDE("au") ", " SIDE("ad") ", " SIDE("bu") ", " SIDE("bd")

static const char ab_query[] =
    "SELECT ab.id, build, gemm, m, a_label, b_label, seed, verdict, effect_pct, low_pct, high_pct,"
    " mde_pct, blocks, blocks_to_decide, a_us, b_us, flags, time, " SIDES
    " FROM ab LEFT JOIN tile au ON au.id = a_up LEFT JOIN tile ad ON ad.id = a_down"
    " LEFT JOIN tile bu ON bu.id = b_up LEFT JOIN tile bd ON bd.id = b_down"
    " WHERE tune = ? ORDER BY ab.id DESC";

static bool read_ab(sqlite3_stmt *row, void *item, struct error *err)
{
    struct store_ab *ab = item;

    (void)err;
    *ab = (struct store_ab){
        .id = sql_id(row, 0),
        .build = sql_id(row, 1),
        .gemm = sql_int(row, 2),
        .m = sql_int(row, 3),
        .seed = (uint64_t)sql_id(row, 6),
        .effect_pct = sql_double(row, 8),
        .low_pct = sql_double(row, 9),
        .high_pct = sql_double(row, 10),
        .mde_pct = sql_double(row, 11),
        .blocks = sql_int(row, 12),
        .blocks_to_decide = sql_int(row, 13),
        .a_us = sql_double(row, 14),
        .b_us = sql_double(row, 15),
        .time = sql_double(row, 17),
        .a = {[GEMM_UP] = sql_tile(row, 18), [GEMM_DOWN] = sql_tile(row, 25)},
        .b = {[GEMM_UP] = sql_tile(row, 32), [GEMM_DOWN] = sql_tile(row, 39)},
    };

    sql_text(row, 4, ab->a_label, sizeof ab->a_label);
    sql_text(row, 5, ab->b_label, sizeof ab->b_label);
    sql_text(row, 7, ab->verdict, sizeof ab->verdict);
    sql_text(row, 16, ab->flags, sizeof ab->flags);
    return true;
}

bool store_list_abs(
    struct store *store, long long tune, struct store_ab **abs, size_t *count, struct error *err)
{
    static const struct sql_items kind = {.size = sizeof **abs, .read = read_ab};
    void *list;
    bool done =
        sql_list(store, sql_query(store, err, ab_query, "l", tune), &kind, &list, count, err);

    *abs = list;
    return done;
}

bool store_add_event(
    struct store *store, long long tune, const char *kind, const char *text, struct error *err)
{
    return sql_run(store, err, "INSERT INTO event (tune, time, kind, text) VALUES (?, ?, ?, ?)",
        "ldss", tune, clock_wall(), kind, text);
}

static bool read_event(sqlite3_stmt *row, void *item, struct error *err)
{
    struct store_event *event = item;

    (void)err;
    *event = (struct store_event){.id = sql_id(row, 0), .time = sql_double(row, 1)};
    sql_text(row, 2, event->kind, sizeof event->kind);
    sql_text(row, 3, event->text, sizeof event->text);
    return true;
}

bool store_list_events(struct store *store, long long tune, size_t limit,
    struct store_event **events, size_t *count, struct error *err)
{
    static const struct sql_items kind = {.size = sizeof **events, .read = read_event};
    sqlite3_stmt *row = sql_query(store, err,
        "SELECT id, time, kind, text FROM event WHERE id >= coalesce((SELECT id FROM event"
        " WHERE tune = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2), 0) AND tune = ?1 ORDER BY id",
        "ll", tune, (long long)limit - 1);
    void *list;
    bool done = sql_list(store, row, &kind, &list, count, err);

    *events = list;
    return done;
}
