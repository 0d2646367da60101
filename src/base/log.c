/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include "base/clock.h"
#include "base/path.h"
#include "base/text.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_LIMIT ((off_t)4 << 20)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;  /* under lock */
static bool log_refused; /* under lock: it could not be opened; not tried again */

/* Under lock. Renames a log that has grown too large, so that two files bound the space. */
static void log_open(void)
{
    char *folder = path_xdg_folder(PATH_STATE);
    if (folder && path_make_folders(folder, NULL)) {
        char *path = path_join(folder, "log");
        struct stat info;
        if (stat(path, &info) == 0 && info.st_size > LOG_LIMIT) {
            char *old = path_join(folder, "log.old");
            if (rename(path, old) != 0)
                log_refused = true;
            free(old);
        }
        if (!log_refused)
            log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        free(path);
    }
    free(folder);
    log_refused = log_fd < 0;
}

/* Under lock. */
static void log_write(const struct text *line)
{
    struct stat info;
    if (log_fd >= 0 && fstat(log_fd, &info) == 0 && info.st_size > LOG_LIMIT) {
        close(log_fd);
        log_fd = -1;
    }
    if (log_fd < 0 && !log_refused)
        log_open();
    if (log_fd >= 0 && write(log_fd, line->data, line->length) < 0) {
        close(log_fd);
        log_fd = -1;
        log_refused = true;
    }
}

void log_line(const char *format, ...)
{
    char message[4096], when[32];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);

    struct text line = {0};
    text_add(
        &line, "%s %ld %s\n", clock_iso(clock_wall(), when, sizeof when), (long)getpid(), message);
    pthread_mutex_lock(&lock);
    log_write(&line);
    pthread_mutex_unlock(&lock);
    text_free(&line);
}
