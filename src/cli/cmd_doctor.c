/* SPDX-License-Identifier: MIT */
/* What `moebench bench` needs, looked for one by one, and what to do about what is missing. */
#include "base/child.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/tune_ask.h"
#include "compile/compile.h"
#include "gpu/card.h"
#include "gpu/nvml.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOCKER_TIMEOUT_S 5.0
#define OTHERS 8

static const struct option_spec doctor_options[] = {
    COMPILER_OPTIONS,
    {"arch", "A", "ask for the compiler of sm_121 (the card's)"},
    {"device-ordinal", "N", "which card (0)"},
    {"json", NULL, "print JSON"},
    {0},
};

/* One line of the result. */
struct finding {
    const char *what; /* "GPU", "Triton" */
    enum { FOUND, MISSING, UNKNOWN, BUSY } state;
    char text[1024]; /* what was found, or why not and what to do */
};

enum {
    FIND_GPU,
    FIND_NVML,
    FIND_OTHERS,
    FIND_PYTHON,
    FIND_TRITON,
    FIND_ENGINE,
    FIND_PTXAS,
    FIND_CONFIGS,
    FIND_COUNT
};

struct doctor {
    struct finding findings[FIND_COUNT];
    struct device device; /* of the card, arch 0 without one */
    struct toolchain tools;
    char containers[4096]; /* lines of name, blank, image; those that may hold an engine */
    bool docker;           /* it answered */
    bool ready;            /* bench can run */
};

static void find_gpu(struct doctor *doctor, int ordinal)
{
    struct finding *finding = &doctor->findings[FIND_GPU];
    struct tune_card card = {0};
    char limit[32];
    tune_card_ask(&card, ordinal);
    if (!card.there) {
        finding->state = MISSING;
        snprintf(finding->text, sizeof finding->text, "%.1000s", card.why.text);
        return;
    }
    doctor->device = card.device;
    snprintf(finding->text, sizeof finding->text, "%s, sm_%d, %d SMs, %s bytes of shared memory%s",
        doctor->device.name, doctor->device.arch, doctor->device.sm_count,
        text_grouped(doctor->device.smem_limit, limit, sizeof limit),
        doctor->device.unified ? ", memory shared with the CPU" : "");
}

static void name_others(struct finding *finding, struct nvml *nvml)
{
    struct nvml_process others[OTHERS];
    int count = nvml_processes(nvml, others, OTHERS);
    struct text text = {0};
    finding->state = count < 0 ? UNKNOWN : count > 0 ? BUSY : FOUND;
    for (int i = 0; i < count && i < OTHERS; i++)
        text_add(&text, "%s%s (pid %ld)", i ? ", " : "",
            others[i].name[0] ? others[i].name : "a process", (long)others[i].pid);
    if (count > 0)
        snprintf(finding->text, sizeof finding->text,
            "%.800s: stop that process (the server in its container, not the container), or pass "
            "--allow-busy to bench",
            text.data);
    else
        snprintf(finding->text, sizeof finding->text, "%s",
            count < 0 ? "NVML cannot tell who else uses the GPU" : "nobody else");
    text_free(&text);
}

/* ", 41 C, 12.4 W, 2,418 MHz, 30.1 of 121.6 GB used (shared with the CPU)"; "-" for what is not
 * told. */
static const char *describe_card(const struct nvml_state *state, char *buffer, size_t size)
{
    char celsius[16] = "-", watts[16] = "-", mhz[32] = "-", memory[64] = "memory -";
    if (nvml_has(state, NVML_TEMPERATURE))
        snprintf(celsius, sizeof celsius, "%.0f", state->temperature_c);
    if (nvml_has(state, NVML_POWER))
        snprintf(watts, sizeof watts, "%.1f", state->power_w);
    if (nvml_has(state, NVML_SM_CLOCK))
        text_grouped((long long)state->sm_clock_mhz, mhz, sizeof mhz);
    if (nvml_has(state, NVML_MEMORY))
        snprintf(memory, sizeof memory, "%.1f of %.1f GB used%s", (double)state->memory_used / 1e9,
            (double)state->memory_total / 1e9,
            state->memory_shared ? " (shared with the CPU)" : "");
    snprintf(buffer, size, ", %s C, %s W, %s MHz, %s", celsius, watts, mhz, memory);
    return buffer;
}

