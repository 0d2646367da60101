/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_UI_SCRIPT_H
#define MOEBENCH_UI_SCRIPT_H

#include "ui/screen.h"

/*
 * The screen without a terminal: lines of key names ("PgDn Down e Enter"), comments (#), and
 *   :resize 80x24
 *   :wait done | paused | timing | settled=3 | points=100 | ab=1   (a minute at most)
 *   :save-screen FILE       the text, and the roles in FILE.roles
 */
bool script_run(struct tuner *tuner, const struct screen_options *options, struct error *err);

#endif
