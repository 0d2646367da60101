/* SPDX-License-Identifier: MIT */
/*
 * The tuner against a worker that misbehaves. The tuner starts its own program as the worker, so
 * this one is both: as "worker" it replays a made-up recording through a back-end that dies on one
 * tile, hangs on another and lies about a third, as MISBEHAVE_* in the environment say.
 */
#include "tests/cmocka_all.h"

#include "store/store.h"
#include "tests/layer.h"
#include "tuner/tuner.h"
#include "worker/loop.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct backend misbehaving;

static bool is_tile(const char *variable, const struct tile *tile)
{
    const char *text = getenv(variable);
    struct tile named;

    return text && tile_parse(text, &named, NULL) && tile_equal(&named, tile);
}

static enum job_end bad_measure(void *self, const struct measure_job *job,
    bool (*emit)(const struct measure_chunk *chunk, void *arg), void *arg, int *item,
    struct error *err)
{
    for (int i = 0; i < job->item_count; i++) {
        *item = i;
        if (is_tile("MISBEHAVE_DIE", &job->items[i].tile))
            raise(SIGKILL); /* without a word: whose fault it was cannot be told */
        if (is_tile("MISBEHAVE_FAULT", &job->items[i].tile))
            return JOB_FAULT;
        if (is_tile("MISBEHAVE_HANG", &job->items[i].tile))
            return JOB_HANG;
    }
    return backend_replay.measure(self, job, emit, arg, item, err);
}

static enum job_end bad_verify(
    void *self, const struct measure_item *item, struct verify_report *report, struct error *err)
{
    enum job_end end = backend_replay.verify(self, item, report, err);

    if (is_tile("MISBEHAVE_DIE_CHECKED", &item->tile))
        raise(SIGKILL); /* with other checks behind it in the queue */
    if (is_tile("MISBEHAVE_LIE", &item->tile))
        *report = (struct verify_report){.relative_error = 0.7};
    return end;
}

static int be_the_worker(const char *file)
{
    struct error err = {0};

    misbehaving = backend_replay;
    misbehaving.measure = bad_measure;
    misbehaving.verify = bad_verify;
    worker_run(&misbehaving, file, 0, &err);
    return 1;
}

/* ---- the tuner's side ---- */

static char folder[] = "/tmp/moebench-tuner-XXXXXX";
static char recording[64];
static struct question question;
static struct tile winner, slow; /* at M=16 */

static void make_question(void)
{
    struct error err = {0};

    question_defaults(&question);
    assert_true(engine_parse("sglang:0.5.4.post2", &question.engine, &err));
    assert_true(device_find("NVIDIA H100 80GB HBM3", &question.device, &err));
    assert_true(space_set_axis(&question.space, "w=4", &err));
    assert_true(space_set_axis(&question.space, "BM=16,64", &err));
    assert_true(question_set_batch_sizes(&question, "16,4096", &err));
    question.shape = (struct shape)LAYER_GLM_TP4;
    strcpy(question.model, "made-up");
}

static struct tuner *open_tuner(const char *name, bool paused)
{
    char db[96], backend[96];
    struct tuner_options options = {.db = db, .backend = backend, .paused = paused};
    struct error err = {0};
    struct tuner *tuner;

    snprintf(db, sizeof db, "%s/%s.db", folder, name);
    snprintf(backend, sizeof backend, "replay:%s", recording);
    tuner = tuner_open(&question, &options, &err);
    assert_non_null(tuner);
    return tuner;
}

/* The first snapshot of which `seen` holds, borrowed. */
static const struct snapshot *wait_until(
    struct tuner *tuner, bool (*seen)(const struct snapshot *snapshot))
{
    for (int tries = 0;; tries++) {
        struct pollfd fd = {.fd = tuner_fd(tuner), .events = POLLIN};
        const struct snapshot *snapshot = tuner_snapshot_acquire(tuner);
        if (seen(snapshot))
            return snapshot;
        tuner_snapshot_release(tuner, snapshot);
        assert_true(tries < 10000 && poll(&fd, 1, 60000) > 0);
    }
}

