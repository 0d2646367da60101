/* SPDX-License-Identifier: MIT */
#include "ui/screen.h"

#include "base/clock.h"
#include "ui/effect.h"
#include "ui/script.h"
#include "ui/terminal.h"
#include "ui/view.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* At most 20 frames a second: keys are answered at once, news wait until there was no frame for a
 * while. */
#define KEY_FRAME_S 0.05  /* from one key's frame to the next one's */
#define NEWS_FRAME_S 0.10 /* from any frame to one of news */
#define REST_S 0.25       /* the database is read when no key came for so long, and no more often */

struct loop {
    struct tuner *tuner;
    const struct screen_options *options;
    const struct snapshot *snapshot; /* borrowed from the tuner between the two waits */
    struct state state;
    struct canvas canvas;
    enum theme theme; /* the terminal's */
    struct past_reader *reader;
    double drawn, answered, pressed, looked; /* when: any frame, a key's, the last key, ... */
    bool stale, asked, over;                 /* a frame is due; for a key */
    int signal;
};

static void press(struct loop *loop, int key)
{
    int x, y;
    loop->stale = loop->asked = true;
    loop->pressed = clock_monotonic();
    if (key == KEY_CLICK) {
        terminal_pointer(&x, &y);
        view_click(&loop->canvas, loop->snapshot, &loop->state, x, y);
        return;
    }
    struct effect effect = state_key(&loop->state, loop->snapshot, key);
    if (effect.kind == EFFECT_COPY)
        terminal_copy(effect.text);
    if (effect.kind == EFFECT_REDRAW)
        terminal_redraw();
    if (!effect_apply(&loop->state, &effect, loop->tuner, loop->snapshot, loop->options))
        loop->over = true;
    if (loop->theme != loop->state.theme) {
        loop->theme = loop->state.theme;
        terminal_theme(loop->theme);
        terminal_redraw();
    }
}

static void draw(struct loop *loop)
{
    int width, height;
    terminal_size(&width, &height);
    canvas_resize(&loop->canvas, width, height);
    view_draw(&loop->canvas, loop->snapshot, &loop->state);
    terminal_draw(&loop->canvas);
    loop->drawn = clock_monotonic();
    if (loop->asked)
        loop->answered = loop->drawn;
    loop->stale = loop->asked = false;
}

/* Ctrl-C asks as `q` does; the others end. */
static void heed_signal(struct loop *loop)
{
    int number = terminal_signal();
    if (number == SIGINT)
        press(loop, 3);
    else if (number)
        loop->over = true, loop->signal = number;
}

/* When the next frame may be drawn. */
static double frame_time(const struct loop *loop)
{
    return loop->asked ? loop->answered + KEY_FRAME_S : loop->drawn + NEWS_FRAME_S;
}

static void wait_for_news(struct loop *loop)
{
    struct pollfd fds[] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = tuner_fd(loop->tuner), .events = POLLIN},
    };
    double left = loop->stale ? frame_time(loop) - clock_monotonic() : REST_S;
    int ms = left > 0 ? (int)(left * 1000) + 1 : 0;
    /* While a frame is due only keys are worth waking up for. */
    if (poll(fds, loop->stale ? 1 : 2, ms) < 0 && errno != EINTR)
        loop->over = true;
    if (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL))
        loop->over = true; /* the terminal is gone */
}

/* The old one goes first: acquired after it, a newer one would be let go by that release. */
static void take_snapshot(struct loop *loop)
{
    unsigned long long version = loop->snapshot->version;
    tuner_snapshot_release(loop->tuner, loop->snapshot);
    loop->snapshot = tuner_snapshot_acquire(loop->tuner);
    if (loop->snapshot->version == version)
        return;
    state_update(&loop->state, loop->snapshot);
    loop->stale = true;
}

static void look_back(struct loop *loop)
{
    double now = clock_monotonic();
    if (now - loop->pressed < REST_S || now - loop->looked < REST_S)
        return;
    loop->looked = now;
    if (state_look_back(&loop->state, loop->snapshot, loop->reader))
        loop->stale = true;
}

static void run(struct loop *loop)
{
    int width = 0, height = 0, key;
    while (!loop->over) {
        int now_width, now_height;
        terminal_size(&now_width, &now_height);
        if (now_width != width || now_height != height)
            loop->stale = loop->asked = true;
        width = now_width;
        height = now_height;
        if (loop->stale && clock_monotonic() >= frame_time(loop))
            draw(loop);
        wait_for_news(loop);
        while (!loop->over && (key = terminal_key()) != 0)
            press(loop, key);
        heed_signal(loop);
        take_snapshot(loop);
        look_back(loop);
    }
}

bool screen_run(
    struct tuner *tuner, const struct screen_options *options, int *signal, struct error *err)
{
    if (options->script)
        return script_run(tuner, options, err);
    if (!terminal_open(options->theme, options->color, options->mouse, err))
        return false;
    struct loop *loop = xcalloc(1, sizeof *loop);
    loop->tuner = tuner;
    loop->options = options;
    loop->theme = options->theme;
    loop->snapshot = tuner_snapshot_acquire(tuner);
    state_open(&loop->state, loop->snapshot, options->theme);
    loop->state.out = options->out;
    loop->state.halves = terminal_halves() && !options->ascii;
    loop->stale = true;
    loop->reader = past_open(options->database);
    run(loop);
    *signal = loop->signal;
    terminal_close();
    tuner_snapshot_release(tuner, loop->snapshot);
    state_close(&loop->state);
    past_close(loop->reader);
    canvas_free(&loop->canvas);
    free(loop);
    return true;
}
