/* test_catalogue.c - what every store of a catalogue promises: loaded whole or not at all, and
 * loaded again without a change. */
#include "base/clock.h"
#include "contract/catalogue_fixture.h"
#include "core/layout.h"

static void assert_written(const struct written_count *count, size_t added, size_t changed)
{
    assert_int_equal(count->added, added);
    assert_int_equal(count->changed, changed);
}

static void a_loaded_catalogue_is_found(void **state)
{
    struct fixture *fixture = *state;
    fixture_write_usual(fixture, "The Tide", 100000);
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
    assert_written(&fixture->report.movies, 2, 0);
    assert_written(&fixture->report.cinemas, 2, 0);
    assert_written(&fixture->report.showtimes, 3, 0);

    assert_int_equal(fixture_list_movies(fixture, fixture_all_movies(), NULL), 2);
    struct movie movie;
    assert_int_equal(fixture->catalogue.methods->find_movie(fixture->catalogue.context,
                                                            fixture->movies[1].id, &fixture->listed,
                                                            &movie),
                     ERROR_NONE);
    assert_true(slice_equal(movie.title, SLICE("The Tide")));
    assert_int_equal(movie.duration_minutes, 120);
    assert_int_equal(movie.genre_count, 2);
    assert_true(slice_equal(movie.genres[1], SLICE("Sea")));
    assert_true(slice_equal(movie.description, SLICE("Two\nlines.")));
    assert_true(slice_equal(movie.release_date, SLICE("2024-01-05")));
    assert_true(slice_equal(movie.status, SLICE("now_showing")));
}

static void a_cinema_comes_with_its_screens_and_plans(void **state)
{
    struct fixture *fixture = *state;
    fixture_write_usual(fixture, "The Tide", 100000);
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
    assert_int_equal(fixture_list_cinemas(fixture, (struct cinema_query){.page.limit = 5}, NULL),
                     2);
    assert_true(slice_equal(fixture->cinemas[0].name, SLICE("Harbour")));
    assert_true(slice_equal(fixture->cinemas[1].timezone, SLICE("Asia/Ho_Chi_Minh")));
    struct cinema cinema;
    assert_int_equal(fixture->catalogue.methods->find_cinema(fixture->catalogue.context,
                                                             fixture->cinemas[1].id,
                                                             &fixture->listed, &cinema),
                     ERROR_NONE);
    assert_true(cinema.is_active);
    assert_int_equal(cinema.screen_count, 2);
    assert_true(slice_equal(cinema.screens[0].screen_id, SLICE("S1")));
    assert_true(slice_equal(cinema.screens[0].type, SLICE("imax")));
    const struct seat_plan *plan = cinema.screens[0].plan;
    assert_int_equal(layout_seats(&plan->layout), 39);
    assert_int_equal(plan->layout.types[10], SEAT_TYPE_COUNT);
    assert_int_equal(plan->layout.types[11], SEAT_VIP);
    assert_int_equal(plan->aisle_count, 2);
    assert_int_equal(plan->aisles_after[1], 7);
    assert_int_equal(plan->accessible_count, 1);
    assert_int_equal(plan->accessible[0], 34);
}

static void a_showtime_has_all_its_seats_and_its_plan(void **state)
{
    struct fixture *fixture = *state;
    fixture_write_usual(fixture, "The Tide", 100000);
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
    assert_int_equal(fixture_list_showtimes(fixture, fixture_all_showtimes(), NULL), 3);
    struct showtime showtime;
    const struct catalogue_methods *methods = fixture->catalogue.methods;
    assert_int_equal(methods->find_showtime(fixture->catalogue.context, fixture->showtimes[1].id,
                                            &fixture->listed, &showtime),
                     ERROR_NONE);
    assert_int_equal(showtime.starts_at_ms, INT64_C(1705408200000)); /* 2024-01-16T12:30Z */
    assert_int_equal(showtime.ends_at_ms - showtime.starts_at_ms, 120 * 60000);
    assert_int_equal(showtime.total_seats, 39);
    assert_int_equal(showtime.available_seats, 39);
    assert_int_equal(showtime.version, 1);
    assert_int_equal(showtime.status, SHOWTIME_SCHEDULED);
    assert_int_equal(showtime.prices[SEAT_COUPLE], 120000);
    assert_true(slice_equal(showtime.screen_id, SLICE("S1")));
    static struct seat_plan plan;
    assert_int_equal(
        methods->find_plan(fixture->catalogue.context, fixture->showtimes[1].id, &plan),
        ERROR_NONE);
    assert_int_equal(plan.layout.rows, 4);
    assert_int_equal(layout_seats(&plan.layout), 39);
}

