/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_STORE_STORE_H
#define MOEBENCH_STORE_STORE_H

#include "base/error.h"
#include "domain/device.h"
#include "domain/engine.h"
#include "domain/point.h"
#include "domain/shape.h"
#include "domain/tile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Everything that is kept: one SQLite database. The rules of the contract:
 *
 * - One process writes (it holds FILE.lock, in which its pid stands); others read. In that process
 *   one thread owns the writing handle; every other thread opens a handle of its own for reading.
 *   A handle is used by one thread at a time and never crosses a fork (a child that calls aborts).
 * - A write is durable when it returns true (synchronous=FULL), alone or, between store_begin
 *   and store_commit, together with the others. After a failure (full disk, say) nothing of that
 *   transaction is kept, the handle stays usable, and the same call may be tried again.
 * - What a reader sees is committed. Readers take short transactions and never block the writer
 *   for longer than one query.
 * - Every struct is a value; text in it is owned by it. Lists come as an array, owned by the
 *   caller, freed by the function named beside it. Visitors get pointers that are borrowed until
 *   they return, and return false to stop (which is no error); they do not call the store.
 * - Unknown numbers are NAN (double, float) or -1 (int), and stored as NULL. Times are seconds
 *   since 1970.
 */
struct store;

enum store_mode {
    STORE_WRITE,         /* create or migrate; fails, naming the pid, when another writes */
    STORE_WRITE_OR_READ, /* as STORE_READ when another writes: see store_writable */
    STORE_READ,          /* the file must be there; for other threads of the writer too */
};

/* MOEBENCH_DB, else moebench.db in the XDG data folder; free(). NULL when there is no HOME. */
char *store_default_path(void);
/* NULL and *err on failure: no such file, not a moebench database, of a newer moebench, damaged,
 * locks unavailable, another writes. Makes missing folders when writing. */
struct store *store_open(const char *path, enum store_mode mode, struct error *err);
void store_close(struct store *store); /* NULL is fine */

bool store_writable(const struct store *store);
const char *store_path(const struct store *store); /* borrowed */
/* One line worth telling the user ("network file system: no WAL", "pid 812 writes"), or "". */
const char *store_notice(const struct store *store);
/* Whether another process holds the writer's lock now (a tune is live elsewhere); its pid, or 0
 * when not known, into *pid (NULL is fine). */
bool store_is_held(const struct store *store, long *pid);
/* Reading handles: whether anything was committed since the last call (true the first time). */
bool store_changed(struct store *store);

/* A transaction around several writes; no nesting. A failed write inside has rolled it back. Fails
 * too when the file is not found under its name any more. */
bool store_begin(struct store *store, struct error *err);
bool store_commit(struct store *store, struct error *err);
void store_rollback(struct store *store);

/* ---- devices and kernel builds ------------------------------------------------------- */

struct store_device {
    long long id;
    struct device device;
    char uuid[64];   /* "GPU-...", "" when unknown */
    char driver[32]; /* "580.95.05", "" when unknown */
};

struct store_build {
    long long id;
    char engine[16];         /* "sglang" */
    char engine_version[32]; /* "0.5.4.post2" */
    char kernel_hash[72];    /* of the kernel's source */
    char triton[32];
    char ptxas[32];
    int arch;          /* 121 */
    char variant[128]; /* whatever else decides the code: dtype, quantisation, shape hints */
};

/* Each finds the equal row or adds one, and sets its id. */
bool store_put_device(struct store *store, struct store_device *device, struct error *err);
bool store_put_build(struct store *store, struct store_build *build, struct error *err);
bool store_get_device(
    struct store *store, long long id, struct store_device *device, struct error *err);
bool store_get_build(
    struct store *store, long long id, struct store_build *build, struct error *err);

/* ---- tunes --------------------------------------------------------------------------- */

enum tune_state { TUNE_UNFINISHED, TUNE_DONE, TUNE_FAILED };

const char *tune_state_name(enum tune_state state); /* "unfinished", "done", "failed" */

