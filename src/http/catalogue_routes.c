#include "http/catalogue_routes.h"

#include "calendar/calendar.h"
#include "http/catalogue_json.h"
#include "http/negotiation.h"
#include "http/problem.h"
#include "http/query.h"
#include "http/reply.h"

enum {
    SCRATCH_SIZE = 2 * 1024 * 1024, /* The largest cinema has 400 KB of plans; a page of movies
                                       with the longest texts 1.5 MB. */
    LIST_SIZE = 64,                 /* The members around the items, with a cursor. */
    TEXT_SIZE_MAX = 1024,           /* As long as a title or a city may be. */
    TAG_SIZE = 18,                  /* Sixteen digits in quotes. */
};

static_assert((int)CATALOGUE_LISTED_MAX >= (int)QUERY_LIMIT_MAX,
              "a page of the contract can be asked for");

/* How a single entry is answered. */
struct showing {
    int status;
    bool personal; /* Without a tag, not to be kept. */
};

static const struct showing public_showing = {.status = 200};

/* Memory for what is read, until it is written into the answer. One at a time in each loop,
 * since nothing waits in between. */
static bool open_scratch(struct exchange *exchange, struct arena *ret_scratch, int64_t now_ms)
{
    void *block = malloc(SCRATCH_SIZE);
    if (block == NULL) {
        problem_reply(exchange, &(struct problem){.error = ERROR_OVERLOADED}, now_ms);
        return false;
    }
    arena_init(ret_scratch, block, SCRATCH_SIZE);
    return true;
}

static void close_scratch(struct arena *scratch)
{
    free(scratch->block);
}

static void answer_failure(struct exchange *exchange, enum error error, int64_t now_ms)
{
    const struct field_error unknown = {SLICE("cursor"), SLICE("is not of this list")};
    const bool cursor = error == ERROR_VALIDATION_FAILED;
    problem_reply(exchange,
                  &(struct problem){.error = error, .errors = &unknown, .error_count = cursor},
                  now_ms);
}

/* Sends the body with its tag, or says that the client has it. */
static void send_tagged(struct exchange *exchange, struct reply *reply)
{
    const struct siphash_key key = {0}; /* Nothing is hidden: equal bodies have equal tags. */
    char *tag = arena_take(&exchange->arena, TAG_SIZE);
    exchange_add_header(exchange, SLICE("cache-control"), SLICE("no-cache"));
    if (tag == NULL || reply->body.overflowed) {
        reply_send(exchange, 200, reply);
        return;
    }
    struct buffer buffer;
    buffer_init(&buffer, tag, TAG_SIZE);
    const uint64_t hash = siphash(&key, reply->body.data, reply->body.size);
    buffer_append_char(&buffer, '"');
    buffer_append_hex(&buffer, &hash, sizeof hash);
    buffer_append_char(&buffer, '"');
    const struct slice text = buffer_text(&buffer);
    exchange_add_header(exchange, SLICE("etag"), text);
    if (!negotiation_has_tag(exchange_header(exchange, SLICE("if-none-match")), text)) {
        reply_send(exchange, 200, reply);
        return;
    }
    free(reply->large);
    exchange_reply(exchange, 304, (struct slice){0}, (struct slice){0});
}

/* Sends a single entry; what staff have just written is for them alone. */
static void send_entry(struct exchange *exchange, struct reply *reply,
                       const struct showing *showing)
{
    if (!showing->personal) {
        send_tagged(exchange, reply);
        return;
    }
    reply_add_personal(exchange);
    reply_send(exchange, showing->status, reply);
}

static void open_list(struct reply *reply)
{
    json_open_object(&reply->writer);
    json_key(&reply->writer, SLICE("items"));
    json_open_array(&reply->writer);
}

/* `last` is the entry behind which there are more; none: the list ends here. */
static void close_list(struct reply *reply, struct id last)
{
    char cursor[CURSOR_TEXT_SIZE];
    json_close_array(&reply->writer);
    json_key(&reply->writer, SLICE("next_cursor"));
    if (id_is_none(last)) {
        json_null(&reply->writer);
    } else {
        query_format_cursor(last, cursor);
        json_text(&reply->writer, (struct slice){.data = cursor, .size = sizeof cursor});
    }
    json_close_object(&reply->writer);
}

static struct page page_of(struct query *query)
{
    const uint32_t limit = query_limit(query);
    return (struct page){.after = query_cursor(query), .limit = limit};
}

/* A single entry takes no parameters, and an id that is none names nothing. */
static bool read_id(struct exchange *exchange, struct slice text, enum error not_found,
                    struct id *ret_id, int64_t now_ms)
{
    struct query query;
    query_parse(exchange->query, &exchange->arena, &query);
    if (!query_finish(exchange, &query, now_ms)) return false;
    if (id_parse(text, ret_id)) return true;
    answer_failure(exchange, not_found, now_ms);
    return false;
}

static bool is_movie_status(struct slice text)
{
    return slice_equal(text, SLICE("coming_soon")) || slice_equal(text, SLICE("now_showing")) ||
           slice_equal(text, SLICE("ended"));
}

