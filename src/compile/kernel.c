/* SPDX-License-Identifier: MIT */
#include "compile/compile.h"

#include <stdlib.h>
#include <string.h>

void kernel_free(struct kernel *kernel)
{
    free(kernel->cubin);
    kernel->cubin = NULL;
    kernel->cubin_size = 0;
}

void kernel_add_json(struct json *object, const struct kernel *kernel)
{
    json_add_string(object, "hash", kernel->hash);
    json_add_string(object, "entry", kernel->entry);
    json_add_int(object, "shared_bytes", kernel->shared_bytes);
    json_add_int(object, "num_warps", kernel->num_warps);
    json_add_int(object, "registers", kernel->registers);
    json_add_int(object, "spill_bytes", kernel->spill_bytes);
    json_add_int(object, "param_bytes", kernel->param_bytes);
    json_add_bool(object, "launch_pdl", kernel->launch_pdl);
    json_add_int(object, "global_scratch", kernel->global_scratch);
    json_add_int(object, "profile_scratch", kernel->profile_scratch);
    json_add_double(object, "seconds", kernel->seconds);
    struct json *arguments = json_add_array(object, "arguments");
    for (int i = 0; i < kernel->argument_count; i++) {
        struct json *argument = json_add_object(arguments, NULL);
        json_add_string(argument, "name", kernel->arguments[i].name);
        json_add_string(argument, "type", kernel->arguments[i].type);
    }
}

static bool read_arguments(const struct json *list, struct kernel *kernel, struct error *err)
{
    if (!json_is_array(list) || json_count(list) > KERNEL_ARGUMENTS)
        return error_set(err, ERROR_FAILED, "arguments is no list of at most %d", KERNEL_ARGUMENTS);
    kernel->argument_count = 0;
    for (const struct json *item = json_first(list); item; item = json_next(item)) {
        int i = kernel->argument_count++;
        if (!json_need_text(
                item, "name", kernel->arguments[i].name, sizeof kernel->arguments[i].name, err) ||
            !json_need_text(
                item, "type", kernel->arguments[i].type, sizeof kernel->arguments[i].type, err))
            return false;
    }
    return true;
}

bool kernel_from_json(const struct json *object, struct kernel *kernel, struct error *err)
{
    *kernel = (struct kernel){0};
    kernel->launch_pdl = json_true(json_get(object, "launch_pdl"));
    json_int(json_get(object, "global_scratch"), &kernel->global_scratch);
    json_int(json_get(object, "profile_scratch"), &kernel->profile_scratch);
    json_double(json_get(object, "seconds"), &kernel->seconds);
    bool ok = json_need_text(object, "hash", kernel->hash, sizeof kernel->hash, err) &&
              json_need_text(object, "entry", kernel->entry, sizeof kernel->entry, err) &&
              json_need_count(object, "shared_bytes", &kernel->shared_bytes, err) &&
              json_need_count(object, "num_warps", &kernel->num_warps, err) &&
              json_need_count(object, "registers", &kernel->registers, err) &&
              json_need_count(object, "spill_bytes", &kernel->spill_bytes, err) &&
              json_need_count(object, "param_bytes", &kernel->param_bytes, err) &&
              read_arguments(json_get(object, "arguments"), kernel, err);
    return ok || error_prefix(err, "kernel");
}
