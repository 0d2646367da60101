/* SPDX-License-Identifier: MIT */
/* The compile helper's supervisor and the cache, on a stand-in for the helper. */
#include "tests/cmocka_all.h"

#include "base/path.h"
#include "base/text.h"
#include "compile/cache.h"
#include "tests/layer.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char folder[] = "/tmp/moebench-test-XXXXXX";

static const struct shape shape = LAYER_SMALL;

static struct compiler *open_mode(const char *mode, bool no_cache, struct error *err)
{
    char *command =
        xasprintf("python3 '%s/stand_in_helper.py' %s '%s/%s'", TEST_DATA, mode, folder, mode);
    struct compiler_options options = {.python = command, .arch = 121, .no_cache = no_cache};
    struct compiler *compiler = compiler_open(&options, err);
    free(command);
    return compiler;
}

/* Lines of `what` that the stand-in has left. */
static int times(const char *mode, const char *what)
{
    char *path = path_join(folder, mode);
    size_t length;
    char *text = path_read(path, 1 << 20, &length, NULL);
    int count = 0;
    for (const char *at = text; at && (at = strstr(at, what)) != NULL; at++)
        count++;
    free(text);
    free(path);
    return count;
}

static long long submit(struct compiler *compiler, int block_m, struct error *err)
{
    struct engine engine;
    struct tile tile = {block_m, 64, 128, 1, 4, 3, false};
    assert_true(engine_parse("sglang:0.5.4.post2", &engine, NULL));
    return compiler_submit(compiler, &engine, &shape, GEMM_UP, &tile, err);
}

static void test_compile_and_cache(void **state)
{
    (void)state;
    struct error err = {0};
    struct compile_result result;
    for (int run = 0; run < 2; run++) {
        struct compiler *compiler = open_mode("plain", false, &err);
        assert_non_null(compiler);
        assert_string_equal(compiler_toolchain(compiler)->triton, "3.6.0");
        assert_int_equal(submit(compiler, 16, &err), 1);
        assert_int_equal(submit(compiler, 128, &err), 2); /* 131,072 bytes: too many */
        assert_int_equal(compiler_pending(compiler), 2);
        bool fits[3] = {false};
        for (int i = 0; i < 2; i++) {
            assert_true(compiler_next(compiler, 20, &result));
            assert_int_equal(result.kernel.cached, run == 1);
            assert_int_equal(result.kernel.argument_count, 2);
            assert_string_equal(result.kernel.arguments[0].type, "*fp8e4nv");
            assert_non_null(result.kernel.cubin);
            fits[result.ticket] = result.status == COMPILE_OK;
            kernel_free(&result.kernel);
        }
        assert_true(fits[1]);
        assert_false(fits[2]);
        assert_false(compiler_next(compiler, 20, &result));
        compiler_close(compiler);
    }
    assert_int_equal(times("plain", "compile"), 2);
}

static void test_death_once(void **state)
{
    (void)state;
    struct error err = {0};
    struct compile_result result;
    struct compiler *compiler = open_mode("die-once", true, &err);
    submit(compiler, 16, &err);
    submit(compiler, 32, &err);
    for (int i = 0; i < 2; i++) {
        assert_true(compiler_next(compiler, 20, &result));
        assert_int_equal(result.status, COMPILE_OK);
        kernel_free(&result.kernel);
    }
    assert_int_equal(times("die-once", "start"), 2);
    compiler_close(compiler);
}

static void test_death_twice(void **state)
{
    (void)state;
    struct error err = {0};
    struct compile_result result;
    struct compiler *compiler = open_mode("die-always", true, &err);
    submit(compiler, 16, &err);
    submit(compiler, 32, &err);
    for (int i = 0; i < 2; i++) {
        assert_true(compiler_next(compiler, 20, &result));
        assert_int_equal(result.status, COMPILE_STOPPED);
        assert_non_null(strstr(result.text, "out of luck"));
    }
    assert_int_equal(submit(compiler, 64, &err), 3); /* answered at once, for nothing is there */
    assert_true(compiler_next(compiler, 0, &result));
    assert_int_equal(result.status, COMPILE_STOPPED);
    assert_int_equal(times("die-always", "start"), 2);
    compiler_close(compiler);
}

