#include "store/mongo/mongo_move.h"

#include <string.h>

#include "store/mongo/mongo_ids.h"

#define MARK "import"

static bool fail(struct move_reason *ret_reason, const bson_error_t *why)
{
    return move_record_explain(ret_reason, "MongoDB: %s", why->message);
}

enum error mongo_move_check_whole(struct mongo_client *client, struct mongo_reason *ret_reason)
{
    bson_t *filter = BCON_NEW("_id", BCON_UTF8(MARK));
    bson_t *options = BCON_NEW("limit", BCON_INT64(1), "maxTimeMS", BCON_INT32(MONGO_READ_MS));
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(client->collections[MONGO_SETTINGS],
                                                               filter, options, NULL);
    const bson_t *document = NULL;
    bson_error_t why = {0};
    enum error error = ERROR_NONE;
    if (mongoc_cursor_next(cursor, &document)) {
        mongo_explain(ret_reason,
                      "an import into this database is not whole; run usher import again");
        error = ERROR_INTERNAL_ERROR;
    } else if (mongoc_cursor_error_document(cursor, &why, &document)) {
        error = mongo_refusal(&why, document, ret_reason);
    }
    mongoc_cursor_destroy(cursor);
    bson_destroy(options);
    bson_destroy(filter);
    return error;
}

bool mongo_move_count(struct mongo_client *client, enum mongo_collection collection,
                      int64_t *ret_count, struct move_reason *ret_reason)
{
    bson_t all = BSON_INITIALIZER;
    bson_error_t why = {0};
    const int64_t count = mongoc_collection_count_documents(client->collections[collection], &all,
                                                            NULL, NULL, NULL, &why);
    bson_destroy(&all);
    if (count < 0) return fail(ret_reason, &why);
    *ret_count = count;
    return true;
}

/* A look, not the server's own count: that one is wrong after an unclean stop. */
static bool has_any(struct mongo_client *client, enum mongo_collection collection, bool *ret_any,
                    struct move_reason *ret_reason)
{
    bson_t all = BSON_INITIALIZER;
    bson_t *options =
        BCON_NEW("projection", "{", "_id", BCON_INT32(1), "}", "limit", BCON_INT64(1));
    mongoc_cursor_t *cursor =
        mongoc_collection_find_with_opts(client->collections[collection], &all, options, NULL);
    const bson_t *document = NULL;
    bson_error_t why = {0};
    const bool any = mongoc_cursor_next(cursor, &document);
    const bool failed = mongoc_cursor_error(cursor, &why);
    mongoc_cursor_destroy(cursor);
    bson_destroy(options);
    bson_destroy(&all);
    if (failed) return fail(ret_reason, &why);
    *ret_any = any;
    return true;
}

static bool is_empty(struct mongo_client *client, struct move_reason *ret_reason)
{
    for (int collection = 0; collection < MONGO_COLLECTION_COUNT; collection++) {
        bool any = false;
        if (collection == MONGO_SETTINGS) continue;
        if (!has_any(client, (enum mongo_collection)collection, &any, ret_reason)) return false;
        if (!any) continue;
        return move_record_explain(
            ret_reason,
            "the database is not empty (%s); nothing is imported on top of what is there",
            mongoc_collection_get_name(client->collections[collection]));
    }
    return true;
}

/* A collection that is not there is dropped too. */
static bool drop_all(struct mongo_client *client, struct move_reason *ret_reason)
{
    enum { NOT_THERE = 26 };
    for (int collection = 0; collection < MONGO_COLLECTION_COUNT; collection++) {
        bson_error_t why = {0};
        if (collection == MONGO_SETTINGS) continue;
        if (!mongoc_collection_drop_with_opts(client->collections[collection], NULL, &why) &&
            why.code != NOT_THERE) {
            return fail(ret_reason, &why);
        }
    }
    return true;
}

/* Updates the mark; matched says whether there was one to update. */
static bool set_mark(struct mongo_client *client, const bson_t *filter, struct id token,
                     bool *ret_matched, struct move_reason *ret_reason)
{
    const bson_oid_t oid = mongo_ids_to_oid(token);
    bson_t *update = BCON_NEW("$set", "{", "token", BCON_OID(&oid), "}");
    bson_t reply;
    bson_iter_t at;
    bson_error_t why = {0};
    const bool done = mongoc_collection_update_one(client->collections[MONGO_SETTINGS], filter,
                                                   update, NULL, &reply, &why);
    if (done) {
        *ret_matched =
            bson_iter_init_find(&at, &reply, "matchedCount") && bson_iter_as_int64(&at) == 1;
    }
    bson_destroy(&reply);
    bson_destroy(update);
    return done || fail(ret_reason, &why);
}

