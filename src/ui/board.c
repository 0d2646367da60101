/* SPDX-License-Identifier: MIT */
#include "ui/board.h"

#include "domain/roofline.h"
#include "domain/routing.h"

#include <math.h>

static const struct {
    double ratio;
    const char *name;
} steps[] = {
    {1.0, "best"},
    {1.01, "<= 1 %"},
    {1.03, "<= 3 %"},
    {1.10, "<= 10 %"},
    {1.25, "<= 25 %"},
    {1.50, "<= 50 %"},
    {2.0, "<= 2x"},
    {4.0, "<= 4x"},
    {INFINITY, "over 4x"},
};

int board_step(double us, double best_us)
{
    int step = 0;
    while (us > best_us * steps[step].ratio)
        step++;
    return step;
}

const char *board_step_name(int step)
{
    return steps[step].name;
}

const char *board_state_name(enum tuner_state state)
{
    static const char *const names[] = {
        [TUNER_STARTING] = "starting",
        [TUNER_COMPILING] = "compiling",
        [TUNER_TIMING] = "timing",
        [TUNER_VERIFYING] = "verifying",
        [TUNER_PAUSED] = "paused",
        [TUNER_DONE] = "done",
        [TUNER_STOPPED] = "stopped",
        [TUNER_FAILED] = "failed",
    };
    return names[state];
}

const struct cell *board_cell(
    const struct snapshot *snapshot, enum gemm gemm, int m_index, int tile)
{
    return &snapshot->cells[gemm][(size_t)m_index * snapshot->question.space.count + (size_t)tile];
}

int board_tile_index(const struct space *space, const struct tile *tile)
{
    for (size_t i = 0; i < space->count; i++)
        if (tile_equal(&space->tiles[i], tile))
            return (int)i;
    return -1;
}

bool board_fits(const struct snapshot *snapshot, enum gemm gemm, int tile)
{
    return snapshot->facts[gemm][tile].shared_bytes <= snapshot->question.device.smem_limit;
}

static bool timed(const struct cell *cell)
{
    return !isnan(cell->median_us) && cell->status == POINT_OK;
}

void digest_build(struct digest *digest, const struct snapshot *snapshot)
{
    const struct question *question = &snapshot->question;
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++) {
        for (int m = 0; m < question->batch_size_count; m++) {
            digest->best_us[gemm][m] = NAN;
            digest->best[gemm][m] = -1;
            for (int tile = 0; tile < (int)question->space.count; tile++) {
                const struct cell *cell = board_cell(snapshot, (enum gemm)gemm, m, tile);
                if (timed(cell) && !(cell->median_us >= digest->best_us[gemm][m])) {
                    digest->best_us[gemm][m] = cell->median_us;
                    digest->best[gemm][m] = tile;
                }
            }
        }
    }
}

int board_pick(
    const struct snapshot *snapshot, const struct grid *grid, enum gemm gemm, int m_index, int at)
{
    int picked = -1;
    for (int i = 0; i < grid->depth; i++) {
        int tile = grid->tiles[at * grid->depth + i];
        if (tile < 0)
            continue;
        const struct cell *cell = board_cell(snapshot, gemm, m_index, tile);
        if (picked < 0 ||
            (timed(cell) &&
                !(board_cell(snapshot, gemm, m_index, picked)->median_us <= cell->median_us)))
            picked = tile;
    }
    return picked;
}

static bool is_choice(const struct choice *choice, const struct tile *tile)
{
    return choice->chosen && tile_equal(&choice->tile, tile);
}

void board_entry_mark(const struct choice *choice, const struct tile *tile, struct mark *mark)
{
    if (choice->default_fits && tile_equal(&choice->default_tile, tile))
        mark->character = 'd';
    if (tile_equal(&choice->incumbent_tile, tile))
        mark->character = 'i';
    if (is_choice(choice, tile))
        mark->character = 'o';
}

