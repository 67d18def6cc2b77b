#include "store/mongo/mongo_audit_payment.h"

#include <stdarg.h>

#include "base/check.h"
#include "store/mongo/mongo_among.h"
#include "store/mongo/mongo_audit_block.h"
#include "store/mongo/mongo_audit_late.h"
#include "store/mongo/mongo_audit_look.h"
#include "store/reach.h"

/* A sentence about a payment; its booking is a suspect from now on. */
__attribute__((format(printf, 4, 5))) static void say(struct mongo_audit *audit,
                                                      enum mongo_audit_kind kind,
                                                      const struct payment *payment,
                                                      const char *format, ...)
{
    char what[AUDIT_SENTENCE_SIZE / 2];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    mongo_audit_look_suspect(audit, payment->booking, false, 0);
    mongo_audit_say(audit, kind, "Showtime %s: booking %s: payment %s %s",
                    mongo_audit_name(audit->cut.showtime).text,
                    mongo_audit_name(payment->booking).text, mongo_audit_name(payment->id).text,
                    what);
}

static void judge_kept(struct mongo_audit *audit, const struct booking *booking,
                       const struct payment *payment)
{
    const bool bought =
        booking->status == BOOKING_CONFIRMED && id_equal(booking->payment, payment->id);
    const char *status = booking_status_name(booking->status).data;
    if (payment->status == PAYMENT_COMPLETED && !bought) {
        say(audit, MONGO_AUDIT_PAYMENT, payment, "is kept, but bought nothing: its booking is %s",
            status);
    }
    if (payment_paid(payment->status) && payment->status != PAYMENT_COMPLETED && bought) {
        say(audit, MONGO_AUDIT_PAYMENT, payment,
            "goes back, but its booking is still confirmed with it");
    }
    if (payment->reason == REASON_REQUESTED && booking->status != BOOKING_CANCELLED) {
        say(audit, MONGO_AUDIT_PAYMENT, payment,
            "goes back at the staff's request, but its booking is %s", status);
    }
    if (payment->reason == REASON_SHOWTIME_CANCELLED && audit->cut.status != SHOWTIME_CANCELLED) {
        say(audit, MONGO_AUDIT_PAYMENT, payment, "goes back for a cancelled showtime, which is %s",
            showtime_status_name(audit->cut.status).data);
    }
}

static void judge_amounts(struct mongo_audit *audit, const struct booking *booking,
                          const struct mongo_payment *record)
{
    const struct payment *payment = &record->payment;
    if (payment->amount != booking->final_amount) {
        say(audit, MONGO_AUDIT_PAYMENT, payment, "asks for %lld, but its booking costs %lld",
            (long long)payment->amount, (long long)booking->final_amount);
    }
    const bool paid = payment_paid(payment->status) || record->money_waits;
    if (paid && payment->paid_at_ms == 0) {
        say(audit, MONGO_AUDIT_PAYMENT, payment, "was paid, but when is not said");
    }
    if (!paid && (payment->paid_amount != 0 || payment->paid_at_ms != 0)) {
        say(audit, MONGO_AUDIT_PAYMENT, payment, "has money, but is not paid");
    }
}

static void judge_refund(struct mongo_audit *audit, const struct payment *payment)
{
    const char *status = payment_status_name(payment->status).data;
    const bool goes_back = payment_paid(payment->status) && payment->status != PAYMENT_COMPLETED;
    const bool refunded = payment->status == PAYMENT_REFUNDED;
    if (goes_back != (payment->refund_requested_at_ms != 0)) {
        say(audit, MONGO_AUDIT_PAYMENT, payment, "is %s, but refund_requested_at says otherwise",
            status);
    }
    if (refunded != (payment->refund_done_at_ms != 0)) {
        say(audit, MONGO_AUDIT_PAYMENT, payment, "is %s, but refund_done_at says otherwise",
            status);
    }
    if (!refunded && payment->refund_reference.size > 0) {
        say(audit, MONGO_AUDIT_PAYMENT, payment, "is %s, but has the reference of a refund",
            status);
    }
}

static enum error judge_entries(struct mongo_audit *audit, const struct payment *payment)
{
    uint32_t counts[JOURNAL_ACTION_COUNT];
    const bool asked = payment->reason == REASON_REQUESTED && payment->refund_requested_at_ms != 0;
    const bool by_hand = payment->refund_reference.size > 0;
    if (!asked && !by_hand) return ERROR_NONE;
    const enum error error = mongo_audit_block_count_entries(audit, payment->id, counts);
    if (error != ERROR_NONE) return error;
    if (asked && counts[JOURNAL_REFUND] != 1) {
        say(audit, MONGO_AUDIT_JOURNAL, payment, "has %u entries of its refund in the journal",
            counts[JOURNAL_REFUND]);
    }
    if (by_hand && counts[JOURNAL_REFUND_DONE] != 1) {
        say(audit, MONGO_AUDIT_JOURNAL, payment,
            "has %u entries of its refund by hand in the journal", counts[JOURNAL_REFUND_DONE]);
    }
    return ERROR_NONE;
}

