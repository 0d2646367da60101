/* SPDX-License-Identifier: MIT */
#include "tests/fuzz.h"

#include "base/json.h"
#include "domain/engine.h"

#include <stdlib.h>

/* A config.json of any content: read or refused, then seen by every engine. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const engines[] = {"sglang:0.5.4.post2", "sglang:0.5.23", "vllm"};
    struct json *config = json_parse((const char *)data, size, NULL);
    struct model model = {0};
    if (config != NULL && model_from_json(config, NULL, NULL, &model, NULL)) {
        for (size_t i = 0; i < 3; i++) {
            struct engine engine;
            struct shape shape;
            struct parallel parallel = {.tp = 4, .ep = 2};
            struct device device = {.name = "NVIDIA GB10", .arch = 121};
            char name[ENGINE_NAME_SIZE];
            if (!engine_parse(engines[i], &engine, NULL))
                abort();
            if (engine_shape(&engine, &model, &parallel, &shape, NULL))
                engine_file_name(&engine, &shape, &device, GEMM_DOWN, name);
        }
    }
    json_free(config);
    return 0;
}
