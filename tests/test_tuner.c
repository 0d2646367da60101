/* SPDX-License-Identifier: MIT */
/*
 * The tuner against a worker that misbehaves. The tuner starts its own program as the worker, so
 * this one is both: as "worker" it replays a made-up recording through a back-end that dies on one
 * tile, hangs on another and lies about a third, as MISBEHAVE_* in the environment say.
 */
#include "cmocka_all.h"

#include "store/store.h"
#include "tuner/tuner.h"
#include "worker/loop.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static void make_question(struct question *question)
{
    struct error err = {0};

    question_defaults(question);
    assert_true(engine_parse("sglang:0.5.4.post2", &question->engine, &err));
    assert_true(device_find("NVIDIA H100 80GB HBM3", &question->device, &err));
    assert_true(space_set_axis(&question->space, "w=4", &err));
    assert_true(space_set_axis(&question->space, "BM=16,64", &err));
    assert_true(question_set_batch_sizes(question, "16,4096", &err));
    question->shape = (struct shape){.experts = 160,
        .routed = 160,
        .top_k = 8,
        .hidden = 5120,
        .intermediate = 384,
        .dtype = DTYPE_FP8_W8A8,
        .out = DTYPE_BF16,
        .per_channel = true,
        .gated = true};
    strcpy(question->model, "made-up");
}

/* Runs the question to its end on a database of its own; the caller closes the tuner. */
static const struct snapshot *tune(
    const struct question *question, const char *name, struct tuner **tuner)
{
    char db[96], backend[96];
    struct tuner_options options = {.db = db, .backend = backend};
    struct error err = {0};

    snprintf(db, sizeof db, "%s/%s.db", folder, name);
    snprintf(backend, sizeof backend, "replay:%s", recording);
    *tuner = tuner_open(question, &options, &err);
    assert_non_null(*tuner);
    for (;;) {
        struct pollfd fd = {.fd = tuner_fd(*tuner), .events = POLLIN};
        const struct snapshot *snapshot;

        poll(&fd, 1, 1000);
        snapshot = tuner_snapshot_acquire(*tuner);
        if (snapshot->state >= TUNER_DONE)
            return snapshot;
        tuner_snapshot_release(*tuner, snapshot);
    }
}

static size_t space_index(const struct question *question, const struct tile *tile)
{
    for (size_t i = 0; i < question->space.count; i++) {
        if (tile_equal(&question->space.tiles[i], tile))
            return i;
    }
    fail();
    return 0;
}

/* The winner at M=16 without misbehaviour: what is then made to misbehave. */
static void find_winner(struct question *question, struct tile *winner, char *text, size_t size)
{
    struct tuner *tuner;
    const struct snapshot *end;

    make_question(question);
    end = tune(question, "well", &tuner);
    assert_int_equal(end->state, TUNER_DONE);
    assert_int_equal(end->worker_restarts, 0);
    *winner = end->choices[GEMM_UP][0].tile;
    tile_format(winner, text, size);
    tuner_close(tuner);
}

/* Whatever it does, the tile is marked with `status`, left, and the tune ends without it. */
static void check_misbehaviour(const char *variable, enum point_status status, int restarts)
{
    struct question question;
    struct tile bad;
    struct tuner *tuner;
    const struct snapshot *end;
    char text[TILE_TEXT_SIZE];

    find_winner(&question, &bad, text, sizeof text);
    setenv(variable, text, 1);
    end = tune(&question, variable, &tuner);
    unsetenv(variable);
    if (end->state != TUNER_DONE)
        fail_msg("%s", end->error);
    assert_int_equal(end->cells[GEMM_UP][space_index(&question, &bad)].status, status);
    for (int m = 0; m < question.batch_size_count; m++) {
        assert_true(end->choices[GEMM_UP][m].settled && end->choices[GEMM_UP][m].verified);
        assert_false(tile_equal(&end->choices[GEMM_UP][m].tile, &bad));
        assert_int_equal(
            end->choices[GEMM_UP][m].tile.block_m, end->choices[GEMM_DOWN][m].tile.block_m);
    }
    assert_in_range(end->worker_restarts, restarts, restarts + 3);
    tuner_close(tuner);
    question_free(&question);
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

static void a_wrong_tile_is_never_chosen(void **state)
{
    (void)state;
    check_misbehaviour("MISBEHAVE_LIE", POINT_WRONG_RESULT, 0);
}

static int make_recording(void **state)
{
    char command[160];

    (void)state;
    if (!mkdtemp(folder))
        return -1;
    setenv("HOME", folder, 1);
    snprintf(recording, sizeof recording, "%s/set.db", folder);
    snprintf(command, sizeof command, "tests/make_recorded %s", recording);
    return system(command) == 0 ? 0 : -1;
}

static int drop_recording(void **state)
{
    char command[96];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tile_that_faults_twice_is_left),
        cmocka_unit_test(a_tile_that_hangs_twice_is_left),
        cmocka_unit_test(a_tile_that_kills_without_a_word_is_found),
        cmocka_unit_test(a_wrong_tile_is_never_chosen),
    };

    if (argc > 3 && strcmp(argv[1], "worker") == 0)
        return be_the_worker(strchr(argv[3], ':') + 1);
    return cmocka_run_group_tests(tests, make_recording, drop_recording);
}
