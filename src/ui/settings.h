/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_UI_SETTINGS_H
#define MOEBENCH_UI_SETTINGS_H

#include "base/error.h"
#include "ui/theme.h"

/* settings.json in the XDG config folder; written only when asked for. */

/* THEME_VIRIDIS where nothing (or nothing readable) is saved. */
enum theme settings_theme(void);
bool settings_save(enum theme theme, struct error *err);

#endif
