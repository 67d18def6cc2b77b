/* test_catalogue_file.c - what a catalogue file may say, and how it is told what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/timestamp.h"
#include "catalogue/catalogue_file.h"
#include "core/layout.h"
#include "json/json_read.h"

enum {
    ARENA_SIZE = 64 * 1024 * 1024,
    TEXT_SIZE_MAX = 256 * 1024,
};

#define NOW_MS INT64_C(1705314600000) /* 2024-01-15T10:30:00Z */

/* Mended and broken by the tests, which replace a part of it. */
static const char usual[] =
    "{\"movies\":[{\"title\":\"The Tide\",\"duration\":120,\"genre\":[\"Drama\"],"
    "\"poster_url\":\"/posters/tide.svg\",\"description\":\"Water rises.\","
    "\"release_date\":\"2024-01-05\",\"status\":\"now_showing\"}],"
    "\"cinemas\":[{\"name\":\"Lantern\",\"address\":\"1 Quay\",\"city\":\"Huế\",\"phone\":\"1\","
    "\"is_active\":true,\"screens\":[{\"screen_id\":\"S1\",\"name\":\"One\",\"type\":\"imax\","
    "\"total_seats\":39,\"seat_layout\":{\"rows\":4,\"cols\":10,\"unavailable\":[\"B1\"],"
    "\"types\":{\"B2\":\"vip\"},\"aisles_after\":[7,3],\"accessible\":[\"D5\",\"B3\"]}}]}],"
    "\"showtimes\":[{\"movie_index\":0,\"cinema_index\":0,\"screen_id\":\"S1\","
    "\"starts_in\":\"+2d 19:30\",\"price\":{\"standard\":80000,\"vip\":100000,"
    "\"couple\":120000}}]}";

struct fixture {
    struct arena arena;
    struct faults faults;
    struct catalogue_entries entries;
    char text[TEXT_SIZE_MAX];
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    void *block = malloc(ARENA_SIZE);
    assert_non_null(block);
    arena_init(&fixture->arena, block, ARENA_SIZE);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    free(fixture->arena.block);
    free(fixture);
    return 0;
}

static bool read_text(struct fixture *fixture, struct slice text)
{
    arena_reset(&fixture->arena);
    fixture->faults = (struct faults){0};
    fixture->entries = (struct catalogue_entries){0};
    return catalogue_file_read(text, NOW_MS, &fixture->arena, &fixture->entries, &fixture->faults);
}

/* Reads the usual file with `part` replaced. */
static bool read_with(struct fixture *fixture, const char *part, const char *replacement)
{
    const char *found = strstr(usual, part);
    if (found == NULL) fail_msg("%s is not in the usual file", part);
    assert_null(strstr(found + 1, part));
    const int size = snprintf(fixture->text, sizeof fixture->text, "%.*s%s%s", (int)(found - usual),
                              usual, replacement, found + strlen(part));
    assert_in_range(size, 1, sizeof fixture->text - 1);
    return read_text(fixture, slice_of(fixture->text));
}

static void assert_fault(struct fixture *fixture, size_t index, const char *expected)
{
    assert_in_range(index, 0, faults_listed(&fixture->faults) - 1);
    const struct slice text = faults_text(&fixture->faults, index);
    if (!slice_equal(text, slice_of(expected))) {
        fail_msg("\"%.*s\", not \"%s\"", (int)text.size, text.data, expected);
    }
}

static void a_right_file_is_read(void **state)
{
    struct fixture *fixture = *state;
    assert_true(read_text(fixture, slice_of(usual)));
    assert_int_equal(fixture->entries.movie_count, 1);
    assert_int_equal(fixture->entries.cinema_count, 1);
    assert_int_equal(fixture->entries.showtime_count, 1);
    const struct movie *movie = &fixture->entries.movies[0];
    assert_true(slice_equal(movie->title, SLICE("The Tide")));
    assert_int_equal(movie->duration_minutes, 120);
    assert_int_equal(movie->genre_count, 1);
    assert_true(slice_equal(movie->status, SLICE("now_showing")));
    const struct cinema *cinema = &fixture->entries.cinemas[0];
    assert_true(slice_equal(cinema->timezone, SLICE("Asia/Ho_Chi_Minh")));
    assert_int_equal(cinema->screens[0].total_seats, 39);
    const struct showtime_entry *entry = &fixture->entries.showtimes[0];
    assert_ptr_equal(entry->screen, &cinema->screens[0]);
    assert_true(id_equal(entry->showtime.movie, movie->id));
    assert_true(id_equal(entry->showtime.cinema, cinema->id));
    assert_int_equal(entry->showtime.prices[SEAT_COUPLE], 120000);
    assert_int_equal(entry->showtime.total_seats, 39);
}

