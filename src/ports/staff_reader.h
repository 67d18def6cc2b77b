/* staff_reader.h - what staff look through: bookings, refunds, blocks and the journal.
 *
 * Lists are newest first. A page ends at its limit, or where enough rows were looked at: a page
 * may then be short, even empty, and still say where to go on.
 *
 * Errors: ERROR_NOT_FOUND when a page's `after` is not known; ERROR_STORE_UNAVAILABLE;
 *         ERROR_OVERLOADED when the arena has no room for one entry.
 * Thread: each reader belongs to one thread.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "core/block.h"
#include "core/payment.h"

enum { STAFF_LISTED_MAX = 100 };

/* A page of a list. */
struct staff_page {
    struct id after; /* Where the page before ended; none: the newest. */
    size_t limit;    /* 1..STAFF_LISTED_MAX */
};

struct staff_booking_query {
    bool has_code;
    struct code code;
    struct user user;   /* size 0: any. */
    struct id showtime; /* None: any. */
    bool any_status;
    enum booking_status status;
    struct staff_page page;
};

struct staff_refund_query {
    bool any_status;
    enum payment_status status; /* REFUND_DUE, REFUNDING, REFUNDED or REFUND_FAILED. */
    struct staff_page page;
};

struct staff_journal_query {
    int64_t since_ms;  /* Not before; 0: any. */
    struct user actor; /* size 0: any. */
    struct staff_page page;
};

struct staff_block_query {
    struct id showtime;
    struct staff_page page;
};

/* An entry of the journal, whoever wrote it. */
struct journal_line {
    int64_t at_ms;
    struct user actor;
    struct slice role;
    struct slice action; /* `block.create`: a kind of subject, and what was done. */
    struct id subject;
    struct slice detail;
};

struct staff_reader_methods {
    /* Each fills up to `limit` records. `ret_next` is the `after` of the next page; none at
     * the end. */
    enum error (*list_bookings)(void *context, const struct staff_booking_query *query,
                                struct booking *bookings, size_t *ret_count, struct id *ret_next);

    /* Payments whose money goes back or has gone. */
    enum error (*list_refunds)(void *context, const struct staff_refund_query *query,
                               struct payment *payments, size_t *ret_count, struct id *ret_next);

    /* Texts are in the arena; where it is full the page ends. */
    enum error (*list_journal)(void *context, const struct staff_journal_query *query,
                               struct arena *arena, struct journal_line *lines, size_t *ret_count,
                               struct id *ret_next);

    /* Those of a showtime that stand; none, too, if there is no such showtime. */
    enum error (*list_blocks)(void *context, const struct staff_block_query *query,
                              struct block *blocks, size_t *ret_count, struct id *ret_next);
};

struct staff_reader {
    void *context;
    const struct staff_reader_methods *methods;
};
