/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TUNER_TUNER_STATE_H
#define MOEBENCH_TUNER_TUNER_STATE_H

#include "store/store.h"
#include "tuner/race.h"
#include "tuner/session.h"
#include "tuner/tuner.h"

#include <pthread.h>
#include <stdatomic.h>

/* The inside of a tuner, shared by tuner*.c alone. Unless said otherwise the thread's own. */

#define TUNER_COMMANDS 64
#define TUNER_BUFFERS 3

/* What is known of one kernel of one GEMM, by tile. */
struct tuner_kernel {
    char hash[65];
    long long ticket; /* of its compile under way, 0: none */
};

/* How far the store has been read into the race. */
struct tuner_seen {
    struct store_totals totals;
    long long chunk;     /* the newest with samples, 0: none */
    struct race_item at; /* what it timed last */
};

struct tuner {
    pthread_t thread;
    pthread_mutex_t lock;  /* guards the next block */
    pthread_cond_t posted; /* a command, or `stop` */
    struct tuner_command commands[TUNER_COMMANDS];
    size_t command_count;
    struct snapshot *buffers[TUNER_BUFFERS];
    int newest, held; /* indices, -1: none */
    bool fresh;       /* newest was not yet handed out */

    int wake[2];      /* pipe: readable while a fresh snapshot waits */
    atomic_bool stop; /* asked to end after the running chunk */

    struct question question;
    struct tuner_options options; /* its strings stand in texts */
    char *texts[8];
    int text_count;
    long long raced; /* id of the incumbent that is in the plan, 0: none */
    struct tile incumbent[GEMM_COUNT][TUNE_BATCH_SIZES]; /* block_m 0: none */
    struct snapshot view;                                /* the working copy that is published */
    double published;                                    /* when, clock_monotonic */
    double chosen; /* when the best so far were last looked for */
    double started;
    enum tuner_stage stage; /* now, and since when */
    double stage_since;

    struct store *store;
    struct store_tune tune;
    bool added; /* .. by this tuner, not found */
    struct store_device device;
    struct store_build build;
    struct tuner_seen seen;
    struct plan plan;
    struct race *race;
    struct session session;
    struct tuner_kernel *kernels[GEMM_COUNT]; /* [tile of the plan] */
    bool loaded;                              /* what the store holds is in the race */
    bool paused;
    bool go_on;                   /* an unfinished race that ended is wanted again */
    double ended;                 /* when the race did, 0: it runs */
    unsigned long long ab_number; /* of A/Bs begun: each draws anew */
    double loaded_gpu_s;          /* GPU time of earlier runs */
    long long answers;            /* kernels compiled or found in the cache */
    double burst_began;           /* kernels asked for in a row: when that began, */
    double burst_last;            /* .. the last answer, */
    int burst_answers;            /* .. and how many there were */
    int suspects;                 /* chunks in a row */
    bool rebase;                  /* before the next job a new baseline of the sentinel */
    int silent;                   /* worker deaths in a row without a chunk in between */
    double idle_s;                /* of earlier runs: what wall_s begins with */
};

/* tuner.c */
/* The plan with the incumbent's tiles, and an empty race of it. */
void tuner_make_race(struct tuner *tuner);

/* tuner_stop.c */
/* What would be chosen now must be right to be of use: checks the pairs that are not settled, and
 * takes the next best where one is wrong. */
bool tuner_verify_so_far(struct tuner *tuner, struct error *err);

/* tuner_incumbent.c */
/* Once the store and the tool chain are known and before anything is fed to the race. */
bool tuner_take_incumbent(struct tuner *tuner, struct error *err);
/* An empty race with the incumbent that the stored tune names, unless it is that already. */
bool tuner_show_raced(struct tuner *tuner, struct error *err);

/* tuner_keep.c: what is found, into the store */
/* Opens the store, finds or adds the tune, without touching children; for reading alone when
 * another process writes and the options allow it. */
bool tuner_keep_open(struct tuner *tuner, struct error *err);
/* At the end: a tune that was added in vain, in which nothing was compiled or stored, goes. */
void tuner_keep_tidy(struct tuner *tuner);
bool tuner_keep_chunk(struct tuner *tuner, const struct race_step *step,
    const struct measure_chunk *chunk, bool counts, struct error *err);
bool tuner_keep_compile(struct tuner *tuner, enum gemm gemm, int tile,
    const struct compile_result *result, struct error *err);
bool tuner_keep_check(struct tuner *tuner, enum gemm gemm, int m, const struct tile *tile,
    const struct verify_report *report, struct error *err);
bool tuner_keep_kill(struct tuner *tuner, const struct race_item *item, enum point_status status,
    const char *why, struct error *err);
bool tuner_keep_decision(
    struct tuner *tuner, int m_index, const struct race_decision *decision, struct error *err);
