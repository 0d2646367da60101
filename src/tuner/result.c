/* SPDX-License-Identifier: MIT */
#include "tuner/result.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *state_text(enum tuner_state state)
{
    switch (state) {
    case TUNER_DONE:
        return "done";
    case TUNER_FAILED:
        return "failed";
    case TUNER_STOPPED:
        return "stopped";
    default:
        return "running";
    }
}

static void add_choice(struct json *choices, const struct choice *choice)
{
    struct json *object = json_add_object(choices, NULL), *interval;

    json_add_string(object, "gemm", gemm_name(choice->gemm));
    json_add_int(object, "m", choice->m);
    tile_add_json(json_add_object(object, "tile"), &choice->tile);
    json_add_double(object, "median_us", choice->median_us);
    interval = json_add_array(object, "ci_us");
    json_add_double(interval, NULL, choice->low_us);
    json_add_double(interval, NULL, choice->high_us);
    json_add_double(object, "default_us", choice->default_us);
    if (choice->incumbent_tile.block_m) {
        tile_add_json(json_add_object(object, "incumbent_tile"), &choice->incumbent_tile);
        json_add_double(object, "incumbent_us", choice->incumbent_us);
    }
    json_add_bool(object, "verified", choice->verified);
    json_add_string(object, "source", choice_source_name(choice->source));
    json_add_bool(object, "settled", choice->settled);
    json_add_string(object, "reason", choice->reason);
}

#define CLEARLY_SLOWER                                                        \
    1.05 /* one look each, and GROUP_SIZE_M may still make the default faster \
          */

/* The least time of the kernel with any GROUP_SIZE_M, NAN: none was timed. */
static double kernel_us(const struct snapshot *s, enum gemm gemm, int m_index, struct tile tile)
{
    const struct space *space = &s->question.space;
    double best = NAN;

    for (size_t i = 0; i < space->count; i++) {
        tile.group_m = space->tiles[i].group_m;
        if (tile_equal(&tile, &space->tiles[i]))
            best = fmin(best, s->cells[gemm][(size_t)m_index * space->count + i].median_us);
    }
    return best;
}

/* How many times the default's kernel took what the best so far did, where that is all there is to
 * go by: nothing settled, nothing held against the default yet; 0 where it is not. */
static double first_sight(const struct snapshot *s, int m_index)
{
    double best = 0, standard = 0;
    bool right = true;

    for (enum gemm g = GEMM_UP; g < GEMM_COUNT; g++) {
        const struct choice *choice = &s->choices[g][m_index];
        if (!s->question.gemms[g])
            continue;
        if (!choice->chosen || choice->settled || choice->source != CHOICE_RACE ||
            !choice->default_fits || !isnan(choice->gain))
            return 0;
        right = right && choice->verified;
        best += choice->median_us;
        standard += kernel_us(s, g, m_index, choice->default_tile);
    }
    return right && standard > best ? standard / best : 1;
}

void result_choices(const struct snapshot *s, int m_index, struct choice out[GEMM_COUNT])
{
    double times = first_sight(s, m_index);

    for (enum gemm g = GEMM_UP; g < GEMM_COUNT; g++) {
        struct choice *choice = &out[g];
        *choice = s->choices[g][m_index];
        if (times == 0 || !choice->chosen)
            continue;
        if (times > CLEARLY_SLOWER) {
            snprintf(choice->reason, sizeof choice->reason,
                "best so far; at first sight the engine's default took %.2f times as long", times);
            continue;
        }
        choice->tile = choice->default_tile;
        choice->median_us = choice->low_us = choice->high_us = choice->default_us;
        choice->source = CHOICE_DEFAULT;
        choice->verified = false;
        snprintf(choice->reason, sizeof choice->reason,
            "the best so far was not yet proven against the engine's default, which stays");
    }
}

struct json *result_json(const struct snapshot *s)
{
    struct json *json = json_new_object(), *choices, *stages;

    json_add_int(json, "tune", s->tune);
    json_add_string(json, "backend", s->backend);
    json_add_bool(json, "recorded", s->recorded);
    json_add_string(json, "device", s->question.device.name);
    json_add_string(json, "state", state_text(s->state));
    if (s->incumbent.path[0]) {
        struct json *incumbent = json_add_object(json, "incumbent");
        json_add_string(incumbent, "path", s->incumbent.path);
        json_add_string(incumbent, "how", s->incumbent.how);
        json_add_string(incumbent, "hash", s->incumbent.hash);
    }
    json_add_int(json, "points", s->points_done);
    json_add_int(json, "fitting_points", (long long)s->fitting_points);
    json_add_int(json, "samples", s->samples);
    json_add_int(json, "launches", s->launches);
    json_add_double(json, "gpu_s", s->gpu_s);
    json_add_double(json, "wall_s", s->wall_s);
    json_add_int(json, "compiles", s->compiles);
    json_add_double(json, "first_timing_s", s->first_timing_s);
    stages = json_add_object(json, "stages");
    for (int i = 0; i < STAGE_COUNT; i++)
        json_add_double(stages, tuner_stage_name((enum tuner_stage)i), s->stage_s[i]);
    choices = json_add_array(json, "choices");
    for (int g = 0; g < GEMM_COUNT; g++) {
        for (int m = 0; m < s->question.batch_size_count; m++) {
            struct choice out[GEMM_COUNT];
            result_choices(s, m, out);
            if (s->question.gemms[g] && out[g].chosen)
                add_choice(choices, &out[g]);
        }
    }
    return json;
}

static double read_us(const struct json *json)
{
    double value;

    return json_double(json, &value) ? value : NAN;
}

static enum choice_source read_source(const struct json *json)
{
    const char *name = json_string(json);

    for (enum choice_source s = CHOICE_RACE; name && s < CHOICE_SOURCE_COUNT; s++) {
        if (strcmp(choice_source_name(s), name) == 0)
            return s;
    }
    return CHOICE_RACE;
}

static bool read_choice(const struct json *json, struct choice *choice)
{
    const char *gemm = json_string(json_get(json, "gemm"));
    const char *reason = json_string(json_get(json, "reason"));
    const struct json *low = json_first(json_get(json, "ci_us"));
    long long m;

    *choice = (struct choice){
        .chosen = true,
        .median_us = read_us(json_get(json, "median_us")),
        .low_us = read_us(low),
        .high_us = read_us(low ? json_next(low) : NULL),
        .default_us = read_us(json_get(json, "default_us")),
        .incumbent_us = read_us(json_get(json, "incumbent_us")),
        .gain = NAN,
        .verified = json_true(json_get(json, "verified")),
        .source = read_source(json_get(json, "source")),
    };
    if (!gemm || !gemm_parse(gemm, &choice->gemm) || !json_int(json_get(json, "m"), &m) ||
        !tile_from_json(json_get(json, "tile"), &choice->tile, NULL))
        return false;
    choice->m = (int)m;
    snprintf(choice->reason, sizeof choice->reason, "%s", reason ? reason : "");
    return true;
}

size_t result_so_far(const char *text, struct choice choices[], size_t limit)
{
    struct json *json = text ? json_parse(text, strlen(text), NULL) : NULL;
    size_t count = 0;

    for (const struct json *each = json_first(json_get(json, "choices")); each && count < limit;
         each = json_next(each)) {
        if (!json_true(json_get(each, "settled")))
            count += read_choice(each, &choices[count]);
    }
    json_free(json);
    return count;
}