static bool has_ended(const struct snapshot *snapshot)
{
    return snapshot->state >= TUNER_DONE;
}

/* Runs the question to its end on a database of its own; the caller closes the tuner. */
static const struct snapshot *tune(const char *name, struct tuner **tuner)
{
    *tuner = open_tuner(name, false);
    return wait_until(*tuner, has_ended);
}

static size_t space_index(const struct tile *tile)
{
    for (size_t i = 0; i < question.space.count; i++) {
        if (tile_equal(&question.space.tiles[i], tile))
            return i;
    }
    fail();
    return 0;
}

/* The winner at M=16 without misbehaviour: what is then made to misbehave. */
static void find_winner(void)
{
    struct tuner *tuner;
    const struct snapshot *end = tune("well", &tuner);

    assert_int_equal(end->state, TUNER_DONE);
    assert_int_equal(end->worker_restarts, 0);
    winner = end->choices[GEMM_UP][0].tile;
    tuner_close(tuner);
}

/* Of the same BLOCK_SIZE_M, and much slower. */
static void find_slow(void)
{
    slow = winner;
    slow.block_n = 32;
    slow.block_k = 64;
    slow.group_m = 64;
    slow.num_stages = 2;
    assert_false(tile_equal(&slow, &winner));
    space_index(&slow);
}

/* Whatever it does, the tile is marked with `status`, left, and the tune ends without it. */
static void check_misbehaviour(const char *variable, enum point_status status, int restarts)
{
    struct tuner *tuner;
    const struct snapshot *end;
    char text[TILE_TEXT_SIZE];

    setenv(variable, tile_format(&winner, text, sizeof text), 1);
    end = tune(variable, &tuner);
    unsetenv(variable);
    if (end->state != TUNER_DONE)
        fail_msg("%s", end->error);
    assert_int_equal(end->cells[GEMM_UP][space_index(&winner)].status, status);
    for (int m = 0; m < question.batch_size_count; m++) {
        assert_true(end->choices[GEMM_UP][m].settled && end->choices[GEMM_UP][m].verified);
        assert_false(tile_equal(&end->choices[GEMM_UP][m].tile, &winner));
        assert_int_equal(
            end->choices[GEMM_UP][m].tile.block_m, end->choices[GEMM_DOWN][m].tile.block_m);
    }
    assert_in_range(end->worker_restarts, restarts, restarts + 3);
    tuner_close(tuner);
}

static void a_tile_that_faults_twice_is_left(void **state)
{
    (void)state;
    check_misbehaviour("MISBEHAVE_FAULT", POINT_FAULTED, 2);
}

static void a_tile_that_hangs_twice_is_left(void **state)
{
    (void)state;
    check_misbehaviour("MISBEHAVE_HANG", POINT_TIMED_OUT, 2);
}

static void a_tile_that_kills_without_a_word_is_found(void **state)
{
    (void)state;
    check_misbehaviour("MISBEHAVE_DIE", POINT_FAULTED, 3);
}

static void a_tile_that_kills_when_checked_is_left(void **state)
{
    (void)state;
    check_misbehaviour("MISBEHAVE_DIE_CHECKED", POINT_FAULTED, 2);
}

static void a_wrong_tile_is_never_chosen(void **state)
{
    (void)state;
    check_misbehaviour("MISBEHAVE_LIE", POINT_WRONG_RESULT, 0);
}

/* ---- commands: while it races, and after its end ---- */

static bool ab_has_ended(const struct snapshot *snapshot)
{
    return snapshot->ab.ended;
}

static bool ab_is_well(const struct snapshot *snapshot)
{
    return snapshot->ab.ended && !snapshot->ab.error[0];
}

static bool ab_shows_points(const struct snapshot *snapshot)
{
    return snapshot->ab.point_count > 1 || snapshot->ab.ended;
}

static unsigned long long answers;

static bool is_answered(const struct snapshot *snapshot)
{
    return snapshot->answer.number > answers && has_ended(snapshot);
}

