/* test_catalogue_routes.c - the public catalogue as clients see it. */
#include "core/layout.h"
#include "http/catalogue_routes.h"
#include "support/fake_exchange.h"
#include "support/unit.h"

#define NOW_MS INT64_C(1705314600000)

static const struct id first_id = {.bytes = {1}};
static const struct id last_id = {.bytes = {2}};

/* A catalogue of two of each; it remembers what it was asked. */
static struct {
    struct movie_query movies;
    struct cinema_query cinemas;
    struct showtime_query showtimes;
    bool more;
    enum error error;
    struct seat_plan plan;
    struct screen screen;
    char texts[2][64]; /* The question's texts, which are the exchange's. */
} fake;

static void keep(size_t index, struct slice *text)
{
    CHECK(text->size <= sizeof fake.texts[index]);
    if (text->size > 0) memcpy(fake.texts[index], text->data, text->size);
    text->data = fake.texts[index];
}

static struct movie a_movie(struct id id)
{
    return (struct movie){.id = id,
                          .title = SLICE("The \"Tide\""),
                          .duration_minutes = 120,
                          .genre_count = 2,
                          .genres = {SLICE("Drama"), SLICE("Sea")},
                          .poster_url = SLICE(""),
                          .description = SLICE("Two\nlines."),
                          .release_date = SLICE("2024-01-05"),
                          .status = SLICE("now_showing")};
}

static struct cinema a_cinema(struct id id)
{
    struct seat_layout *layout = &fake.plan.layout;
    *layout = (struct seat_layout){.rows = 3, .cols = 4};
    for (uint32_t place = 0; place < layout_places(layout); place++) {
        layout->types[place] = (uint8_t)layout_default_type(3, 4, place);
    }
    layout->types[0] = SEAT_TYPE_COUNT;
    layout->types[2] = SEAT_VIP;
    fake.plan.aisle_count = 1;
    fake.plan.aisles_after[0] = 2;
    fake.plan.accessible_count = 1;
    fake.plan.accessible[0] = 11;
    fake.screen = (struct screen){.screen_id = SLICE("S1"),
                                  .name = SLICE("One"),
                                  .type = SLICE("imax"),
                                  .total_seats = 11,
                                  .plan = &fake.plan};
    return (struct cinema){.id = id,
                           .name = SLICE("Lantern"),
                           .address = SLICE("1 Quay"),
                           .city = SLICE("Huế"),
                           .phone = SLICE("1"),
                           .is_active = true,
                           .timezone = SLICE("Asia/Ho_Chi_Minh"),
                           .screen_count = 1,
                           .screens = &fake.screen};
}

static struct showtime a_showtime(struct id id)
{
    return (struct showtime){.id = id,
                             .movie = {.bytes = {3}},
                             .cinema = {.bytes = {4}},
                             .screen_id = SLICE("S1"),
                             .starts_at_ms = NOW_MS - 1000,
                             .ends_at_ms = NOW_MS + 1000,
                             .prices = {80000, 100000, 120000},
                             .total_seats = 11,
                             .available_seats = 7,
                             .version = 42,
                             .status = SHOWTIME_SCHEDULED};
}

static enum error find_movie(void *context, struct id id, struct arena *arena, struct movie *movie)
{
    (void)context;
    (void)arena;
    if (!id_equal(id, first_id)) return ERROR_MOVIE_NOT_FOUND;
    *movie = a_movie(id);
    return fake.error;
}

static enum error list_movies(void *context, const struct movie_query *query, struct arena *arena,
                              struct movie *movies, size_t *ret_count, bool *ret_more)
{
    (void)context;
    (void)arena;
    fake.movies = *query;
    keep(0, &fake.movies.status);
    keep(1, &fake.movies.title);
    movies[0] = a_movie(first_id);
    movies[1] = a_movie(last_id);
    *ret_count = 2;
    *ret_more = fake.more;
    return fake.error;
}

static enum error find_cinema(void *context, struct id id, struct arena *arena,
                              struct cinema *cinema)
{
    (void)context;
    (void)arena;
    if (!id_equal(id, first_id)) return ERROR_CINEMA_NOT_FOUND;
    *cinema = a_cinema(id);
    return fake.error;
}