struct store_tune {
    long long id;
    char *question;  /* JSON, all that makes two tunes the same: model, shape, engine, device,
                           batch sizes, space, routing, effort, ...; canonical by its maker */
    char model[128]; /* for lists: "glm-4.7-fp8 TP4" */
    char engine[ENGINE_TEXT_SIZE]; /* "sglang:0.5.4.post2" */
    char backend[16];              /* "cuda", "replay" */
    char *recording;               /* of a replay: its file, whole path; NULL: the shipped one */
    struct shape shape;
    long long device; /* id */
    long long build;  /* id of the kernel build of the latest run, 0 before the first;
                            measurements of others are kept and not mixed */
    uint64_t seed;
    enum tune_state state;
    long long done;  /* points settled */
    long long total; /* points to settle, 0 before the plan is made */
    double created;
    double touched;      /* last write to it */
    char *result;        /* JSON of the tune as it ended or was stopped, NULL before */
    long long incumbent; /* id of the one raced by the latest run, 0: none */
};

void store_tune_free(struct store_tune *tune); /* what it owns, not the struct */
/* 100 only at the end: when all points are timed the finalists are still to come. */
int store_tune_percent(const struct store_tune *tune);

/* Adds it; sets id, created and touched. */
bool store_add_tune(struct store *store, struct store_tune *tune, struct error *err);
/* The latest tune with this very question. False and *err of kind ERROR_NONE: there is none. */
bool store_find_tune(
    struct store *store, const char *question, struct store_tune *tune, struct error *err);
bool store_get_tune(struct store *store, long long id, struct store_tune *tune, struct error *err);
/* Last touched first. Free each with store_tune_free, then free() the array. */
bool store_list_tunes(
    struct store *store, struct store_tune **tunes, size_t *count, struct error *err);
/* Writes build, state, done, total, result, incumbent and recording of *tune, touches it. */
bool store_update_tune(struct store *store, struct store_tune *tune, struct error *err);
/* Deletes it with its events, unless anything was measured, checked, compared or chosen in it. */
bool store_drop_empty_tune(struct store *store, long long tune, struct error *err);

/* ---- incumbents: an engine's files that the tunes of a layer have to beat ------------- */

/* How it came here; the numbers stand in databases: append only. */
enum incumbent_how {
    INCUMBENT_IMPORTED, /* `moebench import`: counts for all later tunes of its layer */
    INCUMBENT_GIVEN,    /* --incumbent FILE of one run */
    INCUMBENT_FOUND,    /* in the engine's own folder */
};

struct store_incumbent {
    long long id; /* set by the write */
    enum incumbent_how how;
    char *layer;     /* engine, device and shape, canonical by its maker; owned, as the next */
    char model[128]; /* for lists, as the next two */
    char engine[ENGINE_TEXT_SIZE]; /* "sglang:0.5.4.post2" */
    char device[128];              /* name */
    char *path;                    /* of the up file, or the one for both */
    char *down_path;               /* NULL: the one file serves both */
    char hash[72];                 /* of the texts */
    char *up, *down;               /* the texts; down NULL as down_path */
    double time;
};

void store_incumbent_free(struct store_incumbent *incumbent); /* what it owns, not the struct */
/* Adds it, or (but for imports, the newest of which counts) finds the equal one; sets id and time.
 */
bool store_put_incumbent(struct store *store, struct store_incumbent *incumbent, struct error *err);
bool store_get_incumbent(
    struct store *store, long long id, struct store_incumbent *incumbent, struct error *err);
/* The newest import of a layer. False and *err of kind ERROR_NONE: there is none. */
bool store_find_import(
    struct store *store, const char *layer, struct store_incumbent *incumbent, struct error *err);
/* All imports, newest first. Free each with store_incumbent_free, then free() the array. */
bool store_list_imports(
    struct store *store, struct store_incumbent **imports, size_t *count, struct error *err);

/* ---- what the compiler said, by kernel build, GEMM and tile -------------------------- */

struct store_compile {
    enum gemm gemm;
    struct tile tile;
    enum point_status status; /* OK, DOES_NOT_FIT, COMPILE_FAILED or TIMED_OUT */
    int shared_bytes;         /* -1 unknown, as the next ones */
    int registers;
    int spill_bytes;  /* of the stack frame, a thread */
    float seconds;    /* it took */
    char cubin[72];   /* its content hash, the kernel cache's key; "" when there is none */
    char reason[256]; /* why not, "" when ok */
};

