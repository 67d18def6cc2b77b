/* caller.h - calls to one gateway, on a thread of their own.
 *
 * A gateway that is slow or gone must never hold up a request or a turn: callers leave a
 * message and go on. It is tried again with growing pauses until it is taken or given up.
 *
 * Shape:  CALLER_CALLS_MAX messages wait or run; CALLER_RUNNING_MAX run. One fixed address,
 *         no redirects, no proxy, CALLER_TRIES tries of CALLER_TIMEOUT_MS, an answer of at
 *         most CALLER_ANSWER_SIZE_MAX bytes, which is not kept.
 * Errors: a message that is given up is logged.
 * Thread: caller_post from any; open and close from the main thread.
 */
#pragma once

#include "base/check.h"
#include "base/slice.h"

enum {
    CALLER_CALLS_MAX = 64,          /* A demo has one user; tests have a few dozen. */
    CALLER_RUNNING_MAX = 8,         /* Enough for loopback, few enough for any gateway. */
    CALLER_TRIES = 5,               /* With pauses of 2, 4, 8 and 16 s: half a minute. */
    CALLER_TIMEOUT_MS = 5000,       /* For one try, from connecting to the answer's end. */
    CALLER_ANSWER_SIZE_MAX = 65536, /* Gateways answer with a few hundred bytes. */
    CALLER_ADDRESS_SIZE_MAX = 256,
    CALLER_HEADER_SIZE_MAX = 160,
    CALLER_BODY_SIZE_MAX = 1024,
};

struct caller;

struct caller_options {
    struct slice base; /* `http://127.0.0.1:3000`, without a slash at its end; copied. */
    int64_t pause_ms;  /* Before the second try; twice as long before each later one. */
};

/* What to send: JSON, with one header of its own. Copied. */
struct call {
    struct slice path;   /* Starts with a slash. */
    struct slice header; /* `Name: value` */
    struct slice body;
};

/* Starts the thread. NULL without memory, or if the address is too long. */
struct caller *caller_open(const struct caller_options *options);

/* Leaves a message; false if too many wait already or it is too large. */
MUST_USE bool caller_post(struct caller *caller, const struct call *call);

/* Ends the thread; what has not been taken by then is given up. Accepts NULL. */
void caller_close(struct caller *caller);
