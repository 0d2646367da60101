/* SPDX-License-Identifier: MIT */
#include "tests/cmocka_all.h"

#include "base/random.h"
#include "domain/routing.h"

static struct shape small_shape(void)
{
    return (struct shape){
        .experts = 16, .routed = 16, .top_k = 4, .hidden = 64, .intermediate = 32};
}

static struct routing make(const struct routing_plan *plan, const struct shape *shape, int m)
{
    struct routing routing;
    struct error err = {0};

    if (!routing_make(plan, shape, m, &routing, &err))
        fail_msg("%s", err.text);
    return routing;
}

/* Every row's experts differ; each draw's places are permutations. */
static void check_routing(const struct routing *routing)
{
    for (int q = 0; q < routing->draw_count; q++) {
        const int *ids = routing_ids(routing, q);

        for (int t = 0; t < routing->m; t++) {
            unsigned long long seen = 0;

            for (int i = 0; i < routing->top_k; i++) {
                int id = ids[t * routing->top_k + i];

                assert_in_range(id, 0, routing->experts - 1);
                assert_false(seen >> id & 1);
                seen |= 1ull << id;
            }
        }
        for (int p = 0; p < routing->place_count; p++) {
            unsigned long long seen = 0;

            for (int e = 0; e < routing->experts; e++)
                seen |= 1ull << routing_place(routing, q, p)[e];
            assert_true(seen == (1ull << routing->experts) - 1);
        }
    }
}

static unsigned long long experts_in_memory(const struct routing *routing, int draw, int place)
{
    unsigned long long set = 0;

    for (int i = 0; i < routing->m * routing->top_k; i++)
        set |= 1ull << routing_place(routing, draw, place)[routing_ids(routing, draw)[i]];
    return set;
}

static void uniform_is_seeded_and_distinct(void **state)
{
    (void)state;
    const struct shape shape = small_shape();
    struct routing_plan plan = {.kind = ROUTING_UNIFORM, .seed = 7};

    for (int m = 1; m <= 64; m *= 2) {
        struct routing a = make(&plan, &shape, m), b = make(&plan, &shape, m);

        check_routing(&a);
        assert_memory_equal(
            routing_ids(&a, 0), routing_ids(&b, 0), sizeof(int) * (size_t)(a.draw_count * m * 4));
        routing_free(&b);
        plan.seed++;
        b = make(&plan, &shape, m);
        assert_memory_not_equal(
            routing_ids(&a, 0), routing_ids(&b, 0), sizeof(int) * (size_t)(a.draw_count * m * 4));
        routing_free(&a);
        routing_free(&b);
    }
}

/* Distinct experts that a draw hits. */
static double mean_experts(const struct routing *routing)
{
    double sum = 0;

    for (int q = 0; q < routing->draw_count; q++)
        sum += __builtin_popcountll(experts_in_memory(routing, q, 0));
    return sum / routing->draw_count;
}

/* Whatever draws follow each other, a place and the next one read different weights. */
static void neighbouring_places_share_no_expert(void **state)
{
    (void)state;
    const struct shape shape = small_shape();
    const struct routing_plan plan = {.kind = ROUTING_UNIFORM, .seed = 3};
    struct routing routing = make(&plan, &shape, 1);

    assert_int_equal(routing.place_count, 4);
    assert_true(mean_experts(&routing) == 4);
    for (int p = 0; p < routing.place_count; p++) {
        for (int q = 0; q < routing.draw_count; q++) {
            for (int next = 0; next < routing.draw_count; next++)
                assert_true(!(experts_in_memory(&routing, q, p) &
                              experts_in_memory(&routing, next, (p + 1) % routing.place_count)));
        }
    }
    routing_free(&routing);
    routing = make(&plan, &shape, 32);
    assert_int_equal(routing.place_count, 1);
    assert_true(mean_experts(&routing) > 15);
    routing_free(&routing);
}

static void fused_shared_expert_is_last_and_always_chosen(void **state)
{
    (void)state;
    struct shape shape = small_shape();
    const struct routing_plan plan = {.kind = ROUTING_UNIFORM, .seed = 3};

    shape.experts++;
    shape.top_k++;
    struct routing routing = make(&plan, &shape, 8);
    check_routing(&routing);
    for (int t = 0; t < 8; t++) {
        assert_int_equal(routing_ids(&routing, 0)[t * 5 + 4], 16);
        assert_true(routing.weights[t * 5 + 4] == 1.0f);
        for (int i = 0; i < 4; i++)
            assert_in_range(routing_ids(&routing, 0)[t * 5 + i], 0, 15);
    }
    routing_free(&routing);
    assert_true(routing_expected_experts(&shape, 1) > 4.999);
    assert_true(routing_expected_experts(&shape, 1) < 5.001);
    assert_true(routing_expected_experts(&shape, 1000) > 16.999);
}

