#include "store/mongo/mongo_watch.h"

#include "base/check.h"
#include "store/mongo/mongo_among.h"
#include "store/mongo/mongo_documents.h"
#include "store/mongo/mongo_read.h"
#include "store/mongo/mongo_waiting.h"

/* Ends a query; its error, if it had one. */
static enum error end(mongoc_cursor_t *cursor, const char *what)
{
    const enum error error = mongo_read_end(cursor, what);
    mongoc_cursor_destroy(cursor);
    return error;
}

enum error mongo_watch_versions(struct mongo_client *client, const struct id *showtimes,
                                uint32_t count, uint64_t *versions)
{
    CHECK(versions != NULL);
    CHECK(!client->strong || count <= 1);

    memset(versions, 0, count * sizeof *versions);
    if (count == 0) return ERROR_NONE;
    bson_t filter = BSON_INITIALIZER;
    mongo_among_append(&filter, "_id", showtimes, count);
    bson_t *options = BCON_NEW("projection", "{", "version", BCON_INT32(1), "}");
    mongo_read_append_terms(client, options);
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(client->collections[MONGO_SHOWTIMES],
                                                               &filter, options, NULL);
    const bson_t *document = NULL;
    while (mongoc_cursor_next(cursor, &document)) {
        bson_iter_t at;
        struct id id;
        if (!bson_iter_init_find(&at, document, "_id") || !mongo_fields_read_id(&at, &id)) continue;
        if (!bson_iter_init_find(&at, document, "version")) continue;
        for (uint32_t index = 0; index < count; index++) {
            if (!id_equal(id, showtimes[index])) continue;
            versions[index] = (uint64_t)bson_iter_as_int64(&at);
            /* Of another hand; whoever loads it moves it on. */
            if (versions[index] == 0) versions[index] = 1;
        }
    }
    bson_destroy(options);
    bson_destroy(&filter);
    return end(cursor, "read versions");
}

/* Where the next round goes on, after `looked` documents up to `last`. */
static void go_on(struct id *after, size_t looked, size_t capacity, struct id last)
{
    *after = last;
    if (looked < capacity) *after = (struct id){0};
}

static struct id id_of(const bson_t *document)
{
    bson_iter_t at;
    struct id id = {0};
    if (bson_iter_init_find(&at, document, "_id")) (void)mongo_fields_read_id(&at, &id);
    return id;
}

enum error mongo_watch_due(struct mongo_client *client, int64_t before_ms, struct id *after,
                           struct id *showtimes, size_t capacity, size_t *ret_count)
{
    CHECK(capacity > 0);
    CHECK(after != NULL);

    bson_t *filter =
        BCON_NEW("due_at", "{", "$gte", BCON_DATE_TIME(0), "$lt", BCON_DATE_TIME(before_ms), "}");
    mongo_read_append_after(filter, *after);
    bson_t *options = BCON_NEW("projection", "{", "_id", BCON_INT32(1), "}", "sort", "{", "_id",
                               BCON_INT32(1), "}", "limit", BCON_INT64((int64_t)capacity),
                               "maxTimeMS", BCON_INT32(MONGO_READ_MS));
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(client->collections[MONGO_SHOWTIMES],
                                                               filter, options, NULL);
    const bson_t *document = NULL;
    struct id last = {0};
    size_t count = 0;
    size_t looked = 0;
    for (; looked < capacity && mongoc_cursor_next(cursor, &document); looked++) {
        last = id_of(document);
        if (!id_is_none(last)) showtimes[count++] = last;
    }
    bson_destroy(options);
    bson_destroy(filter);
    *ret_count = count;
    const enum error error = end(cursor, "list what is due");
    if (error == ERROR_NONE) go_on(after, looked, capacity, last);
    return error;
}

static enum error find_showtime(struct mongo_client *client, struct id booking,
                                struct id *ret_showtime)
{
    bson_t found;
    bson_iter_t at;
    bool there = false;
    const enum error error =
        mongo_read_one(client, MONGO_BOOKINGS, booking, "{\"showtime_id\": 1}", &found, &there);
    *ret_showtime = (struct id){0};
    if (error != ERROR_NONE || !there) return error;
    if (bson_iter_init_find(&at, &found, "showtime_id")) {
        (void)mongo_fields_read_id(&at, ret_showtime);
    }
    bson_destroy(&found);
    return ERROR_NONE;
}

/* Payments, as commands that have a booking, but no showtime yet. */
static enum error list_money(struct mongo_client *client, struct id *after,
                             struct command *commands, size_t capacity, size_t *ret_count)
{
    bson_t *filter = BCON_NEW("status", BCON_UTF8(MONGO_MONEY_RECORDED));
    mongo_read_append_after(filter, *after);
    bson_t *options =
        BCON_NEW("sort", "{", "_id", BCON_INT32(1), "}", "limit", BCON_INT64((int64_t)capacity),
                 "maxTimeMS", BCON_INT32(MONGO_READ_MS));
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(client->collections[MONGO_PAYMENTS],
                                                               filter, options, NULL);
    const bson_t *document = NULL;
    struct id last = {0};
    size_t count = 0;
    size_t looked = 0;
    for (; looked < capacity && mongoc_cursor_next(cursor, &document); looked++) {
        struct mongo_payment payment = {0};
        last = id_of(document);
        if (!mongo_documents_read_payment(document, &payment) || !payment.money_waits) continue;
        mongo_waiting_command(&payment.payment, &commands[count]);
        commands[count++].booking = payment.payment.booking;
    }
    bson_destroy(options);
    bson_destroy(filter);
    *ret_count = count;
    const enum error error = end(cursor, "list undecided money");
    if (error == ERROR_NONE) go_on(after, looked, capacity, last);
    return error;
}

enum error mongo_watch_money(struct mongo_client *client, struct id *after,
                             struct command *commands, size_t capacity, size_t *ret_count)
{
    CHECK(capacity > 0);
    CHECK(after != NULL);

    size_t count = 0;
    enum error error = list_money(client, after, commands, capacity, &count);
    size_t kept = 0;
    for (size_t index = 0; index < count && error == ERROR_NONE; index++) {
        struct command *command = &commands[index];
        error = find_showtime(client, command->booking, &command->showtime);
        command->booking = (struct id){0};
        if (error == ERROR_NONE && !id_is_none(command->showtime)) commands[kept++] = *command;
    }
    *ret_count = kept;
    return error;
}