bool tuner_keep_state(struct tuner *tuner, enum tune_state state, struct error *err);
void tuner_event(struct tuner *tuner, const char *kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* tuner_load.c: what the store holds, into race and view */
/* What the store holds beyond tuner->seen, of the tune's build. A reader's new faults alone must
 * not come twice: it starts anew. */
bool tuner_load_news(struct tuner *tuner, struct error *err);
/* Once the tool chain is known: the build, and everything measured with it into the race. */
bool tuner_load_stored(struct tuner *tuner, struct error *err);
/* A stored choice as the one that stands. What the race chose needs no more racing. */
void tuner_load_choice(struct tuner *tuner, const struct store_choice *stored);
/* A compile of a kernel of the plan. */
void tuner_load_compile(struct tuner *tuner, const struct store_compile *fact);

/* tuner_follow.c */
/*
 * Shows a tune that another process drives until that one has ended and the reader wants to go on
 * here: then all is as it was before tuner_keep_open. False: asked to stop, or the store failed.
 */
bool tuner_follow(struct tuner *tuner, struct error *err);

/* tuner_view.c: the snapshot's side */
/* A figure of a worker, which says 0 for what it does not know: NaN. */
double tuner_known(double figure);
void tuner_view_open(struct tuner *tuner);
/* Nothing known again. */
void tuner_view_restart(struct tuner *tuner);
void tuner_view_close(struct tuner *tuner);
/* Its newest line of the log; `chooses`: of a choice. */
void tuner_view_event(struct tuner *tuner, const char *text, bool chooses);
void tuner_view_cell(struct tuner *tuner, enum gemm gemm, int m_index, int tile);
/* What the compiler said of it; registers 0 or less, spills less than 0: unknown. */
void tuner_view_fact(struct tuner *tuner, enum gemm gemm, size_t tile, int shared_bytes,
    int registers, int spill_bytes);
/* Its cells at every M: after its status changed. */
void tuner_view_kernel(struct tuner *tuner, enum gemm gemm, int tile);
void tuner_view_all(struct tuner *tuner);
void tuner_view_decision(
    struct tuner *tuner, int m_index, const struct race_decision *decision, bool settled);
/* The best so far of every M that is not settled. */
void tuner_view_choices(struct tuner *tuner);
/* Hands a copy to the reader, at most 20 a second unless `now`. */
void tuner_publish(struct tuner *tuner, bool now);

/* tuner.c: counts the time from here on for `stage`; returns the one before. */
enum tuner_stage tuner_stage(struct tuner *tuner, enum tuner_stage stage);

/* tuner_run.c: the work */
bool tuner_run(struct tuner *tuner, struct error *err);
void tuner_set_state(struct tuner *tuner, enum tuner_state state, const char *phase);
bool tuner_out_of_time(const struct tuner *tuner);

#define TUNER_WAIT_S 0.1 /* between two looks at the commands */

/* tuner_compile.c */
/* Asks for what the race needs and takes in what has come; on unified memory to the wave's end. */
bool tuner_compile(struct tuner *tuner, struct error *err);
/* Only the asking. */
bool tuner_ask_kernels(struct tuner *tuner, struct error *err);
/* Takes in the answers there are, waiting up to `timeout` for the first; *any: there was one. Not
 * within a transaction. */
bool tuner_take_compiled(struct tuner *tuner, double timeout, bool *any, struct error *err);
bool tuner_wait_for_kernel(struct tuner *tuner, struct error *err);
/* A compile's answer into race, store and worker; the kernel stays the caller's. */
bool tuner_take_answer(struct tuner *tuner, struct compile_result *result, struct error *err);
bool tuner_take_kernel(struct tuner *tuner, enum gemm gemm, int tile, struct compile_result *result,
    struct error *err);

/* tuner_job.c */
void tuner_load_refused(struct tuner *tuner, const struct event *event);
/* One job, to its end, with whatever it does to the worker. False: the tune cannot go on. */
bool tuner_measure(struct tuner *tuner, const struct race_step *step, struct error *err);
bool tuner_verify(struct tuner *tuner, const struct race_item *item, struct error *err);
bool tuner_verify_all(struct tuner *tuner, const struct race_step *step, struct error *err);

/* tuner_serve.c: children that come and go, and the thread after the race */
/* Whatever is not open yet of store and tool chain, and what the store holds into the race. */
bool tuner_need_session(struct tuner *tuner, struct error *err);
bool tuner_need_worker(struct tuner *tuner, struct error *err);
bool tuner_open_worker(struct tuner *tuner, struct error *err);
/* Those READY are loaded no more, or those ASKED are not compiled any more: what is needed comes
 * again, from the cache. */
void tuner_forget_kernels(struct tuner *tuner, enum kernel_state state);
/* Ends the children. */
void tuner_rest(struct tuner *tuner);
/* False: nothing was posted for `seconds`. */
bool tuner_wait_command(struct tuner *tuner, int seconds);
/* Does commands until the end, or until an unfinished race is to go on: true. */
bool tuner_serve(struct tuner *tuner);

/* tuner_planned.c: the thread's whole life where the card is not here */
void tuner_plan(struct tuner *tuner);

/* tuner_command.c */
/* The command that waits longest; false: none does. */
bool tuner_next_command(struct tuner *tuner, struct tuner_command *command);
bool tuner_has_command(struct tuner *tuner);
/* Does all commands that wait. */
bool tuner_obey(struct tuner *tuner, struct error *err);
/* What became of a command: for its reader, and into the log. */
void tuner_answer(struct tuner *tuner, bool refused, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* tuner_choose.c: choices by hand */
bool tuner_choose(struct tuner *tuner, const struct tuner_command *command, struct error *err);
bool tuner_drop(struct tuner *tuner, const struct tuner_command *command, struct error *err);
bool tuner_undo_choice(struct tuner *tuner, int m, struct error *err);

/* tuner_ab.c */
bool tuner_ab(struct tuner *tuner, const struct ab_job *asked, struct error *err);
/* Whether the tiles compute right numbers at this M; why not stands in `why`. Starts what it needs;
 * false: the worker cannot go on. */
bool tuner_check(struct tuner *tuner, int m, const bool gemms[GEMM_COUNT],
    const struct tile tiles[GEMM_COUNT], char why[256], struct error *err);
/* Compiles and loads a tile of the plan now; true with the kernel BAD where it cannot run. */
bool tuner_get_kernel(struct tuner *tuner, enum gemm gemm, int tile, struct error *err);

#endif
