/* SPDX-License-Identifier: MIT */
#include "tests/cmocka_all.h"

#include "base/text.h"
#include "domain/config_file.h"

#define SIX "\"BLOCK_SIZE_M\":16,\"BLOCK_SIZE_N\":64,\"BLOCK_SIZE_K\":128,\"GROUP_SIZE_M\":1"
#define LAUNCH ",\"num_warps\":4,\"num_stages\":3"
#define ENTRY "{" SIX LAUNCH "}"

/* One reading; freed by done(). */
static struct config_file file;
static struct config_faults faults;

static void read_text(const char *text)
{
    faults = (struct config_faults){0};
    config_file_read(text, strlen(text), &file, &faults);
}

static void done(void)
{
    config_file_free(&file);
    config_faults_free(&faults);
}

static const struct config_fault *find(const char *code, int m, const char *key)
{
    for (size_t i = 0; i < faults.count; i++) {
        const struct config_fault *fault = &faults.items[i];
        if (strcmp(fault->code, code) == 0 && fault->m == m && strcmp(fault->key, key) == 0)
            return fault;
    }
    print_error("no fault %s at M=%d key %s\n", code, m, key);
    abort();
}

static void expect(enum fault_severity severity, const char *code, int m, const char *key)
{
    assert_int_equal(find(code, m, key)->severity, severity);
}

static void a_plain_file_reads(void **state)
{
    (void)state;
    read_text("{\"64\":" ENTRY ",\"1\":{" SIX LAUNCH ",\"USE_TMA\":true,\"kpack\": [2, {}]}}");
    assert_int_equal(faults.count, 0);
    assert_true(file.loads);
    assert_int_equal(file.count, 2);
    assert_int_equal(file.entries[0].m, 64);
    assert_true(file.entries[0].usable);
    struct tile tile = {16, 64, 128, 1, 4, 3, false};
    assert_true(tile_equal(&file.entries[0].tile, &tile));
    assert_true(file.entries[1].tile.use_tma);
    assert_int_equal(file.entries[1].extra_count, 1);
    assert_string_equal(file.entries[1].extras[0].name, "kpack");
    assert_string_equal(file.entries[1].extras[0].value, "[2, {}]");
    done();
}

static void keys_read_as_python_reads_them(void **state)
{
    (void)state;
    read_text("{\" 16 \":" ENTRY ",\"0064\":" ENTRY ",\"1_000\":" ENTRY ",\"+5\":" ENTRY "}");
    assert_true(file.loads);
    assert_int_equal(faults.count, 4);
    expect(FAULT_WARN, "key", 16, " 16 ");
    expect(FAULT_WARN, "key", 64, "0064");
    expect(FAULT_WARN, "key", 1000, "1_000");
    expect(FAULT_WARN, "key", 5, "+5");
    done();
    static const char *const bad[] = {
        "32.0", "1e3", "comment", "", "1__0", "_1", "1_", "- 1", "0x10"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *text = xasprintf("{\"1\":" ENTRY ",\"%s\":" ENTRY "}", bad[i]);
        read_text(text);
        free(text);
        assert_false(file.loads);
        assert_int_equal(file.count, 1);
        expect(FAULT_ERROR, "key", FAULT_NO_M, bad[i]);
        done();
    }
}

static void every_bad_value_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *value, *key;
    } bad[] = {{"\"BLOCK_SIZE_M\": 4", "BLOCK_SIZE_M"}, {"\"BLOCK_SIZE_N\": 48", "BLOCK_SIZE_N"},
        {"\"BLOCK_SIZE_N\": \"64\"", "BLOCK_SIZE_N"}, {"\"BLOCK_SIZE_N\": -64", "BLOCK_SIZE_N"},
        {"\"BLOCK_SIZE_K\": 96", "BLOCK_SIZE_K"}, {"\"GROUP_SIZE_M\": 0", "GROUP_SIZE_M"},
        {"\"num_warps\": 3", "num_warps"}, {"\"num_warps\": 64", "num_warps"},
        {"\"num_warps\": true", "num_warps"}, {"\"num_stages\": 0", "num_stages"},
        {"\"num_stages\": 2.0", "num_stages"}, {"\"num_stages\": null", "num_stages"},
        {"\"num_stages\": [3]", "num_stages"}, {"\"num_stages\": 1e1", "num_stages"},
        {"\"num_stages\": 99999999999999999999", "num_stages"}, {"\"USE_TMA\": 1", "USE_TMA"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *text = xasprintf("{\"32\": {%s}}", bad[i].value);
        read_text(text);
        free(text);
        expect(FAULT_ERROR, "value", 32, bad[i].key);
        done();
    }
}

