#include "store/mongo/mongo_indexes.h"

#include "base/log.h"
#include "store/mongo/mongo_error.h"

enum {
    OPTIONS_CONFLICT = 85, /* The server's: the same keys under another name. */
    INDEXES_LOOKED = 64,   /* A server allows so many. */
    NAME_SIZE = 128,
};

struct index {
    enum mongo_collection collection;
    const char *name;
    const char *keys;    /* JSON */
    const char *options; /* JSON; "{}": none. */
};

#define PENDING "{\"partialFilterExpression\": {\"status\": \"pending\"}}"
#define FREE "{\"partialFilterExpression\": {\"available_seats\": {\"$gt\": 0}}}"
#define REFUND "{\"partialFilterExpression\": {\"refund_requested_at\": {\"$gt\": {\"$date\": 0}}}}"
#define SPARSE "{\"sparse\": true}"
#define UNIQUE "{\"unique\": true}"
#define NONE "{}"

/* clang-format off */
static const struct index indexes[] = {
    {MONGO_BOOKINGS, "user_status", "{\"user_id\": 1, \"status\": 1}", NONE},
    {MONGO_BOOKINGS, "user_created", "{\"user_id\": 1, \"createdAt\": -1}", NONE},
    {MONGO_BOOKINGS, "listed", "{\"createdAt\": -1, \"_id\": -1}", NONE},
    {MONGO_BOOKINGS, "showtime_status", "{\"showtime_id\": 1, \"status\": 1}", NONE},
    {MONGO_BOOKINGS, "pending_end", "{\"status\": 1, \"hold_expires_at\": 1}", PENDING},
    {MONGO_BOOKINGS, "code", "{\"booking_code\": 1}", UNIQUE},
    {MONGO_SHOWTIMES, "movie_start", "{\"movie_id\": 1, \"start_time\": 1}", NONE},
    {MONGO_SHOWTIMES, "status_start", "{\"status\": 1, \"start_time\": 1, \"available_seats\": 1}",
     NONE},
    {MONGO_SHOWTIMES, "movie_free",
     "{\"movie_id\": 1, \"status\": 1, \"start_time\": 1, \"available_seats\": 1}", FREE},
    {MONGO_SHOWTIMES, "listed", "{\"start_time\": 1, \"_id\": 1}", NONE},
    {MONGO_SHOWTIMES, "listed_movie", "{\"movie_id\": 1, \"start_time\": 1, \"_id\": 1}", NONE},
    {MONGO_SHOWTIMES, "listed_cinema", "{\"cinema_id\": 1, \"start_time\": 1, \"_id\": 1}", NONE},
    {MONGO_SHOWTIMES, "listed_both",
     "{\"movie_id\": 1, \"cinema_id\": 1, \"start_time\": 1, \"_id\": 1}", NONE},
    {MONGO_SHOWTIMES, "due", "{\"due_at\": 1}", SPARSE},
    {MONGO_SHOWTIMES, "settle", "{\"settle_at\": 1}", SPARSE},
    {MONGO_SHOWTIMES, "open_end", "{\"status\": 1, \"end_time\": 1}", NONE},
    {MONGO_KEYS, "key_user", "{\"key\": 1, \"user_id\": 1, \"resource_type\": 1, \"operation\": 1}",
     UNIQUE},
    {MONGO_KEYS, "expiry", "{\"expires_at\": 1}", "{\"expireAfterSeconds\": 0}"},
    {MONGO_PAYMENTS, "booking", "{\"booking_id\": 1}", NONE},
    {MONGO_PAYMENTS, "user_alias", "{\"user_id\": 1, \"alias\": 1}", NONE},
    {MONGO_PAYMENTS, "status_refund", "{\"status\": 1, \"refund_requested_at\": 1}", NONE},
    {MONGO_PAYMENTS, "refunds", "{\"createdAt\": -1, \"_id\": -1}", REFUND},
    {MONGO_BLOCKS, "showtime", "{\"showtime_id\": 1}", NONE},
    {MONGO_MOVIES, "listed", "{\"release_date\": -1, \"_id\": -1}", NONE},
    {MONGO_CINEMAS, "listed", "{\"name\": 1, \"_id\": 1}", NONE},
    {MONGO_CINEMAS, "zone", "{\"timezone\": 1, \"_id\": 1}", NONE},
    {MONGO_JOURNAL, "listed", "{\"at\": -1, \"_id\": -1}", NONE},
    {MONGO_JOURNAL, "actor", "{\"actor\": 1}", NONE},
    {MONGO_JOURNAL, "subject", "{\"subject\": 1}", NONE},
};
/* clang-format on */

static void append_json(bson_t *target, const char *key, const char *json)
{
    bson_t *document = bson_new_from_json((const uint8_t *)json, -1, NULL);
    CHECK(document != NULL);
    if (key == NULL) (void)bson_concat(target, document);
    else BSON_APPEND_DOCUMENT(target, key, document);
    bson_destroy(document);
}

static bson_t *keys_of(const struct index *index)
{
    bson_t *keys = bson_new_from_json((const uint8_t *)index->keys, -1, NULL);
    CHECK(keys != NULL);
    return keys;
}

static bool is_unique(const bson_t *document)
{
    bson_iter_t at;
    return bson_iter_init_find(&at, document, "unique") && bson_iter_as_bool(&at);
}