/* Adds or replaces the fact about (build, gemm, tile). */
bool store_put_compile(
    struct store *store, long long build, const struct store_compile *fact, struct error *err);
/* gemm -1: both. In the order of tile_compare within a GEMM. */
bool store_each_compile(struct store *store, long long build, int gemm,
    bool (*visit)(const struct store_compile *fact, void *arg), void *arg, struct error *err);

/* ---- measurements -------------------------------------------------------------------- */

/* The key of a point within a tune and a kernel build. */
struct store_point_key {
    enum gemm gemm;
    int m;
    bool hot; /* cache state: measured on the same experts again and again */
    struct tile tile;
};

/* The samples of one point within one chunk. */
struct store_measurement {
    struct store_point_key key;
    enum point_status status;
    int launches;         /* timed launches in one sample */
    float sm_mhz;         /* mean SM clock during its samples */
    const float *samples; /* us a launch, in the order taken; borrowed */
    size_t count;
    /* Set by readers only: */
    long long chunk;
    int phase;
    bool suspect; /* its chunk was, or its own status is POINT_SUSPECT */
    double time;
};

/* A chunk: at most a second of timing with one sentinel check, written as one transaction. */
struct store_chunk {
    long long id; /* set by the write */
    long long tune;
    long long build;
    int phase;   /* the tuner's own numbering */
    double time; /* when it began */
    float wall_s;
    float gpu_s;  /* kernel time, sentinel included */
    int launches; /* all, discarded ones included */
    uint64_t routing_seed;
    char method[48]; /* "graph 8 launches", "events, pdl" */
    float sm_mhz;    /* mean */
    float sm_mhz_min;
    float temperature_c;
    float power_w;
    float sentinel; /* largest relative deviation of its sentinels from the set-up's */
    bool suspect;
    const struct store_measurement *measurements; /* one a point; borrowed */
    size_t count;
    long long done; /* progress of the tune after it, as store_tune.done and .total */
    long long total;
};

/* All or nothing, with the tune's progress. Opens a transaction of its own unless one is open. */
bool store_write_chunk(struct store *store, struct store_chunk *chunk, struct error *err);

/* What all measurements of a point say together. */
struct store_point {
    struct store_point_key key;
    enum point_status status; /* WRONG_RESULT once seen stays; else of the latest that is not
                                 suspect; SUSPECT when there are only such */
    size_t count;             /* samples that count: those of ok measurements, or of suspect ones
                                 when there are only such */
    double median_us;         /* NAN when count is 0 */
    double low_us, high_us;   /* 95 % interval of the median; NAN under 6 samples */
    const float *samples;     /* those samples, oldest first; borrowed */
    const struct store_measurement *measurements; /* all of them, oldest first; borrowed */
    size_t measurement_count;
};

/* Which points: of a tune and a build; gemm -1: both, m 0: all, tile NULL: all. */
struct store_filter {
    long long tune;
    long long build; /* 0: the tune's own */
    int gemm;
    int m;
    int hot; /* 0 cold only, 1 hot only, -1 both */
    const struct tile *tile;
};

/* One pass in the order (gemm, m, hot), tiles in no order: resume, heat map, the story of a cell.
 * With gemm, m and tile given it reads those rows alone. */
bool store_each_point(struct store *store, const struct store_filter *filter,
    bool (*visit)(const struct store_point *point, void *arg), void *arg, struct error *err);
/* What chunks after `after` (0: all) hold of a tune and a build, hot and cold, in the order (gemm,
 * m, hot, tile, chunk); the samples are borrowed until the visitor returns. */
bool store_each_measurement(struct store *store, long long tune, long long build, long long after,
    bool (*visit)(const struct store_measurement *measurement, void *arg), void *arg,
    struct error *err);
bool store_get_chunk(
    struct store *store, long long id, struct store_chunk *chunk, struct error *err);

/* Sums over the chunks and compile facts of a tune, all builds. */
struct store_totals {
    long long chunks, launches, samples;
    double gpu_s, wall_s; /* of chunks */
    /* Of the tune's build alone, so that a reader sees which of them grew: */
    long long compiles, checks, faults;
};

bool store_get_totals(
    struct store *store, long long tune, struct store_totals *totals, struct error *err);

