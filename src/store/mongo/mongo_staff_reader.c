#include "store/mongo/mongo_staff_reader.h"

#include "base/check.h"
#include "store/mongo/mongo_ids.h"
#include "store/mongo/mongo_pager.h"

static_assert((int)STAFF_LISTED_MAX <= (int)BOOKINGS_LISTED_MAX, "a page fits in the pager");

struct mongo_staff_reader {
    struct mongo_client client;
    struct mongo_view view;
    struct mongo_pager pager;
};

static enum error list_bookings(void *context, const struct staff_booking_query *query,
                                struct booking *bookings, size_t *ret_count, struct id *ret_next)
{
    struct mongo_staff_reader *reader = context;
    bson_t filter = BSON_INITIALIZER;
    if (query->has_code) {
        char text[3 + CODE_SIZE] = "BK-";
        memcpy(text + 3, query->code.letters, CODE_SIZE);
        (void)bson_append_utf8(&filter, "booking_code", -1, text, sizeof text);
    }
    if (query->user.size > 0) mongo_fields_append_user(&filter, "user_id", &query->user);
    if (!id_is_none(query->showtime)) {
        const bson_oid_t oid = mongo_ids_to_oid(query->showtime);
        BSON_APPEND_OID(&filter, "showtime_id", &oid);
    }
    const struct mongo_page page = {.filter = &filter,
                                    .any_status = query->any_status,
                                    .status = query->status,
                                    .after = query->page.after,
                                    .limit = query->page.limit};
    bool more = false;
    const enum error error =
        mongo_pager_list(&reader->pager, &reader->client, &page, bookings, ret_count, &more);
    bson_destroy(&filter);
    if (error == ERROR_BOOKING_NOT_FOUND) return ERROR_NOT_FOUND;
    if (error != ERROR_NONE) return error;
    *ret_next = more && *ret_count > 0 ? bookings[*ret_count - 1].id : (struct id){0};
    return ERROR_NONE;
}

/* A page of documents in the order of a date and then of their ids, newest first. */
struct listing {
    enum mongo_collection collection;
    const char *date;
    const struct staff_page *page;
    bool (*take)(void *context, const bson_t *document, size_t index); /* False: it ends here. */
    void *context;
};

/* Adds where the page begins to the filter. */
static enum error append_after(struct mongo_staff_reader *reader, const struct listing *listing,
                               bson_t *filter)
{
    if (id_is_none(listing->page->after)) return ERROR_NONE;
    bson_t document;
    bool there = false;
    enum error error = mongo_read_one(&reader->client, listing->collection, listing->page->after,
                                      NULL, &document, &there);
    if (error != ERROR_NONE) return error;
    if (!there) return ERROR_NOT_FOUND;
    bson_iter_t at;
    const bson_oid_t oid = mongo_ids_to_oid(listing->page->after);
    if (bson_iter_init_find(&at, &document, listing->date) && BSON_ITER_HOLDS_DATE_TIME(&at)) {
        const int64_t moment_ms = bson_iter_date_time(&at);
        BCON_APPEND(filter, "$or", "[", "{", listing->date, "{", "$lt", BCON_DATE_TIME(moment_ms),
                    "}", "}", "{", listing->date, BCON_DATE_TIME(moment_ms), "_id", "{", "$lt",
                    BCON_OID(&oid), "}", "}", "]");
    } else {
        error = ERROR_STORE_UNAVAILABLE;
    }
    bson_destroy(&document);
    return error;
}

static enum error list(struct mongo_staff_reader *reader, const struct listing *listing,
                       bson_t *filter, size_t *ret_count, struct id *ret_next)
{
    const size_t limit = listing->page->limit;
    CHECK(limit >= 1);
    CHECK(limit <= STAFF_LISTED_MAX);

    enum error error = append_after(reader, listing, filter);
    if (error != ERROR_NONE) return error;
    bson_t *options =
        BCON_NEW("sort", "{", listing->date, BCON_INT32(-1), "_id", BCON_INT32(-1), "}", "limit",
                 BCON_INT64((int64_t)limit + 1), "maxTimeMS", BCON_INT32(MONGO_READ_MS));
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(
        reader->client.collections[listing->collection], filter, options, NULL);
    const bson_t *document = NULL;
    size_t count = 0;
    struct id last = {0};
    bool more = false;
    while (!more && mongoc_cursor_next(cursor, &document)) {
        bson_iter_t at;
        more = count == limit || !listing->take(listing->context, document, count);
        if (more) break;
        count++;
        if (bson_iter_init_find(&at, document, "_id")) (void)mongo_fields_read_id(&at, &last);
    }
    error = mongo_read_end(cursor, "list");
    mongoc_cursor_destroy(cursor);
    bson_destroy(options);
    if (error != ERROR_NONE) return error;
    if (more && count == 0) return ERROR_OVERLOADED; /* No room for one. */
    *ret_count = count;
    *ret_next = more ? last : (struct id){0};
    return ERROR_NONE;
}

static bool take_payment(void *context, const bson_t *document, size_t index)
{
    struct payment *payments = context;
    struct mongo_payment payment = {0};
    if (!mongo_documents_read_payment(document, &payment)) return false;
    payments[index] = payment.payment;
    return true;
}