static void what_is_missing_is_named(void **state)
{
    (void)state;
    read_text("{\n\"8\": {\"BLOCK_SIZE_N\":64,\"BLOCK_SIZE_K\":128,\"GROUP_SIZE_M\":1,\n"
              "\"num_stages\":2}}");
    assert_int_equal(faults.count, 2);
    expect(FAULT_ERROR, "missing", 8, "BLOCK_SIZE_M");
    expect(FAULT_WARN, "missing", 8, "num_warps");
    assert_int_equal(faults.items[0].line, 2);
    assert_false(file.entries[0].usable);
    done();
    read_text("{\"1\": {" SIX "}}");
    assert_int_equal(faults.count, 2);
    assert_string_equal(config_faults_verdict(&faults), "warn");
    assert_int_equal(file.entries[0].tile.num_warps, 4);
    assert_int_equal(file.entries[0].tile.num_stages, 3);
    done();
}

static void a_doubled_key_keeps_its_place_and_takes_the_last_value(void **state)
{
    (void)state;
    read_text("{\"64\":" ENTRY ",\"1\":" ENTRY ",\" 64\":{" SIX ",\"num_warps\":8,\"num_warps\":2,"
              "\"num_stages\":3}}");
    assert_int_equal(file.count, 2);
    assert_int_equal(file.entries[0].m, 64);
    assert_int_equal(file.entries[0].tile.num_warps, 2);
    expect(FAULT_WARN, "duplicate", 64, " 64");
    expect(FAULT_WARN, "duplicate", 64, "num_warps");
    done();
}