static bool is_paused(const struct snapshot *snapshot)
{
    return snapshot->answer.number > answers && snapshot->state == TUNER_PAUSED;
}

static bool is_done(const struct snapshot *snapshot)
{
    return snapshot->state == TUNER_DONE;
}

static const struct snapshot *post_and_wait(struct tuner *tuner,
    const struct tuner_command *command, bool (*seen)(const struct snapshot *snapshot))
{
    const struct snapshot *before = tuner_snapshot_acquire(tuner);

    answers = before->answer.number;
    tuner_snapshot_release(tuner, before);
    tuner_post(tuner, command);
    return wait_until(tuner, seen);
}

static const struct snapshot *ask_paused(struct tuner *tuner, const struct tuner_command *command)
{
    return post_and_wait(tuner, command, is_paused);
}

/* Posts a command to a tuner at rest and borrows the snapshot that answers it. */
static const struct snapshot *ask(struct tuner *tuner, const struct tuner_command *command)
{
    return post_and_wait(tuner, command, is_answered);
}

static struct tuner_command make_ab(int m, const struct tile *a, const struct tile *b)
{
    struct tuner_command command = {.kind = TUNER_AB};
    struct ab_job *job = &command.ab;

    job->m = m;
    job->gemms[GEMM_UP] = true;
    job->a.tiles[GEMM_UP] = *a;
    job->b.tiles[GEMM_UP] = *b;
    strcpy(job->a.label, "choice");
    strcpy(job->b.label, "by hand");
    return command;
}

static size_t count_abs(const char *name)
{
    char db[96];
    struct error err = {0};
    struct store_ab *abs;
    size_t count;

    snprintf(db, sizeof db, "%s/%s.db", folder, name);
    struct store *store = store_open(db, STORE_READ, &err);
    assert_non_null(store);
    assert_true(store_list_abs(store, 1, &abs, &count, &err));
    free(abs);
    store_close(store);
    return count;
}

static void an_ab_goes_before_the_race(void **state)
{
    struct tuner_command command;

    (void)state;
    struct tuner *tuner = open_tuner("between", false);
    command = make_ab(16, &winner, &slow);
    tuner_post(tuner, &command);
    const struct snapshot *seen = wait_until(tuner, ab_has_ended);
    assert_string_equal(seen->ab.error, "");
    assert_true(seen->state < TUNER_DONE); /* it was not waited for */
    assert_int_equal(seen->ab.result.verdict, AB_SLOWER);
    assert_true(seen->ab.a_us > 0 && seen->ab.b_us > 1.02 * seen->ab.a_us);
    assert_true(seen->ab.look_count >= 1 && seen->ab.looks[0].blocks == 10);
    assert_int_equal(seen->ab.point_count, seen->ab.result.blocks / 5);
    assert_true(seen->ab.points[1].low < seen->ab.points[1].effect);
    assert_true(seen->ab.id > 0);
    assert_memory_equal(seen->ab.text, "A/B: SLOWER +", 13);
    tuner_snapshot_release(tuner, seen);
    seen = wait_until(tuner, has_ended);
    assert_int_equal(seen->state, TUNER_DONE);
    assert_true(tile_equal(&seen->choices[GEMM_UP][0].tile, &winner));
    assert_true(seen->ab.ended);
    tuner_close(tuner);
    assert_int_equal(count_abs("between"), 1);
}

