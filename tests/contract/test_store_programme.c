/* The contract of ports/store.h: a programme that staff make and change. Run as
 * `test_store_programme sqlite` or `test_store_programme mongo`. */
#include "support/unit.h"

#include "contract/store_fixture.h"
#include "ports/catalogue_edit.h"
#include "store/mongo/mongo_catalogue.h"
#include "store/sqlite/catalogue_read.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define STARTS_AT_MS (FIXTURE_STARTS_AT_MS + 7 * DAY_MS)

enum { LISTED_SIZE = 512 * 1024, LINES_MAX = 20 };

/* A store, and who looks at its catalogue. */
struct desk {
    struct store_fixture *fixture;
    struct catalogue_read *sqlite;
    struct mongo_catalogue *mongo;
    struct catalogue catalogue;
    struct arena arena;
    char block[LISTED_SIZE];
};

static struct slice as_it_is(struct slice text, struct arena *arena)
{
    return text.size > 0 ? arena_copy(arena, text) : SLICE("");
}

/* Zones are a day apart: `Zone/A` is where 2024-01-15 never ends, `Zone/B` a day later. */
static struct time_zone *open_zone(struct slice name)
{
    static char zones[2];
    const char last = name.size > 0 ? name.data[name.size - 1] : 'A';
    return (struct time_zone *)&zones[last == 'B'];
}

static void close_zone(struct time_zone *zone)
{
    assert_non_null(zone);
}

static bool date_of(struct time_zone *zone, int64_t moment_ms, char *target)
{
    (void)moment_ms;
    memcpy(target, zone == open_zone(SLICE("Zone/B")) ? "2024-01-16" : "2024-01-15", 10);
    return true;
}

static const struct locale locale = {
    .fold = as_it_is, .open_zone = open_zone, .close_zone = close_zone, .date_of = date_of};

static int setup(void **state)
{
    struct database_reason reason;
    struct desk *desk = calloc(1, sizeof *desk);
    assert_non_null(desk);
    assert_int_equal(store_fixture_setup((void **)&desk->fixture), 0);
    if (desk->fixture->kind == STORE_MONGO) {
        assert_int_equal(
            mongo_catalogue_open(desk->fixture->mongo.connection, &locale, &desk->mongo),
            ERROR_NONE);
        desk->catalogue = mongo_catalogue_port(desk->mongo);
    } else {
        assert_int_equal(catalogue_read_open(desk->fixture->path, &locale, &desk->sqlite, &reason),
                         ERROR_NONE);
        desk->catalogue = catalogue_read_port(desk->sqlite);
    }
    arena_init(&desk->arena, desk->block, sizeof desk->block);
    *state = desk;
    return 0;
}

static int teardown(void **state)
{
    struct desk *desk = *state;
    mongo_catalogue_close(desk->mongo);
    catalogue_read_close(desk->sqlite);
    const int ended = store_fixture_teardown((void **)&desk->fixture);
    free(desk);
    return ended;
}

/* Runs the edit in a batch of its own, which is committed. */
static void run(struct desk *desk, struct catalogue_edit *edit, enum edit_outcome expected)
{
    const struct store *store = &desk->fixture->store;
    edit->locale = &locale;
    edit->actor = SLICE("staff");
    edit->role = SLICE("admin");
    desk->fixture->now_ms++;
    store_fixture_begin(desk->fixture);
    assert_int_equal(store->methods->edit(store->context, edit, desk->fixture->now_ms), ERROR_NONE);
    assert_int_equal(edit->outcome, expected);
    store_fixture_commit(desk->fixture);
}

static struct id id_of(uint32_t number)
{
    return turn_fixture_id(1000 + number);
}

static struct movie movie_of(uint32_t number, const char *title)
{
    return (struct movie){.id = id_of(number),
                          .title = slice_of(title),
                          .duration_minutes = 90,
                          .genre_count = 2,
                          .genres = {SLICE("Drama"), SLICE("Sea")},
                          .poster_url = SLICE("/p"),
                          .description = SLICE("Two\nlines."),
                          .release_date = SLICE("2024-01-05"),
                          .status = SLICE("now_showing")};
}

