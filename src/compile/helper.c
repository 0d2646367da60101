/* SPDX-License-Identifier: MIT */
#include "compile/helper.h"

#include "base/embedded.h"
#include "base/log.h"
#include "base/text.h"
#include "base/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELLO_TIMEOUT_S 120.0 /* Triton's import from a cold disk */

/* One argument of a program may not pass 128 KiB, so the script itself comes over stdin. */
static const char boot[] = "f = open(0, 'rb', 0, closefd=False)\n"
                           "n = int(f.readline())\n"
                           "s = b''\n"
                           "while len(s) < n:\n"
                           "    s += f.read(n - len(s)) or exit(1)\n"
                           "exec(compile(s, 'triton_compile.py', 'exec'))\n";

/* "env PYTHONPATH=.. python3 -c BOOT", inside the container when one is named; words_free. */
static char **helper_words(const struct compiler_options *options, struct error *err)
{
    char **python = words_split(options->python ? options->python : "python3", err);
    if (python == NULL) {
        error_prefix(err, "--python");
        return NULL;
    }
    size_t count = 0, given = 0;
    while (python[given])
        given++;
    char **words = xcalloc(given + 9, sizeof *words);
    if (options->container) {
        words[count++] = xstrdup("docker");
        words[count++] = xstrdup("exec");
        words[count++] = xstrdup("-i");
        words[count++] = xstrdup(options->container);
    }
    if (options->engine_site) {
        const char *old = options->container ? NULL : getenv("PYTHONPATH");
        words[count++] = xstrdup("env");
        words[count++] = xasprintf(
            "PYTHONPATH=%s%s%s", options->engine_site, old && *old ? ":" : "", old ? old : "");
    }
    for (size_t i = 0; i < given; i++)
        words[count++] = python[i];
    words[count++] = xstrdup("-c");
    words[count++] = xstrdup(boot);
    free(python);
    return words;
}

static char *hello_line(const struct compiler_options *options)
{
    struct json *hello = json_new_object();
    char arch[16];
    snprintf(arch, sizeof arch, "sm_%d", options->arch);
    json_add_string(hello, "op", "hello");
    json_add_null(hello, "engine");
    json_add_string(hello, "kernel_file", options->kernel_file);
    json_add_string(hello, "arch", arch);
    if (options->jobs > 0)
        json_add_int(hello, "jobs", options->jobs);
    char *line = json_print(hello);
    json_free(hello);
    return line;
}

bool helper_make(struct helper *helper, const struct compiler_options *options, struct error *err)
{
    *helper = (struct helper){.words = helper_words(options, err), .hello = hello_line(options)};
    return helper->words != NULL;
}

static bool send_line(struct helper *helper, const char *line, struct error *err)
{
    char *text = xasprintf("%s\n", line);
    bool ok = child_write(&helper->child, text, strlen(text), err);
    free(text);
    return ok;
}

static bool send_script(struct helper *helper, struct error *err)
{
    const struct embedded *script = embedded_find("triton_compile.py");
    char size[32];
    snprintf(size, sizeof size, "%zu\n", script->size);
    return child_write(&helper->child, size, strlen(size), err) &&
           child_write(&helper->child, script->bytes, script->size, err) &&
           send_line(helper, helper->hello, err);
}

bool helper_start(struct helper *helper, struct error *err)
{
    struct error cause = {0};
    if (!child_start(&helper->child, (const char *const *)helper->words, &cause))
        return error_set(err, ERROR_DEVICE,
            "compile helper: %s; name a Python that has Triton with --python or --container",
            cause.text);
    helper->running = true;
    if (!send_script(helper, &cause))
        log_line("compile helper: %s", cause.text); /* it has ended: how, the greeting says */
    return true;
}

void helper_send(struct helper *helper, const char *line)
{
    struct error err = {0};
    if (!send_line(helper, line, &err))
        log_line("compile helper: %s", err.text);
}

void helper_ended(struct helper *helper, char *text, size_t size)
{
    char words[512];
    child_last_words(&helper->child, words, sizeof words);
    child_stop(&helper->child, 1.0);
    helper->running = false;
    snprintf(text, size, "%s: %s%s%s", helper->words[0], child_how_it_ended(&helper->child),
        words[0] ? ": " : "", words);
}

bool helper_greet(struct helper *helper, struct error *err)
{
    char *line;
    enum child_read read = child_read_line(&helper->child, HELLO_TIMEOUT_S, &line);
    if (read == CHILD_TIMEOUT)
        return error_set(err, ERROR_DEVICE, "compile helper: %s does not answer within %.0f s",
            helper->words[0], HELLO_TIMEOUT_S);
    if (read == CHILD_ENDED) {
        char text[1024];
        helper_ended(helper, text, sizeof text);
        return error_set(err, ERROR_DEVICE, "compile helper: %s", text);
    }
    json_free(helper->greeting);
    helper->greeting = json_parse(line, strlen(line), err);
    free(line);
    const char *op = json_string(json_get(helper->greeting, "op"));
    const char *text = json_string(json_get(helper->greeting, "text"));
    if (op && strcmp(op, "hello") == 0)
        return true;
    return error_set(err, ERROR_DEVICE, "compile helper: %s", text ? text : "it does not greet");
}

void helper_toolchain(const struct helper *helper, struct toolchain *toolchain)
{
    const struct {
        const char *key;
        char *text;
        size_t size;
    } fields[] = {
        {"python", toolchain->python, sizeof toolchain->python},
        {"triton", toolchain->triton, sizeof toolchain->triton},
        {"ptxas", toolchain->ptxas, sizeof toolchain->ptxas},
        {"ptxas_version", toolchain->ptxas_version, sizeof toolchain->ptxas_version},
        {"ptxas_fault", toolchain->ptxas_fault, sizeof toolchain->ptxas_fault},
        {"engine", toolchain->engine, sizeof toolchain->engine},
        {"engine_version", toolchain->engine_version, sizeof toolchain->engine_version},
        {"engine_path", toolchain->engine_path, sizeof toolchain->engine_path},
        {"kernel_file", toolchain->kernel_file, sizeof toolchain->kernel_file},
        {"kernel_hash", toolchain->kernel_hash, sizeof toolchain->kernel_hash},
        {"config_dir", toolchain->config_dir, sizeof toolchain->config_dir},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        json_take_text(helper->greeting, fields[i].key, fields[i].text, fields[i].size);
}

void helper_close(struct helper *helper)
{
    if (helper->running)
        child_stop(&helper->child, 2.0);
    words_free(helper->words);
    json_free(helper->greeting);
    free(helper->hello);
}
