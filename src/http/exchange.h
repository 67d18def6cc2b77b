/* exchange.h - one HTTP request and its answer, without the library that carries them.
 *
 * Handlers see only this. They may answer at once, or later from the same loop: the exchange
 * lives until it is answered, even if the client has gone by then.
 *
 * Shape:  one arena of EXCHANGE_ARENA_SIZE for all that is made for it. The request's slices
 *         live as long as the exchange.
 * Errors: a full arena is for the handler to answer, with 503 OVERLOADED.
 * Thread: the loop that accepted the connection, only.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "core/booking.h"
#include "ports/reader.h"

enum {
    EXCHANGE_ARENA_SIZE = 64 * 1024,
    EXCHANGE_HEADERS_MAX = 24, /* Of an answer, beside those of the server. */
    EXCHANGE_KEPT_SIZE = 512,  /* Of their values, written by another thread. */
};

enum http_method {
    METHOD_GET, /* HEAD too: the server drops the body. */
    METHOD_POST,
    METHOD_PATCH,
    METHOD_DELETE,
    METHOD_OPTIONS,
    METHOD_OTHER,
};

enum role { ROLE_USER, ROLE_STAFF, ROLE_ADMIN };

struct shared; /* A refcounted body; see http/shared.h. */

/* What is known of a request when it is answered, for the log and the metrics. */
struct exchange_notes {
    int64_t begun_us; /* By clock_steady_us. */
    uint32_t route;   /* The router's number; 0: none fits. */
    enum error error; /* ERROR_NONE: no problem was answered. */
    struct slice why; /* What is wrong with the token; never a part of it. */
    struct id showtime;
    uint64_t map_version;
};

struct exchange {
    enum http_method method;
    struct slice path;  /* As sent, without the query; starts with '/'. */
    struct slice query; /* Behind '?'; empty if there is none. */
    struct slice body;
    struct slice request_id; /* Sane: 1..64 of A-Z a-z 0-9 - _ . */
    struct slice peer;       /* The client's address, as text. */
    void *loop_state;        /* What loop_enter made for this loop. */
    struct arena arena;
    struct user user; /* Set by authentication; size 0: none. */
    enum role role;
    enum consistency consistency; /* Of the seat map that it asks for. */
    uint64_t map_version_min;     /* No older one may be shown. */
    void *state;                  /* The handler's, between request and later answer. */
    struct exchange_notes notes;
    bool varies_by_origin; /* The answer has `Vary: Origin`. */
};

/* A request header, by lower-case name; data NULL if there is none. If it came more than
 * once, the first. */
struct slice exchange_header(const struct exchange *exchange, struct slice name);

/* The header that came as number `place`, from 0 on; data NULL if there were fewer. */
struct slice exchange_header_at(const struct exchange *exchange, struct slice name, size_t place);

/* How often a header came. */
size_t exchange_header_count(const struct exchange *exchange, struct slice name);

/* Adds a header to the answer. Name and value are borrowed until the reply; a value with a
 * control byte is a bug. */
void exchange_add_header(struct exchange *exchange, struct slice name, struct slice value);

/* The same, in the place of a header of this name that was added before. */
void exchange_set_header(struct exchange *exchange, struct slice name, struct slice value);

/* Answers. The body is copied by the server before this returns. The exchange is gone
 * afterwards. */
void exchange_reply(struct exchange *exchange, int status, struct slice content_type,
                    struct slice body);

/* Answers with a shared body, which is sent without a copy and released when sent. Takes over
 * one reference. */
void exchange_reply_shared(struct exchange *exchange, int status, struct slice content_type,
                           struct shared *body);

/* Until it is taken back, another thread may work on the exchange, and its reply is kept. */
void exchange_lend(struct exchange *exchange);

/* On its loop again, once the other thread has let go. True if it was replied to meanwhile: the
 * answer is sent, and the exchange is gone. */
bool exchange_take_back(struct exchange *exchange);
