/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_GPU_CARD_H
#define MOEBENCH_GPU_CARD_H

#include "domain/device.h"

/* One GPU with its primary context, current on the thread that opened it; that thread alone uses
 * it and what is made on it. */
struct card;

/* ERROR_DEVICE when there is no driver, no such GPU, or no GPU kernels in this build. */
struct card *card_open(int ordinal, struct error *err);
const struct device *card_facts(const struct card *card);
/*
 * Bytes that can be allocated now. Where CPU and GPU share memory this is the kernel's MemAvailable
 * less a margin: page cache is not in the way, and the machine must go on living.
 */
bool card_free_memory(struct card *card, long long *bytes, struct error *err);
/* Where a GPU sits ("00000000:01:00.0"), asked without making a context: 32 bytes. */
bool card_find_pci(int ordinal, char pci[32], struct error *err);

/* The first visible GPU as the driver describes it, without making a context; false and the reason
 * when there is none. Figures the driver lacks come from data/devices.json. */
bool card_device(struct device *device, struct error *err);
/* "13.0", the CUDA version that the installed driver serves, "" without one. */
const char *card_driver_version(void);

#endif
