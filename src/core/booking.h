/* booking.h - a customer's claim on seats of one showtime, from hold to ticket or end.
 *
 * pending -> confirmed | cancelled | expired; expired -> confirmed (late money, seats free);
 * confirmed -> cancelled (a refund). Only a turn of the showtime moves a booking.
 *
 * Shape:  1..SEATS_PER_HOLD_MAX seats, in the order asked; type and price are as sold and
 *         never change.
 * Units:  *_ms are UTC milliseconds; 0 means "not set". Money is VND.
 */
#pragma once

#include "core/code.h"
#include "core/seat_map.h"

enum booking_status { BOOKING_PENDING, BOOKING_CONFIRMED, BOOKING_CANCELLED, BOOKING_EXPIRED };

#define BOOKING_STATUS_COUNT 4

/* A user as the token names him. */
struct user {
    uint8_t size;
    char name[USER_SIZE_MAX];
};

struct booked_seat {
    struct seat_name name;
    uint8_t type; /* enum seat_type */
    int64_t price;
};

struct booking {
    struct id id;
    struct id showtime;
    struct code code;
    struct user user;
    enum booking_status status;
    uint8_t seat_count;
    struct booked_seat seats[SEATS_PER_HOLD_MAX];
    int64_t total_amount;
    int64_t discount_amount;
    int64_t final_amount;
    int64_t held_at_ms;
    int64_t first_expires_at_ms; /* What the hold's answer said; replays say it again. */
    int64_t hold_expires_at_ms;
    int64_t updated_at_ms;
    int64_t confirmed_at_ms;
    int64_t cancelled_at_ms;
    struct reason cancellation_reason;
    struct id active_payment; /* The payment that the user may still pay; none at first. */
    struct id payment;        /* The payment that bought the seats. */
    bool had_payment;         /* The first payment may extend the hold, later ones may not. */
};

/* The amount is VND everywhere; the contract carries the name. */
#define BOOKING_CURRENCY "VND"

struct user user_of(struct slice name);
bool user_equal(const struct user *left, const struct user *right);
struct slice user_name(const struct user *user);

/* Is the booking pending and its time not over? */
bool booking_live(const struct booking *booking, int64_t now_ms);

/* May a booking go from one status to another? */
bool booking_may_become(enum booking_status from, enum booking_status to);

/* The moves. Each CHECKs that it is allowed and stamps `now_ms`. */
void booking_confirm(struct booking *booking, struct id payment, int64_t now_ms);
void booking_cancel(struct booking *booking, struct reason reason, int64_t now_ms);
void booking_expire(struct booking *booking, int64_t now_ms);

struct slice booking_status_name(enum booking_status status);
bool booking_status_parse(struct slice text, enum booking_status *ret_status);
