/* SPDX-License-Identifier: MIT */
#include "store/store.h"

#include "base/clock.h"
#include "base/text.h"
#include "store/sql.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool add_choice(
    struct store *store, long long tune, struct store_choice *choice, struct error *err)
{
    long long tile = 0;

    if (!choice->dropped && !sql_tile_id(store, &choice->tile, &tile, err))
        return false;
    return sql_number(store, err, 0, &choice->id,
        "INSERT INTO choice (tune, build, gemm, m, dropped, tile, source, reason, median_us,"
        " low_us, high_us, default_us, incumbent_us, verified, ab, restored, time)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        "lkiiikisdddddikkd", tune, choice->build, choice->gemm, choice->m, choice->dropped, tile,
        choice->source, choice->reason, choice->median_us, choice->low_us, choice->high_us,
        choice->default_us, choice->incumbent_us > 0 ? choice->incumbent_us : NAN, choice->verified,
        choice->ab, choice->restored, choice->time);
}

bool store_add_choices(struct store *store, long long tune, struct store_choice choices[],
    size_t count, struct error *err)
{
    const double now = clock_wall();
    bool own, done = true;

    if (!sql_enter(store, &own, err))
        return false;
    for (size_t i = 0; done && i < count; i++) {
        if (choices[i].time == 0)
            choices[i].time = now;
        done = add_choice(store, tune, &choices[i], err);
    }
    return sql_leave(store, own, done, err);
}

#define CHOICE_QUERY                                                                           \
    "SELECT c.id, c.build, c.gemm, c.m, c.dropped, c.source, c.reason, c.median_us, c.low_us," \
    " c.high_us, c.default_us, c.incumbent_us, c.verified, c.ab, c.restored, "                 \
    "c.time, " TILE_COLUMNS " FROM choice c LEFT JOIN tile t ON t.id = c.tile "

static bool read_choice(sqlite3_stmt *row, void *item, struct error *err)
{
    struct store_choice *choice = item;

    (void)err;
    *choice = (struct store_choice){
        .id = sql_id(row, 0),
        .build = sql_id(row, 1),
        .gemm = (enum gemm)sql_int(row, 2),
        .m = sql_int(row, 3),
        .dropped = sql_int(row, 4) == 1,
        .source = (enum choice_source)sql_int(row, 5),
        .median_us = sql_double(row, 7),
        .low_us = sql_double(row, 8),
        .high_us = sql_double(row, 9),
        .default_us = sql_double(row, 10),
        .incumbent_us = sql_double(row, 11),
        .verified = sql_int(row, 12) == 1,
        .ab = sql_id(row, 13),
        .restored = sql_id(row, 14),
        .time = sql_double(row, 15),
        .tile = sql_tile(row, 16),
    };

    sql_text(row, 6, choice->reason, sizeof choice->reason);
    return true;
}

static bool read_choices(struct store *store, sqlite3_stmt *row, struct store_choice **choices,
    size_t *count, struct error *err)
{
    static const struct sql_items kind = {.size = sizeof **choices, .read = read_choice};
    void *list;
    bool done = sql_list(store, row, &kind, &list, count, err);

    *choices = list;
    return done;
}

bool store_list_choices(struct store *store, long long tune, struct store_choice **choices,
    size_t *count, struct error *err)
{
    sqlite3_stmt *row = sql_query(store, err,
        CHOICE_QUERY "WHERE c.id IN (SELECT max(id) FROM choice WHERE tune = ? GROUP BY gemm, m)"
                     " ORDER BY c.gemm, c.m",
        "l", tune);

    return read_choices(store, row, choices, count, err);
}

bool store_list_history(struct store *store, long long tune, int gemm, int m,
    struct store_choice **choices, size_t *count, struct error *err)
{
    struct text query = {0};

    text_add(&query, CHOICE_QUERY "WHERE c.tune = ?");
    if (gemm >= 0)
        text_add(&query, " AND c.gemm = %d", gemm);
    if (m > 0)
        text_add(&query, " AND c.m = %d", m);
    text_add(&query, " ORDER BY c.id DESC");
    sqlite3_stmt *row = sql_query(store, err, query.data, "l", tune);
    text_free(&query);
    return read_choices(store, row, choices, count, err);
}
