#include "store/mongo/mongo_audit_booking.h"

#include <stdarg.h>

#include "base/check.h"
#include "store/mongo/mongo_among.h"
#include "store/mongo/mongo_audit_cut.h"
#include "store/mongo/mongo_audit_look.h"
#include "store/mongo/mongo_audit_payment.h"
#include "store/mongo/mongo_audit_rest.h"
#include "store/reach.h"

/* A sentence about the booking, which is a suspect from now on. */
__attribute__((format(printf, 4, 5))) static void say(struct mongo_audit *audit,
                                                      enum mongo_audit_kind kind, struct id booking,
                                                      const char *format, ...)
{
    char what[AUDIT_SENTENCE_SIZE / 2];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    mongo_audit_look_suspect(audit, booking, false, 0);
    mongo_audit_say(audit, kind, "Showtime %s: booking %s %s",
                    mongo_audit_name(audit->cut.showtime).text, mongo_audit_name(booking).text,
                    what);
}

static void judge_claim(struct mongo_audit *audit, const struct booking *booking,
                        const struct mongo_audit_seat *seat, const char *name)
{
    const bool held = booking->status == BOOKING_PENDING;
    const struct id payment = held ? booking->active_payment : booking->payment;
    if (seat->broken) return;
    if (seat->state == SEAT_AVAILABLE) {
        say(audit, MONGO_AUDIT_SEAT, booking->id, "does not have its seat %s: nobody has", name);
    } else if (!id_equal(seat->owner, booking->id)) {
        say(audit, MONGO_AUDIT_SEAT, booking->id, "does not have its seat %s: %s %s has", name,
            seat->state == SEAT_BLOCKED ? "block" : "booking", mongo_audit_name(seat->owner).text);
    } else if (seat->state != (held ? SEAT_HELD : SEAT_BOOKED)) {
        say(audit, MONGO_AUDIT_SEAT, booking->id, "is %s, but its seat %s is %s",
            booking_status_name(booking->status).data, name, seat_state_name(seat->state).data);
    } else if (held && seat->held_until_ms != booking->hold_expires_at_ms) {
        say(audit, MONGO_AUDIT_SEAT, booking->id, "ends at %lld, but holds its seat %s until %lld",
            (long long)booking->hold_expires_at_ms, name, (long long)seat->held_until_ms);
    } else if (!id_is_none(seat->payment) && !id_equal(seat->payment, payment)) {
        say(audit, MONGO_AUDIT_SEAT, booking->id, "has payment %s, but its seat %s says %s",
            mongo_audit_name(payment).text, name, mongo_audit_name(seat->payment).text);
    } else if (seat->user.size > 0 && !user_equal(&seat->user, &booking->user)) {
        say(audit, MONGO_AUDIT_SEAT, booking->id, "is not of the user whom its seat %s names",
            name);
    }
}

static bool lists(const struct booking *booking, const struct mongo_audit_cut *cut,
                  uint32_t position)
{
    for (uint32_t index = 0; index < booking->seat_count; index++) {
        const struct seat_name name = booking->seats[index].name;
        if (name.zeros > 0 || name.row >= ROWS_MAX || name.col > COLS_MAX) continue;
        if ((uint32_t)name.row * COLS_MAX + name.col - 1 == position)
            return cut->seats[position].there;
    }
    return false;
}

/* What has the booking's name on it and should not. */
static void judge_owned(struct mongo_audit *audit, const struct booking *booking)
{
    const bool live = booking->status == BOOKING_PENDING || booking->status == BOOKING_CONFIRMED;
    for (uint32_t position = 0; position < SEATS_PER_SHOWTIME_MAX; position++) {
        const struct mongo_audit_seat *seat = &audit->cut.seats[position];
        if (!seat->there || seat->broken || !id_equal(seat->owner, booking->id)) continue;
        const struct mongo_audit_text name = mongo_audit_seat_name(mongo_audit_cut_name(position));
        if (!live) {
            say(audit, MONGO_AUDIT_SEAT, booking->id, "is %s, but seat %s is still its",
                booking_status_name(booking->status).data, name.text);
        } else if (!lists(booking, &audit->cut, position)) {
            say(audit, MONGO_AUDIT_SEAT, booking->id, "has seat %s, which it does not list",
                name.text);
        }
    }
}

