/* SPDX-License-Identifier: MIT */
#include "base/child.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ERRORS_KEPT 4096
#define LAST_ERRORS 0.2 /* seconds that stderr may lag behind the end of stdout */

/* The four pipes of a start; `status` carries errno when exec fails. */
enum { PIPE_IN, PIPE_OUT, PIPE_ERR, PIPE_STATUS, PIPES };

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_pipes(int pipes[PIPES][2])
{
    for (int i = 0; i < PIPES; i++) {
        close_fd(&pipes[i][0]);
        close_fd(&pipes[i][1]);
    }
}

static bool open_pipes(int pipes[PIPES][2], struct error *err)
{
    for (int i = 0; i < PIPES; i++)
        pipes[i][0] = pipes[i][1] = -1;
    for (int i = 0; i < PIPES; i++) {
        if (pipe2(pipes[i], O_CLOEXEC) != 0)
            goto fail;
        for (int end = 0; end < 2; end++) { /* clear of 0 to 2, which the child redirects */
            int high = fcntl(pipes[i][end], F_DUPFD_CLOEXEC, 3);
            if (high < 0)
                goto fail;
            close(pipes[i][end]);
            pipes[i][end] = high;
        }
    }
    return true;
fail:
    error_errno(err, ERROR_FAILED, "cannot make a pipe");
    close_pipes(pipes);
    return false;
}