static void what_is_not_there_is_not_found(void **state)
{
    struct fixture *fixture = *state;
    const struct catalogue_methods *methods = fixture->catalogue.methods;
    void *context = fixture->catalogue.context;
    const struct id id = {.bytes = {1}};
    static struct seat_plan plan;
    struct movie movie;
    struct cinema cinema;
    struct showtime showtime;
    assert_int_equal(methods->find_movie(context, id, &fixture->listed, &movie),
                     ERROR_MOVIE_NOT_FOUND);
    assert_int_equal(methods->find_cinema(context, id, &fixture->listed, &cinema),
                     ERROR_CINEMA_NOT_FOUND);
    assert_int_equal(methods->find_showtime(context, id, &fixture->listed, &showtime),
                     ERROR_SHOWTIME_NOT_FOUND);
    assert_int_equal(methods->find_plan(context, id, &plan), ERROR_SHOWTIME_NOT_FOUND);
    size_t count = 0;
    bool more = false;
    struct movie_query query = fixture_all_movies();
    query.page.after = id;
    assert_int_equal(
        methods->list_movies(context, &query, &fixture->listed, fixture->movies, &count, &more),
        ERROR_VALIDATION_FAILED);
}

static void loading_again_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    fixture_write_usual(fixture, "The Tide", 100000);
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
    const int64_t before = fixture_changes(fixture);
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
    assert_written(&fixture->report.movies, 0, 0);
    assert_written(&fixture->report.cinemas, 0, 0);
    assert_written(&fixture->report.showtimes, 0, 0);
    assert_int_equal(fixture_changes(fixture), before);
}

static void other_content_under_a_known_id_is_changed(void **state)
{
    struct fixture *fixture = *state;
    fixture_write_usual(fixture, "The Tide", 100000);
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
    fixture_write_usual(fixture, "The Tide", 110000);
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
    assert_written(&fixture->report.showtimes, 0, 1);
    assert_int_equal(fixture_list_showtimes(fixture, fixture_all_showtimes(), NULL), 3);
    assert_int_equal(fixture->showtimes[2].prices[SEAT_VIP], 110000);
    assert_int_equal(fixture->showtimes[2].version, 2);
    assert_int_equal(fixture->showtimes[1].version, 1);
    assert_int_equal(fixture->showtimes[2].available_seats, 6);
}

static void nothing_is_removed_by_a_file_without_it(void **state)
{
    struct fixture *fixture = *state;
    fixture_write_usual(fixture, "The Tide", 100000);
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
    fixture_begin(fixture);
    fixture_add(fixture, "{\"movies\":[");
    fixture_add_movie(fixture, "Another", "2023-01-05", "ended");
    fixture_add(fixture, "]}");
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
    assert_int_equal(fixture_list_movies(fixture, fixture_all_movies(), NULL), 3);
    assert_int_equal(fixture_list_showtimes(fixture, fixture_all_showtimes(), NULL), 3);
}