static void put_movie(struct desk *desk, struct movie movie, enum edit_outcome expected)
{
    struct catalogue_edit edit = {.kind = EDIT_MOVIE,
                                  .create = true,
                                  .members = (1U << MOVIE_MEMBER_COUNT) - 1,
                                  .movie = movie};
    run(desk, &edit, expected);
}

static struct seat_plan small = {.layout = {.rows = 1, .cols = 2}};
static struct seat_plan large = {.layout = {.rows = 2, .cols = 2}, .aisle_count = 1};

static void put_cinema(struct desk *desk, uint32_t number, const char *zone,
                       enum edit_outcome expected)
{
    struct screen screens[] = {{.screen_id = SLICE("S1"),
                                .name = SLICE("One"),
                                .type = SLICE("imax"),
                                .total_seats = 4,
                                .plan = &large},
                               {.screen_id = SLICE("S2"),
                                .name = SLICE("Two"),
                                .type = SLICE("standard"),
                                .total_seats = 2,
                                .plan = &small}};
    struct catalogue_edit edit = {.kind = EDIT_CINEMA,
                                  .create = true,
                                  .members = (1U << CINEMA_MEMBER_COUNT) - 1,
                                  .cinema = {.id = id_of(number),
                                             .name = SLICE("Lantern"),
                                             .address = SLICE(""),
                                             .city = SLICE("Hu\xe1\xba\xbf"),
                                             .phone = SLICE("1"),
                                             .is_active = true,
                                             .timezone = slice_of(zone),
                                             .screen_count = 2,
                                             .screens = screens}};
    large.aisles_after[0] = 1;
    run(desk, &edit, expected);
}

enum { MOVIE = 1, OTHER_MOVIE, CINEMA, OTHER_CINEMA, SHOW };

static struct catalogue_edit remove_screens(void)
{
    return (struct catalogue_edit){
        .kind = EDIT_CINEMA, .members = 1U << CINEMA_SCREENS, .cinema = {.id = id_of(CINEMA)}};
}

static struct catalogue_edit showtime_of(uint32_t number)
{
    return (struct catalogue_edit){.kind = EDIT_SHOWTIME,
                                   .create = true,
                                   .members = (1U << SHOWTIME_MEMBER_COUNT) - 1,
                                   .showtime = {.id = store_fixture_showtime(number),
                                                .movie = id_of(MOVIE),
                                                .cinema = id_of(CINEMA),
                                                .screen_id = SLICE("S1"),
                                                .starts_at_ms = STARTS_AT_MS,
                                                .prices = {100, 200, 300}}};
}

/* A movie, a cinema, and a showtime of both, SHOW. */
static void put_programme(struct desk *desk)
{
    struct catalogue_edit edit = showtime_of(SHOW);
    put_movie(desk, movie_of(MOVIE, "The Tide"), EDIT_CREATED);
    put_cinema(desk, CINEMA, "Zone/A", EDIT_CREATED);
    run(desk, &edit, EDIT_CREATED);
}

static struct movie find_movie(struct desk *desk, uint32_t number)
{
    struct movie movie;
    arena_reset(&desk->arena);
    assert_int_equal(desk->catalogue.methods->find_movie(desk->catalogue.context, id_of(number),
                                                         &desk->arena, &movie),
                     ERROR_NONE);
    return movie;
}

static struct showtime find_showtime(struct desk *desk, uint32_t number)
{
    struct showtime showtime;
    arena_reset(&desk->arena);
    assert_int_equal(desk->catalogue.methods->find_showtime(desk->catalogue.context,
                                                            store_fixture_showtime(number),
                                                            &desk->arena, &showtime),
                     ERROR_NONE);
    return showtime;
}

