/* SPDX-License-Identifier: MIT */
#include "worker/loop.h"

#include "base/clock.h"
#include "base/text.h"
#include "worker/protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A command in the queue. */
struct node {
    struct node *next;
    struct worker_command command;
};

struct worker {
    const struct backend *backend;
    void *self;
    int out; /* the events' descriptor; 1 itself leads to stderr */
    pthread_mutex_t output;

    pthread_mutex_t mutex; /* of all below */
    pthread_cond_t wake;
    struct node *first, **last;
    const struct worker_command *running; /* NULL while idle */
    double silence;                       /* seconds that it has given no sign of life */
    bool cancelled;
    bool emitting; /* it waits for its reader, which is no silence of its own */
};

/* How often the process was continued after a stop; a chunk that saw this change is suspect. */
static volatile sig_atomic_t continued;

static void count_continue(int number)
{
    (void)number;
    continued++;
}

static void write_line(int fd, char *line)
{
    size_t length = strlen(line) + 1;
    line[length - 1] = '\n';
    for (const char *at = line; length > 0;) {
        ssize_t put = write(fd, at, length);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            _exit(ERROR_FAILED); /* nobody reads any more */
        at += put;
        length -= (size_t)put;
    }
}

static void worker_emit(struct worker *worker, const struct event *event)
{
    char *line = event_print(event);
    pthread_mutex_lock(&worker->output);
    write_line(worker->out, line);
    pthread_mutex_unlock(&worker->output);
    free(line);
}

/* As worker_emit, from the thread that runs the commands: a sign of life. */
static void worker_report(struct worker *worker, const struct event *event)
{
    pthread_mutex_lock(&worker->mutex);
    worker->emitting = true;
    pthread_mutex_unlock(&worker->mutex);
    worker_emit(worker, event);
    pthread_mutex_lock(&worker->mutex);
    worker->emitting = false;
    worker->silence = 0;
    pthread_mutex_unlock(&worker->mutex);
}

static void emit_error(struct worker *worker, const struct error *err)
{
    struct event *event = xcalloc(1, sizeof *event);
    event->op = EVENT_ERROR;
    event->kind = err->kind;
    snprintf(event->text, sizeof event->text, "%.1000s", err->text);
    worker_emit(worker, event);
    free(event);
}

/* The answer to a measure or a verify. */
static struct event *new_end(const struct worker_command *command, enum job_end end)
{
    bool verify = command->op == COMMAND_VERIFY;
    struct event *event = xcalloc(1, sizeof *event);
    event->op = verify ? EVENT_VERIFIED : EVENT_DONE;
    event->id = verify ? command->id : command->job.id;
    event->end = end;
    event->item = -1;
    return event;
}

static bool has_end(const struct worker_command *command)
{
    return command->op == COMMAND_MEASURE || command->op == COMMAND_VERIFY;
}

/* ---- the main thread: the queue ---- */

static void run_setup(struct worker *worker, const struct worker_command *command)
{
    const struct backend *backend = worker->backend;
    struct event *event = xcalloc(1, sizeof *event);
    struct error err = {0};
    bool ok = command->op == COMMAND_SETUP
                  ? backend->setup(worker->self, &command->setup, &event->ready, &err)
                  : backend->settle(worker->self, &event->ready, &err);
    event->op = EVENT_READY;
    if (!ok) {
        event->op = EVENT_ERROR;
        event->kind = err.kind;
        snprintf(event->text, sizeof event->text, "%.1000s", err.text);
    }
    worker_report(worker, event);
    free(event);
}

static void run_load(struct worker *worker, const struct worker_command *command)
{
    struct event *event = xcalloc(1, sizeof *event);
    struct error err = {0};
    event->op = EVENT_LOADED;
    event->ok =
        worker->backend->load(worker->self, &command->kernel, command->gemm, &command->tile, &err);
    snprintf(event->hash, sizeof event->hash, "%s", command->kernel.hash);
    snprintf(event->text, sizeof event->text, "%.1000s", err.text);
    worker_report(worker, event);
    free(event);
}

/* What emit gets as its argument. */
struct measuring {
    struct worker *worker;
    sig_atomic_t continued;
};

