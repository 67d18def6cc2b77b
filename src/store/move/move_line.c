#include "store/move/move_line.h"

#include <string.h>

#include "store/move/move_lists.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define OF(member) offsetof(struct move_record, member)

static const struct move_field head_fields[] = {
    {"format", MOVE_FIELD_NUMBER, OF(head.format), true, NULL},
    {"usher", MOVE_FIELD_TEXT, OF(head.program), true, NULL},
    {"made_at", MOVE_FIELD_NUMBER, OF(head.made_at_ms), true, NULL},
    {"store", MOVE_FIELD_TEXT, OF(head.store), true, NULL},
    {"seal_key", MOVE_FIELD_SECRET, OF(head.seal_key), false, NULL},
    {"claim_key", MOVE_FIELD_SECRET, OF(head.claim_key), false, NULL},
};

static const struct move_field movie_fields[] = {
    {"id", MOVE_FIELD_ID, OF(movie.id), true, NULL},
    {"title", MOVE_FIELD_TEXT, OF(movie.title), true, NULL},
    {"duration", MOVE_FIELD_NUMBER, OF(movie.duration_minutes), true, NULL},
    {"genres", MOVE_FIELD_LIST, OF(movie), true, &move_lists_genres},
    {"poster_url", MOVE_FIELD_TEXT, OF(movie.poster_url), false, NULL},
    {"description", MOVE_FIELD_TEXT, OF(movie.description), false, NULL},
    {"release_date", MOVE_FIELD_TEXT, OF(movie.release_date), false, NULL},
    {"status", MOVE_FIELD_TEXT, OF(movie.status), true, NULL},
};

static const struct move_field cinema_fields[] = {
    {"id", MOVE_FIELD_ID, OF(cinema.id), true, NULL},
    {"name", MOVE_FIELD_TEXT, OF(cinema.name), true, NULL},
    {"address", MOVE_FIELD_TEXT, OF(cinema.address), false, NULL},
    {"city", MOVE_FIELD_TEXT, OF(cinema.city), false, NULL},
    {"phone", MOVE_FIELD_TEXT, OF(cinema.phone), false, NULL},
    {"is_active", MOVE_FIELD_FLAG, OF(cinema.is_active), true, NULL},
    {"timezone", MOVE_FIELD_TEXT, OF(cinema.timezone), true, NULL},
    {"screens", MOVE_FIELD_LIST, OF(cinema), true, &move_lists_screens},
};

static const struct move_field showtime_fields[] = {
    {"id", MOVE_FIELD_ID, OF(showtime.showtime.id), true, NULL},
    {"movie", MOVE_FIELD_ID, OF(showtime.showtime.movie), true, NULL},
    {"cinema", MOVE_FIELD_ID, OF(showtime.showtime.cinema), true, NULL},
    {"screen_id", MOVE_FIELD_TEXT, OF(showtime.showtime.screen_id), true, NULL},
    {"timezone", MOVE_FIELD_TEXT, OF(showtime.timezone), true, NULL},
    {"starts_at", MOVE_FIELD_NUMBER, OF(showtime.showtime.starts_at_ms), true, NULL},
    {"ends_at", MOVE_FIELD_NUMBER, OF(showtime.showtime.ends_at_ms), true, NULL},
    {"prices", MOVE_FIELD_LIST, OF(showtime.showtime.prices), true, &move_lists_prices},
    {"status", MOVE_FIELD_SHOWTIME_STATUS, OF(showtime.showtime.status), true, NULL},
    {"version", MOVE_FIELD_NUMBER, OF(showtime.showtime.version), true, NULL},
    {"available", MOVE_FIELD_COUNT, OF(showtime.showtime.available_seats), true, NULL},
    {"cancelled_at", MOVE_FIELD_NUMBER, OF(showtime.cancelled_at_ms), false, NULL},
    {"reason", MOVE_FIELD_REASON, OF(showtime.cancellation_reason), false, NULL},
    {"plan", MOVE_FIELD_LIST, OF(showtime.plan), true, &move_lists_plan},
};

#define BOOKING(member) OF(booking.booking.member)

