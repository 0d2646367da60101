/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_GPU_NVML_H
#define MOEBENCH_GPU_NVML_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * What NVML says of a GPU now. Any figure may be missing (a GB10 has no memory of its own and
 * answers "not supported" for it): then `has` lacks its bit, and 0 means nothing.
 */
enum nvml_figure { NVML_TEMPERATURE, NVML_POWER, NVML_SM_CLOCK, NVML_MEMORY };

struct nvml_state {
    unsigned has; /* bit 1 << enum nvml_figure */
    double temperature_c;
    double power_w;
    double sm_clock_mhz;
    long long memory_used, memory_total; /* bytes */
    bool memory_shared; /* those of the machine, from /proc/meminfo: GPU and CPU share them */
};

struct nvml_process {
    pid_t pid;
    char name[64]; /* of its program, "" unknown (another user's, or outside the container) */
    long long memory_bytes; /* 0 unknown */
};

/* NVML, opened at run time (MOEBENCH_LIBNVML names another library). One thread uses it. */
struct nvml;

/* For the GPU at a PCI address ("00000000:01:00.0"). NULL where NVML is not to be had: every other
 * call takes NULL and then has nothing to say. */
struct nvml *nvml_open(const char *pci);
void nvml_close(struct nvml *nvml);
/* `unified`: take the machine's memory where NVML has none. */
void nvml_read(struct nvml *nvml, bool unified, struct nvml_state *state);
/* Other processes that compute on the GPU, ourselves left out; at most `room`. Returns how many
 * there are, -1 when NVML cannot tell. */
int nvml_processes(struct nvml *nvml, struct nvml_process processes[], size_t room);
bool nvml_has(const struct nvml_state *state, enum nvml_figure figure);
/* "580.95.05" into a buffer; "" unknown. */
const char *nvml_driver(struct nvml *nvml, char *buffer, size_t size);

#endif
