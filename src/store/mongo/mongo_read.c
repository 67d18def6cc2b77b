#include "store/mongo/mongo_read.h"

#include "base/check.h"
#include "base/log.h"
#include "store/mongo/mongo_ids.h"

enum error mongo_read_failure(const char *what, const bson_error_t *why, const bson_t *reply,
                              enum mongo_class *ret_class)
{
    CHECK(what != NULL);

    *ret_class = mongo_error_class(why, reply);
    const enum log_level level = *ret_class == MONGO_DUPLICATE ? LOG_DEBUG : LOG_WARNING;
    log_event(*ret_class == MONGO_BUG ? LOG_ERROR : level, "mongo_failed",
              LOG_TEXT("what", slice_of(what)),
              LOG_TEXT("class", slice_of(mongo_error_name(*ret_class))),
              LOG_NUMBER("code", why->code), LOG_TEXT("why", slice_of(why->message)));
    return mongo_error_of(*ret_class);
}

enum error mongo_read_end(mongoc_cursor_t *cursor, const char *what)
{
    bson_error_t why = {0};
    const bson_t *reply = NULL;
    enum mongo_class class = MONGO_DONE;
    if (!mongoc_cursor_error_document(cursor, &why, &reply)) return ERROR_NONE;
    const enum error error = mongo_read_failure(what, &why, reply, &class);
    return error == ERROR_NONE ? ERROR_STORE_UNAVAILABLE : error;
}

enum error mongo_read_any(struct mongo_client *client, enum mongo_collection collection,
                          const bson_t *filter, const char *what, bool *ret_any)
{
    bson_t *options = BCON_NEW("projection", "{", "_id", BCON_INT32(1), "}", "limit", BCON_INT64(1),
                               "maxTimeMS", BCON_INT32(MONGO_READ_MS));
    mongoc_cursor_t *cursor =
        mongoc_collection_find_with_opts(client->collections[collection], filter, options, NULL);
    const bson_t *document = NULL;
    *ret_any = mongoc_cursor_next(cursor, &document);
    const enum error error = mongo_read_end(cursor, what);
    mongoc_cursor_destroy(cursor);
    bson_destroy(options);
    return error;
}

static void append_linearizable(bson_t *options)
{
    mongoc_read_concern_t *concern = mongoc_read_concern_new();
    (void)mongoc_read_concern_set_level(concern, MONGOC_READ_CONCERN_LEVEL_LINEARIZABLE);
    CHECK(mongoc_read_concern_append(concern, options));
    mongoc_read_concern_destroy(concern);
}

void mongo_read_append_terms(const struct mongo_client *client, bson_t *options)
{
    CHECK(client->connection != NULL);

    const bool strong = client->strong && mongo_connection_majority(client->connection);
    BSON_APPEND_INT32(options, "maxTimeMS", strong ? MONGO_STRONG_MS : MONGO_READ_MS);
    if (strong) append_linearizable(options);
}

static bson_t *make_options(const struct mongo_client *client, const char *projection)
{
    bson_t *options = BCON_NEW("limit", BCON_INT64(1));
    mongo_read_append_terms(client, options);
    if (projection == NULL) return options;
    bson_t *wanted = bson_new_from_json((const uint8_t *)projection, -1, NULL);
    CHECK(wanted != NULL);
    BSON_APPEND_DOCUMENT(options, "projection", wanted);
    bson_destroy(wanted);
    return options;
}

static enum error read_with(struct mongo_client *client, enum mongo_collection collection,
                            struct id id, const bson_t *options, bson_t *ret_found, bool *ret_there)
{
    const bson_oid_t oid = mongo_ids_to_oid(id);
    bson_t filter = BSON_INITIALIZER;
    BSON_APPEND_OID(&filter, "_id", &oid);
    mongoc_cursor_t *cursor =
        mongoc_collection_find_with_opts(client->collections[collection], &filter, options, NULL);
    const bson_t *document = NULL;
    enum error error = ERROR_NONE;
    *ret_there = mongoc_cursor_next(cursor, &document);
    if (*ret_there) bson_copy_to(document, ret_found);
    else error = mongo_read_end(cursor, "read");
    mongoc_cursor_destroy(cursor);
    bson_destroy(&filter);
    return error;
}

enum error mongo_read_one(struct mongo_client *client, enum mongo_collection collection,
                          struct id id, const char *projection, bson_t *ret_found, bool *ret_there)
{
    bson_t *options = make_options(client, projection);
    const enum error error = read_with(client, collection, id, options, ret_found, ret_there);
    bson_destroy(options);
    return error;
}

enum error mongo_read_latest(struct mongo_client *client, enum mongo_collection collection,
                             struct id id, const char *projection, bson_t *ret_found,
                             bool *ret_there)
{
    bson_t *options = make_options(client, projection);
    CHECK(!client->strong);
    /* A server alone is never overtaken, and knows no such read. */
    if (mongo_connection_majority(client->connection)) append_linearizable(options);
    const enum error error = read_with(client, collection, id, options, ret_found, ret_there);
    bson_destroy(options);
    return error;
}

void mongo_read_append_after(bson_t *filter, struct id after)
{
    if (id_is_none(after)) return;
    bson_t behind;
    const bson_oid_t oid = mongo_ids_to_oid(after);
    BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &behind);
    BSON_APPEND_OID(&behind, "$gt", &oid);
    (void)bson_append_document_end(filter, &behind);
}

static bool has_any(const bson_t *reply, const char *name)
{
    bson_iter_t at;
    bson_iter_t element;
    if (!bson_iter_init_find(&at, reply, name) || !BSON_ITER_HOLDS_ARRAY(&at)) return false;
    return bson_iter_recurse(&at, &element) && bson_iter_next(&element);
}

/* Of several failures the driver names the first. */
static bool only_repeats(const bson_t *reply)
{
    bson_iter_t at;
    bson_iter_t failure;
    if (!bson_iter_init_find(&at, reply, "writeErrors") || !BSON_ITER_HOLDS_ARRAY(&at))
        return false;
    if (!bson_iter_recurse(&at, &failure)) return false;
    bool only = false;
    while (bson_iter_next(&failure)) {
        bson_iter_t code;
        if (!bson_iter_recurse(&failure, &code) || !bson_iter_find(&code, "code")) return false;
        const bson_error_t why = {.domain = MONGOC_ERROR_SERVER,
                                  .code = (uint32_t)bson_iter_as_int64(&code)};
        if (mongo_error_class(&why, NULL) != MONGO_DUPLICATE) return false;
        only = true;
    }
    return only;
}

enum error mongo_read_written(const char *what, bool done, bool repeats, const bson_error_t *why,
                              const bson_t *reply)
{
    enum mongo_class class = MONGO_DONE;
    if (has_any(reply, "writeConcernErrors")) {
        log_event(LOG_WARNING, "mongo_failed", LOG_TEXT("what", slice_of(what)),
                  LOG_TEXT("class", slice_of(mongo_error_name(MONGO_APPLIED))));
        return mongo_error_of(MONGO_APPLIED);
    }
    /* The network may have failed behind repeats. */
    const bool repeated = repeats && mongo_error_class(why, reply) == MONGO_DUPLICATE;
    if (done || (repeated && only_repeats(reply))) return ERROR_NONE;
    const enum error error = mongo_read_failure(what, why, reply, &class);
    /* Of a repeat nothing more is to be done, and of what hides behind it something is. */
    return repeats && class == MONGO_DUPLICATE ? ERROR_STORE_UNAVAILABLE : error;
}
