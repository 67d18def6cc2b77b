#include "store/sqlite/rows.h"

#include <string.h>

#include "base/log.h"
#include "json/json_read.h"
#include "json/json_write.h"

enum { SEATS_ARENA_SIZE = 16 * 1024 }; /* Ten seats of three values are 41 small nodes. */

bool rows_read_key(struct database *database, struct siphash_key *ret_key)
{
    sqlite3_stmt *row =
        database_statement(database, "SELECT value FROM setting WHERE name='id_key'");
    if (row == NULL) return false;
    struct slice key = {0};
    if (sqlite3_step(row) == SQLITE_ROW) key = database_column_blob(row, 0);
    const bool read = key.size == sizeof ret_key->bytes;
    if (read) memcpy(ret_key->bytes, key.data, key.size);
    else log_event(LOG_ERROR, "row_broken", LOG_TEXT("table", SLICE("setting")));
    database_done(row);
    return read;
}

void rows_bind_id(sqlite3_stmt *statement, int index, const struct row_ids *ids, enum id_kind kind,
                  struct id id)
{
    if (id_is_none(id)) return;
    const int64_t number = row_ids_number(ids, kind, id);
    CHECK(number > 0);
    (void)sqlite3_bind_int64(statement, index, number);
}

struct id rows_column_id(sqlite3_stmt *row, int column, const struct row_ids *ids,
                         enum id_kind kind)
{
    return row_ids_id(ids, kind, sqlite3_column_int64(row, column));
}

struct slice rows_write_seats(const struct booking *booking, char block[ROWS_SEATS_SIZE])
{
    struct buffer text;
    buffer_init(&text, block, ROWS_SEATS_SIZE);
    struct json_writer writer = json_writer_of(&text);
    json_open_array(&writer);
    for (uint32_t index = 0; index < booking->seat_count; index++) {
        const struct booked_seat *seat = &booking->seats[index];
        char name[SEAT_NAME_SIZE_MAX];
        const size_t size = seat_name_format(seat->name, name);
        json_open_array(&writer);
        json_text(&writer, (struct slice){.data = name, .size = size});
        json_text(&writer, seat_type_name((enum seat_type)seat->type));
        json_number(&writer, seat->price);
        json_close_array(&writer);
    }
    json_close_array(&writer);
    CHECK(!text.overflowed);
    return buffer_text(&text);
}

static bool read_seat(const struct json *json, struct booked_seat *ret_seat)
{
    if (json->kind != JSON_ARRAY || json->count != 3) return false;
    const struct json *name = json->first;
    const struct json *type = name->next;
    const struct json *price = type->next;
    if (name->kind != JSON_STRING || type->kind != JSON_STRING || price->kind != JSON_INTEGER) {
        return false;
    }
    enum seat_type seat_type;
    if (price->integer < 0 || price->integer > PRICE_MAX) return false;
    struct booked_seat seat = {.price = price->integer};
    if (!seat_name_parse(name->text, &seat.name)) return false;
    if (!seat_type_parse(type->text, &seat_type)) return false;
    seat.type = (uint8_t)seat_type;
    *ret_seat = seat;
    return true;
}

bool rows_read_seats(struct slice json, struct booking *booking)
{
    _Alignas(16) char block[SEATS_ARENA_SIZE];
    struct arena arena;
    arena_init(&arena, block, sizeof block);
    const struct json *root = NULL;
    struct json_fault fault;
    if (!json_parse(json, &arena, &root, &fault)) return false;
    if (root->kind != JSON_ARRAY || root->count > SEATS_PER_HOLD_MAX) return false;

    uint8_t count = 0;
    for (const struct json *seat = root->first; seat != NULL; seat = seat->next) {
        if (!read_seat(seat, &booking->seats[count])) return false;
        count++;
    }
    booking->seat_count = count;
    return count > 0;
}

bool rows_read_user(sqlite3_stmt *row, int column, struct user *ret_user)
{
    const struct slice name = database_column_text(row, column);
    if (name.size < 1 || name.size > USER_SIZE_MAX) return false;
    *ret_user = user_of(name);
    return true;
}

