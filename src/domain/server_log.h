/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_DOMAIN_SERVER_LOG_H
#define MOEBENCH_DOMAIN_SERVER_LOG_H

#include "base/text.h"
#include "domain/config_name.h"

#include <stdbool.h>
#include <stddef.h>

/* What a server's line about its MoE config says. */
enum server_event {
    SERVER_FOUND,         /* a file is in force */
    SERVER_FALLBACK,      /* the file of another Triton version is in force */
    SERVER_DEFAULT,       /* no file: the engine's default */
    SERVER_DOWN_USES_UP,  /* no _down file: the up file serves both GEMMs */
    SERVER_DETERMINISTIC, /* deterministic inference: files are not even looked for */
    SERVER_PAIR,          /* BLOCK_SIZE_M of up and down differ: down's was overridden */
    SERVER_OUT_OF_SMEM    /* a tile asked for more shared memory than a block may have */
};

#define SERVER_PATHS 8

struct server_line {
    enum server_event event;
    enum engine_kind engine;
    char *paths[SERVER_PATHS]; /* looked for, in the engine's order; owned */
    size_t path_count;
    char *used; /* the file in force, NULL when none; owned */
    bool named; /* `name` holds the parts of the first path's file name */
    struct config_name name;
    char triton[32];      /* of the folder looked in first ("3.6.0"), "" when the path has none */
    char used_triton[32]; /* of the folder of `used` */
    int down_block_m, up_block_m, m; /* of SERVER_PAIR */
    int required, limit;             /* bytes, of SERVER_OUT_OF_SMEM */
};

/*
 * Reads a line of SGLang's (0.5.4 to 0.5.23) or vLLM's log, with whatever the logger put before it.
 * False when it is none of the lines known. Free with server_line_free.
 */
bool server_line_parse(const char *line, struct server_line *parsed);
void server_line_free(struct server_line *parsed);

const char *server_event_name(enum server_event event); /* "found", "fallback", "default", ... */
/* Where a file must be written to be found first by that server; NULL when the line has no path. */
const char *server_line_output(const struct server_line *parsed);
/* What happened and what to do about it: one sentence a line, each ended by a newline. */
void server_line_advice(const struct server_line *parsed, struct text *advice);

#endif
