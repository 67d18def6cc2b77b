/* move_record.h - everything that a store keeps, record by record, on its way to another store.
 *
 * What `usher export` writes and `usher import` reads, whatever is at either end. A record says
 * what is so, not how a store keeps it: who has which seat follows from the bookings and blocks,
 * and what a store derives it derives anew.
 *
 * Shape:  the order of the kinds, with a showtime's bookings, their payments and its blocks right
 *         behind it: see docs/moving.md.
 * Units:  *_ms are UTC milliseconds; 0 means "not set". Money is VND.
 */
#pragma once

#include "core/block.h"
#include "core/idempotency.h"
#include "core/payment.h"
#include "ports/catalogue.h"
#include "ports/staff_reader.h"

enum move_kind {
    MOVE_HEAD,
    MOVE_MOVIE,
    MOVE_CINEMA,
    MOVE_SHOWTIME,
    MOVE_BOOKING,
    MOVE_PAYMENT,
    MOVE_BLOCK,
    MOVE_KEY,
    MOVE_ENTRY,
    MOVE_END,
};

#define MOVE_KIND_COUNT 10
#define MOVE_FORMAT 1 /* Of the file; another one is refused. */

enum { MOVE_SEAL_SIZE = 16, MOVE_CLAIM_SIZE = 32 };

/* A secret of a store: ids, or codes, are made with it. */
struct move_secret {
    uint8_t size; /* 0: it has none. */
    uint8_t bytes[MOVE_CLAIM_SIZE];
};

struct move_head {
    int64_t format;
    struct slice program;
    int64_t made_at_ms;
    struct slice store;           /* embedded, mongodb: for people. */
    struct move_secret seal_key;  /* Of an embedded store: seals numbers into ids. */
    struct move_secret claim_key; /* Of MongoDB: ids follow from keys by it. */
};

struct move_showtime {
    struct showtime showtime;
    struct seat_plan *plan;
    struct slice timezone; /* The cinema's. */
    int64_t cancelled_at_ms;
    struct reason cancellation_reason;
};

/* What made a record: a client's key, and what was asked. None: it is forgotten. */
struct move_origin {
    struct uuid key;
    struct fingerprint fingerprint;
    enum operation operation;
};

struct move_booking {
    struct booking booking;
    struct move_origin origin;
};

struct move_payment {
    struct payment payment;
    struct move_origin origin;
};

struct move_end {
    int64_t counts[MOVE_KIND_COUNT];
    struct fingerprint head;  /* SHA-256 of the first line, */
    struct fingerprint lines; /* and of the others: see move_file.h. */
};

struct move_record {
    enum move_kind kind;
    union {
        struct move_head head;
        struct movie movie;
        struct cinema cinema;
        struct move_showtime showtime;
        struct move_booking booking;
        struct move_payment payment;
        struct block block;
        struct key_record key;
        struct journal_line entry;
        struct move_end end;
    };
};

/* Why nothing was moved, for the person who asked. */
struct move_reason {
    char text[512];
};

/* Writes a reason; false, for the caller to return. */
__attribute__((format(printf, 2, 3))) bool move_record_explain(struct move_reason *reason,
                                                               const char *format, ...);

/* `booking`: as a line names the kind. */
struct slice move_record_name(enum move_kind kind);

/* A key that made a booking or a payment stands with that; the others are records. */
bool move_record_is_origin(const struct key_record *key);
