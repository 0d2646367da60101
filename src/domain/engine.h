/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_DOMAIN_ENGINE_H
#define MOEBENCH_DOMAIN_ENGINE_H

#include "domain/device.h"
#include "domain/model.h"
#include "domain/shape.h"
#include "domain/tile.h"

/*
 * An engine's rules as data: one row a released version whose source was read. Other versions take
 * the nearest known rule and say so. Where an installed engine disagrees, it is right.
 */
enum engine_kind { ENGINE_SGLANG, ENGINE_VLLM };

struct engine_rules; /* engine_rules.h */

struct engine {
    enum engine_kind kind;
    char version[32];                 /* as asked for */
    const struct engine_rules *rules; /* of the nearest known version; static */
    bool exact;                       /* version is one whose source was read */
};

/* "sglang:0.5.4.post2", "sglang" (newest known), "vllm", "vllm:0.32.0". */
bool engine_parse(const char *text, struct engine *engine, struct error *err);
/* The index-th of all versions whose source was read, newest of each engine first; false after the
 * last. */
bool engine_known(size_t index, struct engine *engine);
#define ENGINE_TEXT_SIZE 48
/* "sglang:0.5.4.post2" into a caller's buffer; returns it. */
const char *engine_format(const struct engine *engine, char *buffer, size_t size);
const char *engine_name(const struct engine *engine);          /* "sglang" */
const char *engine_rules_version(const struct engine *engine); /* "0.5.4.post2" */
/* The Triton that the engine's pinned torch brings ("3.4.0"), for when none is named; "" when not
 * known (vLLM needs none for its folders). */
const char *engine_pinned_triton(const struct engine *engine);

#define ENGINE_TRITON_SIZE 32

/* Whether `text` can be triton.__version__ and part of a folder's name: 3.6.0, 3.5.0+git1a2b. */
bool engine_triton_valid(const char *text, struct error *err);

struct parallel {
    int tp, ep;            /* ep divides tp */
    bool no_shared_fusion; /* --disable-shared-experts-fusion */
};

/* The layer as one rank sees it. Fails where tp, ep do not divide, saying the nearest that do; adds
 * its notes to `model` (fusion, int4 width). */
bool engine_shape(const struct engine *engine, struct model *model, const struct parallel *parallel,
    struct shape *shape, struct error *err);

#define ENGINE_NAME_SIZE 256

/* N as file names have it: half of the true one for int4 in SGLang, which sees packed weights. */
int engine_name_n(const struct engine *engine, const struct shape *shape);
/* torch's device name as the file names have it: "NVIDIA_GB10"; vLLM makes NVIDIA_H200 of every
 * card of that family. */
void engine_device_part(const struct engine *engine, const char *device, char *buffer, size_t size);
/* The config file's name for a shape on a device; vLLM has none for down (returns false). */
bool engine_file_name(const struct engine *engine, const struct shape *shape,
    const struct device *device, enum gemm gemm, char name[ENGINE_NAME_SIZE]);
/* "3.5.0" -> "triton_3_5_0", and back: "" of a folder that does not begin with triton_. */
void engine_triton_folder(const char *triton, char *buffer, size_t size);
void engine_folder_triton(const char *folder, char *buffer, size_t size);
/* Folder below the base that the engine looks in first: "configs/triton_3_5_0", "" for vLLM. */
void engine_folder(const struct engine *engine, const char *triton, char *buffer, size_t size);
/* Package-relative folder of the config module's configs, for messages. */
const char *engine_package_folder(const struct engine *engine);
const char *engine_environment(const struct engine *engine); /* SGLANG_MOE_CONFIG_DIR, ... */
/* The line a server prints when it found `path` (free()). */
char *engine_found_line(const struct engine *engine, const char *path);
/*
 * The Triton folders that serve `name` in the order the engine tries them: those of
 * `folders` (names such as "triton_3_5_1", in any order) that it would try after missing the
 * exact one. Writes indices into `order`, returns their number.
 */
size_t engine_fallback_order(const struct engine *engine, const char *triton,
    const char *const folders[], size_t count, size_t order[]);
/* Whether SGLang 0.5.23 can order the folder: "triton_" and integers. Any other that begins with
 * triton_ stops its lookup with a ValueError once the exact folder has no file. */
bool engine_folder_readable(const char *folder);

/* The engine's own default for M tokens when no file is found. The device's smem_limit decides
 * where SGLang 0.5.23 lets it. */
void engine_default_tile(const struct engine *engine, const struct shape *shape,
    const struct device *device, int m, struct tile *tile);
/* Index of the entry that serves M: least |key - M|, first in file order on a tie. */
size_t engine_nearest_key(const int keys[], size_t count, int m);
/* Whether the kernel that runs `tile` would compute right numbers (BLOCK_SIZE_K must divide the
 * quant block in SGLang); vLLM clamps instead. *effective is the tile as it runs, in both cases. */
bool engine_effective_tile(const struct engine *engine, const struct shape *shape,
    const struct tile *tile, struct tile *effective, struct error *err);
/* Whether its entries for that GEMM may have USE_TMA; else the launch fails on it. */
bool engine_takes_tma(const struct engine *engine, enum gemm gemm);
/* Length of sorted_token_ids as the engine allocates it (the kernel's EM). */
long long engine_em(const struct engine *engine, const struct shape *shape, int m, int block_m);

#endif
