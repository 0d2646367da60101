/* SPDX-License-Identifier: MIT */
#include "base/json.h"
#include "base/text.h"
#include "cli/ab_ask.h"
#include "cli/commands.h"
#include "cli/database.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct option_spec ab_options[] = {
    TARGET_OPTIONS,
    {"gemm", "WHICH", "up, down or pair: both, their times added (pair)"},
    {"m", "LIST", "batch size; with entries on a side: several, or all of their keys"},
    {"a", "WHAT", "choice, default, a tile, UP/DOWN tiles, FILE.json"},
    {"b", "WHAT", "the same; the verdict is about B"},
    {"file", "FILE", "A is a whole file, with its _down beside it"},
    {"against", "WHAT", "then B: FILE.json, default or choice"},
    {"blocks", "N", "budget of A B B A blocks for each comparison (80)"},
    {"accept", NULL, "B becomes the tune's choice where it is FASTER"},
    DATABASE_OPTION,
    {"backend", "B", "cuda, replay or replay:FILE (cuda where there is a card)"},
    {"device-ordinal", "N", "which card (0)"},
    {"allow-busy", NULL, "go on though another process uses the GPU"},
    {"routing", "R", "uniform, zipf:S, or a file of expert ids (uniform)"},
    {"seed", "N", "of inputs, routings and orders (1)"},
    COMPILER_OPTIONS,
    JOBS_OPTION,
    {"json", NULL, "print JSON"},
    {0},
};

static const char *gemms_name(const struct ab_job *job)
{
    if (job->gemms[GEMM_UP] && job->gemms[GEMM_DOWN])
        return "pair";
    return gemm_name(job->gemms[GEMM_UP] ? GEMM_UP : GEMM_DOWN);
}

static void add_flags(struct json *object, const char *flags, bool recorded)
{
    struct json *array = json_add_array(object, "flags");

    if (recorded)
        json_add_string(array, NULL, "recorded");
    while (*flags) {
        size_t length = strcspn(flags, ",");
        char *flag = xstrndup(flags, length);
        json_add_string(array, NULL, flag);
        free(flag);
        flags += length + (flags[length] == ',');
    }
}

/* `recorded` where nothing beside the outcome says so. */
static void add_outcome(struct json *object, const struct ab_outcome *outcome, bool recorded)
{
    const struct ab_result *result = &outcome->result;
    struct json *interval;

    json_add_string(object, "verdict", ab_verdict_name(result->verdict));
    json_add_double(object, "effect_pct", result->effect_pct);
    interval = json_add_array(object, "ci_pct");
    json_add_double(interval, NULL, result->ci_pct[0]);
    json_add_double(interval, NULL, result->ci_pct[1]);
    json_add_double(object, "mde_pct", result->mde_pct);
    json_add_int(object, "blocks", result->blocks);
    if (result->blocks_to_decide < 0)
        json_add_null(object, "blocks_to_decide");
    else
        json_add_int(object, "blocks_to_decide", result->blocks_to_decide);
    json_add_double(object, "a_us", outcome->a_us);
    json_add_double(object, "b_us", outcome->b_us);
    add_flags(object, outcome->flags, recorded);
}

static void add_side(
    struct json *object, const char *key, const struct ab_job *job, const struct ab_side *side)
{
    struct json *tiles = json_add_object(object, key);
    char text[TILE_TEXT_SIZE];

    for (enum gemm gemm = GEMM_UP; gemm < GEMM_COUNT; gemm++)
        if (job->gemms[gemm])
            json_add_string(
                tiles, gemm_name(gemm), tile_format(&side->tiles[gemm], text, sizeof text));
}

