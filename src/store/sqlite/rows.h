/* rows.h - bookings, payments and keys as rows of `usher.db`, and back.
 *
 * The one place that knows which column is which member, for the writer, the readers and
 * the audit alike.
 *
 * Errors: a row that cannot be a record (a foreign hand, a damaged file) is logged and false.
 */
#pragma once

#include "core/idempotency.h"
#include "core/payment.h"
#include "store/sqlite/row_ids.h"

/* The columns that rows_read_booking expects, of `booking b JOIN showtime s`. */
#define ROWS_BOOKING \
    "b.number,s.id,b.user,b.code,b.status,b.seats,b.total,b.discount,b.final,b.held_at," \
    "b.first_expires_at,b.hold_expires_at,b.updated_at,b.confirmed_at,b.cancelled_at," \
    "b.cancellation_reason,b.active_payment,b.payment,b.had_payment"
enum { ROWS_BOOKING_COUNT = 19 };

/* The columns that rows_read_payment expects, of `payment p`. */
#define ROWS_PAYMENT \
    "p.number,p.booking,p.user,p.method,p.status,p.reason,p.amount,p.paid_amount,p.alias," \
    "p.payment_url,p.return_url,p.created_at,p.updated_at,p.expires_at,p.paid_at," \
    "p.refund_requested_at,p.refund_done_at,p.refund_reference,p.paid_currency"
enum { ROWS_PAYMENT_COUNT = 19 };

enum { ROWS_SEATS_SIZE = 640 }; /* The JSON of the most and dearest seats, with room. */

/* Reads the key that seals ids and codes; false, and logged, if the file has none. */
MUST_USE bool rows_read_key(struct database *database, struct siphash_key *ret_key);

MUST_USE bool rows_read_booking(sqlite3_stmt *row, const struct row_ids *ids,
                                struct booking *ret_booking);
MUST_USE bool rows_read_payment(sqlite3_stmt *row, const struct row_ids *ids,
                                struct payment *ret_payment);

/* The seats of a booking, from its column. */
MUST_USE bool rows_read_seats(struct slice json, struct booking *booking);

/* Writes them into `block` and returns the text. */
struct slice rows_write_seats(const struct booking *booking, char block[ROWS_SEATS_SIZE]);

/* Binds the members that a new booking has: ?1 number, ?2 `showtime`, the others in the order
 * of the table. Borrows `booking` and `seats` until database_done. */
void rows_bind_booking(sqlite3_stmt *statement, const struct row_ids *ids, int64_t showtime,
                       const struct booking *booking, struct slice seats);

/* Binds a payment: ?1 number, the others in the order of the table. */
void rows_bind_payment(sqlite3_stmt *statement, const struct row_ids *ids,
                       const struct payment *payment);

/* A user, and a short text, from a column; false if it cannot be one. */
MUST_USE bool rows_read_user(sqlite3_stmt *row, int column, struct user *ret_user);
MUST_USE bool rows_read_reason(sqlite3_stmt *row, int column, struct reason *ret_reason);

/* Binds the number of an id that we have; none is NULL, any other a bug. */
void rows_bind_id(sqlite3_stmt *statement, int index, const struct row_ids *ids, enum id_kind kind,
                  struct id id);

/* The id of a column with a number; none if no id has it, as of NULL. */
struct id rows_column_id(sqlite3_stmt *row, int column, const struct row_ids *ids,
                         enum id_kind kind);