static enum error list_cinemas(void *context, const struct cinema_query *query, struct arena *arena,
                               struct cinema *cinemas, size_t *ret_count, bool *ret_more)
{
    (void)context;
    (void)arena;
    fake.cinemas = *query;
    keep(0, &fake.cinemas.city);
    cinemas[0] = a_cinema(first_id);
    *ret_count = 1;
    *ret_more = fake.more;
    return fake.error;
}

static enum error find_showtime(void *context, struct id id, struct arena *arena,
                                struct showtime *showtime)
{
    (void)context;
    (void)arena;
    if (!id_equal(id, first_id)) return ERROR_SHOWTIME_NOT_FOUND;
    *showtime = a_showtime(id);
    return fake.error;
}

static enum error list_showtimes(void *context, const struct showtime_query *query,
                                 struct arena *arena, struct showtime *showtimes, size_t *ret_count,
                                 bool *ret_more)
{
    (void)context;
    (void)arena;
    fake.showtimes = *query;
    keep(0, &fake.showtimes.date);
    *ret_count = 0;
    *ret_more = false;
    showtimes[0] = a_showtime(first_id);
    return fake.error;
}

static const struct catalogue_methods methods = {.find_movie = find_movie,
                                                 .list_movies = list_movies,
                                                 .find_cinema = find_cinema,
                                                 .list_cinemas = list_cinemas,
                                                 .find_showtime = find_showtime,
                                                 .list_showtimes = list_showtimes};
static const struct catalogue catalogue = {.methods = &methods};

static int reset(void **state)
{
    (void)state;
    fake.more = false;
    fake.error = ERROR_NONE;
    fake.movies = (struct movie_query){0};
    fake.showtimes = (struct showtime_query){0};
    return 0;
}

typedef void list_handler(struct exchange *exchange, const struct catalogue *catalogue,
                          int64_t now_ms);
typedef void entry_handler(struct exchange *exchange, const struct catalogue *catalogue,
                           struct slice id, int64_t now_ms);

/* The answer to a request; free it. */
static struct fake_exchange *list(list_handler *handle, const char *query)
{
    struct fake_exchange *exchange =
        fake_exchange_new(METHOD_GET, SLICE("/api/list"), (struct slice){0});
    exchange->exchange.query = slice_of(query);
    handle(&exchange->exchange, &catalogue, NOW_MS);
    assert_true(exchange->answered);
    return exchange;
}

static struct fake_exchange *get(entry_handler *handle, const char *id, int64_t now_ms)
{
    struct fake_exchange *exchange =
        fake_exchange_new(METHOD_GET, SLICE("/api/entry"), (struct slice){0});
    handle(&exchange->exchange, &catalogue, slice_of(id), now_ms);
    assert_true(exchange->answered);
    return exchange;
}

static void assert_body(struct fake_exchange *exchange, const char *expected)
{
    assert_int_equal(exchange->status, 200);
    assert_string_equal(exchange->content_type, "application/json");
    const struct slice body = fake_exchange_body(exchange);
    if (!slice_equal(body, slice_of(expected))) fail_msg("%.*s", (int)body.size, body.data);
    free(exchange);
}

static bool body_has(const struct fake_exchange *exchange, const char *part)
{
    const struct slice body = fake_exchange_body(exchange);
    return memmem(body.data, body.size, part, strlen(part)) != NULL;
}

/* Is it a 400 that names this parameter? */
static void assert_refused(struct fake_exchange *exchange, const char *field)
{
    char member[64];
    (void)snprintf(member, sizeof member, "\"field\":\"%s\"", field);
    assert_int_equal(exchange->status, 400);
    assert_true(body_has(exchange, "\"errorCode\":\"VALIDATION_FAILED\""));
    if (!body_has(exchange, member)) {
        fail_msg("%s not in %.*s", field, (int)exchange->body_size, exchange->body);
    }
    free(exchange);
}

#define FIRST "010000000000000000000000"
#define MOVIE(id) \
    "{\"id\":\"" id "\",\"title\":\"The \\\"Tide\\\"\",\"duration\":120," \
    "\"genre\":[\"Drama\",\"Sea\"],\"poster_url\":\"\",\"description\":\"Two\\nlines.\"," \
    "\"release_date\":\"2024-01-05\",\"status\":\"now_showing\"}"

static void a_movie_has_the_predecessors_members(void **state)
{
    (void)state;
    assert_body(get(catalogue_handle_movie, FIRST, NOW_MS), MOVIE(FIRST));
}

