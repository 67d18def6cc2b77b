#include "store/mongo/mongo_export_bookings.h"

#include <stdlib.h>
#include <string.h>

#include "store/mongo/mongo_among.h"
#include "store/mongo/mongo_ids.h"

void mongo_export_begin(struct mongo_export_state *export, enum move_kind kind)
{
    arena_reset(&export->arena);
    memset(&export->record, 0, sizeof export->record);
    export->record.kind = kind;
}

bool mongo_export_put(struct mongo_export_state *export)
{
    return move_file_put(export->file, &export->record, export->reason);
}

bool mongo_export_refuse(struct mongo_export_state *export, const char *what)
{
    return move_record_explain(export->reason,
                               "a %s cannot be read: its document is damaged, or"
                               " of another hand",
                               what);
}

bool mongo_export_read(struct mongo_export_state *export, mongoc_cursor_t *cursor, bool whole)
{
    bson_error_t why = {0};
    if (!whole) return false;
    if (!mongoc_cursor_error(cursor, &why)) return true;
    return move_record_explain(export->reason, "MongoDB: %s", why.message);
}

static mongoc_cursor_t *find(struct mongo_export_state *export, enum mongo_collection collection,
                             const bson_t *filter, const char *first)
{
    bson_t *options = BCON_NEW("sort", "{", first, BCON_INT32(1), "_id", BCON_INT32(1), "}",
                               "batchSize", BCON_INT32(1000));
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(
        export->client.collections[collection], filter, options, NULL);
    bson_destroy(options);
    return cursor;
}

/* Which request made the payment: by its id, if it was made here, else by whom it answers. */
static enum operation made_by(struct mongo_export_state *export,
                              const struct mongo_payment *payment)
{
    struct claim_key claim = {
        .user = payment->payment.user, .operation = OPERATION_CONFIRM, .key = payment->key};
    if (uuid_is_none(payment->key)) return OPERATION_PAY;
    if (id_equal(mongo_ids_made(export->mac, &claim), payment->payment.id)) {
        return OPERATION_CONFIRM;
    }
    claim.operation = OPERATION_PAY;
    if (id_equal(mongo_ids_made(export->mac, &claim), payment->payment.id)) return OPERATION_PAY;
    return uuid_equal(payment->payment.alias, payment->key) ? OPERATION_CONFIRM : OPERATION_PAY;
}

static bool put_booking(struct mongo_export_state *export, const struct mongo_booking *booking)
{
    mongo_export_begin(export, MOVE_BOOKING);
    export->record.booking = (struct move_booking){.booking = booking->booking,
                                                   .origin = {.key = booking->key,
                                                              .fingerprint = booking->fingerprint,
                                                              .operation = OPERATION_HOLD}};
    return mongo_export_put(export);
}

static bool put_payment(struct mongo_export_state *export, const struct mongo_payment *payment)
{
    mongo_export_begin(export, MOVE_PAYMENT);
    export->record.payment =
        (struct move_payment){.payment = payment->payment,
                              .origin = {.key = payment->key,
                                         .fingerprint = payment->fingerprint,
                                         .operation = made_by(export, payment)}};
    return mongo_export_put(export);
}

/* Takes a payment of one of the bookings, if it stands. */
static bool take_payment(struct mongo_export_state *export, const bson_t *document)
{
    if (export->payment_count == MONGO_EXPORT_PAYMENTS_MAX) {
        return move_record_explain(export->reason, "%d bookings have more than %d payments",
                                   MONGO_EXPORT_GROUP, MONGO_EXPORT_PAYMENTS_MAX);
    }
    struct mongo_payment *payment = &export->payments[export->payment_count];
    memset(payment, 0, sizeof *payment);
    if (!mongo_documents_read_payment(document, payment)) {
        return mongo_export_refuse(export, "payment");
    }
    const struct mongo_booking *booking = NULL;
    for (uint32_t index = 0; index < export->booking_count; index++) {
        const struct mongo_booking *one = &export->bookings[index];
        if (id_equal(one->booking.id, payment->payment.booking)) booking = one;
    }
    if (booking == NULL || !mongo_view_payment(&export->view, booking, payment)) return true;
    if (payment->money_waits) {
        char id[ID_HEX_SIZE];
        id_format(payment->payment.id, id);
        return move_record_explain(export->reason,
                                   "payment %.*s is paid, and not decided yet; start an instance "
                                   "for some seconds, then stop it",
                                   ID_HEX_SIZE, id);
    }
    export->payment_count++;
    return true;
}

