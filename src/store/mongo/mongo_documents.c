#include "store/mongo/mongo_documents.h"

#include "base/check.h"
#include "base/log.h"
#include "store/mongo/mongo_ids.h"

#define KEY_LASTS_MS INT64_C(172800000) /* Two days, as long as the embedded store at most. */
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define BOOKING(member) offsetof(struct mongo_booking, booking.member)
#define PAYMENT(member) offsetof(struct mongo_payment, payment.member)
#define RECORD(member) offsetof(struct mongo_key, record.member)
#define BLOCK(member) offsetof(struct mongo_block, block.member)

static const struct mongo_field booking_fields[] = {
    {"booking_code", FIELD_CODE, BOOKING(code), false},
    {"user_id", FIELD_USER, BOOKING(user), false},
    {"showtime_id", FIELD_ID, BOOKING(showtime), false},
    {"seats", FIELD_BOOKED_SEATS, BOOKING(id), false},
    {"total_amount", FIELD_NUMBER, BOOKING(total_amount), false},
    {"discount_amount", FIELD_NUMBER, BOOKING(discount_amount), false},
    {"final_amount", FIELD_NUMBER, BOOKING(final_amount), false},
    {"held_at", FIELD_MOMENT, BOOKING(held_at_ms), false},
    {"first_expires_at", FIELD_MOMENT, BOOKING(first_expires_at_ms), false},
    {"idempotency_key", FIELD_KEY, offsetof(struct mongo_booking, key), false},
    {"request_hash", FIELD_HASH, offsetof(struct mongo_booking, fingerprint), false},
    {"status", FIELD_BOOKING_STATUS, BOOKING(status), true},
    {"hold_expires_at", FIELD_MOMENT, BOOKING(hold_expires_at_ms), true},
    {"updatedAt", FIELD_MOMENT, BOOKING(updated_at_ms), true},
    {"confirmed_at", FIELD_MOMENT, BOOKING(confirmed_at_ms), true},
    {"cancelled_at", FIELD_MOMENT, BOOKING(cancelled_at_ms), true},
    {"cancellation_reason", FIELD_REASON, BOOKING(cancellation_reason), true},
    {"active_payment", FIELD_ID, BOOKING(active_payment), true},
    {"payment_id", FIELD_ID, BOOKING(payment), true},
    {"had_payment", FIELD_FLAG, BOOKING(had_payment), true},
    {"never_held_at", FIELD_MOMENT, offsetof(struct mongo_booking, never_held_at_ms), true},
    {"v", FIELD_NUMBER, offsetof(struct mongo_booking, version), true},
};

static const struct mongo_field payment_fields[] = {
    {"booking_id", FIELD_ID, PAYMENT(booking), false},
    {"user_id", FIELD_USER, PAYMENT(user), false},
    {"method", FIELD_METHOD, PAYMENT(method), false},
    {"amount", FIELD_NUMBER, PAYMENT(amount), false},
    {"return_url", FIELD_URL, PAYMENT(return_url), false},
    {"createdAt", FIELD_MOMENT, PAYMENT(created_at_ms), false},
    {"idempotency_key", FIELD_KEY, offsetof(struct mongo_payment, key), false},
    {"request_hash", FIELD_HASH, offsetof(struct mongo_payment, fingerprint), false},
    {"status", FIELD_PAYMENT_STATUS, PAYMENT(status), true},
    {"reason", FIELD_PAYMENT_REASON, PAYMENT(reason), true},
    {"paid_amount", FIELD_NUMBER, PAYMENT(paid_amount), true},
    {"paid_currency", FIELD_CURRENCY, PAYMENT(paid_currency), true},
    {"alias", FIELD_UUID, PAYMENT(alias), true},
    {"payment_url", FIELD_URL, PAYMENT(payment_url), true},
    {"updatedAt", FIELD_MOMENT, PAYMENT(updated_at_ms), true},
    {"expires_at", FIELD_MOMENT, PAYMENT(expires_at_ms), true},
    {"paid_at", FIELD_MOMENT, PAYMENT(paid_at_ms), true},
    {"refund_requested_at", FIELD_MOMENT, PAYMENT(refund_requested_at_ms), true},
    {"refund_done_at", FIELD_MOMENT, PAYMENT(refund_done_at_ms), true},
    {"refund_reference", FIELD_REASON, PAYMENT(refund_reference), true},
    {"v", FIELD_NUMBER, offsetof(struct mongo_payment, version), true},
};

/* Read, and written by other means or not at all. */
static const struct mongo_field booking_seen_fields[] = {
    {"createdAt", FIELD_MOMENT, offsetof(struct mongo_booking, created_at_ms), false},
};
static const struct mongo_field payment_seen_fields[] = {
    {"payment_method", FIELD_METHOD, PAYMENT(method), false}, /* The predecessor's word. */
};

