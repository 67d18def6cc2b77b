/* server_state.h - what the files of the server share; nobody else includes it.
 *
 * A connection is h2o's; beside it stands a server_connection, found through the socket's
 * on_close. Its callbacks stand in front of h2o's own on the socket, so that raw bytes are judged
 * before h2o reads them and every close is seen. They rest on these facts of h2o 2.2.5, which
 * tests/system/test_http_framing.py would see broken:
 *   - socket->_cb.read and ._cb.write are what the event loop calls; h2o sets them anew for
 *     each request and answer;
 *   - h2o's read callback closes the connection, in any state, when it gets an error;
 *   - one request at a time is handled on a connection, and while it is, nothing is read, so
 *     that its slices stay where they are until it is answered;
 *   - a final h2o_send writes at once and calls the write callback later.
 *
 * Thread: one loop's, but for the atomics and what server_open made.
 */
#pragma once

#define H2O_USE_LIBUV 0
#include <h2o.h>

#include <pthread.h>
#include <stdatomic.h>

#include "http/client_count.h"
#include "http/framing.h"
#include "http/server.h"
#include "http/shared.h"
#include "http/stream.h"

enum {
    SERVER_BACKLOG = 4096,        /* A flash sale's first second; the kernel may clip it. */
    SERVER_ACCEPTS_PER_CALL = 16, /* So that a flood of connections does not starve the rest. */
    SERVER_LINGER_TICKS = 2,      /* After a refusal: time for the client to read it. */
    SERVER_LINGER_SIZE_MAX = 1 << 20,
    SERVER_PEER_SIZE_MAX = 46, /* INET6_ADDRSTRLEN */
    SERVER_TICK_MS = 1000,     /* How often deadlines are looked at. */
    SERVER_SOON_MS = 1,        /* Between two slices of a pulse: requests come first. */
};

struct server_loop;

struct exchange_field {
    struct slice name;
    struct slice value;
};

/* An exchange and what the server keeps about it. Also lends its arena to refusals. */
struct exchange_slot {
    struct exchange exchange; /* First, so that it can be cast. */
    struct server_loop *loop;
    struct server_connection *connection; /* NULL: the client has gone. */
    struct exchange_slot *next_free;
    uint32_t header_count;
    bool head; /* The method is HEAD. */
    bool lent; /* To another thread, which may leave here what it replied: */
    bool replied;
    int reply_status;
    struct slice reply_type;
    struct shared *reply_body; /* NULL: empty. */
    uint32_t kept_size;
    char kept[EXCHANGE_KEPT_SIZE]; /* Values of headers; what they were made in is gone by then. */
    char request_id[FRAMING_REQUEST_ID_SIZE_MAX];
    struct exchange_field headers[EXCHANGE_HEADERS_MAX];
};

enum connection_phase {
    CONNECTION_HEAD,      /* Waits for a head, or for its rest. */
    CONNECTION_BODY,      /* The head has passed; h2o reads the body. */
    CONNECTION_HANDLING,  /* An exchange is open. */
    CONNECTION_ANSWERING, /* h2o writes the answer. */
    CONNECTION_STREAMING, /* The answer goes on; `body` is what is being written. */
    CONNECTION_REFUSED,   /* A refusal is being written. */
    CONNECTION_LINGERING, /* Written; what still comes is dropped. */
};

struct server_connection {
    struct server_loop *loop;
    h2o_socket_t *socket; /* NULL: the slot is free. */
    h2o_req_t *request;   /* Set by the first request; the same for all of them. */
    h2o_socket_cb write_inner;
    struct exchange_slot *exchange;                  /* Open, in CONNECTION_HANDLING. */
    struct exchange_slot *refusal;                   /* Whose arena holds the text being written. */
    struct shared *body;                             /* Being sent. */
    const struct stream_callbacks *stream_callbacks; /* Set in CONNECTION_STREAMING. */
    void *stream_owner;
    struct server_connection *next_free;
    struct framing_chunks chunks;
    size_t head_size; /* 0: the head is not complete. */
    size_t body_size_max;
    bool chunked;
    bool counted; /* As one of its client's. */
    bool resting; /* Watched for reading without being read. */
    enum connection_phase phase;
    size_t seen;          /* Bytes of the head judged incomplete so far. */
    size_t request_size;  /* Head and body in the input. */
    size_t lingered_size; /* Dropped since the refusal. */
    uint32_t deadline;    /* In ticks of the loop; 0: none. */
    uint32_t generation;  /* Grows with every close. */
    struct address client;
    struct slice peer;
    char peer_text[SERVER_PEER_SIZE_MAX];
};