static bool emit_chunk(const struct measure_chunk *chunk, void *arg)
{
    struct measuring *measuring = arg;
    struct worker *worker = measuring->worker;
    struct event *event = xcalloc(1, sizeof *event);
    event->op = EVENT_CHUNK;
    event->chunk = *chunk;
    if (measuring->continued != continued)
        event->chunk.suspect = true;
    measuring->continued = continued;
    worker_report(worker, event);
    free(event);
    pthread_mutex_lock(&worker->mutex);
    bool go_on = !worker->cancelled;
    pthread_mutex_unlock(&worker->mutex);
    return go_on;
}

/* Answers; after a fault or a hang that is the last thing this process does. */
static void report_end(struct worker *worker, struct event *event, const struct error *err)
{
    snprintf(event->text, sizeof event->text, "%.1000s", err->text);
    worker_report(worker, event);
    if (event->end == JOB_FAULT || event->end == JOB_HANG)
        _exit(ERROR_FAILED);
    free(event);
}

static void run_measure(struct worker *worker, const struct worker_command *command)
{
    struct measuring measuring = {worker, continued};
    struct event *event = new_end(command, JOB_DONE);
    struct error err = {0};
    event->end = worker->backend->measure(
        worker->self, &command->job, emit_chunk, &measuring, &event->item, &err);
    report_end(worker, event, &err);
}

static void run_verify(struct worker *worker, const struct worker_command *command)
{
    struct event *event = new_end(command, JOB_DONE);
    struct error err = {0};
    event->end = worker->backend->verify(worker->self, &command->item, &event->verify, &err);
    report_end(worker, event, &err);
}

static struct node *queue_pop(struct worker *worker)
{
    pthread_mutex_lock(&worker->mutex);
    worker->running = NULL;
    while (worker->first == NULL)
        pthread_cond_wait(&worker->wake, &worker->mutex);
    struct node *node = worker->first;
    worker->first = node->next;
    if (worker->first == NULL)
        worker->last = &worker->first;
    worker->running = &node->command;
    worker->silence = 0;
    worker->cancelled = false;
    pthread_mutex_unlock(&worker->mutex);
    return node;
}

static _Noreturn void worker_work(struct worker *worker)
{
    for (;;) {
        struct node *node = queue_pop(worker);
        const struct worker_command *command = &node->command;
        if (command->op == COMMAND_SETUP || command->op == COMMAND_SETTLE)
            run_setup(worker, command);
        else if (command->op == COMMAND_LOAD)
            run_load(worker, command);
        else if (command->op == COMMAND_MEASURE)
            run_measure(worker, command);
        else
            run_verify(worker, command);
        pthread_mutex_lock(&worker->mutex);
        worker->running = NULL; /* before it is freed: the reader looks at it */
        pthread_mutex_unlock(&worker->mutex);
        command_free(&node->command);
        free(node);
    }
}

/* ---- the reader thread ---- */

static void queue_push(struct worker *worker, const struct worker_command *command)
{
    struct node *node = xcalloc(1, sizeof *node);
    node->command = *command;
    pthread_mutex_lock(&worker->mutex);
    *worker->last = node;
    worker->last = &node->next;
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->mutex);
}

/* Takes the measures and verifies out of the queue; answers them outside the lock. */
static void cancel(struct worker *worker)
{
    struct node *dropped = NULL, **tail = &dropped;
    pthread_mutex_lock(&worker->mutex);
    worker->cancelled = true;
    for (struct node **link = &worker->first; *link;) {
        struct node *node = *link;
        if (!has_end(&node->command)) {
            link = &node->next;
            continue;
        }
        *link = node->next;
        node->next = NULL;
        *tail = node;
        tail = &node->next;
    }
    worker->last = &worker->first;
    while (*worker->last)
        worker->last = &(*worker->last)->next;
    pthread_mutex_unlock(&worker->mutex);
    while (dropped) {
        struct node *node = dropped;
        struct event *event = new_end(&node->command, JOB_CANCELLED);
        dropped = node->next;
        worker_emit(worker, event);
        free(event);
        command_free(&node->command);
        free(node);
    }
}