static void answer_movies(struct exchange *exchange, const struct movie *movies, size_t count,
                          bool more)
{
    size_t size = LIST_SIZE;
    for (size_t index = 0; index < count; index++) {
        size += catalogue_json_movie_size(&movies[index]) + 1;
    }
    struct reply reply;
    if (!reply_begin(exchange, size, &reply)) return;
    open_list(&reply);
    for (size_t index = 0; index < count; index++) {
        catalogue_json_movie(&reply.writer, &movies[index]);
    }
    close_list(&reply, more ? movies[count - 1].id : (struct id){0});
    send_tagged(exchange, &reply);
}

void catalogue_handle_movies(struct exchange *exchange, const struct catalogue *catalogue,
                             int64_t now_ms)
{
    struct query query;
    query_parse(exchange->query, &exchange->arena, &query);
    const struct movie_query asked = {.status = query_text(&query, SLICE("status"), TEXT_SIZE_MAX),
                                      .title = query_text(&query, SLICE("q"), TEXT_SIZE_MAX),
                                      .page = page_of(&query)};
    if (asked.status.size > 0 && !is_movie_status(asked.status)) {
        query_complain(&query, SLICE("status"),
                       SLICE("must be one of coming_soon, now_showing, ended"));
    }
    struct arena scratch;
    if (!query_finish(exchange, &query, now_ms)) return;
    if (!open_scratch(exchange, &scratch, now_ms)) return;
    struct movie *movies = arena_take(&scratch, asked.page.limit * sizeof *movies);
    CHECK(movies != NULL);
    size_t count = 0;
    bool more = false;
    const enum error error = catalogue->methods->list_movies(catalogue->context, &asked, &scratch,
                                                             movies, &count, &more);
    if (error == ERROR_NONE) answer_movies(exchange, movies, count, more);
    else answer_failure(exchange, error, now_ms);
    close_scratch(&scratch);
}

static void show_movie(struct exchange *exchange, const struct catalogue *catalogue, struct id id,
                       const struct showing *showing, int64_t now_ms)
{
    struct movie movie;
    struct reply reply;
    const enum error error =
        catalogue->methods->find_movie(catalogue->context, id, &exchange->arena, &movie);
    if (error != ERROR_NONE) {
        answer_failure(exchange, error, now_ms);
        return;
    }
    if (!reply_begin(exchange, catalogue_json_movie_size(&movie), &reply)) return;
    catalogue_json_movie(&reply.writer, &movie);
    send_entry(exchange, &reply, showing);
}

void catalogue_handle_movie(struct exchange *exchange, const struct catalogue *catalogue,
                            struct slice id, int64_t now_ms)
{
    struct id parsed;
    if (!read_id(exchange, id, ERROR_MOVIE_NOT_FOUND, &parsed, now_ms)) return;
    show_movie(exchange, catalogue, parsed, &public_showing, now_ms);
}

void catalogue_show_movie(struct exchange *exchange, const struct catalogue *catalogue,
                          struct id id, int status, int64_t now_ms)
{
    const struct showing showing = {.status = status, .personal = true};
    show_movie(exchange, catalogue, id, &showing, now_ms);
}

static void answer_cinemas(struct exchange *exchange, const struct cinema *cinemas, size_t count,
                           bool more)
{
    size_t size = LIST_SIZE;
    for (size_t index = 0; index < count; index++) {
        size += catalogue_json_cinema_size(&cinemas[index]) + 1;
    }
    struct reply reply;
    if (!reply_begin(exchange, size, &reply)) return;
    open_list(&reply);
    for (size_t index = 0; index < count; index++) {
        catalogue_json_cinema(&reply.writer, &cinemas[index]);
    }
    close_list(&reply, more ? cinemas[count - 1].id : (struct id){0});
    send_tagged(exchange, &reply);
}

void catalogue_handle_cinemas(struct exchange *exchange, const struct catalogue *catalogue,
                              int64_t now_ms)
{
    struct query query;
    query_parse(exchange->query, &exchange->arena, &query);
    const struct cinema_query asked = {.city = query_text(&query, SLICE("city"), TEXT_SIZE_MAX),
                                       .page = page_of(&query)};
    struct arena scratch;
    if (!query_finish(exchange, &query, now_ms)) return;
    if (!open_scratch(exchange, &scratch, now_ms)) return;
    struct cinema *cinemas = arena_take(&scratch, asked.page.limit * sizeof *cinemas);
    CHECK(cinemas != NULL);
    size_t count = 0;
    bool more = false;
    const enum error error = catalogue->methods->list_cinemas(catalogue->context, &asked, &scratch,
                                                              cinemas, &count, &more);
    if (error == ERROR_NONE) answer_cinemas(exchange, cinemas, count, more);
    else answer_failure(exchange, error, now_ms);
    close_scratch(&scratch);
}

static void answer_cinema(struct exchange *exchange, const struct cinema *cinema,
                          const struct showing *showing)
{
    struct reply reply;
    if (!reply_begin(exchange, catalogue_json_cinema_size(cinema), &reply)) return;
    catalogue_json_cinema(&reply.writer, cinema);
    send_entry(exchange, &reply, showing);
}

