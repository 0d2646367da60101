/* SPDX-License-Identifier: MIT */
#include "tuner/tuner_state.h"

#include "base/text.h"
#include "store/store.h"
#include "tuner/compiled.h"
#include "tuner/incumbent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A plan: the card is not here, so that nothing is timed and nothing stored. Kernels are compiled
 * for it where Python has Triton; elsewhere stands what is shipped of such kernels, and of the
 * others the prediction of shared memory.
 */

#define WAIT_S 0.1
#define IDLE_S 60

/* The kernels to compile, [GEMM] in the order of interest. */
struct planner {
    struct tuner *tuner;
    int *tiles[GEMM_COUNT];
    size_t count[GEMM_COUNT];
    bool *answered[GEMM_COUNT]; /* [tile of the plan] */
    bool open;                  /* there is a compiler */
};

/* An import of this layer, where the database has one; it is only read. */
static bool find_import(struct tuner *tuner, struct store_incumbent *incumbent)
{
    struct store *store = store_open(tuner->options.db, STORE_READ, NULL);
    char *layer = incumbent_layer(&tuner->question);
    bool found = store && store_find_import(store, layer, incumbent, NULL);
    free(layer);
    store_close(store);
    return found;
}

static bool find_file(struct tuner *tuner, struct store_incumbent *incumbent, struct error *err)
{
    const char *path = tuner->options.incumbent;
    if (tuner->options.no_incumbent)
        return false;
    return path ? incumbent_read(path, &tuner->question, incumbent, err)
                : find_import(tuner, incumbent);
}

/* The file's entries as they stand there, good or not: that is what a plan looks at. */
static void take_file(struct tuner *tuner)
{
    struct store_incumbent incumbent = {0};
    struct error err = {0};
    struct snapshot *view = &tuner->view;
    bool found = find_file(tuner, &incumbent, &err);
    if (err.kind != ERROR_NONE)
        tuner_event(tuner, "incumbent", "%s", err.text);
    if (found) {
        incumbent_entries(&incumbent, &tuner->question, tuner->incumbent);
        snprintf(view->incumbent.path, sizeof view->incumbent.path, "%s", incumbent.path);
        snprintf(view->incumbent.hash, sizeof view->incumbent.hash, "%s", incumbent.hash);
        snprintf(view->incumbent.how, sizeof view->incumbent.how, "%s",
            incumbent_how_name(incumbent.how));
        tuner_make_race(tuner);
    }
    for (int g = 0; g < GEMM_COUNT; g++)
        for (int m = 0; m < tuner->question.batch_size_count; m++)
            view->choices[g][m].incumbent_tile = tuner->incumbent[g][m];
    store_incumbent_free(&incumbent);
}

/* Adds the kernel of a tile that the snapshot shows and that may run. */
static void add_kernel(struct planner *planner, enum gemm gemm, int tile, bool *seen)
{
    const struct plan *plan = &planner->tuner->plan;
    if (tile < 0)
        return;
    int lead = plan->tiles[tile].lead;
    const struct plan_tile *kernel = &plan->tiles[lead];
    if (seen[lead] || kernel->extra || !kernel->admitted || (!kernel->fits && kernel->exact))
        return;
    seen[lead] = true;
    planner->tiles[gemm][planner->count[gemm]++] = lead;
}

/* The entries' kernels first, then those of the race's scan. */
static void order_kernels(struct planner *planner, enum gemm gemm)
{
    const struct plan *plan = &planner->tuner->plan;
    bool *seen = xcalloc(plan->count + 1, sizeof *seen);
    planner->tiles[gemm] = xcalloc(plan->count + 1, sizeof *planner->tiles[gemm]);
    planner->answered[gemm] = xcalloc(plan->count + 1, sizeof *planner->answered[gemm]);
    for (int m = 0; m < plan->question->batch_size_count && plan->question->gemms[gemm]; m++) {
        add_kernel(planner, gemm, plan->incumbent[gemm][m], seen);
        add_kernel(planner, gemm, plan->defaults[m], seen);
    }
    for (size_t i = 0; i < plan->scan_count[gemm]; i++)
        add_kernel(planner, gemm, plan->scan[gemm][i], seen);
    free(seen);
}

