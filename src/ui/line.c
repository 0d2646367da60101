/* SPDX-License-Identifier: MIT */
#include "ui/ab_news.h"
#include "ui/board.h"
#include "ui/entry.h"
#include "ui/screen.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t signalled;

static void keep_signal(int number)
{
    signalled = number;
}

static void catch_ends(void)
{
    static const int ends[] = {SIGHUP, SIGTERM, SIGINT};
    struct sigaction before;

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        sigaction(ends[i], NULL, &before);
        if (ends[i] != SIGHUP || before.sa_handler != SIG_IGN) /* nohup's wish stands */
            sigaction(ends[i], &(struct sigaction){.sa_handler = keep_signal}, NULL);
    }
}

static void print_state(const struct snapshot *snapshot)
{
    long long total = snapshot->points_done + snapshot->points_left;
    printf("%s%s%s, %lld of %lld points, %s", board_state_name(snapshot->state),
        *snapshot->phase ? ": " : "", snapshot->phase, snapshot->points_done, total,
        snapshot->planned    ? "a plan"
        : snapshot->recorded ? "recorded"
                             : "measured");
    if (snapshot->follows_pid)
        printf(", driven by pid %ld", snapshot->follows_pid);
    putchar('\n');
    fflush(stdout);
}

static void print_plan(const struct snapshot *snapshot)
{
    const struct question *q = &snapshot->question;
    for (int m = 0; m < q->batch_size_count; m++)
        for (int gemm = 0; gemm < GEMM_COUNT; gemm++) {
            struct entry entry;
            char text[TILE_TEXT_SIZE];
            if (!q->gemms[gemm])
                continue;
            entry_find(snapshot, (enum gemm)gemm, m, &entry);
            printf("M=%d %s: %s, %s", q->batch_sizes[m], gemm_name((enum gemm)gemm),
                entry_source_name(entry.source), entry_fit_name(entry.fit));
            if (entry.shared_bytes > 0)
                printf(", %s, %d of %d B", tile_format(&entry.tile, text, sizeof text),
                    entry.shared_bytes, q->device.smem_limit);
            putchar('\n');
        }
}

static void wait_for_news(const struct tuner *tuner, bool keys)
{
    struct pollfd fds[] = {
        {.fd = tuner_fd(tuner), .events = POLLIN},
        {.fd = STDIN_FILENO, .events = POLLIN},
    };

    poll(fds, keys ? 2 : 1, 500);
}

/* After the end of a process whose tune was followed: the next line typed, until one asked to take
 * over. False: to leave. */
static bool take_over(struct tuner *tuner, bool *asked)
{
    struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
    char line[64];

    if (*asked || poll(&fd, 1, 0) != 1)
        return true;
    ssize_t length = read(STDIN_FILENO, line, sizeof line);
    if (length <= 0 || line[0] == 'q')
        return false;
    *asked = line[0] == '\n' || line[0] == 'p';
    if (*asked)
        tuner_post(tuner, &(struct tuner_command){.kind = TUNER_RESUME});
    return true;
}

static void print_ab(const struct snapshot *snapshot, struct ab_told *told)
{
    struct text news = {0};
    ab_news(told, &snapshot->ab, &news);
    if (news.length > 0)
        fputs(news.data, stdout);
    text_free(&news);
}

/* Every change of state, phase and every event is a line; nothing moves the cursor. */
bool line_run(struct tuner *tuner, int *number, struct error *err)
{
    char phase[32] = "?";
    unsigned events = 0;
    int state = -1;
    bool ended = false, asked = false, leave = false;
    struct ab_told told = {0};
    catch_ends();
    while (!signalled && !leave && state < TUNER_DONE) {
        const struct snapshot *snapshot = tuner_snapshot_acquire(tuner);
        const char *news[SNAPSHOT_EVENTS];
        for (int i = 0, count = snapshot_news(snapshot, true, &events, news); i < count; i++)
            printf("%s\n", news[i]);
        if (state != (int)snapshot->state || strcmp(phase, snapshot->phase) != 0)
            print_state(snapshot);
        print_ab(snapshot, &told);
        if (snapshot->follows_ended && !ended)
            printf("p or Enter goes on with it here, q leaves\n");
        fflush(stdout);
        ended = snapshot->follows_ended;
        state = (int)snapshot->state;
        snprintf(phase, sizeof phase, "%s", snapshot->phase);
        if (snapshot->state == TUNER_FAILED)
            error_set(err, ERROR_FAILED, "%s", snapshot->error);
        leave = snapshot->planned && snapshot->state == TUNER_PAUSED;
        if (leave)
            print_plan(snapshot);
        tuner_snapshot_release(tuner, snapshot);
        asked = asked && ended;
        leave = leave || (ended && !take_over(tuner, &asked));
        if (state < TUNER_DONE && !leave)
            wait_for_news(tuner, ended && !asked);
    }
    *number = signalled;
    return state != TUNER_FAILED;
}
