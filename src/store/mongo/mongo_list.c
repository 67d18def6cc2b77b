#include "store/mongo/mongo_list.h"

#include "base/check.h"
#include "base/log.h"
#include "store/mongo/mongo_read.h"

int64_t mongo_list_time(void)
{
    return bson_get_monotonic_time() + (int64_t)MONGO_READ_MS * 1000;
}

static enum error refuse(enum mongo_collection collection)
{
    log_event(LOG_ERROR, "document_broken", LOG_NUMBER("collection", collection));
    return ERROR_INTERNAL_ERROR;
}

static void append_json(bson_t *target, const char *name, const char *json)
{
    bson_t *document = bson_new_from_json((const uint8_t *)json, -1, NULL);
    CHECK(document != NULL);
    BSON_APPEND_DOCUMENT(target, name, document);
    bson_destroy(document);
}

/* What is judged here has no limit there, but comes in batches: more of them only as needed. */
static void append_options(const struct mongo_list *list, int32_t left_ms, bson_t *options)
{
    const int32_t wanted = (int32_t)(list->limit - list->count) + 1;
    append_json(options, "sort", list->sort);
    if (list->projection != NULL) append_json(options, "projection", list->projection);
    if (list->belongs == NULL) BSON_APPEND_INT64(options, "limit", wanted);
    else BSON_APPEND_INT32(options, "batchSize", (int32_t)list->limit + 1);
    BSON_APPEND_INT32(options, "maxTimeMS", left_ms);
}

static enum error take(struct mongo_list *list, mongoc_cursor_t *cursor)
{
    const bson_t *document = NULL;
    while (!list->more && mongoc_cursor_next(cursor, &document)) {
        if (list->belongs != NULL && !list->belongs(list->context, document)) continue;
        bool full = false;
        list->more = list->count == list->limit;
        if (list->more) break;
        if (list->read(document, list->arena, list->entries, list->count, &full)) list->count++;
        else if (!full) return refuse(list->collection);
        else if (list->count == 0) return ERROR_OVERLOADED;
        else list->more = true;
    }
    return mongo_read_end(cursor, "list");
}

enum error mongo_list_read(struct mongo_list *list, struct mongo_client *client,
                           const bson_t *filter)
{
    CHECK(list->count <= list->limit);
    CHECK(!list->more);

    const int64_t left_ms = (list->until_us - bson_get_monotonic_time()) / 1000;
    if (left_ms <= 0) {
        log_event(LOG_WARNING, "mongo_failed", LOG_TEXT("what", SLICE("list")),
                  LOG_TEXT("why", SLICE("its time is over")));
        return ERROR_STORE_UNAVAILABLE;
    }
    bson_t options = BSON_INITIALIZER;
    append_options(list, (int32_t)left_ms, &options);
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(
        client->collections[list->collection], filter, &options, NULL);
    const enum error error = take(list, cursor);
    mongoc_cursor_destroy(cursor);
    bson_destroy(&options);
    return error;
}
