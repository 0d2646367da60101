/* SPDX-License-Identifier: MIT */
#include "worker/client.h"

#include "base/child.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELLO_TIMEOUT_S 60.0 /* a cold driver, an ssh login */

/* Two tiles can compile to the very same cubin: a kernel is known by all three. */
struct loaded_kernel {
    char hash[65];
    enum gemm gemm;
    struct tile tile;
};

struct client {
    struct child child;
    struct hello hello;
    struct loaded_kernel *loaded; /* what the worker has */
    size_t loaded_count;
};

/* The command line of the worker; free it with words_free. */
static char **worker_words(const struct client_options *options, struct error *err)
{
    const char *program = options->program;
    if (program == NULL)
        program = options->prefix ? "moebench" : "/proc/self/exe";
    char **words = options->prefix ? words_split(options->prefix, err) : NULL;
    if (options->prefix && words == NULL) {
        error_prefix(err, "worker's prefix");
        return NULL;
    }
    size_t count = 0;
    while (words && words[count])
        count++;
    words = xrealloc(words, count + 9, sizeof *words);
    words[count++] = xstrdup(program);
    words[count++] = xstrdup("worker");
    words[count++] = xstrdup("--backend");
    words[count++] = xstrdup(options->backend);
    words[count++] = xstrdup("--device");
    words[count++] = xasprintf("%d", options->ordinal);
    words[count++] = xstrdup("--pace");
    words[count++] = xasprintf("%g", options->pace);
    words[count] = NULL;
    return words;
}

/* Reaps the worker and puts how it ended into event->text. */
static enum client_next client_ended(struct client *client, struct event *event)
{
    char words[512];
    child_last_words(&client->child, words, sizeof words);
    child_stop(&client->child, 1.0);
    *event = (struct event){.op = EVENT_ERROR, .kind = ERROR_FAILED, .item = -1};
    snprintf(event->text, sizeof event->text, "worker: %s%s%s", child_how_it_ended(&client->child),
        words[0] ? ": " : "", words);
    return CLIENT_ENDED;
}

enum client_next client_next(struct client *client, double timeout, struct event *event)
{
    double end = clock_monotonic() + timeout;
    for (;;) {
        char *line;
        double left = timeout > 0 ? fmax(end - clock_monotonic(), 0) : timeout;
        enum child_read read = child_read_line(&client->child, left, &line);
        if (read == CHILD_TIMEOUT)
            return CLIENT_TIMEOUT;
        if (read == CHILD_ENDED)
            return client_ended(client, event);
        struct error err = {0};
        bool understood = event_parse(line, event, &err);
        free(line);
        if (understood)
            return CLIENT_EVENT;
        log_line("worker: %s", err.text);
    }
}

/* Waits for an event of `op`, dropping others; an EVENT_ERROR on the way becomes *err. */
static bool client_expect(
    struct client *client, enum event_op op, double timeout, struct event *event, struct error *err)
{
    double end = clock_monotonic() + timeout;
    for (;;) {
        double left = fmax(end - clock_monotonic(), 0);
        enum client_next next = client_next(client, left, event);
        if (next == CLIENT_TIMEOUT)
            return error_set(err, ERROR_FAILED, "worker: no answer within %.0f s", timeout);
        if (next == CLIENT_ENDED)
            return error_set(err, ERROR_FAILED, "%s", event->text);
        if (event->op == EVENT_ERROR)
            return error_set(err, event->kind, "%s", event->text);
        if (event->op == op)
            return true;
    }
}

struct client *client_open(const struct client_options *options, struct error *err)
{
    char **words = worker_words(options, err);
    if (words == NULL)
        return NULL;
    struct client *client = xcalloc(1, sizeof *client);
    struct event *event = xcalloc(1, sizeof *event);
    bool ok = child_start(&client->child, (const char *const *)words, err) &&
              client_expect(client, EVENT_HELLO, HELLO_TIMEOUT_S, event, err);
    if (ok && event->hello.protocol != PROTOCOL_VERSION)
        ok = error_set(err, ERROR_FAILED,
            "worker: moebench %s there speaks protocol %d, this one %d: install the same version",
            event->hello.version, event->hello.protocol, PROTOCOL_VERSION);
    client->hello = event->hello;
    free(event);
    words_free(words);
    if (ok)
        return client;
    client_close(client, true);
    return NULL;
}