/* Opened again when it is done: no child runs until a command needs one. */
static void a_done_tune_takes_commands(void **state)
{
    struct tuner_command command;
    char text[TILE_TEXT_SIZE];

    (void)state;
    struct tuner *tuner;
    const struct snapshot *seen = tune("well", &tuner);
    assert_int_equal(seen->state, TUNER_DONE);
    long long samples = seen->samples;
    tuner_snapshot_release(tuner, seen);

    command = (struct tuner_command){.kind = TUNER_REMEASURE, .m = 16, .tile = slow};
    seen = ask(tuner, &command);
    assert_false(seen->answer.refused);
    assert_int_equal(seen->state, TUNER_DONE);
    assert_int_equal(seen->samples, samples + CHUNK_SAMPLES / 16);
    tuner_snapshot_release(tuner, seen);

    command.kind = TUNER_VERIFY;
    seen = ask(tuner, &command);
    assert_false(seen->answer.refused);
    assert_int_equal(seen->cells[GEMM_UP][space_index(&slow)].verified, 1);
    tuner_snapshot_release(tuner, seen);

    command.tile.group_m = 16; /* checked, never timed */
    command.kind = TUNER_VERIFY;
    seen = ask(tuner, &command);
    tile_format(&command.tile, text, sizeof text);
    assert_non_null(strstr(seen->answer.text, text));
    assert_string_equal(strstr(seen->answer.text, text) + strlen(text), ": right");
    tuner_snapshot_release(tuner, seen);

    command.kind = TUNER_NEXT;
    seen = ask(tuner, &command);
    assert_true(seen->answer.refused);
    tuner_snapshot_release(tuner, seen);

    command = make_ab(4096, &winner, &winner);
    tuner_post(tuner, &command);
    seen = wait_until(tuner, ab_has_ended);
    assert_int_equal(seen->ab.result.verdict, AB_SAME);
    tuner_close(tuner);
}

static void an_ab_stops_when_asked(void **state)
{
    struct tuner_command command;

    (void)state;
    struct tuner *tuner = open_tuner("stopped", true);
    command = make_ab(16, &winner, &slow);
    command.ab.budget = 10000; /* looks first at 1,250 */
    tuner_post(tuner, &command);
    const struct snapshot *seen = wait_until(tuner, ab_shows_points);
    assert_true(seen->ab.running);
    assert_string_equal(seen->ab.phase, "blocks");
    tuner_snapshot_release(tuner, seen);
    tuner_post(tuner, &(struct tuner_command){.kind = TUNER_AB_STOP});
    seen = wait_until(tuner, ab_has_ended);
    assert_false(seen->ab.running);
    assert_int_equal(seen->ab.result.verdict, AB_UNDECIDED);
    assert_true(seen->ab.result.blocks < 1250);
    assert_true(seen->ab.point_count <= AB_VIEW_POINTS);
    assert_string_equal(seen->ab.flags, "stopped");
    tuner_close(tuner);
}

/* Its fault is told as the A/B's, the tile is marked, and another worker goes on. */
static void a_fault_of_b_is_told(void **state)
{
    struct tuner_command command;
    char text[TILE_TEXT_SIZE];

    (void)state;
    setenv("MISBEHAVE_FAULT", tile_format(&slow, text, sizeof text), 1);
    struct tuner *tuner;
    const struct snapshot *seen = tune("well", &tuner);
    tuner_snapshot_release(tuner, seen);
    command = make_ab(16, &winner, &slow);
    tuner_post(tuner, &command);
    seen = wait_until(tuner, ab_has_ended);
    assert_non_null(strstr(seen->ab.error, text));
    assert_memory_equal(seen->ab.error, "B, up", 5);
    assert_int_equal(seen->worker_restarts, 1);
    tuner_snapshot_release(tuner, seen);
    seen = wait_until(tuner, has_ended);
    assert_int_equal(seen->state, TUNER_DONE);
    tuner_snapshot_release(tuner, seen);
    unsetenv("MISBEHAVE_FAULT");

    command = make_ab(16, &winner, &winner);
    tuner_post(tuner, &command);
    seen = wait_until(tuner, ab_is_well);
    assert_int_equal(seen->ab.result.verdict, AB_SAME);
    tuner_close(tuner);
}

