/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_DOMAIN_CONFIG_FOLDER_H
#define MOEBENCH_DOMAIN_CONFIG_FOLDER_H

#include "domain/engine.h"

#include <stdbool.h>
#include <stddef.h>

/* Where a file stands and whether the engine takes it from there. */
struct config_place {
    char *base;         /* SGLANG_MOE_CONFIG_DIR or VLLM_TUNED_CONFIG_FOLDER would be this; owned */
    char *folder;       /* "triton_3_6_0", "" when the file is in none; owned */
    char *name;         /* owned */
    bool below_configs; /* the triton folder lies in one called "configs" */
    bool in_force;      /* the first file of its name that the engine finds under its base */
    bool fallback;      /* ... made for another Triton version */
    char why[256];
};

void config_place_init(struct config_place *place, const char *path);
void config_place_free(struct config_place *place);
/* Decides in_force, fallback and why for files that may share bases and names. */
void config_places_judge(
    const struct engine *engine, const char *triton, struct config_place places[], size_t count);

#endif