static struct nvml *open_nvml(int ordinal)
{
    struct error err = {0};
    char pci[32] = "";
    return card_find_pci(ordinal, pci, &err) ? nvml_open(pci) : NULL;
}

static void find_users(struct doctor *doctor, int ordinal)
{
    struct nvml *nvml = open_nvml(ordinal);
    name_others(&doctor->findings[FIND_OTHERS], nvml);
    nvml_close(nvml);
}

/* The driver's version and the card's state. */
static void find_nvml(struct doctor *doctor, int ordinal)
{
    struct finding *finding = &doctor->findings[FIND_NVML];
    struct nvml *nvml = open_nvml(ordinal);
    struct nvml_state state = {0};
    char version[32], card[128];
    finding->state = nvml ? FOUND : UNKNOWN;
    nvml_read(nvml, doctor->device.unified, &state);
    if (nvml)
        snprintf(finding->text, sizeof finding->text, "driver %s, CUDA %s%s",
            nvml_driver(nvml, version, sizeof version), card_driver_version(),
            describe_card(&state, card, sizeof card));
    else
        snprintf(finding->text, sizeof finding->text,
            "not to be had: clock, temperature and power will be missing");
    nvml_close(nvml);
}

/* A fact of the tool chain: found when `text` is not empty, else missing for `reason`. */
static void judge(struct finding *finding, const char *text, const char *detail, const char *reason)
{
    finding->state = text[0] ? FOUND : MISSING;
    if (text[0])
        snprintf(
            finding->text, sizeof finding->text, "%s%s%s", text, detail[0] ? "  " : "", detail);
    else
        snprintf(finding->text, sizeof finding->text, "%.1000s", reason);
}

/* The helper stops at the first thing that is missing: what comes after it was not looked for. */
static void find_toolchain(struct doctor *doctor, const struct compiler_options *options)
{
    const struct toolchain *tools = &doctor->tools;
    struct finding *findings = doctor->findings;
    struct error err = {0};
    char engine[64];
    bool ok = compiler_look(options, &doctor->tools, &err);
    snprintf(engine, sizeof engine, "%s%s%s", tools->engine, tools->engine_version[0] ? " " : "",
        tools->engine_version);
    if (engine[0] == 0 && tools->kernel_file[0])
        snprintf(engine, sizeof engine, "a kernel given by hand");
    judge(&findings[FIND_PYTHON], tools->python, "", err.text);
    judge(&findings[FIND_TRITON], tools->triton, "", err.text);
    judge(&findings[FIND_ENGINE], engine, tools->kernel_file, err.text);
    judge(&findings[FIND_CONFIGS], tools->config_dir, "", "no folder of the engine's own configs");
    if (tools->ptxas_fault[0])
        judge(&findings[FIND_PTXAS], "", "", tools->ptxas_fault);
    else
        judge(&findings[FIND_PTXAS], tools->ptxas_version, tools->ptxas, err.text);
    for (int i = FIND_TRITON; i < FIND_COUNT && !ok; i++) {
        if (findings[i].state != MISSING || findings[i - 1].state == FOUND)
            continue;
        findings[i].state = UNKNOWN;
        snprintf(findings[i].text, sizeof findings[i].text, "not looked for: see above");
    }
    doctor->ready = ok && !tools->ptxas_fault[0] && findings[FIND_GPU].state == FOUND &&
                    findings[FIND_OTHERS].state != BUSY;
}

/* Running containers whose name or image speaks of an engine; nothing when docker does not answer.
 */
static void find_containers(struct doctor *doctor)
{
    static const char *const words[] = {"docker", "ps", "--format", "{{.Names}} {{.Image}}", NULL};
    struct child child;
    if (!child_start(&child, words, NULL))
        return;
    struct text list = {0};
    double end = clock_monotonic() + DOCKER_TIMEOUT_S;
    enum child_read read;
    char *line;
    while (
        (read = child_read_line(&child, fmax(end - clock_monotonic(), 0), &line)) == CHILD_LINE) {
        if (strstr(line, "sglang") || strstr(line, "vllm"))
            text_add(&list, "%s\n", line);
        free(line);
    }
    child_stop(&child, 0.5);
    doctor->docker = read == CHILD_ENDED && child.status == 0;
    snprintf(doctor->containers, sizeof doctor->containers, "%s", list.data ? list.data : "");
    text_free(&list);
}