struct server_loop {
    struct server *server;
    uint32_t index;
    pthread_t thread;
    int listener_fd;
    int wake_fd;    /* An eventfd; lives from server_open to server_close. */
    int reserve_fd; /* Given up to accept and close when there are no more. */
    atomic_bool wake_pending;
    atomic_bool stop_requested;
    h2o_context_t context;
    h2o_accept_ctx_t acceptor;
    h2o_socket_t *listener;
    h2o_socket_t *waker;
    h2o_socket_cb read_inner; /* h2o's read callback, the same for all connections. */
    h2o_timeout_entry_t ticker;
    h2o_timeout_t soon;
    h2o_timeout_entry_t pulser; /* Linked while there are streams. */
    uint32_t stream_count;
    uint64_t streams_shown; /* The same, for other threads. */
    uint32_t tick;
    bool listener_paused;
    bool stopping;
    int64_t stop_at_us;
    uint64_t seen_ms; /* By h2o's clock, when the loop last ran. */
    void *state;      /* What loop_enter made. */
    struct server_connection *connections;
    struct server_connection *connection_free;
    struct client_count *clients; /* NULL: clients have no limit of their own. */
    uint32_t connections_used;    /* Those of `connections` that were ever open. */
    uint32_t connection_count;
    uint64_t connections_shown; /* The same, for other threads; see base/tally.h. */
    struct exchange_slot *exchanges;
    struct exchange_slot *exchange_free;
    uint32_t exchanges_used; /* Those of `exchanges` that were ever taken. */
    uint32_t exchange_count;
    char *arenas;
    uint64_t request_id_prefix;
    uint32_t request_id_counter;
};

struct server {
    struct server_options options;
    uint16_t port;
    uint32_t grace_ms;
    uint32_t running_count; /* Loops whose threads were started. */
    h2o_globalconf_t config;
    pthread_mutex_t mutex; /* Guards the three below. */
    pthread_cond_t entered;
    uint32_t entered_count;
    bool enter_failed;
    struct server_loop loops[LOOPS_MAX];
};

/* server_loop.c */

/* The thread of a loop, which is the argument. */
void *server_loop_run(void *argument);

/* There is a stream: `pulse` is called from now on. */
void server_loop_expect_pulse(struct server_loop *loop);

/* stream.c */

/* Tells the owner of a stream that it is gone. Nothing on other connections. */
void server_stream_forget(struct server_connection *connection);

/* The same, and ends the answer. The connection may be closed by it. */
void server_stream_stop(struct server_connection *connection);

/* exchange.c */

/* Sets all but the body; a size of SIZE_MAX is not told. */
void exchange_set_answer(struct exchange_slot *slot, h2o_req_t *request, int status,
                         struct slice content_type, size_t body_size);

/* Tells whoever counts answers that this one goes out. */
void exchange_tell(struct exchange_slot *slot, int status, size_t body_size);

/* server_connection.c */

/* Takes over an accepted socket; the loop has a free connection. False if the client has too
 * many; the socket stays the caller's. */
MUST_USE bool server_connection_open(struct server_loop *loop, int fd,
                                     const struct sockaddr *address);

/* Puts the server's callbacks in front of h2o's again. The connection may be closed by it. */
void server_connection_watch(struct server_connection *connection);

/* Answers with a fault and closes; the request goes no further. */
void server_connection_refuse(struct server_connection *connection, enum error error,
                              struct slice request_id);

/* Closes at once. */
void server_connection_close(struct server_connection *connection);

/* Closes if no request is under way. */
void server_connection_close_idle(struct server_connection *connection);

/* server_request.c */

/* The handler of all requests. */
int server_request_handle(h2o_handler_t *handler, h2o_req_t *request);

/* Takes an exchange, arena empty; NULL when all are in use. */
struct exchange_slot *server_request_take_slot(struct server_loop *loop);
void server_request_release_slot(struct exchange_slot *slot);

/* Writes the client's id if it is sane, else one of ours. */
struct slice server_request_make_id(struct server_loop *loop, struct slice wanted,
                                    char target[FRAMING_REQUEST_ID_SIZE_MAX]);

/* The whole answer to a fault, in the slot's arena; a fixed one if that fails. */
struct slice server_request_fault_text(struct exchange_slot *slot, enum error error,
                                       struct slice request_id);

/* Tells whoever counts answers. */
void server_request_tell(struct server_loop *loop, const struct server_answer *answer);

/* What stands behind the status in an answer's first line. */
const char *server_request_reason(int status);