static bool submit_all(struct planner *planner, struct error *err)
{
    struct tuner *tuner = planner->tuner;
    for (int g = 0; g < GEMM_COUNT; g++)
        for (size_t i = 0; i < planner->count[g]; i++) {
            int tile = planner->tiles[g][i];
            if (!planner->answered[g][tile] &&
                !session_submit(&tuner->session, (enum gemm)g, &tuner->plan.tiles[tile].tile,
                    &tuner->kernels[g][tile].ticket, err))
                return false;
        }
    return true;
}

/* All GROUP_SIZE_M of a kernel share its facts. */
static void show_fact(
    struct tuner *tuner, enum gemm gemm, int lead, const struct compile_result *result)
{
    const struct kernel *kernel = &result->kernel;
    bool failed = result->status == COMPILE_FAILED;
    for (size_t t = 0; t < tuner->plan.space_count; t++) {
        if (tuner->plan.tiles[t].lead != lead)
            continue;
        if (kernel->shared_bytes > 0)
            tuner_view_fact(
                tuner, gemm, t, kernel->shared_bytes, kernel->registers, kernel->spill_bytes);
        if (!failed)
            continue;
        race_set_kernel(tuner->race, gemm, (int)t, KERNEL_BAD, POINT_COMPILE_FAILED);
        tuner_view_kernel(tuner, gemm, (int)t);
    }
}

/* False: the tool chain is broken, *err says how. */
static bool take_answer(
    struct planner *planner, const struct compile_result *result, struct error *err)
{
    struct tuner *tuner = planner->tuner;
    if (result->status == COMPILE_STOPPED)
        return error_set(err, ERROR_DEVICE, "%s", result->text);
    for (int g = 0; g < GEMM_COUNT; g++)
        for (size_t i = 0; i < planner->count[g]; i++) {
            int tile = planner->tiles[g][i];
            if (tuner->kernels[g][tile].ticket != result->ticket)
                continue;
            planner->answered[g][tile] = true;
            tuner->view.points_done++;
            tuner->view.points_left--;
            show_fact(tuner, (enum gemm)g, tile, result);
        }
    tuner->view.compiles += !result->kernel.cached;
    return true;
}

/* Of tiles that the engine runs as they are: the table knows no clamped ones. */
static void show_shipped(struct tuner *tuner)
{
    struct compiled compiled;
    if (compiled_load(&tuner->question, &compiled))
        snprintf(tuner->view.label, sizeof tuner->view.label, "%s", compiled.origin);
    for (int g = 0; g < GEMM_COUNT; g++)
        for (size_t t = 0; t < tuner->plan.space_count && compiled.count > 0; t++) {
            const struct tile *tile = &tuner->plan.tiles[t].tile;
            const struct compiled_row *row = compiled_find(&compiled, (enum gemm)g, tile);
            if (row && tuner->plan.tiles[t].same == (int)t)
                tuner_view_fact(
                    tuner, (enum gemm)g, t, row->shared_bytes, row->registers, row->spill_bytes);
        }
    compiled_free(&compiled);
}

static void close_compiler(struct planner *planner, const struct error *err)
{
    struct tuner *tuner = planner->tuner;
    planner->open = false;
    session_close(&tuner->session);
    snprintf(tuner->view.error, sizeof tuner->view.error, "%.1000s", err->text);
    if (tuner->view.points_done == 0)
        show_shipped(tuner);
    tuner_event(tuner, "note", "no compiler, %s%s: %s",
        tuner->view.label[0] ? "facts as shipped, of " : "shared memory is predicted",
        tuner->view.label, err->text);
}

static void open_compiler(struct planner *planner)
{
    struct tuner *tuner = planner->tuner;
    struct session_options options = {.backend = "none", .compiler = tuner->options.compiler};
    struct error err = {0};
    planner->open = session_open(&tuner->session, &tuner->question, &options, &err);
    if (!planner->open) {
        close_compiler(planner, &err);
        return;
    }
    tuner->view.toolchain = tuner->session.toolchain;
    tuner->view.points_left = (long long)(planner->count[GEMM_UP] + planner->count[GEMM_DOWN]);
}