static const char *const states[] = {
    [FOUND] = "found", [MISSING] = "missing", [UNKNOWN] = "?", [BUSY] = "busy"};

static void print_text(const struct doctor *doctor)
{
    for (int i = 0; i < FIND_COUNT; i++)
        printf("%-10s %-8s %s\n", doctor->findings[i].what, states[doctor->findings[i].state],
            doctor->findings[i].text);
    if (doctor->docker)
        printf("%-10s %-8s %s\n", "containers", doctor->containers[0] ? "found" : "none",
            doctor->containers[0] ? "give one as --container NAME:" : "");
    for (const char *at = doctor->containers; *at; at += strcspn(at, "\n") + 1)
        printf("%-10s %-8s %.*s\n", "", "", (int)strcspn(at, "\n"), at);
    printf("\n%s\n", doctor->ready ? "moebench bench can run here."
                     : doctor->findings[FIND_GPU].state == MISSING
                         ? "No timing here; moebench shape, check and the recorded set "
                           "(--backend replay) work without a GPU."
                         : "moebench bench can not run yet: see what is missing above.");
}

static void print_json(const struct doctor *doctor)
{
    struct json *object = json_new_object();
    json_add_bool(object, "ready", doctor->ready);
    struct json *findings = json_add_array(object, "findings");
    for (int i = 0; i < FIND_COUNT; i++) {
        struct json *finding = json_add_object(findings, NULL);
        json_add_string(finding, "what", doctor->findings[i].what);
        json_add_string(finding, "state", states[doctor->findings[i].state]);
        json_add_string(finding, "text", doctor->findings[i].text);
    }
    if (doctor->device.arch)
        device_add_json(json_add_object(object, "device"), &doctor->device);
    struct json *tools = json_add_object(object, "toolchain");
    json_add_string(tools, "python", doctor->tools.python);
    json_add_string(tools, "triton", doctor->tools.triton);
    json_add_string(tools, "ptxas", doctor->tools.ptxas);
    json_add_string(tools, "ptxas_version", doctor->tools.ptxas_version);
    json_add_string(tools, "engine", doctor->tools.engine);
    json_add_string(tools, "engine_version", doctor->tools.engine_version);
    json_add_string(tools, "kernel_file", doctor->tools.kernel_file);
    json_add_string(tools, "config_dir", doctor->tools.config_dir);
    json_add_lines(json_add_array(object, "containers"), doctor->containers);
    command_print_json(object);
}

static int doctor_run(const struct arguments *args, struct error *err)
{
    struct doctor doctor = {.findings = {
                                [FIND_GPU].what = "GPU",
                                [FIND_NVML].what = "NVML",
                                [FIND_OTHERS].what = "users",
                                [FIND_PYTHON].what = "Python",
                                [FIND_TRITON].what = "Triton",
                                [FIND_PTXAS].what = "ptxas",
                                [FIND_ENGINE].what = "engine",
                                [FIND_CONFIGS].what = "configs",
                            }};
    long ordinal;
    int arch = 0;
    const char *named = arguments_text(args, "arch", NULL);
    if (!arguments_int(args, "device-ordinal", 0, 1023, 0, &ordinal, err) ||
        (named && !device_parse_arch(named, &arch, err)))
        return ERROR_USAGE;
    find_users(&doctor, (int)ordinal); /* before a worker of ours is one of them */
    find_gpu(&doctor, (int)ordinal);
    find_nvml(&doctor, (int)ordinal);
    struct compiler_options options = arguments_compiler(args);
    options.arch = named ? arch : doctor.device.arch ? doctor.device.arch : 121;
    find_toolchain(&doctor, &options);
    find_containers(&doctor);
    if (arguments_flag(args, "json"))
        print_json(&doctor);
    else
        print_text(&doctor);
    return doctor.ready ? 0 : ERROR_DEVICE;
}

const struct command cmd_doctor = {
    .name = "doctor",
    .operands = "",
    .summary = "what of GPU, Triton and engine was found, and what to do about the rest",
    .options = doctor_options,
    .run = doctor_run,
};