static const struct move_field booking_fields[] = {
    {"id", MOVE_FIELD_ID, BOOKING(id), true, NULL},
    {"showtime", MOVE_FIELD_ID, BOOKING(showtime), true, NULL},
    {"code", MOVE_FIELD_CODE, BOOKING(code), true, NULL},
    {"user", MOVE_FIELD_USER, BOOKING(user), true, NULL},
    {"status", MOVE_FIELD_BOOKING_STATUS, BOOKING(status), true, NULL},
    {"seats", MOVE_FIELD_LIST, OF(booking.booking), true, &move_lists_booked},
    {"total", MOVE_FIELD_NUMBER, BOOKING(total_amount), true, NULL},
    {"discount", MOVE_FIELD_NUMBER, BOOKING(discount_amount), true, NULL},
    {"final", MOVE_FIELD_NUMBER, BOOKING(final_amount), true, NULL},
    {"held_at", MOVE_FIELD_NUMBER, BOOKING(held_at_ms), true, NULL},
    {"first_expires_at", MOVE_FIELD_NUMBER, BOOKING(first_expires_at_ms), true, NULL},
    {"hold_expires_at", MOVE_FIELD_NUMBER, BOOKING(hold_expires_at_ms), true, NULL},
    {"updated_at", MOVE_FIELD_NUMBER, BOOKING(updated_at_ms), true, NULL},
    {"confirmed_at", MOVE_FIELD_NUMBER, BOOKING(confirmed_at_ms), false, NULL},
    {"cancelled_at", MOVE_FIELD_NUMBER, BOOKING(cancelled_at_ms), false, NULL},
    {"reason", MOVE_FIELD_REASON, BOOKING(cancellation_reason), false, NULL},
    {"active_payment", MOVE_FIELD_ID, BOOKING(active_payment), false, NULL},
    {"payment", MOVE_FIELD_ID, BOOKING(payment), false, NULL},
    {"had_payment", MOVE_FIELD_FLAG, BOOKING(had_payment), true, NULL},
    {"key", MOVE_FIELD_UUID, OF(booking.origin.key), false, NULL},
    {"fingerprint", MOVE_FIELD_HASH, OF(booking.origin.fingerprint), false, NULL},
};

#define PAYMENT(member) OF(payment.payment.member)

static const struct move_field payment_fields[] = {
    {"id", MOVE_FIELD_ID, PAYMENT(id), true, NULL},
    {"booking", MOVE_FIELD_ID, PAYMENT(booking), true, NULL},
    {"user", MOVE_FIELD_USER, PAYMENT(user), true, NULL},
    {"method", MOVE_FIELD_METHOD, PAYMENT(method), true, NULL},
    {"status", MOVE_FIELD_PAYMENT_STATUS, PAYMENT(status), true, NULL},
    {"reason", MOVE_FIELD_PAYMENT_REASON, PAYMENT(reason), false, NULL},
    {"amount", MOVE_FIELD_NUMBER, PAYMENT(amount), true, NULL},
    {"paid_amount", MOVE_FIELD_NUMBER, PAYMENT(paid_amount), false, NULL},
    {"paid_currency", MOVE_FIELD_CURRENCY, PAYMENT(paid_currency), false, NULL},
    {"alias", MOVE_FIELD_UUID, PAYMENT(alias), false, NULL},
    {"payment_url", MOVE_FIELD_URL, PAYMENT(payment_url), false, NULL},
    {"return_url", MOVE_FIELD_URL, PAYMENT(return_url), false, NULL},
    {"created_at", MOVE_FIELD_NUMBER, PAYMENT(created_at_ms), true, NULL},
    {"updated_at", MOVE_FIELD_NUMBER, PAYMENT(updated_at_ms), true, NULL},
    {"expires_at", MOVE_FIELD_NUMBER, PAYMENT(expires_at_ms), true, NULL},
    {"paid_at", MOVE_FIELD_NUMBER, PAYMENT(paid_at_ms), false, NULL},
    {"refund_requested_at", MOVE_FIELD_NUMBER, PAYMENT(refund_requested_at_ms), false, NULL},
    {"refund_done_at", MOVE_FIELD_NUMBER, PAYMENT(refund_done_at_ms), false, NULL},
    {"refund_reference", MOVE_FIELD_REASON, PAYMENT(refund_reference), false, NULL},
    {"key", MOVE_FIELD_UUID, OF(payment.origin.key), false, NULL},
    {"fingerprint", MOVE_FIELD_HASH, OF(payment.origin.fingerprint), false, NULL},
    {"operation", MOVE_FIELD_OPERATION, OF(payment.origin.operation), true, NULL},
};

