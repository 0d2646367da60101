/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TUNER_TUNER_H
#define MOEBENCH_TUNER_TUNER_H

#include "compile/compile.h"
#include "domain/point.h"
#include "tuner/ab_job.h"
#include "tuner/question.h"

/*
 * The tuner thread and what crosses to and from it. Whoever opens a tuner (the screen, the line
 * UI, a command) posts commands and reads snapshots; neither call waits for the tuner, and the
 * tuner never waits for its reader. Only the tuner thread writes the store and drives the children.
 */

/* How a tune is to be run; never part of its identity. */
struct tuner_options {
    const char *db;      /* path */
    const char *backend; /* "cuda", "replay", "replay:FILE"; "none" plans for a card not here */
    double pace;         /* replay */
    int device_ordinal;
    struct compiler_options compiler;
    const char *incumbent; /* an engine's file to beat; NULL: see tuner/incumbent.h */
    bool no_incumbent;     /* race against the engine's default alone */
    bool again;            /* a finished tune is timed afresh */
    bool allow_busy;
    bool paused;           /* open at rest */
    double began;          /* clock_monotonic at the command's start, 0: at tuner_open */
    struct client *worker; /* that told the device; once opened the tuner's own; NULL: none */
    bool follow;           /* show the tune while another process drives it, instead of failing */
};

/* One tile on one (GEMM, M), as a screen draws it. */
struct cell {
    float median_us;       /* NaN: not measured */
    float low_us, high_us; /* 95 % interval of the median; NaN with under 6 samples */
    unsigned short samples;
    unsigned char status;   /* enum point_status */
    unsigned char verified; /* 0 not, 1 right, 2 wrong */
};

/* Facts of the compiler for one kernel (a tile without GROUP_SIZE_M) of one GEMM. */
struct kernel_fact {
    int shared_bytes; /* the compiler's, else the prediction */
    bool shared_exact;
    short registers; /* 0 unknown */
    int spill_bytes; /* -1 unknown */
};

/* Where one (GEMM, M) stands. */
struct choice {
    int m;
    enum gemm gemm;
    bool chosen;  /* there is a tile, the best so far */
    bool settled; /* confirmed on fresh samples, or chosen by hand: it is in the store */
    struct tile tile;
    double median_us, low_us, high_us;
    double default_us; /* NaN where the default cannot run or was not measured */
    double gain;       /* ln(default / chosen) of the pair; NAN unknown */
    struct tile default_tile;
    bool default_fits;
    struct tile incumbent_tile; /* block_m 0: none */
    double incumbent_us;        /* NaN: none, or not yet raced */
    bool verified;
    enum choice_source source;
    char reason[200];
};

enum tuner_state {
    TUNER_STARTING,
    TUNER_COMPILING,
    TUNER_TIMING,
    TUNER_VERIFYING,
    TUNER_PAUSED,
    TUNER_DONE,
    TUNER_STOPPED,
    TUNER_FAILED
};

/* What this run's time went to. */
enum tuner_stage {
    STAGE_STORE,   /* opening the database and taking in what it holds */
    STAGE_HELPER,  /* Python's start, Triton's import */
    STAGE_WORKER,  /* its start and set-up, every time */
    STAGE_COMPILE, /* nothing to time before a kernel is ready */
    STAGE_MEASURE, /* a job with the worker */
    STAGE_VERIFY,
    STAGE_COMMIT, /* a chunk into the store */
    STAGE_OTHER,  /* the race's thinking, snapshots, commands, pauses */
    STAGE_COUNT
};

const char *tuner_stage_name(enum tuner_stage stage); /* "compile_wait", "measure", ... */

#define TUNE_BESIDE 64                         /* M beside the question's that may have an entry */
#define SNAPSHOT_EVENTS (TUNE_BATCH_SIZES + 8) /* every M may be settled at one moment */

/*
 * Everything a reader may show, as of one moment; owned by the tuner, borrowed by the reader
 * between tuner_snapshot_acquire and _release, constant while borrowed.
 */
