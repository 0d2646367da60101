/* SPDX-License-Identifier: MIT */
#include "domain/device.h"

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
