/* SPDX-License-Identifier: MIT */
/* Supervision of kernels/triton_compile.py, whose top documents the protocol. */
#include "compile/compile.h"

#include "base/child.h"
#include "base/clock.h"
#include "base/embedded.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"
#include "base/words.h"
#include "compile/cache.h"
#include "compile/request.h"
#include "domain/device.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELLO_TIMEOUT_S 120.0 /* Triton's import from a cold disk */
#define RESTARTS 1

/* One argument of a program may not pass 128 KiB, so the script itself comes over stdin. */
static const char boot[] = "f = open(0, 'rb', 0, closefd=False)\n"
                           "n = int(f.readline())\n"
                           "s = b''\n"
                           "while len(s) < n:\n"
                           "    s += f.read(n - len(s)) or exit(1)\n"
                           "exec(compile(s, 'triton_compile.py', 'exec'))\n";

/* A kernel that the helper is to compile, or an answer that waits for compiler_next. */
struct work {
    struct work *next;
    long long ticket;
    char key[HASH_HEX_SIZE];       /* in the cache */
    char *line;                    /* the request as sent, for a helper that is started again */
    struct compile_result *result; /* NULL while the helper has it, or it is still in the cache */
};

struct queue {
    struct work *first, **last;
    size_t count;
};

struct compiler {
    char **words; /* the helper's command line */
    char *hello;  /* the first line that it gets */
    int arch;
    struct child child;
    bool running;
    int restarts;
    char broken[1024]; /* why nothing compiles any more, "" while it does */
    struct toolchain toolchain;
    struct json *greeting; /* the helper's hello; its parameters are used for every request */
    struct cache cache;
    struct queue asked, ready;
    long long tickets;
};

static void queue_push(struct queue *queue, struct work *work)
{
    if (queue->first == NULL)
        queue->last = &queue->first;
    work->next = NULL;
    *queue->last = work;
    queue->last = &work->next;
    queue->count++;
}

static struct work *queue_take(struct queue *queue, long long ticket)
{
    struct work **link = &queue->first;
    while (*link && (*link)->ticket != ticket)
        link = &(*link)->next;
    struct work *work = *link;
    if (work == NULL)
        return NULL;
    *link = work->next;
    if (work->next == NULL)
        queue->last = link;
    queue->count--;
    return work;
}

static void work_free(struct work *work)
{
    if (work->result)
        kernel_free(&work->result->kernel);
    free(work->result);
    free(work->line);
    free(work);
}

static void queue_clear(struct queue *queue)
{
    while (queue->first)
        work_free(queue_take(queue, queue->first->ticket));
}

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

static bool send_line(struct compiler *compiler, const char *line, struct error *err)
{
    char *text = xasprintf("%s\n", line);
    bool ok = child_write(&compiler->child, text, strlen(text), err);
    free(text);
    return ok;
}

static bool send_script(struct compiler *compiler, struct error *err)
{
    const struct embedded *script = embedded_find("triton_compile.py");
    char size[32];
    snprintf(size, sizeof size, "%zu\n", script->size);
    return child_write(&compiler->child, size, strlen(size), err) &&
           child_write(&compiler->child, script->bytes, script->size, err) &&
           send_line(compiler, compiler->hello, err);
}

/* Reaps the helper; says how it ended with the last line of its stderr. */
static void helper_ended(struct compiler *compiler, char *text, size_t size)
{
    char words[512];
    child_last_words(&compiler->child, words, sizeof words);
    child_stop(&compiler->child, 1.0);
    compiler->running = false;
    snprintf(text, size, "%s: %s%s%s", compiler->words[0], child_how_it_ended(&compiler->child),
        words[0] ? ": " : "", words);
}

