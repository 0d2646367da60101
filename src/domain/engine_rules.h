/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_DOMAIN_ENGINE_RULES_H
#define MOEBENCH_DOMAIN_ENGINE_RULES_H

#include "domain/engine.h"

/* How an engine sizes sorted_token_ids. */
enum em_rule {
    EM_ALWAYS_PADDED, /* every expert padded, however few tokens there are */
    EM_CAPPED,        /* few tokens: a block each */
    EM_CAPPED_BY_4,   /* the same, rounded up to a multiple of 4 */
    EM_VLLM,
};

/* Where an engine looks when the folder of its own Triton has no file. */
enum fallback_rule {
    FALLBACK_NONE,  /* one flat folder */
    FALLBACK_FIXED, /* a list in its source */
    FALLBACK_ALL,   /* every triton_* folder, newest first */
};

/* What a released version was read to do. A row each in engine.c; compare no versions elsewhere. */
struct engine_rules {
    enum engine_kind kind;
    const char *version;
    const char *triton;         /* of the torch that it pins */
    const char *package_folder; /* holds the configs, relative to site-packages */
    bool per_channel_in_name;   /* run time passes per_channel_quant to the file name */
    bool down_files;            /* looks for _down files */
    bool tma_in_up_file;        /* USE_TMA in an up entry is honoured, else the launch fails */
    bool unequal_block_m_stops; /* up and down that differ stop the server, else up's is taken */
    bool low_smem_default;      /* fp8 defaults that fit devices under 128 KiB a block */
    bool swap_ab_sm90;          /* computes B^T A^T for fp8 with BM < 64, BN >= 64 on sm_90 */
    bool clamps_block_k;        /* BK runs as min(BK, block_n, block_k) */
    int chunk;                  /* tokens of a call at most, 0: no limit */
    enum em_rule em;
    enum fallback_rule fallback;
};

#endif
