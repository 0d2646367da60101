/* SPDX-License-Identifier: MIT */
#include "ui/start_run.h"

#include "base/clock.h"
#include "base/words.h"
#include "ui/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define LIST_S 1.0 /* the list is read no more often */

static void take_look(struct start *start, const struct start_options *options)
{
    struct start_look *look = xcalloc(1, sizeof *look);
    char **words = start_words(start);
    options->look(words, options->arg, look);
    start_take_look(start, look);
    words_free(words);
    free(look);
}

static void draw(struct canvas *canvas, struct start *start)
{
    int width, height;
    terminal_size(&width, &height);
    canvas_resize(canvas, width, height);
    view_start(canvas, start);
    terminal_draw(canvas);
}

/* Whether to go on waiting for keys. */
static bool wait_for_key(struct start_answer *answer)
{
    struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
    if ((poll(&fd, 1, 500) < 0 && errno != EINTR) || (fd.revents & (POLLHUP | POLLERR | POLLNVAL)))
        return false;
    answer->signal = terminal_signal();
    return !answer->signal;
}

static void press(struct start *start, int key, struct start_answer *answer)
{
    enum start_effect effect = start_key(start, key);
    if (effect == START_REDRAW)
        terminal_redraw();
    else
        answer->effect = effect;
}

bool start_run(struct start *start, const struct start_options *options,
    struct start_answer *answer, struct error *err)
{
    struct canvas canvas = {0};
    double listed = clock_monotonic();
    int key;
    *answer = (struct start_answer){0};
    if (!terminal_open(options->theme, options->color, options->mouse, err))
        return false;
    while (answer->effect == START_NOTHING) {
        if (start->stale && start->page == START_FORM)
            take_look(start, options);
        if (start->page == START_LIST && clock_monotonic() - listed >= LIST_S) {
            options->refresh(start, options->arg);
            listed = clock_monotonic();
        }
        draw(&canvas, start);
        if (!wait_for_key(answer))
            answer->effect = START_QUIT;
        while (answer->effect == START_NOTHING && (key = terminal_key()) != 0)
            press(start, key, answer);
    }
    if (answer->signal == SIGINT)
        answer->signal = 0;
    if (answer->effect == START_RESUME)
        answer->tune = start->tunes[start->row].id;
    if (answer->effect == START_NEW)
        answer->words = start_words(start);
    canvas_free(&canvas);
    return true;
}