/* Takes the helper's first line. */
static bool read_greeting(struct compiler *compiler, struct error *err)
{
    char *line;
    enum child_read read = child_read_line(&compiler->child, HELLO_TIMEOUT_S, &line);
    if (read == CHILD_TIMEOUT)
        return error_set(err, ERROR_DEVICE, "compile helper: %s does not answer within %.0f s",
            compiler->words[0], HELLO_TIMEOUT_S);
    if (read == CHILD_ENDED) {
        char text[1024];
        helper_ended(compiler, text, sizeof text);
        return error_set(err, ERROR_DEVICE, "compile helper: %s", text);
    }
    json_free(compiler->greeting);
    compiler->greeting = json_parse(line, strlen(line), err);
    free(line);
    const char *op = json_string(json_get(compiler->greeting, "op"));
    const char *text = json_string(json_get(compiler->greeting, "text"));
    if (op && strcmp(op, "hello") == 0)
        return true;
    return error_set(err, ERROR_DEVICE, "compile helper: %s", text ? text : "it does not greet");
}

static bool helper_spawn(struct compiler *compiler, struct error *err)
{
    struct error cause = {0};
    if (!child_start(&compiler->child, (const char *const *)compiler->words, &cause))
        return error_set(err, ERROR_DEVICE,
            "compile helper: %s; name a Python that has Triton with --python or --container",
            cause.text);
    compiler->running = true;
    if (!send_script(compiler, &cause))
        log_line("compile helper: %s", cause.text); /* it has ended: how, the greeting says */
    return true;
}

static bool helper_start(struct compiler *compiler, struct error *err)
{
    return helper_spawn(compiler, err) && read_greeting(compiler, err);
}

static void fill_toolchain(struct toolchain *toolchain, const struct json *greeting)
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
        json_take_text(greeting, fields[i].key, fields[i].text, fields[i].size);
}

bool compiler_look(
    const struct compiler_options *options, struct toolchain *toolchain, struct error *err)
{
    struct compiler *compiler = xcalloc(1, sizeof *compiler);
    compiler->words = helper_words(options, err);
    compiler->hello = hello_line(options);
    bool ok = compiler->words && helper_start(compiler, err);
    fill_toolchain(toolchain, compiler->greeting);
    compiler_close(compiler);
    return ok;
}

struct compiler *compiler_start(const struct compiler_options *options, struct error *err)
{
    struct compiler *compiler = xcalloc(1, sizeof *compiler);
    compiler->arch = options->arch;
    compiler->words = helper_words(options, err);
    compiler->hello = hello_line(options);
    if (compiler->words == NULL || !helper_spawn(compiler, err)) {
        compiler_close(compiler);
        return NULL;
    }
    if (!options->no_cache)
        cache_open(&compiler->cache, NULL, CACHE_LIMIT);
    return compiler;
}

bool compiler_greet(struct compiler *compiler, struct error *err)
{
    if (!read_greeting(compiler, err))
        return false;
    fill_toolchain(&compiler->toolchain, compiler->greeting);
    return true;
}

struct compiler *compiler_open(const struct compiler_options *options, struct error *err)
{
    struct compiler *compiler = compiler_start(options, err);
    if (compiler && !compiler_greet(compiler, err)) {
        compiler_close(compiler);
        return NULL;
    }
    return compiler;
}

const struct toolchain *compiler_toolchain(const struct compiler *compiler)
{
    return &compiler->toolchain;
}

/* All that decides the machine code: the kernel, its compilers, what is compiled in. */
static void make_key(const struct compiler *compiler, const char *request, char key[HASH_HEX_SIZE])
{
    const struct toolchain *tools = &compiler->toolchain;
    char *text = xasprintf("%s\n%s\n%s\nsm_%d\n%s", tools->kernel_hash, tools->triton,
        tools->ptxas_version, compiler->arch, request);
    hash_sha256(text, strlen(text), key);
    free(text);
}

static void result_fail(struct compile_result *result, enum compile_status status, const char *text)
{
    result->status = status;
    snprintf(result->text, sizeof result->text, "%s", text);
}

