/* reply.h - the answers that handlers give most: JSON, with the map's version.
 *
 * Thread: the loop's.
 */
#pragma once

#include "http/exchange.h"
#include "json/json_write.h"

struct reply {
    struct buffer body;
    struct json_writer writer;
    char *large; /* A body too large for the arena, malloc'ed; sent without a copy. */
};

enum { REPLY_IN_ARENA_MAX = 8 * 1024 };

/* Starts a JSON body of at most `capacity` bytes, in the exchange's arena up to
 * REPLY_IN_ARENA_MAX. False, and 503 is answered, if there is no room. */
bool reply_begin(struct exchange *exchange, size_t capacity, struct reply *ret_reply);

/* Sends the body as application/json; 500 INTERNAL_ERROR if it did not fit. */
void reply_send(struct exchange *exchange, int status, struct reply *reply);

/* Adds `X-Showtime-Version`. */
void reply_add_version(struct exchange *exchange, uint64_t version);

/* Adds `Cache-Control: no-store`: the answer is for one person. */
void reply_add_personal(struct exchange *exchange);