static void take_line(struct worker *worker, const char *line)
{
    struct worker_command command;
    struct error err = {0};
    if (!command_parse(line, &command, &err)) {
        emit_error(worker, &err);
        return;
    }
    switch (command.op) {
    case COMMAND_CANCEL:
        cancel(worker);
        break;
    case COMMAND_BYE:
        _exit(0);
    default:
        queue_push(worker, &command);
    }
}

/* Takes the lines that are whole and keeps the rest. */
static void take_lines(struct worker *worker, struct text *text)
{
    char *start = text->data, *end = text->data + text->length, *newline;
    while ((newline = memchr(start, '\n', (size_t)(end - start))) != NULL) {
        *newline = 0;
        take_line(worker, start);
        start = newline + 1;
    }
    text->length = (size_t)(end - start);
    memmove(text->data, start, text->length);
}

/*
 * The running command has been silent for too long: the process ends. `passed` is what the last
 * turn of the reader took, bounded so that time spent stopped or suspended does not count.
 */
static void watch(struct worker *worker, double passed)
{
    pthread_mutex_lock(&worker->mutex);
    const struct worker_command *running = worker->running;
    bool setup = running && running->op == COMMAND_SETUP;
    double patience = setup ? WORKER_SETUP_PATIENCE_S : WORKER_PATIENCE_S;
    if (running && !worker->emitting)
        worker->silence += passed < 2 ? passed : 2;
    bool over = running && worker->silence > patience;
    struct event *event = over && has_end(running) ? new_end(running, JOB_HANG) : NULL;
    pthread_mutex_unlock(&worker->mutex);
    if (!over)
        return;
    if (event) {
        snprintf(event->text, sizeof event->text, "no sign of life for %.0f s", patience);
        worker_emit(worker, event);
    }
    _exit(ERROR_FAILED);
}

static void *worker_read(void *arg)
{
    struct worker *worker = arg;
    struct text text = {0};
    double before = clock_monotonic();
    for (;;) {
        char bytes[65536];
        struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
        ssize_t got = poll(&in, 1, 1000) > 0 ? read(STDIN_FILENO, bytes, sizeof bytes) : -1;
        if (got == 0)
            _exit(0);
        if (got > 0) {
            text_add_bytes(&text, bytes, (size_t)got);
            take_lines(worker, &text);
        }
        double now = clock_monotonic();
        watch(worker, now - before);
        before = now;
    }
    return NULL;
}

/* ---- both ---- */

static void greet(struct worker *worker, const struct device *device)
{
    struct event *event = xcalloc(1, sizeof *event);
    struct hello *hello = &event->hello;
    event->op = EVENT_HELLO;
    hello->protocol = PROTOCOL_VERSION;
    snprintf(hello->version, sizeof hello->version, "%s", PACKAGE_VERSION);
    snprintf(hello->backend, sizeof hello->backend, "%s", worker->backend->name);
    hello->device = *device;
    hello->recorded = worker->backend->recorded;
    if (worker->backend->label)
        worker->backend->label(worker->self, hello->label, sizeof hello->label);
    worker_emit(worker, event);
    free(event);
}

bool worker_run(const struct backend *backend, const char *argument, double pace, struct error *err)
{
    struct worker *worker = xcalloc(1, sizeof *worker);
    worker->backend = backend;
    worker->last = &worker->first;
    pthread_mutex_init(&worker->output, NULL);
    pthread_mutex_init(&worker->mutex, NULL);
    pthread_cond_init(&worker->wake, NULL);
    /* What a library prints must not get among the events. */
    worker->out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (worker->out < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return error_errno(err, ERROR_FAILED, "worker: stdout");
    struct sigaction action = {.sa_handler = count_continue, .sa_flags = SA_RESTART};
    sigaction(SIGCONT, &action, NULL);

    struct device device = {0};
    pthread_t reader;
    worker->self = backend->open(argument, pace, &device, err);
    if (worker->self == NULL) {
        emit_error(worker, err);
        return false;
    }
    greet(worker, &device);
    int failure = pthread_create(&reader, NULL, worker_read, worker);
    if (failure)
        return error_set(err, ERROR_FAILED, "worker: no thread: %s", strerror(failure));
    worker_work(worker);
}