static void print_json(const struct ab_ask *ask, const struct ab_outcome *outcomes)
{
    struct json *object = json_new_object(), *list;

    if (ask->job_count == 1) {
        add_outcome(object, &outcomes[0], ask->session.recorded);
    } else {
        json_add_string(object, "a", ask->a.label);
        json_add_string(object, "b", ask->b.label);
        json_add_string(object, "device", ask->question.device.name);
        json_add_bool(object, "recorded", ask->session.recorded != NULL);
        list = json_add_array(object, "comparisons");
        for (size_t i = 0; i < ask->job_count; i++) {
            struct json *one = json_add_object(list, NULL);
            json_add_int(one, "m", ask->jobs[i].m);
            json_add_string(one, "gemm", gemms_name(&ask->jobs[i]));
            add_side(one, "a", &ask->jobs[i], &ask->jobs[i].a);
            add_side(one, "b", &ask->jobs[i], &ask->jobs[i].b);
            add_outcome(one, &outcomes[i], false);
            json_add_string(one, "error", outcomes[i].error[0] ? outcomes[i].error : NULL);
        }
    }
    command_print_json_line(object);
}

static void print_more(const struct ab_outcome *outcome)
{
    const struct ab_result *result = &outcome->result;

    if (result->verdict == AB_UNDECIDED && result->blocks_to_decide > 0)
        printf("  %d more blocks would decide", result->blocks_to_decide);
    if (outcome->flags[0])
        printf("  %s", outcome->flags);
    putchar('\n');
}

/* After a blank; "-" where it is not known. */
static void print_figure(int width, bool sign, double figure)
{
    putchar(' ');
    if (isnan(figure))
        printf("%*s", width, "-");
    else
        printf(sign ? "%+*.2f" : "%*.2f", width, figure);
}

static void print_table(const struct ab_ask *ask, const struct ab_outcome *outcomes)
{
    printf("A: %s   B: %s   %s%s, %s; the verdict is about B\n\n", ask->a.label, ask->b.label,
        ask->question.device.name, ask->session.recorded ? " (recorded)" : "",
        gemms_name(&ask->jobs[0]));
    printf("%6s %9s %9s %8s %17s %7s %6s  %s\n", "M", "A us", "B us", "B-A %", "interval %",
        "seen %", "blocks", "verdict");
    for (size_t i = 0; i < ask->job_count; i++) {
        const struct ab_outcome *outcome = &outcomes[i];
        const struct ab_result *result = &outcome->result;
        if (outcome->error[0]) {
            printf("%6d  %s\n", ask->jobs[i].m, outcome->error);
            continue;
        }
        printf("%6d", ask->jobs[i].m);
        print_figure(9, false, outcome->a_us);
        print_figure(9, false, outcome->b_us);
        print_figure(8, true, result->effect_pct);
        print_figure(8, true, result->ci_pct[0]);
        print_figure(8, true, result->ci_pct[1]);
        print_figure(7, false, result->mde_pct);
        printf(" %6d  %s", result->blocks, ab_verdict_name(result->verdict));
        print_more(outcome);
    }
}

static void tell_look(
    const struct ab_job *job, const struct ab_outcome *outcome, bool look, void *arg)
{
    const struct ab_result *result = &outcome->result;

    (void)arg;
    if (look && isatty(STDERR_FILENO))
        fprintf(stderr, "M=%d, %d blocks: %+.2f %% (%+.2f .. %+.2f)\n", job->m, result->blocks,
            result->effect_pct, result->ci_pct[0], result->ci_pct[1]);
}

/* A file's comparisons stand together only after Holm's correction. */
static void correct(const struct ab_ask *ask, struct ab_outcome *outcomes)
{
    struct ab_result *results = xcalloc(ask->job_count, sizeof *results);
    double *p = xcalloc(ask->job_count, sizeof *p);

    for (size_t i = 0; i < ask->job_count; i++) {
        results[i] = outcomes[i].result;
        p[i] = outcomes[i].p;
    }
    if (ask->job_count > 1)
        ab_holm(results, p, ask->job_count);
    for (size_t i = 0; i < ask->job_count; i++)
        outcomes[i].result = results[i];
    free(results);
    free(p);
}

