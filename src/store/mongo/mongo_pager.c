#include "store/mongo/mongo_pager.h"

#include "base/check.h"
#include "store/mongo/mongo_ids.h"

/* Pages of documents for one page of answers, when few are shown: 5000 documents. */
enum { LOOKS_MAX = 50 };

static_assert((int)MONGO_PAGE_MAX <= (int)MONGO_VIEW_MAX, "a page's showtimes fit in a view");

/* What is read of a list, a part at a time: one question for all of it would go by no index of some
 * servers. Those without a date come last. */
enum part { ALL, TOGETHER, EARLIER, UNDATED, NOTHING };

/* Where a part begins: behind this moment, at it behind this id. */
struct cursor {
    enum part part;
    int64_t created_at_ms;
    struct id id; /* None: all that are undated. */
};

static bson_t *make_filter(const struct mongo_page *page, const struct cursor *cursor)
{
    bson_t *filter = bson_copy(page->filter);
    const bson_oid_t oid = mongo_ids_to_oid(cursor->id);
    if (cursor->part == EARLIER) {
        BCON_APPEND(filter, "createdAt", "{", "$lt", BCON_DATE_TIME(cursor->created_at_ms), "}");
    } else if (cursor->part == TOGETHER) {
        BSON_APPEND_DATE_TIME(filter, "createdAt", cursor->created_at_ms);
    } else if (cursor->part == UNDATED) {
        BSON_APPEND_NULL(filter, "createdAt");
    }
    const bool among = cursor->part == TOGETHER || cursor->part == UNDATED;
    if (among && !id_is_none(cursor->id)) {
        BCON_APPEND(filter, "_id", "{", "$lt", BCON_OID(&oid), "}");
    }
    return filter;
}

/* Behind a booking. */
static struct cursor behind(int64_t created_at_ms, struct id id)
{
    return (struct cursor){
        .part = created_at_ms == 0 ? UNDATED : TOGETHER, .created_at_ms = created_at_ms, .id = id};
}

/* The next part, when one is at its end. */
static struct cursor next_part(const struct cursor *cursor)
{
    if (cursor->part == TOGETHER) {
        return (struct cursor){.part = EARLIER, .created_at_ms = cursor->created_at_ms};
    }
    return (struct cursor){.part = cursor->part == EARLIER ? UNDATED : NOTHING};
}

static enum error take_documents(struct mongo_pager *pager, mongoc_cursor_t *cursor)
{
    const bson_t *document = NULL;
    pager->count = 0;
    while (pager->count < MONGO_PAGE_MAX && mongoc_cursor_next(cursor, &document)) {
        struct mongo_booking *booking = &pager->bookings[pager->count];
        *booking = (struct mongo_booking){0};
        if (!mongo_documents_read_booking(document, booking)) {
            (void)mongo_documents_refuse(MONGO_BOOKINGS, document);
            return ERROR_STORE_UNAVAILABLE;
        }
        pager->count++;
    }
    return mongo_read_end(cursor, "list bookings");
}

static enum error read_documents(struct mongo_pager *pager, struct mongo_client *client,
                                 const bson_t *filter)
{
    bson_t *options = BCON_NEW("sort", "{", "createdAt", BCON_INT32(-1), "_id", BCON_INT32(-1), "}",
                               "limit", BCON_INT64(MONGO_PAGE_MAX), "batchSize",
                               BCON_INT32(MONGO_PAGE_MAX), "maxTimeMS", BCON_INT32(MONGO_READ_MS));
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(client->collections[MONGO_BOOKINGS],
                                                               filter, options, NULL);
    const enum error error = take_documents(pager, cursor);
    mongoc_cursor_destroy(cursor);
    bson_destroy(options);
    return error;
}

static uint32_t list_showtimes(const struct mongo_pager *pager, struct id *showtimes)
{
    uint32_t count = 0;
    for (uint32_t index = 0; index < pager->count; index++) {
        const struct id showtime = pager->bookings[index].booking.showtime;
        uint32_t known = 0;
        while (known < count && !id_equal(showtimes[known], showtime)) known++;
        if (known == count) showtimes[count++] = showtime;
    }
    return count;
}

