/* SPDX-License-Identifier: MIT */
#include "ui/terminal.h"

#include "base/base64.h"
#include "ui/keys.h"

#include <curses.h>
#include <langinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

static struct {
    SCREEN *screen;
    bool color;
    attr_t looks[ROLE_COUNT];
    enum theme theme;
    bool paired[ROLE_COUNT][ROLE_COUNT]; /* the pair of a halved cell is there */
    int pointer_x, pointer_y;
    struct termios before; /* for a crash */
    char restore[256];     /* leaves the alternate screen, shows the cursor */
    char notice[160];
} terminal;

/* Those kept for terminal_signal, in the order in which they are told. */
static const int kept[] = {SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT};
#define KEPT (sizeof kept / sizeof kept[0])

static volatile sig_atomic_t came[KEPT];

static void keep_signal(int number)
{
    for (size_t i = 0; i < KEPT; i++)
        if (kept[i] == number)
            came[i] = 1;
}

static void crash(int number)
{
    ssize_t ignored = write(STDOUT_FILENO, terminal.restore, strlen(terminal.restore));
    (void)ignored;
    tcsetattr(STDIN_FILENO, TCSANOW, &terminal.before);
    raise(number); /* the handler is gone already: SA_RESETHAND */
}

static void catch_one(int number, void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    struct sigaction before;
    sigemptyset(&action.sa_mask);
    sigaction(number, NULL, &before);
    if (before.sa_handler != SIG_IGN)
        sigaction(number, &action, NULL);
}

/* To be called before newterm: ncurses leaves signals alone that are caught already. A SIGTSTP that
 * it handles itself it would drop while it draws. */
static void catch_signals(void)
{
    static const int crashes[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};
    for (size_t i = 0; i < KEPT; i++)
        catch_one(kept[i], keep_signal, 0);
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++)
        catch_one(crashes[i], crash, (int)SA_RESETHAND | SA_NODEFER);
    signal(SIGPIPE, SIG_IGN);
}

static attr_t attributes_of(const struct look *look)
{
    attr_t attributes = A_NORMAL;
    attributes |= look->attributes & LOOK_BOLD ? A_BOLD : 0;
    attributes |= look->attributes & LOOK_DIM ? A_DIM : 0;
    attributes |= look->attributes & LOOK_REVERSE ? A_REVERSE : 0;
    attributes |= look->attributes & LOOK_UNDERLINE ? A_UNDERLINE : 0;
    return attributes;
}

/* A pair for each role: fewer than the 64 that the smallest colour terminals have. */
void terminal_theme(enum theme theme)
{
    int colors = terminal.color ? COLORS : 0;
    terminal.theme = theme;
    memset(terminal.paired, 0, sizeof terminal.paired);
    for (int role = 0; role < ROLE_COUNT; role++) {
        struct look look = theme_look(theme, (enum role)role, colors);
        terminal.looks[role] = attributes_of(&look);
        if (look.foreground < 0 && look.background < 0)
            continue;
        init_pair((short)(role + 1), look.foreground, look.background);
        terminal.looks[role] |= (attr_t)COLOR_PAIR(role + 1);
    }
}

static void note_restore(bool mouse)
{
    snprintf(terminal.restore, sizeof terminal.restore, "%s%s%s%s\r\n",
        mouse ? "\033[?1006;1000l" : "", exit_attribute_mode ? exit_attribute_mode : "",
        cursor_normal ? cursor_normal : "", exit_ca_mode ? exit_ca_mode : "");
}

/* Terminals that stay in cursor mode send these, whatever terminfo says. */
static void define_arrows(void)
{
    define_key("\033[A", KEY_UP);
    define_key("\033[B", KEY_DOWN);
    define_key("\033[C", KEY_RIGHT);
    define_key("\033[D", KEY_LEFT);
}

/* The wheel is the buttons 4 and 5. */
static int read_mouse(void)
{
    MEVENT event;
    if (getmouse(&event) != OK)
        return 0;
    terminal.pointer_x = event.x;
    terminal.pointer_y = event.y;
    if (event.bstate & BUTTON4_PRESSED)
        return KEY_PAGE_UP;
    if (event.bstate & BUTTON5_PRESSED)
        return KEY_PAGE_DOWN;
    return event.bstate & BUTTON1_PRESSED ? KEY_CLICK : 0;
}

void terminal_pointer(int *x, int *y)
{
    *x = terminal.pointer_x;
    *y = terminal.pointer_y;
}

/* Whether the terminal has one. A press is reported at once, not held back for a double click. */
static bool catch_mouse(void)
{
    mouseinterval(0);
    return mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL) != 0;
}

/* A dumb one cannot. */
static bool can_place_text(void)
{
    const char *move = tigetstr("cup");
    return move && move != (const char *)-1;
}

