/* reader.h - bookings and payments as last committed, for those who only look.
 *
 * Errors: ERROR_BOOKING_NOT_FOUND, ERROR_PAYMENT_NOT_FOUND; ERROR_STORE_UNAVAILABLE.
 * Thread: each reader belongs to one thread.
 */
#pragma once

#include "base/error.h"
#include "core/booking.h"
#include "core/payment.h"

enum { BOOKINGS_LISTED_MAX = 100 };

/* How sure a look is that nobody has moved beyond what it shows. */
enum consistency {
    CONSISTENCY_LATEST, /* As last committed, by all that the store knows; over a shared database it
                         * may be behind while a primary is elected. */
    CONSISTENCY_STRONG, /* The store has asked whoever could know better. */
};

enum { CONSISTENCY_COUNT = 2 };

/* Which of a user's bookings, newest first. */
struct booking_query {
    struct user user;
    bool any_status;
    enum booking_status status;
    struct id after; /* The last one of the page before; none: the newest. */
    size_t limit;    /* 1..BOOKINGS_LISTED_MAX */
};

/* Which payment: by its own id, or by the key of the confirm that made it. */
struct payment_query {
    struct id id;
    struct uuid alias; /* Looked at when `id` is none; then `user` must be the payment's. */
    struct user user;
    enum consistency consistency;
};

struct reader_methods {
    /* `ret_version` is the version of the booking's seat map at the same moment. */
    enum error (*find_booking)(void *context, struct id id, enum consistency consistency,
                               struct booking *ret_booking, uint64_t *ret_version);

    /* Fills up to `limit` bookings; `ret_more` says that there are others behind them. */
    enum error (*list_bookings)(void *context, const struct booking_query *query,
                                struct booking *bookings, size_t *ret_count, bool *ret_more);

    /* `ret_showtime` and `ret_version` are those of the payment's booking. */
    enum error (*find_payment)(void *context, const struct payment_query *query,
                               struct payment *ret_payment, struct id *ret_showtime,
                               uint64_t *ret_version);

    /* ERROR_NONE if the store answers. */
    enum error (*ping)(void *context);
};

struct reader {
    void *context;
    const struct reader_methods *methods;
};