struct mark board_latency_mark(const struct snapshot *snapshot, const struct digest *digest,
    enum gemm gemm, int m_index, int tile)
{
    const struct cell *cell = board_cell(snapshot, gemm, m_index, tile);
    const struct choice *choice = &snapshot->choices[gemm][m_index];
    const struct tile *numbers = &snapshot->question.space.tiles[tile];
    struct mark mark = {'.', ROLE_UNMEASURED};
    if (cell->status == POINT_DOES_NOT_FIT || !board_fits(snapshot, gemm, tile))
        return (struct mark){'x', ROLE_UNFIT};
    if (cell->status == POINT_WRONG_RESULT || cell->verified == 2)
        return (struct mark){'w', ROLE_BROKEN};
    if (cell->status != POINT_OK && cell->status != POINT_SUSPECT)
        return (struct mark){'!', ROLE_BROKEN};
    if (timed(cell)) {
        int step = board_step(cell->median_us, digest->best_us[gemm][m_index]);
        mark = (struct mark){(char)('0' + step), (enum role)(ROLE_STEP0 + step)};
    }
    board_entry_mark(choice, numbers, &mark);
    if (snapshot->running_tile == tile && snapshot->gemm == gemm &&
        snapshot->m == snapshot->question.batch_sizes[m_index])
        mark.character = '>';
    return mark;
}

struct mark board_register_mark(const struct snapshot *snapshot, enum gemm gemm, int tile)
{
    const struct kernel_fact *fact = &snapshot->facts[gemm][tile];
    if (!board_fits(snapshot, gemm, tile))
        return (struct mark){'x', ROLE_UNFIT};
    if (fact->spill_bytes > 0)
        return (struct mark){'s', ROLE_STEP8};
    if (fact->registers <= 0)
        return (struct mark){'.', ROLE_UNMEASURED};
    int step = (fact->registers - 1) / 32;
    step = step > 7 ? 7 : step;
    return (struct mark){(char)('0' + step), (enum role)(ROLE_STEP0 + step)};
}

struct mark board_memory_mark(const struct snapshot *snapshot, enum gemm gemm, int tile)
{
    const struct kernel_fact *fact = &snapshot->facts[gemm][tile];
    if (!board_fits(snapshot, gemm, tile))
        return (struct mark){'x', ROLE_UNFIT};
    int limit = snapshot->question.device.smem_limit;
    int tenth = limit > 0 ? (int)(10LL * fact->shared_bytes / limit) : 0;
    tenth = tenth > 9 ? 9 : tenth;
    return (struct mark){(char)('0' + tenth), (enum role)(ROLE_STEP0 + (tenth > 8 ? 8 : tenth))};
}

/* An M that was dropped by hand is settled without a tile. */
static bool has_entry(const struct snapshot *snapshot, int m_index)
{
    bool entry = true;
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++) {
        const struct choice *choice = &snapshot->choices[gemm][m_index];
        entry &= choice->chosen || !choice->settled;
    }
    return entry;
}

bool board_served(const struct snapshot *snapshot, int m_index, int *low, int *high)
{
    const int *keys = snapshot->question.batch_sizes;
    int before = m_index - 1, after = m_index + 1, count = snapshot->question.batch_size_count;
    while (before >= 0 && !has_entry(snapshot, before))
        before--;
    while (after < count && !has_entry(snapshot, after))
        after++;
    int key = keys[m_index], below = before < 0 ? 0 : keys[before];
    int above = after < count ? keys[after] : 0;
    for (int i = 0; i < snapshot->beside_count; i++) {
        const struct choice *choice = snapshot->beside[i];
        int m = choice[GEMM_UP].m;
        if (!choice[GEMM_UP].chosen && !choice[GEMM_DOWN].chosen)
            continue;
        below = m < key && m > below ? m : below;
        above = m > key && (above == 0 || m < above) ? m : above;
    }
    *low = below == 0 ? 1 : (below + key) / 2 + 1;
    *high = above > 0 ? (key + above) / 2 : 0;
    return has_entry(snapshot, m_index);
}

double board_roofline(const struct question *question, enum gemm gemm, int m, double us)
{
    struct roofline roof;
    double experts = routing_expected_experts(&question->shape, m);
    roofline_make(&question->shape, gemm, m, experts, &question->device, &roof);
    return roof.us > 0 ? 100 * roof.us / us : NAN;
}
