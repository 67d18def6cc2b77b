/* shared_house.h - an engine over a store that others write to: the store in memory stands in, and
 * says what it is told to; the lock does too. */
#pragma once

#include "engine/engine.h"
#include "store/memory/memory_store.h"

enum { SHARED_HOUSE_COMMANDS_MAX = 16, SHARED_HOUSE_SHOWTIMES = 2 };

#define SHARED_HOUSE_NOW_MS INT64_C(1700000000000)

struct shared_house {
    struct memory_store *memory;
    struct store inner;
    struct store_methods methods;
    enum error told; /* What the next commits or gathers say. */
    uint32_t times;  /* How many of them. */
    bool at_gather;  /* It is the gather that says so. */
    uint32_t commits;
    uint32_t turns; /* In the open batch. */
    uint32_t turns_max;
    struct feed *feed;
    struct engine *engine;
    bool locked;
    uint32_t acquired;
    uint32_t gathers_unlocked;
    uint32_t commits_unlocked;
    bool contended;       /* What the lock says next. */
    enum error lock_told; /* The same. */
    uint32_t told_of;     /* Commits told to others: */
    struct id told_showtime;
    uint64_t version; /* of what, and which version. */
    uint32_t answered;
    struct command *order[SHARED_HOUSE_COMMANDS_MAX];
    struct command commands[SHARED_HOUSE_COMMANDS_MAX];
};

/* For cmocka: makes a house and ends it. */
int shared_house_setup(void **state);
int shared_house_teardown(void **state);

struct id shared_house_showtime(uint8_t number);

/* A hold of one seat of row A under a key of its own. */
struct command *shared_house_submit(struct shared_house *house, uint32_t index, uint8_t showtime,
                                    uint16_t col);

/* Steps until there is nothing to do. */
void shared_house_run(struct shared_house *house, int64_t now_ms);
