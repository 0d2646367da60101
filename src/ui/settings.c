/* SPDX-License-Identifier: MIT */
#include "ui/settings.h"

#include "base/json.h"
#include "base/path.h"

#include <stdlib.h>
#include <string.h>

enum theme settings_theme(void)
{
    enum theme theme = THEME_VIRIDIS;
    char *folder = path_xdg_folder(PATH_CONFIG);
    char *path = folder ? path_join(folder, "settings.json") : NULL;
    struct json *json = path ? json_parse_file(path, NULL) : NULL;
    const char *name = json_string(json_get(json, "theme"));
    if (name)
        theme_parse(name, &theme);
    json_free(json);
    free(path);
    free(folder);
    return theme;
}

bool settings_save(enum theme theme, struct error *err)
{
    char *folder = path_xdg_folder(PATH_CONFIG);
    if (!folder)
        return error_set(err, ERROR_FAILED, "settings: HOME is not set");
    char *path = path_join(folder, "settings.json");
    struct json *json = json_new_object();
    json_add_int(json, "version", 1);
    json_add_string(json, "theme", theme_name(theme));
    char *text = json_print_pretty(json);
    bool done = path_make_folders(folder, err) && path_write_atomic(path, text, strlen(text), err);
    free(text);
    json_free(json);
    free(path);
    free(folder);
    return done;
}
