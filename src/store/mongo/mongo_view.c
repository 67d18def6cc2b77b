#include "store/mongo/mongo_view.h"

#include "base/check.h"
#include "store/mongo/mongo_among.h"
#include "store/mongo/mongo_settle.h"

enum error mongo_view_open(struct mongo_view *view, struct mongo_client *client,
                           const struct id *showtimes, uint32_t count)
{
    CHECK(count <= MONGO_VIEW_MAX);

    view->count = 0;
    if (count == 0) return ERROR_NONE;
    bson_t filter = BSON_INITIALIZER;
    mongo_among_append(&filter, "_id", showtimes, count);
    bson_t *options = BCON_NEW("projection", "{", "version", BCON_INT32(1), "settle", BCON_INT32(1),
                               "seats", BCON_INT32(1), "}");
    mongo_read_append_terms(client, options);
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(client->collections[MONGO_SHOWTIMES],
                                                               &filter, options, NULL);
    const bson_t *document = NULL;
    while (view->count < count && mongoc_cursor_next(cursor, &document)) {
        bson_iter_t at;
        struct id *id = &view->showtimes[view->count];
        if (!bson_iter_init_find(&at, document, "_id") || !mongo_fields_read_id(&at, id)) continue;
        bson_copy_to(document, &view->documents[view->count]);
        view->count++;
    }
    const enum error error = mongo_read_end(cursor, "read showtimes");
    mongoc_cursor_destroy(cursor);
    bson_destroy(options);
    bson_destroy(&filter);
    return error;
}

void mongo_view_release(struct mongo_view *view)
{
    for (uint32_t index = 0; index < view->count; index++) bson_destroy(&view->documents[index]);
    view->count = 0;
}

static const bson_t *find(const struct mongo_view *view, struct id showtime)
{
    for (uint32_t index = 0; index < view->count; index++) {
        if (id_equal(view->showtimes[index], showtime)) return &view->documents[index];
    }
    return NULL;
}

uint64_t mongo_view_version(const struct mongo_view *view, struct id showtime)
{
    bson_iter_t at;
    const bson_t *document = find(view, showtime);
    if (document == NULL || !bson_iter_init_find(&at, document, "version")) return 0;
    return (uint64_t)bson_iter_as_int64(&at);
}

/* Does the seat's entry name this id in that member? */
static bool seat_names(const bson_t *showtime, struct seat_name seat, const char *member,
                       struct id id)
{
    char path[sizeof "seats." + SEAT_NAME_SIZE_MAX + sizeof ".booking_id"] = "seats.";
    const size_t size = seat_name_format(seat, path + sizeof "seats." - 1);
    (void)snprintf(path + sizeof "seats." - 1 + size, sizeof path - sizeof "seats." - size + 1,
                   ".%s", member);
    bson_iter_t at;
    bson_iter_t found;
    struct id named;
    if (!bson_iter_init(&at, showtime) || !bson_iter_find_descendant(&at, path, &found))
        return false;
    return mongo_fields_read_id(&found, &named) && id_equal(named, id);
}

bool mongo_view_booking(const struct mongo_view *view, struct mongo_booking *booking)
{
    const bson_t *showtime = find(view, booking->booking.showtime);
    if (showtime == NULL) return false;
    bson_t decided;
    const struct id id = booking->booking.id;
    if (mongo_settle_seek(showtime, MONGO_BOOKINGS, id, &decided)) {
        struct mongo_booking later = *booking;
        if (!mongo_documents_read_booking(&decided, &later)) return false;
        if (later.version > booking->version) *booking = later;
        return booking->never_held_at_ms == 0;
    }
    if (booking->never_held_at_ms > 0) return false;
    if (booking->version > 0 || booking->booking.status != BOOKING_PENDING) return true;
    return seat_names(showtime, booking->booking.seats[0].name, "booking_id", id);
}

