/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_DOMAIN_MODEL_H
#define MOEBENCH_DOMAIN_MODEL_H

#include "base/error.h"
#include "base/json.h"
#include "domain/shape.h"

#define MODEL_NOTES 16
#define MODEL_SOURCES 12

/* What a config.json says of its MoE layers, before any engine or parallelism. */
struct model {
    char name[128];        /* the folder's, file's or data/ name */
    char architecture[96]; /* architectures[0], "" when absent */
    int routed_experts;
    int shared_experts; /* 0 when the config names none */
    int top_k;
    int hidden;       /* moe_latent_size where experts work on it */
    int intermediate; /* of one expert, whole model */
    enum dtype dtype;
    enum dtype out;
    int block_n, block_k; /* 0: none */
    int group_size;       /* of int4/int8 weight-only quantisation, 0: none */
    bool per_channel;
    bool gated;
    struct {
        char what[24], key[96];
    } sources[MODEL_SOURCES]; /* "E" <- "text_config.num_experts" */
    int source_count;
    char notes[MODEL_NOTES][256];
    int note_count;
};

/*
 * Reads a parsed config.json (and hf_quant_config.json, NULL when there is none). Pure.
 * Fails, before anything else happens, on a dense model, missing keys (naming those looked for) and
 * expert dtypes that the kernel does not run (MXFP4, NVFP4). Key spellings: engines.md section 7.
 */
bool model_from_json(
    const struct json *config, const struct json *quant, struct model *model, struct error *err);
/*
 * `where`: a config.json, a folder that has one, a name from data/models, or a model id in the
 * local Hugging Face cache. Reads X.hf_quant_config.json beside X.config.json too.
 */
bool model_load(const char *where, struct model *model, struct error *err);

#endif