struct snapshot {
    unsigned long long version; /* grows with every change */
    enum tuner_state state;
    long long tune; /* id in the store */
    struct question question;
    struct toolchain toolchain;
    char backend[16]; /* "cuda", "replay", "none" */
    bool planned;     /* nothing is measured nor stored: points_* count kernels, error says why
                         there is no compiler, "" when there is, and label whose facts stand in
                         then, "" for none; incumbent_tile is the file's entry
                         as it stands there, whether it runs or not */
    bool recorded;    /* figures are a recording's, not this machine's */
    char label[160];  /* "recorded on NVIDIA H100 ..", "" for a real card */
    /* [gemm][batch size][tile of question.space] and [gemm][tile] */
    struct cell *cells[GEMM_COUNT];        /* batch_size_count * space.count */
    struct kernel_fact *facts[GEMM_COUNT]; /* space.count */
    struct choice choices[GEMM_COUNT][TUNE_BATCH_SIZES];
    /* What `moebench edit` put at an M that the question does not have; not chosen: a GEMM that has
     * nothing there. */
    struct choice beside[TUNE_BESIDE][GEMM_COUNT];
    int beside_count;
    /* progress */
    char phase[32]; /* "compile", "race 2/4", ... */
    enum gemm gemm;
    int m;            /* what runs now, 0 none */
    int running_tile; /* index in the space, -1 none */
    long long points_done, points_left, samples, launches, compiles;
    double done_fraction; /* of the GPU time that the tune is expected to take; NaN unknown */
    double m_done[TUNE_BATCH_SIZES]; /* .. and of each M's; 0: nothing yet */
    double gpu_s, wall_s, left_s;    /* left_s: estimate from measured speed, NaN unknown */
    double stage_s[STAGE_COUNT];     /* of this run */
    double first_timing_s;           /* from the run's start to its first sample, NaN: none yet */
    double clock_mhz, temperature_c, power_w; /* at the newest chunk; NaN: not told */
    double sentinel;
    long long memory_used, memory_total; /* bytes, once the worker is set up; total 0: not told */
    bool memory_shared;                  /* the machine's: GPU and CPU share them */
    bool sentinel_ok;
    int worker_restarts;
    char last_event[256];                /* the newest line of the log */
    unsigned event_count;                /* lines of the log in this run */
    char events[SNAPSHOT_EVENTS][256];   /* the latest, line n at n % SNAPSHOT_EVENTS */
    bool event_chooses[SNAPSHOT_EVENTS]; /* it tells what a table of the choices tells too */
    char notice[256];                    /* about the database (no WAL on NFS), "" none */
    char error[1024];                    /* why TUNER_FAILED / TUNER_STOPPED */
    struct ab_view ab;                   /* the latest A/B */
    struct {
        unsigned long long number; /* of commands answered: grows with each */
        bool refused;
        char text[256];
    } answer; /* what became of the latest command of those marked * below */
    enum error_kind error_kind;
    struct {
        char path[512], hash[72]; /* "": none */
        char how[32];             /* "imported", ... */
        char notes[400];          /* lines: where it cannot run, and why */
    } incumbent;
    size_t fitting_points; /* tiles that can be timed x GEMMs x batch sizes */
    /*
     * The process that drives this tune, 0: this one. Everything is then as the store has it, the
     * phase and what runs as of its newest chunk, and no command is taken. After its end
     * TUNER_PAUSE and TUNER_RESUME alike take over.
     */
    long follows_pid;
    bool follows_ended;
};

/*
 * They are served until TUNER_STOP or tuner_close, also after the race has ended: what needs the
 * card starts a worker then, which goes again when nothing is asked of it for a minute.
 */
enum tuner_command_kind {
    TUNER_PAUSE,
    TUNER_RESUME,      /* also a tune that failed or ran out of time */
    TUNER_STOP,        /* stop: after the running chunk, stored, thread ends */
    TUNER_NEXT,        /* * this (gemm, m) first */
    TUNER_REMEASURE,   /* * this cell again, fresh samples */
    TUNER_VERIFY,      /* * this cell now */
    TUNER_CHOOSE,      /* * by hand: tile for (gemm, m); checked for right results first; refused
                          where the other GEMM's choice has another BLOCK_SIZE_M */
    TUNER_CHOOSE_PAIR, /* * by hand: pair[] for m */
    TUNER_DROP,        /* * m has no entry: the nearest keys serve it */
    TUNER_UNDO_CHOICE, /* * what stood at m before its latest change; again: before that */
    TUNER_AB,          /* `ab`, before the race goes on; how it goes stands in the snapshot */
    TUNER_AB_STOP      /* what was timed is kept, UNDECIDED */
};

/* The lines of the log that came since `*told` (0 at first), oldest first, as far as they are still
 * there, without choices where they are not asked for; borrowed from the snapshot. Returns how
 * many. */
int snapshot_news(const struct snapshot *snapshot, bool choices, unsigned *told,
    const char *news[SNAPSHOT_EVENTS]);

struct tuner_command {
    enum tuner_command_kind kind;
    enum gemm gemm;
    int m;
    struct tile tile;
    struct tile pair[GEMM_COUNT];
    char reason[200];
    long long evidence; /* CHOOSE, CHOOSE_PAIR: ab_view.id of the A/B that decided, 0: none */
    struct ab_job ab;   /* budget 0: the default; comparisons and seed are the tuner's */
};

struct tuner;

struct tuner *tuner_open(
    const struct question *question, const struct tuner_options *options, struct error *err);
void tuner_post(struct tuner *tuner, const struct tuner_command *command);
/* Becomes readable when a newer snapshot stands ready; for poll(). */
int tuner_fd(const struct tuner *tuner);
const struct snapshot *tuner_snapshot_acquire(struct tuner *tuner);
/* How much of the tune is done, 0 .. 1: by expected time, else by points; 1 only at its end. */
double tuner_share(const struct snapshot *snapshot);
/* Whether a choice stands at this M, made by the race or by hand. */
bool snapshot_is_settled(const struct snapshot *snapshot, int m_index);
void tuner_snapshot_release(struct tuner *tuner, const struct snapshot *snapshot);
/* Stops (if still running), joins the thread, frees. */
void tuner_close(struct tuner *tuner);

#endif
