#include "store/mongo/mongo_programme.h"

#include "base/check.h"
#include "store/mongo/mongo_entries.h"
#include "store/mongo/mongo_fields.h"
#include "store/mongo/mongo_ids.h"
#include "store/mongo/mongo_list.h"
#include "store/mongo/mongo_read.h"

#define DAY_MS INT64_C(86400000)
#define WIDEST_MS (1024 * DAY_MS) /* Behind so wide a window nothing is left to be spared. */

enum {
    WINDOWS_MAX = 12, /* The last has no end. */
    WINDOW_GROWS = 4,
    REACH_MAX = 13,               /* Doublings of a day: a programme may be eleven years old. */
    GUESS_MS = MONGO_READ_MS / 2, /* With a list's own time still below what a reader has. */
};

/* From a moment up to another; INT64_MIN and INT64_MAX: without an end. */
struct span {
    int64_t from_ms;
    int64_t until_ms;
};

struct look {
    struct mongo_programme *programme;
    struct mongo_client *client;
    const struct showtime_query *query;
    struct mongo_list list;
};

static bool read_showtime(const bson_t *document, struct arena *arena, void *entries, size_t index,
                          bool *full)
{
    return mongo_entries_read_showtime(document, arena, (struct showtime *)entries + index, full);
}

static bool is_free(const bson_t *document)
{
    bson_iter_t at;
    if (!bson_iter_init_find(&at, document, "status")) return false;
    if (!slice_equal(mongo_fields_text(&at), SLICE("scheduled"))) return false;
    return bson_iter_init_find(&at, document, "available_seats") && bson_iter_as_int64(&at) > 0;
}

/* All that no filter says, as it would keep a server from its index. */
static bool belongs(void *context, const bson_t *document)
{
    const struct look *look = context;
    const struct showtime_query *query = look->query;
    if (query->available && !is_free(document)) return false;
    return query->date.size == 0 ||
           mongo_zones_of_day(&look->programme->zones, document, query->date);
}

static bool has_owner(const struct showtime_query *query)
{
    return !id_is_none(query->movie) || !id_is_none(query->cinema);
}

/* Does the filter leave something to be judged? */
static bool is_judged(const struct showtime_query *query)
{
    return query->date.size > 0 || query->available;
}

/* With these and a start there is an index for each case; some servers use none for a filter that
 * says more. */
static void append_owner(bson_t *filter, const struct showtime_query *query)
{
    const bson_oid_t movie = mongo_ids_to_oid(query->movie);
    const bson_oid_t cinema = mongo_ids_to_oid(query->cinema);
    if (!id_is_none(query->movie)) BSON_APPEND_OID(filter, "movie_id", &movie);
    if (!id_is_none(query->cinema)) BSON_APPEND_OID(filter, "cinema_id", &cinema);
}

static enum error read_span(struct look *look, struct span span)
{
    bson_t filter = BSON_INITIALIZER;
    bson_t inner;
    append_owner(&filter, look->query);
    if (look->query->available && !has_owner(look->query)) {
        BSON_APPEND_UTF8(&filter, "status", "scheduled");
    }
    BSON_APPEND_DOCUMENT_BEGIN(&filter, "start_time", &inner);
    if (span.from_ms != INT64_MIN) BSON_APPEND_DATE_TIME(&inner, "$gte", span.from_ms);
    if (span.until_ms != INT64_MAX) BSON_APPEND_DATE_TIME(&inner, "$lt", span.until_ms);
    (void)bson_append_document_end(&filter, &inner);
    const enum error error = mongo_list_read(&look->list, look->client, &filter);
    bson_destroy(&filter);
    return error;
}

/* What starts together with the cursor's entry, behind it by the id. */
static enum error read_together(struct look *look, int64_t start_ms)
{
    const bson_oid_t oid = mongo_ids_to_oid(look->query->page.after);
    bson_t filter = BSON_INITIALIZER;
    bson_t inner;
    append_owner(&filter, look->query);
    BSON_APPEND_DATE_TIME(&filter, "start_time", start_ms);
    BSON_APPEND_DOCUMENT_BEGIN(&filter, "_id", &inner);
    BSON_APPEND_OID(&inner, "$gt", &oid);
    (void)bson_append_document_end(&filter, &inner);
    const enum error error = mongo_list_read(&look->list, look->client, &filter);
    bson_destroy(&filter);
    return error;
}

