#include "store/mongo/mongo_reader.h"

#include "base/check.h"
#include "store/mongo/mongo_ids.h"
#include "store/mongo/mongo_pager.h"

struct mongo_reader {
    struct mongo_client client;
    struct mongo_view view;
    struct mongo_pager pager;
};

/* The booking's document, as it is now. */
static enum error read_booking(struct mongo_reader *reader, struct id id,
                               struct mongo_booking *ret_booking, bool *ret_there)
{
    bson_t document;
    const enum error error =
        mongo_read_one(&reader->client, MONGO_BOOKINGS, id, NULL, &document, ret_there);
    if (error != ERROR_NONE || !*ret_there) return error;
    *ret_booking = (struct mongo_booking){0};
    const bool whole = mongo_documents_read_booking(&document, ret_booking);
    if (!whole) (void)mongo_documents_refuse(MONGO_BOOKINGS, &document);
    bson_destroy(&document);
    return whole ? ERROR_NONE : ERROR_STORE_UNAVAILABLE;
}

static enum error read_payment(struct mongo_reader *reader, struct id id,
                               struct mongo_payment *ret_payment, bool *ret_there)
{
    bson_t document;
    const enum error error =
        mongo_read_one(&reader->client, MONGO_PAYMENTS, id, NULL, &document, ret_there);
    if (error != ERROR_NONE || !*ret_there) return error;
    *ret_payment = (struct mongo_payment){0};
    const bool whole = mongo_documents_read_payment(&document, ret_payment);
    if (!whole) (void)mongo_documents_refuse(MONGO_PAYMENTS, &document);
    bson_destroy(&document);
    return whole ? ERROR_NONE : ERROR_STORE_UNAVAILABLE;
}

/* Which showtime a booking is of never changes: the first look is for that. The view stays open
 * in `reader->view` if the booking is there. */
static enum error look_at_booking(struct mongo_reader *reader, struct id id,
                                  struct mongo_booking *ret_booking, bool *ret_there)
{
    enum error error = read_booking(reader, id, ret_booking, ret_there);
    if (error != ERROR_NONE || !*ret_there) return error;
    error = mongo_view_open(&reader->view, &reader->client, &ret_booking->booking.showtime, 1);
    if (error == ERROR_NONE) error = read_booking(reader, id, ret_booking, ret_there);
    *ret_there = *ret_there && mongo_view_booking(&reader->view, ret_booking);
    if (error != ERROR_NONE || !*ret_there) return error;
    return mongo_view_name_kept(&reader->client, ret_booking, 1);
}

static enum error find_booking(void *context, struct id id, enum consistency consistency,
                               struct booking *ret_booking, uint64_t *ret_version)
{
    struct mongo_reader *reader = context;
    struct mongo_booking booking;
    bool there = false;
    reader->view.count = 0;
    reader->client.strong = consistency == CONSISTENCY_STRONG;
    const enum error error = look_at_booking(reader, id, &booking, &there);
    reader->client.strong = false;
    if (error == ERROR_NONE && there) {
        *ret_booking = booking.booking;
        *ret_version = mongo_view_version(&reader->view, booking.booking.showtime);
    }
    mongo_view_release(&reader->view);
    if (error != ERROR_NONE) return error;
    return there ? ERROR_NONE : ERROR_BOOKING_NOT_FOUND;
}

static enum error list_bookings(void *context, const struct booking_query *query,
                                struct booking *bookings, size_t *ret_count, bool *ret_more)
{
    struct mongo_reader *reader = context;
    CHECK(query->limit >= 1);
    CHECK(query->limit <= BOOKINGS_LISTED_MAX);

    bson_t filter = BSON_INITIALIZER;
    mongo_fields_append_user(&filter, "user_id", &query->user);
    const struct mongo_page page = {.filter = &filter,
                                    .any_status = query->any_status,
                                    .status = query->status,
                                    .after = query->after,
                                    .limit = query->limit};
    const enum error error =
        mongo_pager_list(&reader->pager, &reader->client, &page, bookings, ret_count, ret_more);
    bson_destroy(&filter);
    return error;
}

