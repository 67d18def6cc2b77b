/* bare_exchange.h - an exchange without a server: what came is set, what is answered is kept.
 *
 * Linked instead of the server, so that what reads requests and writes answers is tested by
 * itself; fake_exchange.h adds a desk, for handlers.
 */
#pragma once

#include "http/exchange.h"

enum { BARE_HEADERS_MAX = 16, BARE_BODY_MAX = 32 * 1024 };

struct bare_header {
    struct slice name;
    struct slice value;
};

struct bare_exchange {
    struct exchange exchange; /* First, so that one is the other. */
    struct bare_header came[BARE_HEADERS_MAX];
    size_t came_count;
    struct bare_header answered[BARE_HEADERS_MAX];
    size_t answered_count;
    char values[2048]; /* Copies of the answer's headers. */
    size_t values_size;
    int status; /* 0: not answered yet. */
    struct slice content_type;
    char body[BARE_BODY_MAX];
    size_t body_size;
    _Alignas(16) char memory[EXCHANGE_ARENA_SIZE];
};

/* Empties it for a new request. */
struct exchange *bare_exchange_start(struct bare_exchange *fake);

void bare_exchange_send(struct bare_exchange *fake, struct slice name, struct slice value);

/* A header of the answer; data NULL if there is none. */
struct slice bare_exchange_answered(const struct bare_exchange *fake, struct slice name);

/* Does the answer's body contain this? */
bool bare_exchange_says(const struct bare_exchange *fake, const char *words);