static void a_showtime_with_bookings_stays_as_it_is(void **state)
{
    struct fixture *fixture = *state;
    fixture_write_usual(fixture, "The Tide", 100000);
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
    fixture_book(fixture, 1, "expired", false);
    assert_int_equal(fixture_load(fixture), ERROR_NONE); /* The same content is no change. */

    fixture_write_usual(fixture, "Another Tide", 110000);
    fixture_add(fixture, " ");
    assert_int_equal(fixture_load(fixture), ERROR_NONE); /* Another movie: another showtime. */
    fixture_write_usual(fixture, "The Tide", 120000);
    assert_int_equal(fixture_load(fixture), ERROR_VALIDATION_FAILED);
    assert_int_equal(fixture->report.kept_count, 1);
    assert_int_equal(fixture->report.kept[0], 1);
}

static void a_refused_file_changes_nothing_at_all(void **state)
{
    struct fixture *fixture = *state;
    fixture_write_usual(fixture, "The Tide", 100000);
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
    fixture_book(fixture, 1, "pending", true);
    fixture_write_usual(fixture, "The Tide", 110000);
    char *mended = strstr(fixture->text, "Two\\nlines.");
    assert_non_null(mended);
    memcpy(mended, "One", 3);
    assert_int_equal(fixture_load(fixture), ERROR_VALIDATION_FAILED);
    assert_int_equal(fixture_list_movies(fixture, fixture_all_movies(), NULL), 2);
    assert_true(slice_equal(fixture->movies[1].description, SLICE("Two\nlines.")));
    /* And the next load is not hindered by it. */
    fixture_write_usual(fixture, "The Tide", 100000);
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
}

static void a_blocked_seat_keeps_a_showtime_as_it_is(void **state)
{
    struct fixture *fixture = *state;
    fixture_write_usual(fixture, "The Tide", 100000);
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
    fixture_block(fixture, 1);
    fixture_write_usual(fixture, "The Tide", 110000);
    assert_int_equal(fixture_load(fixture), ERROR_VALIDATION_FAILED);
}

static void a_changed_layout_reaches_showtimes_of_the_file_only(void **state)
{
    struct fixture *fixture = *state;
    fixture_write_usual(fixture, "The Tide", 100000);
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
    /* The same houses with other layouts, and no showtimes: the old ones keep theirs. */
    fixture_begin(fixture);
    fixture_add(fixture, "{\"cinemas\":[");
    fixture_add_cinema(fixture, "Lantern", "Huế", "Asia/Ho_Chi_Minh");
    fixture_add_cinema(fixture, "Harbour", "New York", "America/New_York");
    fixture_add(fixture, "]}");
    fixture_replace(fixture, "\"B2\":\"vip\"", "\"B3\":\"vip\"");
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
    assert_written(&fixture->report.cinemas, 0, 2);
    assert_int_equal(fixture_list_showtimes(fixture, fixture_all_showtimes(), NULL), 3);
    static struct seat_plan plan;
    assert_int_equal(fixture->catalogue.methods->find_plan(fixture->catalogue.context,
                                                           fixture->showtimes[1].id, &plan),
                     ERROR_NONE);
    assert_int_equal(plan.layout.types[11], SEAT_VIP);
    assert_int_equal(plan.layout.types[12], SEAT_STANDARD);
    /* With them, they follow. */
    fixture_write_usual(fixture, "The Tide", 100000);
    fixture_replace(fixture, "\"B2\":\"vip\"", "\"B3\":\"vip\"");
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
    assert_written(&fixture->report.showtimes, 0, 1);
    assert_int_equal(fixture->catalogue.methods->find_plan(fixture->catalogue.context,
                                                           fixture->showtimes[1].id, &plan),
                     ERROR_NONE);
    assert_int_equal(plan.layout.types[11], SEAT_STANDARD);
}

