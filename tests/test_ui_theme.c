/* SPDX-License-Identifier: MIT */
/* Every colour can be read, on a light terminal and on a dark one. */
#include "tests/cmocka_all.h"
#include "ui/theme.h"

#include <math.h>

#define LEAST_CONTRAST 3.5 /* WCAG 2 asks 3 of large text and 4.5 of small */

static const int xterm16[8][3] = {{0, 0, 0}, {205, 0, 0}, {0, 205, 0}, {205, 205, 0}, {0, 0, 238},
    {205, 0, 205}, {0, 205, 205}, {229, 229, 229}};

/* The components of one of xterm's 256 colours, 0 to 255. */
static void components(int color, int rgb[3])
{
    static const int levels[] = {0, 95, 135, 175, 215, 255};
    for (int i = 0; i < 3; i++) {
        if (color < 8)
            rgb[i] = xterm16[color][i];
        else if (color >= 232)
            rgb[i] = 8 + 10 * (color - 232);
        else
            rgb[i] = levels[(color - 16) / (i == 0 ? 36 : i == 1 ? 6 : 1) % 6];
    }
}

/* Relative luminance as WCAG 2 defines it. */
static double luminance(int color)
{
    static const double weights[] = {0.2126, 0.7152, 0.0722};
    double sum = 0;
    int rgb[3];
    components(color, rgb);
    for (int i = 0; i < 3; i++) {
        double share = rgb[i] / 255.0;
        sum += weights[i] * (share <= 0.03928 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4));
    }
    return sum;
}

static double contrast(double a, double b)
{
    return (fmax(a, b) + 0.05) / (fmin(a, b) + 0.05);
}

static void test_legible(void **arg)
{
    (void)arg;
    static const int colors[] = {8, 256};
    for (int i = 0; i < 2; i++)
        for (int theme = 0; theme < THEME_COUNT; theme++)
            for (int role = 0; role < ROLE_COUNT; role++)
                for (int light = 0; light < 2; light++) {
                    struct look look = theme_look((enum theme)theme, (enum role)role, colors[i]);
                    double front = look.foreground < 0 ? 1 - light : luminance(look.foreground);
                    double back = look.background < 0 ? light : luminance(look.background);
                    if (contrast(front, back) < LEAST_CONTRAST)
                        fail_msg("%s, role %d of %d colours: %.1f on %s", theme_name(theme), role,
                            colors[i], contrast(front, back), light ? "white" : "black");
                }
}

/* Without colours nothing but attributes; ascii does without them too, but for what is selected. */
static void test_without_colors(void **arg)
{
    (void)arg;
    for (int role = 0; role < ROLE_COUNT; role++) {
        struct look few = theme_look(THEME_VIRIDIS, (enum role)role, 2);
        struct look mono = theme_look(THEME_MONO, (enum role)role, 256);
        struct look ascii = theme_look(THEME_ASCII, (enum role)role, 256);
        assert_true(few.foreground == -1 && few.background == -1);
        assert_true(mono.foreground == -1 && mono.background == -1);
        assert_int_equal(few.attributes, mono.attributes);
        assert_int_equal(ascii.attributes, role == ROLE_SELECTED ? LOOK_REVERSE : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_legible),
        cmocka_unit_test(test_without_colors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
