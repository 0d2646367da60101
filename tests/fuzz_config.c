/* SPDX-License-Identifier: MIT */
#include "tests/fuzz.h"

#include "base/text.h"
#include "domain/config_check.h"

#include <stdlib.h>
#include <string.h>

static void expect(bool holds)
{
    if (!holds)
        abort();
}

/* Every M from 1 on is served, each once. */
static void check_ranges(const struct config_file *file)
{
    struct config_range *ranges = xcalloc(file->count + 1, sizeof *ranges);
    size_t count = config_file_ranges(file, ranges);
    expect(count > 0 && ranges[0].from == 1 && ranges[count - 1].to == INT_MAX);
    for (size_t i = 1; i < count; i++)
        expect(ranges[i].from == ranges[i - 1].to + 1);
    free(ranges);
}

/* The canonical form reads back without a fault and writes itself. */
static void check_canonical(const struct config_file *file)
{
    struct config_file again;
    struct config_faults faults = {0};
    for (size_t i = 0; i < file->count; i++) {
        if (!file->entries[i].usable || file->entries[i].m < 1)
            return;
    }
    char *text = config_file_write(file, NULL);
    config_file_read(text, strlen(text), &again, &faults);
    expect(faults.count == 0 && again.loads && again.count == file->count);
    char *twice = config_file_write(&again, NULL);
    expect(strcmp(text, twice) == 0);
    free(text);
    free(twice);
    config_file_free(&again);
    config_faults_free(&faults);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {
        "E=8,N=64,device_name=NVIDIA_GB10,dtype=fp8_w8a8,block_shape=[128, 128]_down.json",
        "E=8,N=64,device_name=NVIDIA_GB10,dtype=fp8_w8a8.json"};
    static const char *const engines[] = {"sglang:0.5.4.post2", "sglang:0.5.23", "vllm"};
    struct config_file file;
    struct config_faults faults = {0};
    config_file_read((const char *)data, size, &file, &faults);
    for (size_t i = 0; i < 3; i++) {
        struct config_context context = {.device = {.name = "NVIDIA GB10", .arch = 121}};
        struct config_name name;
        context.device.smem_limit = 101376;
        context.device_known = true;
        expect(engine_parse(engines[i], &context.engine, NULL));
        expect(config_name_parse(names[i % 2], &name, NULL));
        config_check_entries(&name, &file, &context, &faults);
        config_check_pair(&name, &file, &file, &context, &faults);
    }
    if (file.count > 0) {
        check_ranges(&file);
        check_canonical(&file);
    }
    config_file_free(&file);
    config_faults_free(&faults);
    return 0;
}
