/* house.h - the instances: each an engine over the real store, with a clock and a life of its own.
 *
 * Each is a fiber from 1 on. It takes what was sent to it, runs its turns, keeps house, looks for
 * what others have left, dies, and starts again.
 *
 * Thread: whoever has the baton.
 */
#pragma once

#include "engine/engine.h"
#include "sim_shared/attempts.h"
#include "sim_shared/weather.h"

enum { HOUSE_INSTANCES_MAX = 3, HOUSE_INBOX_MAX = 256 };

enum house_lock { HOUSE_LOCK_NONE, HOUSE_LOCK_BEST_EFFORT, HOUSE_LOCK_REQUIRED };

struct house_options {
    uint32_t instances;
    struct turn_policy policy;
    enum house_lock lock;
    uint32_t lock_trouble_percent; /* Of its calls: lost, away, granted to two. */
    int64_t skews_ms[HOUSE_INSTANCES_MAX];
    void (*heard)(const struct attempt *attempt); /* An answer has left. */
    void (*lost)(const struct attempt *attempt);  /* None will. */
};

void house_begin(const struct house_options *options);

/* Ends the fibers; what waits is forgotten. */
void house_end(void);

/* Which instances may be up, as bits; the others die, if they are. */
void house_allow(uint32_t instances);

/* How many are up. */
uint32_t house_up(void);

/* To an instance that is up; false if it is not. */
bool house_send(uint32_t instance, struct attempt *attempt);

/* The connection of all. */
struct mongo_connection *house_connection(void);

/* Does no instance have anything to do? */
bool house_idle(void);