static enum error find_by_alias(struct mongo_reader *reader, const struct payment_query *query,
                                struct id *ret_id)
{
    char alias[UUID_TEXT_SIZE];
    uuid_format(query->alias, alias);
    bson_t *filter = bson_new();
    mongo_fields_append_user(filter, "user_id", &query->user);
    (void)bson_append_utf8(filter, "alias", -1, alias, sizeof alias);
    bson_t *options = BCON_NEW("projection", "{", "_id", BCON_INT32(1), "}", "sort", "{",
                               "createdAt", BCON_INT32(-1), "}", "limit", BCON_INT64(1));
    mongo_read_append_terms(&reader->client, options);
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(
        reader->client.collections[MONGO_PAYMENTS], filter, options, NULL);
    const bson_t *document = NULL;
    bson_iter_t at;
    if (mongoc_cursor_next(cursor, &document) && bson_iter_init_find(&at, document, "_id")) {
        (void)mongo_fields_read_id(&at, ret_id);
    }
    const enum error error = mongo_read_end(cursor, "find payment");
    mongoc_cursor_destroy(cursor);
    bson_destroy(options);
    bson_destroy(filter);
    return error;
}

/* Showtime, booking, payment: in this order, after a first look that says which. */
static enum error look_at_payment(struct mongo_reader *reader, struct id id,
                                  struct mongo_payment *ret_payment,
                                  struct mongo_booking *ret_booking, bool *ret_there)
{
    enum error error = read_payment(reader, id, ret_payment, ret_there);
    if (error != ERROR_NONE || !*ret_there) return error;
    error = look_at_booking(reader, ret_payment->payment.booking, ret_booking, ret_there);
    if (error != ERROR_NONE || !*ret_there) return error;
    error = read_payment(reader, id, ret_payment, ret_there);
    *ret_there = *ret_there && mongo_view_payment(&reader->view, ret_booking, ret_payment);
    return error;
}

static enum error look_for_payment(struct mongo_reader *reader, const struct payment_query *query,
                                   struct payment *ret_payment, struct id *ret_showtime,
                                   uint64_t *ret_version)
{
    struct id id = query->id;
    struct mongo_payment payment;
    struct mongo_booking booking;
    bool there = false;
    enum error error = ERROR_NONE;
    if (id_is_none(id) && !uuid_is_none(query->alias)) error = find_by_alias(reader, query, &id);
    if (error != ERROR_NONE) return error;
    if (id_is_none(id)) return ERROR_PAYMENT_NOT_FOUND;
    reader->view.count = 0;
    error = look_at_payment(reader, id, &payment, &booking, &there);
    if (error == ERROR_NONE && there) {
        *ret_payment = mongo_view_shown(&payment);
        *ret_showtime = booking.booking.showtime;
        *ret_version = mongo_view_version(&reader->view, booking.booking.showtime);
    }
    mongo_view_release(&reader->view);
    if (error != ERROR_NONE) return error;
    return there ? ERROR_NONE : ERROR_PAYMENT_NOT_FOUND;
}

static enum error find_payment(void *context, const struct payment_query *query,
                               struct payment *ret_payment, struct id *ret_showtime,
                               uint64_t *ret_version)
{
    struct mongo_reader *reader = context;
    reader->client.strong = query->consistency == CONSISTENCY_STRONG;
    const enum error error =
        look_for_payment(reader, query, ret_payment, ret_showtime, ret_version);
    reader->client.strong = false;
    return error;
}

static enum error ping(void *context)
{
    struct mongo_reader *reader = context;
    return mongo_client_ping(&reader->client);
}

static const struct reader_methods methods = {.find_booking = find_booking,
                                              .list_bookings = list_bookings,
                                              .find_payment = find_payment,
                                              .ping = ping};

enum error mongo_reader_open(struct mongo_connection *connection, struct mongo_reader **ret_reader)
{
    CHECK(ret_reader != NULL);

    struct mongo_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) return ERROR_STORE_UNAVAILABLE;
    const enum error error = mongo_client_open(connection, &reader->client);
    if (error == ERROR_NONE) *ret_reader = reader;
    else free(reader);
    return error;
}

void mongo_reader_close(struct mongo_reader *reader)
{
    if (reader == NULL) return;
    mongo_client_close(&reader->client);
    free(reader);
}

struct reader mongo_reader_port(struct mongo_reader *reader)
{
    CHECK(reader != NULL);
    return (struct reader){.context = reader, .methods = &methods};
}