/* A live booking has each of its seats, once. */
static void judge_seats(struct mongo_audit *audit, const struct booking *booking)
{
    const bool live = booking->status == BOOKING_PENDING || booking->status == BOOKING_CONFIRMED;
    for (uint32_t index = 0; index < booking->seat_count; index++) {
        const struct mongo_audit_text name = mongo_audit_seat_name(booking->seats[index].name);
        const struct mongo_audit_seat *seat =
            mongo_audit_cut_seat(&audit->cut, booking->seats[index].name);
        if (seat == NULL) {
            say(audit, MONGO_AUDIT_SEAT, booking->id,
                "lists seat %s, which its showtime does not have", name.text);
            continue;
        }
        for (uint32_t earlier = 0; earlier < index; earlier++) {
            if (mongo_audit_cut_seat(&audit->cut, booking->seats[earlier].name) != seat) continue;
            say(audit, MONGO_AUDIT_SEAT, booking->id, "lists seat %s twice", name.text);
        }
        if (live) judge_claim(audit, booking, seat, name.text);
    }
    judge_owned(audit, booking);
}

static void judge_sums(struct mongo_audit *audit, const struct booking *booking)
{
    int64_t sum = 0;
    bool overflow = false;
    for (uint32_t index = 0; index < booking->seat_count; index++) {
        overflow |= __builtin_add_overflow(sum, booking->seats[index].price, &sum);
    }
    if (overflow || sum != booking->total_amount) {
        say(audit, MONGO_AUDIT_BOOKING, booking->id, "has a total of %lld, but its seats cost %lld",
            (long long)booking->total_amount, (long long)sum);
    }
    int64_t final = 0;
    if (__builtin_sub_overflow(booking->total_amount, booking->discount_amount, &final) ||
        final != booking->final_amount || final < 0) {
        say(audit, MONGO_AUDIT_BOOKING, booking->id,
            "asks for money wrongly: %lld less %lld is not "
            "%lld",
            (long long)booking->total_amount, (long long)booking->discount_amount,
            (long long)booking->final_amount);
    }
}

/* A confirmed booking was bought by one completed payment of its amount. */
static void judge_money(struct mongo_audit *audit, const struct mongo_audit_subject *subject)
{
    const struct booking *booking = &subject->record.booking;
    const struct mongo_audit_text payment = mongo_audit_name(booking->payment);
    if (subject->kept_count > 1) {
        say(audit, MONGO_AUDIT_PAYMENT, booking->id, "has %u payments that are kept",
            subject->kept_count);
    }
    if (booking->status != BOOKING_CONFIRMED) return;
    if (id_is_none(booking->payment)) {
        say(audit, MONGO_AUDIT_PAYMENT, booking->id, "is confirmed without a payment");
    } else if (!subject->bought) {
        say(audit, MONGO_AUDIT_PAYMENT, booking->id,
            "is confirmed with payment %s, which is not its own", payment.text);
    } else if (subject->buying.status != PAYMENT_COMPLETED || subject->bought_waits) {
        say(audit, MONGO_AUDIT_PAYMENT, booking->id,
            "is confirmed, but its payment %s is not completed", payment.text);
    } else if (subject->buying.paid_amount != booking->final_amount) {
        say(audit, MONGO_AUDIT_PAYMENT, booking->id, "costs %lld, but its payment %s paid %lld",
            (long long)booking->final_amount, payment.text, (long long)subject->buying.paid_amount);
    }
}

static void judge_state(struct mongo_audit *audit, const struct booking *booking)
{
    const struct mongo_audit_cut *cut = &audit->cut;
    const char *status = booking_status_name(booking->status).data;
    /* In a cancelled one, bookings end one turn after the other. */
    if (booking->status == BOOKING_PENDING && cut->status == SHOWTIME_COMPLETED) {
        say(audit, MONGO_AUDIT_BOOKING, booking->id, "is pending, but its showtime is completed");
    }
    const bool ended = booking->status == BOOKING_CANCELLED;
    if (ended != (booking->cancelled_at_ms != 0)) {
        say(audit, MONGO_AUDIT_BOOKING, booking->id, "is %s, but cancelled_at says otherwise",
            status);
    }
    if (booking->status == BOOKING_CONFIRMED && booking->confirmed_at_ms == 0) {
        say(audit, MONGO_AUDIT_BOOKING, booking->id, "is confirmed, but since when is not said");
    }
    const bool late = booking->held_at_ms > cut->cancelled_at_ms ||
                      booking->confirmed_at_ms > cut->cancelled_at_ms;
    if (cut->status == SHOWTIME_CANCELLED && cut->cancelled_at_ms != 0 && late) {
        say(audit, MONGO_AUDIT_BOOKING, booking->id, "was %s after its showtime was cancelled",
            status);
    }
}

