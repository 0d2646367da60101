/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_UI_SCREEN_H
#define MOEBENCH_UI_SCREEN_H

#include "tuner/tuner.h"
#include "ui/theme.h"

struct screen_options {
    enum theme theme;
    bool color;
    bool mouse;
    bool ascii;      /* no half blocks, whatever the terminal can do */
    const char *out; /* the folder that `export` writes to, to be shown */
    /* Writes the files; says what it did in `note`. */
    bool (*export)(const struct snapshot *snapshot, const void *arg, char *note, size_t size,
        struct error *err);
    const void *arg;
    const char *database; /* the tuner's, read for what is past; NULL: none */
    const char *script;   /* a file of keys to be pressed without a terminal; NULL: a terminal */
};

/*
 * Each runs until the person leaves, the terminal is lost or a signal asks for the end, and lets
 * the tuner run on: the caller closes it. Into *signal goes the signal to end by, 0: none.
 */
bool screen_run(
    struct tuner *tuner, const struct screen_options *options, int *signal, struct error *err);
/* The same news as lines on stdout, until the tune ends. */
bool line_run(struct tuner *tuner, int *signal, struct error *err);

#endif