/* B's tiles as the choice by hand, with the A/B as its evidence. */
static bool accept(const struct ab_ask *ask, const struct ab_job *job,
    const struct ab_outcome *outcome, const struct store_ab *ab, struct error *err)
{
    struct store_choice choices[GEMM_COUNT];
    size_t count = 0;
    char text[128];

    ab_describe(&outcome->result, text, sizeof text);
    for (enum gemm gemm = GEMM_UP; gemm < GEMM_COUNT; gemm++) {
        struct store_choice *choice = &choices[count];
        if (!job->gemms[gemm])
            continue;
        *choice = (struct store_choice){
            .build = ab->build, .gemm = gemm, .m = job->m, .tile = job->b.tiles[gemm]};
        choice->source = CHOICE_HAND;
        choice->verified = true;
        choice->ab = ab->id;
        choice->median_us = choice->low_us = choice->high_us = choice->default_us = NAN;
        snprintf(choice->reason, sizeof choice->reason, "%s, against %s", text, job->a.label);
        count++;
    }
    return store_add_choices(ask->store, ask->tune.id, choices, count, err);
}

/* Accepting one GEMM alone must not part the pair's BLOCK_SIZE_M. */
static bool keeps_pair(const struct ab_ask *ask, const struct ab_job *job, struct error *err)
{
    struct store_choice *choices;
    size_t count;
    bool fine = true;

    if (!store_list_choices(ask->store, ask->tune.id, &choices, &count, err))
        return false;
    for (size_t i = 0; fine && i < count; i++) {
        enum gemm own = choices[i].gemm == GEMM_UP ? GEMM_DOWN : GEMM_UP;
        if (choices[i].m == job->m && !choices[i].dropped && !job->gemms[choices[i].gemm] &&
            choices[i].tile.block_m != job->b.tiles[own].block_m)
            fine = error_set(err, ERROR_FAILED,
                "M=%d: not accepted: %s has BLOCK_SIZE_M %d and both GEMMs share it; compare "
                "the pair (--gemm pair)",
                job->m, gemm_name(choices[i].gemm), choices[i].tile.block_m);
    }
    free(choices);
    return fine;
}

/* Whether --accept will find a tune to write to, with these very kernels: another Triton's make
 * another tune. Said before anything is timed. */
static bool can_accept(const struct ab_ask *ask, struct error *err)
{
    struct store_build build;

    if (ask->tune.id == 0 || !store_writable(ask->store))
        return error_set(err, ERROR_FAILED, "--accept: %s",
            ask->tune.id ? store_notice(ask->store) : "no tune of this layer to write to");
    session_build(&ask->session, &build);
    return store_put_build(ask->store, &build, err) &&
           (build.id == ask->tune.build ||
               error_set(err, ERROR_FAILED,
                   "--accept: tune %lld timed other kernels than these of %s %s and Triton %s: "
                   "`moebench tune` again first",
                   ask->tune.id, build.engine, build.engine_version, build.triton));
}

/* Takes B where it is FASTER, and says what stands now. */
static bool take(const struct ab_ask *ask, const struct ab_job *job,
    const struct ab_outcome *outcome, const struct store_ab *ab, FILE *stream, struct error *err)
{
    const char *verdict = ab_verdict_name(outcome->result.verdict);

    if (outcome->result.verdict != AB_FASTER) {
        fprintf(stream, "tune %lld, M=%d %s: stays as it was, B is %s\n", ask->tune.id, job->m,
            gemms_name(job), verdict);
        return true;
    }
    if (!keeps_pair(ask, job, err) || !accept(ask, job, outcome, ab, err))
        return false;
    fprintf(
        stream, "tune %lld, M=%d %s: B is the choice now\n", ask->tune.id, job->m, gemms_name(job));
    return true;
}

