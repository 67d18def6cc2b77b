/* test_catalogue_lists.c - what every store of a catalogue promises of its lists: filtered as
 * asked, and paged so that nothing is skipped or shown twice. */
#include "contract/catalogue_fixture.h"

static void movies_come_newest_first_and_are_filtered(void **state)
{
    struct fixture *fixture = *state;
    fixture_write_usual(fixture, "The Tide", 100000);
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
    assert_int_equal(fixture_list_movies(fixture, fixture_all_movies(), NULL), 2);
    assert_true(slice_equal(fixture->movies[0].title, SLICE("Mắt Biển")));
    struct movie_query query = fixture_all_movies();
    query.status = SLICE("now_showing");
    assert_int_equal(fixture_list_movies(fixture, query, NULL), 1);
    assert_true(slice_equal(fixture->movies[0].title, SLICE("The Tide")));
    query = fixture_all_movies();
    query.title = SLICE("MẮT BI");
    assert_int_equal(fixture_list_movies(fixture, query, NULL), 1);
    query.title = SLICE("tide");
    assert_int_equal(fixture_list_movies(fixture, query, NULL), 1);
    query.title = SLICE("%");
    assert_int_equal(fixture_list_movies(fixture, query, NULL), 0);
}

static void cinemas_are_filtered_by_city_without_case(void **state)
{
    struct fixture *fixture = *state;
    fixture_write_usual(fixture, "The Tide", 100000);
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
    struct cinema_query query = {.city = SLICE("HUẾ"), .page.limit = 5};
    assert_int_equal(fixture_list_cinemas(fixture, query, NULL), 1);
    query.city = SLICE("Hu");
    assert_int_equal(fixture_list_cinemas(fixture, query, NULL), 0);
}

static void showtimes_are_filtered_by_movie_cinema_and_local_day(void **state)
{
    struct fixture *fixture = *state;
    fixture_write_usual(fixture, "The Tide", 100000);
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
    assert_int_equal(fixture_list_showtimes(fixture, fixture_all_showtimes(), NULL), 3);
    assert_true(fixture->showtimes[0].starts_at_ms < fixture->showtimes[1].starts_at_ms);
    assert_true(fixture->showtimes[1].starts_at_ms < fixture->showtimes[2].starts_at_ms);
    const struct showtime newest = fixture->showtimes[2];
    const struct showtime oldest = fixture->showtimes[0];

    struct showtime_query query = fixture_all_showtimes();
    query.movie = newest.movie;
    assert_int_equal(fixture_list_showtimes(fixture, query, NULL), 2);
    query.cinema = newest.cinema;
    assert_int_equal(fixture_list_showtimes(fixture, query, NULL), 1);
    query.movie = oldest.movie;
    assert_int_equal(fixture_list_showtimes(fixture, query, NULL), 0);
    query.movie = (struct id){0};
    query.cinema = oldest.cinema;
    assert_int_equal(fixture_list_showtimes(fixture, query, NULL), 2);
    /* Half past seven in the evening in New York is the next day in UTC. */
    query = fixture_all_showtimes();
    query.date = SLICE("2024-01-16");
    assert_int_equal(fixture_list_showtimes(fixture, query, NULL), 2);
    query.date = SLICE("2024-01-17");
    assert_int_equal(fixture_list_showtimes(fixture, query, NULL), 0);
    query.date = SLICE("2024-01-15");
    assert_int_equal(fixture_list_showtimes(fixture, query, NULL), 1);
}

static void local_days_follow_a_cinema_to_another_zone(void **state)
{
    struct fixture *fixture = *state;
    fixture_write_usual(fixture, "The Tide", 100000);
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
    fixture_begin(fixture);
    fixture_add(fixture, "{\"cinemas\":[");
    fixture_add_cinema(fixture, "Harbour", "New York", "Asia/Ho_Chi_Minh");
    fixture_add(fixture, "]}");
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
    struct showtime_query query = fixture_all_showtimes();
    query.date = SLICE("2024-01-16");
    assert_int_equal(fixture_list_showtimes(fixture, query, NULL), 1);
    query.date = SLICE("2024-01-17");
    assert_int_equal(fixture_list_showtimes(fixture, query, NULL), 1);
}