static void a_start_ahead_is_in_the_cinemas_zone_and_ends_after_the_movie(void **state)
{
    struct fixture *fixture = *state;
    assert_true(read_text(fixture, slice_of(usual)));
    const struct showtime *showtime = &fixture->entries.showtimes[0].showtime;
    char text[TIMESTAMP_SIZE + 1] = {0};
    timestamp_format(showtime->starts_at_ms, text);
    assert_string_equal(text, "2024-01-17T12:30:00.000Z");
    assert_int_equal(showtime->ends_at_ms - showtime->starts_at_ms, 120 * 60000);
    assert_true(read_with(fixture, "\"is_active\":true", "\"timezone\":\"America/New_York\""));
    timestamp_format(fixture->entries.showtimes[0].showtime.starts_at_ms, text);
    assert_string_equal(text, "2024-01-18T00:30:00.000Z");
}

static void a_layout_keeps_types_aisles_and_accessible_seats(void **state)
{
    struct fixture *fixture = *state;
    assert_true(read_text(fixture, slice_of(usual)));
    const struct seat_plan *plan = fixture->entries.cinemas[0].screens[0].plan;
    assert_int_equal(plan->layout.types[10], SEAT_TYPE_COUNT); /* B1 */
    assert_int_equal(plan->layout.types[11], SEAT_VIP);        /* B2 */
    assert_int_equal(plan->layout.types[12], SEAT_STANDARD);   /* B3 */
    assert_int_equal(plan->aisle_count, 2);
    assert_int_equal(plan->aisles_after[0], 3);
    assert_int_equal(plan->aisles_after[1], 7);
    assert_int_equal(plan->accessible_count, 2);
    assert_int_equal(plan->accessible[0], 12); /* B3 */
    assert_int_equal(plan->accessible[1], 34); /* D5 */
}

static void seats_have_the_usual_types_unless_told(void **state)
{
    (void)state;
    static const struct {
        uint32_t rows, cols, place;
        enum seat_type type;
    } cases[] = {
        {4, 10, 0, SEAT_STANDARD},  {4, 10, 1, SEAT_COUPLE},    {4, 10, 7, SEAT_COUPLE},
        {4, 10, 9, SEAT_STANDARD},  {4, 10, 10, SEAT_STANDARD}, {4, 10, 11, SEAT_STANDARD},
        {4, 10, 19, SEAT_STANDARD}, {4, 10, 20, SEAT_VIP},      {4, 10, 39, SEAT_VIP},
        {3, 11, 9, SEAT_COUPLE},    {3, 11, 10, SEAT_STANDARD}, {3, 11, 11, SEAT_VIP},
        {2, 10, 1, SEAT_VIP},       {2, 10, 11, SEAT_VIP},      {1, 5, 1, SEAT_VIP},
        {3, 1, 0, SEAT_STANDARD},
    };
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
        assert_int_equal(
            layout_default_type(cases[index].rows, cases[index].cols, cases[index].place),
            cases[index].type);
    }
}

static void what_has_an_empty_value_may_be_left_out(void **state)
{
    struct fixture *fixture = *state;
    assert_true(read_with(fixture,
                          "\"genre\":[\"Drama\"],\"poster_url\":\"/posters/tide.svg\","
                          "\"description\":\"Water rises.\",",
                          ""));
    assert_true(read_with(fixture, "\"phone\":\"1\",\"is_active\":true,", ""));
    assert_true(fixture->entries.cinemas[0].is_active);
    assert_true(read_text(fixture, SLICE("{}")));
    assert_int_equal(fixture->entries.movie_count, 0);
}

