/* SPDX-License-Identifier: MIT */
#include "cli/arguments.h"

#include "base/path.h"
#include "base/text.h"
#include "cli/commands.h"

#include <stdlib.h>
#include <string.h>

static const struct option_spec no_options[] = {{0}};

static const struct option_spec *options_of(const struct command *command)
{
    return command->options ? command->options : no_options;
}

static size_t option_count(const struct command *command)
{
    size_t count = 0;
    while (options_of(command)[count].name)
        count++;
    return count;
}

/* The index of the option whose name is name[0 .. length-1], or the number of options. */
static size_t option_index(const struct command *command, const char *name, size_t length)
{
    const struct option_spec *options = options_of(command);
    size_t i = 0;
    while (options[i].name && (strncmp(options[i].name, name, length) || options[i].name[length]))
        i++;
    return i;
}

static bool usage_error(
    const struct command *command, struct error *err, const char *what, const char *thing)
{
    return error_set(err, ERROR_USAGE, "%s: %s%s; see: moebench help %s", command->name, what,
        thing, command->name);
}

/* The option that may have been meant by name[0 .. length-1]: begun so, or two letters away. */
static const char *near_option(const struct command *command, const char *name, size_t length)
{
    const char *near = NULL;
    char *word = xstrndup(name, length);
    size_t least = length > 3 ? 3 : length;
    for (const struct option_spec *option = options_of(command); option->name; option++) {
        size_t distance =
            text_starts_with(option->name, word) ? 1 : text_distance(word, option->name);
        if (distance < least) {
            least = distance;
            near = option->name;
        }
    }
    free(word);
    return near;
}

static bool unknown_option(const struct command *command, const char *given, struct error *err)
{
    const char *name = given + strspn(given, "-");
    const char *near = near_option(command, name, strcspn(name, "="));
    usage_error(command, err, "unknown option ", given);
    return near && error_set(err, ERROR_USAGE, "%s; did you mean --%s?", err->text, near);
}

/* Takes argv[*at], which begins with "--", and its value where it has one. */
static bool parse_option(struct arguments *args, int argc, char **argv, int *at, struct error *err)
{
    const char *name = argv[*at] + 2;
    size_t length = strcspn(name, "=");
    size_t index = option_index(args->command, name, length);
    const struct option_spec *option = &options_of(args->command)[index];
    if (!option->name)
        return unknown_option(args->command, argv[*at], err);
    bool attached = name[length] == '=';
    if (!option->argument && attached)
        return usage_error(args->command, err, "no value belongs to --", option->name);
    if (!option->argument) {
        args->values[index] = "";
    } else if (attached) {
        args->values[index] = name + length + 1;
    } else if (*at + 1 < argc && !text_starts_with(argv[*at + 1], "--")) {
        args->values[index] = argv[++*at];
    } else {
        return usage_error(args->command, err, "a value is missing after --", option->name);
    }
    if (option->argument && !*args->values[index])
        return usage_error(args->command, err, "empty value of --", option->name);
    args->given[args->given_count++] = option->name;
    args->given[args->given_count++] = args->values[index];
    return true;
}

bool arguments_parse(
    struct arguments *args, const struct command *command, int argc, char **argv, struct error *err)
{
    *args = (struct arguments){.command = command};
    args->values = xcalloc(option_count(command) + 1, sizeof *args->values);
    args->given = xcalloc(2 * (size_t)argc + 1, sizeof *args->given);
    args->operands = xcalloc((size_t)argc + 1, sizeof *args->operands);
    bool options_end = false;
    for (int i = 0; i < argc; i++) {
        if (!options_end && strcmp(argv[i], "--") == 0) {
            options_end = true;
        } else if (!options_end && text_starts_with(argv[i], "--")) {
            if (!parse_option(args, argc, argv, &i, err))
                return false;
        } else if (!options_end && argv[i][0] == '-' && argv[i][1]) {
            return unknown_option(command, argv[i], err);
        } else if (!*argv[i]) {
            return usage_error(command, err, "empty: ", command->operands);
        } else {
            args->operands[args->operand_count++] = argv[i];
        }
    }
    if (args->operand_count < command->operands_least)
        return usage_error(command, err, "missing: ", command->operands);
    if (args->operand_count > command->operands_most)
        return usage_error(command, err, "unexpected: ", args->operands[command->operands_most]);
    return true;
}