/* A kernel is there: whether the architecture can run it is plain by its shared memory. */
static void result_judge(struct compile_result *result, int arch)
{
    int limit = device_smem_limit(arch);
    if (limit == 0 || result->kernel.shared_bytes <= limit)
        return;
    result->status = COMPILE_DOES_NOT_FIT;
    snprintf(result->text, sizeof result->text, "%d bytes of shared memory, sm_%d has %d",
        result->kernel.shared_bytes, arch, limit);
}

static void work_send(struct compiler *compiler, struct work *work)
{
    struct error err = {0};
    if (!send_line(compiler, work->line, &err))
        log_line("compile helper: %s", err.text); /* compiler_next finds out that it ended */
    queue_push(&compiler->asked, work);
}

/* Sends the work to the helper, unless it can be answered without. */
static void work_start(struct compiler *compiler, struct work *work)
{
    if (!compiler->broken[0] && !cache_has(&compiler->cache, work->key)) {
        work_send(compiler, work);
        return;
    }
    if (compiler->broken[0]) {
        work->result = xcalloc(1, sizeof *work->result);
        work->result->ticket = work->ticket;
        result_fail(work->result, COMPILE_STOPPED, compiler->broken);
    }
    queue_push(&compiler->ready, work);
}

/* The answer of a work taken from `ready`; false: the cache did not have it after all. */
static bool work_answer(struct compiler *compiler, struct work *work)
{
    if (work->result)
        return true;
    struct compile_result *result = xcalloc(1, sizeof *result);
    result->ticket = work->ticket;
    if (!cache_get(&compiler->cache, work->key, &result->kernel)) {
        free(result);
        return false;
    }
    result_judge(result, compiler->arch);
    work->result = result;
    return true;
}

long long compiler_submit(struct compiler *compiler, const struct engine *engine,
    const struct shape *shape, enum gemm gemm, const struct tile *tile, struct error *err)
{
    struct json *request =
        request_new(json_get(compiler->greeting, "parameters"), engine, shape, gemm, tile, err);
    if (request == NULL)
        return 0;
    struct work *work = xcalloc(1, sizeof *work);
    char *text = json_print(request);
    make_key(compiler, text, work->key);
    free(text);
    work->ticket = ++compiler->tickets;
    json_add_string(request, "op", "compile");
    json_add_int(request, "id", work->ticket);
    work->line = json_print(request);
    json_free(request);
    work_start(compiler, work);
    return compiler->tickets;
}

size_t compiler_pending(const struct compiler *compiler)
{
    return compiler->asked.count + compiler->ready.count;
}

int compiler_fd(const struct compiler *compiler)
{
    return compiler->running ? compiler->child.out : -1;
}

/* The helper's codes that are not plain failures of the tile. */
static const struct {
    const char *code;
    enum compile_status status;
} codes[] = {
    {"out-of-resources", COMPILE_DOES_NOT_FIT},
    {"timed-out", COMPILE_TIMED_OUT},
    {"ptxas-too-old", COMPILE_STOPPED},
    {"unknown-parameter", COMPILE_STOPPED},
    {"bad-request", COMPILE_STOPPED},
};

static enum compile_status status_of(const char *code)
{
    for (size_t i = 0; code && i < sizeof codes / sizeof *codes; i++)
        if (strcmp(codes[i].code, code) == 0)
            return codes[i].status;
    return COMPILE_FAILED;
}

static void fill_result(struct compiler *compiler, const struct json *reply, struct work *work)
{
    struct compile_result *result = work->result = xcalloc(1, sizeof *result);
    const char *op = json_string(json_get(reply, "op"));
    const char *text = json_string(json_get(reply, "text"));
    struct error err = {0};
    result->ticket = work->ticket;
    if (strcmp(op, "compiled") != 0) {
        result_fail(result, status_of(json_string(json_get(reply, "code"))),
            text ? text : "the compile helper gave no reason");
    } else if (!request_read_kernel(reply, &result->kernel, &err)) {
        result_fail(result, COMPILE_STOPPED, err.text);
    } else {
        cache_put(&compiler->cache, work->key, &result->kernel);
        result_judge(result, compiler->arch);
    }
}