static const struct mongo_field key_fields[] = {
    {"_id", FIELD_ID, offsetof(struct mongo_key, id), false},
    {"key", FIELD_UUID, RECORD(claim.key), false},
    {"user_id", FIELD_USER, RECORD(claim.user), false},
    {"request_hash", FIELD_HASH, RECORD(claim.fingerprint), false},
    {"booking_id", FIELD_ID, RECORD(booking), false},
    {"payment_id", FIELD_ID, RECORD(payment), false},
    {"created", FIELD_FLAG, RECORD(created), false},
    {"createdAt", FIELD_MOMENT, RECORD(created_at_ms), false},
};

static const struct mongo_field block_fields[] = {
    {"showtime_id", FIELD_ID, BLOCK(showtime), false},
    {"seats", FIELD_BLOCK_SEATS, BLOCK(id), false},
    {"reason", FIELD_REASON, BLOCK(reason), false},
    {"created_by", FIELD_USER, BLOCK(created_by), false},
    {"createdAt", FIELD_MOMENT, BLOCK(created_at_ms), false},
    {"released_at", FIELD_MOMENT, BLOCK(released_at_ms), true},
    {"v", FIELD_NUMBER, offsetof(struct mongo_block, version), true},
};

/* The seats are read and written through the whole record. */
static_assert(offsetof(struct booking, id) == 0, "the seats' offset is the booking's");
static_assert(offsetof(struct block, id) == 0, "the seats' offset is the block's");

static const struct mongo_table bookings = {booking_fields, COUNT_OF(booking_fields)};
static const struct mongo_table payments = {payment_fields, COUNT_OF(payment_fields)};
static const struct mongo_table bookings_seen = {booking_seen_fields,
                                                 COUNT_OF(booking_seen_fields)};
static const struct mongo_table payments_seen = {payment_seen_fields,
                                                 COUNT_OF(payment_seen_fields)};
static const struct mongo_table keys = {key_fields, COUNT_OF(key_fields)};
static const struct mongo_table blocks = {block_fields, COUNT_OF(block_fields)};

static void append_id(bson_t *document, struct id id)
{
    const bson_oid_t oid = mongo_ids_to_oid(id);
    BSON_APPEND_OID(document, "_id", &oid);
}

/* True if there is none, too: a change of a document has no `_id`. */
static bool read_id(const bson_t *document, struct id *ret_id)
{
    bson_iter_t at;
    return !bson_iter_init_find(&at, document, "_id") || mongo_fields_read_id(&at, ret_id);
}

void mongo_documents_append_booking(const struct mongo_booking *booking, bson_t *document)
{
    append_id(document, booking->booking.id);
    mongo_fields_append(&bookings, booking, false, false, document);
    BSON_APPEND_UTF8(document, "currency", BOOKING_CURRENCY);
    BSON_APPEND_DATE_TIME(document, "createdAt", booking->booking.held_at_ms);
}

void mongo_documents_append_booking_change(const struct mongo_booking *booking, bool all,
                                           bson_t *document)
{
    mongo_fields_append(&bookings, booking, !all, true, document);
    if (all) BSON_APPEND_DATE_TIME(document, "createdAt", booking->booking.held_at_ms);
}

void mongo_documents_append_payment(const struct mongo_payment *payment, bson_t *document)
{
    append_id(document, payment->payment.id);
    mongo_fields_append(&payments, payment, false, false, document);
    BSON_APPEND_UTF8(document, "currency", BOOKING_CURRENCY);
}

void mongo_documents_append_payment_change(const struct mongo_payment *payment, bool all,
                                           bson_t *document)
{
    mongo_fields_append(&payments, payment, !all, true, document);
}

/* What the predecessor's readers look for. */
void mongo_documents_append_key(const struct mongo_key *key, bson_t *document)
{
    static const char *const resources[OPERATION_COUNT] = {[OPERATION_HOLD] = "booking",
                                                           [OPERATION_CONFIRM] = "payment",
                                                           [OPERATION_PAY] = "payment",
                                                           [OPERATION_REFUND] = "refund"};
    const struct key_record *record = &key->record;
    const enum operation operation = record->claim.operation;
    mongo_fields_append(&keys, key, false, false, document);
    BSON_APPEND_UTF8(document, "operation", operation_name(operation).data);
    BSON_APPEND_UTF8(document, "resource_type", resources[operation]);
    BSON_APPEND_UTF8(document, "status", "completed");
    BSON_APPEND_DATE_TIME(document, "expires_at", record->created_at_ms + KEY_LASTS_MS);
}

void mongo_documents_append_block(const struct mongo_block *block, bson_t *document)
{
    append_id(document, block->block.id);
    mongo_fields_append(&blocks, block, false, false, document);
}