/* The outcomes into the tune they belong to; with --accept what they decide, told on `stream`. */
static bool keep(const struct ab_ask *ask, const struct ab_outcome *outcomes, bool wanted,
    FILE *stream, struct error *err)
{
    struct store_build build;

    if (ask->tune.id == 0 || !store_writable(ask->store))
        return true;
    session_build(&ask->session, &build);
    if (!store_put_build(ask->store, &build, err))
        return false;
    for (size_t i = 0; i < ask->job_count; i++) {
        const struct ab_job *job = &ask->jobs[i];
        struct store_ab ab;
        if (outcomes[i].error[0])
            continue;
        ab_record(job, &outcomes[i], &ab);
        ab.build = build.id;
        if (!store_add_ab(ask->store, ask->tune.id, &ab, err) ||
            (wanted && !take(ask, job, &outcomes[i], &ab, stream, err)))
            return false;
    }
    return true;
}

static bool compare_all(struct ab_ask *ask, struct ab_outcome *outcomes, struct error *err)
{
    const struct ab_host host = {.progress = tell_look};
    struct ab_kernels kernels;
    bool ok = session_start_worker(&ask->session, err) &&
              ab_prepare(&ask->session, ask->jobs, ask->job_count, &host, &kernels, err);

    if (!ok)
        return false;
    if (ask->session.report.note[0])
        fprintf(stderr, "moebench: note: %s\n", ask->session.report.note);
    for (size_t i = 0; ok && i < ask->job_count; i++)
        ok = ab_run(&ask->session, &kernels, &ask->jobs[i], &host, &outcomes[i], err);
    ab_kernels_free(&kernels);
    return ok;
}

/* One comparison's own; of several SLOWER if any is, else FASTER if any is, SAME if all are. */
static int exit_code(const struct ab_ask *ask, const struct ab_outcome *outcomes)
{
    bool any[AB_SAME + 1] = {false}, failed = false;

    for (size_t i = 0; i < ask->job_count; i++) {
        any[outcomes[i].result.verdict] = true;
        failed |= outcomes[i].error[0] != '\0';
    }
    if (failed)
        return ERROR_FAILED;
    return ab_exit_code(any[AB_SLOWER]      ? AB_SLOWER
                        : any[AB_FASTER]    ? AB_FASTER
                        : any[AB_UNDECIDED] ? AB_UNDECIDED
                                            : AB_SAME);
}

static int ab_command(const struct arguments *args, struct error *err)
{
    struct ab_ask ask;
    struct ab_outcome *outcomes = NULL;
    bool json = arguments_flag(args, "json"), accepts = arguments_flag(args, "accept");
    int code = 0;

    if (!ab_ask(args, &ask, err) || (accepts && !can_accept(&ask, err)))
        goto out;
    outcomes = xcalloc(ask.job_count, sizeof *outcomes);
    if (!compare_all(&ask, outcomes, err))
        goto out;
    correct(&ask, outcomes);
    if (ask.job_count == 1 && outcomes[0].error[0]) {
        error_set(err, ERROR_FAILED, "%s", outcomes[0].error);
        goto out;
    }
    if (json)
        print_json(&ask, outcomes);
    else
        print_table(&ask, outcomes);
    if (keep(&ask, outcomes, accepts, json ? stderr : stdout, err))
        code = exit_code(&ask, outcomes);
out:
    for (size_t i = 0; outcomes && i < ask.job_count; i++)
        ab_outcome_free(&outcomes[i]);
    free(outcomes);
    ab_ask_free(&ask);
    return code;
}

const struct command cmd_ab = {
    .name = "ab",
    .operands = "MODEL",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "A against B, interleaved, with a verdict about B",
    .details =
        "Blocks A B B A in random orientation until the interval decides, or the budget ends.\n"
        "FASTER: B takes less time by over 0.25 %; SAME: within 0.5 %. Over several M the\n"
        "verdicts are corrected by Holm. Exit codes: 0 FASTER, 10 SLOWER, 11 SAME, 12 UNDECIDED;\n"
        "over several M SLOWER if any is, else FASTER if any is.\n",
    .options = ab_options,
    .run = ab_command,
};