bool mongo_view_payment(const struct mongo_view *view, const struct mongo_booking *booking,
                        struct mongo_payment *payment)
{
    const bson_t *showtime = find(view, booking->booking.showtime);
    if (showtime == NULL) return false;
    bson_t decided;
    const struct id id = payment->payment.id;
    if (mongo_settle_seek(showtime, MONGO_PAYMENTS, id, &decided)) {
        struct mongo_payment later = *payment;
        if (!mongo_documents_read_payment(&decided, &later)) return false;
        const bool waits = payment->money_waits && !payment_paid(later.payment.status);
        if (later.version > payment->version && !waits) *payment = later;
        return true;
    }
    if (payment->foreign || payment->version > 0) return true;
    if (payment->payment.status != PAYMENT_PENDING) return true;
    /* The booking may be newer than the view, and name the payment that came after this one. */
    return id_equal(booking->booking.active_payment, id) ||
           id_equal(booking->booking.payment, id) ||
           seat_names(showtime, booking->booking.seats[0].name, "pay", id);
}

bool mongo_view_block(const struct mongo_view *view, struct mongo_block *block)
{
    const bson_t *showtime = find(view, block->block.showtime);
    if (showtime == NULL) return false;
    bson_t decided;
    const struct id id = block->block.id;
    if (mongo_settle_seek(showtime, MONGO_BLOCKS, id, &decided)) {
        return mongo_documents_read_block(&decided, block);
    }
    if (block->block.released_at_ms > 0) return true;
    return seat_names(showtime, block->block.seats[0], "block_id", id);
}

static void take_kept(mongoc_cursor_t *cursor, struct mongo_booking *bookings, uint32_t count)
{
    const bson_t *document = NULL;
    for (uint32_t looked = 0; looked < count && mongoc_cursor_next(cursor, &document); looked++) {
        struct id payment;
        struct id booking;
        bson_iter_t at;
        if (!bson_iter_init_find(&at, document, "_id")) continue;
        if (!mongo_fields_read_id(&at, &payment)) continue;
        if (!bson_iter_init_find(&at, document, "booking_id")) continue;
        if (!mongo_fields_read_id(&at, &booking)) continue;
        for (uint32_t index = 0; index < count; index++) {
            const bool its = id_equal(bookings[index].booking.id, booking);
            if (its && mongo_documents_unnamed(&bookings[index]))
                bookings[index].booking.payment = payment;
        }
    }
}

enum error mongo_view_name_kept(struct mongo_client *client, struct mongo_booking *bookings,
                                uint32_t count)
{
    bson_t filter = BSON_INITIALIZER;
    struct mongo_among among;
    BSON_APPEND_UTF8(&filter, "status", payment_status_name(PAYMENT_COMPLETED).data);
    mongo_among_begin(&among, &filter, "booking_id");
    for (uint32_t index = 0; index < count; index++) {
        if (mongo_documents_unnamed(&bookings[index]))
            mongo_among_add(&among, bookings[index].booking.id);
    }
    mongo_among_end(&among, &filter);
    enum error error = ERROR_NONE;
    if (among.count > 0) {
        bson_t *options =
            BCON_NEW("projection", "{", "booking_id", BCON_INT32(1), "}", "limit",
                     BCON_INT64((int64_t)count), "maxTimeMS", BCON_INT32(MONGO_READ_MS));
        mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(
            client->collections[MONGO_PAYMENTS], &filter, options, NULL);
        take_kept(cursor, bookings, count);
        error = mongo_read_end(cursor, "look for kept money");
        mongoc_cursor_destroy(cursor);
        bson_destroy(options);
    }
    bson_destroy(&filter);
    return error;
}

struct payment mongo_view_shown(const struct mongo_payment *payment)
{
    struct payment shown = payment->payment;
    if (!payment->money_waits) return shown;
    shown.paid_amount = 0;
    shown.paid_at_ms = 0;
    shown.paid_currency = (struct currency){0};
    return shown;
}