bool terminal_open(enum theme theme, bool color, bool mouse, struct error *err)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return error_set(err, ERROR_USAGE,
            "screen: stdin and stdout are no terminal; --ui=line, or: moebench tune");
    if (terminal.screen) {
        terminal_theme(theme);
        return true;
    }
    tcgetattr(STDIN_FILENO, &terminal.before);
    catch_signals();
    terminal.screen = newterm(NULL, stdout, stdin);
    if (!terminal.screen) {
        const char *name = getenv("TERM");
        snprintf(terminal.notice, sizeof terminal.notice,
            "TERM=%s is unknown here; taken for xterm-256color. Set TERM to what you use.",
            name ? name : "");
        terminal.screen = newterm("xterm-256color", stdout, stdin);
    }
    if (!terminal.screen)
        return error_set(err, ERROR_FAILED,
            "screen: no terminfo entry for $TERM nor for "
            "xterm-256color; install ncurses-term");
    if (!can_place_text()) {
        endwin();
        delscreen(terminal.screen);
        terminal.screen = NULL;
        return error_set(err, ERROR_USAGE,
            "screen: a terminal of TERM=%s cannot place text; --ui=line, or: moebench tune",
            getenv("TERM"));
    }
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    define_arrows();
    set_escdelay(25);
    curs_set(0);
    terminal.color = color && has_colors();
    if (terminal.color) {
        start_color();
        use_default_colors();
    }
    terminal_theme(theme);
    note_restore(mouse && catch_mouse());
    return true;
}

void terminal_close(void)
{
    if (!terminal.screen)
        return;
    endwin();
    delscreen(terminal.screen);
    terminal.screen = NULL;
}

void terminal_size(int *width, int *height)
{
    getmaxyx(stdscr, *height, *width);
}

bool terminal_halves(void)
{
    return terminal.color && COLORS >= 256 && COLOR_PAIRS > ROLE_COUNT * (ROLE_COUNT + 1) &&
           strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* Pairs past 255 do not fit into a chtype: setcchar's extended ones, made on first use. */
static void draw_halved(int x, int y, const struct canvas_cell *cell)
{
    int above = cell->role, below = cell->below;
    int pair = 1 + ROLE_COUNT * (1 + above) + below;
    cchar_t block;
    if (!terminal.paired[above][below]) {
        init_extended_pair(pair, theme_fill(terminal.theme, (enum role)above),
            theme_fill(terminal.theme, (enum role)below));
        terminal.paired[above][below] = true;
    }
    setcchar(&block, L"\u2580", A_NORMAL, 0, &pair);
    mvadd_wch(y, x, &block);
}

void terminal_draw(const struct canvas *canvas)
{
    for (int y = 0; y < canvas->height; y++)
        for (int x = 0; x < canvas->width; x++) {
            const struct canvas_cell *cell = &canvas->cells[y * canvas->width + x];
            if (cell->halved) {
                draw_halved(x, y, cell);
                continue;
            }
            chtype look = terminal.looks[cell->role];
            if (cell->reversed)
                look ^= A_REVERSE;
            mvaddch(y, x, (chtype)(unsigned char)cell->character | look);
        }
    refresh();
}

void terminal_redraw(void)
{
    clearok(curscr, TRUE);
}

int terminal_key(void)
{
    static const struct {
        int curses, key;
    } names[] = {
        {KEY_UP, KEY_UPWARD},
        {KEY_DOWN, KEY_DOWNWARD},
        {KEY_LEFT, KEY_LEFTWARD},
        {KEY_RIGHT, KEY_RIGHTWARD},
        {KEY_PPAGE, KEY_PAGE_UP},
        {KEY_NPAGE, KEY_PAGE_DOWN},
        {KEY_BACKSPACE, KEY_ERASE},
        {KEY_ENTER, KEY_RETURN},
        {'\n', KEY_RETURN},
    };
    int got = getch();
    if (got == KEY_MOUSE)
        return read_mouse();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (got == names[i].curses)
            return names[i].key;
    return got > 0 && got < 256 ? got : 0;
}

void terminal_copy(const char *text)
{
    char *encoded = base64_encode(text, strlen(text));
    printf("\033]52;c;%s\a", encoded);
    fflush(stdout);
    free(encoded);
}

/* What is drawn already is sent anew, for a window that may have another size by now. */
static void show_again(void)
{
    terminal_redraw();
    refresh();
    raise(SIGWINCH);
}

/* Gives the terminal back and stops as the shell expects it; comes back with SIGCONT. */
static void stop(void)
{
    endwin();
    signal(SIGTSTP, SIG_DFL);
    raise(SIGTSTP);
    catch_one(SIGTSTP, keep_signal, 0);
}

int terminal_signal(void)
{
    for (size_t i = 0; i < KEPT; i++) {
        if (!came[i])
            continue;
        came[i] = 0;
        if (kept[i] == SIGTSTP)
            stop();
        else if (kept[i] == SIGCONT)
            show_again();
        else
            return kept[i];
    }
    return 0;
}

const char *terminal_notice(void)
{
    return terminal.notice;
}
