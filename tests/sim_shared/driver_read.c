/* driver_read.c - the driver's queries; a long one sees each document at a moment of its own. */
#include "base/check.h"
#include "sim_shared/driver.h"
#include "sim_shared/match.h"
#include "sim_shared/weather.h"

struct _mongoc_cursor_t {
    enum mongo_collection collection;
    bson_t *filter;
    bson_t *options;
    bool asked;
    bool failed;
    bson_error_t error;
    bson_t reply;
    uint32_t at;
    uint32_t count;
    bson_t *found[DATABASE_DOCUMENTS_MAX];
};

mongoc_cursor_t *mongoc_collection_find_with_opts(mongoc_collection_t *collection,
                                                  const bson_t *filter, const bson_t *options,
                                                  const mongoc_read_prefs_t *preferences)
{
    static const char *const known[] = {"projection", "sort",        "limit", "maxTimeMS",
                                        "batchSize",  "readConcern", NULL};
    CHECK(preferences == NULL);
    driver_check_options(options, known);
    mongoc_cursor_t *cursor = malloc(sizeof *cursor);
    CHECK(cursor != NULL);
    cursor->collection = driver_kind(collection);
    cursor->filter = bson_copy(filter);
    cursor->options = options == NULL ? bson_new() : bson_copy(options);
    cursor->asked = false;
    cursor->failed = false;
    cursor->at = 0;
    cursor->count = 0;
    bson_init(&cursor->reply);
    return cursor;
}

/* A database of ours: no index is in the way. */
mongoc_cursor_t *mongoc_collection_find_indexes_with_opts(mongoc_collection_t *collection,
                                                          const bson_t *options)
{
    bson_t filter = BSON_INITIALIZER;
    CHECK(options == NULL);
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(collection, &filter, NULL, NULL);
    cursor->asked = true;
    bson_destroy(&filter);
    return cursor;
}

static int64_t limit_of(const mongoc_cursor_t *cursor)
{
    bson_iter_t at;
    const bool limited = bson_iter_init_find(&at, cursor->options, "limit");
    const int64_t limit = limited ? bson_iter_as_int64(&at) : 0;
    return limit > 0 ? limit : DATABASE_DOCUMENTS_MAX;
}

/* In order, if one was asked for: inserted where it belongs. */
static void keep(mongoc_cursor_t *cursor, const bson_t *document)
{
    bson_iter_t sort;
    uint32_t place = cursor->count++;
    const bool sorted = bson_iter_init_find(&sort, cursor->options, "sort");
    bson_t *copy = bson_copy(document);
    while (sorted && place > 0 && match_order(cursor->found[place - 1], copy, &sort) > 0) {
        cursor->found[place] = cursor->found[place - 1];
        place--;
    }
    cursor->found[place] = copy;
}

/* A primary that was deposed cannot say that it is still one. */
static bool wants_latest(const mongoc_cursor_t *cursor)
{
    bson_iter_t at;
    bson_iter_t level;
    if (!bson_iter_init_find(&at, cursor->options, "readConcern")) return false;
    CHECK(bson_iter_recurse(&at, &level));
    CHECK(bson_iter_find(&level, "level"));
    return strcmp(bson_iter_utf8(&level, NULL), "linearizable") == 0;
}

static void ask(mongoc_cursor_t *cursor)
{
    cursor->asked = true;
    const enum strike strike = weather_operation(false);
    const struct database_picture *picture = weather_picture();
    cursor->failed = !driver_tell(strike, &cursor->reply, &cursor->error);
    if (!cursor->failed && picture != NULL && wants_latest(cursor)) {
        cursor->failed = !driver_fail(&cursor->error, MONGOC_ERROR_SERVER, DRIVER_TOO_LATE);
    }
    if (cursor->failed) return;
    const uint32_t count = database_count(cursor->collection, picture);
    for (uint32_t index = 0; index < count; index++) {
        const bson_t *document = database_at(cursor->collection, picture, index);
        if (match_document(document, cursor->filter)) keep(cursor, document);
    }
    const int64_t limit = limit_of(cursor);
    while (cursor->count > limit) bson_destroy(cursor->found[--cursor->count]);
}

/* A query shows each document as it is when the query comes to it. */
static void look_again(mongoc_cursor_t *cursor, bson_t **place)
{
    const bson_t *newer = database_find(cursor->collection, *place, weather_picture());
    if (newer == NULL || !match_document(newer, cursor->filter)) return;
    bson_t *copy = bson_copy(newer);
    bson_destroy(*place);
    *place = copy;
}

bool mongoc_cursor_next(mongoc_cursor_t *cursor, const bson_t **ret_document)
{
    bson_iter_t projection;
    if (!cursor->asked) ask(cursor);
    if (cursor->failed || cursor->at == cursor->count) return false;
    bson_t **place = &cursor->found[cursor->at++];
    if (cursor->at > 1) {
        fibers_yield();
        look_again(cursor, place);
    }
    if (bson_iter_init_find(&projection, cursor->options, "projection")) {
        bson_t *shown = match_projected(*place, &projection);
        bson_destroy(*place);
        *place = shown;
    }
    *ret_document = *place;
    return true;
}

bool mongoc_cursor_error_document(mongoc_cursor_t *cursor, bson_error_t *error,
                                  const bson_t **ret_reply)
{
    if (!cursor->failed) return false;
    if (error != NULL) *error = cursor->error;
    if (ret_reply != NULL) *ret_reply = &cursor->reply;
    return true;
}

bool mongoc_cursor_error(mongoc_cursor_t *cursor, bson_error_t *error)
{
    return mongoc_cursor_error_document(cursor, error, NULL);
}

void mongoc_cursor_destroy(mongoc_cursor_t *cursor)
{
    for (uint32_t index = 0; index < cursor->count; index++) bson_destroy(cursor->found[index]);
    bson_destroy(cursor->filter);
    bson_destroy(cursor->options);
    bson_destroy(&cursor->reply);
    free(cursor);
}

int64_t mongoc_collection_count_documents(mongoc_collection_t *collection, const bson_t *filter,
                                          const bson_t *options,
                                          const mongoc_read_prefs_t *preferences, bson_t *reply,
                                          bson_error_t *error)
{
    CHECK(reply == NULL);
    mongoc_cursor_t *cursor =
        mongoc_collection_find_with_opts(collection, filter, options, preferences);
    ask(cursor);
    const int64_t count = cursor->failed ? -1 : (int64_t)cursor->count;
    if (cursor->failed) *error = cursor->error;
    mongoc_cursor_destroy(cursor);
    return count;
}