void mongo_documents_append_block_change(const struct mongo_block *block, bson_t *document)
{
    mongo_fields_append(&blocks, block, true, true, document);
}

void mongo_documents_append_entry(struct id id, const struct journal_entry *entry, bson_t *document)
{
    const bson_oid_t subject = mongo_ids_to_oid(entry->subject);
    const struct slice detail = reason_text(&entry->detail);
    append_id(document, id);
    BSON_APPEND_DATE_TIME(document, "at", entry->at_ms);
    mongo_fields_append_user(document, "actor", &entry->actor);
    BSON_APPEND_UTF8(document, "role", staff_role_name(entry->role).data);
    BSON_APPEND_UTF8(document, "action", journal_action_name(entry->action).data);
    BSON_APPEND_OID(document, "subject", &subject);
    (void)bson_append_utf8(document, "detail", -1, detail.data, (int)detail.size);
}

/* What a whole document must have; a change of one has no `_id`, and only what it changes. */
static const char *const booking_musts[] = {"booking_code", "user_id",        "showtime_id",
                                            "seats",        "status",         "final_amount",
                                            "held_at",      "hold_expires_at"};
static const char *const payment_musts[] = {"booking_id", "user_id", "amount", "status"};

static bool lacks(const bson_t *document, const char *const *musts, size_t count,
                  struct mongo_fault *ret_fault)
{
    if (!bson_has_field(document, "_id")) return false;
    for (size_t index = 0; index < count; index++) {
        if (mongo_fields_has(document, musts[index])) continue;
        mongo_fields_blame(ret_fault, musts[index], NULL);
        return true;
    }
    return false;
}

static bool has_other_currency(const bson_t *document, struct mongo_fault *ret_fault)
{
    bson_iter_t at;
    if (!bson_iter_init_find(&at, document, "currency") || BSON_ITER_HOLDS_NULL(&at)) return false;
    mongo_fields_blame(ret_fault, "currency", NULL);
    return !slice_equal(mongo_fields_text(&at), SLICE(BOOKING_CURRENCY));
}

static bool read_booking(const bson_t *document, struct mongo_booking *booking,
                         struct mongo_fault *ret_fault)
{
    const struct booking *read = &booking->booking;
    mongo_fields_blame(ret_fault, "_id", NULL);
    if (!read_id(document, &booking->booking.id)) return false;
    if (mongo_fields_fault(&bookings, document, booking, ret_fault)) return false;
    if (mongo_fields_fault(&bookings_seen, document, booking, ret_fault)) return false;
    if (lacks(document, booking_musts, COUNT_OF(booking_musts), ret_fault)) return false;
    if (has_other_currency(document, ret_fault)) return false;
    mongo_fields_blame(ret_fault, "seats", NULL);
    return !id_is_none(read->showtime) && read->user.size > 0 && read->seat_count > 0;
}

static bool read_payment(const bson_t *document, struct mongo_payment *payment,
                         struct mongo_fault *ret_fault)
{
    mongo_fields_blame(ret_fault, "_id", NULL);
    if (!read_id(document, &payment->payment.id)) return false;
    if (mongo_fields_fault(&payments, document, payment, ret_fault)) return false;
    if (mongo_fields_fault(&payments_seen, document, payment, ret_fault)) return false;
    if (lacks(document, payment_musts, COUNT_OF(payment_musts), ret_fault)) return false;
    if (has_other_currency(document, ret_fault)) return false;
    const bool whole = bson_has_field(document, "_id");
    mongo_fields_blame(ret_fault, "method", NULL);
    return !whole || mongo_fields_has(document, "method") ||
           mongo_fields_has(document, "payment_method");
}

bool mongo_documents_read_booking(const bson_t *document, struct mongo_booking *booking)
{
    struct mongo_fault fault;
    return read_booking(document, booking, &fault);
}

/* Its money is recorded and waits: the core has no such state, for it the payment is open. */
static bool read_recorded(const bson_t *document, struct mongo_payment *payment,
                          struct mongo_fault *ret_fault)
{
    bson_t copy = BSON_INITIALIZER;
    bson_copy_to_excluding_noinit(document, &copy, "status", NULL);
    BSON_APPEND_UTF8(&copy, "status", payment_status_name(PAYMENT_PROCESSING).data);
    const bool whole = read_payment(&copy, payment, ret_fault);
    bson_destroy(&copy);
    payment->money_waits = true;
    return whole;
}

/* What the predecessor had been paid it did not write down: it was what it had asked for. */
static void complete_foreign(struct payment *payment)
{
    if (payment->status != PAYMENT_COMPLETED || payment->paid_amount != 0) return;
    payment->paid_amount = payment->amount;
    if (payment->paid_at_ms == 0) payment->paid_at_ms = payment->updated_at_ms;
}

