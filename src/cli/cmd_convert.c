/* SPDX-License-Identifier: MIT */
#include "cli/check_files.h"
#include "cli/check_model.h"
#include "cli/commands.h"

#include "base/path.h"
#include "base/text.h"
#include "domain/config_convert.h"
#include "domain/engine_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option_spec convert_options[] = {
    {"to", "ENGINE[:VERSION]", "sglang:0.5.23, vllm, ..: what shall read the result"},
    {"from", "ENGINE[:VERSION]", "what the file was made for (by its name, folder and keys)"},
    {"out", "DIR", "what SGLANG_MOE_CONFIG_DIR or VLLM_TUNED_CONFIG_FOLDER will be"},
    {"triton", "VERSION", "the server's Triton (of the source, else what the engine pins)"},
    {"device", "NAME", "the GPU to write into the name (the source's)"},
    {"model", "MODEL", "the name must be the one that is asked for this model"},
    CHECK_MODEL_OPTIONS,
    {"force", NULL, "overwrite a different file, and write entries that check calls errors"},
    {"json", NULL, "print JSON"},
    {0},
};

/* One conversion on its way. */
struct convert {
    struct checked_set sources;
    const struct checked_file *up, *down; /* in sources; down may be NULL */
    struct engine to;
    struct check_model model; /* loaded with --model only */
    struct shape shape;
    struct device device;
    char triton[64];
    struct {
        char name[ENGINE_NAME_SIZE];
        char *path, *text;
        bool changed;
    } files[GEMM_COUNT];
    struct text notes;
};

static void convert_free(struct convert *convert)
{
    checked_set_free(&convert->sources);
    text_free(&convert->notes);
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++) {
        free(convert->files[gemm].path);
        free(convert->files[gemm].text);
    }
}

/* Adds the other file of a pair when only one of it was named. */
static bool add_partner(struct convert *convert, struct error *err)
{
    const char *path = convert->sources.items[0].path;
    bool down = text_ends_with(path, "_down.json");
    char *partner = down ? xasprintf("%.*s.json", (int)(strlen(path) - strlen("_down.json")), path)
                         : config_name_down_of(path);
    bool done = !path_exists(partner) || checked_set_add(&convert->sources, partner, err);
    free(partner);
    return done;
}

static bool pick_sources(struct convert *convert, struct error *err)
{
    for (size_t i = 0; i < convert->sources.count; i++) {
        const struct checked_file *item = &convert->sources.items[i];
        const struct checked_file **slot = item->name.down ? &convert->down : &convert->up;
        if (*slot != NULL)
            return error_set(err, ERROR_USAGE, "more than one config (%s, %s): name one file",
                (*slot)->path, item->path);
        *slot = item;
        if (!item->named || item->file.count == 0 ||
            strcmp(config_faults_verdict(&item->faults), "error") == 0)
            return error_set(err, ERROR_FAILED,
                "%s has faults that no engine loads; see: moebench check", item->path);
    }
    if (convert->up == NULL)
        return error_set(err, ERROR_USAGE, "%s: the up file that belongs to it is missing",
            convert->sources.items[0].path);
    return true;
}

static bool read_sources(struct convert *convert, const struct arguments *args, struct error *err)
{
    const char *path = arguments_operand(args, 0);
    const struct check_wishes wishes = {
        .engine = arguments_text(args, "from", NULL),
        .triton = arguments_text(args, "triton", NULL),
    };
    if (!checked_set_add(&convert->sources, path, err))
        return false;
    if (!convert->sources.folder && text_ends_with(path, ".json") && !add_partner(convert, err))
        return false;
    return pick_sources(convert, err) && checked_set_resolve(&convert->sources, &wishes, err);
}

static void pick_triton(struct convert *convert, const char *wish)
{
    char source[64];
    engine_folder_triton(convert->up->place.folder, source, sizeof source);
    const char *triton = convert->up->file.triton_version;
    if (wish != NULL)
        triton = wish;
    else if (source[0] != '\0')
        triton = source;
    else if (triton == NULL)
        triton = convert->to.kind == ENGINE_SGLANG ? engine_pinned_triton(&convert->to) : "";
    snprintf(convert->triton, sizeof convert->triton, "%s", triton);
    if (wish == NULL && convert->to.kind == ENGINE_SGLANG)
        text_add(&convert->notes, "for Triton %s; --triton says otherwise\n", triton);
}