/* Are these its keys, whatever kind of number their directions are? */
static bool has_keys(const bson_t *document, const bson_t *keys)
{
    bson_iter_t at;
    bson_iter_t has;
    bson_iter_t wanted;
    if (!bson_iter_init_find(&at, document, "key") || !bson_iter_recurse(&at, &has)) return false;
    if (!bson_iter_init(&wanted, keys)) return false;
    while (bson_iter_next(&wanted)) {
        if (!bson_iter_next(&has)) return false;
        if (strcmp(bson_iter_key(&has), bson_iter_key(&wanted)) != 0) return false;
        if (bson_iter_as_int64(&has) != bson_iter_as_int64(&wanted)) return false;
    }
    return !bson_iter_next(&has);
}

/* The name under which the collection has an index with these keys, unique or not; false if it has
 * none. */
static bool find_index(mongoc_collection_t *collection, const bson_t *keys, bool unique, char *name,
                       size_t size)
{
    mongoc_cursor_t *cursor = mongoc_collection_find_indexes_with_opts(collection, NULL);
    const bson_t *document = NULL;
    bool found = false;
    for (int count = 0; count < INDEXES_LOOKED && !found; count++) {
        bson_iter_t at;
        if (!mongoc_cursor_next(cursor, &document)) break;
        if (!has_keys(document, keys) || is_unique(document) != unique) continue;
        if (!bson_iter_init_find(&at, document, "name") || !BSON_ITER_HOLDS_UTF8(&at)) continue;
        (void)snprintf(name, size, "%s", bson_iter_utf8(&at, NULL));
        found = true;
    }
    mongoc_cursor_destroy(cursor);
    return found;
}

/* The predecessor had one key for all that a user did: two of ours may share it. */
static void drop_narrow_keys(struct mongo_client *client)
{
    mongoc_collection_t *collection = client->collections[MONGO_KEYS];
    bson_t *keys = BCON_NEW("key", BCON_INT32(1), "user_id", BCON_INT32(1));
    char name[NAME_SIZE];
    bson_error_t why = {0};
    if (find_index(collection, keys, true, name, sizeof name)) {
        const bool done = mongoc_collection_drop_index(collection, name, &why);
        log_event(done ? LOG_INFO : LOG_ERROR, "index_replaced", LOG_TEXT("index", slice_of(name)),
                  LOG_TEXT("why", slice_of(done ? "a key is of one operation" : why.message)));
    }
    bson_destroy(keys);
}

/* Under another name, which is as good. */
static bool is_there(struct mongo_client *client, const struct index *index)
{
    char name[NAME_SIZE];
    bson_t *keys = keys_of(index);
    const bool unique = strcmp(index->options, UNIQUE) == 0;
    const bool there =
        find_index(client->collections[index->collection], keys, unique, name, sizeof name);
    bson_destroy(keys);
    return there;
}

enum { INDEX_COUNT = sizeof indexes / sizeof indexes[0] };

static void append_index(bson_t *array, uint32_t place, const struct index *index)
{
    char buffer[16];
    const char *key = NULL;
    bson_t document;
    (void)bson_uint32_to_string(place, &key, buffer, sizeof buffer);
    BSON_APPEND_DOCUMENT_BEGIN(array, key, &document);
    append_json(&document, "key", index->keys);
    BSON_APPEND_UTF8(&document, "name", index->name);
    append_json(&document, NULL, index->options);
    (void)bson_append_document_end(array, &document);
}

/* Makes the indexes from `first` up to `end`, all of one collection. */
static enum mongo_class make(struct mongo_client *client, size_t first, size_t end)
{
    bson_t command = BSON_INITIALIZER;
    bson_t array;
    BSON_APPEND_UTF8(&command, "createIndexes",
                     mongoc_collection_get_name(client->collections[indexes[first].collection]));
    BSON_APPEND_ARRAY_BEGIN(&command, "indexes", &array);
    for (size_t index = first; index < end; index++) {
        append_index(&array, (uint32_t)(index - first), &indexes[index]);
    }
    (void)bson_append_array_end(&command, &array);
    mongoc_database_t *database = mongo_client_database(client);
    bson_t reply;
    bson_error_t why = {0};
    enum mongo_class class = MONGO_DONE;
    if (!mongoc_database_write_command_with_opts(database, &command, NULL, &reply, &why)) {
        class = mongo_error_class(&why, &reply);
        const bool lone = end - first == 1;
        if (lone && why.code == OPTIONS_CONFLICT && is_there(client, &indexes[first])) {
            class = MONGO_DONE;
        } else if (lone) {
            log_event(LOG_WARNING, "index_missing",
                      LOG_TEXT("index", slice_of(indexes[first].name)),
                      LOG_TEXT("why", slice_of(why.message)));
        }
    }
    bson_destroy(&reply);
    mongoc_database_destroy(database);
    bson_destroy(&command);
    return class;
}

/* A server that cannot make one of several makes none: then each by itself. */
static enum mongo_class make_each(struct mongo_client *client, size_t first, size_t end,
                                  uint32_t *missing)
{
    for (size_t index = first; index < end; index++) {
        const enum mongo_class class = make(client, index, index + 1);
        if (class == MONGO_NOT_SENT) return class;
        if (class != MONGO_DONE) ++*missing;
    }
    return MONGO_DONE;
}

enum error mongo_indexes_make(struct mongo_client *client, uint32_t *ret_missing)
{
    CHECK(client != NULL);

    uint32_t missing = 0;
    drop_narrow_keys(client);
    size_t end = 0;
    for (size_t first = 0; first < INDEX_COUNT; first = end) {
        end = first + 1;
        while (end < INDEX_COUNT && indexes[end].collection == indexes[first].collection) end++;
        enum mongo_class class = make(client, first, end);
        if (class != MONGO_DONE && class != MONGO_NOT_SENT) {
            class = make_each(client, first, end, &missing);
        }
        if (class == MONGO_NOT_SENT) return ERROR_STORE_UNAVAILABLE;
    }
    *ret_missing = missing;
    return ERROR_NONE;
}