/* A steep Zipf sends nearly every token to the same experts; uniform spreads them. */
static void zipf_concentrates(void **state)
{
    (void)state;
    const struct shape shape = small_shape();
    struct routing_plan plan = {.kind = ROUTING_ZIPF, .zipf = 6, .seed = 3};
    struct routing steep = make(&plan, &shape, 8);

    check_routing(&steep);
    plan.zipf = 0;
    struct routing flat = make(&plan, &shape, 8);
    check_routing(&flat);
    assert_true(mean_experts(&steep) < 10);
    assert_true(mean_experts(&flat) > 13);
    routing_free(&steep);
    routing_free(&flat);
}

static void elsewhere_is_minus_one(void **state)
{
    (void)state;
    struct shape shape = small_shape();
    const struct routing_plan plan = {.kind = ROUTING_UNIFORM, .seed = 3};

    shape.experts = 4; /* a quarter of the routed ones */
    struct routing routing = make(&plan, &shape, 64);
    int away = 0;
    for (int i = 0; i < 256; i++) {
        assert_in_range(routing_ids(&routing, 0)[i] + 1, 0, 4);
        away += routing_ids(&routing, 0)[i] < 0;
    }
    assert_in_range(away, 160, 224);
    routing_free(&routing);
}

/* The definition, by brute force: rows of an expert stand together in blocks that carry its id. */
static void check_aligned(const int *ids, int count, int experts, int block_m, long long em)
{
    struct aligned aligned;
    int row = 0;

    routing_align(ids, count, experts, block_m, em, &aligned);
    assert_int_equal(aligned.blocks, (em + block_m - 1) / block_m);
    for (int e = -1; e < experts; e++) {
        for (int i = 0; i < count; i++) {
            if (ids[i] != e)
                continue;
            assert_int_equal(aligned.sorted[row], i);
            assert_int_equal(aligned.experts[row / block_m], e);
            row++;
        }
        for (; row % block_m; row++)
            assert_int_equal(aligned.sorted[row], count);
    }
    assert_int_equal(aligned.post_padded, row);
    for (; row < em; row++)
        assert_int_equal(aligned.sorted[row], count);
    aligned_free(&aligned);
}

static void align_is_its_definition(void **state)
{
    (void)state;
    struct random random;
    int ids[300];

    random_seed(&random, 1);
    for (int round = 0; round < 300; round++) {
        int experts = 1 + (int)random_below(&random, 20);
        int count = 1 + (int)random_below(&random, 300);
        int block_m = 16 << random_below(&random, 3);

        for (int i = 0; i < count; i++)
            ids[i] = (int)random_below(&random, (uint64_t)experts + 1) - 1;
        check_aligned(ids, count, experts, block_m, count + (experts + 1) * (block_m - 1));
        if (count < experts + 1)
            check_aligned(ids, count, experts, block_m, (long long)count * block_m);
    }
}

static void records_are_read(void **state)
{
    (void)state;
    struct routing_record record;
    struct error err = {0};
    const char *text = "# captured\n0 1 2 3\n\n4,5,6,-1\n";
    unsigned char npy[80 + 16] = "\x93NUMPY\x01\x00\x46\x00{'descr': '<i4', 'fortran_order': "
                                 "False, 'shape': (2, 2), }         \n";
    const int numbers[4] = {3, 1, 2, 0};

    assert_true(routing_parse("f", text, strlen(text), &record, &err));
    assert_int_equal(record.tokens, 2);
    assert_int_equal(record.top_k, 4);
    assert_int_equal(record.ids[7], -1);
    struct shape shape = small_shape();
    struct routing_plan plan = {.kind = ROUTING_FILE, .record = &record};
    struct routing routing = make(&plan, &shape, 1);
    assert_int_equal(routing_ids(&routing, 1)[0], 4);
    routing_free(&routing);
    shape.top_k = 3;
    assert_false(routing_make(&plan, &shape, 1, &routing, &err));
    assert_non_null(strstr(err.text, "4 experts a token, the layer has 3"));
    shape.top_k = 4;
    shape.experts = 5;
    shape.routed = 5;
    assert_false(routing_make(&plan, &shape, 2, &routing, &err));
    assert_non_null(strstr(err.text, "expert 5"));
    free(record.ids);

    memcpy(npy + 80, numbers, sizeof numbers);
    assert_true(routing_parse("f", npy, sizeof npy, &record, &err));
    assert_int_equal(record.tokens, 2);
    assert_int_equal(record.ids[3], 0);
    free(record.ids);
    assert_false(routing_parse("f", npy, sizeof npy - 1, &record, &err));
    assert_false(routing_parse("f", "0 1\n0 1 2\n", 10, &record, &err));
    assert_non_null(strstr(err.text, "f:2"));
    assert_false(routing_parse("f", "0 x\n", 4, &record, &err));
    assert_false(routing_parse("f", "\n", 1, &record, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uniform_is_seeded_and_distinct),
        cmocka_unit_test(neighbouring_places_share_no_expert),
        cmocka_unit_test(fused_shared_expert_is_last_and_always_chosen),
        cmocka_unit_test(zipf_concentrates),
        cmocka_unit_test(elsewhere_is_minus_one),
        cmocka_unit_test(align_is_its_definition),
        cmocka_unit_test(records_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
