/* SPDX-License-Identifier: MIT */
#include "worker/plan.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE_LEAST_US 200.0
#define SAMPLE_GRAINS 1000.0
#define LAUNCHES_MOST 64

int plan_launches(double launch_us, double granularity_us)
{
    const double least = fmax(SAMPLE_LEAST_US, SAMPLE_GRAINS * granularity_us);
    const double launches = launch_us > 0 ? ceil(least / launch_us) : LAUNCHES_MOST;

    return (int)fmin(fmax(launches, 1), LAUNCHES_MOST);
}

static bool same_kernel(const struct measure_item *a, const struct measure_item *b)
{
    return a->gemm == b->gemm && tile_equal(&a->tile, &b->tile) && !strcmp(a->kernel, b->kernel);
}

/* Whether an item goes on with the group of the one before it. */
static bool goes_on(
    const struct measure_job *job, const struct measure_item *a, const struct measure_item *b)
{
    if (job->paired)
        return true;
    return job->shuffle ? a->group == b->group : same_kernel(a, b);
}

void plan_open(struct plan *plan, const struct measure_job *job)
{
    *plan = (struct plan){.job = job};
    plan->items = xcalloc((size_t)job->item_count + 1, sizeof *plan->items);
    plan->starts = xcalloc((size_t)job->item_count + 1, sizeof *plan->starts);
    for (int i = 0; i < job->item_count; i++) {
        if (i == 0 || !goes_on(job, &job->items[i - 1], &job->items[i]))
            plan->starts[plan->group_count++] = i;
    }
    plan->starts[plan->group_count] = job->item_count;
    random_seed(&plan->random, job->seed);
}

void plan_close(struct plan *plan)
{
    free(plan->items);
    free(plan->starts);
    free(plan->steps);
    *plan = (struct plan){0};
}

static void add_step(struct plan *plan, int item, int sample)
{
    plan->steps = xrealloc(plan->steps, (size_t)plan->step_count + 1, sizeof *plan->steps);
    plan->steps[plan->step_count++] = (struct plan_step){item, sample};
}

/* Round by round, every item that wants another sample once, each round in an order of its own. */
static void add_rounds(struct plan *plan, int from, int to)
{
    int start;

    for (int sample = 0;; sample++) {
        start = plan->step_count;
        for (int i = from; i < to; i++) {
            if (!plan->items[i].done && sample < plan->job->items[i].samples)
                add_step(plan, i, sample);
        }
        if (plan->step_count == start)
            return;
        random_shuffle(&plan->random, plan->steps + start, (size_t)(plan->step_count - start),
            sizeof *plan->steps);
    }
}

/* How many launches of an item are discarded. */
static int discards(const struct plan *plan, int index, int group)
{
    const struct measure_item *item = &plan->job->items[index];
    const struct plan_item *state = &plan->items[index];
    bool follows = !plan->job->shuffle && !plan->job->paired && index > plan->starts[group];

    if ((state->ran && item->give_up_us <= 0) || (follows && state->launches == 1))
        return 0;
    return item->discard;
}

void plan_begin(struct plan *plan, int group, bool first)
{
    const int from = plan->starts[group], to = plan->starts[group + 1];

    plan->step_count = plan->step_next = 0;
    plan->group = group;
    plan->first = first;
    if (!first && plan->job->shuffle && !plan->job->paired) {
        add_rounds(plan, from, to);
        return;
    }
    for (int i = from; i < to; i++) {
        const struct measure_item *item = &plan->job->items[i];
        const int steps = first                 ? discards(plan, i, group) > 0
                          : plan->items[i].done ? 0
                                                : item->samples;

        for (int sample = 0; sample < steps; sample++)
            add_step(plan, i, sample);
    }
}

/* The A and the B of an A B B A block take the same draws: their number is the block's. Blocks that
 * earlier jobs timed count in. */
static int sample_number(const struct plan *plan, const struct plan_step *step)
{
    const struct measure_item *item = &plan->job->items[step->item];

    return plan->job->paired ? item->drawn / 4 : item->drawn + step->sample;
}

bool plan_next(struct plan *plan, struct plan_batch *batch)
{
    batch->first = plan->first;
    batch->group = plan->group;
    batch->count = 0;
    batch->expected_us = 0;
    while (plan->step_next < plan->step_count && batch->count < PLAN_BATCH) {
        const struct plan_step *step = &plan->steps[plan->step_next];
        const struct plan_item *item = &plan->items[step->item];
        struct plan_entry entry = {.item = step->item,
            .launches = plan->first ? plan->job->items[step->item].discard : item->launches,
            .number = sample_number(plan, step)};

        entry.expected_us = entry.launches * item->us;
        if (batch->count && batch->expected_us + entry.expected_us > PLAN_BATCH_US)
            break;
        batch->expected_us += entry.expected_us;
        batch->entries[batch->count++] = entry;
        plan->step_next++;
    }
    return batch->count > 0;
}