/* The journal's lines, newest first. */
static size_t list_journal(struct desk *desk, struct journal_line *lines)
{
    size_t count = 0;
    struct id next;
    const struct staff_reader *reader = &desk->fixture->staff_reader;
    const struct staff_journal_query query = {.page.limit = LINES_MAX};
    arena_reset(&desk->arena);
    assert_int_equal(
        reader->methods->list_journal(reader->context, &query, &desk->arena, lines, &count, &next),
        ERROR_NONE);
    return count;
}

static void a_movie_is_added_once_and_may_be_said_again(void **state)
{
    struct desk *desk = *state;
    struct journal_line lines[LINES_MAX];
    put_movie(desk, movie_of(MOVIE, "The Tide"), EDIT_CREATED);
    put_movie(desk, movie_of(MOVIE, "The Tide"), EDIT_SAME);
    struct catalogue_edit edit = {.kind = EDIT_MOVIE,
                                  .create = true,
                                  .members = (1U << MOVIE_MEMBER_COUNT) - 1,
                                  .movie = movie_of(MOVIE, "The Ebb")};
    run(desk, &edit, EDIT_TAKEN);
    assert_int_equal(edit.members_changed, 1U << MOVIE_TITLE);
    const struct movie movie = find_movie(desk, MOVIE);
    assert_slice_equal(movie.title, SLICE("The Tide"));
    assert_slice_equal(movie.description, SLICE("Two\nlines."));
    assert_int_equal(list_journal(desk, lines), 1);
    assert_slice_equal(lines[0].action, SLICE("movie.create"));
    assert_slice_equal(lines[0].role, SLICE("admin"));
    assert_slice_equal(lines[0].detail,
                       SLICE("{\"title\":\"The Tide\",\"duration\":90,\"genre\":[\"Drama\","
                             "\"Sea\"],\"poster_url\":\"/p\",\"description\":\"Two\\nlines.\","
                             "\"release_date\":\"2024-01-05\",\"status\":\"now_showing\"}"));
}

static void two_edits_of_two_members_both_stand(void **state)
{
    struct desk *desk = *state;
    struct catalogue_edit title = {.kind = EDIT_MOVIE,
                                   .members = 1U << MOVIE_TITLE,
                                   .movie = {.id = id_of(MOVIE), .title = SLICE("The Ebb")}};
    struct catalogue_edit empty = {.kind = EDIT_MOVIE,
                                   .members = 1U << MOVIE_DESCRIPTION,
                                   .movie = {.id = id_of(MOVIE), .description = SLICE("")}};
    run(desk, &title, EDIT_NOT_FOUND);
    put_movie(desk, movie_of(MOVIE, "The Tide"), EDIT_CREATED);
    run(desk, &title, EDIT_CHANGED);
    assert_int_equal(title.members_changed, 1U << MOVIE_TITLE);
    run(desk, &empty, EDIT_CHANGED);
    run(desk, &empty, EDIT_SAME);
    store_fixture_restart(desk->fixture);
    const struct movie movie = find_movie(desk, MOVIE);
    assert_slice_equal(movie.title, SLICE("The Ebb"));
    assert_int_equal(movie.description.size, 0);
    assert_int_equal(movie.duration_minutes, 90);
    struct journal_line lines[LINES_MAX];
    assert_int_equal(list_journal(desk, lines), 3);
    assert_slice_equal(lines[0].detail, SLICE("{\"description\":\"\"}"));
    assert_slice_equal(lines[1].action, SLICE("movie.update"));
}

static size_t count_of_day(struct desk *desk, struct slice date)
{
    static struct showtime showtimes[CATALOGUE_LISTED_MAX];
    size_t count = 0;
    bool more = false;
    const struct showtime_query query = {.cinema = id_of(CINEMA),
                                         .date = date,
                                         .now_ms = desk->fixture->now_ms,
                                         .page.limit = CATALOGUE_LISTED_MAX};
    arena_reset(&desk->arena);
    assert_int_equal(desk->catalogue.methods->list_showtimes(
                         desk->catalogue.context, &query, &desk->arena, showtimes, &count, &more),
                     ERROR_NONE);
    return count;
}

