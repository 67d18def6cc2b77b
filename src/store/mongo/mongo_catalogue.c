#include "store/mongo/mongo_catalogue.h"

#include "base/check.h"
#include "base/log.h"
#include "store/mongo/mongo_entries.h"
#include "store/mongo/mongo_fields.h"
#include "store/mongo/mongo_ids.h"
#include "store/mongo/mongo_list.h"
#include "store/mongo/mongo_programme.h"
#include "store/mongo/mongo_read.h"

enum { PATTERN_SIZE_MAX = 2048, PROJECTION_SIZE_MAX = 32 };

struct mongo_catalogue {
    struct mongo_client client;
    const struct locale *locale;
    struct mongo_programme programme;
};

static enum error refuse(enum mongo_collection collection)
{
    log_event(LOG_ERROR, "document_broken", LOG_NUMBER("collection", collection));
    return ERROR_INTERNAL_ERROR;
}

static enum error find(struct mongo_catalogue *catalogue, enum mongo_collection collection,
                       struct id id, const char *projection, enum error not_found,
                       bson_t *ret_found)
{
    bool there = false;
    const enum error error =
        mongo_read_one(&catalogue->client, collection, id, projection, ret_found, &there);
    if (error != ERROR_NONE) return error;
    return there ? ERROR_NONE : not_found;
}

/* One condition: `{member: {compare: value}}`. */
static void append_condition(bson_t *array, const char *place, const char *member,
                             const char *compare, const bson_iter_t *value)
{
    bson_t one;
    bson_t inner;
    BSON_APPEND_DOCUMENT_BEGIN(array, place, &one);
    BSON_APPEND_DOCUMENT_BEGIN(&one, member, &inner);
    if (value != NULL) (void)bson_append_iter(&inner, compare, -1, value);
    (void)bson_append_document_end(&one, &inner);
    (void)bson_append_document_end(array, &one);
}

/* Behind the entry by the member, or as it is by the member and behind by the id. */
static void append_behind(bson_t *array, const char *place, const char *member, const char *compare,
                          const bson_iter_t *value, const bson_oid_t *oid)
{
    bson_t either;
    bson_t one;
    bson_t two;
    bson_t inner;
    BSON_APPEND_DOCUMENT_BEGIN(array, place, &either);
    BSON_APPEND_ARRAY_BEGIN(&either, "$or", &one);
    append_condition(&one, "0", member, compare, value);
    BSON_APPEND_DOCUMENT_BEGIN(&one, "1", &two);
    if (value != NULL) (void)bson_append_iter(&two, member, -1, value);
    BSON_APPEND_DOCUMENT_BEGIN(&two, "_id", &inner);
    BSON_APPEND_OID(&inner, compare, oid);
    (void)bson_append_document_end(&two, &inner);
    (void)bson_append_document_end(&one, &two);
    (void)bson_append_array_end(&either, &one);
    (void)bson_append_document_end(array, &either);
}

/* The entries behind the cursor's: by a member, then by the id, in one direction. A cursor whose
 * entry is not there was never ours. The first condition is for the index: it starts there. */
static enum error append_after(struct mongo_catalogue *catalogue, bson_t *filter,
                               enum mongo_collection collection, struct id after,
                               const char *member, bool down)
{
    if (id_is_none(after)) return ERROR_NONE;
    char projection[PROJECTION_SIZE_MAX];
    bson_t found;
    bson_t both;
    bson_iter_t at;
    (void)snprintf(projection, sizeof projection, "{\"%s\": 1}", member);
    const enum error error =
        find(catalogue, collection, after, projection, ERROR_VALIDATION_FAILED, &found);
    if (error != ERROR_NONE) return error;
    const bson_oid_t oid = mongo_ids_to_oid(after);
    const bson_iter_t *value = bson_iter_init_find(&at, &found, member) ? &at : NULL;
    BSON_APPEND_ARRAY_BEGIN(filter, "$and", &both);
    if (value != NULL) append_condition(&both, "0", member, down ? "$lte" : "$gte", value);
    append_behind(&both, value != NULL ? "1" : "0", member, down ? "$lt" : "$gt", value, &oid);
    (void)bson_append_array_end(filter, &both);
    bson_destroy(&found);
    return ERROR_NONE;
}

