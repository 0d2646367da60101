/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_COMPILE_COMPILE_H
#define MOEBENCH_COMPILE_COMPILE_H

#include "base/json.h"
#include "domain/engine.h"

#define KERNEL_ARGUMENTS 64

/* A compiled fused_moe_kernel and the compiler's facts about it. */
struct kernel {
    char hash[65];    /* SHA-256 of the cubin: its identity */
    char entry[128];  /* the entry's name in the cubin */
    int shared_bytes; /* dynamic shared memory a block */
    int num_warps;
    int registers;
    int spill_bytes; /* stack frame of a thread */
    int param_bytes; /* of all arguments, 0 when unknown */
    bool launch_pdl;
    struct {
        char name[40], type[16];
    } arguments[KERNEL_ARGUMENTS]; /* in launch order */
    int argument_count;
    long long global_scratch, profile_scratch; /* bytes a program, 0 here in practice */
    double seconds;                            /* of the compile; 0 when from the cache */
    bool cached;
    unsigned char *cubin; /* owned; NULL where only the facts are known */
    size_t cubin_size;
};

void kernel_free(struct kernel *kernel); /* what it owns, not the struct */
/* All but the cubin and `cached`, as keys of `object`. */
void kernel_add_json(struct json *object, const struct kernel *kernel);
/* The kernel without its cubin; false and *err on a missing key or a text that is too long. */
bool kernel_from_json(const struct json *object, struct kernel *kernel, struct error *err);

enum compile_status {
    COMPILE_OK,
    COMPILE_DOES_NOT_FIT, /* more shared memory than the architecture has: a fact of the tile */
    COMPILE_FAILED,       /* a fact of the tile with this Triton */
    COMPILE_TIMED_OUT,    /* a fact about the host, tried again already */
    COMPILE_STOPPED       /* the tool chain is broken (old ptxas, helper died): stop the tune */
};

struct compile_result {
    long long ticket; /* of compiler_submit */
    enum compile_status status;
    char text[1024]; /* why, when not OK */
    struct kernel
        kernel; /* when OK, and when it was compiled but does not fit; the caller owns it */
};

/* What the helper found; strings empty when unknown. */
struct toolchain {
    char python[32], triton[32], ptxas[256], ptxas_version[32];
    char ptxas_fault[512]; /* why it will not do, "" where it will */
    char engine[16];       /* "sglang" */
    char engine_version[32], engine_path[512], kernel_file[512], kernel_hash[65], config_dir[512];
};

struct compiler_options {
    const char *python;      /* command words, NULL: python3 */
    const char *container;   /* docker exec -i NAME python3, NULL: none */
    const char *kernel_file; /* a source given by hand, NULL: the installed engine's */
    const char *engine_site; /* folder to put on PYTHONPATH for an unpacked engine, NULL: none */
    int arch;                /* 121 */
    int jobs;                /* 0: the helper's number of cores */
    bool no_cache;
};

/*
 * Starts the helper just to look around. False with *err when it could not begin to compile;
 * *toolchain then holds what was found all the same.
 */
bool compiler_look(
    const struct compiler_options *options, struct toolchain *toolchain, struct error *err);

/* The compile helper's supervisor; used by one thread. */
struct compiler;

/* Starts python and greets; fails with what is missing and how to get it (ERROR_DEVICE). */
struct compiler *compiler_open(const struct compiler_options *options, struct error *err);
/* The same in two steps, with time for something else while Triton is imported. */
struct compiler *compiler_start(const struct compiler_options *options, struct error *err);
bool compiler_greet(struct compiler *compiler, struct error *err);
const struct toolchain *compiler_toolchain(const struct compiler *compiler);
/*
 * Queues one kernel; answers come from compiler_next in any order. A kernel in the cache comes
 * back without asking the helper. Returns the ticket (>= 1), or 0 with *err: an argument that is
 * unknown.
 */
long long compiler_submit(struct compiler *compiler, const struct engine *engine,
    const struct shape *shape, enum gemm gemm, const struct tile *tile, struct error *err);
size_t compiler_pending(const struct compiler *compiler);
/* Readable when the helper has said something, for poll(); -1 when there is none. Call
 * compiler_next with 0 until false before polling: what the cache has makes nothing readable. */
int compiler_fd(const struct compiler *compiler);
/* The next answer within `timeout` seconds (0: only what is there; negative: wait). False: none. */
bool compiler_next(struct compiler *compiler, double timeout, struct compile_result *result);
void compiler_cancel(struct compiler *compiler); /* drops everything pending */
void compiler_close(struct compiler *compiler);

#endif