static void available_means_scheduled_ahead_and_a_seat_free(void **state)
{
    struct fixture *fixture = *state;
    fixture_write_usual(fixture, "The Tide", 100000);
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
    struct showtime_query query = fixture_all_showtimes();
    query.available = true;
    assert_int_equal(fixture_list_showtimes(fixture, query, NULL), 2); /* One was at nine today. */
    const int64_t first_ms = fixture->showtimes[0].starts_at_ms;
    query.now_ms = first_ms - 1;
    assert_int_equal(fixture_list_showtimes(fixture, query, NULL), 2);
    query.now_ms = first_ms;
    assert_int_equal(fixture_list_showtimes(fixture, query, NULL), 1);
    query.now_ms = NOW_MS;
    fixture_sell_out(fixture, 0);
    assert_int_equal(fixture_list_showtimes(fixture, query, NULL), 1);
    fixture_cancel(fixture, 1);
    assert_int_equal(fixture_list_showtimes(fixture, query, NULL), 0);
}

enum kind { MOVIES, CINEMAS, SHOWTIMES };

/* Loads `count` entries of a kind that sort among each other by `step`; of the others, one. */
static void load_many(struct fixture *fixture, enum kind kind, int first, int count, int step)
{
    fixture_begin(fixture);
    fixture_add(fixture, "{\"movies\":[");
    for (int index = 0; index < (kind == MOVIES ? count : 1); index++) {
        char title[32];
        char date[16];
        const int at = first + index * step;
        (void)snprintf(title, sizeof title, "Movie %05d", at);
        (void)snprintf(date, sizeof date, "20%02d-%02d-%02d", at / 336 % 100, at / 28 % 12 + 1,
                       at % 28 + 1);
        fixture_add_movie(fixture, title, date, "now_showing");
    }
    fixture_add(fixture, "],\"cinemas\":[");
    for (int index = 0; index < (kind == CINEMAS ? count : 1); index++) {
        char name[32];
        (void)snprintf(name, sizeof name, "House %05d", first + index * step);
        fixture_add_cinema(fixture, name, "Huế", "Asia/Ho_Chi_Minh");
    }
    fixture_add(fixture, "],\"showtimes\":[");
    for (int index = 0; index < (kind == SHOWTIMES ? count : 1); index++) {
        char start[32];
        const int at = first + index * step;
        (void)snprintf(start, sizeof start, "+%dd %02d:00", at / 24, at % 24);
        fixture_add_showtime(fixture, 0, 0, "S1", start, 100000);
    }
    fixture_add(fixture, "]}");
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
}

enum { PAGED = 37, PAGE = 5 };

/* Reads all pages of one list; between two pages others come. */
static size_t page_through(struct fixture *fixture, struct id *ids, enum kind kind, bool disturb)
{
    size_t count = 0;
    struct page page = {.limit = PAGE};
    bool more = true;
    for (int round = 0; more && round < 100; round++) {
        size_t read = 0;
        if (kind == MOVIES) {
            struct movie_query query = {.page = page};
            read = fixture_list_movies(fixture, query, &more);
            for (size_t at = 0; at < read; at++) ids[count++] = fixture->movies[at].id;
        } else if (kind == CINEMAS) {
            struct cinema_query query = {.page = page};
            read = fixture_list_cinemas(fixture, query, &more);
            for (size_t at = 0; at < read; at++) ids[count++] = fixture->cinemas[at].id;
        } else {
            struct showtime_query query = {.page = page, .now_ms = NOW_MS};
            read = fixture_list_showtimes(fixture, query, &more);
            for (size_t at = 0; at < read; at++) ids[count++] = fixture->showtimes[at].id;
        }
        assert_true(read == PAGE || !more);
        page.after = ids[count - 1];
        /* Odd ones come between the even ones that were there, on both sides of the cursor. */
        if (disturb && round < 3) load_many(fixture, kind, 1 + 2 * round * 12, 12, 2);
    }
    return count;
}

static bool contains(const struct id *ids, size_t count, struct id id)
{
    size_t found = 0;
    for (size_t at = 0; at < count; at++) found += id_equal(ids[at], id);
    assert_in_range(found, 0, 1);
    return found == 1;
}

