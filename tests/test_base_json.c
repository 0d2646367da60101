/* SPDX-License-Identifier: MIT */
#include "tests/cmocka_all.h"

#include "base/json.h"

#include <math.h>

static struct json *parse(const char *text, struct error *err)
{
    return json_parse(text, strlen(text), err);
}

static void reads_a_tree(void **state)
{
    (void)state;
    struct error err = {0};
    struct json *json =
        parse("{\"a\": [1, 2.5, \"x\", null, true], \"A\": {}, \"a\": [7]} \n", &err);
    assert_non_null(json);
    long long whole;
    assert_int_equal(json_count(json), 3);
    /* The last of equal keys counts, as in Python. */
    assert_true(json_int(json_at(json_get(json, "a"), 0), &whole));
    assert_int_equal(whole, 7);
    assert_true(json_is_object(json_get(json, "A")));
    const struct json *first = json_first(json);
    assert_string_equal(json_key(first), "a");
    assert_false(json_int(json_at(first, 1), &whole));
    assert_string_equal(json_string(json_at(first, 2)), "x");
    assert_true(json_is_null(json_at(first, 3)));
    assert_true(json_true(json_at(first, 4)));
    json_free(json);
}

static void absent_is_no_crash(void **state)
{
    (void)state;
    double number;
    assert_null(json_get(json_get(NULL, "a"), "b"));
    assert_null(json_at(NULL, 3));
    assert_null(json_first(NULL));
    assert_null(json_next(NULL));
    assert_null(json_string(NULL));
    assert_false(json_double(NULL, &number));
    assert_false(json_is_null(NULL));
    assert_int_equal(json_count(NULL), 0);
}

static void faults_say_where(void **state)
{
    (void)state;
    struct error err = {0};
    assert_null(parse("{\n  \"a\": 1,\n  x\n}", &err));
    assert_non_null(strstr(err.text, "line 3"));
    assert_null(parse("{} {}", &err));
    assert_null(parse("{\"a\": ", &err));
    assert_null(parse("", &err));
    assert_int_equal(err.kind, ERROR_FAILED);
}

static void writes_what_it_reads(void **state)
{
    (void)state;
    struct json *json = json_new_object();
    json_add_int(json, "big", 9007199254740991);
    json_add_double(json, "half", 0.5);
    json_add_double(json, "nan", (double)NAN);
    json_add_bool(json, "yes", true);
    json_add_string(json, "text", "a\"\n");
    json_add_string(json, "none", NULL);
    json_add_int(json_add_object(json_add_array(json, "list"), NULL), "x", -1);
    json_add_null(json, "null");
    char *text = json_print(json);
    assert_string_equal(text,
        "{\"big\":9007199254740991,\"half\":0.5,\"nan\":null,\"yes\":true,\"text\":\"a\\\"\\n\","
        "\"none\":null,\"list\":[{\"x\":-1}],\"null\":null}");
    struct json *again = parse(text, NULL);
    char *pretty = json_print_pretty(again);
    assert_non_null(strstr(pretty, "\n"));
    free(pretty);
    free(text);
    json_free(again);
    json_free(json);
}

static void fields_are_needed_or_taken(void **state)
{
    (void)state;
    struct json *json =
        parse("{\"text\": \"four\", \"count\": 7, \"less\": -1, \"big\": 4294967303}", NULL);
    struct error err = {0};
    char text[5];
    int number = 3;
    assert_true(json_need_text(json, "text", text, 5, &err));
    assert_string_equal(text, "four");
    assert_false(json_need_text(json, "text", text, 4, &err));
    assert_string_equal(err.text, "text is missing or too long");
    assert_true(json_need_count(json, "count", &number, &err));
    assert_false(json_need_count(json, "less", &number, &err));
    assert_false(json_need_count(json, "none", &number, &err));
    assert_int_equal(number, 7);
    json_take_int(json, "big", &number);
    json_take_int(json, "none", &number);
    assert_int_equal(number, 7);
    json_take_int(json, "less", &number);
    assert_int_equal(number, -1);
    json_take_text(json, "text", text, 3);
    assert_string_equal(text, "fo");
    json_take_text(json, "count", text, 3);
    assert_string_equal(text, "");
    json_free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_tree),
        cmocka_unit_test(absent_is_no_crash),
        cmocka_unit_test(faults_say_where),
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(fields_are_needed_or_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
