/* SPDX-License-Identifier: MIT */
#include "tests/cmocka_all.h"

#include "domain/json_scan.h"

/* The kinds of all tokens as letters, and '!' where the scan refuses the text. */
static char *kinds_of(const char *text, size_t length, struct error *err)
{
    static const char letters[] = "{}[]ksiftgne";
    struct text out = {0};
    struct json_scan scan;
    struct json_token token = {0};
    bool reads = json_scan_start(&scan, text, length, err);
    while (reads && (reads = json_scan_next(&scan, &token, err))) {
        text_add_bytes(&out, &letters[token.kind], 1);
        if (token.kind == JSON_END)
            break;
    }
    if (!reads)
        text_add(&out, "!");
    json_scan_free(&scan);
    return text_take(&out);
}

static void expect_kinds(const char *text, const char *kinds)
{
    char *seen = kinds_of(text, strlen(text), NULL);
    assert_string_equal(seen, kinds);
    free(seen);
}

static void takes_what_python_takes(void **state)
{
    (void)state;
    expect_kinds("{}", "{}e");
    expect_kinds(" [ ] \n", "[]e");
    expect_kinds("{\"a\":1,\"a\":[true,false,null,\"x\"]}", "{kik[tgns]}e");
    expect_kinds("[0,-0,12,1.5,1e3,1E+3,-2.5e-1]", "[iiiffff]e");
    expect_kinds("[NaN,Infinity,-Infinity]", "[fff]e");
    expect_kinds("[\"\\u00e9\\ud83d\\ude00\\ud800 \\/\\n\"]", "[s]e");
    expect_kinds("7", "ie");
}

/* Each was put to json.loads of Python 3.11, which refuses every one. */
static void refuses_what_python_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {"", " ", "{", "[", "{\"a\"", "{\"a\":", "{\"a\":1", "[1",
        "[1,", "{\"a\":1,}", "[1,]", "[,1]", "{,}", "{\"a\" 1}", "{a:1}", "{'a':1}", "[01]", "[+1]",
        "[1.]", "[.5]", "[1e]", "[-]", "[nan]", "[True]", "[\"\t\"]", "[\"\n\"]", "[\"\\x\"]",
        "[\"\\u12\"]", "[\"abc", "{} {}", "[1]x", "1 2", "[1}", "{\"a\":1]", "}", "]", ",", "[1 2]",
        "\"\\", "//", "[\v1]", "\xef\xbb\xbf{}", "[\"\xff\"]", "[\"\xc0\x80\"]",
        "[\"\xed\xa0\x80\"]", "[\"\xf5\x80\x80\x80\"]"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error err = {0};
        char *seen = kinds_of(bad[i], strlen(bad[i]), &err);
        if (strchr(seen, '!') == NULL)
            fail_msg("taken: %s", bad[i]);
        assert_int_equal(err.kind, ERROR_FAILED);
        free(seen);
    }
    char *seen = kinds_of("[1]\0", 4, NULL);
    assert_string_equal(seen, "[i]!");
    free(seen);
}

static void faults_say_where(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"{\n  \"a\": 1,\n}", "line 2, column 9: a trailing comma before '}'"},
        {"{\n\"\xc3\xa9\": x}", "line 2, column 6: a value was expected"},
        {"{\"a\": 1} x", "line 1, column 10: more text after the end of the JSON value"},
        {"{\"a\": \"b\tc\"}", "line 1, column 9: a raw control character inside a string"},
        {"{\"1\": {\n\"B", "line 2, column 3: the text ends inside a string"},
        {"[\n\n", "line 3, column 1: the text ends too early: cut off?"},
        {"[01]", "line 1, column 3: ',' or ']' was expected"},
        {"", "line 1, column 1: the file is empty"},
        {"\n\"\xff\"", "line 2: byte 0xff is not UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = {0};
        free(kinds_of(cases[i].text, strlen(cases[i].text), &err));
        assert_string_equal(err.text, cases[i].says);
    }
}

static void strings_are_decoded(void **state)
{
    (void)state;
    static const char text[] = "{\"\\u00e9\\ud83d\\ude00\\n\\\"\": \"\\ud800|\\u0000\"}";
    struct json_scan scan;
    struct json_token token;
    assert_true(json_scan_start(&scan, text, strlen(text), NULL));
    assert_true(json_scan_next(&scan, &token, NULL));
    assert_true(json_scan_next(&scan, &token, NULL));
    assert_int_equal(token.kind, JSON_KEY);
    assert_int_equal(token.column, 2);
    assert_int_equal(token.depth, 1);
    assert_string_equal(token.string, "\xc3\xa9\xf0\x9f\x98\x80\n\"");
    assert_true(json_scan_next(&scan, &token, NULL));
    assert_string_equal(token.string, "\xef\xbf\xbd|\xef\xbf\xbd");
    json_scan_free(&scan);
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    char text[2 * JSON_SCAN_DEPTH + 4];
    for (int depth = JSON_SCAN_DEPTH; depth <= JSON_SCAN_DEPTH + 1; depth++) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        char *seen = kinds_of(text, 2 * (size_t)depth, NULL);
        assert_int_equal(strchr(seen, '!') == NULL, depth == JSON_SCAN_DEPTH);
        free(seen);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_python_takes),
        cmocka_unit_test(refuses_what_python_refuses),
        cmocka_unit_test(faults_say_where),
        cmocka_unit_test(strings_are_decoded),
        cmocka_unit_test(deep_nesting_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