/* The day is of no moment here: the zone says it. */
static void a_cinema_in_another_zone_takes_its_showtimes_along(void **state)
{
    struct desk *desk = *state;
    put_programme(desk);
    struct catalogue_edit show = showtime_of(SHOW);
    show.create = false;
    show.members = 1U << SHOWTIME_START;
    show.showtime.starts_at_ms = INT64_C(1705341600000); /* 2024-01-15T18:00Z. */
    run(desk, &show, EDIT_CHANGED);
    assert_int_equal(count_of_day(desk, SLICE("2024-01-15")), 1);
    struct catalogue_edit edit = {.kind = EDIT_CINEMA,
                                  .members = 1U << CINEMA_TIMEZONE,
                                  .cinema = {.id = id_of(CINEMA), .timezone = SLICE("Zone/B")}};
    run(desk, &edit, EDIT_CHANGED);
    assert_int_equal(count_of_day(desk, SLICE("2024-01-15")), 0);
    assert_int_equal(count_of_day(desk, SLICE("2024-01-16")), 1);
}

static void a_cinema_is_compared_to_its_last_seat(void **state)
{
    struct desk *desk = *state;
    struct journal_line lines[LINES_MAX];
    put_cinema(desk, CINEMA, "Zone/A", EDIT_CREATED);
    put_cinema(desk, CINEMA, "Zone/A", EDIT_SAME);
    small.layout.types[1] = SEAT_VIP;
    put_cinema(desk, CINEMA, "Zone/A", EDIT_TAKEN);
    small.layout.types[1] = SEAT_STANDARD;
    struct catalogue_edit edit = remove_screens();
    run(desk, &edit, EDIT_CHANGED);
    assert_int_equal(list_journal(desk, lines), 2);
    assert_slice_equal(lines[0].action, SLICE("cinema.update"));
    assert_slice_equal(lines[0].detail, SLICE("{\"screens\":[]}"));
    struct cinema cinema;
    assert_int_equal(desk->catalogue.methods->find_cinema(desk->catalogue.context, id_of(CINEMA),
                                                          &desk->arena, &cinema),
                     ERROR_NONE);
    assert_int_equal(cinema.screen_count, 0);
    assert_slice_equal(cinema.name, SLICE("Lantern"));
}

static void a_showtime_is_made_of_what_is_there(void **state)
{
    struct desk *desk = *state;
    struct catalogue_edit edit = showtime_of(SHOW);
    run(desk, &edit, EDIT_NO_MOVIE);
    put_movie(desk, movie_of(MOVIE, "The Tide"), EDIT_CREATED);
    run(desk, &edit, EDIT_NO_CINEMA);
    put_cinema(desk, CINEMA, "Zone/A", EDIT_CREATED);
    edit.showtime.screen_id = SLICE("S9");
    run(desk, &edit, EDIT_NO_SCREEN);
    edit = showtime_of(SHOW);
    edit.showtime.starts_at_ms = INT64_C(253402300799999);
    run(desk, &edit, EDIT_TOO_LATE);
    assert_int_equal(store_fixture_find(desk->fixture, SHOW), ERROR_SHOWTIME_NOT_FOUND);
    edit = showtime_of(SHOW);
    run(desk, &edit, EDIT_CREATED);
    run(desk, &edit, EDIT_SAME);
    edit.showtime.prices[SEAT_VIP] = 1;
    run(desk, &edit, EDIT_TAKEN);
    const struct showtime showtime = find_showtime(desk, SHOW);
    assert_int_equal(showtime.ends_at_ms - showtime.starts_at_ms, 90 * 60000);
    assert_int_equal(showtime.total_seats, 4);
    assert_int_equal(showtime.available_seats, 4);
    assert_int_equal(showtime.version, 1);
}

