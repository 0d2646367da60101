/* SPDX-License-Identifier: MIT */
#include "worker/order.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE_LEAST_US 200.0
#define SAMPLE_GRAINS 1000.0
#define LAUNCHES_MOST 64

int order_launches(double launch_us, double granularity_us)
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

void order_open(struct order *order, const struct measure_job *job)
{
    *order = (struct order){.job = job};
    order->items = xcalloc((size_t)job->item_count + 1, sizeof *order->items);
    order->starts = xcalloc((size_t)job->item_count + 1, sizeof *order->starts);
    for (int i = 0; i < job->item_count; i++) {
        if (i == 0 || !goes_on(job, &job->items[i - 1], &job->items[i]))
            order->starts[order->group_count++] = i;
    }
    order->starts[order->group_count] = job->item_count;
    random_seed(&order->random, job->seed);
}

void order_close(struct order *order)
{
    free(order->items);
    free(order->starts);
    free(order->steps);
    *order = (struct order){0};
}

static void add_step(struct order *order, int item, int sample)
{
    order->steps = xrealloc(order->steps, (size_t)order->step_count + 1, sizeof *order->steps);
    order->steps[order->step_count++] = (struct order_step){item, sample};
}

/* Round by round, every item that wants another sample once, each round in an order of its own. */
static void add_rounds(struct order *order, int from, int to)
{
    int start;

    for (int sample = 0;; sample++) {
        start = order->step_count;
        for (int i = from; i < to; i++) {
            if (!order->items[i].done && sample < order->job->items[i].samples)
                add_step(order, i, sample);
        }
        if (order->step_count == start)
            return;
        random_shuffle(&order->random, order->steps + start, (size_t)(order->step_count - start),
            sizeof *order->steps);
    }
}

/* How many launches of an item are discarded. */
static int discards(const struct order *order, int index, int group)
{
    const struct measure_item *item = &order->job->items[index];
    const struct order_item *state = &order->items[index];
    bool follows = !order->job->shuffle && !order->job->paired && index > order->starts[group];

    if ((state->ran && item->give_up_us <= 0) || (follows && state->launches == 1))
        return 0;
    return item->discard;
}

void order_begin(struct order *order, int group, bool first)
{
    const int from = order->starts[group], to = order->starts[group + 1];

    order->step_count = order->step_next = 0;
    order->group = group;
    order->first = first;
    if (!first && order->job->shuffle && !order->job->paired) {
        add_rounds(order, from, to);
        return;
    }
    for (int i = from; i < to; i++) {
        const struct measure_item *item = &order->job->items[i];
        const int steps = first                  ? discards(order, i, group) > 0
                          : order->items[i].done ? 0
                                                 : item->samples;

        for (int sample = 0; sample < steps; sample++)
            add_step(order, i, sample);
    }
}

/* The A and the B of an A B B A block take the same draws: their number is the block's. Blocks that
 * earlier jobs timed count in. */
static int sample_number(const struct order *order, const struct order_step *step)
{
    const struct measure_item *item = &order->job->items[step->item];

    return order->job->paired ? item->drawn / 4 : item->drawn + step->sample;
}

bool order_next(struct order *order, struct order_batch *batch)
{
    batch->first = order->first;
    batch->group = order->group;
    batch->count = 0;
    batch->expected_us = 0;
    while (order->step_next < order->step_count && batch->count < ORDER_BATCH) {
        const struct order_step *step = &order->steps[order->step_next];
        const struct order_item *item = &order->items[step->item];
        struct order_entry entry = {.item = step->item,
            .launches = order->first ? order->job->items[step->item].discard : item->launches,
            .number = sample_number(order, step)};

        entry.expected_us = entry.launches * item->us;
        if (batch->count && batch->expected_us + entry.expected_us > ORDER_BATCH_US)
            break;
        batch->expected_us += entry.expected_us;
        batch->entries[batch->count++] = entry;
        order->step_next++;
    }
    return batch->count > 0;
}
