/* SPDX-License-Identifier: MIT */
#include "tuner/tuner_state.h"

/* What a tune that is stopped before its end leaves behind. */

/* Whether the kernel can be run; one from the cache may have to be loaded first. */
static bool loaded(struct tuner *tuner, enum gemm gemm, int tile)
{
    struct error why = {0};

    return tuner_get_kernel(tuner, gemm, tile, &why) &&
           race_kernel(tuner->race, gemm, tile) == KERNEL_READY;
}

/* Checks what would be chosen for this M now, if it can be checked; *any: there was something. */
static bool verify_choices(struct tuner *tuner, int m, bool *any, struct error *err)
{
    for (enum gemm g = GEMM_UP; g < GEMM_COUNT && tuner->session.client; g++) {
        const struct choice *choice = &tuner->view.choices[g][m];
        int tile = plan_find(&tuner->plan, &choice->tile);
        struct race_item item = {.gemm = g, .m = choice->m, .m_index = m, .tile = tile};

        if (!choice->chosen || choice->verified || choice->settled || tile < 0 ||
            !loaded(tuner, g, tile))
            continue;
        *any = true;
        if (!tuner_verify(tuner, &item, err))
            return false;
    }
    return true;
}

bool tuner_verify_so_far(struct tuner *tuner, struct error *err)
{
    int restarts = tuner->view.worker_restarts;
    bool any = true;

    /* A tile that is found wrong makes room for the next best. After a restart nothing is loaded.
     */
    while (any && tuner->view.worker_restarts == restarts) {
        any = false;
        tuner_view_choices(tuner); /* those of the last look are half a second old */
        for (int m = 0; m < tuner->question.batch_size_count; m++) {
            if (!verify_choices(tuner, m, &any, err))
                return false;
        }
    }
    tuner_view_choices(tuner);
    return true;
}
