/* SPDX-License-Identifier: MIT */
#include "store/name.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Makes the target of a link that leads nowhere yet; no other file, for closing a database that is
 * open would undo SQLite's locks. */
static void make_target(const char *path)
{
    int fd = access(path, F_OK) == 0 ? -1 : open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    if (fd >= 0)
        close(fd);
}

static bool check_kind(const char *path, const char *file, bool writing, struct error *err)
{
    struct stat is;

    if (stat(file, &is) != 0)
        return writing ||
               (errno == ENOENT ? error_set(err, ERROR_FAILED, "%s: no such database", path)
                                : error_errno(err, ERROR_FAILED, "%s: cannot be read", path));
    if (!S_ISREG(is.st_mode))
        return error_set(err, ERROR_FAILED, "%s: not a regular file", path);
    if (writing && is.st_nlink > 1)
        return error_set(err, ERROR_FAILED,
            "%s: has another name (a hard link), under which another moebench could write at the "
            "same time; remove one of the names, or work on a copy",
            path);
    return true;
}

char *name_resolve(const char *path, bool writing, struct error *err)
{
    struct stat is;
    char *file = NULL;

    if (!*path) {
        error_set(err, ERROR_FAILED, "the database's name is empty (--db, MOEBENCH_DB)");
        return NULL;
    }
    if (lstat(path, &is) == 0 && S_ISLNK(is.st_mode)) {
        if (writing)
            make_target(path);
        file = realpath(path, NULL);
        if (!file && writing) {
            error_errno(err, ERROR_FAILED, "%s: this link cannot be followed", path);
            return NULL;
        }
    }
    if (!file)
        file = xstrdup(path);
    if (check_kind(path, file, writing, err))
        return file;
    free(file);
    return NULL;
}
