/* redis_connection.h - a connection to Redis on which every wait has an end.
 *
 * The library's own waits are none or those of the system; here the socket never blocks, and
 * who waits says until when.
 *
 * Shape:  a reply of at most REDIS_REPLY_SIZE_MAX bytes.
 * Units:  `until_us` is of clock_steady_us.
 * Errors: false with `why` set; the connection is then to be closed.
 * Thread: one.
 * Source: Redis' protocol, version 2.
 */
#pragma once

#include <hiredis/hiredis.h>

#include "base/check.h"
#include "redis/redis_name.h"

enum {
    REDIS_CONNECT_MS = 200,
    REDIS_COMMAND_MS = 100,
    REDIS_NAME_MS = 100,
    REDIS_CONNECTS_MAX = 2, /* At a time; a name with more addresses has them tried in turn. */
    REDIS_CONNECT_MS_MAX = REDIS_NAME_MS + REDIS_CONNECTS_MAX * REDIS_CONNECT_MS + REDIS_COMMAND_MS,
    REDIS_PARTS_MAX = 8,
    REDIS_WHY_SIZE = 160,
    REDIS_INSTANCE_SIZE = 65,
    REDIS_REPLY_SIZE_MAX = 64 * 1024, /* We ask for numbers; a message has 24 digits and one. */
};

struct redis_command {
    int count;
    struct slice parts[REDIS_PARTS_MAX];
};

struct redis_connection { /* {0} is closed. */
    redisContext *context;
    struct redis_name *name;  /* A look-up under way. */
    uint32_t address;         /* Which of the name's is tried first. */
    char why[REDIS_WHY_SIZE]; /* The last failure, for the log. */
};

/* Connects, and says who we are. */
MUST_USE bool redis_connection_open(struct redis_connection *connection,
                                    const struct redis_url *url, const char *instance);
void redis_connection_close(struct redis_connection *connection); /* Accepts a closed one. */

/* Closes it for good. */
void redis_connection_release(struct redis_connection *connection);

/* Sends a command. */
MUST_USE bool redis_connection_send(struct redis_connection *connection,
                                    const struct redis_command *command, int64_t until_us);

/* The next reply, or NULL if there is none by then, or when `wake_fd` (-1: none) can be read. */
MUST_USE bool redis_connection_receive(struct redis_connection *connection, int64_t until_us,
                                       int wake_fd, redisReply **ret_reply);
