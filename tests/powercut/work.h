/* work.h - a day's work of a house: all kinds of commands, housekeeping, restarts and backups. */
#pragma once

#include "powercut/watch.h"
#include "store/sqlite/backup.h"

enum { WORK_COMMANDS_MAX = 8, WORK_STEPS_MAX = 1000 };

/* One command on its way. */
struct work_slot {
    struct command command;
    struct staff_order order;
    struct catalogue_edit edit;
    char title[24];
};

struct work {
    struct house *house;
    struct disk *disk;
    struct watch *watch;
    struct ledger *ledger;
    struct random random;
    int64_t now_ms;
    uint64_t next_key;
    uint64_t waited_us; /* For the disk, as of the last step. */
    bool verbose;
    uint32_t sent_count;
    uint32_t answered_count;
    struct work_slot slots[WORK_COMMANDS_MAX];
    bool copying;
    struct backup backup;
    /* What was done. */
    uint64_t kinds[COMMAND_EDIT + 1]; /* Commands that were granted. */
    uint64_t checkpoints;
    uint64_t days;
    uint64_t restarts;
    uint64_t kills;       /* Of them. */
    uint64_t faults;      /* Of the disk. */
    uint64_t lives_ended; /* By them. */
    uint64_t copies;
};

/* Opens the house for the first time; the rest of `work` is to be zero. */
void work_open(struct work *work, uint64_t seed);

void work_step(struct work *work);
void work_close(struct work *work);
