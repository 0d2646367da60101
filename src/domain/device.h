/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_DOMAIN_DEVICE_H
#define MOEBENCH_DOMAIN_DEVICE_H

#include "base/error.h"
#include "domain/shape.h"

#include <stdbool.h>
#include <stddef.h>

/* What is known of a GPU: from data/devices.json, or read from the driver for the card at hand. */
struct device {
    char name[128];     /* as torch.cuda.get_device_name reports it: "NVIDIA GB10" */
    int arch;           /* compute capability * 10: 121 for sm_121 */
    int smem_limit;     /* bytes of shared memory a block may opt into */
    int sm_count;       /* 0 when unknown */
    double bandwidth;   /* datasheet bytes a second, 0 when unknown */
    double sustained;   /* bytes a second seen under load, 0 when unknown */
    double tensor_bf16; /* dense FLOP/s, 0 when unknown */
    double tensor_fp8;  /* dense FLOP/s, 0 when unknown */
    long long l2_bytes; /* 0 when unknown */
    bool unified;       /* CPU and GPU share memory */
};

/*
 * By full or short name ("GB10", "NVIDIA GB10", "NVIDIA_GB10"), or by architecture ("sm_121", which
 * gives a generic device). Unknown names fail with the list of known ones, and so does a short name
 * that fits several ("H100").
 */
bool device_find(const char *name, struct device *device, struct error *err);
/* The at-th of data/devices.json, in its order; false: there are not so many. */
bool device_known(size_t at, struct device *device);
/* The limit for an architecture, 0 when unknown: 80 -> 166,912; 86, 89, 120, 121 -> 101,376; ... */
int device_smem_limit(int arch);
void device_add_json(struct json *object, const struct device *device);
/* Absent keys stay zero: unknown. */
void device_from_json(const struct json *object, struct device *device);
/* "sm_121" or "121" or "12.1" -> 121. */
bool device_parse_arch(const char *text, int *arch, struct error *err);
/* Whether the kernel runs on it: sm_80 on, fp8 from sm_89 on. */
bool device_supports(const struct device *device, enum dtype dtype, struct error *err);

#endif
