/* error.h - every code that a client, an operator or a caller can meet, in one list.
 *
 * Functions that can fail return `enum error`; ERROR_NONE is 0. The contract's codes and the
 * failures of disk and peers share the list, so that each has exactly one name, one HTTP
 * status and one title. A refusal of the core maps to the code of the same name.
 *
 * Source: the table of errors in docs/http-api.md.
 */
#pragma once

#include "base/check.h"

/* X(name, HTTP status, title) */
#define ERROR_LIST(X) \
    X(VALIDATION_FAILED, 400, "Validation failed") \
    X(INVALID_SEAT, 400, "Seat does not exist") \
    X(SHOWTIME_NOT_AVAILABLE, 400, "Showtime not available") \
    X(SHOWTIME_ALREADY_STARTED, 400, "Showtime already started") \
    X(BOOKING_NOT_PENDING, 400, "Booking not pending") \
    X(BOOKING_HOLD_EXPIRED, 400, "Hold expired") \
    X(BOOKING_CANNOT_BE_CANCELLED, 400, "Booking cannot be cancelled") \
    X(IDEMPOTENCY_KEY_REQUIRED, 400, "Idempotency key required") \
    X(IDEMPOTENCY_KEY_INVALID, 400, "Idempotency key invalid") \
    X(IDEMPOTENCY_KEY_REUSED, 400, "Idempotency key reused") \
    X(RETURN_URL_NOT_ALLOWED, 400, "Return URL not allowed") \
    X(UNKNOWN_PROVIDER, 400, "Unknown payment provider") \
    X(BAD_REQUEST, 400, "Malformed request") \
    X(TOKEN_MISSING, 401, "Token missing") \
    X(TOKEN_INVALID, 401, "Token invalid") \
    X(INVALID_WEBHOOK_SIGNATURE, 401, "Invalid webhook signature") \
    X(BOOKING_NOT_OWNED, 403, "Booking not owned") \
    X(PAYMENT_NOT_OWNED, 403, "Payment not owned") \
    X(FORBIDDEN, 403, "Forbidden") \
    X(BOOKING_NOT_FOUND, 404, "Booking not found") \
    X(SHOWTIME_NOT_FOUND, 404, "Showtime not found") \
    X(PAYMENT_NOT_FOUND, 404, "Payment not found") \
    X(MOVIE_NOT_FOUND, 404, "Movie not found") \
    X(CINEMA_NOT_FOUND, 404, "Cinema not found") \
    X(NOT_FOUND, 404, "Not found") \
    X(METHOD_NOT_ALLOWED, 405, "Method not allowed") \
    X(REQUEST_TIMEOUT, 408, "Request timeout") \
    X(SEAT_ALREADY_BOOKED, 409, "Seat already booked") \
    X(SEAT_HELD_BY_ANOTHER, 409, "Seat held by another") \
    X(SEAT_BLOCKED, 409, "Seat blocked") \
    X(BOOKING_LOCK_FAILED, 409, "System busy") \
    X(IDEMPOTENCY_IN_PROGRESS, 409, "Request in progress") \
    X(BOOKING_ALREADY_PAID, 409, "Booking already paid") \
    X(BODY_TOO_LARGE, 413, "Body too large") \
    X(UNSUPPORTED_MEDIA_TYPE, 415, "Unsupported media type") \
    X(RATE_LIMITED, 429, "Rate limited") \
    X(TOO_MANY_HOLDS, 429, "Too many seats held") \
    X(HEADERS_TOO_LARGE, 431, "Headers too large") \
    X(INTERNAL_ERROR, 500, "Internal error") \
    X(OVERLOADED, 503, "Overloaded") \
    X(STORE_UNAVAILABLE, 503, "Store unavailable") \
    X(PROVIDER_NOT_CONFIGURED, 503, "Provider not configured") \
    X(OUTCOME_UNKNOWN, 503, "Outcome unknown")

enum error {
    ERROR_NONE,
#define ERROR_ENUM(name, status, title) ERROR_##name,
    ERROR_LIST(ERROR_ENUM)
#undef ERROR_ENUM
        ERROR_COUNT
};

/* The code as the contract spells it; "NONE" for ERROR_NONE. */
const char *error_name(enum error error);

/* The HTTP status; 200 for ERROR_NONE. */
int error_status(enum error error);

/* A few words for people. */
const char *error_title(enum error error);
