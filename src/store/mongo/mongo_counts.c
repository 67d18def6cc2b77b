#include "store/mongo/mongo_counts.h"

#include "core/booking.h"
#include "core/payment.h"
#include "store/mongo/mongo_read.h"

static enum error count(struct mongo_client *client, enum mongo_collection collection,
                        struct slice status, uint64_t *ret_count)
{
    bson_t *filter = BCON_NEW("status", BCON_UTF8(status.data));
    bson_t *options =
        BCON_NEW("limit", BCON_INT64(MONGO_COUNTS_MAX), "maxTimeMS", BCON_INT32(MONGO_READ_MS));
    bson_t reply;
    bson_error_t why = {0};
    const int64_t found = mongoc_collection_count_documents(client->collections[collection], filter,
                                                            options, NULL, &reply, &why);
    enum error error = ERROR_NONE;
    if (found < 0) {
        enum mongo_class class = MONGO_DONE;
        error = mongo_read_failure("count", &why, &reply, &class);
        if (error == ERROR_NONE) error = ERROR_STORE_UNAVAILABLE;
    } else {
        *ret_count = (uint64_t)found;
    }
    bson_destroy(&reply);
    bson_destroy(options);
    bson_destroy(filter);
    return error;
}

/* The moment of the refund that waits longest; 0 if none does. */
static enum error find_oldest(struct mongo_client *client, int64_t *ret_oldest_ms)
{
    static const char date[] = "refund_requested_at";
    bson_t *filter = BCON_NEW("status", BCON_UTF8(payment_status_name(PAYMENT_REFUND_DUE).data),
                              date, "{", "$gt", BCON_DATE_TIME(0), "}");
    bson_t *options =
        BCON_NEW("sort", "{", date, BCON_INT32(1), "}", "limit", BCON_INT64(1), "projection", "{",
                 date, BCON_INT32(1), "}", "maxTimeMS", BCON_INT32(MONGO_READ_MS));
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(client->collections[MONGO_PAYMENTS],
                                                               filter, options, NULL);
    const bson_t *document = NULL;
    bson_iter_t at;
    *ret_oldest_ms = 0;
    if (mongoc_cursor_next(cursor, &document) && bson_iter_init_find(&at, document, date) &&
        BSON_ITER_HOLDS_DATE_TIME(&at)) {
        *ret_oldest_ms = bson_iter_date_time(&at);
    }
    const enum error error = mongo_read_end(cursor, "find the oldest refund");
    mongoc_cursor_destroy(cursor);
    bson_destroy(options);
    bson_destroy(filter);
    return error;
}

enum error mongo_counts_read(struct mongo_client *client, struct storage_counts *ret_counts)
{
    CHECK(ret_counts != NULL);

    struct storage_counts counts = {0};
    enum error error = count(client, MONGO_BOOKINGS, booking_status_name(BOOKING_PENDING),
                             &counts.bookings_pending);
    if (error == ERROR_NONE) {
        error = count(client, MONGO_PAYMENTS, payment_status_name(PAYMENT_REFUND_DUE),
                      &counts.refunds_due);
    }
    if (error == ERROR_NONE) error = find_oldest(client, &counts.oldest_refund_due_ms);
    if (error == ERROR_NONE) *ret_counts = counts;
    return error;
}
