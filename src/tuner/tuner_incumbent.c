/* SPDX-License-Identifier: MIT */
#include "tuner/tuner_state.h"

#include "base/log.h"
#include "base/text.h"
#include "tuner/incumbent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Which file the tune has to beat. */

/* The folder of configs of the installed engine; free(). "" when it is not to be seen from here. */
static char *engine_configs(const struct tuner *tuner)
{
    const struct compiler_options *compiler = &tuner->options.compiler;
    const struct engine *engine = &tuner->question.engine;

    if (compiler->container)
        return xstrdup("");
    if (tuner->session.toolchain.config_dir[0])
        return xstrdup(tuner->session.toolchain.config_dir);
    if (compiler->engine_site)
        return xasprintf("%s/%s%s", compiler->engine_site, engine_package_folder(engine),
            engine->kind == ENGINE_SGLANG ? "/configs" : "");
    return xstrdup("");
}

static bool find_installed(
    const struct tuner *tuner, struct store_incumbent *incumbent, struct error *err)
{
    char *configs = engine_configs(tuner);
    bool done =
        incumbent_find(configs, tuner->session.toolchain.triton, &tuner->question, incumbent, err);

    free(configs);
    return done;
}

/* The newest import, unless the tune took another after it. */
static bool find_import(struct tuner *tuner, struct store_incumbent *incumbent, struct error *err)
{
    char *layer = incumbent_layer(&tuner->question);
    bool done = store_find_import(tuner->store, layer, incumbent, err);

    free(layer);
    if (!done || incumbent->id >= tuner->tune.incumbent)
        return done;
    store_incumbent_free(incumbent);
    return false;
}

/*
 * What is asked for, else the newest import, else what the tune had before, else what the engine
 * loads now. False and *err of kind ERROR_NONE: nothing.
 */
static bool pick(struct tuner *tuner, struct store_incumbent *incumbent, struct error *err)
{
    const char *path = tuner->options.incumbent;
    bool done;

    err->kind = ERROR_NONE;
    if (tuner->options.no_incumbent)
        return false;
    if (path) {
        done = incumbent_read(path, &tuner->question, incumbent, err);
        incumbent->how = INCUMBENT_GIVEN;
        return done;
    }
    if (find_import(tuner, incumbent, err))
        return true;
    if (err->kind != ERROR_NONE)
        return false;
    if (tuner->tune.incumbent)
        return store_get_incumbent(tuner->store, tuner->tune.incumbent, incumbent, err);
    return find_installed(tuner, incumbent, err);
}

static void show(
    struct tuner *tuner, const struct store_incumbent *incumbent, const struct text *notes)
{
    struct snapshot *view = &tuner->view;

    snprintf(view->incumbent.path, sizeof view->incumbent.path, "%s", incumbent->path);
    snprintf(view->incumbent.hash, sizeof view->incumbent.hash, "%s", incumbent->hash);
    snprintf(
        view->incumbent.how, sizeof view->incumbent.how, "%s", incumbent_how_name(incumbent->how));
    snprintf(view->incumbent.notes, sizeof view->incumbent.notes, "%s",
        notes->length > 0 ? notes->data : "");
    for (int g = 0; g < GEMM_COUNT; g++) {
        for (int m = 0; m < tuner->question.batch_size_count; m++)
            view->choices[g][m].incumbent_tile = tuner->incumbent[g][m];
    }
}

/* The race begins anew with the file's tiles among its own. */
static void enter(struct tuner *tuner, const struct store_incumbent *incumbent)
{
    struct text notes = {0};

    incumbent_resolve(incumbent, &tuner->question, tuner->incumbent, &notes);
    tuner_make_race(tuner);
    show(tuner, incumbent, &notes);
    text_free(&notes);
}

/* The log keeps which file it was, whatever the newest event is. */
static void keep_event(struct tuner *tuner, const struct store_incumbent *incumbent)
{
    char *line = xasprintf("%s (%s), sha256 %s\n%s", incumbent->path,
        incumbent_how_name(incumbent->how), incumbent->hash, tuner->view.incumbent.notes);

    log_line("tune %lld: incumbent: %s", tuner->tune.id, line);
    store_add_event(tuner->store, tuner->tune.id, "incumbent", line, NULL);
    free(line);
}

bool tuner_show_raced(struct tuner *tuner, struct error *err)
{
    struct store_incumbent raced = {0};

    if (tuner->raced == tuner->tune.incumbent)
        return true;
    tuner->raced = tuner->tune.incumbent;
    memset(tuner->incumbent, 0, sizeof tuner->incumbent);
    memset(&tuner->view.incumbent, 0, sizeof tuner->view.incumbent);
    if (tuner->tune.incumbent == 0) {
        tuner_make_race(tuner);
        return true;
    }
    if (!store_get_incumbent(tuner->store, tuner->tune.incumbent, &raced, err))
        return false;
    enter(tuner, &raced);
    store_incumbent_free(&raced);
    return true;
}

/* A finished tune stays as it is, and says so when another file would be raced today. */
static bool take_raced(
    struct tuner *tuner, const struct store_incumbent *now, bool any, struct error *err)
{
    if (!tuner_show_raced(tuner, err))
        return false;
    if (any && strcmp(tuner->view.incumbent.hash, now->hash) != 0)
        snprintf(tuner->view.incumbent.notes, sizeof tuner->view.incumbent.notes,
            "%.150s (%s) was not raced in this finished tune: --again does, or: moebench ab\n",
            now->path, incumbent_how_name(now->how));
    return true;
}

bool tuner_take_incumbent(struct tuner *tuner, struct error *err)
{
    struct store_incumbent incumbent = {0};
    struct error why = {0};
    bool done = true, any = pick(tuner, &incumbent, &why);

    if (!any && why.kind != ERROR_NONE && incumbent.how == INCUMBENT_FOUND)
        tuner_event(tuner, "incumbent", "no incumbent: %s", why.text);
    else if (!any && why.kind != ERROR_NONE)
        done = error_set(err, why.kind, "%s", why.text);
    if (done && any && tuner->tune.state != TUNE_DONE)
        done = incumbent.id || store_put_incumbent(tuner->store, &incumbent, err);
    if (done && tuner->tune.state == TUNE_DONE) {
        done = take_raced(tuner, &incumbent, any, err);
    } else if (done) {
        tuner->tune.incumbent = any ? incumbent.id : 0; /* stored with the build */
        done = tuner_show_raced(tuner, err);
        if (done && any)
            keep_event(tuner, &incumbent);
        else if (done && tuner->options.compiler.container && !tuner->options.no_incumbent)
            snprintf(tuner->view.incumbent.notes, sizeof tuner->view.incumbent.notes,
                "no incumbent: the container's own files are not looked at; --incumbent FILE\n");
    }
    store_incumbent_free(&incumbent);
    return done;
}