/* The pair's other GEMM is the caller's to look after: a plan shows where they differ. */
static void choose(struct tuner *tuner, const struct tuner_command *command)
{
    int m = plan_m_index(&tuner->plan, command->m);
    bool pair = command->kind == TUNER_CHOOSE_PAIR;
    for (int g = 0; g < GEMM_COUNT && m >= 0; g++) {
        struct choice *choice = &tuner->view.choices[g][m];
        if (!tuner->question.gemms[g] || (!pair && command->gemm != (enum gemm)g))
            continue;
        choice->chosen = choice->settled = true;
        choice->tile = pair ? command->pair[g] : command->tile;
        choice->source = CHOICE_HAND;
        snprintf(choice->reason, sizeof choice->reason, "%s", command->reason);
    }
    tuner_answer(tuner, m < 0, "M=%d: planned by hand; nothing is measured", command->m);
}

/* A plan has no history: all that was planned at this M goes. */
static void undo(struct tuner *tuner, int size)
{
    int m = plan_m_index(&tuner->plan, size);
    bool any = false;
    for (int g = 0; g < GEMM_COUNT && m >= 0; g++) {
        any |= tuner->view.choices[g][m].chosen;
        tuner->view.choices[g][m].chosen = tuner->view.choices[g][m].settled = false;
    }
    if (any)
        tuner_answer(tuner, false, "M=%d: as before it was planned by hand", size);
    else
        tuner_answer(tuner, true, "M=%d: nothing to undo: nothing is planned there by hand", size);
}

static void set_pause(struct planner *planner, bool paused)
{
    struct tuner *tuner = planner->tuner;
    struct error err = {0};
    if (paused == tuner->paused)
        return;
    tuner->paused = paused;
    if (!planner->open)
        return;
    if (paused)
        compiler_cancel(tuner->session.compiler);
    else if (!submit_all(planner, &err))
        close_compiler(planner, &err);
}

static void obey(struct planner *planner, const struct tuner_command *command)
{
    struct tuner *tuner = planner->tuner;
    switch (command->kind) {
    case TUNER_PAUSE:
    case TUNER_RESUME:
        set_pause(planner, command->kind == TUNER_PAUSE);
        return;
    case TUNER_CHOOSE:
    case TUNER_CHOOSE_PAIR:
        choose(tuner, command);
        return;
    case TUNER_UNDO_CHOICE:
        undo(tuner, command->m);
        return;
    case TUNER_STOP:
        return;
    default:
        tuner_answer(tuner, true, "a plan: nothing is measured or stored");
    }
}

/* Answers that are there, or the next one. */
static void compile_some(struct planner *planner)
{
    struct tuner *tuner = planner->tuner;
    struct compile_result *result = xcalloc(1, sizeof *result);
    struct error err = {0};
    double timeout = WAIT_S;
    while (planner->open && session_next(&tuner->session, timeout, result)) {
        if (!take_answer(planner, result, &err))
            close_compiler(planner, &err);
        kernel_free(&result->kernel);
        timeout = 0;
    }
    free(result);
}

static void set_state(struct planner *planner, bool busy)
{
    struct snapshot *view = &planner->tuner->view;
    enum tuner_state state = busy ? TUNER_COMPILING : TUNER_PAUSED;
    bool changed = view->state != state;
    view->state = state;
    snprintf(view->phase, sizeof view->phase, "%s", busy ? "compile" : "plan");
    tuner_publish(planner->tuner, changed);
}

static void work(struct planner *planner)
{
    struct tuner *tuner = planner->tuner;
    struct tuner_command command;
    struct error err = {0};
    if (planner->open && !tuner->paused && !submit_all(planner, &err))
        close_compiler(planner, &err);
    while (!tuner->stop) {
        bool busy = planner->open && !tuner->paused && session_pending(&tuner->session) > 0;
        set_state(planner, busy);
        if (busy)
            compile_some(planner);
        else
            tuner_wait_command(tuner, IDLE_S);
        while (tuner_next_command(tuner, &command)) {
            obey(planner, &command);
            tuner_publish(tuner, true);
        }
    }
}

void tuner_plan(struct tuner *tuner)
{
    struct planner planner = {.tuner = tuner};
    snprintf(tuner->view.backend, sizeof tuner->view.backend, "none");
    take_file(tuner);
    for (int g = 0; g < GEMM_COUNT; g++)
        order_kernels(&planner, (enum gemm)g);
    tuner_publish(tuner, true);
    open_compiler(&planner);
    work(&planner);
    if (planner.open)
        session_close(&tuner->session);
    for (int g = 0; g < GEMM_COUNT; g++) {
        free(planner.tiles[g]);
        free(planner.answered[g]);
    }
}
