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
    int shared_experts;      /* 0 when the config names none */
    int shared_intermediate; /* of one shared expert; 0 when the config does not say */
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
        char what[24], key[96]; /* "E" <- "text_config.num_experts" */
    } sources[MODEL_SOURCES];
    int source_count;
    char notes[MODEL_NOTES][256];
    int note_count;
};

/*
 * Reads a parsed config.json (and hf_quant_config.json, NULL when there is none). Pure.
 * Fails, before anything else happens, on a dense model, on missing keys (naming those looked for),
 * on expert dtypes that the kernel does not run (MXFP4, NVFP4) and on quantisation that does not
 * say what the experts are. `dtype`, NULL for what the config says, overrides it: "bf16",
 * "fp8_w8a8", "fp8_w8a8:channel", "fp8_w8a8:128x128", "int4_w4a16:32" (group size).
 */
bool model_from_json(const struct json *config, const struct json *quant, const char *dtype,
    struct model *model, struct error *err);
/*
 * `where`: a config.json, a folder that has one, a name from data/models, or a model id in the
 * local Hugging Face cache. Reads X.hf_quant_config.json beside X.config.json too.
 */
bool model_load_as(const char *where, const char *dtype, struct model *model, struct error *err);
bool model_load(const char *where, struct model *model, struct error *err);

/* Adds a line to the notes (the sources); what does not fit is dropped, a repeated one too. */
void model_note(struct model *model, const char *format, ...) __attribute__((format(printf, 2, 3)));
void model_source(struct model *model, const char *what, const char *key);

#endif
