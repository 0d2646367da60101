/* SPDX-License-Identifier: MIT */
#include "store/lock.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void host_name(char *buffer, size_t size)
{
    if (gethostname(buffer, size) != 0)
        snprintf(buffer, size, "localhost");
    buffer[size - 1] = '\0';
}

/* Returns whether anything stands in the file. */
static bool read_holder(int fd, struct lock_holder *holder)
{
    char line[128], host[sizeof holder->host];
    ssize_t length = pread(fd, line, sizeof line - 1, 0);

    *holder = (struct lock_holder){0};
    if (length <= 0)
        return false;
    line[length] = '\0';
    if (sscanf(line, "%ld %63s", &holder->pid, holder->host) != 2)
        return false;
    host_name(host, sizeof host);
    holder->here = strcmp(holder->host, host) == 0;
    return true;
}

static bool write_holder(int fd)
{
    char host[64], line[128];

    host_name(host, sizeof host);
    int length = snprintf(line, sizeof line, "%ld %s\n", (long)getpid(), host);
    return ftruncate(fd, 0) == 0 && pwrite(fd, line, (size_t)length, 0) == length;
}

/* SQLite locks by the classic kind, which some file systems lack: found out here, where it can be
 * explained, for SQLite itself would only say "locked". */
static bool classic_locks_work(int fd)
{
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 1};

    if (fcntl(fd, F_SETLK, &lock) != 0)
        return errno == EAGAIN || errno == EACCES;
    lock.l_type = F_UNLCK;
    return fcntl(fd, F_SETLK, &lock) == 0;
}

static enum lock_result fail_locks(const char *path, struct error *err)
{
    error_set(err, ERROR_FAILED,
        "%s: this file system has no working file locks (%s), so two programs could damage the "
        "database; keep it on a local disk: --db FILE, or MOEBENCH_DB=FILE",
        path, strerror(errno));
    return LOCK_FAILED;
}

static enum lock_result lock_open_file(
    int fd, bool exclusive, struct lock_holder *holder, const char *path, struct error *err)
{
    struct flock lock = {.l_type = exclusive ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET};

    if (!classic_locks_work(fd))
        return fail_locks(path, err);
    if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
        return LOCK_TAKEN;
    if (errno != EAGAIN && errno != EACCES)
        return fail_locks(path, err);
    read_holder(fd, holder);
    return LOCK_HELD;
}

enum lock_result lock_take(const char *path, bool exclusive, int *fd, bool *unclean,
    struct lock_holder *holder, struct error *err)
{
    char *name = xasprintf("%s.lock", path);
    struct lock_holder before;
    enum lock_result result = LOCK_FAILED;

    *unclean = false;
    *fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (*fd < 0) {
        error_set(err, ERROR_FAILED,
            "%s: cannot be opened (%s); name another database: --db FILE, or MOEBENCH_DB=FILE",
            name, strerror(errno));
        goto out;
    }
    result = lock_open_file(*fd, exclusive, holder, path, err);
    if (result == LOCK_TAKEN && exclusive) {
        *unclean = read_holder(*fd, &before);
        if (!write_holder(*fd)) {
            error_errno(err, ERROR_FAILED, "%s: cannot be written", name);
            result = LOCK_FAILED;
        }
    }
    if (result != LOCK_TAKEN) {
        close(*fd);
        *fd = -1;
    }
out:
    free(name);
    return result;
}

bool lock_works(const char *path, struct error *err)
{
    char *name = xasprintf("%s.lock", path);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    bool works = fd < 0 || classic_locks_work(fd);

    free(name);
    if (!works)
        fail_locks(path, err);
    if (fd >= 0)
        close(fd);
    return works;
}

void lock_release(int fd, bool exclusive)
{
    if (fd < 0)
        return;
    /* A failure leaves the holder's name behind: the next one then checks the database. */
    if (exclusive && ftruncate(fd, 0) != 0)
        errno = 0;
    close(fd);
}

bool lock_is_held(const char *path, struct lock_holder *holder)
{
    char *name = xasprintf("%s.lock", path);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    bool held = false;

    free(name);
    *holder = (struct lock_holder){0};
    if (fd < 0)
        return false;
    if (fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_WRLCK) {
        read_holder(fd, holder);
        held = !(holder->here && holder->pid == (long)getpid());
    }
    close(fd);
    return held;
}
