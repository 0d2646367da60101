/* SPDX-License-Identifier: MIT */
#include "worker/backend.h"

#include "gpu/card.h"

/* Stands in for the cuda back-end in a build without cuda.h: it never opens. */
static void *stub_open(const char *argument, double pace, struct device *device, struct error *err)
{
    (void)argument;
    (void)pace;
    card_device(device, err);
    return NULL;
}

const struct backend backend_cuda = {.name = "cuda", .open = stub_open};
