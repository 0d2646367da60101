/* SPDX-License-Identifier: MIT */
#include "gpu/card.h"

/* What a build without cuda.h knows of GPUs. */

bool card_device(struct device *device, struct error *err)
{
    (void)device;
    return error_set(err, ERROR_DEVICE,
        "this moebench was built without CUDA: build it where cuda.h is, or use recorded data");
}

const char *card_driver_version(void)
{
    return "";
}