/* As for bookings; but money that is recorded stands, whatever left the payment open. */
static bool lay_over(struct mongo_audit *audit, struct mongo_payment *record, bool *ret_decided)
{
    const struct mongo_settle_entry *entry =
        mongo_audit_look_settle(audit, MONGO_PAYMENTS, record->payment.id);
    *ret_decided = entry != NULL;
    if (entry == NULL || record->version >= entry->version) return true;
    struct mongo_payment later = *record;
    bson_t value;
    mongo_settle_value(entry, &value);
    if (!mongo_documents_read_payment(&value, &later)) return false;
    if (record->money_waits && !payment_paid(later.payment.status)) return true;
    if (!record->money_waits &&
        (reach_payment(later.payment.status) >> record->payment.status & 1) == 0) {
        say(audit, MONGO_AUDIT_SETTLE, &record->payment,
            "is to be settled as %s, but its document says %s",
            payment_status_name(later.payment.status).data,
            payment_status_name(record->payment.status).data);
    }
    *record = later;
    return true;
}

/* What the booking has to know of it. */
static void note(struct mongo_audit_subject *subject, const struct mongo_payment *record)
{
    mongo_documents_name_kept(&subject->record, &record->payment);
    subject->kept_count += record->payment.status == PAYMENT_COMPLETED;
    if (!id_equal(subject->record.booking.payment, record->payment.id)) return;
    subject->bought = true;
    subject->bought_waits = record->money_waits;
    subject->buying = record->payment;
}

static enum error judge_record(struct mongo_audit *audit, struct mongo_audit_subject *subject,
                               struct mongo_payment *record, bool decided)
{
    const struct booking *booking = &subject->record.booking;
    const struct payment *payment = &record->payment;
    if (record->version > (int64_t)audit->cut.version) {
        subject->moved = true;
        mongo_audit_look_suspect(audit, booking->id, false, record->version);
    }
    if (subject->moved) return ERROR_NONE;
    note(subject, record);
    const bool open = record->version == 0 && !decided && !record->money_waits &&
                      payment->status == PAYMENT_PENDING;
    const bool named =
        id_equal(booking->active_payment, payment->id) || id_equal(booking->payment, payment->id);
    if (open && !named) { /* An intent. */
        audit->counts.intents += audit->look.whole;
        return ERROR_NONE;
    }
    audit->counts.payments += audit->look.whole;
    if (!subject->stands) {
        say(audit, MONGO_AUDIT_PAYMENT, payment, "is for a booking that never came about");
        return ERROR_NONE;
    }
    if (record->money_waits) mongo_audit_late_payment(audit, payment->id);
    if (!user_equal(&payment->user, &booking->user)) {
        say(audit, MONGO_AUDIT_PAYMENT, payment, "is not its booking's user's");
    }
    judge_kept(audit, booking, payment);
    judge_amounts(audit, booking, record);
    judge_refund(audit, payment);
    return judge_entries(audit, payment);
}

static struct mongo_audit_subject *find_subject(struct mongo_audit *audit, struct id booking)
{
    for (uint32_t index = 0; index < audit->subject_count; index++) {
        if (id_equal(audit->subjects[index].record.booking.id, booking)) {
            return &audit->subjects[index];
        }
    }
    return NULL;
}

static enum error judge_document(struct mongo_audit *audit, const bson_t *document)
{
    bson_iter_t at;
    struct mongo_payment record = {0};
    struct id booking = {0};
    bool decided = false;
    if (!bson_iter_init_find(&at, document, "booking_id")) return ERROR_NONE;
    if (!mongo_fields_read_id(&at, &booking)) return ERROR_NONE;
    if (!bson_iter_init_find(&at, document, "_id") ||
        !mongo_fields_read_id(&at, &record.payment.id)) {
        mongo_audit_say(audit, MONGO_AUDIT_STRAY, "Booking %s has a payment whose _id is no id",
                        mongo_audit_name(booking).text);
        return ERROR_NONE;
    }
    struct mongo_audit_subject *subject = find_subject(audit, booking);
    if (subject == NULL) return ERROR_NONE;
    if (mongo_documents_read_payment(document, &record) && lay_over(audit, &record, &decided)) {
        return judge_record(audit, subject, &record, decided);
    }
    record.payment.booking = booking;
    (void)mongo_audit_look_settle(audit, MONGO_PAYMENTS, record.payment.id);
    say(audit, MONGO_AUDIT_PAYMENT, &record.payment, "has a value that no payment can have");
    return ERROR_NONE;
}

enum error mongo_audit_payment_judge_chunk(struct mongo_audit *audit)
{
    CHECK(audit->subject_count <= AUDIT_CHUNK);

    struct id ids[AUDIT_CHUNK];
    for (uint32_t index = 0; index < audit->subject_count; index++) {
        ids[index] = audit->subjects[index].record.booking.id;
    }
    bson_t filter = BSON_INITIALIZER;
    mongo_among_append(&filter, "booking_id", ids, audit->subject_count);
    mongoc_cursor_t *cursor =
        mongo_audit_find(audit, MONGO_PAYMENTS, &filter, "{\"batchSize\": 500}");
    bson_destroy(&filter);
    const bson_t *document = NULL;
    enum error error = ERROR_NONE;
    while (error == ERROR_NONE && mongoc_cursor_next(cursor, &document)) {
        error = judge_document(audit, document);
    }
    const enum error read = mongo_audit_end(audit, cursor);
    return error == ERROR_NONE ? read : error;
}