bool rows_read_reason(sqlite3_stmt *row, int column, struct reason *ret_reason)
{
    const struct slice text = database_column_text(row, column);
    if (text.size > REASON_SIZE_MAX) return false;
    *ret_reason = reason_of(text);
    return true;
}

static bool read_url(sqlite3_stmt *row, int column, struct url *ret_url)
{
    const struct slice text = database_column_text(row, column);
    if (text.size > URL_SIZE_MAX) return false;
    *ret_url = url_of(text);
    return true;
}

static bool report_broken(sqlite3_stmt *row, const char *table)
{
    log_event(LOG_ERROR, "row_broken", LOG_TEXT("table", slice_of(table)),
              LOG_NUMBER("number", sqlite3_column_int64(row, 0)));
    return false;
}

bool rows_read_booking(sqlite3_stmt *row, const struct row_ids *ids, struct booking *ret_booking)
{
    struct booking booking = {
        .id = rows_column_id(row, 0, ids, ID_BOOKING),
        .showtime = database_column_id(row, 1),
        .total_amount = sqlite3_column_int64(row, 6),
        .discount_amount = sqlite3_column_int64(row, 7),
        .final_amount = sqlite3_column_int64(row, 8),
        .held_at_ms = sqlite3_column_int64(row, 9),
        .first_expires_at_ms = sqlite3_column_int64(row, 10),
        .hold_expires_at_ms = sqlite3_column_int64(row, 11),
        .updated_at_ms = sqlite3_column_int64(row, 12),
        .confirmed_at_ms = sqlite3_column_int64(row, 13),
        .cancelled_at_ms = sqlite3_column_int64(row, 14),
        .active_payment = rows_column_id(row, 16, ids, ID_PAYMENT),
        .payment = rows_column_id(row, 17, ids, ID_PAYMENT),
        .had_payment = sqlite3_column_int(row, 18) != 0,
    };
    const bool read = !id_is_none(booking.id) && !id_is_none(booking.showtime) &&
                      rows_read_user(row, 2, &booking.user) &&
                      code_parse(database_column_text(row, 3), &booking.code) &&
                      booking_status_parse(database_column_text(row, 4), &booking.status) &&
                      rows_read_seats(database_column_text(row, 5), &booking) &&
                      rows_read_reason(row, 15, &booking.cancellation_reason);
    if (!read) return report_broken(row, "booking");
    *ret_booking = booking;
    return true;
}

static bool read_currency(sqlite3_stmt *row, int column, struct currency *ret_currency)
{
    const struct slice text = database_column_text(row, column);
    return text.size == 0 || currency_parse(text, ret_currency);
}

bool rows_read_payment(sqlite3_stmt *row, const struct row_ids *ids, struct payment *ret_payment)
{
    struct payment payment = {
        .id = rows_column_id(row, 0, ids, ID_PAYMENT),
        .booking = rows_column_id(row, 1, ids, ID_BOOKING),
        .amount = sqlite3_column_int64(row, 6),
        .paid_amount = sqlite3_column_int64(row, 7),
        .created_at_ms = sqlite3_column_int64(row, 11),
        .updated_at_ms = sqlite3_column_int64(row, 12),
        .expires_at_ms = sqlite3_column_int64(row, 13),
        .paid_at_ms = sqlite3_column_int64(row, 14),
        .refund_requested_at_ms = sqlite3_column_int64(row, 15),
        .refund_done_at_ms = sqlite3_column_int64(row, 16),
    };
    const struct slice alias = database_column_blob(row, 8);
    if (alias.size == sizeof payment.alias) memcpy(&payment.alias, alias.data, alias.size);
    const bool read = !id_is_none(payment.id) && !id_is_none(payment.booking) &&
                      (alias.size == 0 || alias.size == sizeof payment.alias) &&
                      rows_read_user(row, 2, &payment.user) &&
                      payment_method_parse(database_column_text(row, 3), &payment.method) &&
                      payment_status_parse(database_column_text(row, 4), &payment.status) &&
                      payment_reason_parse(database_column_text(row, 5), &payment.reason) &&
                      read_url(row, 9, &payment.payment_url) &&
                      read_url(row, 10, &payment.return_url) &&
                      rows_read_reason(row, 17, &payment.refund_reference) &&
                      read_currency(row, 18, &payment.paid_currency);
    if (!read) return report_broken(row, "payment");
    *ret_payment = payment;
    return true;
}