static void the_same_file_gives_the_same_ids(void **state)
{
    struct fixture *fixture = *state;
    assert_true(read_text(fixture, slice_of(usual)));
    const struct id movie = fixture->entries.movies[0].id;
    const struct id cinema = fixture->entries.cinemas[0].id;
    const struct id showtime = fixture->entries.showtimes[0].showtime.id;
    assert_true(read_text(fixture, slice_of(usual)));
    assert_true(id_equal(fixture->entries.movies[0].id, movie));
    assert_true(id_equal(fixture->entries.cinemas[0].id, cinema));
    assert_true(id_equal(fixture->entries.showtimes[0].showtime.id, showtime));
    /* Mended texts, layouts and prices belong to the same entries. */
    assert_true(read_with(fixture, "Water rises.", "Water rises, slowly."));
    assert_true(id_equal(fixture->entries.movies[0].id, movie));
    assert_true(read_with(fixture, "\"vip\":100000", "\"vip\":110000"));
    assert_true(id_equal(fixture->entries.showtimes[0].showtime.id, showtime));
    /* Another start is another showtime, another title another movie. */
    assert_true(read_with(fixture, "+2d 19:30", "+2d 19:31"));
    assert_false(id_equal(fixture->entries.showtimes[0].showtime.id, showtime));
    assert_true(read_with(fixture, "The Tide", "The Tide II"));
    assert_false(id_equal(fixture->entries.movies[0].id, movie));
    assert_false(id_equal(fixture->entries.showtimes[0].showtime.id, showtime));
}

static void an_hour_ahead_and_its_moment_are_one_showtime(void **state)
{
    struct fixture *fixture = *state;
    assert_true(read_text(fixture, slice_of(usual)));
    const struct id showtime = fixture->entries.showtimes[0].showtime.id;
    assert_true(read_with(fixture, "\"starts_in\":\"+2d 19:30\"",
                          "\"start_time\":\"2024-01-17T19:30:00+07:00\""));
    assert_true(id_equal(fixture->entries.showtimes[0].showtime.id, showtime));
}

static void an_id_of_the_file_is_kept(void **state)
{
    struct fixture *fixture = *state;
    struct id expected;
    assert_true(id_parse(SLICE("64a7b8c9d0e1f2a3b4c5d6e7"), &expected));
    assert_true(read_with(fixture, "\"title\"", "\"id\":\"64A7B8C9D0E1F2A3B4C5D6E7\",\"title\""));
    assert_true(id_equal(fixture->entries.movies[0].id, expected));
}

struct wrong {
    const char *part;
    const char *replacement;
    const char *fault;
};

