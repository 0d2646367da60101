/* SPDX-License-Identifier: MIT */
#include "tests/cmocka_all.h"

#include "base/log.h"
#include "base/path.h"
#include "base/text.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "test_base_path.XXXXXX"; /* under the build folder */

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char *command = xasprintf("rm -rf '%s'", folder);
    int status = system(command);
    free(command);
    return status;
}

static void parts_of_a_path(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"a/b.json", "a", "b.json"}, {"b.json", ".", "b.json"}, {"/b", "/", "b"}, {"a/", "a", ""}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *above = path_dirname(rows[i][0]);
        assert_string_equal(above, rows[i][1]);
        assert_string_equal(path_basename(rows[i][0]), rows[i][2]);
        free(above);
    }
    char *joined = path_join("a/", "b");
    assert_string_equal(joined, "a/b");
    free(joined);
}

static void xdg_folders(void **state)
{
    (void)state;
    setenv("HOME", "/h", 1);
    setenv("XDG_DATA_HOME", "/d", 1);
    setenv("XDG_STATE_HOME", "relative", 1); /* ignored, as the specification asks */
    char *data = path_xdg_folder(PATH_DATA);
    char *status = path_xdg_folder(PATH_STATE);
    assert_string_equal(data, "/d/moebench");
    assert_string_equal(status, "/h/.local/state/moebench");
    free(data);
    free(status);
    unsetenv("HOME");
    assert_null(path_xdg_folder(PATH_CACHE));
}

static void writes_and_reads(void **state)
{
    (void)state;
    struct error err = {0};
    char *deep = path_join(folder, "x/y/z");
    assert_true(path_make_folders(deep, &err));
    assert_true(path_make_folders(deep, &err));
    char *path = path_join(deep, "f");
    assert_true(path_write_atomic(path, "one", 3, &err));
    assert_true(path_write_atomic(path, "a\0b", 3, &err));
    size_t length = 0;
    char *text = path_read(path, 3, &length, &err);
    assert_non_null(text);
    assert_int_equal(length, 3);
    assert_memory_equal(text, "a\0b", 4);
    free(text);
    assert_null(path_read(path, 2, &length, &err));
    assert_non_null(strstr(err.text, "larger than 2"));
    assert_null(path_read(deep, 2, &length, &err));
    assert_null(path_read("no/such", 2, &length, &err));
    assert_false(path_write_atomic("no/such/f", "x", 1, &err));
    assert_non_null(strstr(err.text, "no/such/f"));
    assert_false(path_make_folders(path, &err));
    /* What stands there is no folder, whatever looking at it says. */
    char *dangling = path_join(deep, "dangling");
    assert_int_equal(symlink("nowhere", dangling), 0);
    assert_false(path_make_folders(dangling, &err));
    assert_non_null(strstr(err.text, strerror(ENOTDIR)));
    free(dangling);
    free(path);
    free(deep);
}

static void absolute_paths(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"/", "/"},
        {"/a//b/./c/", "/a/b/c"},
        {"/a/../../b", "/b"},
        {"/a/..", "/"},
        {"/a/..b/.c", "/a/..b/.c"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *path = path_absolute(rows[i][0]);
        assert_string_equal(path, rows[i][1]);
        free(path);
    }
    char *here = path_absolute("."), *file = path_absolute("./x/../f");
    assert_true(path_is_folder(here));
    assert_int_equal(*here, '/');
    assert_true(text_starts_with(file, here));
    assert_string_equal(path_basename(file), "f");
    free(here);
    free(file);
}

static bool collect(const char *path, void *arg)
{
    text_add(arg, "%s ", path + strlen(folder));
    return !text_ends_with(path, "stop");
}

static void touch(const char *name)
{
    char *path = path_join(folder, name);
    assert_true(path_write_atomic(path, "", 0, NULL));
    free(path);
}

static void walks_in_order(void **state)
{
    (void)state;
    char *sub = path_join(folder, "walk/sub"), *link_file = path_join(folder, "walk/link");
    char *link_folder = path_join(folder, "walk/loop"), *top = path_join(folder, "walk");
    assert_true(path_make_folders(sub, NULL));
    touch("walk/b");
    touch("walk/Z");
    touch("walk/sub/c");
    assert_int_equal(symlink("b", link_file), 0);
    assert_int_equal(symlink("..", link_folder), 0);
    struct text seen = {0};
    assert_true(path_walk(top, collect, &seen, NULL));
    assert_string_equal(seen.data, "/walk/Z /walk/b /walk/link /walk/sub/c ");
    text_free(&seen);
    touch("walk/Zstop");
    assert_false(path_walk(top, collect, &seen, NULL));
    assert_string_equal(seen.data, "/walk/Z /walk/Zstop ");
    text_free(&seen);
    struct error err = {0};
    assert_false(path_walk("no/such", collect, &seen, &err));
    assert_non_null(strstr(err.text, "no/such"));
    free(sub);
    free(link_file);
    free(link_folder);
    free(top);
}

static void data_folder_from_the_environment(void **state)
{
    (void)state;
    setenv("MOEBENCH_DATA", "/elsewhere", 1);
    char *data = path_data_folder();
    assert_string_equal(data, "/elsewhere");
    free(data);
    unsetenv("MOEBENCH_DATA");
}

static void log_is_bounded(void **state)
{
    (void)state;
    char *here = realpath(folder, NULL);
    setenv("XDG_STATE_HOME", here, 1);
    char *message = xcalloc(4001, 1);
    memset(message, 'x', 4000);
    for (int i = 0; i < 1200; i++)
        log_line("%d %s", i, message);
    char *log = path_join(here, "moebench/log"), *old = path_join(here, "moebench/log.old");
    struct stat info;
    assert_int_equal(stat(log, &info), 0);
    assert_true(info.st_size > 0 && info.st_size < 4 << 20);
    assert_int_equal(stat(old, &info), 0);
    assert_true(info.st_size > 4 << 20);
    free(log);
    free(old);
    free(message);
    free(here);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_of_a_path),
        cmocka_unit_test(absolute_paths),
        cmocka_unit_test(xdg_folders),
        cmocka_unit_test(writes_and_reads),
        cmocka_unit_test(walks_in_order),
        cmocka_unit_test(data_folder_from_the_environment),
        cmocka_unit_test(log_is_bounded),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
