/* redis_lock.h - a showtime's lock in Redis: `SET lock:booking:showtime:<id> <token> NX PX 5000`.
 *
 * The lock port (ports/lock.h) of instances that share a store: it makes fewer of them lose a race
 * at the commit, and is wrong without harm. A lock that others hold is tried REDIS_LOCK_TRIES
 * times, and in between when its holder is heard to have committed; then, or when Redis is away,
 * the turn goes on without it, unless the lock is required.
 *
 * Wiring: for each writer's thread one redis_link_open, one redis_lock_open, and
 *         `engine_options.lock = redis_lock_port(lock)`; closed after the writer is, the lock
 *         before the link.
 * Units:  acquire keeps its caller for REDIS_LOCK_MS_MAX at most, and for nothing while the
 *         link's breaker is open.
 * Errors: ERROR_BOOKING_LOCK_FAILED, only if the lock is required.
 * Thread: its link's; redis_lock_heard and redis_lock_counts from any.
 */
#pragma once

#include "ports/lock.h"
#include "redis/redis_link.h"

enum {
    REDIS_LOCK_TTL_MS = 5000, /* Above any turn's time; a dead holder's lock ends by it. */
    REDIS_LOCK_TRIES = 3,
    REDIS_LOCK_WAIT_MS = 100,      /* Before the second try; doubled before each further one, */
    REDIS_LOCK_WAITS_MS_MAX = 450, /* and up to half as much again by chance: 150 and 300. */
    REDIS_LOCK_MS_MAX =
        REDIS_CONNECT_MS_MAX + REDIS_LOCK_TRIES * REDIS_COMMAND_MS + REDIS_LOCK_WAITS_MS_MAX,
};

struct redis_lock;

struct redis_lock_options {
    struct redis_link *link; /* Borrowed. */
    const char *instance;    /* Copied; a part of the token, for people. */
    bool required;           /* Without the lock a turn does not run. */
};

/* For metrics. */
struct redis_lock_counts {
    uint64_t acquired;
    uint64_t missed;  /* Others had it to the last try. */
    uint64_t skipped; /* Redis was away. */
    uint64_t lost;    /* It was no longer ours when it was given back. */
};

/* NULL without memory. */
struct redis_lock *redis_lock_open(const struct redis_lock_options *options);
void redis_lock_close(struct redis_lock *lock); /* Accepts NULL. */

struct lock redis_lock_port(struct redis_lock *lock);

/* A commit of this showtime was heard of: whoever waits for its lock tries at once. From any
 * thread. */
void redis_lock_heard(struct redis_lock *lock, struct id showtime);

struct redis_lock_counts redis_lock_counts(const struct redis_lock *lock);
