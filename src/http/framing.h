/* framing.h - where a request ends, judged more strictly than the HTTP library does.
 *
 * The library takes the first of two Content-Lengths, lets Transfer-Encoding win over
 * Content-Length, ignores the missing Host and reads the chunk size `0x18` as 0. A proxy in
 * front may see it otherwise, and the difference smuggles requests. So the raw bytes are judged
 * here before the library sees them, and only what has one meaning passes.
 *
 * Pure: no I/O, no allocation. The head is split by phr_parse_request, which libh2o exports.
 *
 * Shape:  a request line of FRAMING_LINE_SIZE_MAX bytes, fields of FRAMING_FIELDS_SIZE_MAX
 *         bytes and FRAMING_FIELDS_MAX in number.
 * Errors: BAD_REQUEST, HEADERS_TOO_LARGE, BODY_TOO_LARGE.
 * Thread: any.
 * Source: RFC 9112, sections 2.2, 3.2, 5, 6 and 7.1.
 */
#pragma once

#include "base/error.h"
#include "base/slice.h"

enum {
    FRAMING_LINE_SIZE_MAX = 4 * 1024,    /* The contract's request line. */
    FRAMING_FIELDS_SIZE_MAX = 16 * 1024, /* The contract's header block. */
    FRAMING_FIELDS_MAX = 64,             /* Below the library's own limit of 100. */
    FRAMING_BODY_SIZE_MAX = 16 * 1024,
    FRAMING_WEBHOOK_SIZE_MAX = 64 * 1024, /* Gateways send more than clients may. */
    FRAMING_CINEMA_SIZE_MAX = 64 * 1024,  /* Fifty screens with their layouts. */
    FRAMING_TRAILER_SIZE_MAX = 1024,      /* Trailers are dropped; nobody needs more. */
    FRAMING_REQUEST_ID_SIZE_MAX = 64,
};

/* A head that passed. The slices point into the bytes that were judged, or to constants. */
struct framing_head {
    size_t size; /* Of all up to the empty line; 0: it is not complete yet. */
    size_t body_size_max;
    size_t content_length;
    bool chunked;
    struct slice target;     /* Origin form: starts with '/', query included. */
    struct slice request_id; /* The client's X-Request-Id if it is sane, else empty. */
};

/* Judges the bytes that have come since the last request's end, of which the first `seen` were
 * judged incomplete before. `*ret_head` is always written: on failure it has what was read. */
MUST_USE enum error framing_check(struct slice bytes, size_t seen, struct framing_head *ret_head);

/* The origin form of a request target: the same if it starts with '/', what stands behind the
 * authority of an absolute one, empty if there is none. */
struct slice framing_target(struct slice target);

/* Is it 1 to FRAMING_REQUEST_ID_SIZE_MAX characters of A-Z a-z 0-9 - _ . ? */
bool framing_request_id_sane(struct slice request_id);

/* Where a chunked body stands. All zero is its beginning. */
struct framing_chunks {
    int state;
    unsigned digit_count;
    size_t chunk_left;
    size_t body_size;
    size_t trailer_size;
    bool whole; /* The end was seen; what follows is the next request. */
};

/* Judges the next raw bytes of a chunked body. Chunk extensions are refused: nobody sends them
 * but those who hide requests in them. */
MUST_USE enum error framing_chunks_check(struct framing_chunks *chunks, struct slice bytes,
                                         size_t body_size_max);
