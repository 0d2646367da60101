/* SPDX-License-Identifier: MIT */
#include "ui/ab_dialog.h"

#include "ui/pair.h"

#include <stdio.h>

#define BUDGET_LEAST 10
#define BUDGET_MOST 640

const char *ab_pick_name(enum ab_pick pick)
{
    static const char *const names[AB_PICK_COUNT] = {
        [AB_PICK_CHOICE] = "choice",
        [AB_PICK_DEFAULT] = "default",
        [AB_PICK_INCUMBENT] = "incumbent",
        [AB_PICK_CURSOR] = "cursor",
        [AB_PICK_EDITOR] = "editor",
    };
    return names[pick];
}

/* The tile for the dialog's GEMM, and what the other would run beside it. */
static void add_tile(struct ab_dialog *dialog, const struct snapshot *snapshot, enum ab_pick pick,
    const struct tile *tile)
{
    struct tile *tiles = dialog->tiles[pick];
    if (!tile)
        return;
    dialog->there[pick] = true;
    tiles[dialog->gemm] = *tile;
    pair_partner(snapshot, dialog->gemm, dialog->m_index, tile, &tiles[pair_other(dialog->gemm)]);
}

static void add_entries(struct ab_dialog *dialog, const struct snapshot *snapshot)
{
    const struct choice *own = &snapshot->choices[dialog->gemm][dialog->m_index];
    dialog->there[AB_PICK_CHOICE] = true;
    dialog->there[AB_PICK_DEFAULT] = own->default_fits;
    dialog->there[AB_PICK_INCUMBENT] = true;
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++) {
        const struct choice *choice = &snapshot->choices[gemm][dialog->m_index];
        if (!snapshot->question.gemms[gemm])
            continue;
        dialog->there[AB_PICK_CHOICE] &= choice->chosen;
        dialog->there[AB_PICK_INCUMBENT] &= choice->incumbent_tile.block_m > 0;
        dialog->tiles[AB_PICK_CHOICE][gemm] = choice->tile;
        dialog->tiles[AB_PICK_DEFAULT][gemm] = choice->default_tile;
        dialog->tiles[AB_PICK_INCUMBENT][gemm] = choice->incumbent_tile;
    }
}

static void step_side(struct ab_dialog *dialog, int side, int by)
{
    int pick = (int)dialog->sides[side];
    do
        pick = (pick + by + AB_PICK_COUNT) % AB_PICK_COUNT;
    while (!dialog->there[pick]);
    dialog->sides[side] = (enum ab_pick)pick;
}

void ab_dialog_open(struct ab_dialog *dialog, const struct snapshot *snapshot, enum gemm gemm,
    int m_index, const struct tile *cursor, const struct tile *edited)
{
    *dialog = (struct ab_dialog){.gemm = gemm, .m_index = m_index, .budget = AB_BUDGET};
    dialog->can_pair = snapshot->question.gemms[GEMM_UP] && snapshot->question.gemms[GEMM_DOWN];
    add_entries(dialog, snapshot);
    add_tile(dialog, snapshot, AB_PICK_CURSOR, cursor);
    add_tile(dialog, snapshot, AB_PICK_EDITOR, edited);
    dialog->sides[0] = AB_PICK_CHOICE;
    dialog->sides[1] = edited ? AB_PICK_EDITOR : AB_PICK_CURSOR;
    for (int side = 0; side < 2; side++)
        if (!dialog->there[dialog->sides[side]])
            step_side(dialog, side, 1);
    const struct tile *b = &dialog->tiles[dialog->sides[1]][gemm];
    dialog->pair = dialog->can_pair && pair_clashes(snapshot, gemm, m_index, b);
}

void ab_dialog_act(struct ab_dialog *dialog, enum action action)
{
    int by = action == ACTION_DOWN || action == ACTION_RIGHT ? 1 : -1;
    if (action == ACTION_UP || action == ACTION_DOWN)
        dialog->field =
            (enum ab_field)(((int)dialog->field + by + AB_FIELD_COUNT) % AB_FIELD_COUNT);
    if (action != ACTION_LEFT && action != ACTION_RIGHT)
        return;
    switch (dialog->field) {
    case AB_FIELD_A:
    case AB_FIELD_B:
        step_side(dialog, dialog->field == AB_FIELD_B, by);
        break;
    case AB_FIELD_WHAT:
        dialog->pair = dialog->can_pair && !dialog->pair;
        break;
    case AB_FIELD_BLOCKS:
        if (by > 0 && dialog->budget * 2 <= BUDGET_MOST)
            dialog->budget *= 2;
        if (by < 0 && dialog->budget / 2 >= BUDGET_LEAST)
            dialog->budget /= 2;
        break;
    case AB_FIELD_COUNT:
        break;
    }
}

const struct tile *ab_dialog_tile(const struct ab_dialog *dialog, int side, enum gemm gemm)
{
    return &dialog->tiles[dialog->sides[side]][gemm];
}

void ab_dialog_job(
    const struct ab_dialog *dialog, const struct snapshot *snapshot, struct ab_job *job)
{
    *job = (struct ab_job){
        .m = snapshot->question.batch_sizes[dialog->m_index], .budget = dialog->budget};
    struct ab_side *const sides[] = {&job->a, &job->b};
    for (int side = 0; side < 2; side++) {
        for (int gemm = 0; gemm < GEMM_COUNT; gemm++)
            sides[side]->tiles[gemm] = *ab_dialog_tile(dialog, side, (enum gemm)gemm);
        snprintf(
            sides[side]->label, sizeof sides[side]->label, "%s", ab_pick_name(dialog->sides[side]));
    }
    for (int gemm = 0; gemm < GEMM_COUNT; gemm++)
        job->gemms[gemm] = dialog->pair || gemm == (int)dialog->gemm;
}
