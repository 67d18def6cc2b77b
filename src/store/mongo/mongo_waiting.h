/* mongo_waiting.h - money that is recorded and not decided, before what would pass it by.
 *
 * A booking that is paid for anew, or whose time is over, may have money that came in time and
 * whose turn never came. That is decided first, in the same turn: nobody is asked to pay twice,
 * and no seat is freed that is paid for.
 *
 * Thread: the store's.
 */
#pragma once

#include "core/turn.h"

enum { MONGO_WAITING_MAX = 32 }; /* Of a turn; the others wait for their own. */

struct mongo_store;

struct mongo_waiting {
    struct command commands[MONGO_WAITING_MAX];
};

/* Reads what waits for the bookings of the turn's payments and ends, which are gathered, and puts
 * its decisions first. Tells a sold booking of another hand which money bought it. */
MUST_USE enum error mongo_waiting_put_first(struct mongo_store *store, struct turn *turn);

/* A command that decides money as it was recorded. */
void mongo_waiting_command(const struct payment *payment, struct command *ret_command);
