/* live.h - the seat maps that people watch, and the events that tell of their changes.
 *
 * A change reaches thousands of listeners, so it is compared and written once for all of them
 * and for all loops. Changes are merged: what is published here is at least LIVE_SPACING_US
 * apart, and a listener is taken from the version that he knows to the newest in one event,
 * however many he has missed. Versions of the last LIVE_RESUMES_MAX events are known; who comes
 * with another one gets a snapshot.
 *
 * Loops ask for changes on a timer of theirs, and the engine tells nobody: a commit costs the
 * same with ten thousand listeners as with none, merging needs no queue, and asking is the
 * comparison of a version.
 *
 * Shape:  at most `showtimes_max` showtimes; one that nobody watches stays, for those who come
 *         back, until its place is needed. A showtime takes 14 KB, and its events, until the
 *         next one, mostly below 10 KB: at most a snapshot (50 KB), the last change (50 KB),
 *         and LIVE_RESUMES_MAX merged ones of LIVE_MERGED_SIZE_MAX, each only if asked for.
 * Thread: any; one mutex for the table, one per showtime, held while a text is made
 *         (0.1 ms for the largest). A showtime's `watches[loop]` is that loop's own.
 */
#pragma once

#include "base/error.h"
#include "engine/feed.h"
#include "http/shared.h"

enum {
    /* Half of the maps in memory, so that live maps alone never push each other out. */
    LIVE_SHOWTIMES_MAX = SHOWTIMES_RESIDENT_MAX / 2,
    LIVE_SPACING_US = 200000, /* The contract: at most five events a second. */
    LIVE_RESUMES_MAX = 64,    /* 13 seconds of the busiest showtime; a client is back in 2. */
    LIVE_MERGED_SIZE_MAX = 8 * 1024, /* Of several changes in one; beyond, a snapshot. */
    LIVE_LOOPS_MAX = 16,
};

#define LIVE_NOTHING UINT64_MAX /* The version of who knows none. */

struct live;
struct live_showtime;

/* NULL without memory. `feed` is borrowed. */
struct live *live_open(struct feed *feed, uint32_t showtimes_max);
void live_close(struct live *live); /* Accepts NULL. Nobody watches any more. */

/* Pins a showtime until live_unwatch, and publishes what has changed, as live_refresh.
 * ERROR_SHOWTIME_NOT_FOUND if it is not in memory, ERROR_OVERLOADED if `showtimes_max` others are
 * watched. */
MUST_USE enum error live_watch(struct live *live, struct id showtime, int64_t now_us,
                               struct live_showtime **ret_showtime, uint64_t *ret_version);
void live_unwatch(struct live *live, struct live_showtime *showtime);

/* What a loop keeps of the showtime while it has it pinned; NULL at first. */
void **live_place(struct live_showtime *showtime, uint32_t loop);

/* Publishes what has changed, unless the last time was just now. False if the showtime has left
 * memory: changes are not seen until it is brought back. `ret_version` is the newest published. */
bool live_refresh(struct live *live, struct live_showtime *showtime, int64_t now_us,
                  uint64_t *ret_version);

/* The event from `version` to the newest, which `ret_version` names: a reference of the
 * caller's own. NULL without memory, or if `version` is the newest. */
struct shared *live_event(struct live_showtime *showtime, uint64_t version, uint64_t *ret_version);

/* Does somebody watch it? */
bool live_is_watched(struct live *live, struct id showtime);

/* The showtimes that somebody watches: up to `capacity`, and how many. */
uint32_t live_watched(struct live *live, struct id *showtimes, uint32_t capacity);