/* Between fork and exec: only async-signal-safe calls. */
static void close_on_exec_from(unsigned first)
{
    if (close_range(first, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
        return;
    for (int fd = (int)first; fd < 4096; fd++) /* kernels before 5.11 */
        fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static _Noreturn void child_exec(const char *const argv[], int pipes[PIPES][2])
{
    setpgid(0, 0);
    for (int number = 1; number < NSIG; number++) {
        signal(number, SIG_IGN); /* drops a Ctrl-C that came before the group of our own */
        signal(number, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(pipes[PIPE_IN][0], 0) >= 0 && dup2(pipes[PIPE_OUT][1], 1) >= 0 &&
        dup2(pipes[PIPE_ERR][1], 2) >= 0) {
        close_on_exec_from(3);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
    }
    int failure = errno;
    ssize_t told = write(pipes[PIPE_STATUS][1], &failure, sizeof failure);
    _exit(told == sizeof failure ? 127 : 126);
}

/* 0 once exec has succeeded, else its errno. */
static int exec_failure(int fd)
{
    int failure = 0;
    ssize_t got;
    do
        got = read(fd, &failure, sizeof failure);
    while (got < 0 && errno == EINTR);
    return got == sizeof failure ? failure : 0;
}

bool child_start(struct child *child, const char *const argv[], struct error *err)
{
    *child = (struct child){.in = -1, .out = -1, .err = -1};
    int pipes[PIPES][2];
    if (!open_pipes(pipes, err))
        return false;
    pid_t pid = fork();
    if (pid == 0)
        child_exec(argv, pipes);
    if (pid < 0) {
        error_errno(err, ERROR_FAILED, "cannot start a process");
        close_pipes(pipes);
        return false;
    }
    setpgid(pid, pid); /* both sides do, so that neither waits for the other */
    close_fd(&pipes[PIPE_STATUS][1]);
    int failure = exec_failure(pipes[PIPE_STATUS][0]);
    if (failure) {
        waitpid(pid, NULL, 0);
        close_pipes(pipes);
        return error_set(err, ERROR_FAILED, "%s: cannot run it: %s", argv[0], strerror(failure));
    }
    child->pid = pid;
    child->in = pipes[PIPE_IN][1];
    child->out = pipes[PIPE_OUT][0];
    child->err = pipes[PIPE_ERR][0];
    pipes[PIPE_IN][1] = pipes[PIPE_OUT][0] = pipes[PIPE_ERR][0] = -1;
    close_pipes(pipes);
    fcntl(child->in, F_SETFL, O_NONBLOCK);
    fcntl(child->out, F_SETFL, O_NONBLOCK);
    fcntl(child->err, F_SETFL, O_NONBLOCK);
    return true;
}

/* Appends what one read gives; closes *fd at its end. */
static void drain(int *fd, struct text *into)
{
    char chunk[65536];
    ssize_t got = read(*fd, chunk, sizeof chunk);
    if (got > 0)
        text_add_bytes(into, chunk, (size_t)got);
    else if (got == 0 || (errno != EAGAIN && errno != EINTR))
        close_fd(fd);
}

static void drain_errors(struct child *child)
{
    struct text *errors = &child->errors;
    drain(&child->err, errors);
    if (errors->length > ERRORS_KEPT) {
        size_t excess = errors->length - ERRORS_KEPT;
        memmove(errors->data, errors->data + excess, ERRORS_KEPT + 1);
        errors->length = ERRORS_KEPT;
    }
}

/*
 * Waits until something can be read (or written, when `writing`), at most `timeout` seconds, and
 * takes what stdout and stderr have. True when stdin takes bytes or is broken.
 */
static bool child_pump(struct child *child, bool writing, double timeout)
{
    struct pollfd fds[3] = {
        {.fd = child->out, .events = POLLIN},
        {.fd = child->err, .events = POLLIN},
        {.fd = writing ? child->in : -1, .events = POLLOUT},
    };
    int wait = timeout < 0 ? -1 : timeout > 1e6 ? 1000000000 : (int)(timeout * 1e3 + 0.999);
    if (poll(fds, 3, wait) <= 0)
        return false;
    if (fds[0].revents)
        drain(&child->out, &child->lines);
    if (fds[1].revents)
        drain_errors(child);
    return fds[2].revents != 0;
}

/* write() that never raises SIGPIPE in this process, whatever its handlers are. */
static ssize_t write_quietly(int fd, const void *bytes, size_t length)
{
    sigset_t pipe_only, before, pending;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    ssize_t put = write(fd, bytes, length);
    int failure = errno;
    if (put < 0 && failure == EPIPE && !sigismember(&pending, SIGPIPE))
        sigtimedwait(&pipe_only, NULL, &(struct timespec){0});
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = failure;
    return put;
}

bool child_write(struct child *child, const void *bytes, size_t length, struct error *err)
{
    const char *at = bytes;
    while (length > 0) {
        if (child->in < 0)
            return error_set(err, ERROR_FAILED, "the child's stdin is closed");
        if (!child_pump(child, true, -1))
            continue;
        ssize_t put = write_quietly(child->in, at, length);
        if (put >= 0) {
            at += put;
            length -= (size_t)put;
        } else if (errno != EAGAIN && errno != EINTR) {
            error_errno(err, ERROR_FAILED, "cannot write to the child");
            close_fd(&child->in);
            return false;
        }
    }
    return true;
}

/* Hands over the first line; without a newline, the rest when stdout has ended. */
static char *take_line(struct child *child)
{
    struct text *lines = &child->lines;
    if (lines->length == 0)
        return NULL;
    char *newline = memchr(lines->data, '\n', lines->length);
    if (!newline && child->out >= 0)
        return NULL;
    size_t length = newline ? (size_t)(newline - lines->data) : lines->length;
    size_t used = newline ? length + 1 : length;
    char *line = xcalloc(length + 1, 1);
    memcpy(line, lines->data, length);
    lines->length -= used;
    memmove(lines->data, lines->data + used, lines->length + 1);
    return line;
}

static void drain_last_errors(struct child *child)
{
    double end = clock_monotonic() + LAST_ERRORS;
    for (double left = LAST_ERRORS; child->err >= 0 && left > 0; left = end - clock_monotonic())
        child_pump(child, false, left);
}

enum child_read child_read_line(struct child *child, double timeout, char **line)
{
    double end = clock_monotonic() + timeout;
    double left = timeout;
    bool last = false;
    for (;;) {
        *line = take_line(child);
        if (*line)
            return CHILD_LINE;
        if (child->out < 0) {
            drain_last_errors(child);
            return CHILD_ENDED;
        }
        if (last)
            return CHILD_TIMEOUT;
        child_pump(child, false, left);
        if (timeout >= 0) {
            left = end - clock_monotonic();
            last = left <= 0;
            left = last ? 0 : left;
        }
    }
}

/* True once it has ended; it stays unreaped, so that its group's number cannot be another's yet. */
static bool child_has_ended(const struct child *child)
{
    siginfo_t info = {0};
    int result = waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT);
    return (result != 0 && errno != EINTR) || info.si_pid != 0;
}

void child_stop(struct child *child, double grace)
{
    close_fd(&child->in);
    double end = clock_monotonic() + grace;
    while (child->pid && !child_has_ended(child) && clock_monotonic() < end) {
        if (child->out < 0 && child->err < 0)
            clock_sleep(0.002);
        else
            child_pump(child, false, 0.01);
        child->lines.length = 0;
    }
    if (child->pid) {
        kill(-child->pid, SIGKILL); /* what it started itself goes too */
        while (waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR)
            continue;
        child->pid = 0;
    }
    close_fd(&child->out);
    close_fd(&child->err);
    text_free(&child->lines);
    text_free(&child->errors);
}

void child_last_words(const struct child *child, char *buffer, size_t size)
{
    const char *text = child->errors.data ? child->errors.data : "";
    size_t length = child->errors.length;
    while (length > 0 && text[length - 1] == '\n')
        length--;
    size_t start = length;
    while (start > 0 && text[start - 1] != '\n')
        start--;
    snprintf(buffer, size, "%.*s", (int)(length - start), text + start);
}

const char *child_how_it_ended(const struct child *child)
{
    static _Thread_local char text[96];
    int status = child->status;
    if (child->pid)
        snprintf(text, sizeof text, "still running");
    else if (WIFEXITED(status))
        snprintf(text, sizeof text, "exited with %d", WEXITSTATUS(status));
    else
        snprintf(text, sizeof text, "killed by signal %d (%s)", WTERMSIG(status),
            strsignal(WTERMSIG(status)));
    return text;
}