static const struct wrong wrongs[] = {
    {"\"movies\":[{", "\"movie\":[],\"movies\":[{", "movie: is not a member of this"},
    {"\"title\":\"The Tide\",", "", "movies[0].title: is missing"},
    {"The Tide", "", "movies[0].title: must not be empty"},
    {"The Tide", "a\\u0007b", "movies[0].title: must not contain control characters"},
    {"\"The Tide\"", "7", "movies[0].title: must be a string"},
    {"\"duration\":120", "\"duration\":0", "movies[0].duration: must be an integer >= 1"},
    {"\"duration\":120", "\"duration\":90.5", "movies[0].duration: must be an integer >= 1"},
    {"\"duration\":120", "\"duration\":7200", "movies[0].duration: must be an integer <= 1440"},
    {"\"Drama\"", "\"Drama\",7", "movies[0].genre[1]: must be a string"},
    {"[\"Drama\"]", "\"Drama\"", "movies[0].genre: must be an array"},
    {"2024-01-05", "5 January",
     "movies[0].release_date: must be a day (2024-01-15) or a moment (2024-01-15T00:00:00Z)"},
    {"now_showing", "showing", "movies[0].status: must be one of: coming_soon, now_showing, ended"},
    {"\"title\"", "\"id\":\"64a7\",\"title\"", "movies[0].id: must be 24 hex digits, not all zero"},
    {"\"title\"", "\"year\":2024,\"title\"", "movies[0].year: is not a member of this"},
    {"Huế", "", "cinemas[0].city: must not be empty"},
    {"\"is_active\":true", "\"is_active\":1", "cinemas[0].is_active: must be true or false"},
    {"\"is_active\":true", "\"timezone\":\"Mars/Olympus\"",
     "cinemas[0].timezone: Mars/Olympus is not a known time zone, such as Asia/Ho_Chi_Minh"},
    {"\"type\":\"imax\"", "\"type\":\"5d\"",
     "cinemas[0].screens[0].type: must be one of: standard, imax, 3d, 4dx, vip"},
    {"\"total_seats\":39", "\"total_seats\":40",
     "cinemas[0].screens[0].total_seats: must be 39, the seats of the layout"},
    {"\"rows\":4", "\"rows\":51",
     "cinemas[0].screens[0].seat_layout.rows: must be an integer <= 50"},
    {"\"cols\":10", "\"cols\":0",
     "cinemas[0].screens[0].seat_layout.cols: must be an integer >= 1"},
    {"[\"B1\"]", "[\"B11\"]",
     "cinemas[0].screens[0].seat_layout.unavailable[0]: seat B11 is outside of the layout"},
    {"[\"B1\"]", "[\"E1\"]",
     "cinemas[0].screens[0].seat_layout.unavailable[0]: seat E1 is outside of the layout"},
    {"[\"B1\"]", "[\"B01\"]",
     "cinemas[0].screens[0].seat_layout.unavailable[0]: seat B01 is outside of the layout"},
    {"[\"B1\"]", "[\"B1\",\"B1\"]",
     "cinemas[0].screens[0].seat_layout.unavailable[1]: is named twice"},
    {"[\"B1\"]", "[\"b1\"]",
     "cinemas[0].screens[0].seat_layout.unavailable[0]: must be a seat such as A1"},
    {"\"B2\":\"vip\"", "\"B1\":\"vip\"",
     "cinemas[0].screens[0].seat_layout.types.B1: is unavailable"},
    {"\"B2\":\"vip\"", "\"B2\":\"sofa\"",
     "cinemas[0].screens[0].seat_layout.types.B2: must be one of: standard, vip, couple"},
    {"[7,3]", "[10]",
     "cinemas[0].screens[0].seat_layout.aisles_after[0]: must be a column with another one behind "
     "it"},
    {"[7,3]", "[3,3]", "cinemas[0].screens[0].seat_layout.aisles_after[1]: is named twice"},
    {"\"D5\"", "\"B1\"", "cinemas[0].screens[0].seat_layout.accessible[0]: is unavailable"},
    {"\"aisles_after\"", "\"aisles\"",
     "cinemas[0].screens[0].seat_layout.aisles: is not a member "
     "of this"},
    {"\"movie_index\":0", "\"movie_index\":1", "showtimes[0].movie_index: there is no movies[1]"},
    {"\"cinema_index\":0", "\"cinema_index\":-1",
     "showtimes[0].cinema_index: must be an integer >= 0"},
    {"\"screen_id\":\"S1\",\"starts", "\"screen_id\":\"S2\",\"starts",
     "showtimes[0].screen_id: the cinema has no screen S2"},
    {"+2d 19:30", "2d 19:30",
     "showtimes[0].starts_in: must be days ahead and an hour, such as +2d 19:30"},
    {"\"starts_in\":\"+2d 19:30\",", "", "showtimes[0]: must have either start_time or starts_in"},
    {"\"starts_in\"", "\"start_time\":\"2024-01-17T19:30:00Z\",\"starts_in\"",
     "showtimes[0]: must have either start_time or starts_in"},
    {"\"starts_in\":\"+2d 19:30\"", "\"start_time\":\"2024-01-17 19:30\"",
     "showtimes[0].start_time: must be a moment such as 2024-01-15T10:30:00Z"},
    {"\"starts_in\":\"+2d 19:30\"", "\"start_time\":\"9999-12-31T23:00:00Z\"",
     "showtimes[0]: must end before the year 10000"},
    {"\"vip\":100000", "\"vip\":0", "showtimes[0].price.vip: must be an integer >= 1"},
    {"\"vip\":100000", "\"vip\":1000.0", "showtimes[0].price.vip: must be an integer >= 1"},
    {"\"vip\":100000", "\"vip\":1000000000001",
     "showtimes[0].price.vip: must be an integer <= 1000000000000"},
    {"\"vip\":100000,", "", "showtimes[0].price.vip: is missing"},
    {"\"vip\":100000,", "\"vip\":100000,\"child\":1,",
     "showtimes[0].price.child: is not a member of this"},
};

