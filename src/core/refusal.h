/* refusal.h - every "no" that the core can say, by the contract's code.
 *
 * A refusal changes nothing. The shell turns it into the error of the same name.
 */
#pragma once

#define REFUSAL_LIST(X) \
    X(VALIDATION_FAILED) \
    X(IDEMPOTENCY_KEY_REUSED) \
    X(SHOWTIME_NOT_FOUND) \
    X(BOOKING_NOT_FOUND) \
    X(PAYMENT_NOT_FOUND) \
    X(NOT_FOUND) \
    X(BOOKING_NOT_OWNED) \
    X(INVALID_SEAT) \
    X(SHOWTIME_NOT_AVAILABLE) \
    X(SHOWTIME_ALREADY_STARTED) \
    X(SEAT_ALREADY_BOOKED) \
    X(SEAT_HELD_BY_ANOTHER) \
    X(SEAT_BLOCKED) \
    X(TOO_MANY_HOLDS) \
    X(BOOKING_NOT_PENDING) \
    X(BOOKING_HOLD_EXPIRED) \
    X(BOOKING_ALREADY_PAID) \
    X(BOOKING_CANNOT_BE_CANCELLED)

enum refusal {
    REFUSAL_NONE,
#define REFUSAL_ENUM(name) REFUSAL_##name,
    REFUSAL_LIST(REFUSAL_ENUM)
#undef REFUSAL_ENUM
        REFUSAL_COUNT
};