static bool insert_mark(struct mongo_client *client, struct id token,
                        struct move_reason *ret_reason)
{
    const bson_oid_t oid = mongo_ids_to_oid(token);
    bson_t *mark = BCON_NEW("_id", BCON_UTF8(MARK), "token", BCON_OID(&oid));
    bson_error_t why = {0};
    const bool done =
        mongoc_collection_insert_one(client->collections[MONGO_SETTINGS], mark, NULL, NULL, &why);
    bson_destroy(mark);
    return done || fail(ret_reason, &why);
}

bool mongo_move_begin(struct mongo_client *client, struct id token, struct move_reason *ret_reason)
{
    bool taken = false;
    bson_t *filter = BCON_NEW("_id", BCON_UTF8(MARK));
    const bool asked = set_mark(client, filter, token, &taken, ret_reason);
    bson_destroy(filter);
    if (!asked) return false;
    if (taken) return drop_all(client, ret_reason);
    return is_empty(client, ret_reason) && insert_mark(client, token, ret_reason);
}

bool mongo_move_holds(struct mongo_client *client, struct id token, struct move_reason *ret_reason)
{
    const bson_oid_t oid = mongo_ids_to_oid(token);
    bool ours = false;
    bson_t *filter = BCON_NEW("_id", BCON_UTF8(MARK), "token", BCON_OID(&oid));
    const bool asked = set_mark(client, filter, token, &ours, ret_reason);
    bson_destroy(filter);
    if (!asked || ours) return asked;
    return move_record_explain(ret_reason, "another import has begun meanwhile");
}

bool mongo_move_undo(struct mongo_client *client, struct id token, struct move_reason *ret_reason)
{
    return mongo_move_holds(client, token, ret_reason) && drop_all(client, ret_reason) &&
           mongo_move_finish(client, token, ret_reason);
}

bool mongo_move_finish(struct mongo_client *client, struct id token, struct move_reason *ret_reason)
{
    const bson_oid_t oid = mongo_ids_to_oid(token);
    bson_t *filter = BCON_NEW("_id", BCON_UTF8(MARK), "token", BCON_OID(&oid));
    bson_t reply;
    bson_iter_t at;
    bson_error_t why = {0};
    const bool done = mongoc_collection_delete_one(client->collections[MONGO_SETTINGS], filter,
                                                   NULL, &reply, &why);
    const bool ours =
        done && bson_iter_init_find(&at, &reply, "deletedCount") && bson_iter_as_int64(&at) == 1;
    bson_destroy(&reply);
    bson_destroy(filter);
    if (!done) return fail(ret_reason, &why);
    return ours || move_record_explain(ret_reason, "another import has begun meanwhile");
}

static bool take_secret(const bson_t *document, struct move_secret *secret)
{
    bson_iter_t at;
    bson_subtype_t type;
    uint32_t size = 0;
    const uint8_t *bytes = NULL;
    if (!bson_iter_init_find(&at, document, "value") || !BSON_ITER_HOLDS_BINARY(&at)) return false;
    bson_iter_binary(&at, &type, &size, &bytes);
    if (size > sizeof secret->bytes) return false;
    secret->size = (uint8_t)size;
    memcpy(secret->bytes, bytes, size);
    return true;
}

bool mongo_move_read_secret(struct mongo_client *client, const char *name,
                            struct move_secret *ret_secret, struct move_reason *ret_reason)
{
    bson_t *filter = BCON_NEW("_id", BCON_UTF8(name));
    mongoc_cursor_t *cursor =
        mongoc_collection_find_with_opts(client->collections[MONGO_SETTINGS], filter, NULL, NULL);
    const bson_t *document = NULL;
    bson_error_t why = {0};
    bool whole = true;
    if (mongoc_cursor_next(cursor, &document)) whole = take_secret(document, ret_secret);
    const bool failed = mongoc_cursor_error(cursor, &why);
    mongoc_cursor_destroy(cursor);
    bson_destroy(filter);
    if (failed) return fail(ret_reason, &why);
    return whole || move_record_explain(ret_reason, "the setting %s cannot be read", name);
}

bool mongo_move_keep_secret(struct mongo_client *client, const char *name,
                            const struct move_secret *secret, struct move_reason *ret_reason)
{
    bson_t *filter = BCON_NEW("_id", BCON_UTF8(name));
    bson_t *options = BCON_NEW("upsert", BCON_BOOL(true));
    bson_t document = BSON_INITIALIZER;
    bson_error_t why = {0};
    BSON_APPEND_UTF8(&document, "_id", name);
    BSON_APPEND_BINARY(&document, "value", BSON_SUBTYPE_BINARY, secret->bytes, secret->size);
    const bool done = mongoc_collection_replace_one(client->collections[MONGO_SETTINGS], filter,
                                                    &document, options, NULL, &why);
    bson_destroy(&document);
    bson_destroy(options);
    bson_destroy(filter);
    return done || fail(ret_reason, &why);
}