static void each_mistake_is_told_with_its_member(void **state)
{
    struct fixture *fixture = *state;
    for (size_t index = 0; index < sizeof wrongs / sizeof wrongs[0]; index++) {
        const struct wrong *wrong = &wrongs[index];
        if (read_with(fixture, wrong->part, wrong->replacement)) fail_msg("%s", wrong->fault);
        assert_fault(fixture, 0, wrong->fault);
        assert_int_equal(fixture->faults.count, 1);
        assert_int_equal(fixture->entries.movie_count, 0);
    }
}

static void all_mistakes_are_told_at_once(void **state)
{
    struct fixture *fixture = *state;
    assert_false(read_text(fixture, SLICE("{\"movies\":[{}],\"cinemas\":7,\"showtimes\":[[]]}")));
    assert_fault(fixture, 0, "movies[0].title: is missing");
    assert_fault(fixture, 1, "movies[0].duration: is missing");
    assert_fault(fixture, 2, "movies[0].release_date: is missing");
    assert_fault(fixture, 3, "movies[0].status: is missing");
    assert_fault(fixture, 4, "cinemas: must be an array");
    assert_fault(fixture, 5, "showtimes[0]: must be an object");
    assert_int_equal(fixture->faults.count, 6);
}

static void many_mistakes_are_counted_and_the_first_listed(void **state)
{
    struct fixture *fixture = *state;
    char text[1024] = "{\"movies\":[0";
    for (size_t index = 1; index < 100; index++) {
        const size_t size = strlen(text);
        (void)snprintf(text + size, sizeof text - size, ",0");
    }
    const size_t size = strlen(text);
    (void)snprintf(text + size, sizeof text - size, "]}");
    assert_false(read_text(fixture, slice_of(text)));
    assert_int_equal(fixture->faults.count, 100);
    assert_int_equal(faults_listed(&fixture->faults), FAULTS_LISTED_MAX);
}

static void entries_that_are_the_same_are_refused(void **state)
{
    struct fixture *fixture = *state;
    static const char movie[] = "{\"title\":\"T\",\"duration\":1,\"release_date\":\"2024-01-05\","
                                "\"status\":\"ended\"}";
    char text[1024];
    (void)snprintf(text, sizeof text, "{\"movies\":[%s,%s]}", movie, movie);
    assert_false(read_text(fixture, slice_of(text)));
    assert_fault(fixture, 0,
                 "movies[1]: is movies[0] again: the same id, or none and the same title and "
                 "release_date");
    assert_int_equal(fixture->faults.count, 1);
}

static void screens_of_one_cinema_have_names_of_their_own(void **state)
{
    struct fixture *fixture = *state;
    static const char screen[] = "{\"screen_id\":\"S1\",\"name\":\"One\",\"type\":\"vip\","
                                 "\"total_seats\":1,\"seat_layout\":{\"rows\":1,\"cols\":1}}";
    char text[1024];
    (void)snprintf(text, sizeof text,
                   "{\"cinemas\":[{\"name\":\"L\",\"city\":\"H\",\"screens\":[%s,%s]}]}", screen,
                   screen);
    assert_false(read_text(fixture, slice_of(text)));
    assert_fault(fixture, 0, "cinemas[0].screens[1].screen_id: is that of screens[0] too");
}

static void a_layout_needs_a_seat(void **state)
{
    struct fixture *fixture = *state;
    assert_false(read_text(
        fixture, SLICE("{\"cinemas\":[{\"name\":\"L\",\"city\":\"H\",\"screens\":[{\"screen_id\":"
                       "\"S1\",\"name\":\"One\",\"type\":\"vip\",\"total_seats\":1,"
                       "\"seat_layout\":{\"rows\":1,\"cols\":1,\"unavailable\":[\"A1\"]}}]}]}")));
    assert_fault(fixture, 0, "cinemas[0].screens[0].seat_layout: has no seats");
    assert_int_equal(fixture->faults.count, 1);
}

