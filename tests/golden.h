/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_TESTS_GOLDEN_H
#define MOEBENCH_TESTS_GOLDEN_H

#include "base/path.h"
#include "base/text.h"
#include "tests/cmocka_all.h"
#include "ui/canvas.h"

#include <stdlib.h>

static inline void golden_compare(const char *name, const char *suffix, const struct text *got)
{
    char *path = xasprintf("%s/tests/screens/%s.%s", SOURCE_FOLDER, name, suffix);
    struct error err = {0};
    if (getenv("MOEBENCH_UPDATE_SCREENS")) {
        assert_true(path_write_atomic(path, got->data, got->length, &err));
    } else {
        size_t length = 0;
        char *want = path_read(path, 1 << 20, &length, &err);
        assert_non_null(want);
        assert_string_equal(want, got->data);
        free(want);
    }
    free(path);
}

/* Holds the canvas against tests/screens/NAME.txt and NAME.roles;
 * MOEBENCH_UPDATE_SCREENS=1 remakes them. */
static inline void golden_check(struct canvas *canvas, const char *name)
{
    struct text text = {0}, roles = {0};
    canvas_text(canvas, &text);
    canvas_roles(canvas, &roles);
    golden_compare(name, "txt", &text);
    golden_compare(name, "roles", &roles);
    text_free(&text);
    text_free(&roles);
}

#endif