/* As long as holds what is missing, if the programme goes on as in the last one. */
static int64_t next_width(int64_t width_ms, size_t found, size_t missing)
{
    const int64_t longest_ms = WINDOW_GROWS * width_ms;
    if (found == 0) return longest_ms;
    const int64_t wanted_ms = width_ms / (int64_t)found * (int64_t)missing;
    if (wanted_ms < DAY_MS) return DAY_MS;
    return wanted_ms < longest_ms ? wanted_ms : longest_ms;
}

static enum error read_windows(struct look *look, struct span span)
{
    const struct mongo_list *list = &look->list;
    enum error error = ERROR_NONE;
    int64_t width_ms = DAY_MS;
    int64_t from_ms = span.from_ms;
    for (int window = 1; error == ERROR_NONE && !list->more && from_ms < span.until_ms; window++) {
        CHECK(window <= WINDOWS_MAX);
        const bool last =
            window == WINDOWS_MAX || width_ms > WIDEST_MS || from_ms >= span.until_ms - width_ms;
        const int64_t until_ms = last ? span.until_ms : from_ms + width_ms;
        const size_t before = list->count;
        error = read_span(look, (struct span){from_ms, until_ms});
        width_ms = next_width(width_ms, list->count - before, list->limit - list->count + 1);
        from_ms = until_ms;
    }
    return error;
}

static bool notice(const bson_t *document, struct arena *arena, void *entries, size_t index,
                   bool *full)
{
    (void)arena;
    (void)entries;
    (void)index;
    *full = false;
    return document != NULL;
}

/* Does anything start on the day that began so many days ago? */
static enum error sample(const struct look *look, int64_t days, bool *ret_filled)
{
    const int64_t from_ms = look->query->now_ms - days * DAY_MS;
    const struct showtime_query all = {0};
    struct look day = {.client = look->client,
                       .query = &all,
                       .list = {.collection = MONGO_SHOWTIMES,
                                .sort = "{\"start_time\": 1, \"_id\": 1}",
                                .projection = "{\"_id\": 1}",
                                .limit = 1,
                                .read = notice,
                                .until_us = look->list.until_us}};
    const enum error error = read_span(&day, (struct span){from_ms, from_ms + DAY_MS});
    if (error == ERROR_NONE) *ret_filled = day.list.count > 0;
    return error;
}

/* Guesses where the programme begins: it has a showtime on most days since then. Without the time
 * for all samples the guess is a worse one. */
static enum error guess(struct look *look)
{
    const int64_t until_us = bson_get_monotonic_time() + (int64_t)GUESS_MS * 1000;
    int64_t filled = 0; /* Days ago. */
    enum error error = ERROR_NONE;
    for (int doubling = 0; error == ERROR_NONE && doubling < REACH_MAX; doubling++) {
        bool found = false;
        if (bson_get_monotonic_time() < until_us) {
            error = sample(look, INT64_C(1) << doubling, &found);
        }
        if (found) filled = INT64_C(1) << doubling;
    }
    int64_t empty = 2 * filled;
    while (error == ERROR_NONE && empty - filled > 1) {
        bool found = false;
        const int64_t middle = filled + (empty - filled) / 2;
        if (bson_get_monotonic_time() >= until_us) break;
        error = sample(look, middle, &found);
        if (found) filled = middle;
        else empty = middle;
    }
    if (error != ERROR_NONE) return error;
    look->programme->begins_at_ms = look->query->now_ms - empty * DAY_MS;
    look->programme->begun = true;
    look->list.until_us = mongo_list_time();
    return ERROR_NONE;
}