static bool read_any_payment(const bson_t *document, struct mongo_payment *payment,
                             struct mongo_fault *ret_fault)
{
    bson_iter_t at;
    const bool told = bson_iter_init_find(&at, document, "status");
    if (bson_has_field(document, "_id")) payment->foreign = !bson_has_field(document, "v");
    if (told && slice_equal(mongo_fields_text(&at), SLICE(MONGO_MONEY_RECORDED))) {
        return read_recorded(document, payment, ret_fault);
    }
    if (!read_payment(document, payment, ret_fault)) return false;
    if (told) payment->money_waits = false;
    if (payment->foreign) complete_foreign(&payment->payment);
    return true;
}

bool mongo_documents_read_payment(const bson_t *document, struct mongo_payment *payment)
{
    struct mongo_fault fault;
    return read_any_payment(document, payment, &fault);
}

bool mongo_documents_unnamed(const struct mongo_booking *booking)
{
    return booking->version == 0 && booking->booking.status == BOOKING_CONFIRMED &&
           id_is_none(booking->booking.payment);
}

void mongo_documents_name_kept(struct mongo_booking *booking, const struct payment *payment)
{
    const bool kept =
        payment->status == PAYMENT_COMPLETED && id_equal(payment->booking, booking->booking.id);
    if (kept && mongo_documents_unnamed(booking)) booking->booking.payment = payment->id;
}

bool mongo_documents_booking_fault(const bson_t *document, struct mongo_fault *ret_fault)
{
    struct mongo_booking booking = {0};
    return !read_booking(document, &booking, ret_fault);
}

bool mongo_documents_payment_fault(const bson_t *document, struct mongo_fault *ret_fault)
{
    struct mongo_payment payment = {0};
    return !read_any_payment(document, &payment, ret_fault);
}

enum error mongo_documents_refuse(enum mongo_collection collection, const bson_t *document)
{
    struct mongo_fault fault = {""};
    struct id id = {0};
    char text[ID_HEX_SIZE];
    (void)read_id(document, &id);
    id_format(id, text);
    if (collection == MONGO_BOOKINGS) (void)mongo_documents_booking_fault(document, &fault);
    if (collection == MONGO_PAYMENTS) (void)mongo_documents_payment_fault(document, &fault);
    log_event(LOG_ERROR, "document_broken",
              LOG_TEXT("collection", slice_of(mongo_collection_name(collection))),
              LOG_TEXT("id", ((struct slice){text, sizeof text})),
              LOG_TEXT("field", slice_of(fault.field)));
    return ERROR_INTERNAL_ERROR;
}

bool mongo_documents_read_key(const bson_t *document, struct mongo_key *key)
{
    bson_iter_t at;
    if (!bson_iter_init_find(&at, document, "operation")) return false;
    if (!operation_parse(mongo_fields_text(&at), &key->record.claim.operation)) return false;
    return mongo_fields_read(&keys, document, key);
}

bool mongo_documents_read_block(const bson_t *document, struct mongo_block *block)
{
    return read_id(document, &block->block.id) && mongo_fields_read(&blocks, document, block);
}

/* How far a payment has come. A recorded payment is behind every open state and before every
 * decision. */
void mongo_documents_append_below(bson_t *document, const char *name, enum payment_status status)
{
    static const int heights[PAYMENT_STATUS_COUNT] = {
        [PAYMENT_PENDING] = 0,       [PAYMENT_PROCESSING] = 1, [PAYMENT_FAILED] = 2,
        [PAYMENT_COMPLETED] = 4,     [PAYMENT_REFUND_DUE] = 5, [PAYMENT_REFUNDING] = 6,
        [PAYMENT_REFUND_FAILED] = 7, [PAYMENT_REFUNDED] = 8};
    enum { MONEY_RECORDED = 3 };
    bson_t array;
    uint32_t count = 0;
    BSON_APPEND_ARRAY_BEGIN(document, name, &array);
    for (uint32_t other = 0; other < PAYMENT_STATUS_COUNT; other++) {
        if (heights[other] > heights[status]) continue;
        char buffer[16];
        const char *key = NULL;
        (void)bson_uint32_to_string(count++, &key, buffer, sizeof buffer);
        BSON_APPEND_UTF8(&array, key, payment_status_name((enum payment_status)other).data);
    }
    if (heights[status] > MONEY_RECORDED) {
        char buffer[16];
        const char *key = NULL;
        (void)bson_uint32_to_string(count, &key, buffer, sizeof buffer);
        BSON_APPEND_UTF8(&array, key, MONGO_MONEY_RECORDED);
    }
    (void)bson_append_array_end(document, &array);
}
