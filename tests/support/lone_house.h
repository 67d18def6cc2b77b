/* lone_house.h - an engine over the store in memory, with one showtime of ten by ten seats that
 * starts in an hour. */
#pragma once

#include "engine/engine.h"
#include "store/memory/memory_store.h"

enum { LONE_HOUSE_COMMANDS_MAX = QUEUE_PER_SHOWTIME_MAX + 8, LONE_HOUSE_PRICE = 90000 };

#define LONE_HOUSE_NOW_MS INT64_C(1700000000000)

struct lone_house {
    struct memory_store *store;
    struct feed *feed;
    struct engine *engine;
    uint32_t answered;
    uint32_t count; /* Of the commands that lone_house_next gave. */
    struct command commands[LONE_HOUSE_COMMANDS_MAX];
};

/* For cmocka: makes a house and ends it. */
int lone_house_setup(void **state);
int lone_house_teardown(void **state);

#define LONE_HOUSE_TEST(function) \
    cmocka_unit_test_setup_teardown(function, lone_house_setup, lone_house_teardown)

struct id lone_house_showtime(void);

/* A command that nobody uses yet. */
struct command *lone_house_next(struct lone_house *house);

/* A hold of one seat of row A under a key of its own. */
struct command *lone_house_submit_hold(struct lone_house *house, uint16_t col);

/* Steps until there is nothing to do. */
void lone_house_run(struct lone_house *house, int64_t now_ms);
