/* SPDX-License-Identifier: MIT */
#include "gpu/card.h"

/* What a build without cuda.h knows of GPUs. */

bool card_device(struct device *device, struct error *err)
{
    (void)device;
    return error_set(err, ERROR_DEVICE,
        "this moebench was built without CUDA: build it where cuda.h is, or use recorded data");
}

bool card_find_pci(int ordinal, char pci[32], struct error *err)
{
    (void)ordinal;
    pci[0] = 0;
    return card_device(NULL, err);
}

const char *card_driver_version(void)
{
    return "";
}
