/* SPDX-License-Identifier: MIT */
#include "tests/cmocka_all.h"

#include "base/child.h"
#include "base/words.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define FOREVER (-1.0)

static void start_shell(struct child *child, const char *script)
{
    struct error err = {0};
    const char *const argv[] = {"sh", "-c", script, NULL};
    assert_true(child_start(child, argv, &err));
}

static void expect_line(struct child *child, const char *expected)
{
    char *line;
    assert_int_equal(child_read_line(child, FOREVER, &line), CHILD_LINE);
    assert_string_equal(line, expected);
    free(line);
}

static void expect_end(struct child *child)
{
    char *line;
    assert_int_equal(child_read_line(child, FOREVER, &line), CHILD_ENDED);
    assert_null(line);
}

static void talks_in_lines(void **state)
{
    (void)state;
    struct child child;
    start_shell(&child, "while read x; do echo \"<$x>\"; done; printf tail; echo oops >&2; exit 3");
    assert_true(child_write(&child, "a\nb\n", 4, NULL));
    expect_line(&child, "<a>");
    expect_line(&child, "<b>");
    char *line;
    assert_int_equal(child_read_line(&child, 0, &line), CHILD_TIMEOUT);
    close(child.in);
    child.in = -1;
    expect_line(&child, "tail");
    expect_end(&child);
    assert_string_equal(child.errors.data, "oops\n");
    assert_string_equal(child_how_it_ended(&child), "still running");
    child_stop(&child, 10);
    assert_string_equal(child_how_it_ended(&child), "exited with 3");
    child_stop(&child, 0);
}

/* Both pipes are smaller than the text: a writer that does not read would wait for ever. */
static void large_texts_do_not_block(void **state)
{
    (void)state;
    struct child child;
    start_shell(&child, "cat");
    size_t length = 3 << 20;
    char *bytes = malloc(length);
    memset(bytes, 'x', length);
    bytes[length - 1] = '\n';
    assert_true(child_write(&child, bytes, length, NULL));
    char *line;
    assert_int_equal(child_read_line(&child, FOREVER, &line), CHILD_LINE);
    assert_int_equal(strlen(line), length - 1);
    free(line);
    free(bytes);
    child_stop(&child, 10);
    assert_string_equal(child_how_it_ended(&child), "exited with 0");
}

static void only_the_tail_of_stderr_is_kept(void **state)
{
    (void)state;
    struct child child;
    start_shell(&child, "i=0; while [ $i -lt 3000 ]; do echo error $i >&2; i=$((i+1)); done");
    expect_end(&child);
    assert_int_equal(child.errors.length, 4096);
    assert_non_null(strstr(child.errors.data, "error 2999\n"));
    child_stop(&child, 10);
}

/* It ignores the end of stdin and SIGTERM, and has a child of its own; both go. */
static void stubborn_children_are_killed(void **state)
{
    (void)state;
    struct child child;
    start_shell(&child, "trap '' TERM; sleep 1000 & echo $!; while :; do sleep 1000; done");
    char *line;
    assert_int_equal(child_read_line(&child, FOREVER, &line), CHILD_LINE);
    pid_t grandchild = (pid_t)atol(line);
    free(line);
    child_stop(&child, 0);
    assert_string_equal(child_how_it_ended(&child), "killed by signal 9 (Killed)");
    /* Its new parent reaps it in its own time; a zombie's command line is empty. */
    for (int i = 0; i < 1000 && kill(grandchild, 0) == 0; i++) {
        char path[64], byte;
        snprintf(path, sizeof path, "/proc/%ld/cmdline", (long)grandchild);
        int fd = open(path, O_RDONLY);
        ssize_t got = fd >= 0 ? read(fd, &byte, 1) : 0;
        if (fd >= 0)
            close(fd);
        if (got == 0)
            return;
        usleep(10000);
    }
    assert_int_not_equal(kill(grandchild, 0), 0);
}

static void a_dead_reader_is_an_error(void **state)
{
    (void)state;
    struct child child;
    struct error err = {0};
    start_shell(&child, "exec 0<&-; echo closed; sleep 1000");
    expect_line(&child, "closed");
    assert_false(child_write(&child, "x", 1, &err)); /* and no SIGPIPE ends this test */
    assert_non_null(strstr(err.text, "Broken pipe"));
    child_stop(&child, 0);
}

static void what_cannot_start_says_so(void **state)
{
    (void)state;
    struct child child;
    struct error err = {0};
    const char *const argv[] = {"./no-such-program", NULL};
    assert_false(child_start(&child, argv, &err));
    assert_string_equal(err.text, "./no-such-program: cannot run it: No such file or directory");
    child_stop(&child, 0);
}

static void other_descriptors_are_closed(void **state)
{
    (void)state;
    struct child child;
    assert_int_equal(dup2(1, 9), 9);
    start_shell(&child, "if (: >&9) 2>/dev/null; then echo open; else echo closed; fi");
    expect_line(&child, "closed");
    child_stop(&child, 10);
    close(9);
}

/* However few are left, what cannot run is never said to run. */
static void no_descriptor_left_is_an_error(void **state)
{
    (void)state;
    struct rlimit before, few;
    getrlimit(RLIMIT_NOFILE, &before);
    for (rlim_t limit = 4; limit <= 32; limit++) {
        few = (struct rlimit){limit, before.rlim_max};
        setrlimit(RLIMIT_NOFILE, &few);
        struct child child;
        struct error err = {0};
        bool done = child_start(&child, (const char *const[]){"/nowhere", NULL}, &err);
        setrlimit(RLIMIT_NOFILE, &before);
        assert_false(done);
        assert_int_equal(err.kind, ERROR_FAILED);
    }
}

static void words_as_a_shell_splits(void **state)
{
    (void)state;
    char **words = words_split(" docker exec  -i 'a b'\"c\\\"\"\\ d '' e\\\\", NULL);
    assert_non_null(words);
    static const char *const expected[] = {"docker", "exec", "-i", "a bc\" d", "", "e\\"};
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(words[i], expected[i]);
    assert_null(words[6]);
    words_free(words);
    struct error err = {0};
    assert_null(words_split("a 'b", &err));
    assert_int_equal(err.kind, ERROR_USAGE);
    assert_null(words_split("  ", &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(talks_in_lines),
        cmocka_unit_test(large_texts_do_not_block),
        cmocka_unit_test(only_the_tail_of_stderr_is_kept),
        cmocka_unit_test(stubborn_children_are_killed),
        cmocka_unit_test(a_dead_reader_is_an_error),
        cmocka_unit_test(what_cannot_start_says_so),
        cmocka_unit_test(other_descriptors_are_closed),
        cmocka_unit_test(no_descriptor_left_is_an_error),
        cmocka_unit_test(words_as_a_shell_splits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