/* By the documents alone, which follow their showtimes within a second. */
static enum error list_refunds(void *context, const struct staff_refund_query *query,
                               struct payment *payments, size_t *ret_count, struct id *ret_next)
{
    struct mongo_staff_reader *reader = context;
    bson_t *filter = BCON_NEW("refund_requested_at", "{", "$gt", BCON_DATE_TIME(0), "}");
    if (!query->any_status) {
        BSON_APPEND_UTF8(filter, "status", payment_status_name(query->status).data);
    }
    const struct listing listing = {.collection = MONGO_PAYMENTS,
                                    .date = "createdAt",
                                    .page = &query->page,
                                    .take = take_payment,
                                    .context = payments};
    const enum error error = list(reader, &listing, filter, ret_count, ret_next);
    bson_destroy(filter);
    return error;
}

struct journal_page {
    struct arena *arena;
    struct journal_line *lines;
};

static bool copy_text(struct arena *arena, const bson_iter_t *at, struct slice *ret_text)
{
    *ret_text = arena_copy(arena, mongo_fields_text(at));
    return ret_text->data != NULL || mongo_fields_text(at).size == 0;
}

static bool take_line(void *context, const bson_t *document, size_t index)
{
    const struct journal_page *page = context;
    struct journal_line line = {0};
    bson_iter_t at;
    bool whole = bson_iter_init(&at, document);
    while (whole && bson_iter_next(&at)) {
        const char *name = bson_iter_key(&at);
        if (strcmp(name, "at") == 0) line.at_ms = bson_iter_date_time(&at);
        else if (strcmp(name, "actor") == 0) whole = mongo_fields_read_user(&at, &line.actor);
        else if (strcmp(name, "subject") == 0) whole = mongo_fields_read_id(&at, &line.subject);
        else if (strcmp(name, "role") == 0) whole = copy_text(page->arena, &at, &line.role);
        else if (strcmp(name, "action") == 0) whole = copy_text(page->arena, &at, &line.action);
        else if (strcmp(name, "detail") == 0) whole = copy_text(page->arena, &at, &line.detail);
    }
    page->lines[index] = line;
    return whole;
}

static enum error list_journal(void *context, const struct staff_journal_query *query,
                               struct arena *arena, struct journal_line *lines, size_t *ret_count,
                               struct id *ret_next)
{
    struct mongo_staff_reader *reader = context;
    struct journal_page page = {.arena = arena, .lines = lines};
    bson_t *filter = BCON_NEW("at", "{", "$gte", BCON_DATE_TIME(query->since_ms), "}");
    if (query->actor.size > 0) mongo_fields_append_user(filter, "actor", &query->actor);
    const struct listing listing = {.collection = MONGO_JOURNAL,
                                    .date = "at",
                                    .page = &query->page,
                                    .take = take_line,
                                    .context = &page};
    const enum error error = list(reader, &listing, filter, ret_count, ret_next);
    bson_destroy(filter);
    return error;
}

struct block_page {
    const struct mongo_view *view;
    struct block *blocks;
    size_t shown;
};

/* One that does not stand is passed over. */
static bool take_block(void *context, const bson_t *document, size_t index)
{
    struct block_page *page = context;
    struct mongo_block block = {0};
    (void)index;
    if (!mongo_documents_read_block(document, &block)) return false;
    if (mongo_view_block(page->view, &block) && block.block.released_at_ms == 0) {
        page->blocks[page->shown++] = block.block;
    }
    return true;
}

static enum error list_blocks(void *context, const struct staff_block_query *query,
                              struct block *blocks, size_t *ret_count, struct id *ret_next)
{
    struct mongo_staff_reader *reader = context;
    struct block_page page = {.view = &reader->view, .blocks = blocks};
    const bson_oid_t oid = mongo_ids_to_oid(query->showtime);
    bson_t *filter = BCON_NEW("showtime_id", BCON_OID(&oid), "released_at", BCON_NULL);
    const struct listing listing = {.collection = MONGO_BLOCKS,
                                    .date = "createdAt",
                                    .page = &query->page,
                                    .take = take_block,
                                    .context = &page};
    reader->view.count = 0;
    enum error error = mongo_view_open(&reader->view, &reader->client, &query->showtime, 1);
    size_t looked = 0;
    if (error == ERROR_NONE) error = list(reader, &listing, filter, &looked, ret_next);
    mongo_view_release(&reader->view);
    bson_destroy(filter);
    if (error == ERROR_NONE) *ret_count = page.shown;
    return error;
}

static const struct staff_reader_methods methods = {.list_bookings = list_bookings,
                                                    .list_refunds = list_refunds,
                                                    .list_journal = list_journal,
                                                    .list_blocks = list_blocks};

enum error mongo_staff_reader_open(struct mongo_connection *connection,
                                   struct mongo_staff_reader **ret_reader)
{
    CHECK(ret_reader != NULL);

    struct mongo_staff_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) return ERROR_STORE_UNAVAILABLE;
    const enum error error = mongo_client_open(connection, &reader->client);
    if (error == ERROR_NONE) *ret_reader = reader;
    else free(reader);
    return error;
}

void mongo_staff_reader_close(struct mongo_staff_reader *reader)
{
    if (reader == NULL) return;
    mongo_client_close(&reader->client);
    free(reader);
}

struct staff_reader mongo_staff_reader_port(struct mongo_staff_reader *reader)
{
    CHECK(reader != NULL);
    return (struct staff_reader){.context = reader, .methods = &methods};
}