static void pages_skip_and_repeat_nothing_while_others_come(void **state)
{
    for (enum kind kind = MOVIES; kind <= SHOWTIMES; kind++) {
        if (kind > MOVIES) assert_int_equal(fixture_set_up(state), 0);
        struct fixture *fixture = *state;
        load_many(fixture, kind, 0, PAGED, 2);
        struct id before[200];
        const size_t count = page_through(fixture, before, kind, false);
        assert_int_equal(count, PAGED);
        struct id after[200];
        const size_t paged = page_through(fixture, after, kind, true);
        assert_true(paged > PAGED);
        for (size_t at = 0; at < count; at++) assert_true(contains(after, paged, before[at]));
        for (size_t at = 0; at < paged; at++) assert_true(contains(after, paged, after[at]));
        if (kind < SHOWTIMES) assert_int_equal(fixture_tear_down(state), 0);
    }
}

static void a_full_arena_makes_a_shorter_page(void **state)
{
    struct fixture *fixture = *state;
    load_many(fixture, CINEMAS, 0, PAGED, 2);
    static char block[64 * 1024];
    struct arena arena;
    arena_init(&arena, block, sizeof block);
    struct cinema_query query = {.page.limit = CATALOGUE_LISTED_MAX};
    size_t count = 0;
    bool more = false;
    const struct catalogue_methods *methods = fixture->catalogue.methods;
    assert_int_equal(methods->list_cinemas(fixture->catalogue.context, &query, &arena,
                                           fixture->cinemas, &count, &more),
                     ERROR_NONE);
    assert_in_range(count, 1, PAGED - 1);
    assert_true(more);
    arena_init(&arena, block, 1024);
    assert_int_equal(methods->list_cinemas(fixture->catalogue.context, &query, &arena,
                                           fixture->cinemas, &count, &more),
                     ERROR_OVERLOADED);
}

/* Weeks without a showtime between days with one in every cinema at the same moment. */
static const int days[] = {1, 2, 3, 10, 11, 45, 46, 300, 301, 302};

enum { DAYS = sizeof days / sizeof days[0], HOUSES = 7, MANY = DAYS * HOUSES };

static void load_gaps(struct fixture *fixture)
{
    fixture_begin(fixture);
    fixture_add(fixture, "{\"movies\":[");
    fixture_add_movie(fixture, "The Tide", "2024-01-05", "now_showing");
    fixture_add(fixture, "],\"cinemas\":[");
    for (int house = 0; house < HOUSES; house++) {
        char name[32];
        (void)snprintf(name, sizeof name, "House %d", house);
        fixture_add_cinema(fixture, name, "Huế", "Asia/Ho_Chi_Minh");
    }
    fixture_add(fixture, "],\"showtimes\":[");
    for (int index = 0; index < MANY; index++) {
        char start[32];
        (void)snprintf(start, sizeof start, "+%dd 19:30", days[index / HOUSES]);
        fixture_add_showtime(fixture, 0, index % HOUSES, "S2", start, 100000);
    }
    fixture_add(fixture, "]}");
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
}

/* Reads all pages of the query; each is full but the last, and its end is known. */
static size_t page_by(struct fixture *fixture, struct showtime_query query, size_t limit,
                      struct showtime *all)
{
    size_t count = 0;
    bool more = true;
    query.page = (struct page){.limit = limit};
    while (more) {
        const size_t read = fixture_list_showtimes(fixture, query, &more);
        assert_in_range(count + read, 0, MANY);
        assert_true(read == limit || !more);
        for (size_t at = 0; at < read; at++) all[count++] = fixture->showtimes[at];
        if (more) query.page.after = all[count - 1].id;
    }
    return count;
}

static void assert_listed(struct fixture *fixture, struct showtime_query query, size_t expected)
{
    static const size_t limits[] = {3, HOUSES, 2 * HOUSES + 1, MANY - 1, MANY, MANY + 1};
    for (size_t round = 0; round < sizeof limits / sizeof limits[0]; round++) {
        struct showtime all[MANY];
        struct id ids[MANY];
        const size_t count = page_by(fixture, query, limits[round], all);
        assert_int_equal(count, expected);
        for (size_t at = 0; at < count; at++) ids[at] = all[at].id;
        for (size_t at = 0; at < count; at++) assert_true(contains(ids, count, ids[at]));
        for (size_t at = 1; at < count; at++) {
            assert_true(all[at - 1].starts_at_ms <= all[at].starts_at_ms);
        }
    }
}