static void a_cinemas_layout_is_as_a_file_may_say_it(void **state)
{
    (void)state;
    assert_body(get(catalogue_handle_cinema, FIRST, NOW_MS),
                "{\"id\":\"" FIRST "\",\"name\":\"Lantern\",\"address\":\"1 Quay\","
                "\"city\":\"Huế\",\"phone\":\"1\",\"is_active\":true,"
                "\"timezone\":\"Asia/Ho_Chi_Minh\",\"screens\":[{\"screen_id\":\"S1\","
                "\"name\":\"One\",\"type\":\"imax\",\"total_seats\":11,\"seat_layout\":{"
                "\"rows\":3,\"cols\":4,\"unavailable\":[\"A1\"],\"types\":{\"A3\":\"vip\"},"
                "\"aisles_after\":[2],\"accessible\":[\"C4\"]}}]}");
}

static void a_showtime_completes_by_the_clock(void **state)
{
    (void)state;
    assert_body(get(catalogue_handle_showtime, FIRST, NOW_MS),
                "{\"id\":\"" FIRST "\",\"movie_id\":\"030000000000000000000000\","
                "\"cinema_id\":\"040000000000000000000000\",\"screen_id\":\"S1\","
                "\"start_time\":\"2024-01-15T10:29:59.000Z\","
                "\"end_time\":\"2024-01-15T10:30:01.000Z\","
                "\"price\":{\"standard\":80000,\"vip\":100000,\"couple\":120000},"
                "\"total_seats\":11,\"available_seats\":7,\"version\":42,"
                "\"status\":\"scheduled\"}");
    struct fake_exchange *ended = get(catalogue_handle_showtime, FIRST, NOW_MS + 1000);
    assert_true(body_has(ended, "\"status\":\"completed\""));
    free(ended);
}

static void an_id_that_names_nothing_is_not_found(void **state)
{
    (void)state;
    static const struct {
        entry_handler *handle;
        const char *code;
    } cases[] = {{catalogue_handle_movie, "MOVIE_NOT_FOUND"},
                 {catalogue_handle_cinema, "CINEMA_NOT_FOUND"},
                 {catalogue_handle_showtime, "SHOWTIME_NOT_FOUND"}};
    static const char *const ids[] = {"020000000000000000000000", "0", "000000000000000000000000",
                                      "zz0000000000000000000000"};
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
        for (size_t at = 0; at < sizeof ids / sizeof ids[0]; at++) {
            struct fake_exchange *exchange = get(cases[index].handle, ids[at], NOW_MS);
            assert_int_equal(exchange->status, 404);
            assert_true(body_has(exchange, cases[index].code));
            free(exchange);
        }
    }
}

static void a_list_ends_with_null(void **state)
{
    (void)state;
    assert_body(list(catalogue_handle_movies, ""),
                "{\"items\":[" MOVIE(FIRST) "," MOVIE(
                    "020000000000000000000000") "],\"next_cursor\":null}");
    assert_body(list(catalogue_handle_showtimes, ""), "{\"items\":[],\"next_cursor\":null}");
    assert_int_equal(fake.movies.page.limit, 20);
    assert_true(id_is_none(fake.movies.page.after));
}

static void a_cursor_goes_on_behind_the_last_entry(void **state)
{
    (void)state;
    fake.more = true;
    struct fake_exchange *exchange = list(catalogue_handle_movies, "limit=2");
    const struct slice body = fake_exchange_body(exchange);
    static const char member[] = "\"next_cursor\":\"";
    const char *found = memmem(body.data, body.size, member, sizeof member - 1);
    assert_non_null(found);
    char query[64];
    (void)snprintf(query, sizeof query, "cursor=%.16s", found + sizeof member - 1);
    free(exchange);
    free(list(catalogue_handle_movies, query));
    assert_true(id_equal(fake.movies.page.after, last_id));
}

static void filters_reach_the_catalogue(void **state)
{
    (void)state;
    free(list(catalogue_handle_movies, "status=ended&q=M%E1%BA%AFt+Bi&limit=100"));
    assert_slice_equal(fake.movies.status, SLICE("ended"));
    assert_slice_equal(fake.movies.title, SLICE("Mắt Bi"));
    assert_int_equal(fake.movies.page.limit, 100);
    free(list(catalogue_handle_cinemas, "city=Hu%E1%BA%BF"));
    assert_slice_equal(fake.cinemas.city, SLICE("Huế"));
    free(list(catalogue_handle_showtimes, "movie_id=" FIRST "&cinema_id=0A0000000000000000000000"
                                          "&date=2024-01-15&available=true"));
    assert_true(id_equal(fake.showtimes.movie, first_id));
    assert_int_equal(fake.showtimes.cinema.bytes[0], 10);
    assert_slice_equal(fake.showtimes.date, SLICE("2024-01-15"));
    assert_true(fake.showtimes.available);
    assert_int_equal(fake.showtimes.now_ms, NOW_MS);
    free(list(catalogue_handle_showtimes, "available=false"));
    assert_false(fake.showtimes.available);
}

