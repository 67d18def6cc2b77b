#include "http/staff_lists.h"

#include "calendar/calendar.h"
#include "http/booking_json.h"
#include "http/jwt.h"
#include "http/query.h"
#include "http/reply.h"
#include "http/staff_json.h"

enum {
    LIST_OVERHEAD_MAX = 256,
    WORD_SIZE_MAX = 16,                /* The longest status, with room. */
    CODE_SIZE_MAX = 16,                /* `BK-` and 8 characters, with room. */
    MOMENT_SIZE_MAX = 40,              /* ISO 8601 with any offset. */
    JOURNAL_SCRATCH_SIZE = 256 * 1024, /* A page whose details are 2 KB each. */
};

static_assert((int)STAFF_LISTED_MAX >= (int)QUERY_LIMIT_MAX, "the contract's pages can be had");

/* A list's answer while it is written. */
struct list {
    struct exchange *exchange;
    struct reply reply;
};

static void refuse(struct exchange *exchange, enum error error, int64_t now_ms)
{
    const struct field_error unknown = {SLICE("cursor"), SLICE("is not of this list")};
    const bool cursor = error == ERROR_NOT_FOUND;
    problem_reply(exchange,
                  &(struct problem){.error = cursor ? ERROR_VALIDATION_FAILED : error,
                                    .errors = &unknown,
                                    .error_count = cursor},
                  now_ms);
}

static bool list_begin(struct exchange *exchange, size_t size, struct list *ret_list)
{
    *ret_list = (struct list){.exchange = exchange};
    if (!reply_begin(exchange, LIST_OVERHEAD_MAX + size, &ret_list->reply)) return false;
    json_open_object(&ret_list->reply.writer);
    json_key(&ret_list->reply.writer, SLICE("items"));
    json_open_array(&ret_list->reply.writer);
    return true;
}

static void list_send(struct list *list, struct id next)
{
    struct json_writer *writer = &list->reply.writer;
    json_close_array(writer);
    json_key(writer, SLICE("next_cursor"));
    if (id_is_none(next)) {
        json_null(writer);
    } else {
        char cursor[CURSOR_TEXT_SIZE];
        query_format_cursor(next, cursor);
        json_text(writer, (struct slice){cursor, sizeof cursor});
    }
    json_close_object(writer);
    reply_add_personal(list->exchange);
    reply_send(list->exchange, 200, &list->reply);
}

static struct staff_page read_page(struct query *query)
{
    return (struct staff_page){.limit = query_limit(query), .after = query_cursor(query)};
}

/* A user id; size 0 if it was not given. */
static struct user read_user(struct query *query, struct slice name)
{
    const struct slice text = query_text(query, name, USER_SIZE_MAX);
    if (text.size == 0) return (struct user){0};
    if (jwt_user_is_valid(text)) return user_of(text);
    query_complain(query, name, SLICE("must be 1 to 64 printable ASCII characters, no spaces"));
    return (struct user){0};
}

static bool read_bookings_query(struct exchange *exchange, struct staff_booking_query *ret_query,
                                int64_t now_ms)
{
    struct query query;
    query_parse(exchange->query, &exchange->arena, &query);
    *ret_query = (struct staff_booking_query){.page = read_page(&query),
                                              .user = read_user(&query, SLICE("user_id")),
                                              .showtime = query_id(&query, SLICE("showtime_id"))};
    const struct slice code = query_text(&query, SLICE("code"), CODE_SIZE_MAX);
    ret_query->has_code = code.size > 0;
    if (ret_query->has_code && !code_parse(code, &ret_query->code)) {
        query_complain(&query, SLICE("code"), SLICE("must be BK- and 8 letters or digits"));
    }
    const struct slice status = query_text(&query, SLICE("status"), WORD_SIZE_MAX);
    ret_query->any_status = status.size == 0;
    if (!ret_query->any_status && !booking_status_parse(status, &ret_query->status)) {
        query_complain(&query, SLICE("status"),
                       SLICE("must be pending, confirmed, cancelled or expired"));
    }
    return query_finish(exchange, &query, now_ms);
}

void staff_lists_bookings(struct desk *desk, struct exchange *exchange, int64_t now_ms)
{
    struct staff_booking_query query;
    if (!read_bookings_query(exchange, &query, now_ms)) return;
    struct booking bookings[STAFF_LISTED_MAX];
    size_t count = 0;
    struct id next;
    const struct staff_reader *reader = &desk->staff_reader;
    const enum error error =
        reader->methods->list_bookings(reader->context, &query, bookings, &count, &next);
    if (error != ERROR_NONE) {
        refuse(exchange, error, now_ms);
        return;
    }
    struct list list;
    if (!list_begin(exchange, count * BOOKING_JSON_SIZE_MAX, &list)) return;
    for (size_t index = 0; index < count; index++) {
        booking_json_whole(&list.reply.writer, &bookings[index]);
    }
    list_send(&list, next);
}

/* The contract's words for where a refund is. */
static bool parse_refund_status(struct slice text, enum payment_status *ret_status)
{
    static const struct {
        struct slice name;
        enum payment_status status;
    } words[] = {{SLICE_INIT("due"), PAYMENT_REFUND_DUE},
                 {SLICE_INIT("requested"), PAYMENT_REFUNDING},
                 {SLICE_INIT("failed"), PAYMENT_REFUND_FAILED},
                 {SLICE_INIT("done"), PAYMENT_REFUNDED}};
    for (size_t index = 0; index < sizeof words / sizeof *words; index++) {
        if (!slice_equal(text, words[index].name)) continue;
        *ret_status = words[index].status;
        return true;
    }
    return false;
}

