/* SPDX-License-Identifier: MIT */
#include "tests/cmocka_all.h"

#include "worker/order.h"

#define ITEMS 300

static struct measure_item items[ITEMS];

static struct order make(bool shuffle, bool paired, int count, int samples)
{
    static struct measure_job job;
    struct order order;

    job = (struct measure_job){
        .items = items, .item_count = count, .shuffle = shuffle, .paired = paired, .seed = 4};
    for (int i = 0; i < count; i++)
        items[i] = (struct measure_item){
            .m = i % 3 + 1, .samples = samples, .discard = 1, .tile = {.block_m = 16 << i / 3 % 4}};
    order_open(&order, &job);
    for (int i = 0; i < count; i++)
        order.items[i] = (struct order_item){.launches = 4, .us = 100};
    return order;
}

static void sample_is_long_enough(void **state)
{
    (void)state;
    assert_int_equal(order_launches(15, 0.032), 14);
    assert_int_equal(order_launches(231, 0.032), 1);
    assert_int_equal(order_launches(100, 1.0), 10); /* coarse events want longer samples */
    assert_int_equal(order_launches(0, 0.032), 64);
    assert_int_equal(order_launches(0.01, 0.032), 64);
}

static void kernel_by_kernel(void **state)
{
    (void)state;
    struct order order = make(false, false, 12, 2);
    struct order_batch batch;

    assert_int_equal(order.group_count, 4); /* three M of each kernel */
    order_begin(&order, 1, true);
    assert_true(order_next(&order, &batch));
    assert_true(batch.first);
    assert_int_equal(batch.count, 3);
    assert_int_equal(batch.entries[0].item, 3);
    assert_int_equal(batch.entries[0].launches, 1);
    assert_false(order_next(&order, &batch));
    order.items[4].done = true;
    order_begin(&order, 1, false);
    assert_true(order_next(&order, &batch));
    assert_int_equal(batch.count, 4); /* items 3 and 5, twice each */
    assert_int_equal(batch.entries[1].item, 3);
    assert_int_equal(batch.entries[1].number, 1);
    assert_int_equal(batch.entries[2].item, 5);
    assert_int_equal(batch.entries[2].launches, 4);
    assert_true(batch.entries[2].expected_us == 400);
    assert_false(order_next(&order, &batch));
    order_close(&order);
}

/* A launch that neither warms up nor may show an item to be hopeless is not made. */
static void needless_discards_are_left_out(void **state)
{
    (void)state;
    struct order order = make(false, false, 6, 1);
    struct order_batch batch;

    for (int i = 0; i < 6; i++)
        order.items[i].launches = i < 3 ? 1 : 4;
    order_begin(&order, 0, true);
    assert_true(order_next(&order, &batch));
    assert_int_equal(batch.count, 1); /* the kernel's first M; a sample is but a launch */
    assert_int_equal(batch.entries[0].item, 0);
    for (int i = 3; i < 6; i++)
        order.items[i].ran = true;
    items[4].give_up_us = 50;
    order_begin(&order, 1, true);
    assert_true(order_next(&order, &batch));
    assert_int_equal(batch.count, 1);
    assert_int_equal(batch.entries[0].item, 4);
    order_close(&order);
    order = make(true, false, 6, 2);
    for (int i = 0; i < 6; i++)
        order.items[i].ran = i % 2;
    order_begin(&order, 0, true);
    assert_true(order_next(&order, &batch));
    assert_int_equal(batch.count, 3);
    order_close(&order);
}

/* What was stored before counts in, so that later samples see other draws. */
static void numbers_go_on(void **state)
{
    (void)state;
    struct order order = make(true, false, 3, 2);
    struct order_batch batch;

    items[1].drawn = 7;
    order_begin(&order, 0, false);
    assert_true(order_next(&order, &batch));
    for (int i = 0; i < batch.count; i++)
        assert_int_equal(batch.entries[i].number, i / 3 + (batch.entries[i].item == 1 ? 7 : 0));
    order_close(&order);
}

static void batches_are_short(void **state)
{
    (void)state;
    struct order order = make(true, false, ITEMS, 1);
    struct order_batch batch;
    int count = 0;

    order_begin(&order, 0, true);
    while (order_next(&order, &batch))
        count += batch.count;
    assert_int_equal(count, ITEMS);
    for (int i = 0; i < ITEMS; i++)
        order.items[i].us = 30e3; /* 4 launches: 120 ms */
    order_begin(&order, 0, false);
    for (count = 0; order_next(&order, &batch); count += batch.count) {
        assert_in_range(batch.count, 1, 3);
        assert_true(batch.expected_us <= ORDER_BATCH_US);
    }
    assert_int_equal(count, ITEMS);
    order.items[0].us = 1e6; /* one alone may be longer */
    order_begin(&order, 0, false);
    for (count = 0; order_next(&order, &batch); count += batch.count)
        continue;
    assert_int_equal(count, ITEMS);
    order_close(&order);
}

static void pairs_share_their_draws(void **state)
{
    (void)state;
    struct order order = make(false, true, 8, 1);
    struct order_batch batch;

    for (int i = 0; i < 8; i++)
        items[i].drawn = 40 + i; /* ten blocks were timed before */
    assert_int_equal(order.group_count, 1);
    order_begin(&order, 0, false);
    assert_true(order_next(&order, &batch));
    assert_int_equal(batch.count, 8);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(batch.entries[i].item, i);
        assert_int_equal(batch.entries[i].number, 10 + i / 4);
    }
    order_close(&order);
}

/* The items of a shuffled job are mixed within their group alone, one group after the other. */
static void groups_are_mixed_by_themselves(void **state)
{
    (void)state;
    static struct measure_job job;
    struct order order;
    struct order_batch batch;
    int mixed = 0;

    for (int i = 0; i < 40; i++)
        items[i] = (struct measure_item){.m = 1, .samples = 3, .discard = 1, .group = i / 20};
    job = (struct measure_job){.items = items, .item_count = 40, .shuffle = true, .seed = 4};
    order_open(&order, &job);
    for (int i = 0; i < 40; i++)
        order.items[i] = (struct order_item){.launches = 4, .us = 100};
    assert_int_equal(order.group_count, 2);
    for (int group = 0; group < 2; group++) {
        order_begin(&order, group, false);
        assert_true(order_next(&order, &batch));
        assert_int_equal(batch.count, 60);
        for (int i = 0; i < batch.count; i++) {
            assert_int_equal(batch.entries[i].item / 20, group);
            mixed += batch.entries[i].item != group * 20 + i % 20;
        }
    }
    assert_true(mixed > 80);
    order_close(&order);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sample_is_long_enough),
        cmocka_unit_test(kernel_by_kernel),
        cmocka_unit_test(needless_discards_are_left_out),
        cmocka_unit_test(numbers_go_on),
        cmocka_unit_test(batches_are_short),
        cmocka_unit_test(pairs_share_their_draws),
        cmocka_unit_test(groups_are_mixed_by_themselves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
