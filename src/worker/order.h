/* SPDX-License-Identifier: MIT */
#ifndef MOEBENCH_WORKER_ORDER_H
#define MOEBENCH_WORKER_ORDER_H

#include "base/random.h"
#include "worker/job.h"

/*
 * In which order a measure job's launches go, cut into batches that a card runs one after the
 * other. Pure. Items come in groups: those of one kernel that stand together; when rounds are
 * shuffled, those of one group number; when items are paired, all of them. First come a group's
 * launches that are discarded, then its samples, without the items that proved hopeless.
 */
#define ORDER_BATCH 256      /* entries a batch at most */
#define ORDER_BATCH_US 400e3 /* and about so long: who cancels waits for two of them */

/* An item's part in the order; the caller fills it before the group begins and updates it. */
struct order_item {
    int launches; /* a sample */
    double us;    /* a launch, as far as known */
    bool ran;     /* in this process */
    bool done;    /* gave up: no samples */
};

struct order_entry {
    int item;
    int launches;
    int number; /* of the sample; those stored before count in */
    double expected_us;
};

struct order_batch {
    bool first; /* launches to be discarded, or to show that an item is hopeless */
    int group;
    int count;
    double expected_us;
    struct order_entry entries[ORDER_BATCH];
};

struct order {
    const struct measure_job *job; /* borrowed */
    struct order_item *items;      /* owned, one an item of the job */
    int *starts;                   /* owned: the first item of each group, then the items' number */
    int group_count;
    struct random random;
    struct order_step {
        int item, sample;
    } * steps; /* owned: what the group that has begun still does */
    int step_count, step_next;
    int group;
    bool first;
};

void order_open(struct order *order, const struct measure_job *job);
void order_close(struct order *order);
/* Begins with what a group discards, or with its samples; order_next then hands them out. */
void order_begin(struct order *order, int group, bool first);
/* The next batch of what has begun; false when nothing is left of it. */
bool order_next(struct order *order, struct order_batch *batch);

#define ORDER_REACHED 0.9 /* of the roofline, by the best tiles of an H100 at M=16 */

/* Launches a sample, of the shape and M's best tile as far as can be told beforehand (the time of
 * its roofline / ORDER_REACHED): the least number that lasts 200 us and a thousand times the
 * events' grain. */
int order_launches(double launch_us, double granularity_us);

#endif