static bool read_refunds_query(struct exchange *exchange, struct staff_refund_query *ret_query,
                               int64_t now_ms)
{
    struct query query;
    query_parse(exchange->query, &exchange->arena, &query);
    *ret_query = (struct staff_refund_query){.page = read_page(&query)};
    const struct slice status = query_text(&query, SLICE("status"), WORD_SIZE_MAX);
    ret_query->any_status = status.size == 0;
    if (!ret_query->any_status && !parse_refund_status(status, &ret_query->status)) {
        query_complain(&query, SLICE("status"), SLICE("must be due, requested, failed or done"));
    }
    return query_finish(exchange, &query, now_ms);
}

void staff_lists_refunds(struct desk *desk, struct exchange *exchange, int64_t now_ms)
{
    struct staff_refund_query query;
    if (!read_refunds_query(exchange, &query, now_ms)) return;
    struct payment payments[STAFF_LISTED_MAX];
    size_t count = 0;
    struct id next;
    const struct staff_reader *reader = &desk->staff_reader;
    const enum error error =
        reader->methods->list_refunds(reader->context, &query, payments, &count, &next);
    if (error != ERROR_NONE) {
        refuse(exchange, error, now_ms);
        return;
    }
    struct list list;
    if (!list_begin(exchange, count * BOOKING_JSON_PAYMENT_SIZE_MAX, &list)) return;
    for (size_t index = 0; index < count; index++) {
        booking_json_payment_for_staff(&list.reply.writer, &payments[index], now_ms);
    }
    list_send(&list, next);
}

static bool read_journal_query(struct exchange *exchange, struct staff_journal_query *ret_query,
                               int64_t now_ms)
{
    struct query query;
    query_parse(exchange->query, &exchange->arena, &query);
    *ret_query = (struct staff_journal_query){.page = read_page(&query),
                                              .actor = read_user(&query, SLICE("actor"))};
    const struct slice since = query_text(&query, SLICE("since"), MOMENT_SIZE_MAX);
    if (since.size > 0 && !calendar_parse_moment(since, &ret_query->since_ms)) {
        query_complain(&query, SLICE("since"),
                       SLICE("must be a moment in ISO 8601, as 2024-01-15T10:30:00Z"));
    }
    return query_finish(exchange, &query, now_ms);
}

/* Answers with the entries of a page, whose texts are in the arena. */
static void answer_journal(struct desk *desk, struct exchange *exchange,
                           const struct staff_journal_query *query, struct arena *arena,
                           int64_t now_ms)
{
    struct journal_line lines[STAFF_LISTED_MAX];
    size_t count = 0;
    struct id next;
    const struct staff_reader *reader = &desk->staff_reader;
    const enum error error =
        reader->methods->list_journal(reader->context, query, arena, lines, &count, &next);
    if (error != ERROR_NONE) {
        refuse(exchange, error, now_ms);
        return;
    }
    size_t size = 0;
    for (size_t index = 0; index < count; index++) size += staff_json_line_size(&lines[index]);
    struct list list;
    if (!list_begin(exchange, size, &list)) return;
    for (size_t index = 0; index < count; index++) {
        staff_json_line(&list.reply.writer, &lines[index]);
    }
    list_send(&list, next);
}

void staff_lists_journal(struct desk *desk, struct exchange *exchange, int64_t now_ms)
{
    struct staff_journal_query query;
    if (!read_journal_query(exchange, &query, now_ms)) return;
    void *block = malloc(JOURNAL_SCRATCH_SIZE);
    if (block == NULL) {
        refuse(exchange, ERROR_OVERLOADED, now_ms);
        return;
    }
    struct arena arena;
    arena_init(&arena, block, JOURNAL_SCRATCH_SIZE);
    answer_journal(desk, exchange, &query, &arena, now_ms);
    free(block);
}

static bool read_blocks_query(struct exchange *exchange, struct slice id,
                              struct staff_block_query *ret_query, int64_t now_ms)
{
    struct query query;
    query_parse(exchange->query, &exchange->arena, &query);
    *ret_query = (struct staff_block_query){.page = read_page(&query)};
    if (!query_finish(exchange, &query, now_ms)) return false;
    if (id_parse(id, &ret_query->showtime)) return true;
    problem_reply(exchange, &(struct problem){.error = ERROR_SHOWTIME_NOT_FOUND}, now_ms);
    return false;
}

void staff_lists_blocks(struct desk *desk, struct exchange *exchange, struct slice id,
                        int64_t now_ms)
{
    struct staff_block_query query;
    if (!read_blocks_query(exchange, id, &query, now_ms)) return;
    struct showtime showtime;
    const struct catalogue *catalogue = &desk->catalogue;
    enum error error = catalogue->methods->find_showtime(catalogue->context, query.showtime,
                                                         &exchange->arena, &showtime);
    if (error != ERROR_NONE) {
        problem_reply(exchange, &(struct problem){.error = error}, now_ms);
        return;
    }
    struct block blocks[STAFF_LISTED_MAX];
    size_t count = 0;
    struct id next;
    const struct staff_reader *reader = &desk->staff_reader;
    error = reader->methods->list_blocks(reader->context, &query, blocks, &count, &next);
    if (error != ERROR_NONE) {
        refuse(exchange, error, now_ms);
        return;
    }
    struct list list;
    if (!list_begin(exchange, count * STAFF_JSON_BLOCK_SIZE, &list)) return;
    for (size_t index = 0; index < count; index++) {
        staff_json_block(&list.reply.writer, &blocks[index]);
    }
    list_send(&list, next);
}