static void show_cinema(struct exchange *exchange, const struct catalogue *catalogue, struct id id,
                        const struct showing *showing, int64_t now_ms)
{
    struct arena scratch;
    struct cinema cinema;
    if (!open_scratch(exchange, &scratch, now_ms)) return;
    const enum error error =
        catalogue->methods->find_cinema(catalogue->context, id, &scratch, &cinema);
    if (error == ERROR_NONE) answer_cinema(exchange, &cinema, showing);
    else answer_failure(exchange, error, now_ms);
    close_scratch(&scratch);
}

void catalogue_handle_cinema(struct exchange *exchange, const struct catalogue *catalogue,
                             struct slice id, int64_t now_ms)
{
    struct id parsed;
    if (!read_id(exchange, id, ERROR_CINEMA_NOT_FOUND, &parsed, now_ms)) return;
    show_cinema(exchange, catalogue, parsed, &public_showing, now_ms);
}

void catalogue_show_cinema(struct exchange *exchange, const struct catalogue *catalogue,
                           struct id id, int status, int64_t now_ms)
{
    const struct showing showing = {.status = status, .personal = true};
    show_cinema(exchange, catalogue, id, &showing, now_ms);
}

static bool read_available(struct query *query)
{
    const struct slice text = query_text(query, SLICE("available"), TEXT_SIZE_MAX);
    if (text.size == 0 || slice_equal(text, SLICE("false"))) return false;
    if (slice_equal(text, SLICE("true"))) return true;
    query_complain(query, SLICE("available"), SLICE("must be true or false"));
    return false;
}

static struct slice read_date(struct query *query)
{
    const struct slice text = query_text(query, SLICE("date"), TEXT_SIZE_MAX);
    if (text.size > 0 && !calendar_date_valid(text)) {
        query_complain(query, SLICE("date"), SLICE("must be a day such as 2024-01-15"));
    }
    return text;
}

static void answer_showtimes(struct exchange *exchange, const struct showtime *showtimes,
                             size_t count, bool more, int64_t now_ms)
{
    size_t size = LIST_SIZE;
    for (size_t index = 0; index < count; index++) {
        size += catalogue_json_showtime_size(&showtimes[index]) + 1;
    }
    struct reply reply;
    if (!reply_begin(exchange, size, &reply)) return;
    open_list(&reply);
    for (size_t index = 0; index < count; index++) {
        catalogue_json_showtime(&reply.writer, &showtimes[index], now_ms);
    }
    close_list(&reply, more ? showtimes[count - 1].id : (struct id){0});
    send_tagged(exchange, &reply);
}

void catalogue_handle_showtimes(struct exchange *exchange, const struct catalogue *catalogue,
                                int64_t now_ms)
{
    struct query query;
    query_parse(exchange->query, &exchange->arena, &query);
    const struct showtime_query asked = {.movie = query_id(&query, SLICE("movie_id")),
                                         .cinema = query_id(&query, SLICE("cinema_id")),
                                         .date = read_date(&query),
                                         .available = read_available(&query),
                                         .now_ms = now_ms,
                                         .page = page_of(&query)};
    struct arena scratch;
    if (!query_finish(exchange, &query, now_ms)) return;
    if (!open_scratch(exchange, &scratch, now_ms)) return;
    struct showtime *showtimes = arena_take(&scratch, asked.page.limit * sizeof *showtimes);
    CHECK(showtimes != NULL);
    size_t count = 0;
    bool more = false;
    const enum error error = catalogue->methods->list_showtimes(catalogue->context, &asked,
                                                                &scratch, showtimes, &count, &more);
    if (error == ERROR_NONE) answer_showtimes(exchange, showtimes, count, more, now_ms);
    else answer_failure(exchange, error, now_ms);
    close_scratch(&scratch);
}

static void show_showtime(struct exchange *exchange, const struct catalogue *catalogue,
                          struct id id, const struct showing *showing, int64_t now_ms)
{
    struct showtime showtime;
    struct reply reply;
    const enum error error =
        catalogue->methods->find_showtime(catalogue->context, id, &exchange->arena, &showtime);
    if (error != ERROR_NONE) {
        answer_failure(exchange, error, now_ms);
        return;
    }
    if (!reply_begin(exchange, catalogue_json_showtime_size(&showtime), &reply)) return;
    catalogue_json_showtime(&reply.writer, &showtime, now_ms);
    send_entry(exchange, &reply, showing);
}

void catalogue_handle_showtime(struct exchange *exchange, const struct catalogue *catalogue,
                               struct slice id, int64_t now_ms)
{
    struct id parsed;
    if (!read_id(exchange, id, ERROR_SHOWTIME_NOT_FOUND, &parsed, now_ms)) return;
    show_showtime(exchange, catalogue, parsed, &public_showing, now_ms);
}

void catalogue_show_showtime(struct exchange *exchange, const struct catalogue *catalogue,
                             struct id id, int status, int64_t now_ms)
{
    const struct showing showing = {.status = status, .personal = true};
    show_showtime(exchange, catalogue, id, &showing, now_ms);
}
