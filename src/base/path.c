/* SPDX-License-Identifier: MIT */
#include "base/path.h"

#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WALK_DEPTH 64

static const struct {
    const char *variable; /* environment */
    const char *fallback; /* under $HOME */
} xdg_folders[] = {
    [PATH_CONFIG] = {"XDG_CONFIG_HOME", ".config"},
    [PATH_DATA] = {"XDG_DATA_HOME", ".local/share"},
    [PATH_STATE] = {"XDG_STATE_HOME", ".local/state"},
    [PATH_CACHE] = {"XDG_CACHE_HOME", ".cache"},
};

/* The XDG specification: a relative path in the variable is to be ignored. */
char *path_xdg_folder(enum path_xdg which)
{
    const char *base = getenv(xdg_folders[which].variable);
    if (base && base[0] == '/')
        return path_join(base, "moebench");
    const char *home = getenv("HOME");
    if (!home || home[0] != '/')
        return NULL;
    return xasprintf("%s/%s/moebench", home, xdg_folders[which].fallback);
}

/* Whether the running program lies in the build tree that it was made in. */
static bool path_is_uninstalled(void)
{
    char program[PATH_MAX], build[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length < 0 || !realpath(BUILD_FOLDER, build))
        return false;
    program[length] = '\0';
    size_t prefix = strlen(build);
    return strncmp(program, build, prefix) == 0 && program[prefix] == '/' &&
           path_is_folder(SOURCE_FOLDER "/data");
}

char *path_data_folder(void)
{
    const char *given = getenv("MOEBENCH_DATA");
    if (given && *given)
        return xstrdup(given);
    return xstrdup(path_is_uninstalled() ? SOURCE_FOLDER "/data" : PKGDATADIR);
}

char *path_hub_folder(void)
{
    static const struct {
        const char *variable, *below;
    } places[] = {
        {"HF_HUB_CACHE", ""},
        {"HF_HOME", "hub"},
        {"XDG_CACHE_HOME", "huggingface/hub"},
        {"HOME", ".cache/huggingface/hub"},
    };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const char *base = getenv(places[i].variable);
        if (base && *base)
            return *places[i].below ? path_join(base, places[i].below) : xstrdup(base);
    }
    return NULL;
}

char *path_join(const char *folder, const char *name)
{
    const char *slash = *folder == '\0' || text_ends_with(folder, "/") ? "" : "/";
    return xasprintf("%s%s%s", folder, slash, name);
}

const char *path_basename(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *path_dirname(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return xstrdup(".");
    return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

/* Takes the last folder off, down to "". */
static void drop_last(struct text *path)
{
    while (path->length > 0 && path->data[--path->length] != '/')
        continue;
    if (path->data)
        path->data[path->length] = '\0';
}

static void add_folders(struct text *absolute, const char *path)
{
    while (*path) {
        size_t length = strcspn(path, "/");
        if (length == 2 && strncmp(path, "..", 2) == 0)
            drop_last(absolute);
        else if (length > 0 && !(length == 1 && *path == '.'))
            text_add(absolute, "/%.*s", (int)length, path);
        path += length + (path[length] == '/');
    }
}

char *path_absolute(const char *path)
{
    struct text absolute = {0};
    char *here = *path == '/' ? NULL : getcwd(NULL, 0);
    if (here)
        add_folders(&absolute, here);
    free(here);
    add_folders(&absolute, path);
    if (absolute.length == 0)
        text_add(&absolute, "/");
    return text_take(&absolute);
}

bool path_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool path_is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool path_make_folders(const char *path, struct error *err)
{
    char *partial = xstrdup(path);
    bool done = true;
    for (char *p = partial; done && *p; p++) {
        bool inner = p[1] == '/';
        if (*p == '/' || (p[1] && !inner))
            continue;
        p[1] = '\0';
        if (mkdir(partial, 0777) != 0) {
            int why = errno;
            done = path_is_folder(partial);
            errno = why == EEXIST ? ENOTDIR : why;
            if (!done)
                error_errno(err, ERROR_FAILED, "%s: cannot make the folder", partial);
        }
        if (inner)
            p[1] = '/';
    }
    free(partial);
    return done;
}

/* Reads to the end of the file, or one byte past `limit`. */
static bool read_all(int fd, size_t limit, struct text *text)
{
    char chunk[65536];
    while (text->length <= limit) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        text_add_bytes(text, chunk, (size_t)got);
        if (got == 0)
            break;
    }
    return true;
}

char *path_read(const char *path, size_t limit, size_t *length, struct error *err)
{
    struct text text = {0};
    char *result = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || !read_all(fd, limit, &text)) {
        error_errno(err, ERROR_FAILED, "%s: cannot read", path);
    } else if (text.length > limit) {
        error_set(err, ERROR_FAILED, "%s: larger than %zu bytes", path, limit);
    } else {
        *length = text.length;
        result = text_take(&text);
    }
    text_free(&text);
    if (fd >= 0)
        close(fd);
    return result;
}