const struct hello *client_hello(const struct client *client)
{
    return &client->hello;
}

static bool client_send(
    struct client *client, const struct worker_command *command, struct error *err)
{
    char *line = command_print(command);
    size_t length = strlen(line);
    line[length] = '\n'; /* in the place of the NUL */
    bool ok = child_write(&client->child, line, length + 1, err);
    free(line);
    return ok || error_prefix(err, "worker");
}

bool client_begin_setup(struct client *client, const struct setup *setup, struct error *err)
{
    struct worker_command command = {.op = COMMAND_SETUP, .setup = *setup};
    client->loaded_count = 0; /* a new layer has no kernels */
    return client_send(client, &command, err);
}

bool client_end_setup(struct client *client, struct setup_report *report, struct error *err)
{
    struct event *event = xcalloc(1, sizeof *event);
    bool ok = client_expect(client, EVENT_READY, WORKER_SETUP_PATIENCE_S, event, err);
    *report = event->ready;
    free(event);
    return ok;
}

bool client_setup(struct client *client, const struct setup *setup, struct setup_report *report,
    struct error *err)
{
    return client_begin_setup(client, setup, err) && client_end_setup(client, report, err);
}

bool client_settle(struct client *client, struct setup_report *report, struct error *err)
{
    struct event *event = xcalloc(1, sizeof *event);
    bool ok = client_send(client, &(struct worker_command){.op = COMMAND_SETTLE}, err) &&
              client_expect(client, EVENT_READY, WORKER_PATIENCE_S, event, err);
    if (ok)
        *report = event->ready;
    free(event);
    return ok;
}

static bool is_loaded(
    const struct client *client, const char *hash, enum gemm gemm, const struct tile *tile)
{
    for (size_t i = 0; i < client->loaded_count; i++) {
        const struct loaded_kernel *loaded = &client->loaded[i];
        if (loaded->gemm == gemm && tile_equal(&loaded->tile, tile) &&
            strcmp(loaded->hash, hash) == 0)
            return true;
    }
    return false;
}

bool client_load(struct client *client, const struct kernel *kernel, enum gemm gemm,
    const struct tile *tile, struct error *err)
{
    if (client->hello.recorded || is_loaded(client, kernel->hash, gemm, tile))
        return true;
    struct worker_command command = {
        .op = COMMAND_LOAD, .kernel = *kernel, .gemm = gemm, .tile = *tile};
    if (!client_send(client, &command, err))
        return false;
    client->loaded = xrealloc(client->loaded, client->loaded_count + 1, sizeof *client->loaded);
    struct loaded_kernel *loaded = &client->loaded[client->loaded_count++];
    *loaded = (struct loaded_kernel){.gemm = gemm, .tile = *tile};
    memcpy(loaded->hash, kernel->hash, sizeof loaded->hash);
    return true;
}

bool client_measure(struct client *client, const struct measure_job *job, struct error *err)
{
    struct worker_command command = {.op = COMMAND_MEASURE, .job = *job};
    return client_send(client, &command, err);
}

bool client_verify(
    struct client *client, long long id, const struct measure_item *item, struct error *err)
{
    struct worker_command command = {.op = COMMAND_VERIFY, .id = id, .item = *item};
    return client_send(client, &command, err);
}

bool client_cancel(struct client *client, struct error *err)
{
    return client_send(client, &(struct worker_command){.op = COMMAND_CANCEL}, err);
}

int client_fd(const struct client *client)
{
    return client->child.out;
}

void client_close(struct client *client, bool kill)
{
    if (client == NULL)
        return;
    child_stop(&client->child, kill ? 0 : 1.0);
    free(client->loaded);
    free(client);
}
