/* booking_json.h - bookings and payments as clients see them.
 *
 * The first answers of hold, confirm and pay are made from what never changes in a booking or
 * payment, so that a replay gives the same bytes without having stored them.
 *
 * Source: docs/http-api.md, "Bookings" and "Payments".
 */
#pragma once

#include "core/command.h"
#include "json/json_write.h"

enum {
    BOOKING_JSON_SIZE_MAX = 2048, /* Ten seats of 70 bytes and a reason that needs escapes. */
    BOOKING_JSON_PAYMENT_SIZE_MAX = 4096, /* A page's address twice, every byte escaped. */
};

/* POST /api/bookings/hold */
void booking_json_hold(struct json_writer *writer, const struct booking *booking);

/* POST /api/bookings/:id/confirm */
void booking_json_confirm(struct json_writer *writer, const struct booking *booking,
                          const struct payment *payment);

/* GET /api/bookings/:id and the entries of the list. */
void booking_json_whole(struct json_writer *writer, const struct booking *booking);

/* DELETE /api/bookings/:id */
void booking_json_cancelled(struct json_writer *writer, const struct booking *booking);

/* POST /api/payments */
void booking_json_pay(struct json_writer *writer, const struct payment *payment);

/* GET /api/payments/:id, by the clock. */
void booking_json_payment(struct json_writer *writer, const struct payment *payment,
                          int64_t now_ms);

/* The same data with whose it is and under what reference its refund was paid. */
void booking_json_payment_for_staff(struct json_writer *writer, const struct payment *payment,
                                    int64_t now_ms);
