/* SPDX-License-Identifier: MIT */
#include "tuner/tuner_state.h"

#include "tuner/choices.h"

#include <stdlib.h>
#include <string.h>

/* What a loading pass hands to its visitors. */
struct load {
    struct tuner *tuner;
    struct tile last; /* the tile found last, and its place in the plan */
    int place;
};

void tuner_load_compile(struct tuner *tuner, const struct store_compile *fact)
{
    int tile = plan_find(&tuner->plan, &fact->tile);

    if (tile < 0)
        return;
    if (fact->status == POINT_DOES_NOT_FIT || fact->status == POINT_COMPILE_FAILED)
        race_set_kernel(tuner->race, fact->gemm, tile, KERNEL_BAD, fact->status);
    if ((size_t)tile < tuner->plan.space_count && fact->shared_bytes >= 0)
        tuner_view_fact(tuner, fact->gemm, (size_t)tile, fact->shared_bytes, fact->registers,
            fact->spill_bytes);
}

static bool load_compile(const struct store_compile *fact, void *arg)
{
    tuner_load_compile(((struct load *)arg)->tuner, fact);
    return true;
}

static bool load_measurement(const struct store_measurement *measured, void *arg)
{
    struct load *load = arg;
    struct tuner *tuner = load->tuner;
    const struct store_point_key *key = &measured->key;
    int m = plan_m_index(&tuner->plan, key->m);

    if (load->place < 0 || !tile_equal(&load->last, &key->tile)) {
        load->last = key->tile;
        load->place = plan_find(&tuner->plan, &key->tile);
    }
    if (load->place < 0 || m < 0)
        return true;
    if (measured->chunk >= tuner->seen.chunk) {
        tuner->seen.chunk = measured->chunk;
        tuner->seen.at =
            (struct race_item){.gemm = key->gemm, .m = key->m, .m_index = m, .tile = load->place};
    }
    if (key->hot != tuner->question.hot || measured->suspect || measured->phase < 0 ||
        measured->phase >= RACE_PHASE_COUNT)
        return true;
    race_set_clock(tuner->race, (double)measured->sm_mhz);
    for (size_t k = 0; k < measured->count; k++)
        race_add_sample(tuner->race, key->gemm, m, load->place, (enum race_phase)measured->phase,
            measured->samples[k]);
    return true;
}

static bool load_check(const struct store_check *check, void *arg)
{
    struct load *load = arg;
    int tile = plan_find(&load->tuner->plan, &check->key.tile);

    if (tile >= 0)
        race_add_check(load->tuner->race, check->key.gemm, check->key.m, tile, check->right);
    return true;
}

static bool load_fault(const struct store_fault *fault, void *arg)
{
    struct load *load = arg;
    int tile = plan_find(&load->tuner->plan, &fault->tile);

    for (int i = 0; tile >= 0 && i < fault->count; i++)
        race_add_kill(load->tuner->race, fault->gemm, tile, fault->status);
    return true;
}

/* At an M that the tune does not have. */
static void show_beside(struct tuner *tuner, const struct store_choice *stored)
{
    struct snapshot *view = &tuner->view;
    int at = 0;

    while (at < view->beside_count && view->beside[at][GEMM_UP].m != stored->m)
        at++;
    if (at == TUNE_BESIDE || (at == view->beside_count && stored->dropped))
        return;
    if (at == view->beside_count) {
        memset(view->beside[at], 0, sizeof view->beside[at]);
        for (int g = 0; g < GEMM_COUNT; g++)
            view->beside[at][g].m = stored->m;
        view->beside_count++;
    }
    choices_fill(stored, &view->beside[at][stored->gemm]);
}

void tuner_load_choice(struct tuner *tuner, const struct store_choice *stored)
{
    int m = plan_m_index(&tuner->plan, stored->m);

    if (stored->build != tuner->build.id)
        return;
    if (m < 0) {
        show_beside(tuner, stored);
        return;
    }
    choices_fill(stored, &tuner->view.choices[stored->gemm][m]);
    if (stored->source != CHOICE_HAND)
        race_settle(tuner->race, m);
}

static bool load_choices(struct tuner *tuner, struct error *err)
{
    struct store_choice *choices = NULL;
    size_t count = 0;

    if (!store_list_choices(tuner->store, tuner->tune.id, &choices, &count, err))
        return false;
    tuner->view.beside_count = 0;
    for (size_t i = 0; i < count; i++)
        tuner_load_choice(tuner, &choices[i]);
    free(choices);
    return true;
}

bool tuner_load_news(struct tuner *tuner, struct error *err)
{
    struct load load = {.tuner = tuner, .place = -1};
    long long id = tuner->tune.id, build = tuner->tune.build;
    struct store_totals totals, *before = &tuner->seen.totals;

    if (!store_get_totals(tuner->store, id, &totals, err) ||
        (totals.compiles != before->compiles &&
            !store_each_compile(tuner->store, build, -1, load_compile, &load, err)) ||
        !store_each_measurement(
            tuner->store, id, build, tuner->seen.chunk, load_measurement, &load, err) ||
        (totals.checks != before->checks &&
            !store_each_check(tuner->store, id, build, load_check, &load, err)) ||
        (totals.faults != before->faults &&
            !store_each_fault(tuner->store, id, build, load_fault, &load, err)) ||
        !load_choices(tuner, err))
        return false;
    *before = totals;
    tuner->view.samples = totals.samples;
    tuner->view.launches = totals.launches;
    tuner->view.gpu_s = tuner->loaded_gpu_s = totals.gpu_s;
    tuner->idle_s = totals.wall_s;
    race_advance(tuner->race);
    tuner_view_all(tuner);
    tuner_view_choices(tuner);
    return true;
}

/* One that was made by hand before the race made its own, and was undone after the end. */
static bool lacks_choice(const struct tuner *tuner)
{
    for (int m = 0; m < tuner->question.batch_size_count; m++)
        for (int g = 0; g < GEMM_COUNT; g++) {
            const struct choice *choice = &tuner->view.choices[g][m];
            if (tuner->question.gemms[g] && choice->chosen && !choice->settled)
                return true;
        }
    return false;
}

bool tuner_load_stored(struct tuner *tuner, struct error *err)
{
    session_build(&tuner->session, &tuner->build);
    tuner->view.toolchain = tuner->session.toolchain;
    if (!store_put_build(tuner->store, &tuner->build, err))
        return false;
    if (tuner->tune.build != 0 && tuner->tune.build != tuner->build.id) {
        tuner_event(tuner, "note",
            "another kernel build (Triton %s): earlier timings are kept, "
            "not mixed",
            tuner->build.triton);
        tuner->tune.state = TUNE_UNFINISHED;
        free(tuner->tune.result); /* its choices are of the other build */
        tuner->tune.result = NULL;
    }
    tuner->tune.build = tuner->build.id;
    if (!tuner_load_news(tuner, err))
        return false;
    if (tuner->tune.state == TUNE_DONE && lacks_choice(tuner))
        tuner->tune.state = TUNE_UNFINISHED;
    if (tuner->tune.state != TUNE_DONE)
        tuner_event(tuner, "phase", tuner->tune.done > 0 ? "goes on" : "begins");
    return store_update_tune(tuner->store, &tuner->tune, err);
}