void arguments_free(struct arguments *args)
{
    free(args->values);
    free(args->given);
    free(args->operands);
    *args = (struct arguments){0};
}

static const char *value_of(const struct arguments *args, const char *name)
{
    size_t index = option_index(args->command, name, strlen(name));
    if (!options_of(args->command)[index].name)
        abort();
    return args->values[index];
}

bool arguments_flag(const struct arguments *args, const char *name)
{
    return value_of(args, name) != NULL;
}

const char *arguments_text(const struct arguments *args, const char *name, const char *otherwise)
{
    const char *value = value_of(args, name);
    return value ? value : otherwise;
}

const char *arguments_nth(const struct arguments *args, const char *name, size_t place)
{
    if (value_of(args, name) == NULL)
        return NULL;
    for (size_t i = 0; i < args->given_count; i += 2)
        if (strcmp(args->given[i], name) == 0 && place-- == 0)
            return args->given[i + 1];
    return NULL;
}

bool arguments_int(const struct arguments *args, const char *name, long low, long high,
    long otherwise, long *value, struct error *err)
{
    const char *text = value_of(args, name);
    *value = otherwise;
    if (!text || text_to_int(text, low, high, value))
        return true;
    return error_set(err, ERROR_USAGE, "%s: --%s takes a whole number from %ld to %ld, not '%s'",
        args->command->name, name, low, high, text);
}

bool arguments_gemms(
    const struct arguments *args, const char *both, bool gemms[GEMM_COUNT], struct error *err)
{
    const char *text = arguments_text(args, "gemm", both);
    enum gemm gemm;

    gemms[GEMM_UP] = gemms[GEMM_DOWN] = strcmp(text, both) == 0;
    if (gemms[GEMM_UP])
        return true;
    if (!gemm_parse(text, &gemm))
        return error_set(err, ERROR_USAGE, "--gemm %s: up, down or %s", text, both);
    gemms[gemm] = true;
    return true;
}

bool arguments_tiles(const char *text, struct tile tiles[GEMM_COUNT], struct error *err)
{
    size_t length = strcspn(text, "/");
    char *up = xstrndup(text, length);
    bool done = tile_parse(up, &tiles[GEMM_UP], err) &&
                tile_parse(text[length] ? text + length + 1 : up, &tiles[GEMM_DOWN], err);

    free(up);
    return done;
}

const char *arguments_operand(const struct arguments *args, size_t index)
{
    return index < args->operand_count ? args->operands[index] : NULL;
}

bool arguments_routing(const struct arguments *args, enum routing_kind *kind, double *zipf,
    char file[512], struct error *err)
{
    const char *text = arguments_text(args, "routing", "uniform");

    *kind = ROUTING_UNIFORM;
    if (strcmp(text, "uniform") == 0)
        return true;
    if (text_starts_with(text, "zipf:")) {
        *kind = ROUTING_ZIPF;
        return (text_to_double(text + 5, zipf) && *zipf >= 0) ||
               error_set(err, ERROR_USAGE, "--routing zipf:S takes a number, as zipf:1.1");
    }
    *kind = ROUTING_FILE;
    if (!path_exists(text) || strlen(text) >= 512)
        return error_set(err, ERROR_USAGE, "--routing %s: no such file", text);
    memcpy(file, text, strlen(text) + 1);
    return true;
}

struct compiler_options arguments_compiler(const struct arguments *args)
{
    return (struct compiler_options){
        .python = arguments_text(args, "python", NULL),
        .container = arguments_text(args, "container", NULL),
        .kernel_file = arguments_text(args, "kernel", NULL),
        .engine_site = arguments_text(args, "site", NULL),
    };
}
