/* payment.h - one attempt to pay for a booking, and what became of the money.
 *
 * pending -> processing -> completed | failed; failed -> completed (late truth wins);
 * pending, processing, failed, completed -> refund_due -> refunding -> refunded |
 * refund_failed. A completed payment is the one its booking's seats are booked with; money
 * that must go back is refund_due from the turn that decides it. Terminal states absorb
 * repeats.
 *
 * Units:  *_ms are UTC milliseconds; 0 means "not set". Money is VND.
 * Source: the money rule of docs/http-api.md.
 */
#pragma once

#include "core/booking.h"
#include "core/uuid.h"

enum payment_status {
    PAYMENT_PENDING,
    PAYMENT_PROCESSING,
    PAYMENT_FAILED,
    PAYMENT_COMPLETED,
    PAYMENT_REFUND_DUE,
    PAYMENT_REFUNDING,
    PAYMENT_REFUNDED,
    PAYMENT_REFUND_FAILED,
};

#define PAYMENT_STATUS_COUNT 8

enum payment_method { PAYMENT_MOMO, PAYMENT_VNPAY, PAYMENT_ZALOPAY, PAYMENT_CARD };

#define PAYMENT_METHOD_COUNT 4

/* Why a payment failed, or why its money goes back. Stored by name. */
enum payment_reason {
    REASON_NONE,
    REASON_DECLINED,           /* The gateway said so. */
    REASON_SUPERSEDED,         /* The user chose another method. */
    REASON_EXPIRED,            /* Its time ran out. */
    REASON_BOOKING_CANCELLED,  /* Cancelled before the money came. */
    REASON_BOOKING_PAID,       /* Another payment bought the seats. */
    REASON_SEATS_TAKEN,        /* Late money, and a seat is somebody else's. */
    REASON_SHOWTIME_STARTED,   /* Late money, and the show has begun. */
    REASON_SHOWTIME_CANCELLED, /* There is no show. */
    REASON_AMOUNT_MISMATCH,    /* Paid, but not what was asked. */
    REASON_CURRENCY_MISMATCH,  /* Paid, but not in the currency that was asked. */
    REASON_REQUESTED,          /* Staff refunds a sold booking. */
};

#define PAYMENT_REASON_COUNT 12

struct url {
    uint16_t size;
    char text[URL_SIZE_MAX];
};

/* Three letters of ISO 4217. All zero: the booking's own. */
struct currency {
    char letters[3];
};

struct payment {
    struct id id;
    struct id booking;
    struct user user;
    enum payment_method method;
    enum payment_status status;
    enum payment_reason reason;
    int64_t amount;                /* Asked for: the booking's final amount. */
    int64_t paid_amount;           /* What the gateway says was paid. */
    struct currency paid_currency; /* Of the paid amount, if it is another than asked. */
    struct uuid alias;             /* The key of the first confirm that answered it: PAY_<alias>. */
    struct url payment_url;
    struct url return_url;
    int64_t created_at_ms;
    int64_t updated_at_ms;
    int64_t expires_at_ms;
    int64_t paid_at_ms;
    int64_t refund_requested_at_ms;
    int64_t refund_done_at_ms;
    struct reason refund_reference; /* Of a refund paid by hand: what its payer calls it. */
};

bool payment_may_become(enum payment_status from, enum payment_status to);

/* Can the user still pay it, by the clock? */
bool payment_active(const struct payment *payment, int64_t now_ms);

/* Has a gateway reported its money as paid? */
bool payment_paid(enum payment_status status);

/* The status as readers see it: an open payment past its end is failed. */
enum payment_status payment_status_at(const struct payment *payment, int64_t now_ms);

/* The moves. Each CHECKs that it is allowed and stamps `now_ms`. */
void payment_process(struct payment *payment, int64_t now_ms);
void payment_fail(struct payment *payment, enum payment_reason reason, int64_t now_ms);
void payment_complete(struct payment *payment, int64_t paid_amount, int64_t paid_at_ms,
                      int64_t now_ms);
void payment_owe_refund(struct payment *payment, enum payment_reason reason, int64_t paid_amount,
                        int64_t paid_at_ms, int64_t now_ms);
void payment_finish_refund(struct payment *payment, struct reason reference, int64_t now_ms);

/* Reads three letters of either case; the booking's own currency gives none. False, and
 * `ret_currency` untouched, if `text` is no currency. */
bool currency_parse(struct slice text, struct currency *ret_currency);
bool currency_is_none(struct currency currency);
struct slice currency_text(const struct currency *currency); /* Empty: none. */

struct url url_of(struct slice text);
struct slice url_text(const struct url *url);

/* The store's word for the state. */
struct slice payment_status_name(enum payment_status status);
bool payment_status_parse(struct slice text, enum payment_status *ret_status);

struct slice payment_method_name(enum payment_method method);
bool payment_method_parse(struct slice text, enum payment_method *ret_method);

/* "" for REASON_NONE. */
struct slice payment_reason_name(enum payment_reason reason);
bool payment_reason_parse(struct slice text, enum payment_reason *ret_reason);