static void files_that_do_not_load(void **state)
{
    (void)state;
    static const struct {
        const char *text, *code;
    } bad[] = {{"", "json"}, {"[]", "top-level"}, {"3", "top-level"}, {"{}", "empty"},
        {"{\"1\":" ENTRY ",}", "json"}, {"{\"1\":" ENTRY "}}", "json"}, {"\xef\xbb\xbf{}", "json"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        read_text(bad[i].text);
        expect(FAULT_ERROR, bad[i].code, FAULT_NO_M, "");
        assert_int_equal(faults.count, 1);
        done();
    }
    read_text("{\"1\":" ENTRY ",\"2\":{\"BLOCK_SIZE_M\":16,\"BLOCK");
    expect(FAULT_ERROR, "json", 2, "BLOCK_SIZE_M");
    assert_int_equal(file.count, 1);
    done();
    read_text("{\"1\":" ENTRY ",\"2\":16}");
    expect(FAULT_ERROR, "entry", 2, "2");
    done();
}

static void triton_version_is_kept_apart(void **state)
{
    (void)state;
    read_text("{\"triton_version\":\"3.5.0\",\"1\":" ENTRY "}");
    assert_int_equal(faults.count, 0);
    assert_string_equal(file.triton_version, "3.5.0");
    assert_int_equal(file.count, 1);
    done();
}

/* Against min(keys, key=|key - M|), the first in file order on a tie, for every M. */
static void ranges_are_the_nearest_key_rule(void **state)
{
    (void)state;
    static const char *const files[] = {"{\"1\":" ENTRY ",\"63\":" ENTRY ",\"1024\":" ENTRY "}",
        "{\"64\":" ENTRY ",\"0\":" ENTRY ",\"2\":" ENTRY ",\"-3\":" ENTRY ",\"16\":" ENTRY "}",
        "{\"9\":" ENTRY "}", "{\"4\":" ENTRY ",\"2\":" ENTRY ",\"1\":" ENTRY ",\"3\":" ENTRY "}",
        "{\"-1\":" ENTRY ",\"3\":" ENTRY "}", "{\"-5\":" ENTRY ",\"1\":" ENTRY "}"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        read_text(files[i]);
        struct config_range ranges[8];
        size_t count = config_file_ranges(&file, ranges), at = 0;
        assert_int_equal(ranges[0].from, 1);
        assert_int_equal(ranges[count - 1].to, INT_MAX);
        for (int m = 1; m < 1500; m++) {
            size_t best = 0;
            for (size_t k = 1; k < file.count; k++) {
                if (abs(file.entries[k].m - m) < abs(file.entries[best].m - m))
                    best = k;
            }
            at += m > ranges[at].to;
            assert_true(at < count && m >= ranges[at].from);
            assert_int_equal(ranges[at].entry, best);
        }
        done();
    }
    read_text(files[0]);
    struct config_range ranges[3];
    assert_int_equal(config_file_ranges(&file, ranges), 3);
    assert_int_equal(ranges[0].tie, 32);
    assert_int_equal(ranges[1].to, 543);
    done();
}

static void the_canonical_form(void **state)
{
    (void)state;
    read_text("{\"64\":{" SIX LAUNCH ",\"USE_TMA\":true},\"1\":{" SIX ",\"kpack\":2}}");
    char *text = config_file_write(&file, "3.6.0");
    assert_string_equal(text,
        "{\n    \"triton_version\": \"3.6.0\",\n    \"1\": {\n        \"BLOCK_SIZE_M\": 16,\n"
        "        \"BLOCK_SIZE_N\": 64,\n        \"BLOCK_SIZE_K\": 128,\n"
        "        \"GROUP_SIZE_M\": 1,\n        \"num_warps\": 4,\n        \"num_stages\": 3\n    "
        "},\n"
        "    \"64\": {\n        \"BLOCK_SIZE_M\": 16,\n        \"BLOCK_SIZE_N\": 64,\n"
        "        \"BLOCK_SIZE_K\": 128,\n        \"GROUP_SIZE_M\": 1,\n"
        "        \"num_warps\": 4,\n        \"num_stages\": 3,\n        \"USE_TMA\": true\n    "
        "}\n}\n");
    done();
    read_text(text);
    char *again = config_file_write(&file, "3.6.0");
    assert_string_equal(again, text);
    free(again);
    free(text);
    done();
}

static void set_adds_and_replaces(void **state)
{
    (void)state;
    struct config_file made = {0};
    struct tile tile = {16, 64, 128, 1, 4, 3, false};
    config_file_set(&made, 8, &tile);
    config_file_set(&made, 1, &tile);
    tile.block_m = 32;
    config_file_set(&made, 8, &tile);
    assert_int_equal(made.count, 2);
    assert_int_equal(made.entries[0].tile.block_m, 32);
    config_file_free(&made);
}

static void more_entries_than_any_real_file_are_refused(void **state)
{
    (void)state;
    struct text text = {0};
    for (int m = 0; m <= CONFIG_MAX_ENTRIES; m++)
        text_add(&text, "%s\"%d\":" ENTRY, m == 0 ? "{" : ",", m + 1);
    text_add(&text, "}");
    read_text(text.data);
    assert_int_equal(file.count, CONFIG_MAX_ENTRIES);
    assert_string_equal(faults.items[0].code, "too-many");
    done();
    text_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_file_reads),
        cmocka_unit_test(keys_read_as_python_reads_them),
        cmocka_unit_test(every_bad_value_is_named),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(a_doubled_key_keeps_its_place_and_takes_the_last_value),
        cmocka_unit_test(files_that_do_not_load),
        cmocka_unit_test(triton_version_is_kept_apart),
        cmocka_unit_test(ranges_are_the_nearest_key_rule),
        cmocka_unit_test(the_canonical_form),
        cmocka_unit_test(set_adds_and_replaces),
        cmocka_unit_test(more_entries_than_any_real_file_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