static enum error read_from_the_start(struct look *look, struct span span)
{
    struct mongo_programme *programme = look->programme;
    enum error error = programme->begun ? ERROR_NONE : guess(look);
    if (error == ERROR_NONE) {
        error = read_span(look, (struct span){INT64_MIN, programme->begins_at_ms});
    }
    span.from_ms = programme->begins_at_ms;
    if (error == ERROR_NONE) error = read_windows(look, span);
    if (error != ERROR_NONE) {
        programme->begun = false;
    } else if (look->list.count > 0 && !has_owner(look->query)) {
        const struct showtime *first = look->list.entries;
        programme->begins_at_ms = first->starts_at_ms;
    }
    return error;
}

/* A cursor whose entry is not there was never ours. */
static enum error find_start(const struct look *look, int64_t *ret_start_ms)
{
    bson_t found;
    bson_iter_t at;
    bool there = false;
    enum error error = mongo_read_one(look->client, MONGO_SHOWTIMES, look->query->page.after,
                                      "{\"start_time\": 1}", &found, &there);
    if (error != ERROR_NONE) return error;
    if (!there) return ERROR_VALIDATION_FAILED;
    const bool starts =
        bson_iter_init_find(&at, &found, "start_time") && BSON_ITER_HOLDS_DATE_TIME(&at);
    if (starts) *ret_start_ms = bson_iter_date_time(&at);
    else error = ERROR_VALIDATION_FAILED;
    bson_destroy(&found);
    return error;
}

static enum error read_after(struct look *look, struct span span)
{
    int64_t start_ms = 0;
    enum error error = find_start(look, &start_ms);
    if (error != ERROR_NONE || start_ms >= span.until_ms) return error;
    if (start_ms >= span.from_ms) {
        error = read_together(look, start_ms);
        span.from_ms = start_ms + 1;
    }
    return error == ERROR_NONE ? read_windows(look, span) : error;
}

/* Between which moments the list lies. False if `date` is none. */
static bool find_span(const struct look *look, struct span *ret_span)
{
    const struct showtime_query *query = look->query;
    *ret_span = (struct span){INT64_MIN, INT64_MAX};
    if (query->date.size > 0 && !mongo_zones_span(&look->programme->zones, query->date,
                                                  &ret_span->from_ms, &ret_span->until_ms)) {
        return false;
    }
    if (query->available && query->now_ms + 1 > ret_span->from_ms) {
        ret_span->from_ms = query->now_ms + 1;
    }
    return true;
}

static enum error look_through(struct look *look)
{
    struct span span;
    enum error error = ERROR_NONE;
    if (look->query->date.size > 0) {
        error = mongo_zones_read(&look->programme->zones, look->client, look->query->cinema);
    }
    if (error != ERROR_NONE || !find_span(look, &span)) return error;
    if (!id_is_none(look->query->page.after)) return read_after(look, span);
    if (span.from_ms == INT64_MIN) return read_from_the_start(look, span);
    return read_windows(look, span);
}

enum error mongo_programme_list(struct mongo_programme *programme, struct mongo_client *client,
                                const struct showtime_query *query, struct arena *arena,
                                struct showtime *showtimes, size_t *ret_count, bool *ret_more)
{
    CHECK(query->page.limit >= 1);
    CHECK(query->page.limit <= CATALOGUE_LISTED_MAX);

    struct look look = {.programme = programme,
                        .client = client,
                        .query = query,
                        .list = {.collection = MONGO_SHOWTIMES,
                                 .sort = "{\"start_time\": 1, \"_id\": 1}",
                                 .projection = MONGO_PROGRAMME_FIELDS,
                                 .limit = query->page.limit,
                                 .arena = arena,
                                 .entries = showtimes,
                                 .read = read_showtime,
                                 .belongs = is_judged(query) ? belongs : NULL,
                                 .context = &look,
                                 .until_us = mongo_list_time()}};
    const enum error error = look_through(&look);
    if (error != ERROR_NONE) return error;
    *ret_count = look.list.count;
    *ret_more = look.list.more;
    return ERROR_NONE;
}
