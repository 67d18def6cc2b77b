/* stream.h - an answer that goes on for as long as its client listens.
 *
 * What is written is shared by all who get the same bytes. A client that takes nothing holds
 * back nobody: one write is under way at a time, and who writes waits for `written`, so that
 * the backlog of a client is that one write and STREAM_SEND_SIZE_MAX bytes of the kernel's.
 *
 * Shape:  a write that is not over within the server's answer time-out ends the stream.
 * Thread: the loop of the exchange.
 */
#pragma once

#include "http/exchange.h"

struct stream;

enum { STREAM_SEND_SIZE_MAX = 16 * 1024 }; /* The kernel takes twice that for its own needs. */

struct stream_callbacks {
    /* The last write has left for the client: the next may follow. */
    void (*written)(void *owner);
    /* The client has gone, or the server ends; the stream is not to be used any more. */
    void (*gone)(void *owner);
};

/* Answers 200 with the exchange's headers and `first`, and keeps the answer open; the exchange
 * is gone afterwards. Takes over one reference of `first`; keeps `callbacks` and `owner`.
 * NULL, and no callback will come, if there is nothing to keep open: the client has gone, the
 * method is HEAD, or the server ends. */
MUST_USE struct stream *stream_begin(struct exchange *exchange, struct slice content_type,
                                     struct shared *first, const struct stream_callbacks *callbacks,
                                     void *owner);

/* Sends `bytes`, not empty, and takes over one reference. Only after `written`. */
void stream_write(struct stream *stream, struct shared *bytes);
