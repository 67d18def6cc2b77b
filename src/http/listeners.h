/* listeners.h - the live listeners of one loop, and how events reach them.
 *
 * Ten thousand people may listen and must not be noticed by those who book. So a listener is
 * two links and a version; events are shared texts; and what is to be sent is sent in slices of
 * LISTENERS_SLICE between which the loop serves requests. A listener whose last event has not
 * left yet is passed over; when it has, he gets one event from where he stands to the newest,
 * so that a slow client costs no backlog.
 *
 * Shape:  at most `listeners_max`, LISTENER_SIZE_MAX bytes each beside his connection; a change
 *         is looked for every LISTENERS_ROUND_US.
 * Thread: the loop's.
 * Source: docs/events.md.
 */
#pragma once

#include "http/desk.h"
#include "http/live.h"

struct listeners;

enum {
    /* Of 12000 connections of a loop: at least 2000 are left for those who book. */
    LISTENERS_MAX = 10000,
    LISTENERS_SLICE = 128,       /* About a millisecond of writes; ten thousand in 0.2 s. */
    LISTENERS_ROUND_US = 100000, /* Half of LIVE_SPACING_US, so that a change shows in 0.3 s. */
    LISTENERS_LOOK_US = 1000000, /* How often a showtime that left memory is asked back. */
    LISTENERS_BACK_S = 5,        /* What Retry-After says when there are too many. */
    LISTENER_SIZE_MAX = 96,
};

struct listeners_options {
    struct live *live;
    struct desk *desk; /* Its writer brings back what has left memory. */
    uint32_t listeners_max;
    int64_t heartbeat_us; /* Between two comments to a listener. */
};

/* NULL without memory. */
struct listeners *listeners_open(const struct listeners_options *options);
void listeners_close(struct listeners *listeners); /* Accepts NULL. All have gone. */

/* Answers with a stream of events for who knows `version`, or LIVE_NOTHING. Or does nothing
 * and says why: ERROR_SHOWTIME_NOT_FOUND if it is not in memory, ERROR_OVERLOADED, or
 * ERROR_RATE_LIMITED if the client has too many. */
MUST_USE enum error listeners_add(struct listeners *listeners, struct exchange *exchange,
                                  struct id showtime, uint64_t version, int64_t now_us);

/* Does a slice of what is due; true if there is more. */
bool listeners_pulse(struct listeners *listeners, int64_t now_us);