static enum error look(struct mongo_pager *pager, struct mongo_client *client,
                       const struct mongo_page *page, const struct cursor *cursor)
{
    struct id showtimes[MONGO_VIEW_MAX];
    bson_t *filter = make_filter(page, cursor);
    enum error error = read_documents(pager, client, filter);
    const bool any = error == ERROR_NONE && pager->count > 0;
    if (any) {
        const uint32_t count = list_showtimes(pager, showtimes);
        error = mongo_view_open(&pager->view, client, showtimes, count);
    }
    if (any && error == ERROR_NONE) error = read_documents(pager, client, filter);
    if (any && error == ERROR_NONE)
        error = mongo_view_name_kept(client, pager->bookings, pager->count);
    bson_destroy(filter);
    return error;
}

/* A booking that came between the two readings has no showtime in the view: the next call has
 * it. */
static void take_shown(struct mongo_pager *pager, const struct mongo_page *page,
                       struct booking *bookings, size_t *count, bool *ret_more)
{
    for (uint32_t index = 0; index < pager->count && !*ret_more; index++) {
        struct mongo_booking *booking = &pager->bookings[index];
        if (!mongo_view_booking(&pager->view, booking)) continue;
        if (!page->any_status && booking->booking.status != page->status) continue;
        if (*count == page->limit) *ret_more = true;
        else bookings[(*count)++] = booking->booking;
    }
}

static enum error find_cursor(struct mongo_client *client, struct id after,
                              struct cursor *ret_cursor)
{
    *ret_cursor = (struct cursor){.part = ALL};
    if (id_is_none(after)) return ERROR_NONE;
    bson_t document;
    bool there = false;
    enum error error =
        mongo_read_one(client, MONGO_BOOKINGS, after, "{\"createdAt\": 1}", &document, &there);
    if (error != ERROR_NONE) return error;
    if (!there) return ERROR_BOOKING_NOT_FOUND;
    bson_iter_t at;
    int64_t created_at_ms = 0;
    if (mongo_fields_has(&document, "createdAt")) {
        const bool dated = bson_iter_init_find(&at, &document, "createdAt") &&
                           mongo_fields_read_moment(&at, &created_at_ms);
        if (!dated) error = ERROR_STORE_UNAVAILABLE;
    }
    *ret_cursor = behind(created_at_ms, after);
    bson_destroy(&document);
    return error;
}

enum error mongo_pager_list(struct mongo_pager *pager, struct mongo_client *client,
                            const struct mongo_page *page, struct booking *bookings,
                            size_t *ret_count, bool *ret_more)
{
    CHECK(page->limit >= 1);
    CHECK(page->limit <= BOOKINGS_LISTED_MAX);

    struct cursor cursor;
    enum error error = find_cursor(client, page->after, &cursor);
    if (error != ERROR_NONE) return error;
    size_t count = 0;
    bool more = false;
    for (int looks = 0; looks < LOOKS_MAX && !more && cursor.part != NOTHING; looks++) {
        pager->view.count = 0;
        error = look(pager, client, page, &cursor);
        if (error == ERROR_NONE) take_shown(pager, page, bookings, &count, &more);
        mongo_view_release(&pager->view);
        if (error != ERROR_NONE) return error;
        const bool full = pager->count == MONGO_PAGE_MAX;
        const struct mongo_booking *end = &pager->bookings[full ? pager->count - 1 : 0];
        cursor = full ? behind(end->created_at_ms, end->booking.id) : next_part(&cursor);
    }
    /* What was not looked at is not said to be the end. */
    const bool unfinished = !more && cursor.part != NOTHING;
    if (unfinished && count == 0) return ERROR_STORE_UNAVAILABLE;
    *ret_count = count;
    *ret_more = more || unfinished;
    return ERROR_NONE;
}
