/* SPDX-License-Identifier: MIT */
#include "compile/request.h"

#include "base/base64.h"
#include "base/hash.h"

#include <string.h>

static void add_constant(struct json *constants, const struct argument *argument)
{
    switch (argument->constant) {
    case CONSTANT_NONE:
        json_add_null(constants, argument->name);
        break;
    case CONSTANT_INT:
        json_add_int(constants, argument->name, argument->value);
        break;
    case CONSTANT_BOOL:
        json_add_bool(constants, argument->name, argument->value != 0);
        break;
    case CONSTANT_DTYPE:
        json_add_string(constants, argument->name, argument->dtype);
        break;
    }
}

struct json *request_new(const struct json *parameters, const struct engine *engine,
    const struct shape *shape, enum gemm gemm, const struct tile *tile, struct error *err)
{
    if (!argument_supported(engine, shape, err))
        return NULL;
    struct json *request = json_new_object();
    json_add_int(request, "num_warps", tile->num_warps);
    json_add_int(request, "num_stages", tile->num_stages);
    struct json *constants = json_add_object(request, "constants");
    struct json *arguments = json_add_object(request, "arguments");
    struct json *hints = json_add_object(request, "hints");
    for (const struct json *item = json_first(parameters); item; item = json_next(item)) {
        struct argument argument;
        const char *name = json_string(json_get(item, "name"));
        if (!argument_describe(engine, shape, gemm, tile, 1, name ? name : "", &argument, err)) {
            if (json_get(item, "default"))
                continue;
            json_free(request);
            return NULL;
        }
        if (argument.kind == ARGUMENT_CONSTANT)
            add_constant(constants, &argument);
        else
            json_add_string(arguments, name, argument.type);
        if (argument.kind == ARGUMENT_INT && argument.hint16)
            json_add_int(hints, name, 16);
    }
    return request;
}

/* The helper's names for the facts, in the reply, by ours. */
static const struct {
    const char *ours, *theirs;
} fact_keys[] = {
    {"shared_bytes", "shared"},
    {"num_warps", "num_warps"},
    {"registers", "registers"},
    {"spill_bytes", "spill_bytes"},
    {"param_bytes", "param_bytes"},
    {"global_scratch", "global_scratch"},
    {"profile_scratch", "profile_scratch"},
};

/* The reply's facts as kernel_from_json reads them. */
static struct json *translate(const struct json *reply)
{
    struct json *facts = json_new_object();
    json_add_string(facts, "hash", json_string(json_get(reply, "cubin_hash")));
    json_add_string(facts, "entry", json_string(json_get(reply, "entry")));
    for (size_t i = 0; i < sizeof fact_keys / sizeof *fact_keys; i++) {
        long long value;
        if (json_int(json_get(reply, fact_keys[i].theirs), &value))
            json_add_int(facts, fact_keys[i].ours, value);
    }
    const struct json *launch = json_get(reply, "launch_attributes");
    json_add_bool(facts, "launch_pdl", json_true(json_get(launch, "launch_pdl")));
    double seconds = 0;
    json_double(json_get(reply, "seconds"), &seconds);
    json_add_double(facts, "seconds", seconds);
    struct json *arguments = json_add_array(facts, "arguments");
    const struct json *item = json_first(json_get(reply, "arguments"));
    for (; item; item = json_next(item)) {
        struct json *argument = json_add_object(arguments, NULL);
        json_add_string(argument, "name", json_string(json_get(item, "name")));
        json_add_string(argument, "type", json_string(json_get(item, "type")));
    }
    return facts;
}

bool request_read_kernel(const struct json *reply, struct kernel *kernel, struct error *err)
{
    struct json *facts = translate(reply);
    bool ok = kernel_from_json(facts, kernel, err);
    json_free(facts);
    const char *cubin = json_string(json_get(reply, "cubin"));
    if (!ok || cubin == NULL)
        return ok ? error_set(err, ERROR_FAILED, "compile helper: no cubin in its reply") : false;
    char hash[HASH_HEX_SIZE] = "";
    kernel->cubin = base64_decode(cubin, &kernel->cubin_size);
    if (kernel->cubin)
        hash_sha256(kernel->cubin, kernel->cubin_size, hash);
    if (strcmp(hash, kernel->hash) == 0)
        return true;
    kernel_free(kernel);
    return error_set(err, ERROR_FAILED, "compile helper: the cubin is not the one its hash names");
}
