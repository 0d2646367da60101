/* SPDX-License-Identifier: MIT */
#include "ui/entry.h"

#include "domain/engine_rules.h"
#include "domain/smem.h"
#include "ui/board.h"

const char *entry_source_name(enum entry_source source)
{
    static const char *const names[] = {
        [ENTRY_DEFAULT] = "default", [ENTRY_FILE] = "file", [ENTRY_HAND] = "hand"};
    return names[source];
}

const char *entry_fit_name(enum entry_fit fit)
{
    static const char *const names[] = {
        [ENTRY_FITS] = "fits",
        [ENTRY_TOO_BIG] = "too big",
        [ENTRY_BROKEN] = "broken",
        [ENTRY_MISMATCH] = "BM<>up",
        [ENTRY_FAILS] = "fails",
        [ENTRY_UNKNOWN] = "unknown",
    };
    return names[fit];
}

static void pick(const struct snapshot *snapshot, enum gemm gemm, int m_index, struct entry *entry)
{
    const struct choice *choice = &snapshot->choices[gemm][m_index];
    if (choice->chosen)
        *entry = (struct entry){.source = ENTRY_HAND, .tile = choice->tile};
    else if (*snapshot->incumbent.path)
        *entry = (struct entry){.source = ENTRY_FILE, .tile = choice->incumbent_tile};
    else
        *entry = (struct entry){.source = ENTRY_DEFAULT, .tile = choice->default_tile};
}

/* Down runs with up's BLOCK_SIZE_M, where the engine does not stop at the difference. */
static bool pair_up(const struct snapshot *snapshot, int m_index, struct tile *down)
{
    struct entry up;
    if (!snapshot->question.gemms[GEMM_UP])
        return true;
    pick(snapshot, GEMM_UP, m_index, &up);
    if (up.tile.block_m == 0 || up.tile.block_m == down->block_m)
        return true;
    if (snapshot->question.engine.rules->unequal_block_m_stops)
        return false;
    down->block_m = up.tile.block_m;
    return true;
}

/* By the compiler where it has spoken, else by the prediction. */
static enum entry_fit judge(
    const struct snapshot *snapshot, enum gemm gemm, int m_index, struct entry *entry)
{
    const struct question *q = &snapshot->question;
    int known = board_tile_index(&q->space, &entry->tile);
    struct smem smem = smem_estimate(&q->engine, &q->shape, q->device.arch, &entry->tile);
    if (known >= 0) {
        smem.bytes = snapshot->facts[gemm][known].shared_bytes;
        smem.exact = snapshot->facts[gemm][known].shared_exact;
        if (board_cell(snapshot, gemm, m_index, known)->status == POINT_COMPILE_FAILED)
            return ENTRY_FAILS;
    }
    entry->shared_bytes = smem.bytes;
    if (!smem.exact || q->device.smem_limit <= 0)
        return ENTRY_UNKNOWN;
    return smem.bytes <= q->device.smem_limit ? ENTRY_FITS : ENTRY_TOO_BIG;
}

void entry_find(const struct snapshot *snapshot, enum gemm gemm, int m_index, struct entry *entry)
{
    const struct question *q = &snapshot->question;
    struct tile asked;
    pick(snapshot, gemm, m_index, entry);
    if (entry->tile.block_m == 0) {
        entry->fit = ENTRY_BROKEN;
        return;
    }
    if (gemm == GEMM_DOWN && !pair_up(snapshot, m_index, &entry->tile)) {
        entry->fit = ENTRY_MISMATCH;
        return;
    }
    asked = entry->tile;
    if (engine_effective_tile(&q->engine, &q->shape, &asked, &entry->tile, NULL))
        entry->fit = judge(snapshot, gemm, m_index, entry);
    else
        entry->fit = ENTRY_BROKEN;
}
