/* SPDX-License-Identifier: MIT */
#include "tests/cmocka_all.h"

#include "base/clock.h"
#include "base/hash.h"
#include "tests/normal.h"

/* The examples of FIPS 180-4 and every length around the padding's edge, by sha256sum. */
static void sha256_of_known_texts(void **state)
{
    (void)state;
    char hex[HASH_HEX_SIZE];
    hash_sha256(NULL, 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash_sha256("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hash_sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, hex);
    assert_string_equal(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    char *million = malloc(1000000);
    memset(million, 'a', 1000000);
    hash_sha256(million, 1000000, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    hash_sha256(million, 55, hex);
    assert_string_equal(hex, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
    hash_sha256(million, 64, hex);
    assert_string_equal(hex, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
    free(million);
}

static void random_is_reproducible(void **state)
{
    (void)state;
    struct random a, b;
    random_seed(&a, 0);
    random_seed(&b, 0);
    /* splitmix64(0) seeds xoshiro256**: its first output by the reference code. */
    assert_true(random_next(&a) == UINT64_C(0x99ec5f36cb75f2b4));
    random_next(&b);
    for (int i = 0; i < 1000; i++)
        assert_true(random_next(&a) == random_next(&b));
}

static void random_is_even(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 42);
    int counts[6] = {0};
    double sum = 0, squares = 0;
    for (int i = 0; i < 60000; i++) {
        counts[random_below(&random, 6)]++;
        double x = random_normal(&random);
        sum += x;
        squares += x * x;
        double unit = random_unit(&random);
        assert_true(unit >= 0 && unit < 1);
    }
    for (int i = 0; i < 6; i++)
        assert_in_range(counts[i], 9600, 10400);
    assert_true(sum / 60000 < 0.02 && sum / 60000 > -0.02);
    assert_true(squares / 60000 < 1.03 && squares / 60000 > 0.97);
}

static void shuffle_keeps_every_item(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 1);
    int items[100], seen[100] = {0}, moved = 0;
    for (int i = 0; i < 100; i++)
        items[i] = i;
    random_shuffle(&random, items, 100, sizeof *items);
    for (int i = 0; i < 100; i++) {
        seen[items[i]]++;
        moved += items[i] != i;
    }
    for (int i = 0; i < 100; i++)
        assert_int_equal(seen[i], 1);
    assert_true(moved > 80);
    random_shuffle(&random, items, 0, sizeof *items);
}

static void times_in_iso(void **state)
{
    (void)state;
    char buffer[32];
    assert_string_equal(clock_iso(0, buffer, sizeof buffer), "1970-01-01T00:00:00Z");
    assert_string_equal(clock_iso(1795604103.9, buffer, sizeof buffer), "2026-11-25T10:55:03Z");
    double before = clock_monotonic();
    clock_sleep(0.001);
    assert_true(clock_monotonic() > before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_of_known_texts),
        cmocka_unit_test(random_is_reproducible),
        cmocka_unit_test(random_is_even),
        cmocka_unit_test(shuffle_keeps_every_item),
        cmocka_unit_test(times_in_iso),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