static void append_text(bson_t *filter, const char *name, struct slice text)
{
    (void)bson_append_utf8(filter, name, -1, text.data, (int)text.size);
}

/* A part of a text, as a pattern in which every letter stands for itself. */
static bool append_part(bson_t *filter, const char *name, struct slice part)
{
    char pattern[PATTERN_SIZE_MAX];
    size_t size = 0;
    for (size_t index = 0; index < part.size; index++) {
        const char letter = part.data[index];
        if (size + 3 > sizeof pattern || letter == '\0') return false;
        if (strchr("\\^$.|?*+()[]{}-", letter) != NULL) pattern[size++] = '\\';
        pattern[size++] = letter;
    }
    pattern[size] = '\0';
    BSON_APPEND_REGEX(filter, name, pattern, "");
    return true;
}

static bool read_movie(const bson_t *document, struct arena *arena, void *entries, size_t index,
                       bool *full)
{
    return mongo_entries_read_movie(document, arena, (struct movie *)entries + index, full);
}

static bool read_cinema(const bson_t *document, struct arena *arena, void *entries, size_t index,
                        bool *full)
{
    return mongo_entries_read_cinema(document, arena, (struct cinema *)entries + index, full);
}

static enum error find_movie(void *context, struct id id, struct arena *arena,
                             struct movie *ret_movie)
{
    bson_t found;
    bool full = false;
    const enum error error = find(context, MONGO_MOVIES, id, NULL, ERROR_MOVIE_NOT_FOUND, &found);
    if (error != ERROR_NONE) return error;
    const bool whole = mongo_entries_read_movie(&found, arena, ret_movie, &full);
    bson_destroy(&found);
    if (full) return ERROR_OVERLOADED;
    return whole ? ERROR_NONE : refuse(MONGO_MOVIES);
}

static enum error list_movies(void *context, const struct movie_query *query, struct arena *arena,
                              struct movie *movies, size_t *ret_count, bool *ret_more)
{
    struct mongo_catalogue *catalogue = context;
    const struct slice title = catalogue->locale->fold(query->title, arena);
    if (title.data == NULL) return ERROR_OVERLOADED;
    bson_t filter = BSON_INITIALIZER;
    enum error error =
        append_after(catalogue, &filter, MONGO_MOVIES, query->page.after, "release_date", true);
    if (query->status.size > 0) append_text(&filter, "status", query->status);
    const bool possible = title.size == 0 || append_part(&filter, "title_folded", title);
    struct mongo_list list = {.collection = MONGO_MOVIES,
                              .sort = "{\"release_date\": -1, \"_id\": -1}",
                              .limit = query->page.limit,
                              .arena = arena,
                              .entries = movies,
                              .read = read_movie,
                              .until_us = mongo_list_time()};
    if (error == ERROR_NONE && possible) {
        error = mongo_list_read(&list, &catalogue->client, &filter);
    }
    bson_destroy(&filter);
    if (error != ERROR_NONE) return error;
    *ret_count = list.count;
    *ret_more = list.more;
    return ERROR_NONE;
}

static enum error find_cinema(void *context, struct id id, struct arena *arena,
                              struct cinema *ret_cinema)
{
    bson_t found;
    bool full = false;
    const enum error error = find(context, MONGO_CINEMAS, id, NULL, ERROR_CINEMA_NOT_FOUND, &found);
    if (error != ERROR_NONE) return error;
    const bool whole = mongo_entries_read_cinema(&found, arena, ret_cinema, &full);
    bson_destroy(&found);
    if (full) return ERROR_OVERLOADED;
    return whole ? ERROR_NONE : refuse(MONGO_CINEMAS);
}