static bool pick_target(struct convert *convert, const struct arguments *args, struct error *err)
{
    const struct config_name *name = &convert->up->name;
    const char *device = arguments_text(args, "device", NULL);
    if (!device_find(device != NULL ? device : name->device, &convert->device, err)) {
        if (device != NULL)
            return false;
        *err = (struct error){0};
        snprintf(convert->device.name, sizeof convert->device.name, "%s", name->device);
        convert->device.smem_limit = 0;
    }
    pick_triton(convert, arguments_text(args, "triton", NULL));
    if (arguments_text(args, "model", NULL) != NULL)
        return check_model_load(args, &convert->model, err) &&
               check_model_shape(&convert->model, &convert->to, &convert->shape, err);
    config_convert_shape(name, &convert->up->context.engine, &convert->shape);
    return true;
}

/* What the new name means for how far the old timings carry. */
static void note_names(struct convert *convert)
{
    const struct config_name *old = &convert->up->name;
    if (strcmp(old->text, convert->files[GEMM_UP].name) != 0)
        text_add(&convert->notes, "%s -> %s\n", old->text, convert->files[GEMM_UP].name);
    if (old->experts != convert->shape.experts)
        text_add(&convert->notes, "timed with E=%d, this engine runs E=%d: time it again\n",
            old->experts, convert->shape.experts);
    if (convert->to.rules->per_channel_in_name && !convert->shape.per_channel &&
        !convert->up->context.engine.rules->per_channel_in_name &&
        convert->shape.dtype == DTYPE_FP8_W8A8 && convert->shape.block_k == 0)
        text_add(&convert->notes, "the old name does not tell whether the scales are per channel; "
                                  "--model does\n");
    if (convert->up->version_assumed)
        text_add(&convert->notes, "read as a file of %s %s; --from says otherwise\n",
            engine_name(&convert->up->context.engine),
            engine_rules_version(&convert->up->context.engine));
    if (convert->up->engine_guessed && convert->shape.dtype == DTYPE_INT4_W4A16)
        text_add(&convert->notes, "read as SGLang's, whose names have half of an int4 layer's N; "
                                  "--from vllm when it is vLLM's\n");
    if (convert->to.kind == ENGINE_VLLM && convert->down != NULL)
        text_add(&convert->notes,
            "vLLM has one file for both GEMMs: the up file's entries are written\n");
}

/* Faults of the result for its engine into *faults; the pair's when `up` is given. */
static void check_result(struct convert *convert, const struct config_file *result,
    const struct config_file *up, enum gemm gemm, struct config_faults *faults)
{
    struct config_name name;
    const struct config_context context = {
        .engine = convert->to,
        .device = convert->device,
        .device_known = convert->device.smem_limit > 0,
    };
    if (!config_name_parse(convert->files[gemm].name, &name, NULL))
        return;
    config_check_entries(&name, result, &context, faults);
    if (up != NULL)
        config_check_pair(&name, up, result, &context, faults);
}

/* Up and down may have the same faults. */
static void add_note_once(struct convert *convert, const char *where, const char *text)
{
    char *line = xasprintf("%s%s\n", where, text);
    if (convert->notes.length == 0 || strstr(convert->notes.data, line) == NULL)
        text_add(&convert->notes, "%s", line);
    free(line);
}

static bool judge_result(struct convert *convert, const struct config_faults *faults,
    const char *name, bool force, struct error *err)
{
    for (size_t i = 0; i < faults->count; i++) {
        const struct config_fault *fault = &faults->items[i];
        char where[32];
        config_fault_where(fault, where, sizeof where);
        if (fault->severity == FAULT_ERROR && !force)
            return error_set(err, ERROR_FAILED,
                "%s would not be right: %s%s (--force writes it all the same)", name, where,
                fault->text);
        if (fault->severity != FAULT_NOTE)
            add_note_once(convert, where, fault->text);
    }
    return true;
}

static bool make_files(struct convert *convert, const char *out, bool force, struct error *err)
{
    char folder[160], *base;
    struct config_file made[GEMM_COUNT] = {0};
    struct config_faults faults = {0};
    bool done = true;
    engine_folder(&convert->to, convert->triton, folder, sizeof folder);
    base = folder[0] != '\0' ? path_join(out, folder) : xstrdup(out);
    for (int gemm = 0; gemm < GEMM_COUNT && done; gemm++) {
        const struct checked_file *source =
            gemm == GEMM_DOWN && convert->down ? convert->down : convert->up;
        struct config_conversion conversion = {&source->context.engine, &convert->to, &source->name,
            (enum gemm)gemm, gemm == GEMM_DOWN && source == convert->up};
        if (!engine_file_name(&convert->to, &convert->shape, &convert->device, (enum gemm)gemm,
                convert->files[gemm].name))
            continue;
        config_convert(&conversion, &source->file, &made[gemm], &convert->notes);
        check_result(convert, &made[gemm], gemm == GEMM_DOWN ? &made[GEMM_UP] : NULL,
            (enum gemm)gemm, &faults);
        done = judge_result(convert, &faults, convert->files[gemm].name, force, err);
        convert->files[gemm].path = path_join(base, convert->files[gemm].name);
        convert->files[gemm].text = config_file_write(&made[gemm],
            convert->to.kind == ENGINE_VLLM && convert->triton[0] != '\0' ? convert->triton : NULL);
        config_faults_free(&faults);
    }
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++)
        config_file_free(&made[gemm]);
    free(base);
    return done;
}

