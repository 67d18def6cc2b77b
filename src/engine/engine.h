/* engine.h - queues per showtime, turns, expiry: the machine around the core.
 *
 * Commands are submitted, wait in their showtime's queue, and are decided in batches: one
 * step takes the turns of all showtimes that wait, up to BATCH_TURNS_MAX, into one
 * transaction of the store, and hands the answered commands back after its commit. What
 * arrives meanwhile is the next batch; there is no timer but that of the holds.
 *
 * Over a shared store a batch is one showtime's turn. If another instance's turn came first, the
 * map is loaded anew and the commands are decided again, in their order, until they have lost
 * for RACE_PATIENCE_MS; then they hear BOOKING_LOCK_FAILED.
 *
 * It reads no clock, draws no random number and starts no thread: the caller says what time
 * it is, so that the simulation runs the same code.
 *
 * Shape:  at most `showtimes_max` maps in memory; idle ones leave when another is needed.
 * Units:  *_ms are UTC milliseconds.
 * Thread: one at a time.
 */
#pragma once

#include "base/histogram.h"
#include "engine/feed.h"
#include "ports/lock.h"
#include "ports/store.h"

struct engine;

struct engine_options {
    struct turn_policy policy;
    uint32_t showtimes_max; /* 1..SHOWTIMES_RESIDENT_MAX */
    struct store store;
    struct feed *feed;  /* Borrowed, with at least `feed_base + showtimes_max` entries. */
    uint32_t feed_base; /* The first of them that is this engine's. */
    uint32_t parts;     /* Engines that share the showtimes; 0: it has them all. */
    uint32_t part;      /* Which of them this is; see engine_part. */
    struct lock lock;   /* Of a shared store: from before a turn looks until after its commit. */
    /* A commit has given a showtime this version. Called on the engine's thread; NULL: nobody wants
     * to know. */
    void (*committed)(void *context, struct id showtime, uint64_t version);
    void *committed_context;
    /* Called for each command once it is answered; the command is its sender's again. */
    void (*answered)(void *context, struct command *command);
    void *answered_context;
};

/* What the engine has done, for metrics and tests. */
struct engine_counts {
    uint64_t batches;
    uint64_t turns;
    uint64_t commands;
    uint64_t commits; /* Batches that ended well, those with nothing to write too. */
    uint64_t commit_failures;
    uint64_t locks_refused; /* Turns that did not run, for want of the lock that they must have. */
    uint64_t races_lost;    /* Turns that others came before, and that were decided again. */
    uint64_t turns_refused; /* By the store: an alarm each. */
    uint64_t holds_expired;
    uint64_t loads;                          /* Maps read from the store. */
    uint64_t bookings[BOOKING_STATUS_COUNT]; /* That came into a state; pending: held anew. */
    uint64_t payments[PAYMENT_STATUS_COUNT]; /* Written in a state; pending: made. */
    struct histogram turn_commands;          /* By histogram_sizes, as the next two. */
    struct histogram batch_turns;
    struct histogram batch_commands;
    enum error last_failure; /* Of the last batch; ERROR_NONE: it was committed. */
    int64_t last_failure_at_ms;
    uint32_t resident;
    uint32_t queued;
};

/* Which of `parts` engines a showtime belongs to; commands without one go to the first. */
static inline uint32_t engine_part(struct id showtime, uint32_t parts)
{
    return parts <= 1 || id_is_none(showtime) ? 0 : (uint32_t)(id_hash(showtime) % parts);
}

/* NULL without memory. Takes all the memory that it will ever need. */
struct engine *engine_open(const struct engine_options *options);

/* Commands that still wait are forgotten, unanswered. */
void engine_close(struct engine *engine);

/* Brings the showtimes with pending bookings into memory, so that their holds end on time, and
 * those whose cancel has not come to its last booking. */
MUST_USE enum error engine_recover(struct engine *engine);

/* Queues a command. If its queue is full, or the engine has failed, it is answered at once. */
void engine_submit(struct engine *engine, struct command *command);

/* Runs one batch: due expiries and what waits. True if there is more to do at once. */
bool engine_step(struct engine *engine, int64_t now_ms);

/* The store's housekeeping; between steps, about once a second. */
void engine_tend(struct engine *engine, int64_t now_ms);

/* The moment at which the next booking must end; INT64_MAX if none must. */
int64_t engine_next_due_ms(const struct engine *engine);

/* A commit's outcome is unknown to a store that cannot find out by itself: every command is now
 * refused with ERROR_OUTCOME_UNKNOWN or
 * ERROR_STORE_UNAVAILABLE, and the process must restart to find out. */
bool engine_failed(const struct engine *engine);

struct engine_counts engine_counts(const struct engine *engine);
