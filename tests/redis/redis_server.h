/* redis_server.h - a real Redis of a test's own, on a free port of 127.0.0.1.
 *
 * It keeps nothing: started anew, it is empty, as after a failover that lost everything.
 *
 * Errors: a server that does not start or answer fails the test.
 * Thread: the test's.
 */
#pragma once

#include <sys/types.h>

#include "redis/redis_connection.h"

struct redis_server {
    uint16_t port;
    const char *password; /* NULL: none. */
    pid_t process;        /* 0: it is not running. */
};

/* Starts it, on `port` if that is set, and waits until it answers. */
void redis_server_start(struct redis_server *server);

/* Ends it at once. Accepts one that is not running. */
void redis_server_kill(struct redis_server *server);

/* Stops it, as a machine that hangs; and lets it go on. */
void redis_server_freeze(struct redis_server *server);
void redis_server_thaw(struct redis_server *server);

/* Asks it something on a connection of its own: the words of `text`. The text of the reply, in
 * a buffer that the next call uses again; numbers as digits, no value as "(nil)". */
const char *redis_server_ask(const struct redis_server *server, const char *text);

struct redis_url redis_server_url(const struct redis_server *server);
