/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_DOMAIN_CONFIG_FILE_H
#define MOEBENCH_DOMAIN_CONFIG_FILE_H

#include "domain/config_fault.h"
#include "domain/tile.h"

#include <stdbool.h>
#include <stddef.h>

/* Keys of an entry that moebench knows: the tile's numbers (enum tile_number), then USE_TMA. */
enum { CONFIG_USE_TMA = TILE_NUMBERS, CONFIG_FIELDS };

const char *config_field_name(int field); /* "BLOCK_SIZE_M", ... */

/* A key outside of those seven (kpack, num_ctas, a slip of the pen), kept as written. */
struct config_extra {
    char *name;
    char *value; /* raw JSON */
    int line;
};

struct config_entry {
    int m;            /* the key: tokens */
    int line;         /* where it stands in the file */
    struct tile tile; /* missing num_warps and num_stages are Triton's 4 and 3 */
    unsigned present; /* bit per field */
    bool usable;      /* every number it needs is there and Triton can launch it */
    struct config_extra *extras;
    size_t extra_count;
};

/* Real files have up to 45 entries. */
#define CONFIG_MAX_ENTRIES 4096
#define CONFIG_MAX_BYTES (4u << 20)

/* One config file in file order, which decides ties. Start from {0}. */
struct config_file {
    struct config_entry *entries;
    size_t count;
    char *triton_version; /* value of vLLM's "triton_version" key, NULL without one */
    int triton_line;
    bool loads; /* an engine's json.load and int(key) get through (a triton_version aside) */
};

/*
 * Reads the text as the engines do and adds every fault that is one for any engine, with its M, key
 * and line. *file holds what could be read, also when nothing loads. A doubled key keeps its first
 * place and takes its last value, as in Python.
 */
void config_file_read(
    const char *text, size_t length, struct config_file *file, struct config_faults *faults);
/* The file at `path`; false and *err where no engine loads it or it has no entry. *text, where
 * wanted (NULL: not), is what stands in it: free(). Free *file in either case. */
bool config_file_load(const char *path, struct config_file *file, char **text, struct error *err);
void config_file_free(struct config_file *file);
void config_entry_free(struct config_entry *entry); /* what it owns, not the struct */
/* Adds an entry for M or replaces the one there is; for makers of files. */
void config_file_set(struct config_file *file, int m, const struct tile *tile);

/*
 * The canonical text: ascending, indent 4, six keys and USE_TMA where true, final newline. Extras
 * are left out. triton_version (NULL: none) is written first, as vLLM's tuner does. free().
 */
char *config_file_write(const struct config_file *file, const char *triton_version);

/* The entry that serves a batch of M tokens by the engines' nearest-key rule; NULL: the file has no
 * entries. */
const struct config_entry *config_file_serving(const struct config_file *file, int m);

/* The tokens that one entry serves by the engines' nearest-key rule. */
struct config_range {
    size_t entry;
    int from, to; /* inclusive; to is INT_MAX for the last */
    int tie;      /* the M in it that is as near to a neighbour's key, 0 when there is none */
};

/* Ascending by M; entries that serve no M from 1 on are left out. ranges: room for file->count. */
size_t config_file_ranges(const struct config_file *file, struct config_range *ranges);

#endif