static bool is_named(const struct mongo_audit_cut *cut, struct id booking)
{
    for (uint32_t position = 0; position < SEATS_PER_SHOWTIME_MAX; position++) {
        const struct mongo_audit_seat *seat = &cut->seats[position];
        if (seat->there && id_equal(seat->owner, booking)) return true;
    }
    return false;
}

/* What the showtime has decided lies over what the document shows. False if it is unreadable. */
static bool lay_over(struct mongo_audit *audit, struct mongo_booking *record, bool *ret_decided)
{
    const struct mongo_settle_entry *entry =
        mongo_audit_look_settle(audit, MONGO_BOOKINGS, record->booking.id);
    *ret_decided = entry != NULL;
    if (entry == NULL || record->version >= entry->version) return true;
    const enum booking_status before = record->booking.status;
    const struct id id = record->booking.id;
    bson_t value;
    mongo_settle_value(entry, &value);
    if (!mongo_documents_read_booking(&value, record)) return false;
    if ((reach_booking(record->booking.status) >> before & 1) == 0) {
        say(audit, MONGO_AUDIT_SETTLE, id, "is to be settled as %s, but its document says %s",
            booking_status_name(record->booking.status).data, booking_status_name(before).data);
    }
    return true;
}

/* Takes a document into the chunk, or says why not. */
static void take(struct mongo_audit *audit, const bson_t *document)
{
    bson_iter_t at;
    struct id id = {0};
    struct mongo_audit_subject *subject = &audit->subjects[audit->subject_count];
    *subject = (struct mongo_audit_subject){0};
    if (!bson_iter_init_find(&at, document, "_id") || !mongo_fields_read_id(&at, &id)) {
        mongo_audit_say(audit, MONGO_AUDIT_STRAY, "Showtime %s has a booking whose _id is no id",
                        mongo_audit_name(audit->cut.showtime).text);
        return;
    }
    bool decided = false;
    const bool whole = mongo_documents_read_booking(document, &subject->record) &&
                       lay_over(audit, &subject->record, &decided);
    const struct mongo_booking *record = &subject->record;
    mongo_audit_look_judged(audit, id);
    audit->look.record_count++;
    if (!whole) {
        (void)mongo_audit_look_settle(audit, MONGO_BOOKINGS, id);
        say(audit, MONGO_AUDIT_BOOKING, id, "has a value that no booking can have");
        return;
    }
    if (!id_equal(record->booking.showtime, audit->cut.showtime)) {
        say(audit, MONGO_AUDIT_SEAT, id, "is of showtime %s, but has a seat or a decision here",
            mongo_audit_name(record->booking.showtime).text);
        return;
    }
    subject->moved = record->version > (int64_t)audit->cut.version;
    if (subject->moved) mongo_audit_look_suspect(audit, id, false, record->version);
    const bool came_about =
        decided || record->version > 0 || record->booking.status != BOOKING_PENDING;
    const bool never_held =
        record->never_held_at_ms > 0 && record->booking.status == BOOKING_EXPIRED;
    subject->stands = (came_about && !never_held) || is_named(&audit->cut, id);
    audit->subject_count++;
}

