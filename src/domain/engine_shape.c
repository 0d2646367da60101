/* SPDX-License-Identifier: MIT */
#include "domain/engine_rules.h"

#include <stdio.h>
#include <string.h>

/*
 * The model classes whose shared expert SGLang puts among the routed ones on CUDA (its
 * models/NAME.py), one row a class; each wants exactly one shared expert.
 */
static const struct fusion {
    const char *architecture;
    const char *since; /* first version read that does it */
    int routed;        /* only with this many routed experts, 0: any */
    bool same_width;   /* only when the shared expert is as wide as the routed ones */
    bool with_ep;      /* under expert parallelism too */
} fusions[] = {
    {.architecture = "DeepseekV3ForCausalLM", .since = "0.5.4.post2", .routed = 256},
    {.architecture = "Glm4MoeForCausalLM", .since = "0.5.8.post1"},
    {.architecture = "Glm4MoeLiteForCausalLM", .since = "0.5.8.post1"},
    {.architecture = "Glm4vMoeForConditionalGeneration", .since = "0.5.8.post1"},
    {.architecture = "Glm5NextForConditionalGeneration", .since = "0.5.23"},
    {.architecture = "GlmMoeDsaForCausalLM", .since = "0.5.23", .routed = 256},
    {.architecture = "MiniMaxM3SparseForCausalLM", .since = "0.5.23"},
    {.architecture = "MiniMaxM3SparseForConditionalGeneration", .since = "0.5.23"},
    {
        .architecture = "Qwen3NextForCausalLM",
        .since = "0.5.23",
        .same_width = true,
        .with_ep = true,
    },
};

/* Whether the engine's rules are of `since` or newer. */
static bool is_since(const struct engine *engine, const char *since)
{
    struct engine first;
    char text[64];

    snprintf(text, sizeof text, "%s:%s", engine_name(engine), since);
    return engine->kind == ENGINE_SGLANG && engine_parse(text, &first, NULL) &&
           engine->rules >= first.rules;
}

static const struct fusion *find_fusion(const struct engine *engine, const struct model *model)
{
    for (size_t i = 0; i < sizeof fusions / sizeof fusions[0]; i++) {
        const struct fusion *row = &fusions[i];

        if (strcmp(row->architecture, model->architecture) || !is_since(engine, row->since))
            continue;
        if (model->shared_experts == 1 && (!row->routed || row->routed == model->routed_experts) &&
            (!row->same_width || model->shared_intermediate == model->intermediate))
            return row;
    }
    return NULL;
}

/* Shared experts that run as routed ones, with a note that says why or why not. */
static int fused_experts(
    const struct engine *engine, struct model *model, const struct parallel *parallel)
{
    const struct fusion *row = find_fusion(engine, model);

    if (!row) {
        if (model->shared_experts)
            model_note(model, "the shared expert runs apart in %s %s: E and top_k do not count it",
                engine_name(engine), engine->version);
        return 0;
    }
    if (parallel->no_shared_fusion || (parallel->ep > 1 && !row->with_ep)) {
        model_note(model, "shared expert not fused (%s)",
            parallel->no_shared_fusion ? "--no-shared-fusion" : "expert parallelism");
        return 0;
    }
    model_note(model,
        "%s %s runs the shared expert as one more routed expert: E and top_k count it; with "
        "--disable-shared-experts-fusion on the server give --no-shared-fusion here",
        engine_name(engine), engine->version);
    return 1;
}

/* The divisors of `number` next to `wanted`, below and above. */
static bool refuse_divisor(
    const char *what, int wanted, const char *of, int number, struct error *err)
{
    int below = wanted, above = wanted;

    while (below > 1 && number % below)
        below--;
    while (above < number && number % above)
        above++;
    if (above > number || below == above)
        return error_set(err, ERROR_USAGE, "%s %d does not divide %s %d; the nearest that does: %d",
            what, wanted, of, number, below);
    return error_set(err, ERROR_USAGE,
        "%s %d does not divide %s %d; the nearest that do: %d and %d", what, wanted, of, number,
        below, above);
}

static bool check_parallel(const struct engine *engine, const struct model *model,
    const struct parallel *parallel, struct error *err)
{
    int tp = parallel->tp, ep = parallel->ep;

    if (tp < 1 || ep < 1)
        return error_set(err, ERROR_USAGE, "tp and ep must be 1 or more");
    if (tp % ep)
        return refuse_divisor("ep", ep, "tp", tp, err);
    if (engine->kind == ENGINE_VLLM && ep != 1 && ep != tp)
        return error_set(err, ERROR_USAGE,
            "ep %d: vLLM's expert parallelism takes in all ranks; ep is 1 or as tp, %d", ep, tp);
    if (model->routed_experts % ep)
        return refuse_divisor("ep", ep, "the experts,", model->routed_experts, err);
    if (model->intermediate % (tp / ep))
        return refuse_divisor(
            ep > 1 ? "tp / ep =" : "tp", tp / ep, "the experts' width,", model->intermediate, err);
    return true;
}

/* Scales of a block cannot be split between ranks: both engines refuse to load such a shard. */
static bool check_blocks(const struct model *model, int intermediate, struct error *err)
{
    if (!model->block_k ||
        (intermediate % model->block_n == 0 && intermediate % model->block_k == 0))
        return true;
    return error_set(err, ERROR_USAGE,
        "each rank would hold %d of the experts' width %d, which the quantisation blocks of "
        "[%d, %d] do not divide: the engines refuse to load it; take a smaller tp or a larger ep",
        intermediate, model->intermediate, model->block_n, model->block_k);
}

static void note_names(const struct engine *engine, const struct shape *shape, struct model *model)
{
    if (shape->per_channel && engine->kind == ENGINE_SGLANG && !engine->rules->per_channel_in_name)
        model_note(model,
            "%s %s asks for the name without per_channel_quant=True, though the model "
            "is quantised by channel",
            engine_name(engine), engine->version);
    if (shape->dtype != DTYPE_INT4_W4A16)
        return;
    if (engine->kind == ENGINE_SGLANG)
        model_note(model,
            "int4: N=%d in SGLang's names is the stored width of w2, two weights to a "
            "byte, of a true %d; vLLM's names have N=%d",
            engine_name_n(engine, shape), shape->intermediate, shape->intermediate);
    else
        model_note(model,
            "int4: vLLM doubles the stored width of w2 back to N=%d; SGLang's names "
            "have N=%d, as stored",
            shape->intermediate, shape->intermediate / 2);
}

bool engine_shape(const struct engine *engine, struct model *model, const struct parallel *parallel,
    struct shape *shape, struct error *err)
{
    int fused;

    if (!check_parallel(engine, model, parallel, err))
        return false;
    *shape = (struct shape){
        .routed = model->routed_experts,
        .hidden = model->hidden,
        .intermediate = model->intermediate / (parallel->tp / parallel->ep),
        .dtype = model->dtype,
        .out = model->out,
        .block_n = model->block_n,
        .block_k = model->block_k,
        .group_size = model->group_size,
        .per_channel = model->per_channel,
        .gated = model->gated,
    };
    if (!check_blocks(model, shape->intermediate, err))
        return false;
    fused = fused_experts(engine, model, parallel);
    shape->experts = model->routed_experts / parallel->ep + fused;
    shape->top_k = model->top_k + fused;
    note_names(engine, shape, model);
    return true;
}