static void a_choice_names_its_evidence(void **state)
{
    struct tuner_command command;

    (void)state;
    struct tuner *tuner;
    const struct snapshot *seen = tune("chosen", &tuner);
    tuner_snapshot_release(tuner, seen);
    command = make_ab(16, &winner, &slow);
    tuner_post(tuner, &command);
    seen = wait_until(tuner, ab_has_ended);
    command = (struct tuner_command){
        .kind = TUNER_CHOOSE, .m = 16, .tile = slow, .evidence = seen->ab.id};
    tuner_snapshot_release(tuner, seen);
    seen = ask(tuner, &command);
    assert_false(seen->answer.refused);
    const struct choice *choice = &seen->choices[GEMM_UP][0];
    assert_true(tile_equal(&choice->tile, &slow) && choice->verified && choice->settled);
    assert_int_equal(choice->source, CHOICE_HAND);
    assert_memory_equal(choice->reason, "A/B: SLOWER +", 13);
    assert_non_null(strstr(choice->reason, "against choice"));
    tuner_snapshot_release(tuner, seen);

    command = (struct tuner_command){.kind = TUNER_UNDO_CHOICE, .m = 16};
    seen = ask(tuner, &command);
    assert_false(seen->answer.refused);
    choice = &seen->choices[GEMM_UP][0];
    assert_true(tile_equal(&choice->tile, &winner));
    assert_int_equal(choice->source, CHOICE_RACE);
    tuner_close(tuner);
}

/* BLOCK_SIZE_M is the pair's: alone it cannot change, together it can, and back. */
static void a_pair_is_chosen_together(void **state)
{
    struct tile other;
    struct tuner_command command = {.kind = TUNER_CHOOSE, .m = 16};
    char text[TILE_TEXT_SIZE];

    (void)state;
    struct tuner *tuner;
    const struct snapshot *seen = tune("paired", &tuner);
    tuner_snapshot_release(tuner, seen);
    other = winner;
    other.block_m = winner.block_m == 16 ? 64 : 16;
    command.tile = other;
    seen = ask(tuner, &command);
    assert_true(seen->answer.refused);
    assert_non_null(strstr(seen->answer.text, "choose the pair"));
    assert_true(tile_equal(&seen->choices[GEMM_UP][0].tile, &winner));
    tuner_snapshot_release(tuner, seen);

    command.kind = TUNER_CHOOSE_PAIR;
    command.pair[GEMM_UP] = command.pair[GEMM_DOWN] = other;
    command.pair[GEMM_UP].num_stages = 8; /* nobody recorded that */
    seen = ask(tuner, &command);
    assert_true(seen->answer.refused);
    assert_non_null(strstr(seen->answer.text, "M=16: not chosen: up, BM"));
    tuner_snapshot_release(tuner, seen);

    command.pair[GEMM_UP] = other;
    seen = ask(tuner, &command);
    assert_false(seen->answer.refused);
    for (int g = 0; g < GEMM_COUNT; g++)
        assert_true(tile_equal(&seen->choices[g][0].tile, &other) && seen->choices[g][0].verified);
    tuner_snapshot_release(tuner, seen);

    setenv("MISBEHAVE_LIE", tile_format(&winner, text, sizeof text), 1);
    command = (struct tuner_command){.kind = TUNER_UNDO_CHOICE, .m = 16};
    seen = ask(tuner, &command); /* what was verified needs no check */
    unsetenv("MISBEHAVE_LIE");
    assert_false(seen->answer.refused);
    assert_true(tile_equal(&seen->choices[GEMM_UP][0].tile, &winner));
    assert_int_equal(seen->choices[GEMM_DOWN][0].tile.block_m, winner.block_m);
    tuner_close(tuner);
}

static void a_wrong_tile_is_not_chosen_by_hand(void **state)
{
    struct tuner_command command = {.kind = TUNER_CHOOSE, .m = 16};
    char text[TILE_TEXT_SIZE];

    (void)state;
    command.tile = slow;
    command.tile.group_m = 32; /* another test's check of it would do */
    setenv("MISBEHAVE_LIE", tile_format(&command.tile, text, sizeof text), 1);
    struct tuner *tuner;
    const struct snapshot *seen = tune("well", &tuner);
    tuner_snapshot_release(tuner, seen);
    seen = ask(tuner, &command);
    unsetenv("MISBEHAVE_LIE");
    assert_true(seen->answer.refused);
    assert_non_null(strstr(seen->answer.text, "results are wrong"));
    assert_true(tile_equal(&seen->choices[GEMM_UP][0].tile, &winner));
    assert_int_equal(seen->cells[GEMM_UP][space_index(&command.tile)].status, POINT_WRONG_RESULT);
    tuner_close(tuner);
}

