/* SPDX-License-Identifier: MIT */
#include "tests/cmocka_all.h"

#include "base/error.h"
#include "base/text.h"

#include <errno.h>

static void text_grows(void **state)
{
    (void)state;
    struct text text = {0};
    for (int i = 0; i < 1000; i++)
        text_add(&text, "%d,", i);
    assert_int_equal(text.length, 3890);
    text_add_bytes(&text, "a\0b", 3);
    assert_int_equal(text.length, 3893);
    assert_int_equal(text.data[text.length], '\0');
    char *taken = text_take(&text);
    assert_true(text_starts_with(taken, "0,1,2,"));
    assert_null(text.data);
    free(taken);
    taken = text_take(&text);
    assert_string_equal(taken, "");
    free(taken);
}

static void numbers_are_strict(void **state)
{
    (void)state;
    long value = 7;
    assert_true(text_to_int("-12", -20, 20, &value));
    assert_int_equal(value, -12);
    static const char *const bad[] = {
        "", " 1", "1 ", "+1", "-", "--1", "1.0", "21", "-21", "0x1", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(text_to_int(bad[i], -20, 20, &value));
    assert_int_equal(value, -12);
    double number = 0;
    assert_true(text_to_double("2.5e3", &number));
    assert_true(number == 2500);
    assert_false(text_to_double("nan", &number));
    assert_false(text_to_double("inf", &number));
    assert_false(text_to_double("1,5", &number));
    assert_false(text_to_double("", &number));
}

static void thousands_are_grouped(void **state)
{
    (void)state;
    char buffer[32];
    assert_string_equal(text_grouped(0, buffer, sizeof buffer), "0");
    assert_string_equal(text_grouped(999, buffer, sizeof buffer), "999");
    assert_string_equal(text_grouped(101376, buffer, sizeof buffer), "101,376");
    assert_string_equal(text_grouped(-1000, buffer, sizeof buffer), "-1,000");
    assert_string_equal(text_grouped(-123, buffer, sizeof buffer), "-123");
    assert_string_equal(text_grouped(1234567890, buffer, sizeof buffer), "1,234,567,890");
}

static void distances(void **state)
{
    (void)state;
    assert_int_equal(text_distance("", ""), 0);
    assert_int_equal(text_distance("tune", "tune"), 0);
    assert_int_equal(text_distance("tun", "tune"), 1);
    assert_int_equal(text_distance("tpp", "tp"), 1);
    assert_int_equal(text_distance("bm", "bn"), 1);
    assert_int_equal(text_distance("kitten", "sitting"), 3);
    assert_int_equal(text_distance("", "abc"), 3);
    char longer[200] = {0};
    memset(longer, 'a', 199);
    assert_int_equal(text_distance(longer, longer), 0);
    assert_int_equal(text_distance(longer, ""), 63);
}

static void utf8(void **state)
{
    (void)state;
    assert_int_equal(text_utf8_length("a", 1), 1);
    assert_int_equal(text_utf8_length("\xc3\xbc", 2), 2);
    assert_int_equal(text_utf8_length("\xc3\xbc", 1), 0);
    assert_int_equal(text_utf8_length("\xf0\x9f\x92\xa9", 4), 4);
    static const char *const bad[] = {
        "\xff", "\xc0\xaf", "\xed\xa0\x80", "\xe0\x80\x80", "\xf4\x90\x80\x80", "\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(text_utf8_length(bad[i], strlen(bad[i])), 0);
}

static void suffixes(void **state)
{
    (void)state;
    assert_true(text_ends_with("a.json", ".json"));
    assert_false(text_ends_with("json", ".json"));
    assert_true(text_ends_with("x", ""));
    assert_false(text_starts_with("E", "E="));
}

static void letter_case_is_ascii(void **state)
{
    (void)state;
    for (int c = -128; c < 256; c++)
        assert_int_equal(text_lower((char)c), c >= 'A' && c <= 'Z' ? c + 32 : (char)c);
    assert_true(text_same("NVIDIA", "nvidia"));
    assert_false(text_same("nvidia", "nvidi"));
    assert_false(text_same("NVIDI", "NVIDIA"));
    assert_true(text_same("", ""));
    assert_true(text_same_start("BLOCK=1", "block", 5));
    assert_false(text_same_start("BLOC", "block", 5));
    assert_false(text_same_start("[", "{", 1)); /* 32 apart, as letters of two cases are */
    assert_true(text_same_start("a", "b", 0));
    assert_true(text_contains("Mixtral-8x7B", "XTRAL-8X"));
    assert_false(text_contains("Mixtral", "trals"));
    assert_true(text_contains("", ""));
}

static void names_have_an_index(void **state)
{
    (void)state;
    static const char *const names[] = {"up", "down"};
    assert_int_equal(text_index(names, 2, "down"), 1);
    assert_int_equal(text_index(names, 1, "down"), -1);
    assert_int_equal(text_index(names, 2, NULL), -1);
}

static void errors_carry_their_path(void **state)
{
    (void)state;
    struct error err = {0};
    errno = ENOENT;
    assert_false(error_errno(&err, ERROR_FAILED, "cannot open"));
    assert_false(error_prefix(&err, "%s", "a/b"));
    assert_string_equal(err.text, "a/b: cannot open: No such file or directory");
    assert_int_equal(err.kind, ERROR_FAILED);
    error_set(&err, ERROR_USAGE, "again: %s", err.text);
    assert_string_equal(err.text, "again: a/b: cannot open: No such file or directory");
    assert_false(error_set(NULL, ERROR_USAGE, "nobody asks"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_grows),
        cmocka_unit_test(numbers_are_strict),
        cmocka_unit_test(thousands_are_grouped),
        cmocka_unit_test(distances),
        cmocka_unit_test(utf8),
        cmocka_unit_test(suffixes),
        cmocka_unit_test(letter_case_is_ascii),
        cmocka_unit_test(names_have_an_index),
        cmocka_unit_test(errors_carry_their_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