/* One code, one booking. */
static enum error judge_codes(struct mongo_audit *audit)
{
    bson_t filter = BSON_INITIALIZER;
    bson_t in;
    bson_t array;
    BSON_APPEND_DOCUMENT_BEGIN(&filter, "booking_code", &in);
    BSON_APPEND_ARRAY_BEGIN(&in, "$in", &array);
    for (uint32_t index = 0; index < audit->subject_count; index++) {
        char buffer[16];
        char text[3 + CODE_SIZE] = "BK-";
        const char *key = NULL;
        (void)bson_uint32_to_string(index, &key, buffer, sizeof buffer);
        memcpy(text + 3, audit->subjects[index].record.booking.code.letters, CODE_SIZE);
        (void)bson_append_utf8(&array, key, -1, text, sizeof text);
    }
    (void)bson_append_array_end(&in, &array);
    (void)bson_append_document_end(&filter, &in);
    mongoc_cursor_t *cursor =
        mongo_audit_find(audit, MONGO_BOOKINGS, &filter, "{\"projection\": {\"booking_code\": 1}}");
    const bson_t *document = NULL;
    while (mongoc_cursor_next(cursor, &document)) {
        bson_iter_t at;
        struct id id = {0};
        struct code code = {0};
        if (!bson_iter_init_find(&at, document, "_id") || !mongo_fields_read_id(&at, &id)) continue;
        if (!bson_iter_init_find(&at, document, "booking_code")) continue;
        if (!code_parse(mongo_fields_text(&at), &code)) continue;
        for (uint32_t index = 0; index < audit->subject_count; index++) {
            const struct booking *booking = &audit->subjects[index].record.booking;
            if (memcmp(booking->code.letters, code.letters, CODE_SIZE) != 0) continue;
            if (id_equal(booking->id, id)) continue;
            say(audit, MONGO_AUDIT_BOOKING, booking->id,
                "has the code BK-%.8s, which booking %s "
                "has too",
                code.letters, mongo_audit_name(id).text);
        }
    }
    bson_destroy(&filter);
    return mongo_audit_end(audit, cursor);
}

static enum error judge_subject(struct mongo_audit *audit,
                                const struct mongo_audit_subject *subject)
{
    const struct mongo_booking *record = &subject->record;
    if (subject->moved) return ERROR_NONE;
    if (!subject->stands) {
        audit->counts.intents += audit->look.whole;
        return ERROR_NONE;
    }
    audit->counts.bookings += audit->look.whole;
    if (record->never_held_at_ms > 0) {
        say(audit, MONGO_AUDIT_BOOKING, record->booking.id,
            "is said to have never held its seats, and so is shown to nobody, but it is %s",
            booking_status_name(record->booking.status).data);
    }
    judge_state(audit, &record->booking);
    judge_sums(audit, &record->booking);
    judge_seats(audit, &record->booking);
    judge_money(audit, subject);
    return mongo_audit_rest_judge_maker(audit, MONGO_BOOKINGS, record->booking.id,
                                        &record->booking.user, record->key);
}

static enum error judge_chunk(struct mongo_audit *audit)
{
    if (audit->subject_count == 0) return ERROR_NONE;
    enum error error = mongo_audit_payment_judge_chunk(audit);
    if (error == ERROR_NONE) error = judge_codes(audit);
    for (uint32_t index = 0; index < audit->subject_count && error == ERROR_NONE; index++) {
        error = judge_subject(audit, &audit->subjects[index]);
    }
    audit->subject_count = 0;
    return error;
}

enum error mongo_audit_booking_judge_all(struct mongo_audit *audit, const bson_t *filter)
{
    CHECK(audit->look.open);

    mongoc_cursor_t *cursor =
        mongo_audit_find(audit, MONGO_BOOKINGS, filter, "{\"batchSize\": 100}");
    const bson_t *document = NULL;
    enum error error = ERROR_NONE;
    audit->subject_count = 0;
    while (error == ERROR_NONE && mongoc_cursor_next(cursor, &document)) {
        take(audit, document);
        if (audit->subject_count == AUDIT_CHUNK) error = judge_chunk(audit);
    }
    const enum error read = mongo_audit_end(audit, cursor);
    if (error == ERROR_NONE) error = read;
    return error == ERROR_NONE ? judge_chunk(audit) : error;
}

enum error mongo_audit_booking_judge_ids(struct mongo_audit *audit, const struct id *ids,
                                         uint32_t count)
{
    bson_t filter = BSON_INITIALIZER;
    mongo_among_append(&filter, "_id", ids, count);
    const enum error error = mongo_audit_booking_judge_all(audit, &filter);
    bson_destroy(&filter);
    for (uint32_t index = 0; index < count && error == ERROR_NONE; index++) {
        mongo_audit_look_missing(audit, MONGO_BOOKINGS, ids[index]);
    }
    return error;
}