static void screens_may_change_places(void **state)
{
    struct fixture *fixture = *state;
    fixture_write_usual(fixture, "The Tide", 100000);
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
    fixture_begin(fixture);
    fixture_add(fixture, "{\"cinemas\":[");
    fixture_add_cinema(fixture, "Lantern", "Huế", "Asia/Ho_Chi_Minh");
    fixture_add(fixture, "]}");
    fixture_replace(fixture, "\"S1\"", "\"S3\"");
    fixture_replace(fixture, "\"S2\"", "\"S1\"");
    fixture_replace(fixture, "\"S3\"", "\"S2\"");
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
    assert_written(&fixture->report.cinemas, 0, 1);
    assert_int_equal(fixture_list_cinemas(fixture, (struct cinema_query){.page.limit = 5}, NULL),
                     2);
    assert_true(slice_equal(fixture->cinemas[1].screens[0].screen_id, SLICE("S2")));
    assert_true(slice_equal(fixture->cinemas[1].screens[1].screen_id, SLICE("S1")));
}

static void a_million_seats_load_in_seconds(void **state)
{
    struct fixture *fixture = *state;
    fixture_begin(fixture);
    fixture_add(fixture, "{\"movies\":[");
    fixture_add_movie(fixture, "The Tide", "2024-01-05", "now_showing");
    fixture_add(fixture, "],\"cinemas\":[{\"name\":\"Arena\",\"address\":\"\",\"city\":\"Huế\","
                         "\"phone\":\"\",\"is_active\":true,\"screens\":[");
    for (int screen = 0; screen < 40; screen++) {
        fixture_add(
            fixture,
            "%s{\"screen_id\":\"S%d\",\"name\":\"Hall %d\",\"type\":\"standard\","
            "\"total_seats\":2500,\"seat_layout\":{\"rows\":50,\"cols\":50,\"unavailable\":[]}}",
            screen > 0 ? "," : "", screen, screen);
    }
    fixture_add(fixture, "]}],\"showtimes\":[");
    for (int index = 0; index < 400; index++) {
        char screen[8];
        char start[32];
        (void)snprintf(screen, sizeof screen, "S%d", index % 40);
        (void)snprintf(start, sizeof start, "+%dd 19:30", index / 40);
        fixture_add_showtime(fixture, 0, 0, screen, start, 100000);
    }
    fixture_add(fixture, "]}");
    const int64_t start_us = clock_steady_us();
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
    const int64_t first_us = clock_steady_us();
    assert_written(&fixture->report.showtimes, 400, 0);
    assert_int_equal(fixture_load(fixture), ERROR_NONE);
    assert_written(&fixture->report.showtimes, 0, 0);
    print_message("400 showtimes of 2500 seats: loaded in %lld ms, again in %lld ms\n",
                  (long long)((first_us - start_us) / 1000),
                  (long long)((clock_steady_us() - first_us) / 1000));
}

#define CATALOGUE_TEST(name) \
    cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(int argument_count, char **arguments)
{
    if (!fixture_choose(argument_count, arguments)) return 2;
    const struct CMUnitTest tests[] = {
        CATALOGUE_TEST(a_loaded_catalogue_is_found),
        CATALOGUE_TEST(a_cinema_comes_with_its_screens_and_plans),
        CATALOGUE_TEST(a_showtime_has_all_its_seats_and_its_plan),
        CATALOGUE_TEST(what_is_not_there_is_not_found),
        CATALOGUE_TEST(loading_again_changes_nothing),
        CATALOGUE_TEST(other_content_under_a_known_id_is_changed),
        CATALOGUE_TEST(nothing_is_removed_by_a_file_without_it),
        CATALOGUE_TEST(a_showtime_with_bookings_stays_as_it_is),
        CATALOGUE_TEST(a_refused_file_changes_nothing_at_all),
        CATALOGUE_TEST(a_blocked_seat_keeps_a_showtime_as_it_is),
        CATALOGUE_TEST(a_changed_layout_reaches_showtimes_of_the_file_only),
        CATALOGUE_TEST(screens_may_change_places),
    };
    /* Over MongoDB: tests/system/test_shared_scale.py. */
    static const struct CMUnitTest large[] = {
        CATALOGUE_TEST(a_million_seats_load_in_seconds),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (!fixture_is_mongo()) failed += cmocka_run_group_tests(large, NULL, NULL);
    return failed;
}
