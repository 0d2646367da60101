/* SPDX-License-Identifier: MIT */
#include "gpu/internal.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Left to the system where CPU and GPU share memory. */
#define SHARED_MARGIN (4LL << 30)

static bool attribute(CUdevice device, CUdevice_attribute which, int *value, struct error *err)
{
    return CU(cuDeviceGetAttribute(value, which, device));
}

/* Bytes a second by the memory's clock (kHz, doubled) and bus width; 0 where the driver says none.
 */
static double attribute_bandwidth(CUdevice device)
{
    int kilohertz = 0, bits = 0;

    if (!attribute(device, CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE, &kilohertz, NULL) ||
        !attribute(device, CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH, &bits, NULL))
        return 0;
    return 2.0 * kilohertz * 1e3 * bits / 8;
}

/* The driver's word where it has one, else the table's (bandwidth, tensor rates). */
static bool read_facts(CUdevice device, struct device *facts, struct error *err)
{
    int major, minor, smem, count, l2, integrated;
    char name[128] = "";

    if (!CU(cuDeviceGetName(name, sizeof name, device)) ||
        !attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, &major, err) ||
        !attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, &minor, err) ||
        !attribute(device, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, &smem, err) ||
        !attribute(device, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, &count, err) ||
        !attribute(device, CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE, &l2, err) ||
        !attribute(device, CU_DEVICE_ATTRIBUTE_INTEGRATED, &integrated, err))
        return false;
    if (!device_find(name, facts, NULL))
        *facts = (struct device){0};
    snprintf(facts->name, sizeof facts->name, "%s", name);
    facts->arch = 10 * major + minor;
    facts->smem_limit = smem;
    facts->sm_count = count;
    facts->l2_bytes = l2;
    facts->unified = integrated;
    if (facts->bandwidth <= 0)
        facts->bandwidth = attribute_bandwidth(device);
    return true;
}

static bool find_device(int ordinal, CUdevice *device, struct error *err)
{
    int count = 0;

    if (!driver_open(err) || !CU(cuDeviceGetCount(&count)))
        return false;
    if (ordinal >= count)
        return error_set(err, ERROR_DEVICE,
            "no GPU %d: the driver shows %d (CUDA_VISIBLE_DEVICES?)", ordinal, count);
    return CU(cuDeviceGet(device, ordinal));
}

/* What an open that failed has; a worker ends with its card. */
static void card_close(struct card *card)
{
    own_kernels_unload(card);
    if (card->stream)
        driver.cuStreamDestroy(card->stream);
    if (card->context)
        driver.cuDevicePrimaryCtxRelease(card->device);
    free(card);
}

struct card *card_open(int ordinal, struct error *err)
{
    struct card *card = xcalloc(1, sizeof *card);

    if (!find_device(ordinal, &card->device, err) || !read_facts(card->device, &card->facts, err) ||
        !CU(cuDevicePrimaryCtxRetain(&card->context, card->device)))
        goto fail;
    if (!CU(cuCtxSetCurrent(card->context)) ||
        !CU(cuStreamCreate(&card->stream, CU_STREAM_NON_BLOCKING)) || !own_kernels_load(card, err))
        goto fail;
    return card;
fail:
    card_close(card);
    return NULL;
}

const struct device *card_facts(const struct card *card)
{
    return &card->facts;
}

bool card_find_pci(int ordinal, char pci[32], struct error *err)
{
    CUdevice device;

    return find_device(ordinal, &device, err) && CU(cuDeviceGetPCIBusId(pci, 32, device));
}

/* "MemAvailable:  12345 kB" of /proc/meminfo; -1 when it is not to be had. */
static long long memory_available(void)
{
    FILE *file = fopen("/proc/meminfo", "re");
    char line[128];
    long long kilobytes = -1;

    if (!file)
        return -1;
    while (kilobytes < 0 && fgets(line, sizeof line, file)) {
        if (sscanf(line, "MemAvailable: %lld kB", &kilobytes) != 1)
            kilobytes = -1;
    }
    fclose(file);
    return kilobytes < 0 ? -1 : kilobytes * 1024;
}

bool card_free_memory(struct card *card, long long *bytes, struct error *err)
{
    size_t free_bytes, total;
    long long available = card->facts.unified ? memory_available() : -1;

    if (available >= 0) {
        *bytes = available > SHARED_MARGIN ? available - SHARED_MARGIN : 0;
        return true;
    }
    if (!CU(cuMemGetInfo(&free_bytes, &total)))
        return false;
    *bytes = (long long)free_bytes;
    return true;
}

bool card_device(struct device *device, struct error *err)
{
    CUdevice handle;

    return find_device(0, &handle, err) && read_facts(handle, device, err);
}

const char *card_driver_version(void)
{
    static char text[16];
    int version = 0;

    if (driver_open(NULL) && driver.cuDriverGetVersion(&version) == CUDA_SUCCESS)
        snprintf(text, sizeof text, "%d.%d", version / 1000, version % 1000 / 10);
    return text;
}