/* Whenever it is asked, all is ahead, or a part of it, or nothing is. */
static void pages_go_over_gaps_and_through_what_starts_together(void **state)
{
    static const struct {
        int64_t day;
        size_t ahead; /* Days of showtimes. */
    } moments[] = {{0, DAYS}, {12, DAYS - 5}, {100, DAYS - 7}, {1000, 0}};
    for (size_t round = 0; round < sizeof moments / sizeof moments[0]; round++) {
        if (round > 0) {
            assert_int_equal(fixture_tear_down(state), 0);
            assert_int_equal(fixture_set_up(state), 0);
        }
        struct fixture *fixture = *state;
        load_gaps(fixture);
        struct showtime_query query = {.now_ms = NOW_MS + moments[round].day * 86400000};
        assert_listed(fixture, query, MANY);
        const struct showtime one = fixture->showtimes[0];
        query.available = true;
        assert_listed(fixture, query, moments[round].ahead * HOUSES);
        query.movie = one.movie;
        assert_listed(fixture, query, moments[round].ahead * HOUSES);
        query.cinema = one.cinema;
        assert_listed(fixture, query, moments[round].ahead);
        query.available = false;
        assert_listed(fixture, query, DAYS);
        query.movie = (struct id){0};
        assert_listed(fixture, query, DAYS);
        query = (struct showtime_query){.now_ms = query.now_ms, .date = SLICE("2024-01-26")};
        assert_listed(fixture, query, HOUSES);
    }
}

static void what_comes_before_the_first_is_listed_first(void **state)
{
    struct fixture *fixture = *state;
    load_gaps(fixture);
    assert_int_equal(fixture_list_showtimes(fixture, fixture_all_showtimes(), NULL), MANY);
    const int64_t first_ms = fixture->showtimes[0].starts_at_ms;
    fixture_begin(fixture);
    fixture_add(fixture, "{\"movies\":[");
    fixture_add_movie(fixture, "The Tide", "2024-01-05", "now_showing");
    fixture_add(fixture, "],\"cinemas\":[");
    fixture_add_cinema(fixture, "House 0", "Huế", "Asia/Ho_Chi_Minh");
    fixture_add(fixture, "],\"showtimes\":[");
    fixture_add_showtime(fixture, 0, 0, "S2", "+0d 05:00", 100000);
    fixture_add(fixture, "]}");
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
    struct showtime_query query = fixture_all_showtimes();
    for (int round = 0; round < 2; round++) {
        query.page.limit = 1 + (size_t)round;
        assert_int_equal(fixture_list_showtimes(fixture, query, NULL), query.page.limit);
        assert_true(fixture->showtimes[0].starts_at_ms < first_ms);
    }
    assert_int_equal(fixture->showtimes[1].starts_at_ms, first_ms);
}

#define CATALOGUE_TEST(name) \
    cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(int argument_count, char **arguments)
{
    if (!fixture_choose(argument_count, arguments)) return 2;
    const struct CMUnitTest tests[] = {
        CATALOGUE_TEST(movies_come_newest_first_and_are_filtered),
        CATALOGUE_TEST(cinemas_are_filtered_by_city_without_case),
        CATALOGUE_TEST(showtimes_are_filtered_by_movie_cinema_and_local_day),
        CATALOGUE_TEST(local_days_follow_a_cinema_to_another_zone),
        CATALOGUE_TEST(available_means_scheduled_ahead_and_a_seat_free),
        CATALOGUE_TEST(pages_skip_and_repeat_nothing_while_others_come),
        CATALOGUE_TEST(pages_go_over_gaps_and_through_what_starts_together),
        CATALOGUE_TEST(what_comes_before_the_first_is_listed_first),
        CATALOGUE_TEST(a_full_arena_makes_a_shorter_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