static const struct move_field block_fields[] = {
    {"id", MOVE_FIELD_ID, OF(block.id), true, NULL},
    {"showtime", MOVE_FIELD_ID, OF(block.showtime), true, NULL},
    {"seats", MOVE_FIELD_LIST, OF(block), true, &move_lists_blocked},
    {"reason", MOVE_FIELD_REASON, OF(block.reason), false, NULL},
    {"created_by", MOVE_FIELD_USER, OF(block.created_by), true, NULL},
    {"created_at", MOVE_FIELD_NUMBER, OF(block.created_at_ms), true, NULL},
    {"released_at", MOVE_FIELD_NUMBER, OF(block.released_at_ms), false, NULL},
};

static const struct move_field key_fields[] = {
    {"key", MOVE_FIELD_UUID, OF(key.claim.key), true, NULL},
    {"user", MOVE_FIELD_USER, OF(key.claim.user), true, NULL},
    {"operation", MOVE_FIELD_OPERATION, OF(key.claim.operation), true, NULL},
    {"fingerprint", MOVE_FIELD_HASH, OF(key.claim.fingerprint), true, NULL},
    {"booking", MOVE_FIELD_ID, OF(key.booking), true, NULL},
    {"payment", MOVE_FIELD_ID, OF(key.payment), false, NULL},
    {"created", MOVE_FIELD_FLAG, OF(key.created), true, NULL},
    {"created_at", MOVE_FIELD_NUMBER, OF(key.created_at_ms), true, NULL},
};

static const struct move_field entry_fields[] = {
    {"at", MOVE_FIELD_NUMBER, OF(entry.at_ms), true, NULL},
    {"actor", MOVE_FIELD_USER, OF(entry.actor), true, NULL},
    {"role", MOVE_FIELD_TEXT, OF(entry.role), true, NULL},
    {"action", MOVE_FIELD_TEXT, OF(entry.action), true, NULL},
    {"subject", MOVE_FIELD_ID, OF(entry.subject), true, NULL},
    {"detail", MOVE_FIELD_TEXT, OF(entry.detail), false, NULL},
};

static const struct move_field end_fields[] = {
    {"counts", MOVE_FIELD_LIST, OF(end.counts), true, &move_lists_counts},
    {"head", MOVE_FIELD_HASH, OF(end.head), true, NULL},
    {"lines", MOVE_FIELD_HASH, OF(end.lines), true, NULL},
};

#define TABLE(fields) \
    { \
        fields, COUNT_OF(fields) \
    }

static const struct move_table tables[MOVE_KIND_COUNT] = {
    [MOVE_HEAD] = TABLE(head_fields),       [MOVE_MOVIE] = TABLE(movie_fields),
    [MOVE_CINEMA] = TABLE(cinema_fields),   [MOVE_SHOWTIME] = TABLE(showtime_fields),
    [MOVE_BOOKING] = TABLE(booking_fields), [MOVE_PAYMENT] = TABLE(payment_fields),
    [MOVE_BLOCK] = TABLE(block_fields),     [MOVE_KEY] = TABLE(key_fields),
    [MOVE_ENTRY] = TABLE(entry_fields),     [MOVE_END] = TABLE(end_fields),
};

void move_line_write(struct buffer *buffer, const struct move_record *record)
{
    CHECK(record->kind < MOVE_KIND_COUNT);

    struct json_writer writer = json_writer_of(buffer);
    json_open_object(&writer);
    json_key(&writer, move_record_name(record->kind));
    json_open_object(&writer);
    move_fields_write(&tables[record->kind], &writer, record);
    json_close_object(&writer);
    json_close_object(&writer);
}

static bool find_kind(const struct json *root, enum move_kind *ret_kind)
{
    if (root->kind != JSON_OBJECT || root->count != 1) return false;
    for (enum move_kind kind = MOVE_HEAD; kind < MOVE_KIND_COUNT; kind++) {
        if (!slice_equal(root->first->key, move_record_name(kind))) continue;
        *ret_kind = kind;
        return true;
    }
    return false;
}

bool move_line_read(struct slice line, struct arena *arena, struct move_record *ret_record,
                    struct move_reason *ret_reason)
{
    const struct json *root = NULL;
    struct json_fault fault = {0};
    struct move_reason what;
    if (!json_parse(line, arena, &root, &fault)) {
        return move_record_explain(ret_reason, "it is no JSON: %.*s", (int)fault.message.size,
                                   fault.message.data);
    }
    memset(ret_record, 0, sizeof *ret_record);
    if (!find_kind(root, &ret_record->kind)) {
        return move_record_explain(ret_reason, "it is no record that this usher knows");
    }
    if (move_fields_read(&tables[ret_record->kind], root->first, arena, ret_record, &what)) {
        return true;
    }
    return move_record_explain(ret_reason, "%s: %s", move_record_name(ret_record->kind).data,
                               what.text);
}
