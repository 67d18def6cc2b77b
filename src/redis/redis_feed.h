/* redis_feed.h - tells other instances at once that a showtime has a new version, and hears them.
 *
 * Channel `seats:<showtime>`, message: the version as a decimal number. Whoever hears a version
 * above the one that he has reads the showtime anew; so a message that is lost, late, doubled or
 * out of order does no harm, and who must not miss one asks the store for versions besides.
 *
 * Wiring: `engine_options.committed = redis_feed_publish` with the writer's link as its
 *         context; one redis_feed_open for the process.
 * Errors: none. While Redis is away nothing is published or heard.
 * Thread: redis_feed_publish on its link's; `heard` is called on the feed's own thread and must
 *         not wait; the rest from any.
 */
#pragma once

#include "core/id.h"
#include "redis/redis_link.h"

enum {
    REDIS_FEED_WAIT_MS = 50,       /* Before the first new connection, and up to half as much */
    REDIS_FEED_WAIT_MS_MAX = 2000, /* again by chance; doubled up to this. */
    REDIS_FEED_PING_MS = 5000,     /* Asks for a sign of life after this, */
    REDIS_FEED_SILENCE_MS = 7000,  /* and connects anew without one until this. */
};

struct redis_feed;

struct redis_feed_options {
    const struct redis_url *url; /* Copied. */
    const char *instance;        /* Copied. */
    void (*heard)(void *context, struct id showtime, uint64_t version);
    void *context;
};

/* For metrics. */
struct redis_feed_counts {
    uint64_t subscribed; /* 1: messages come in. */
    uint64_t connects;   /* That succeeded. */
    uint64_t heard;
    uint64_t ignored; /* Messages that are not of this form. */
};

/* Starts the thread, which connects by itself. NULL without memory or thread. */
struct redis_feed *redis_feed_open(const struct redis_feed_options *options);

/* Ends the thread. Accepts NULL. */
void redis_feed_close(struct redis_feed *feed);

struct redis_feed_counts redis_feed_counts(const struct redis_feed *feed);

/* Publishes a version on a `struct redis_link`; nobody waits for it. */
void redis_feed_publish(void *link, struct id showtime, uint64_t version);