static void broken_json_is_told_with_its_line(void **state)
{
    struct fixture *fixture = *state;
    assert_false(read_text(fixture, SLICE("{\n\"movies\": [\n{]}")));
    const struct slice text = faults_text(&fixture->faults, 0);
    assert_true(slice_starts_with(text, SLICE("the file: not acceptable JSON at byte ")));
    assert_memory_equal(text.data + text.size - strlen("(line 3)"), "(line 3)", strlen("(line 3)"));
    assert_false(read_text(fixture, SLICE("")));
    assert_false(read_text(fixture, SLICE("[]")));
    assert_fault(fixture, 0, "the file: must be an object");
    assert_false(read_text(fixture, SLICE("{\"movies\":[],\"movies\":[]}")));
}

static void an_object_without_end_is_refused(void **state)
{
    struct fixture *fixture = *state;
    size_t size = 0;
    fixture->text[size++] = '{';
    for (int member = 0; member <= JSON_MEMBERS_MAX; member++) {
        const size_t room = sizeof fixture->text - size;
        size += (size_t)snprintf(fixture->text + size, room, "%s\"m%d\":1", member > 0 ? "," : "",
                                 member);
    }
    fixture->text[size++] = '}';
    assert_false(read_text(fixture, (struct slice){fixture->text, size}));
    assert_int_equal(fixture->faults.count, 1);
}

static void a_cut_file_never_passes(void **state)
{
    struct fixture *fixture = *state;
    for (size_t size = 0; size < sizeof usual - 1; size++) {
        assert_false(read_text(fixture, (struct slice){usual, size}));
        assert_true(fixture->faults.count > 0);
    }
}

static void foreign_text_in_a_fault_is_made_harmless(void **state)
{
    struct fixture *fixture = *state;
    assert_false(read_text(fixture, SLICE("{\"\\u001b[2J\":1}")));
    assert_fault(fixture, 0, "?[2J: is not a member of this");
    char text[1024] = {0};
    (void)snprintf(text, sizeof text, "{\"%0800d\":1}", 7);
    assert_false(read_text(fixture, slice_of(text)));
    assert_true(faults_text(&fixture->faults, 0).size < 120);
}

static void a_long_text_is_refused(void **state)
{
    struct fixture *fixture = *state;
    char title[1100] = {0};
    (void)snprintf(title, sizeof title, "%01025d", 7);
    assert_false(read_with(fixture, "The Tide", title));
    assert_fault(fixture, 0, "movies[0].title: must have at most 1024 bytes");
}

static void a_small_arena_is_a_fault_and_no_crash(void **state)
{
    struct fixture *fixture = *state;
    static char block[32 * 1024];
    for (size_t size = 16; size < sizeof block; size += 16) {
        struct arena arena;
        arena_init(&arena, block, size);
        fixture->faults = (struct faults){0};
        const bool read = catalogue_file_read(slice_of(usual), NOW_MS, &arena, &fixture->entries,
                                              &fixture->faults);
        assert_true(read == (fixture->faults.count == 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_file_is_read),
        cmocka_unit_test(a_start_ahead_is_in_the_cinemas_zone_and_ends_after_the_movie),
        cmocka_unit_test(a_layout_keeps_types_aisles_and_accessible_seats),
        cmocka_unit_test(seats_have_the_usual_types_unless_told),
        cmocka_unit_test(what_has_an_empty_value_may_be_left_out),
        cmocka_unit_test(the_same_file_gives_the_same_ids),
        cmocka_unit_test(an_hour_ahead_and_its_moment_are_one_showtime),
        cmocka_unit_test(an_id_of_the_file_is_kept),
        cmocka_unit_test(each_mistake_is_told_with_its_member),
        cmocka_unit_test(all_mistakes_are_told_at_once),
        cmocka_unit_test(many_mistakes_are_counted_and_the_first_listed),
        cmocka_unit_test(entries_that_are_the_same_are_refused),
        cmocka_unit_test(screens_of_one_cinema_have_names_of_their_own),
        cmocka_unit_test(a_layout_needs_a_seat),
        cmocka_unit_test(broken_json_is_told_with_its_line),
        cmocka_unit_test(an_object_without_end_is_refused),
        cmocka_unit_test(a_cut_file_never_passes),
        cmocka_unit_test(foreign_text_in_a_fault_is_made_harmless),
        cmocka_unit_test(a_long_text_is_refused),
        cmocka_unit_test(a_small_arena_is_a_fault_and_no_crash),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