/* Whether the file must be written; fails on a different one without --force. */
static bool look_before(struct convert *convert, int gemm, bool force, struct error *err)
{
    const char *path = convert->files[gemm].path;
    size_t length = 0;
    convert->files[gemm].changed = true;
    if (!path_exists(path))
        return true;
    char *there = path_read(path, CONFIG_MAX_BYTES, &length, force ? NULL : err);
    bool same = there != NULL && strcmp(there, convert->files[gemm].text) == 0;
    convert->files[gemm].changed = !same;
    if (!same && !force && there != NULL)
        error_set(err, ERROR_FAILED, "%s is there and different; --force overwrites it", path);
    free(there);
    return same || force;
}

static bool write_files(struct convert *convert, bool force, struct error *err)
{
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++) {
        if (convert->files[gemm].path != NULL && !look_before(convert, gemm, force, err))
            return false;
    }
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++) {
        const char *path = convert->files[gemm].path;
        if (path == NULL || !convert->files[gemm].changed)
            continue;
        char *folder = path_dirname(path);
        const char *text = convert->files[gemm].text;
        bool done =
            path_make_folders(folder, err) && path_write_atomic(path, text, strlen(text), err);
        free(folder);
        if (!done)
            return false;
    }
    return true;
}

static void print_notes(const struct convert *convert)
{
    const char *notes = convert->notes.data ? convert->notes.data : "";
    for (const char *line = notes; *line; line += strcspn(line, "\n") + 1)
        printf("note  %.*s\n", (int)strcspn(line, "\n"), line);
}

static void print_result(struct convert *convert, const char *out, bool as_json)
{
    struct json *root = as_json ? json_new_object() : NULL;
    struct json *files = as_json ? json_add_array(root, "files") : NULL;
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++) {
        if (convert->files[gemm].path == NULL)
            continue;
        if (!as_json) {
            printf("%s %s\n", convert->files[gemm].changed ? "wrote" : "same ",
                convert->files[gemm].path);
            continue;
        }
        struct json *file = json_add_object(files, NULL);
        json_add_string(file, "gemm", gemm_name((enum gemm)gemm));
        json_add_string(file, "path", convert->files[gemm].path);
        json_add_bool(file, "changed", convert->files[gemm].changed);
    }
    if (as_json)
        json_add_lines(json_add_array(root, "notes"), convert->notes.data);
    else
        print_notes(convert);
    /* What the server is told must not hang on its own folder. */
    char *up = path_absolute(convert->files[GEMM_UP].path), *folder = path_absolute(out);
    char *line = engine_found_line(&convert->to, up);
    if (as_json) {
        json_add_string(root, "environment", engine_environment(&convert->to));
        json_add_string(root, "found_line", line);
        command_print_json(root);
    } else {
        printf("\nserve with %s=%s and look for the line\n  %s\n", engine_environment(&convert->to),
            folder, line);
    }
    free(up);
    free(folder);
    free(line);
}

/* Before any file is looked at. */
static bool read_line(struct convert *convert, const struct arguments *args, struct error *err)
{
    const char *to = arguments_text(args, "to", NULL);
    if (to == NULL || arguments_text(args, "out", NULL) == NULL)
        return error_set(err, ERROR_USAGE, "--to ENGINE and --out DIR are needed");
    return engine_parse(to, &convert->to, err);
}

static int convert_run(const struct arguments *args, struct error *err)
{
    struct convert convert = {0};
    bool force = arguments_flag(args, "force");
    const char *out = arguments_text(args, "out", NULL);
    if (!read_line(&convert, args, err) || !read_sources(&convert, args, err) ||
        !pick_target(&convert, args, err) || !make_files(&convert, out, force, err) ||
        !write_files(&convert, force, err)) {
        error_prefix(err, "convert");
    } else {
        note_names(&convert);
        print_result(&convert, out, arguments_flag(args, "json"));
    }
    convert_free(&convert);
    return 0;
}

const struct command cmd_convert = {
    .name = "convert",
    .operands = "FILE",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "a config file from one engine or version for another",
    .details =
        "FILE is an up or a down file (its partner beside it is taken along) or a folder that\n"
        "holds one config. The result lies below --out as its engine wants it: in\n"
        "configs/triton_X_Y_Z for SGLang, up and _down; flat and one file for vLLM.\n",
    .options = convert_options,
    .run = convert_run,
};