/* Before anything was timed there; the race leaves it be, and chooses again when it is undone. */
static void a_choice_stands_while_it_races(void **state)
{
    struct tuner_command command = {.kind = TUNER_CHOOSE, .m = 16};

    (void)state;
    command.tile = slow;
    command.pair[GEMM_UP] = command.pair[GEMM_DOWN] = command.tile;
    struct tuner *tuner = open_tuner("early", true);
    const struct snapshot *seen = ask_paused(tuner, &command);
    assert_true(seen->answer.refused);
    assert_non_null(strstr(seen->answer.text, "choose the pair"));
    tuner_snapshot_release(tuner, seen);
    command.kind = TUNER_CHOOSE_PAIR;
    seen = ask_paused(tuner, &command);
    assert_false(seen->answer.refused);
    assert_true(seen->choices[GEMM_DOWN][0].settled && !seen->choices[GEMM_DOWN][1].settled);
    tuner_snapshot_release(tuner, seen);
    tuner_close(tuner);

    seen = tune("early", &tuner);
    assert_int_equal(seen->state, TUNER_DONE);
    assert_true(tile_equal(&seen->choices[GEMM_UP][0].tile, &command.tile));
    assert_int_equal(seen->choices[GEMM_UP][0].source, CHOICE_HAND);
    assert_int_equal(seen->choices[GEMM_UP][1].source, CHOICE_RACE);
    tuner_snapshot_release(tuner, seen);
    command.kind = TUNER_UNDO_CHOICE; /* when the race is over: what it found there meanwhile */
    seen = ask(tuner, &command);
    assert_false(seen->answer.refused);
    assert_non_null(strstr(seen->answer.text, "undone; the race's choice stands"));
    assert_true(tile_equal(&seen->choices[GEMM_UP][0].tile, &winner));
    assert_int_equal(seen->choices[GEMM_UP][0].source, CHOICE_RACE);
    assert_true(seen->choices[GEMM_UP][0].settled && seen->choices[GEMM_DOWN][0].verified);
    tuner_snapshot_release(tuner, seen);
    seen = ask(tuner, &command);
    assert_true(seen->answer.refused);
    assert_non_null(strstr(seen->answer.text, "the race's own"));
    tuner_close(tuner);
    command.kind = TUNER_CHOOSE_PAIR;

    tuner = open_tuner("regretted", true);
    seen = ask_paused(tuner, &command);
    tuner_snapshot_release(tuner, seen);
    command.kind = TUNER_UNDO_CHOICE;
    seen = ask_paused(tuner, &command);
    assert_false(seen->answer.refused);
    assert_non_null(strstr(seen->answer.text, "undone; the race will choose"));
    assert_false(seen->choices[GEMM_UP][0].settled);
    tuner_snapshot_release(tuner, seen);
    command.kind = TUNER_REMEASURE;
    seen = ask_paused(tuner, &command);
    assert_int_equal(seen->running_tile, -1); /* none runs any more */
    tuner_snapshot_release(tuner, seen);
    command.kind = TUNER_NEXT;
    seen = ask_paused(tuner, &command);
    assert_non_null(strstr(seen->answer.text, "before the others, once the scan"));
    tuner_snapshot_release(tuner, seen);
    tuner_post(tuner, &(struct tuner_command){.kind = TUNER_RESUME});
    seen = wait_until(tuner, has_ended);
    assert_true(tile_equal(&seen->choices[GEMM_UP][0].tile, &winner));
    tuner_close(tuner);
}