static bool fetch_payments(struct mongo_export_state *export)
{
    bson_t filter = BSON_INITIALIZER;
    struct mongo_among among;
    const bson_t *document = NULL;
    if (export->payments == NULL) {
        export->payments = malloc(MONGO_EXPORT_PAYMENTS_MAX * sizeof *export->payments);
        if (export->payments == NULL) {
            return move_record_explain(export->reason, "there is no memory for it");
        }
    }
    mongo_among_begin(&among, &filter, "booking_id");
    for (uint32_t index = 0; index < export->booking_count; index++) {
        mongo_among_add(&among, export->bookings[index].booking.id);
    }
    mongo_among_end(&among, &filter);
    mongoc_cursor_t *cursor = find(export, MONGO_PAYMENTS, &filter, "createdAt");
    bool whole = true;
    export->payment_count = 0;
    while (whole && mongoc_cursor_next(cursor, &document)) whole = take_payment(export, document);
    whole = mongo_export_read(export, cursor, whole);
    mongoc_cursor_destroy(cursor);
    bson_destroy(&filter);
    return whole;
}

/* Each booking of the group, and behind it its payments. */
static bool put_group(struct mongo_export_state *export)
{
    if (export->booking_count == 0) return true;
    if (!fetch_payments(export)) return false;
    for (uint32_t index = 0; index < export->booking_count; index++) {
        struct mongo_booking *booking = &export->bookings[index];
        for (uint32_t other = 0; other < export->payment_count; other++) {
            mongo_documents_name_kept(booking, &export->payments[other].payment);
        }
        if (!put_booking(export, booking)) return false;
        for (uint32_t other = 0; other < export->payment_count; other++) {
            const struct mongo_payment *payment = &export->payments[other];
            if (!id_equal(payment->payment.booking, booking->booking.id)) continue;
            if (!put_payment(export, payment)) return false;
        }
    }
    export->booking_count = 0;
    return true;
}

/* Takes a booking into the group; one that no commit followed is nobody's. */
static bool take_booking(struct mongo_export_state *export, const bson_t *document)
{
    struct mongo_booking *booking = &export->bookings[export->booking_count];
    memset(booking, 0, sizeof *booking);
    if (!mongo_documents_read_booking(document, booking)) {
        return mongo_export_refuse(export, "booking");
    }
    if (!mongo_view_booking(&export->view, booking)) return true;
    export->booking_count++;
    return export->booking_count < MONGO_EXPORT_GROUP || put_group(export);
}

bool mongo_export_bookings(struct mongo_export_state *export, struct id showtime)
{
    const bson_oid_t oid = mongo_ids_to_oid(showtime);
    const bson_t *document = NULL;
    bson_t *filter = BCON_NEW("showtime_id", BCON_OID(&oid));
    mongoc_cursor_t *cursor = find(export, MONGO_BOOKINGS, filter, "held_at");
    bool whole = true;
    export->booking_count = 0;
    while (whole && mongoc_cursor_next(cursor, &document)) whole = take_booking(export, document);
    whole = mongo_export_read(export, cursor, whole) && put_group(export);
    mongoc_cursor_destroy(cursor);
    bson_destroy(filter);
    return whole;
}

static bool put_block(struct mongo_export_state *export, const bson_t *document)
{
    struct mongo_block block = {.version = 0};
    mongo_export_begin(export, MOVE_BLOCK);
    if (!mongo_documents_read_block(document, &block)) return mongo_export_refuse(export, "block");
    if (!mongo_view_block(&export->view, &block)) return true;
    export->record.block = block.block;
    return mongo_export_put(export);
}

bool mongo_export_blocks(struct mongo_export_state *export, struct id showtime)
{
    const bson_oid_t oid = mongo_ids_to_oid(showtime);
    const bson_t *document = NULL;
    bson_t *filter = BCON_NEW("showtime_id", BCON_OID(&oid));
    mongoc_cursor_t *cursor = find(export, MONGO_BLOCKS, filter, "createdAt");
    bool whole = true;
    while (whole && mongoc_cursor_next(cursor, &document)) whole = put_block(export, document);
    whole = mongo_export_read(export, cursor, whole);
    mongoc_cursor_destroy(cursor);
    bson_destroy(filter);
    return whole;
}