static bool write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t put = write(fd, bytes, length);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        bytes += put;
        length -= (size_t)put;
    }
    return true;
}

/* After a rename: the folder's entry itself reaches the disk. A failure loses no data. */
static void sync_folder_of(const char *path)
{
    char *folder = path_dirname(path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(folder);
}

/* Whole or not at all for other processes; `durable`: after a power loss too. */
static bool write_whole(
    const char *path, const void *bytes, size_t length, bool durable, struct error *err)
{
    static atomic_uint serial; /* two threads may write the same path */
    char *beside = xasprintf("%s.%ld.%u.tmp", path, (long)getpid(), atomic_fetch_add(&serial, 1));
    bool done = false;
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) {
        error_errno(err, ERROR_FAILED, "%s: cannot write beside it", path);
        goto out;
    }
    bool written = write_all(fd, bytes, length) && (!durable || fsync(fd) == 0);
    int failure = errno;
    if (close(fd) != 0 && written) {
        written = false;
        failure = errno;
    }
    errno = failure;
    if (!written || rename(beside, path) != 0) {
        error_errno(err, ERROR_FAILED, "%s: cannot write", path);
        unlink(beside);
        goto out;
    }
    if (durable)
        sync_folder_of(path);
    done = true;
out:
    free(beside);
    return done;
}

bool path_write_atomic(const char *path, const void *bytes, size_t length, struct error *err)
{
    return write_whole(path, bytes, length, true, err);
}

bool path_write_quick(const char *path, const void *bytes, size_t length, struct error *err)
{
    return write_whole(path, bytes, length, false, err);
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int not_dots(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

struct walk {
    bool (*visit)(const char *path, void *arg);
    void *arg;
    struct error *err;
};

static bool walk_folder(const struct walk *walk, const char *folder, int depth);

static bool walk_entry(const struct walk *walk, const char *path, int depth)
{
    struct stat link, target;
    if (lstat(path, &link) != 0 || stat(path, &target) != 0)
        return true; /* gone meanwhile, or a dangling link */
    if (S_ISREG(target.st_mode))
        return walk->visit(path, walk->arg);
    if (S_ISDIR(link.st_mode))
        return walk_folder(walk, path, depth + 1);
    return true;
}

static bool walk_folder(const struct walk *walk, const char *folder, int depth)
{
    if (depth > WALK_DEPTH)
        return error_set(walk->err, ERROR_FAILED, "%s: folders nested too deep", folder);
    struct dirent **entries;
    int count = scandir(folder, &entries, not_dots, compare_names);
    if (count < 0)
        return error_errno(walk->err, ERROR_FAILED, "%s: cannot list the folder", folder);
    bool done = true;
    for (int i = 0; i < count; i++) {
        if (done) {
            char *path = path_join(folder, entries[i]->d_name);
            done = walk_entry(walk, path, depth);
            free(path);
        }
        free(entries[i]);
    }
    free(entries);
    return done;
}

bool path_walk(
    const char *folder, bool (*visit)(const char *path, void *arg), void *arg, struct error *err)
{
    struct walk walk = {.visit = visit, .arg = arg, .err = err};
    return walk_folder(&walk, folder, 0);
}
