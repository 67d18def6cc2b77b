/* operations.h - the operator's own listener: /metrics, and health once more.
 *
 * A second server with one loop, so that it answers when the first is at its limit, and so that
 * a firewall or a loopback address keeps strangers out.
 *
 * Thread: the callbacks on their loop; the rest the main thread.
 */
#pragma once

#include "app/house.h"
#include "http/server.h"

struct operations {
    struct server *server; /* NULL: METRICS_PORT=off. */
    const struct house_state *house;
    const struct server *public_server;
    char *page; /* [METRICS_PAGE_SIZE_MAX] */
};

/* Binds the port, unless it is off; does nothing else. False, and the reason is printed, if that
 * cannot be. */
MUST_USE bool operations_open(struct operations *operations, const struct config *config);

/* Starts its thread; the borrowed house and server are open and stay so. */
MUST_USE enum error operations_start(struct operations *operations, const struct house_state *house,
                                     const struct server *public_server);

/* Accepts operations that were never opened or started. */
void operations_close(struct operations *operations);