/* Turns a line of the helper into an answer that is ready; other lines are logged. */
static void take_reply(struct compiler *compiler, const char *line)
{
    struct json *reply = json_parse(line, strlen(line), NULL);
    const char *op = json_string(json_get(reply, "op"));
    long long id = 0;
    struct work *work = NULL;
    if (op && json_int(json_get(reply, "id"), &id))
        work = queue_take(&compiler->asked, id);
    if (work) {
        fill_result(compiler, reply, work);
        queue_push(&compiler->ready, work);
    } else if (op == NULL || strcmp(op, "cancelled") != 0) {
        log_line("compile helper: not expected: %.200s", line);
    }
    json_free(reply);
}

/* Nothing will compile any more: all that waits is answered so. */
static void give_up(struct compiler *compiler, const char *why)
{
    snprintf(compiler->broken, sizeof compiler->broken, "%s", why);
    struct queue asked = compiler->asked;
    compiler->asked = (struct queue){0};
    while (asked.first)
        work_start(compiler, queue_take(&asked, asked.first->ticket));
}

/* The helper has ended unasked: once it is started again and asked again. */
static void revive(struct compiler *compiler)
{
    char why[1000];
    struct error err = {0};
    helper_ended(compiler, why, sizeof why);
    log_line("compile helper: %s", why);
    if (compiler->restarts++ >= RESTARTS) {
        char *text = xasprintf("the compile helper ended twice: %s", why);
        give_up(compiler, text);
        free(text);
    } else if (!helper_start(compiler, &err)) {
        give_up(compiler, err.text);
    } else {
        for (struct work *work = compiler->asked.first; work; work = work->next)
            if (!send_line(compiler, work->line, &err))
                log_line("compile helper: %s", err.text);
    }
}

/* Reads lines until an answer is ready; false: none within the time, or none is awaited. */
static bool await_ready(struct compiler *compiler, double timeout, double end)
{
    while (compiler->ready.first == NULL) {
        if (compiler->asked.first == NULL)
            return false;
        char *line;
        double left = timeout > 0 ? fmax(end - clock_monotonic(), 0) : timeout;
        enum child_read read = child_read_line(&compiler->child, left, &line);
        if (read == CHILD_TIMEOUT)
            return false;
        if (read == CHILD_ENDED) {
            revive(compiler);
            continue;
        }
        take_reply(compiler, line);
        free(line);
    }
    return true;
}

bool compiler_next(struct compiler *compiler, double timeout, struct compile_result *result)
{
    double end = clock_monotonic() + timeout;
    while (await_ready(compiler, timeout, end)) {
        struct work *work = queue_take(&compiler->ready, compiler->ready.first->ticket);
        if (!work_answer(compiler, work)) {
            work_send(compiler, work);
            continue;
        }
        *result = *work->result;
        free(work->result); /* not its kernel, which is the caller's now */
        work->result = NULL;
        work_free(work);
        return true;
    }
    return false;
}

void compiler_cancel(struct compiler *compiler)
{
    struct error err = {0};
    queue_clear(&compiler->asked);
    queue_clear(&compiler->ready);
    if (compiler->running && !send_line(compiler, "{\"op\":\"cancel\"}", &err))
        log_line("compile helper: %s", err.text);
}

void compiler_close(struct compiler *compiler)
{
    if (compiler == NULL)
        return;
    if (compiler->running)
        child_stop(&compiler->child, 2.0);
    queue_clear(&compiler->asked);
    queue_clear(&compiler->ready);
    cache_close(&compiler->cache);
    words_free(compiler->words);
    json_free(compiler->greeting);
    free(compiler->hello);
    free(compiler);
}