static void test_broken_tools(void **state)
{
    (void)state;
    static const char *const modes[] = {"old-ptxas", "wrong-hash"};
    for (size_t i = 0; i < 2; i++) {
        struct error err = {0};
        struct compile_result result;
        struct compiler *compiler = open_mode(modes[i], true, &err);
        submit(compiler, 16, &err);
        assert_true(compiler_next(compiler, 20, &result));
        assert_int_equal(result.status, COMPILE_STOPPED);
        assert_true(result.text[0]);
        compiler_close(compiler);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    struct error err = {0};
    assert_null(open_mode("no-triton", true, &err));
    assert_int_equal(err.kind, ERROR_DEVICE);
    assert_non_null(strstr(err.text, "Triton is missing"));
    struct compiler *compiler = open_mode("unknown", true, &err);
    assert_int_equal(submit(compiler, 16, &err), 0);
    assert_non_null(strstr(err.text, "zap"));
    compiler_cancel(compiler);
    compiler_close(compiler);
}

static struct kernel kernel_of(char *cubin)
{
    struct kernel kernel = {.entry = "fused_moe_kernel", .registers = 7, .shared_bytes = 9};
    strcpy(kernel.hash, "ab");
    kernel.cubin = (unsigned char *)cubin;
    kernel.cubin_size = strlen(cubin);
    return kernel;
}

static void test_damaged_entry(void **state)
{
    (void)state;
    char cubin[] = "machine code", *home = path_join(folder, "damaged");
    struct cache cache;
    struct kernel kernel = kernel_of(cubin), got;
    cache_open(&cache, home, CACHE_LIMIT);
    assert_false(cache_get(&cache, "abcdef", &got));
    cache_put(&cache, "abcdef", &kernel);
    assert_true(cache_get(&cache, "abcdef", &got));
    assert_int_equal(got.registers, 7);
    assert_int_equal(got.cubin_size, strlen(cubin));
    assert_memory_equal(got.cubin, cubin, strlen(cubin));
    kernel_free(&got);
    char *path = xasprintf("%s/ab/cdef", home);
    FILE *file = fopen(path, "r+");
    fseek(file, -1, SEEK_END);
    fputc('X', file);
    fclose(file);
    assert_false(cache_get(&cache, "abcdef", &got));
    assert_false(path_exists(path));
    free(path);
    cache_close(&cache);
    free(home);
}

/* Over the limit the longest unused goes, not the one put first. */
static void test_limit(void **state)
{
    (void)state;
    char cubin[5001], *home = path_join(folder, "limited");
    struct cache cache;
    struct kernel got;
    memset(cubin, 'c', 5000);
    cubin[5000] = 0;
    struct kernel kernel = kernel_of(cubin);
    cache_open(&cache, home, 18000);
    for (int i = 0; i < 3; i++) {
        char key[] = "aa0", *path = xasprintf("%s/aa/%d", home, i);
        key[2] += (char)i;
        cache_put(&cache, key, &kernel);
        struct timespec old[2] = {{.tv_sec = 1000 + i}, {.tv_sec = 1000 + i}};
        assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
        free(path);
    }
    assert_true(cache_get(&cache, "aa0", &got)); /* used just now */
    kernel_free(&got);
    cache_put(&cache, "aa3", &kernel);
    assert_false(cache_get(&cache, "aa1", &got));
    assert_true(cache_get(&cache, "aa0", &got));
    kernel_free(&got);
    assert_true(cache_get(&cache, "aa3", &got));
    kernel_free(&got);
    cache_close(&cache);
    free(home);
}

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return 1;
    setenv("XDG_CACHE_HOME", folder, 1);
    setenv("XDG_STATE_HOME", folder, 1);
    return 0;
}

static int drop_folder(void **state)
{
    (void)state;
    char *command = xasprintf("rm -rf '%s'", folder);
    int status = system(command);
    free(command);
    return status;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compile_and_cache),
        cmocka_unit_test(test_death_once),
        cmocka_unit_test(test_death_twice),
        cmocka_unit_test(test_broken_tools),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_damaged_entry),
        cmocka_unit_test(test_limit),
    };
    if (system("command -v python3 >/dev/null") != 0) {
        puts("skipped: python3 is not installed");
        return 77;
    }
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
