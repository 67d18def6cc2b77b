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

static bson_t *make_options(const char *projection)
{
    bson_t *options = BCON_NEW("maxTimeMS", BCON_INT32(MONGO_READ_MS), "limit", BCON_INT64(1));
    if (projection == NULL) return options;
    bson_t *wanted = bson_new_from_json((const uint8_t *)projection, -1, NULL);
    CHECK(wanted != NULL);
    BSON_APPEND_DOCUMENT(options, "projection", wanted);
    bson_destroy(wanted);
    return options;
}

enum error mongo_read_one(struct mongo_client *client, enum mongo_collection collection,
                          struct id id, const char *projection, bson_t *ret_found, bool *ret_there)
{
    const bson_oid_t oid = mongo_ids_to_oid(id);
    bson_t filter = BSON_INITIALIZER;
    BSON_APPEND_OID(&filter, "_id", &oid);
    bson_t *options = make_options(projection);
    mongoc_cursor_t *cursor =
        mongoc_collection_find_with_opts(client->collections[collection], &filter, options, NULL);
    const bson_t *document = NULL;
    const bson_t *reply = NULL;
    bson_error_t why = {0};
    enum mongo_class class = MONGO_DONE;
    enum error error = ERROR_NONE;
    *ret_there = mongoc_cursor_next(cursor, &document);
    if (*ret_there) bson_copy_to(document, ret_found);
    else if (mongoc_cursor_error_document(cursor, &why, &reply)) {
        error = mongo_read_failure("read", &why, reply, &class);
    }
    mongoc_cursor_destroy(cursor);
    bson_destroy(options);
    bson_destroy(&filter);
    return error;
}
