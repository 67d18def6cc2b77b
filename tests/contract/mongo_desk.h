/* mongo_desk.h - one instance's store, map and turns, beside others on the same database.
 *
 * Shape:  showtime 1 of turn_fixture, whose id the caller may replace.
 * Thread: one at a time.
 */
#pragma once

#include "contract/mongo_fixture.h"
#include "support/turn_fixture.h"

struct mongo_desk {
    struct mongo_store *mongo;
    struct store store;
    struct turn_policy policy;
    struct id showtime;
    int64_t now_ms;
    struct turn *turn;
    void *block;
    struct seat_map map;
};

/* Opens an instance; `hook` may be none. */
void mongo_desk_open(struct mongo_desk *desk, struct mongo_fixture *fixture, struct id showtime,
                     struct mongo_hook hook);
void mongo_desk_close(struct mongo_desk *desk);

/* The parts of a turn of one command, in this order; each only if the one before went well. */
enum error mongo_desk_decide(struct mongo_desk *desk, struct command *command); /* Up to record. */
enum error mongo_desk_commit(struct mongo_desk *desk);
void mongo_desk_undo(struct mongo_desk *desk);

/* A whole turn, once. */
enum error mongo_desk_try(struct mongo_desk *desk, struct command *command);

/* The same again and again, as the engine does, while others come first; it must end well. */
void mongo_desk_run(struct mongo_desk *desk, struct command *command);

/* Loads the map; it must be there. */
void mongo_desk_load(struct mongo_desk *desk);

/* Of the map that is loaded. */
enum seat_state mongo_desk_state(const struct mongo_desk *desk, const char *seat);
struct id mongo_desk_owner(const struct mongo_desk *desk, const char *seat);
