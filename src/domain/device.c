/* SPDX-License-Identifier: MIT */
#include "domain/device.h"

#include "base/json.h"
#include "base/path.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Most shared memory a block may opt into: CUDA C++ Programming Guide, compute capabilities. */
static const struct {
    int arch, bytes;
} smem_limits[] = {
    {80, 166912},
    {86, 101376},
    {87, 166912},
    {89, 101376},
    {90, 232448},
    {100, 232448},
    {103, 232448},
    {110, 232448},
    {120, 101376},
    {121, 101376},
};

int device_smem_limit(int arch)
{
    for (size_t i = 0; i < sizeof smem_limits / sizeof smem_limits[0]; i++)
        if (smem_limits[i].arch == arch)
            return smem_limits[i].bytes;
    return 0;
}

bool device_parse_arch(const char *text, int *arch, struct error *err)
{
    const char *at = text;
    int major = 0, minor = 0, used = 0;

    if (text_starts_with(at, "sm_"))
        at += 3;
    if (sscanf(at, "%2d.%1d%n", &major, &minor, &used) == 2 && used && !at[used]) {
        *arch = major * 10 + minor;
        return true;
    }
    if (sscanf(at, "%3d%n", &major, &used) == 1 && major >= 50 && (!at[used] || !at[used + 1]) &&
        (!at[used] || strchr("af", at[used]))) {
        *arch = major;
        return true;
    }
    return error_set(err, ERROR_USAGE, "'%s' is no architecture; write it as sm_121", text);
}

bool device_supports(const struct device *device, enum dtype dtype, struct error *err)
{
    if (device->arch < 80)
        return error_set(err, ERROR_FAILED,
            "%s is sm_%d; the fused MoE kernel is tuned from sm_80 on", device->name, device->arch);
    if (dtype == DTYPE_FP8_W8A8 && device->arch < 89)
        return error_set(err, ERROR_FAILED,
            "%s (sm_%d) has no fp8 arithmetic, sm_89 and newer have; take a bf16 or int8 model, or "
            "another --device",
            device->name, device->arch);
    return true;
}

void device_add_json(struct json *object, const struct device *device)
{
    json_add_string(object, "name", device->name);
    json_add_int(object, "arch", device->arch);
    json_add_int(object, "smem_limit", device->smem_limit);
    json_add_int(object, "sm_count", device->sm_count);
    json_add_double(object, "bandwidth", device->bandwidth);
    json_add_double(object, "sustained", device->sustained);
    json_add_double(object, "tensor_bf16", device->tensor_bf16);
    json_add_double(object, "tensor_fp8", device->tensor_fp8);
    json_add_int(object, "l2_bytes", device->l2_bytes);
    json_add_bool(object, "unified", device->unified);
}

void device_from_json(const struct json *object, struct device *device)
{
    *device = (struct device){0};
    json_take_text(object, "name", device->name, sizeof device->name);
    json_take_int(object, "arch", &device->arch);
    json_take_int(object, "smem_limit", &device->smem_limit);
    json_take_int(object, "sm_count", &device->sm_count);
    json_double(json_get(object, "bandwidth"), &device->bandwidth);
    json_double(json_get(object, "sustained"), &device->sustained);
    json_double(json_get(object, "tensor_bf16"), &device->tensor_bf16);
    json_double(json_get(object, "tensor_fp8"), &device->tensor_fp8);
    json_int(json_get(object, "l2_bytes"), &device->l2_bytes);
    device->unified = json_true(json_get(object, "unified"));
}

/* Lower case, '_' and '/' as spaces, without the maker's name: names are compared so. */
static void normalise(const char *name, char *buffer, size_t size)
{
    static const char *const makers[] = {"nvidia ", "geforce "};
    char *start = buffer;

    snprintf(buffer, size, "%s", name);
    for (char *c = buffer; *c; c++)
        *c = *c == '_' || *c == '/' ? ' ' : text_lower(*c);
    for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++)
        if (text_starts_with(start, makers[i]))
            start += strlen(makers[i]);
    memmove(buffer, start, strlen(start) + 1);
}

/* The row called `name`, or the only one that begins with it; `known` gets the names that fit, or
 * all of them when none does. */
static const struct json *find_row(const struct json *list, const char *name, struct text *known)
{
    const struct json *begins = NULL;
    struct text all = {0};
    size_t fits = 0;
    char wanted[128];

    normalise(name, wanted, sizeof wanted);
    for (const struct json *row = json_first(list); row; row = json_next(row)) {
        const char *full = json_string(json_get(row, "name"));
        char have[128];

        if (!full)
            continue;
        normalise(full, have, sizeof have);
        if (!strcmp(have, wanted)) {
            text_free(&all);
            return row;
        }
        text_add(&all, "%s%s", all.length ? ", " : "", full);
        if (*wanted && text_starts_with(have, wanted)) {
            begins = row;
            text_add(known, "%s%s", fits++ ? ", " : "", full);
        }
    }
    if (!fits && all.length)
        text_add_bytes(known, all.data, all.length);
    text_free(&all);
    return fits == 1 ? begins : NULL;
}

/* data/devices.json; json_free it. */
static struct json *load_list(struct error *err)
{
    char *folder = path_data_folder(), *path = path_join(folder, "devices.json");
    struct json *list = json_parse_file(path, err);

    free(path);
    free(folder);
    return list;
}

static bool find_named(const char *name, struct device *device, struct error *err)
{
    struct json *list = load_list(err);
    struct text known = {0};

    if (!list)
        return false;

    const struct json *row = find_row(list, name, &known);
    if (row)
        device_from_json(row, device);
    else
        error_set(err, ERROR_USAGE,
            "device '%s' is not known or not one: %s; or name an architecture such as sm_121", name,
            known.data ? known.data : "none");
    text_free(&known);
    json_free(list);
    return row != NULL;
}

bool device_known(size_t at, struct device *device)
{
    struct json *list = load_list(NULL);
    const struct json *row = json_at(list, at);

    if (row)
        device_from_json(row, device);
    json_free(list);
    return row != NULL;
}

bool device_find(const char *name, struct device *device, struct error *err)
{
    int arch;

    if (!device_parse_arch(name, &arch, NULL))
        return find_named(name, device, err);
    if (!device_smem_limit(arch))
        return error_set(err, ERROR_USAGE, "the shared memory limit of sm_%d is not known", arch);
    *device = (struct device){.arch = arch, .smem_limit = device_smem_limit(arch)};
    snprintf(device->name, sizeof device->name, "sm_%d", arch);
    return true;
}
