/* SPDX-License-Identifier: MIT */
/* What the helper is asked for, what the cache has, and the answers. */
#include "compile/compile.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"
#include "compile/cache.h"
#include "compile/helper.h"
#include "compile/request.h"
#include "domain/device.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESTARTS 1

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
    struct helper helper;
    int arch;
    int restarts;
    char broken[1024]; /* why nothing compiles any more, "" while it does */
    struct toolchain toolchain;
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

bool compiler_look(
    const struct compiler_options *options, struct toolchain *toolchain, struct error *err)
{
    struct helper helper;
    bool ok = helper_make(&helper, options, err) && helper_start(&helper, err) &&
              helper_greet(&helper, err);
    helper_toolchain(&helper, toolchain);
    helper_close(&helper);
    return ok;
}

struct compiler *compiler_start(const struct compiler_options *options, struct error *err)
{
    struct compiler *compiler = xcalloc(1, sizeof *compiler);
    compiler->arch = options->arch;
    if (!helper_make(&compiler->helper, options, err) || !helper_start(&compiler->helper, err)) {
        compiler_close(compiler);
        return NULL;
    }
    if (!options->no_cache)
        cache_open(&compiler->cache, NULL, CACHE_LIMIT);
    return compiler;
}

bool compiler_greet(struct compiler *compiler, struct error *err)
{
    if (!helper_greet(&compiler->helper, err))
        return false;
    helper_toolchain(&compiler->helper, &compiler->toolchain);
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
    helper_send(&compiler->helper, work->line);
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
    struct json *request = request_new(
        json_get(compiler->helper.greeting, "parameters"), engine, shape, gemm, tile, err);
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
    return compiler->helper.running ? compiler->helper.child.out : -1;
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
    helper_ended(&compiler->helper, why, sizeof why);
    log_line("compile helper: %s", why);
    if (compiler->restarts++ >= RESTARTS) {
        char *text = xasprintf("the compile helper ended twice: %s", why);
        give_up(compiler, text);
        free(text);
    } else if (!helper_start(&compiler->helper, &err) || !helper_greet(&compiler->helper, &err)) {
        give_up(compiler, err.text);
    } else {
        for (struct work *work = compiler->asked.first; work; work = work->next)
            helper_send(&compiler->helper, work->line);
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
        enum child_read read = child_read_line(&compiler->helper.child, left, &line);
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
    queue_clear(&compiler->asked);
    queue_clear(&compiler->ready);
    if (compiler->helper.running)
        helper_send(&compiler->helper, "{\"op\":\"cancel\"}");
}

void compiler_close(struct compiler *compiler)
{
    if (compiler == NULL)
        return;
    helper_close(&compiler->helper);
    queue_clear(&compiler->asked);
    queue_clear(&compiler->ready);
    cache_close(&compiler->cache);
    free(compiler);
}