static enum error list_cinemas(void *context, const struct cinema_query *query, struct arena *arena,
                               struct cinema *cinemas, size_t *ret_count, bool *ret_more)
{
    struct mongo_catalogue *catalogue = context;
    const struct slice city = catalogue->locale->fold(query->city, arena);
    if (city.data == NULL) return ERROR_OVERLOADED;
    bson_t filter = BSON_INITIALIZER;
    enum error error =
        append_after(catalogue, &filter, MONGO_CINEMAS, query->page.after, "name", false);
    if (city.size > 0) append_text(&filter, "city_folded", city);
    struct mongo_list list = {.collection = MONGO_CINEMAS,
                              .sort = "{\"name\": 1, \"_id\": 1}",
                              .limit = query->page.limit,
                              .arena = arena,
                              .entries = cinemas,
                              .read = read_cinema,
                              .until_us = mongo_list_time()};
    if (error == ERROR_NONE) {
        error = mongo_list_read(&list, &catalogue->client, &filter);
    }
    bson_destroy(&filter);
    if (error != ERROR_NONE) return error;
    *ret_count = list.count;
    *ret_more = list.more;
    return ERROR_NONE;
}

static enum error find_showtime(void *context, struct id id, struct arena *arena,
                                struct showtime *ret_showtime)
{
    bson_t found;
    bool full = false;
    const enum error error = find(context, MONGO_SHOWTIMES, id, MONGO_PROGRAMME_FIELDS,
                                  ERROR_SHOWTIME_NOT_FOUND, &found);
    if (error != ERROR_NONE) return error;
    const bool whole = mongo_entries_read_showtime(&found, arena, ret_showtime, &full);
    bson_destroy(&found);
    if (full) return ERROR_OVERLOADED;
    return whole ? ERROR_NONE : refuse(MONGO_SHOWTIMES);
}

static enum error list_showtimes(void *context, const struct showtime_query *query,
                                 struct arena *arena, struct showtime *showtimes, size_t *ret_count,
                                 bool *ret_more)
{
    struct mongo_catalogue *catalogue = context;
    return mongo_programme_list(&catalogue->programme, &catalogue->client, query, arena, showtimes,
                                ret_count, ret_more);
}

static enum error find_plan(void *context, struct id showtime, struct seat_plan *ret_plan)
{
    bson_t found;
    enum error error = find(context, MONGO_SHOWTIMES, showtime, "{\"layout\": 1}",
                            ERROR_SHOWTIME_NOT_FOUND, &found);
    if (error != ERROR_NONE) return error;
    if (!bson_has_field(&found, "layout")) { /* Of another hand: what its seats say. */
        bson_destroy(&found);
        error = find(context, MONGO_SHOWTIMES, showtime, "{\"seats\": 1}", ERROR_SHOWTIME_NOT_FOUND,
                     &found);
        if (error != ERROR_NONE) return error;
    }
    const bool whole = mongo_entries_read_plan(&found, ret_plan);
    bson_destroy(&found);
    return whole ? ERROR_NONE : refuse(MONGO_SHOWTIMES);
}

static const struct catalogue_methods methods = {
    .find_movie = find_movie,
    .list_movies = list_movies,
    .find_cinema = find_cinema,
    .list_cinemas = list_cinemas,
    .find_showtime = find_showtime,
    .list_showtimes = list_showtimes,
    .find_plan = find_plan,
};

enum error mongo_catalogue_open(struct mongo_connection *connection, const struct locale *locale,
                                struct mongo_catalogue **ret_catalogue)
{
    CHECK(locale != NULL);

    struct mongo_catalogue *catalogue = calloc(1, sizeof *catalogue);
    if (catalogue == NULL) return ERROR_STORE_UNAVAILABLE;
    catalogue->locale = locale;
    catalogue->programme.zones.locale = locale;
    const enum error error = mongo_client_open(connection, &catalogue->client);
    if (error == ERROR_NONE) *ret_catalogue = catalogue;
    else free(catalogue);
    return error;
}

void mongo_catalogue_close(struct mongo_catalogue *catalogue)
{
    if (catalogue == NULL) return;
    mongo_zones_close(&catalogue->programme.zones);
    mongo_client_close(&catalogue->client);
    free(catalogue);
}

struct catalogue mongo_catalogue_port(struct mongo_catalogue *catalogue)
{
    CHECK(catalogue != NULL);
    return (struct catalogue){.context = catalogue, .methods = &methods};
}
