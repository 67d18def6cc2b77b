/* server.h - HTTP/1.1 on libh2o: listeners, loops, framing, limits, graceful end.
 *
 * The only part that knows h2o. Each loop is a thread with its own SO_REUSEPORT listener; a
 * request is checked for framing and size, becomes an exchange, and goes to `handle`.
 *
 * Thread: server_open, _run, _close from the main thread; server_wake from any; the callbacks
 *         run on their loop.
 */
#pragma once

#include "base/address.h"
#include "http/exchange.h"

struct server;

/* An answer, as it goes out. */
struct server_answer {
    const struct exchange *exchange; /* NULL: refused before there was one. */
    enum error fault;                /* Why, then. */
    struct slice request_id;
    int status;
    size_t body_size; /* Sent. */
};

struct server_options {
    struct slice host;                      /* An IPv4 or IPv6 address. */
    uint16_t port;                          /* 0: any free one; see server_port. */
    uint32_t loop_count;                    /* 1..LOOPS_MAX */
    uint32_t connections_max;               /* Per loop; more are refused at once. */
    uint32_t connections_per_client_max;    /* Of those; more are refused at once. 0: no limit. */
    const struct address_ranges *uncounted; /* Proxies, which bring many clients. May be NULL. */
    /* From the first byte waited for to the last byte of a request; also the time that an idle
     * connection is kept. 0: SERVER_REQUEST_MS. */
    uint32_t request_timeout_ms;
    /* From an answer to its last byte handed to the kernel. 0: SERVER_ANSWER_MS. */
    uint32_t answer_timeout_ms;
    /* Makes and frees what a loop's thread owns, on that thread. NULL is a failure to start. */
    void *(*loop_enter)(void *context, uint32_t loop_index);
    void (*loop_leave)(void *context, void *loop_state);
    /* A request. It must be answered, now or later, on this loop. */
    void (*handle)(void *context, void *loop_state, struct exchange *exchange);
    /* A request that broke the framing or a size limit before it became an exchange is
     * answered by the server; this writes the body. */
    struct slice (*fault_body)(void *context, enum error error, struct slice request_id,
                               struct arena *arena);
    /* Somebody called server_wake for this loop. */
    void (*woken)(void *context, void *loop_state);
    /* Told of every answer, just before it is sent; may be NULL. */
    void (*answered)(void *context, void *loop_state, const struct server_answer *answer);
    /* A second has passed on this loop. NULL: nobody cares. */
    void (*ticked)(void *context, void *loop_state);
    /* Called every SERVER_PULSE_MS while the loop has streams; true: again soon, after the
     * requests that wait. NULL: not needed. */
    bool (*pulse)(void *context, void *loop_state);
    void *context;
};

enum {
    LOOPS_MAX = 16,
    CONNECTIONS_MAX = 65536,   /* Of a loop; each costs address space of one arena. */
    SERVER_REQUEST_MS = 10000, /* A slow sender holds a connection no longer. */
    SERVER_ANSWER_MS = 30000,  /* A slow reader neither. */
    SERVER_PULSE_MS = 100,     /* h2o has a timer of that length. */
};

/* Binds and listens, so that a port in use is told before anything else starts. On failure
 * `ret_message` says why, for people. */
MUST_USE enum error server_open(const struct server_options *options, struct server **ret_server,
                                struct slice *ret_message);

uint16_t server_port(const struct server *server);

/* The open connections of a loop, at some recent moment. From any thread. */
uint32_t server_connections(const struct server *server, uint32_t loop_index);

/* Those of them that are streams. */
uint32_t server_streams(const struct server *server, uint32_t loop_index);

/* Starts the loops' threads. */
MUST_USE enum error server_start(struct server *server);

/* Has `woken` called on a loop, soon; calls in between are merged. */
void server_wake(struct server *server, uint32_t loop_index);

/* Stops accepting; answers carry `Connection: close`. Waits until all exchanges are answered
 * and sent, or `grace_ms` are over; then ends the loops. */
void server_stop(struct server *server, uint32_t grace_ms);

void server_close(struct server *server);
