/* redis_link.h - one thread's way to Redis: a connection with deadlines, behind a breaker.
 *
 * Redis is never needed for a right answer, so it must never cost much when it is away: after a
 * failure it is left alone for a second, then for two, at most for ten, and in between every
 * call says at once that there is nothing to be had. The first call after such a rest tries
 * anew. Log: `redis_away` and `redis_back`, once each.
 *
 * One link serves the thread's lock (redis_lock.h) and what it publishes (redis_feed.h).
 *
 * Errors: a call that failed has closed the connection; the next one may make it anew.
 * Thread: one; redis_link_counts from any.
 */
#pragma once

#include "redis/redis_breaker.h"
#include "redis/redis_connection.h"

enum { REDIS_OWED_MAX = 64 }; /* Replies that nobody waits for; more are waited for. */

struct redis_link;

/* What became of the reply to something told. */
enum redis_fate { REDIS_FATE_NONE, REDIS_FATE_OWED, REDIS_FATE_NUMBER, REDIS_FATE_NO_SCRIPT };

struct redis_watch {
    enum redis_fate fate; /* NONE: nothing was told, or it got lost. */
    int64_t number;
};

/* For metrics. */
struct redis_link_counts {
    uint64_t connects; /* That succeeded. */
    uint64_t errors;   /* Connects and commands that failed or took too long. */
    uint64_t degraded; /* 1: Redis is away, or was when last asked for. */
};

/* Does not connect yet. `url` is copied; `instance` is copied too: who we are, in Redis' CLIENT
 * LIST. NULL without memory. */
struct redis_link *redis_link_open(const struct redis_url *url, const char *instance);
void redis_link_close(struct redis_link *link); /* Accepts NULL. */

/* Asks and waits for the reply, at most REDIS_CONNECT_MS_MAX + REDIS_COMMAND_MS; an error that
 * Redis answers is a failure too. NULL: failed. The reply is the caller's to free. */
MUST_USE redisReply *redis_link_ask(struct redis_link *link, const struct redis_command *command);

/* Sends without waiting for a reply, which is read at the next use. False: Redis is away. `watch`
 * may be NULL, and is kept until its fate is known or the link is closed. */
bool redis_link_tell(struct redis_link *link, const struct redis_command *command,
                     struct redis_watch *watch);

/* Reads replies that are there already, so that watches know their fate; waits for none. */
void redis_link_look(struct redis_link *link);

struct redis_link_counts redis_link_counts(const struct redis_link *link);