/* ---- faults: tiles that killed or hung the worker ------------------------------------ */

struct store_fault {
    enum gemm gemm;
    struct tile tile;
    int m; /* at the last one */
    int count;
    enum point_status status; /* of the last one: FAULTED or TIMED_OUT */
    double time;
    char reason[256];
};

/* Counts one more for (tune, build, gemm, tile) and answers the new count. */
bool store_add_fault(struct store *store, long long tune, long long build,
    const struct store_fault *fault, int *count, struct error *err);
bool store_each_fault(struct store *store, long long tune, long long build,
    bool (*visit)(const struct store_fault *fault, void *arg), void *arg, struct error *err);

/* ---- verifications ------------------------------------------------------------------- */

struct store_check {
    struct store_point_key key; /* hot is false */
    bool right;
    double error; /* ||out - ref|| / ||ref|| */
    long long nans;
    long long unwritten;
    double time;
};

/* Adds or replaces the check of (tune, build, gemm, m, tile). */
bool store_put_check(struct store *store, long long tune, long long build,
    const struct store_check *check, struct error *err);
bool store_each_check(struct store *store, long long tune, long long build,
    bool (*visit)(const struct store_check *check, void *arg), void *arg, struct error *err);

/* ---- choices ------------------------------------------------------------------------- */

struct store_choice {
    long long id; /* set by the write; grows with time */
    long long build;
    enum gemm gemm;
    int m;
    bool dropped; /* this M has no entry; tile is then without meaning */
    struct tile tile;
    enum choice_source source;
    char reason[256];
    double median_us;       /* on fresh samples */
    double low_us, high_us; /* 95 % */
    double default_us;      /* the engine default's median beside it */
    double incumbent_us;    /* the incumbent's, NAN or 0: none raced here */
    bool verified;
    long long ab;       /* id of the A/B that decided, 0 when none did */
    long long restored; /* an undo: id of the choice it brought back, -1: none; else 0 */
    double time;        /* 0: set by the write, the same for all it writes */
};

/* Adds them in one transaction (up and down of a pair together); earlier ones become history. */
bool store_add_choices(struct store *store, long long tune, struct store_choice choices[],
    size_t count, struct error *err);
/* The latest of each (gemm, m), dropped ones included, by gemm and m; free() the array. */
bool store_list_choices(struct store *store, long long tune, struct store_choice **choices,
    size_t *count, struct error *err);
/* All ever made, latest first; gemm -1 and m 0: of all; free() the array. */
bool store_list_history(struct store *store, long long tune, int gemm, int m,
    struct store_choice **choices, size_t *count, struct error *err);

/* ---- A/B results --------------------------------------------------------------------- */

struct store_ab {
    long long id; /* set by the write */
    long long build;
    int gemm; /* enum gemm, or -1: the pair */
    int m;
    struct tile a[GEMM_COUNT], b[GEMM_COUNT]; /* by GEMM; the other GEMM's are without meaning */
    char a_label[64], b_label[64];            /* "choice", "default", "by hand", a file */
    uint64_t seed;
    char verdict[16]; /* "FASTER" ... about B */
    double effect_pct, low_pct, high_pct, mde_pct;
    int blocks, blocks_to_decide; /* the latter -1 when decided or unknown */
    double a_us, b_us;
    char flags[128];           /* "clock-drift", "" */
    const double *differences; /* ln(B/A) of each block; NULL when read from a list */
    double time;
};

bool store_add_ab(struct store *store, long long tune, struct store_ab *ab, struct error *err);
/* Latest first; free() the array. */
bool store_list_abs(
    struct store *store, long long tune, struct store_ab **abs, size_t *count, struct error *err);

/* ---- events: the log of a tune ------------------------------------------------------- */

struct store_event {
    long long id; /* set by the write */
    double time;
    char kind[24]; /* "phase", "worker-restart", "suspect", "note" ... */
    char text[512];
};

bool store_add_event(
    struct store *store, long long tune, const char *kind, const char *text, struct error *err);
/* The latest `limit`, oldest first; free() the array. */
bool store_list_events(struct store *store, long long tune, size_t limit,
    struct store_event **events, size_t *count, struct error *err);

#endif