/* Where nothing was planned by hand there is nothing to take back. */
static void a_plan_takes_back_what_was_planned(void **state)
{
    struct tuner_options options = {
        .db = "", .backend = "none", .compiler.python = "/no/python", .no_incumbent = true};
    struct tuner_command command = {.kind = TUNER_UNDO_CHOICE, .m = 16};
    struct error err = {0};

    (void)state;
    struct tuner *tuner = tuner_open(&question, &options, &err);
    assert_non_null(tuner);
    const struct snapshot *seen = ask_paused(tuner, &command);
    assert_true(seen->answer.refused);
    assert_non_null(strstr(seen->answer.text, "M=16: nothing to undo"));
    tuner_snapshot_release(tuner, seen);
    command.kind = TUNER_CHOOSE;
    command.tile = question.space.tiles[0];
    tuner_snapshot_release(tuner, ask_paused(tuner, &command));
    command.kind = TUNER_UNDO_CHOICE;
    seen = ask_paused(tuner, &command);
    assert_false(seen->answer.refused || seen->choices[GEMM_UP][0].chosen);
    tuner_close(tuner);
}

/* A tune that failed answers, and goes on when its cause is gone. */
static void a_failed_tune_goes_on(void **state)
{
    struct tuner_command command = {.kind = TUNER_VERIFY, .m = 16};
    char away[96];

    (void)state;
    command.tile = winner;
    snprintf(away, sizeof away, "%s.away", recording);
    assert_int_equal(rename(recording, away), 0);
    struct tuner *tuner;
    const struct snapshot *seen = tune("failed", &tuner);
    assert_int_equal(seen->state, TUNER_FAILED);
    tuner_snapshot_release(tuner, seen);
    seen = ask(tuner, &command);
    assert_true(seen->answer.refused);
    assert_non_null(strstr(seen->answer.text, recording));
    assert_int_equal(seen->state, TUNER_FAILED);
    tuner_snapshot_release(tuner, seen);
    assert_int_equal(rename(away, recording), 0);
    tuner_post(tuner, &(struct tuner_command){.kind = TUNER_RESUME});
    seen = wait_until(tuner, is_done);
    assert_string_equal(seen->error, "");
    assert_true(tile_equal(&seen->choices[GEMM_UP][0].tile, &winner));
    tuner_close(tuner);
}

static int scene_make(void **state)
{
    char command[160];

    (void)state;
    assert_non_null(mkdtemp(folder));
    setenv("HOME", folder, 1);
    snprintf(recording, sizeof recording, "%s/set.db", folder);
    snprintf(command, sizeof command, "tests/make_recorded %s", recording);
    assert_int_equal(system(command), 0);
    make_question();
    find_winner();
    find_slow();
    return 0;
}

static int scene_drop(void **state)
{
    char command[96];

    (void)state;
    question_free(&question);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tile_that_faults_twice_is_left),
        cmocka_unit_test(a_tile_that_hangs_twice_is_left),
        cmocka_unit_test(a_tile_that_kills_without_a_word_is_found),
        cmocka_unit_test(a_tile_that_kills_when_checked_is_left),
        cmocka_unit_test(a_wrong_tile_is_never_chosen),
        cmocka_unit_test(an_ab_goes_before_the_race),
        cmocka_unit_test(a_done_tune_takes_commands),
        cmocka_unit_test(an_ab_stops_when_asked),
        cmocka_unit_test(a_fault_of_b_is_told),
        cmocka_unit_test(a_choice_names_its_evidence),
        cmocka_unit_test(a_pair_is_chosen_together),
        cmocka_unit_test(a_wrong_tile_is_not_chosen_by_hand),
        cmocka_unit_test(a_choice_stands_while_it_races),
        cmocka_unit_test(a_plan_takes_back_what_was_planned),
        cmocka_unit_test(a_failed_tune_goes_on),
    };

    if (argc > 3 && strcmp(argv[1], "worker") == 0)
        return be_the_worker(strchr(argv[3], ':') + 1);
    return cmocka_run_group_tests(tests, scene_make, scene_drop);
}
