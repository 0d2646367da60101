/* SPDX-License-Identifier: MIT */
/*
 * A file: "moebench kernel 1 SHA256-OF-THE-REST\n", the facts as one line of JSON, the cubin. Its
 * modification time is its last use.
 */
#include "compile/cache.h"

#include "base/hash.h"
#include "base/log.h"
#include "base/path.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "moebench kernel 1 "
#define HEAD_SIZE (sizeof MAGIC - 1 + HASH_HEX_SIZE) /* the newline stands for the NUL */
#define FILE_LIMIT ((size_t)64 << 20)

void cache_open(struct cache *cache, const char *folder, long long limit)
{
    *cache = (struct cache){.limit = limit, .bytes = -1};
    char *home = folder ? NULL : path_xdg_folder(PATH_CACHE);
    if (folder)
        cache->folder = xstrdup(folder);
    else if (home)
        cache->folder = path_join(home, "kernels");
    free(home);
}

void cache_close(struct cache *cache)
{
    free(cache->folder);
    cache->folder = NULL;
}

/* Two digits of the key make a folder of their own: some file systems slow down in large ones. */
static char *entry_path(const struct cache *cache, const char *key)
{
    return xasprintf("%s/%.2s/%s", cache->folder, key, key + 2);
}

/* Whether the file is whole; fills *kernel from it. */
static bool entry_read(const char *bytes, size_t length, struct kernel *kernel)
{
    char hash[HASH_HEX_SIZE];
    if (length <= HEAD_SIZE || memcmp(bytes, MAGIC, sizeof MAGIC - 1) != 0)
        return false;
    const char *facts = bytes + HEAD_SIZE;
    size_t left = length - HEAD_SIZE;
    hash_sha256(facts, left, hash);
    const char *end = memchr(facts, '\n', left);
    if (end == NULL || memcmp(bytes + sizeof MAGIC - 1, hash, HASH_HEX_SIZE - 1) != 0)
        return false;
    struct json *json = json_parse(facts, (size_t)(end - facts), NULL);
    bool ok = json && kernel_from_json(json, kernel, NULL);
    json_free(json);
    if (!ok)
        return false;
    kernel->cubin_size = left - (size_t)(end + 1 - facts);
    kernel->cubin = xcalloc(kernel->cubin_size + 1, 1);
    memcpy(kernel->cubin, end + 1, kernel->cubin_size);
    kernel->seconds = 0;
    kernel->cached = true;
    return true;
}

bool cache_has(const struct cache *cache, const char *key)
{
    if (cache->folder == NULL)
        return false;
    char *path = entry_path(cache, key);
    bool found = path_exists(path);
    free(path);
    return found;
}

bool cache_get(struct cache *cache, const char *key, struct kernel *kernel)
{
    if (cache->folder == NULL)
        return false;
    size_t length = 0;
    char *path = entry_path(cache, key);
    char *bytes = path_exists(path) ? path_read(path, FILE_LIMIT, &length, NULL) : NULL;
    bool found = bytes && entry_read(bytes, length, kernel);
    if (found) {
        utimensat(AT_FDCWD, path, NULL, 0);
    } else if (bytes) {
        log_line("kernel cache: %s is damaged, deleted", path);
        unlink(path);
    }
    free(bytes);
    free(path);
    return found;
}

/* A file seen by the walk. */
struct entry {
    char *path;
    struct timespec used;
    long long bytes;
};

struct entries {
    struct entry *list;
    size_t count;
    long long bytes;
};

static bool entries_add(const char *path, void *arg)
{
    struct entries *entries = arg;
    struct stat status;
    if (lstat(path, &status) != 0)
        return true; /* another process has just deleted it */
    if ((entries->count & (entries->count + 1)) == 0)
        entries->list = xrealloc(entries->list, 2 * (entries->count + 1), sizeof *entries->list);
    entries->list[entries->count++] = (struct entry){xstrdup(path), status.st_mtim, status.st_size};
    entries->bytes += status.st_size;
    return true;
}

static int compare_use(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    if (a->used.tv_sec != b->used.tv_sec)
        return a->used.tv_sec < b->used.tv_sec ? -1 : 1;
    return a->used.tv_nsec < b->used.tv_nsec ? -1 : a->used.tv_nsec > b->used.tv_nsec;
}

/* Counts the files; over the limit, deletes from the longest unused on. */
static void cache_trim(struct cache *cache)
{
    struct entries entries = {0};
    if (!path_walk(cache->folder, entries_add, &entries, NULL))
        log_line("kernel cache: %s cannot be read whole", cache->folder);
    cache->bytes = entries.bytes;
    if (entries.bytes > cache->limit) {
        qsort(entries.list, entries.count, sizeof *entries.list, compare_use);
        for (size_t i = 0; i < entries.count && cache->bytes > cache->limit / 10 * 9; i++)
            if (unlink(entries.list[i].path) == 0)
                cache->bytes -= entries.list[i].bytes;
    }
    for (size_t i = 0; i < entries.count; i++)
        free(entries.list[i].path);
    free(entries.list);
}

void cache_put(struct cache *cache, const char *key, const struct kernel *kernel)
{
    if (cache->folder == NULL)
        return;
    struct json *facts = json_new_object();
    kernel_add_json(facts, kernel);
    char *line = json_print(facts);
    json_free(facts);
    struct text rest = {0}, file = {0};
    char hash[HASH_HEX_SIZE];
    text_add(&rest, "%s\n", line);
    text_add_bytes(&rest, kernel->cubin, kernel->cubin_size);
    hash_sha256(rest.data, rest.length, hash);
    text_add(&file, MAGIC "%s\n", hash);
    text_add_bytes(&file, rest.data, rest.length);

    char *path = entry_path(cache, key);
    char *folder = path_dirname(path);
    struct error err = {0};
    if (!path_make_folders(folder, &err) || !path_write_quick(path, file.data, file.length, &err))
        log_line("kernel cache: %s", err.text);
    else if (cache->bytes >= 0)
        cache->bytes += (long long)file.length;
    if (cache->bytes < 0 || cache->bytes > cache->limit)
        cache_trim(cache);
    free(folder);
    free(path);
    text_free(&file);
    text_free(&rest);
    free(line);
}
