/* SPDX-License-Identifier: MIT */
#include "gpu/nvml.h"

#include "base/text.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is used of NVML's ABI (nvml.h of CUDA 11 and later); there may be no header to include. */
typedef int nvml_return;
typedef struct nvml_device *nvml_device;
#define NVML_SUCCESS 0
#define NVML_TEMPERATURE_GPU 0
#define NVML_CLOCK_SM 1
#define NVML_NO_VALUE (~0ull)

struct nvml_memory {
    unsigned long long total, free, used;
};

struct nvml_process_info {
    unsigned pid;
    unsigned long long used_memory;
    unsigned gpu_instance, compute_instance;
};

struct nvml {
    void *library;
    nvml_device device;
    nvml_return (*shutdown)(void);
    nvml_return (*temperature)(nvml_device, int, unsigned *);
    nvml_return (*power)(nvml_device, unsigned *);
    nvml_return (*clock)(nvml_device, int, unsigned *);
    nvml_return (*memory)(nvml_device, struct nvml_memory *);
    nvml_return (*processes)(nvml_device, unsigned *, struct nvml_process_info *);
    nvml_return (*driver)(char *, unsigned);
};

#define PROCESSES 64

static void *symbol(const struct nvml *nvml, const char *name)
{
    return dlsym(nvml->library, name);
}

/* ISO C has no conversion from void * to a function pointer; POSIX's dlsym does it this way. */
#define LOAD(member, name) (*(void **)&nvml->member = symbol(nvml, name))

static bool open_device(struct nvml *nvml, const char *pci)
{
    nvml_return (*init)(void);
    nvml_return (*find)(const char *, nvml_device *);

    *(void **)&init = symbol(nvml, "nvmlInit_v2");
    *(void **)&find = symbol(nvml, "nvmlDeviceGetHandleByPciBusId_v2");
    LOAD(shutdown, "nvmlShutdown");
    LOAD(temperature, "nvmlDeviceGetTemperature");
    LOAD(power, "nvmlDeviceGetPowerUsage");
    LOAD(clock, "nvmlDeviceGetClockInfo");
    LOAD(memory, "nvmlDeviceGetMemoryInfo");
    LOAD(processes, "nvmlDeviceGetComputeRunningProcesses_v3");
    LOAD(driver, "nvmlSystemGetDriverVersion");
    if (!init || !find || !nvml->shutdown || init() != NVML_SUCCESS)
        return false;
    if (find(pci, &nvml->device) == NVML_SUCCESS)
        return true;
    nvml->shutdown();
    return false;
}

struct nvml *nvml_open(const char *pci)
{
    const char *named = getenv("MOEBENCH_LIBNVML");
    struct nvml *nvml = xcalloc(1, sizeof *nvml);

    nvml->library = dlopen(named && *named ? named : "libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
    if (nvml->library && open_device(nvml, pci))
        return nvml;
    if (nvml->library)
        dlclose(nvml->library);
    free(nvml);
    return NULL;
}

void nvml_close(struct nvml *nvml)
{
    if (!nvml)
        return;
    nvml->shutdown();
    dlclose(nvml->library);
    free(nvml);
}

/* MemTotal and MemAvailable. */
static void read_meminfo(struct nvml_state *state)
{
    FILE *file = fopen("/proc/meminfo", "re");
    long long total = -1, available = -1;
    char line[128];

    if (!file)
        return;
    while (fgets(line, sizeof line, file)) {
        if (total < 0 && sscanf(line, "MemTotal: %lld kB", &total) != 1)
            total = -1;
        if (available < 0 && sscanf(line, "MemAvailable: %lld kB", &available) != 1)
            available = -1;
    }
    fclose(file);
    if (total < 0 || available < 0)
        return;
    state->memory_total = 1024 * total;
    state->memory_used = 1024 * (total - available);
    state->memory_shared = true;
    state->has |= 1u << NVML_MEMORY;
}

void nvml_read(struct nvml *nvml, bool unified, struct nvml_state *state)
{
    struct nvml_memory memory;
    unsigned value;

    *state = (struct nvml_state){0};
    if (nvml && nvml->temperature &&
        nvml->temperature(nvml->device, NVML_TEMPERATURE_GPU, &value) == NVML_SUCCESS) {
        state->temperature_c = value;
        state->has |= 1u << NVML_TEMPERATURE;
    }
    if (nvml && nvml->power && nvml->power(nvml->device, &value) == NVML_SUCCESS) {
        state->power_w = value / 1e3;
        state->has |= 1u << NVML_POWER;
    }
    if (nvml && nvml->clock && nvml->clock(nvml->device, NVML_CLOCK_SM, &value) == NVML_SUCCESS) {
        state->sm_clock_mhz = value;
        state->has |= 1u << NVML_SM_CLOCK;
    }
    if (nvml && nvml->memory && nvml->memory(nvml->device, &memory) == NVML_SUCCESS &&
        memory.total) {
        state->memory_used = (long long)memory.used;
        state->memory_total = (long long)memory.total;
        state->has |= 1u << NVML_MEMORY;
    } else if (unified) {
        read_meminfo(state);
    }
}

static void program_name(pid_t pid, char name[64])
{
    char path[48];
    FILE *file;

    snprintf(path, sizeof path, "/proc/%ld/comm", (long)pid);
    name[0] = '\0';
    file = fopen(path, "re");
    if (!file)
        return;
    if (fgets(name, 64, file))
        name[strcspn(name, "\n")] = '\0';
    fclose(file);
}

int nvml_processes(struct nvml *nvml, struct nvml_process processes[], size_t room)
{
    struct nvml_process_info infos[PROCESSES];
    unsigned count = PROCESSES;
    int others = 0;

    if (!nvml || !nvml->processes || nvml->processes(nvml->device, &count, infos) != NVML_SUCCESS)
        return -1;
    for (unsigned i = 0; i < count; i++) {
        struct nvml_process process = {.pid = (pid_t)infos[i].pid};

        if (process.pid == getpid())
            continue;
        if (infos[i].used_memory != NVML_NO_VALUE)
            process.memory_bytes = (long long)infos[i].used_memory;
        program_name(process.pid, process.name);
        if ((size_t)others < room)
            processes[others] = process;
        others++;
    }
    return others;
}

bool nvml_has(const struct nvml_state *state, enum nvml_figure figure)
{
    return state->has >> figure & 1;
}

const char *nvml_driver(struct nvml *nvml, char *buffer, size_t size)
{
    buffer[0] = '\0';
    if (nvml && nvml->driver && nvml->driver(buffer, (unsigned)size) != NVML_SUCCESS)
        buffer[0] = '\0';
    return buffer;
}
