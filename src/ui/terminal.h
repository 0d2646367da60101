/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_UI_TERMINAL_H
#define MOEBENCH_UI_TERMINAL_H

#include "base/error.h"
#include "ui/canvas.h"

/*
 * The only module that knows ncurses; one terminal a process, used by the UI thread. SIGHUP,
 * SIGTERM, SIGINT and SIGTSTP are kept for terminal_signal, so that no handler calls ncurses; a
 * crash restores the screen before it ends.
 */

/* Takes stdin and stdout; an unknown TERM is taken for xterm-256color. mouse: clicks and the wheel
 * come as keys, KEY_CLICK and the page keys; the terminal then selects text with Shift only. One
 * that is open already stays, in the new theme. */
bool terminal_open(enum theme theme, bool color, bool mouse, struct error *err);
/* Restores the screen; fine when none is open. */
void terminal_close(void);
void terminal_size(int *width, int *height);
void terminal_theme(enum theme theme);
/* Whether halved cells can be drawn: 256 colours, enough pairs, UTF-8. */
bool terminal_halves(void);
/* Sends what differs from the last frame. */
void terminal_draw(const struct canvas *canvas);
/* Everything is sent anew with the next frame. */
void terminal_redraw(void);
/* The next key waiting, 0: none. A resize counts as none. */
int terminal_key(void);
/* Where the last KEY_CLICK was. */
void terminal_pointer(int *x, int *y);
/* To the clipboard, by OSC 52. */
void terminal_copy(const char *text);
/* The signal that asks for an end and came since the last call, 0: none. A stop by Ctrl-Z happens
 * in here; after that the screen is shown again. */
int terminal_signal(void);
/* What was wrong with TERM, to be said after the end; "" when nothing was. */
const char *terminal_notice(void);

#endif
