/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_BASE_PATH_H
#define MOEBENCH_BASE_PATH_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum path_xdg { PATH_CONFIG, PATH_DATA, PATH_STATE, PATH_CACHE };

/* $XDG_*_HOME/moebench or its default under $HOME. free() the result; NULL when HOME is unset. */
char *path_xdg_folder(enum path_xdg which);
/* The folder of shipped files (MOEBENCH_DATA, the source tree's, or the installed one). free(). */
char *path_data_folder(void);
/* Where huggingface_hub keeps what it downloaded: $HF_HUB_CACHE, $HF_HOME/hub, $XDG_CACHE_HOME or
 * ~/.cache with huggingface/hub. free() the result; NULL when HOME is unset too. */
char *path_hub_folder(void);
char *path_join(const char *folder, const char *name);
/* The part after the last '/', borrowed from `path`. */
const char *path_basename(const char *path);
/* The part before the last '/' ("." without one), free(). */
char *path_dirname(const char *path);
/* From the root on, by its text alone: "." and ".." taken out, links left as they are; free(). */
char *path_absolute(const char *path);
bool path_exists(const char *path);
bool path_is_folder(const char *path);
bool path_make_folders(const char *path, struct error *err);
/* The whole file, NUL-terminated, free(); files over `limit` bytes are refused. */
char *path_read(const char *path, size_t limit, size_t *length, struct error *err);
/* Written beside, fsynced and renamed: readers see the old file or the new one, never a part. */
bool path_write_atomic(const char *path, const void *bytes, size_t length, struct error *err);
/* As path_write_atomic, without waiting for the disk: a power loss may leave it damaged. */
bool path_write_quick(const char *path, const void *bytes, size_t length, struct error *err);
/*
 * Calls visit(path, arg) for every regular file below `folder` in sorted order, symbolic links to
 * files included, links to folders not followed; visit returns false to stop with its own error.
 */
bool path_walk(
    const char *folder, bool (*visit)(const char *path, void *arg), void *arg, struct error *err);

#endif