/* A code as people read it. */
static void bind_code(sqlite3_stmt *statement, int index, struct code code)
{
    char text[3 + CODE_SIZE] = "BK-";
    memcpy(text + 3, code.letters, CODE_SIZE);
    (void)sqlite3_bind_text(statement, index, text, sizeof text, SQLITE_TRANSIENT);
}

void rows_bind_booking(sqlite3_stmt *statement, const struct row_ids *ids, int64_t showtime,
                       const struct booking *booking, struct slice seats)
{
    rows_bind_id(statement, 1, ids, ID_BOOKING, booking->id);
    (void)sqlite3_bind_int64(statement, 2, showtime);
    database_bind_text(statement, 3, user_name(&booking->user));
    bind_code(statement, 4, booking->code);
    database_bind_text(statement, 5, booking_status_name(booking->status));
    database_bind_text(statement, 6, seats);
    (void)sqlite3_bind_int64(statement, 7, booking->total_amount);
    (void)sqlite3_bind_int64(statement, 8, booking->discount_amount);
    (void)sqlite3_bind_int64(statement, 9, booking->final_amount);
    (void)sqlite3_bind_int64(statement, 10, booking->held_at_ms);
    (void)sqlite3_bind_int64(statement, 11, booking->first_expires_at_ms);
    (void)sqlite3_bind_int64(statement, 12, booking->hold_expires_at_ms);
    (void)sqlite3_bind_int64(statement, 13, booking->updated_at_ms);
    database_bind_moment(statement, 14, booking->confirmed_at_ms);
    database_bind_moment(statement, 15, booking->cancelled_at_ms);
    database_bind_optional(statement, 16, reason_text(&booking->cancellation_reason));
    rows_bind_id(statement, 17, ids, ID_PAYMENT, booking->active_payment);
    rows_bind_id(statement, 18, ids, ID_PAYMENT, booking->payment);
    (void)sqlite3_bind_int(statement, 19, booking->had_payment);
}

void rows_bind_payment(sqlite3_stmt *statement, const struct row_ids *ids,
                       const struct payment *payment)
{
    rows_bind_id(statement, 1, ids, ID_PAYMENT, payment->id);
    rows_bind_id(statement, 2, ids, ID_BOOKING, payment->booking);
    database_bind_text(statement, 3, user_name(&payment->user));
    database_bind_text(statement, 4, payment_method_name(payment->method));
    database_bind_text(statement, 5, payment_status_name(payment->status));
    database_bind_optional(statement, 6, payment_reason_name(payment->reason));
    (void)sqlite3_bind_int64(statement, 7, payment->amount);
    (void)sqlite3_bind_int64(statement, 8, payment->paid_amount);
    if (!uuid_is_none(payment->alias)) {
        (void)sqlite3_bind_blob(statement, 9, &payment->alias, sizeof payment->alias,
                                SQLITE_STATIC);
    }
    database_bind_optional(statement, 10, url_text(&payment->payment_url));
    database_bind_optional(statement, 11, url_text(&payment->return_url));
    (void)sqlite3_bind_int64(statement, 12, payment->created_at_ms);
    (void)sqlite3_bind_int64(statement, 13, payment->updated_at_ms);
    (void)sqlite3_bind_int64(statement, 14, payment->expires_at_ms);
    database_bind_moment(statement, 15, payment->paid_at_ms);
    database_bind_moment(statement, 16, payment->refund_requested_at_ms);
    database_bind_moment(statement, 17, payment->refund_done_at_ms);
    database_bind_optional(statement, 18, reason_text(&payment->refund_reference));
    database_bind_optional(statement, 19, currency_text(&payment->paid_currency));
}
