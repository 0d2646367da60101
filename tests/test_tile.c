/* SPDX-License-Identifier: MIT */
#include "tests/cmocka_all.h"

#include "domain/space.h"
#include "domain/tile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void reads_what_it_writes(void **state)
{
    (void)state;
    char text[TILE_TEXT_SIZE];
    struct tile tile;
    assert_true(tile_parse("BM64,BN128,BK256,G8,w4,s3", &tile, NULL));
    struct tile expected = {64, 128, 256, 8, 4, 3, false};
    assert_true(tile_equal(&tile, &expected));
    assert_string_equal(tile_format(&tile, text, sizeof text), "BM64,BN128,BK256,G8,w4,s3");
    assert_true(tile_parse("tma,S2,w8,g16,bk64,bn32,bm16", &tile, NULL));
    assert_string_equal(tile_format(&tile, text, sizeof text), "BM16,BN32,BK64,G16,w8,s2,tma");
}

static void fills_tritons_values(void **state)
{
    (void)state;
    struct tile tile, expected = {16, 32, 64, 1, 4, 3, false};
    assert_true(tile_parse("BM16,BN32,BK64", &tile, NULL));
    assert_true(tile_equal(&tile, &expected));
}

static void refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *names;
    } cases[] = {
        {"", "''"},
        {"BM64,BN64", "BLOCK_SIZE_K"},
        {"BM64,BN64,BK64,BM32", "twice"},
        {"BM64,BN64,BK96", "BLOCK_SIZE_K is 96"},
        {"BM8,BN64,BK64", "BLOCK_SIZE_M is 8"},
        {"BM64,BN64,BK64,w3", "num_warps is 3"},
        {"BM64,BN64,BK64,w64", "num_warps is 64"},
        {"BM64,BN64,BK64,s0", "num_stages is 0"},
        {"BM64,BN64,BK64,G0", "GROUP_SIZE_M is 0"},
        {"BM64,BN64,BK64,", "''"},
        {"BM64,BN64,BK64,x1", "'x1'"},
        {"BM-64,BN64,BK64", "'BM-64'"},
        {"BM99999999999,BN64,BK64", "BM99999999999"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tile tile;
        struct error err = {0};
        assert_false(tile_parse(cases[i].text, &tile, &err));
        assert_int_equal(err.kind, ERROR_USAGE);
        assert_non_null(strstr(err.text, cases[i].names));
    }
}

static void json_both_ways(void **state)
{
    (void)state;
    struct tile tile = {128, 64, 128, 16, 8, 3, true}, back;
    struct json *object = json_new_object();
    tile_add_json(object, &tile);
    char *text = json_print(object);
    assert_string_equal(text,
        "{\"BLOCK_SIZE_M\":128,\"BLOCK_SIZE_N\":64,\"BLOCK_SIZE_K\":128,\"GROUP_SIZE_M\":16,"
        "\"num_warps\":8,\"num_stages\":3,\"USE_TMA\":true}");
    assert_true(tile_from_json(object, &back, NULL));
    assert_true(tile_equal(&tile, &back));
    free(text);
    json_free(object);
}

static void default_grid(void **state)
{
    (void)state;
    struct space space;
    space_default(&space);
    assert_int_equal(space.count, 1920);
    for (size_t i = 0; i < space.count; i++) {
        assert_true(tile_legal(&space.tiles[i], NULL));
        if (i % 480)
            assert_int_equal(space.tiles[i].group_m, space.tiles[i - 1].group_m);
    }
    assert_int_equal(space.tiles[0].num_stages, 2);
    assert_int_equal(space.tiles[1].num_stages, 3);
    space_free(&space);
}

static void axes_replaced(void **state)
{
    (void)state;
    struct space space;
    struct error err = {0};
    space_default(&space);
    assert_true(space_set_axis(&space, "bm=64,16,64", &err));
    assert_true(space_set_axis(&space, "G=1", &err));
    assert_int_equal(space.count, 1920 / 5 * 2 / 4);
    assert_int_equal(space.values[TILE_BLOCK_M][0], 16);
    assert_false(space_set_axis(&space, "BM=48", &err));
    assert_int_equal(err.kind, ERROR_USAGE);
    assert_false(space_set_axis(&space, "BX=48", &err));
    assert_false(space_set_axis(&space, "BM=", &err));
    assert_int_equal(space.count, 192);
    space_free(&space);
}

static void list_from_file(void **state)
{
    (void)state;
    char path[] = "/tmp/moebench-space-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    fputs("[{\"BLOCK_SIZE_M\":64,\"BLOCK_SIZE_N\":64,\"BLOCK_SIZE_K\":32,\"GROUP_SIZE_M\":8},\n"
          " {\"BLOCK_SIZE_M\":64,\"BLOCK_SIZE_N\":64,\"BLOCK_SIZE_K\":32,\"GROUP_SIZE_M\":8},\n"
          " {\"BLOCK_SIZE_M\":16,\"BLOCK_SIZE_N\":64,\"BLOCK_SIZE_K\":32,\"GROUP_SIZE_M\":8}]",
        file);
    fclose(file);
    struct space space;
    struct error err = {0};
    assert_true(space_from_file(path, &space, &err));
    assert_int_equal(space.count, 2);
    assert_int_equal(space.value_count[TILE_BLOCK_M], 2);
    assert_int_equal(tile_number_of(&space.tiles[0], TILE_STAGES), 3);
    space_free(&space);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_it_writes),
        cmocka_unit_test(fills_tritons_values),
        cmocka_unit_test(refuses),
        cmocka_unit_test(json_both_ways),
        cmocka_unit_test(default_grid),
        cmocka_unit_test(axes_replaced),
        cmocka_unit_test(list_from_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