static void a_wrong_parameter_is_named(void **state)
{
    (void)state;
    assert_refused(list(catalogue_handle_movies, "status=showing"), "status");
    assert_refused(list(catalogue_handle_movies, "title=x"), "title");
    assert_refused(list(catalogue_handle_movies, "limit=0"), "limit");
    assert_refused(list(catalogue_handle_movies, "limit=101"), "limit");
    assert_refused(list(catalogue_handle_movies, "cursor=!"), "cursor");
    assert_refused(list(catalogue_handle_cinemas, "town=x"), "town");
    assert_refused(list(catalogue_handle_showtimes, "movie_id=1"), "movie_id");
    assert_refused(list(catalogue_handle_showtimes, "cinema_id=zz"), "cinema_id");
    assert_refused(list(catalogue_handle_showtimes, "date=15.1.2024"), "date");
    assert_refused(list(catalogue_handle_showtimes, "date=2024-02-30"), "date");
    assert_refused(list(catalogue_handle_showtimes, "available=1"), "available");
    fake.error = ERROR_VALIDATION_FAILED;
    assert_refused(list(catalogue_handle_movies, "cursor=AAAAAAAAAAAAAAAB"), "cursor");
}

static void who_has_the_same_already_gets_no_body(void **state)
{
    (void)state;
    struct fake_exchange *first = get(catalogue_handle_movie, FIRST, NOW_MS);
    const struct slice tag = fake_exchange_answer(first, SLICE("etag"));
    assert_int_equal(tag.size, 18);
    assert_slice_equal(fake_exchange_answer(first, SLICE("cache-control")), SLICE("no-cache"));
    char kept[18];
    memcpy(kept, tag.data, sizeof kept);
    free(first);

    struct fake_exchange *again =
        fake_exchange_new(METHOD_GET, SLICE("/api/entry"), (struct slice){0});
    fake_exchange_header(again, SLICE("if-none-match"), (struct slice){kept, sizeof kept});
    catalogue_handle_movie(&again->exchange, &catalogue, SLICE(FIRST), NOW_MS);
    assert_int_equal(again->status, 304);
    assert_int_equal(again->body_size, 0);
    free(again);

    struct fake_exchange *other =
        fake_exchange_new(METHOD_GET, SLICE("/api/entry"), (struct slice){0});
    fake_exchange_header(other, SLICE("if-none-match"), (struct slice){kept, sizeof kept});
    catalogue_handle_cinema(&other->exchange, &catalogue, SLICE(FIRST), NOW_MS);
    assert_int_equal(other->status, 200);
    free(other);
}

static void a_store_that_is_away_is_a_503(void **state)
{
    (void)state;
    fake.error = ERROR_STORE_UNAVAILABLE;
    struct fake_exchange *exchange = list(catalogue_handle_showtimes, "");
    assert_int_equal(exchange->status, 503);
    assert_true(body_has(exchange, "STORE_UNAVAILABLE"));
    assert_non_null(fake_exchange_answer(exchange, SLICE("retry-after")).data);
    free(exchange);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_movie_has_the_predecessors_members, reset),
        cmocka_unit_test_setup(a_cinemas_layout_is_as_a_file_may_say_it, reset),
        cmocka_unit_test_setup(a_showtime_completes_by_the_clock, reset),
        cmocka_unit_test_setup(an_id_that_names_nothing_is_not_found, reset),
        cmocka_unit_test_setup(a_list_ends_with_null, reset),
        cmocka_unit_test_setup(a_cursor_goes_on_behind_the_last_entry, reset),
        cmocka_unit_test_setup(filters_reach_the_catalogue, reset),
        cmocka_unit_test_setup(a_wrong_parameter_is_named, reset),
        cmocka_unit_test_setup(who_has_the_same_already_gets_no_body, reset),
        cmocka_unit_test_setup(a_store_that_is_away_is_a_503, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