static void a_new_showtime_is_in_its_batch_and_sells(void **state)
{
    struct desk *desk = *state;
    struct store_fixture *fixture = desk->fixture;
    put_movie(desk, movie_of(MOVIE, "The Tide"), EDIT_CREATED);
    put_cinema(desk, CINEMA, "Zone/A", EDIT_CREATED);
    struct catalogue_edit edit = showtime_of(SHOW);
    edit.locale = &locale;
    edit.actor = SLICE("staff");
    edit.role = SLICE("staff");
    store_fixture_begin(fixture);
    assert_int_equal(fixture->store.methods->edit(fixture->store.context, &edit, fixture->now_ms),
                     ERROR_NONE);
    store_fixture_load(fixture, SHOW);
    assert_int_equal(fixture->map.version, 1);
    assert_int_equal(seat_map_available(&fixture->map), 4);
    store_fixture_rollback(fixture);
    assert_int_equal(store_fixture_find(fixture, SHOW), ERROR_SHOWTIME_NOT_FOUND);
    run(desk, &edit, EDIT_CREATED);
    struct command hold = turn_fixture_hold("an", "A1 B2", 1);
    hold.showtime = store_fixture_showtime(SHOW);
    store_fixture_run(fixture, SHOW, &hold);
    assert_int_equal(hold.answer.refusal, REFUSAL_NONE);
    store_fixture_restart(fixture);
    store_fixture_load(fixture, SHOW);
    assert_int_equal(store_fixture_state(fixture, "B2"), SEAT_HELD);
}

static struct catalogue_edit move_to(uint32_t member)
{
    struct catalogue_edit edit = showtime_of(SHOW);
    edit.create = false;
    edit.members = 1U << member;
    edit.showtime.movie = id_of(OTHER_MOVIE);
    edit.showtime.cinema = id_of(OTHER_CINEMA);
    edit.showtime.screen_id = SLICE("S2");
    edit.showtime.starts_at_ms = STARTS_AT_MS + HOUR_MS;
    return edit;
}

static void an_unsold_showtime_moves_with_its_seats(void **state)
{
    struct desk *desk = *state;
    struct store_fixture *fixture = desk->fixture;
    put_programme(desk);
    struct catalogue_edit screen = move_to(SHOWTIME_SCREEN);
    struct catalogue_edit cinema = move_to(SHOWTIME_CINEMA);
    struct catalogue_edit movie = move_to(SHOWTIME_MOVIE);
    struct catalogue_edit start = move_to(SHOWTIME_START);
    run(desk, &cinema, EDIT_NO_CINEMA);
    run(desk, &movie, EDIT_NO_MOVIE);
    run(desk, &screen, EDIT_CHANGED);
    store_fixture_load(fixture, SHOW);
    assert_int_equal(fixture->map.version, 2);
    assert_int_equal(seat_map_available(&fixture->map), 2);
    struct movie other = movie_of(OTHER_MOVIE, "The Ebb");
    other.duration_minutes = 30;
    put_movie(desk, other, EDIT_CREATED);
    put_cinema(desk, OTHER_CINEMA, "Zone/B", EDIT_CREATED);
    run(desk, &movie, EDIT_CHANGED);
    run(desk, &cinema, EDIT_CHANGED);
    run(desk, &start, EDIT_CHANGED);
    const struct showtime showtime = find_showtime(desk, SHOW);
    assert_true(id_equal(showtime.movie, id_of(OTHER_MOVIE)));
    assert_true(id_equal(showtime.cinema, id_of(OTHER_CINEMA)));
    assert_slice_equal(showtime.screen_id, SLICE("S2"));
    assert_int_equal(showtime.starts_at_ms, STARTS_AT_MS + HOUR_MS);
    assert_int_equal(showtime.ends_at_ms - showtime.starts_at_ms, 30 * 60000);
    assert_int_equal(showtime.version, 5);
    assert_int_equal(showtime.total_seats, 2);
    struct journal_line lines[LINES_MAX];
    assert_int_equal(list_journal(desk, lines), 9);
    assert_slice_equal(lines[6].action, SLICE("showtime.create"));
    assert_slice_equal(lines[5].detail, SLICE("{\"screen_id\":\"S2\"}"));
}

