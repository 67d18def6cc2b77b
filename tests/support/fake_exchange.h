/* fake_exchange.h - exchanges and a desk for handlers under test, without a server.
 *
 * It takes the place of http/exchange.c and of the desk's way to the writer at link time: what
 * a handler submits is decided by the test and answered at once.
 */
#pragma once

#include "http/desk.h"
#include "http/stream.h"

enum { FAKE_HEADERS_MAX = EXCHANGE_HEADERS_MAX, FAKE_BODY_SIZE_MAX = 256 * 1024 };

struct fake_header {
    struct slice name;
    struct slice value;
};

struct fake_exchange {
    struct exchange exchange; /* First: a handler sees this. */
    struct fake_header request_headers[FAKE_HEADERS_MAX];
    size_t request_header_count;
    struct fake_header answer_headers[FAKE_HEADERS_MAX];
    size_t answer_header_count;
    bool answered;
    bool bodiless; /* A HEAD: what is a stream for others is answered at once. */
    const struct stream_callbacks *stream; /* Set while it streams. */
    void *stream_owner;
    bool stream_writing; /* The last write has not left yet. */
    uint32_t stream_writes;
    int status;
    char content_type[64];
    size_t body_size;
    char arena_block[EXCHANGE_ARENA_SIZE];
    char body[FAKE_BODY_SIZE_MAX];
};

/* A request, malloc'ed; free it when done. */
struct fake_exchange *fake_exchange_new(enum http_method method, struct slice path,
                                        struct slice body);

/* Adds a header to the request; lower-case name, borrowed. */
void fake_exchange_header(struct fake_exchange *fake, struct slice name, struct slice value);

/* A header of the answer; data NULL if it has none. */
struct slice fake_exchange_answer(const struct fake_exchange *fake, struct slice name);

struct slice fake_exchange_body(const struct fake_exchange *fake);

/* What the stream has written last leaves for the client. */
void fake_exchange_written(struct fake_exchange *fake);

/* The client of a stream goes away. */
void fake_exchange_leave(struct fake_exchange *fake);

/* What the next commands are decided to be; set by the test before the handler runs. */
struct fake_desk {
    void (*decide)(void *context, struct command *command);
    void *context;
    bool full;          /* desk_take has none left. */
    uint32_t submitted; /* How many commands came. */
    uint32_t taken;     /* Those that are out. */
    void *room;         /* The command's, until it is given back. */
    struct command command;
};

extern struct fake_desk fake_desk;
