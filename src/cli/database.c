/* SPDX-License-Identifier: MIT */
#include "cli/database.h"

#include "base/path.h"
#include "base/text.h"
#include "tuner/question.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define LISTED_SIZES 8 /* as many fit an 80-column line */

char *database_path(const struct arguments *args, struct error *err)
{
    const char *given = arguments_text(args, "db", NULL);
    char *path = given ? xstrdup(given) : store_default_path();

    if (!path)
        error_set(err, ERROR_USAGE, "no HOME to keep a database in; name one: --db FILE");
    return path;
}

struct store *database_open(const struct arguments *args, enum store_mode mode, struct error *err)
{
    char *path = database_path(args, err);
    struct store *store = path ? store_open(path, mode, err) : NULL;

    free(path);
    return store;
}

bool database_tune(
    struct store *store, const char *operand, struct store_tune *tune, struct error *err)
{
    struct store_tune *tunes;
    size_t count;
    long id;

    if (operand && !text_to_int(operand, 1, LONG_MAX, &id))
        return error_set(err, ERROR_USAGE,
            "%s: not the number of a tune; `moebench list` shows the numbers", operand);
    if (operand)
        return store_get_tune(store, id, tune, err);
    if (!store_list_tunes(store, &tunes, &count, err))
        return false;
    if (count > 0)
        *tune = tunes[0];
    for (size_t i = 1; i < count; i++)
        store_tune_free(&tunes[i]);
    free(tunes);
    return count > 0 || error_set(err, ERROR_FAILED, "%s: no tunes yet; `moebench tune` makes one",
                            store_path(store));
}

void database_about(const struct store_tune *tune, char *buffer, size_t size)
{
    struct question q = {0};
    struct text line = {0};
    bool known = question_from_json(tune->question, &q, NULL, NULL);

    if (known && q.ep > 1)
        text_add(&line, "EP%d, ", q.ep);
    if (known)
        text_add(&line, "%s, %zu tiles, ", effort_name(q.effort), q.space.count);
    if (q.gemms[GEMM_UP] != q.gemms[GEMM_DOWN])
        text_add(&line, "%s only, ", gemm_name(q.gemms[GEMM_UP] ? GEMM_UP : GEMM_DOWN));
    if (known && q.seed != 1)
        text_add(&line, "seed %llu, ", q.seed);
    if (q.hot)
        text_add(&line, "hot, ");
    if (q.routing == ROUTING_ZIPF)
        text_add(&line, "zipf:%g, ", q.zipf);
    if (q.routing == ROUTING_FILE)
        text_add(&line, "routing %s, ", path_basename(q.routing_file));
    if (q.batch_size_count > LISTED_SIZES)
        text_add(&line, "%d batch sizes, %d to %d", q.batch_size_count, q.batch_sizes[0],
            q.batch_sizes[q.batch_size_count - 1]);
    for (int i = 0; i < q.batch_size_count && q.batch_size_count <= LISTED_SIZES; i++)
        text_add(&line, "%s%d", i ? "," : "M ", q.batch_sizes[i]);
    snprintf(buffer, size, "%s", line.data ? line.data : "");
    text_free(&line);
    question_free(&q);
}
