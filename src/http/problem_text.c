#include "http/problem_text.h"

#define TEXT(detail_text, meaning_text, remedy_text) \
    { \
        .detail = SLICE_INIT(detail_text), .meaning = SLICE_INIT(meaning_text), \
        .remedy = SLICE_INIT(remedy_text) \
    }

#define TEXT_LATER(seconds, detail_text, meaning_text, remedy_text) \
    { \
        .detail = SLICE_INIT(detail_text), .meaning = SLICE_INIT(meaning_text), \
        .remedy = SLICE_INIT(remedy_text), .retry_after_s = (seconds) \
    }

static const struct problem_text texts[ERROR_COUNT] = {
    [ERROR_VALIDATION_FAILED] = TEXT(
        "The request is not valid", "Something in the request is missing, unknown or malformed.",
        "Look at the members of errors: each names a field and what is wrong with it. "
        "Correct them and send the request again."),
    [ERROR_INVALID_SEAT] =
        TEXT("A seat does not exist in this showtime's layout",
             "At least one seat is well written but not in the layout of this showtime, or is an "
             "unavailable place.",
             "Read the seat map of the showtime and choose from its seats."),
    [ERROR_SHOWTIME_NOT_AVAILABLE] =
        TEXT("The showtime is not on sale", "The showtime was cancelled or is over.",
             "Choose another showtime."),
    [ERROR_SHOWTIME_ALREADY_STARTED] =
        TEXT("The showtime has already started", "Seats are sold until the show starts.",
             "Choose a later showtime."),
    [ERROR_BOOKING_NOT_PENDING] =
        TEXT("The booking is not waiting for payment",
             "Only a pending booking can be confirmed; this one was confirmed or cancelled before.",
             "Read the booking to see its status."),
    [ERROR_BOOKING_HOLD_EXPIRED] =
        TEXT("The hold has expired and its seats are free again",
             "Held seats that are not paid in time go back on sale.",
             "Hold seats again. Money that arrives late gets the seats if they are still free, or "
             "is refunded."),
    [ERROR_BOOKING_CANNOT_BE_CANCELLED] =
        TEXT("The booking can no longer be cancelled",
             "Only a booking that waits for payment can be cancelled by its owner, and only one "
             "that was paid by a refund.",
             "A paid booking is cancelled by a refund: ask the cinema's staff."),
    [ERROR_IDEMPOTENCY_KEY_REQUIRED] =
        TEXT("The X-Idempotency-Key header is missing",
             "This request must carry a key, so that a retry never does the same thing twice.",
             "Send a new version 4 UUID in X-Idempotency-Key, and the same one with every retry."),
    [ERROR_IDEMPOTENCY_KEY_INVALID] = TEXT(
        "The idempotency key must be one version 4 UUID",
        "The key is not a version 4 UUID, or its header came more than once.",
        "Send one key of the form xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx, y being 8, 9, a or b."),
    [ERROR_IDEMPOTENCY_KEY_REUSED] =
        TEXT("The idempotency key was used before with another request",
             "A key stands for one request: this one has another path or body than the first.",
             "Use a new key for a new request, and send retries unchanged."),
    [ERROR_RETURN_URL_NOT_ALLOWED] =
        TEXT("The return_url is not an https URL of an allowed host",
             "Customers are sent back after paying, to known hosts only.",
             "Use an https URL of a host that the operator has listed, without user or port."),
    [ERROR_UNKNOWN_PROVIDER] =
        TEXT("The payment provider is unknown or switched off",
             "There is no such way to pay here, or the operator has not set it up.",
             "Choose another payment method."),
    [ERROR_BAD_REQUEST] =
        TEXT("The request is not well formed HTTP",
             "The request breaks the rules of HTTP/1.1 and was not looked at any further.",
             "Check the client and the proxies between it and this server."),
    [ERROR_TOKEN_MISSING] =
        TEXT("An Authorization: Bearer token is required",
             "This address is for signed-in users, and the request carried no token.",
             "Sign in and send the token in the Authorization header."),
    [ERROR_TOKEN_INVALID] =
        TEXT("The token is not valid", "The token was not issued for this server or has expired.",
             "Sign in again for a new token."),
    [ERROR_INVALID_WEBHOOK_SIGNATURE] =
        TEXT("The webhook's signature is not valid",
             "The message is not signed with the secret that both sides share, or it is too old.",
             "Check the provider's secret on both sides, and the clocks."),
    [ERROR_BOOKING_NOT_OWNED] =
        TEXT("The booking belongs to another user", "Bookings are shown to their owner only.",
             "Sign in as the user who made the booking."),
    [ERROR_PAYMENT_NOT_OWNED] =
        TEXT("The payment belongs to another user", "Payments are shown to their owner only.",
             "Sign in as the user who made the payment."),
    [ERROR_FORBIDDEN] = TEXT("The user's role does not allow this",
                             "This is for the cinema's staff.", "Sign in with a staff account."),
    [ERROR_BOOKING_NOT_FOUND] =
        TEXT("There is no such booking", "No booking has this id.", "Check the id."),
    [ERROR_SHOWTIME_NOT_FOUND] = TEXT("There is no such showtime", "No showtime has this id.",
                                      "Look the showtime up in the list of showtimes."),
    [ERROR_PAYMENT_NOT_FOUND] =
        TEXT("There is no such payment", "No payment has this id.", "Check the id."),
    [ERROR_MOVIE_NOT_FOUND] = TEXT("There is no such movie", "No movie has this id.",
                                   "Look the movie up in the list of movies."),
    [ERROR_CINEMA_NOT_FOUND] = TEXT("There is no such cinema", "No cinema has this id.",
                                    "Look the cinema up in the list of cinemas."),
    [ERROR_NOT_FOUND] = TEXT("There is nothing at this address", "The address is not one of ours.",
                             "Check the path, its case and its slashes."),
    [ERROR_METHOD_NOT_ALLOWED] =
        TEXT("The method is not allowed here", "The address exists, but not for this method.",
             "The Allow header lists the methods."),
    [ERROR_REQUEST_TIMEOUT] =
        TEXT("The request did not arrive in time",
             "The connection was open, but the whole request did not come in time.",
             "Send it again, over a better connection."),
    [ERROR_SEAT_ALREADY_BOOKED] =
        TEXT("A seat is already booked", "At least one of the seats has been sold.",
             "The member seats lists every seat that stands in the way. Choose others."),
    [ERROR_SEAT_HELD_BY_ANOTHER] =
        TEXT("A seat is held by another booking",
             "At least one of the seats waits for somebody's payment.",
             "Choose other seats, or try again later: a hold that is not paid ends by itself. A "
             "seat marked yours is held by your own booking, which you can go on with."),
    [ERROR_SEAT_BLOCKED] =
        TEXT("A seat is blocked by the cinema", "At least one of the seats is not for sale.",
             "Choose other seats."),
    [ERROR_BOOKING_LOCK_FAILED] =
        TEXT_LATER(1, "The system is busy with this showtime",
                   "Too many requests for the showtime at the same moment. Nothing was changed.",
                   "Try again after the time that Retry-After says."),
    [ERROR_IDEMPOTENCY_IN_PROGRESS] =
        TEXT_LATER(1, "A request with this key is still being worked on",
                   "The first request with the key has no outcome yet.",
                   "Try again with the same key after the time that Retry-After says."),
    [ERROR_BOOKING_ALREADY_PAID] =
        TEXT("The booking is already paid", "A payment has bought these seats.",
             "There is nothing more to pay. Read the booking."),
    [ERROR_BODY_TOO_LARGE] =
        TEXT("The body is too large", "Bodies have a limit of 16 KiB, webhooks of 64 KiB.",
             "Send less."),
    [ERROR_UNSUPPORTED_MEDIA_TYPE] =
        TEXT("The body must be application/json", "The body's type is missing or not JSON.",
             "Send JSON in UTF-8 with Content-Type: application/json."),
    [ERROR_RATE_LIMITED] =
        TEXT_LATER(1, "Too many requests or connections",
                   "Requests came faster, or more connections were open, than the limits allow.",
                   "Slow down; Retry-After says when to go on."),
    [ERROR_TOO_MANY_HOLDS] =
        TEXT_LATER(1, "Too many seats of this showtime are held by this user",
                   "One user may hold a limited number of seats of one showtime at a time.",
                   "Pay or cancel a booking first, or wait until the oldest hold ends."),
    [ERROR_HEADERS_TOO_LARGE] =
        TEXT("The request line or the headers are too large",
             "Request lines have a limit of 4 KiB, headers of 16 KiB.", "Send less."),
    [ERROR_INTERNAL_ERROR] =
        TEXT("Something went wrong on our side", "The server met a fault of its own.",
             "Try again; if it stays, tell the operator the request_id."),
    [ERROR_OVERLOADED] = TEXT_LATER(1, "The server is overloaded; nothing was changed",
                                    "More requests wait than the server can take.",
                                    "Try again after the time that Retry-After says."),
    [ERROR_STORE_UNAVAILABLE] = TEXT_LATER(2, "The store cannot be reached; nothing was changed",
                                           "Bookings cannot be read or written at the moment.",
                                           "Try again after the time that Retry-After says."),
    [ERROR_PROVIDER_NOT_CONFIGURED] =
        TEXT_LATER(60, "The payment provider is not set up",
                   "The operator has not given this provider's secret.",
                   "Choose another payment method, or tell the operator."),
    [ERROR_OUTCOME_UNKNOWN] =
        TEXT_LATER(2, "It is not known whether the request took effect",
                   "The store failed while the outcome was being written.",
                   "Send the same request with the same idempotency key again: it gives the "
                   "definite answer and never does anything twice."),
};

const struct problem_text *problem_text_of(enum error error)
{
    CHECK(error != ERROR_NONE);
    CHECK(error < ERROR_COUNT);
    return &texts[error];
}