static void what_is_sold_or_blocked_stays_where_it_is(void **state)
{
    struct desk *desk = *state;
    struct store_fixture *fixture = desk->fixture;
    put_programme(desk);
    put_movie(desk, movie_of(OTHER_MOVIE, "The Ebb"), EDIT_CREATED);
    put_cinema(desk, OTHER_CINEMA, "Zone/B", EDIT_CREATED);
    struct staff_order order;
    struct command block = turn_fixture_block("staff", "A1", &order);
    block.showtime = store_fixture_showtime(SHOW);
    store_fixture_run(fixture, SHOW, &block);
    struct catalogue_edit all = move_to(SHOWTIME_START);
    all.members |= 1U << SHOWTIME_MOVIE | 1U << SHOWTIME_CINEMA | 1U << SHOWTIME_SCREEN;
    run(desk, &all, EDIT_KEPT);
    assert_int_equal(all.members_changed,
                     1U << SHOWTIME_MOVIE | 1U << SHOWTIME_CINEMA | 1U << SHOWTIME_SCREEN);
    struct catalogue_edit start = move_to(SHOWTIME_START);
    run(desk, &start, EDIT_CHANGED);
    struct command hold = turn_fixture_hold("an", "A2", 1);
    hold.showtime = store_fixture_showtime(SHOW);
    store_fixture_run(fixture, SHOW, &hold);
    all.showtime.starts_at_ms += HOUR_MS;
    run(desk, &all, EDIT_KEPT);
    assert_true((all.members_changed & 1U << SHOWTIME_START) != 0);
    store_fixture_load(fixture, SHOW);
    assert_int_equal(store_fixture_state(fixture, "A1"), SEAT_BLOCKED);
    assert_int_equal(seat_map_available(&fixture->map), 2);
    assert_int_equal(fixture->map.starts_at_ms, STARTS_AT_MS + HOUR_MS);
}

static void a_showtime_keeps_the_layout_and_the_length_that_it_was_made_with(void **state)
{
    struct desk *desk = *state;
    put_programme(desk);
    struct catalogue_edit screens = remove_screens();
    struct catalogue_edit duration = {.kind = EDIT_MOVIE,
                                      .members = 1U << MOVIE_DURATION,
                                      .movie = {.id = id_of(MOVIE), .duration_minutes = 200}};
    run(desk, &screens, EDIT_CHANGED);
    run(desk, &duration, EDIT_CHANGED);
    struct showtime showtime = find_showtime(desk, SHOW);
    assert_int_equal(showtime.total_seats, 4);
    assert_int_equal(showtime.ends_at_ms - showtime.starts_at_ms, 90 * 60000);
    struct catalogue_edit screen = move_to(SHOWTIME_SCREEN);
    run(desk, &screen, EDIT_NO_SCREEN);
    struct catalogue_edit start = move_to(SHOWTIME_START);
    run(desk, &start, EDIT_CHANGED);
    showtime = find_showtime(desk, SHOW);
    assert_int_equal(showtime.ends_at_ms - showtime.starts_at_ms, 200 * 60000);
}

#define PROGRAMME_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(int argument_count, char **arguments)
{
    if (!store_fixture_choose(argument_count, arguments)) return 2;
    const struct CMUnitTest tests[] = {
        PROGRAMME_TEST(a_movie_is_added_once_and_may_be_said_again),
        PROGRAMME_TEST(two_edits_of_two_members_both_stand),
        PROGRAMME_TEST(a_cinema_in_another_zone_takes_its_showtimes_along),
        PROGRAMME_TEST(a_cinema_is_compared_to_its_last_seat),
        PROGRAMME_TEST(a_showtime_is_made_of_what_is_there),
        PROGRAMME_TEST(a_new_showtime_is_in_its_batch_and_sells),
        PROGRAMME_TEST(an_unsold_showtime_moves_with_its_seats),
        PROGRAMME_TEST(what_is_sold_or_blocked_stays_where_it_is),
        PROGRAMME_TEST(a_showtime_keeps_the_layout_and_the_length_that_it_was_made_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
