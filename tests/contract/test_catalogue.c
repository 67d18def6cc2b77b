/* test_catalogue.c - what every store of a catalogue promises: loaded whole or not at all,
 * loaded again without a change, and listed so that nothing is skipped or shown twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/clock.h"
#include "calendar/calendar.h"
#include "calendar/fold.h"
#include "catalogue/catalogue_file.h"
#include "core/layout.h"
#include "store/sqlite/catalogue_read.h"
#include "store/sqlite/catalogue_write.h"

enum {
    ARENA_SIZE = 256 * 1024 * 1024,
    LISTED_SIZE = 2 * 1024 * 1024,
    TEXT_SIZE_MAX = 1024 * 1024,
};

#define NOW_MS INT64_C(1705314600000) /* 2024-01-15T10:30:00Z, half past five in Saigon */

static const struct locale locale = {.fold = fold_text, .date_of = calendar_date_of};

struct fixture {
    char folder[64];
    char path[96];
    struct database database;
    struct catalogue_read *read;
    struct catalogue catalogue;
    struct arena entries;
    struct arena listed;
    struct catalogue_report report;
    size_t text_size;
    char text[TEXT_SIZE_MAX];
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    (void)snprintf(fixture->folder, sizeof fixture->folder, "/tmp/usher-catalogue-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/usher.db", fixture->folder);
    struct database_reason reason;
    assert_int_equal(database_open(fixture->path, DATABASE_WRITE, &fixture->database, &reason),
                     ERROR_NONE);
    assert_int_equal(catalogue_read_open(fixture->path, &locale, &fixture->read, &reason),
                     ERROR_NONE);
    fixture->catalogue = catalogue_read_port(fixture->read);
    arena_init(&fixture->entries, malloc(ARENA_SIZE), ARENA_SIZE);
    arena_init(&fixture->listed, malloc(LISTED_SIZE), LISTED_SIZE);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    catalogue_read_close(fixture->read);
    database_close(&fixture->database);
    static const char *const names[] = {"", "-wal", "-shm"};
    for (size_t index = 0; index < sizeof names / sizeof names[0]; index++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s%s", fixture->path, names[index]);
        (void)unlink(path);
    }
    (void)rmdir(fixture->folder);
    free(fixture->entries.block);
    free(fixture->listed.block);
    free(fixture);
    return 0;
}

/* Appends to the file under construction. */
__attribute__((format(printf, 2, 3))) static void add(struct fixture *fixture, const char *format,
                                                      ...)
{
    va_list arguments;
    va_start(arguments, format);
    const size_t room = sizeof fixture->text - fixture->text_size;
    const int size = vsnprintf(fixture->text + fixture->text_size, room, format, arguments);
    va_end(arguments);
    assert_in_range(size, 0, room - 1);
    fixture->text_size += (size_t)size;
}

static void begin(struct fixture *fixture)
{
    fixture->text_size = 0;
}

static enum error load(struct fixture *fixture)
{
    arena_reset(&fixture->entries);
    struct faults faults = {0};
    struct catalogue_entries entries;
    const struct slice text = {fixture->text, fixture->text_size};
    if (!catalogue_file_read(text, NOW_MS, &fixture->entries, &entries, &faults)) {
        const struct slice fault = faults_text(&faults, 0);
        fail_msg("%.*s", (int)fault.size, fault.data);
    }
    return catalogue_write(&fixture->database, &entries, &locale, &fixture->report);
}

static void assert_written(const struct written_count *count, size_t added, size_t changed)
{
    assert_int_equal(count->added, added);
    assert_int_equal(count->changed, changed);
}

static void add_movie(struct fixture *fixture, const char *title, const char *release_date,
                      const char *status)
{
    add(fixture,
        "%s{\"title\":\"%s\",\"duration\":120,\"genre\":[\"Drama\",\"Sea\"],\"poster_url\":\"/p\","
        "\"description\":\"Two\\nlines.\",\"release_date\":\"%s\",\"status\":\"%s\"}",
        fixture->text[fixture->text_size - 1] == '[' ? "" : ",", title, release_date, status);
}

static void add_cinema(struct fixture *fixture, const char *name, const char *city,
                       const char *zone)
{
    add(fixture,
        "%s{\"name\":\"%s\",\"address\":\"1 Quay\",\"city\":\"%s\",\"phone\":\"1\","
        "\"is_active\":true,\"timezone\":\"%s\",\"screens\":["
        "{\"screen_id\":\"S1\",\"name\":\"One\",\"type\":\"imax\",\"total_seats\":39,"
        "\"seat_layout\":{\"rows\":4,\"cols\":10,\"unavailable\":[\"B1\"],"
        "\"types\":{\"B2\":\"vip\"},\"aisles_after\":[3,7],\"accessible\":[\"D5\"]}},"
        "{\"screen_id\":\"S2\",\"name\":\"Two\",\"type\":\"standard\",\"total_seats\":6,"
        "\"seat_layout\":{\"rows\":2,\"cols\":3,\"unavailable\":[]}}]}",
        fixture->text[fixture->text_size - 1] == '[' ? "" : ",", name, city, zone);
}

static void add_showtime(struct fixture *fixture, int movie, int cinema, const char *screen_id,
                         const char *starts_in, int vip)
{
    add(fixture,
        "%s{\"movie_index\":%d,\"cinema_index\":%d,\"screen_id\":\"%s\",\"starts_in\":\"%s\","
        "\"price\":{\"standard\":80000,\"vip\":%d,\"couple\":120000}}",
        fixture->text[fixture->text_size - 1] == '[' ? "" : ",", movie, cinema, screen_id,
        starts_in, vip);
}

/* Two movies, two cinemas, three showtimes. */
static void write_usual(struct fixture *fixture, const char *title, int vip)
{
    begin(fixture);
    add(fixture, "{\"movies\":[");
    add_movie(fixture, title, "2024-01-05", "now_showing");
    add_movie(fixture, "Mắt Biển", "2024-02-05", "coming_soon");
    add(fixture, "],\"cinemas\":[");
    add_cinema(fixture, "Lantern", "Huế", "Asia/Ho_Chi_Minh");
    add_cinema(fixture, "Harbour", "New York", "America/New_York");
    add(fixture, "],\"showtimes\":[");
    add_showtime(fixture, 0, 0, "S1", "+1d 19:30", 100000);
    add_showtime(fixture, 0, 1, "S2", "+1d 19:30", vip);
    add_showtime(fixture, 1, 0, "S2", "+0d 09:00", 100000);
    add(fixture, "]}");
}

static struct movie_query all_movies(void)
{
    return (struct movie_query){.page.limit = CATALOGUE_LISTED_MAX};
}

static struct showtime_query all_showtimes(void)
{
    return (struct showtime_query){.now_ms = NOW_MS, .page.limit = CATALOGUE_LISTED_MAX};
}

static struct movie movies[CATALOGUE_LISTED_MAX];
static struct cinema cinemas[CATALOGUE_LISTED_MAX];
static struct showtime showtimes[CATALOGUE_LISTED_MAX];

static size_t list_movies(struct fixture *fixture, struct movie_query query, bool *ret_more)
{
    size_t count = 0;
    bool more = false;
    arena_reset(&fixture->listed);
    assert_int_equal(fixture->catalogue.methods->list_movies(fixture->catalogue.context, &query,
                                                             &fixture->listed, movies, &count,
                                                             &more),
                     ERROR_NONE);
    if (ret_more != NULL) *ret_more = more;
    return count;
}

static size_t list_cinemas(struct fixture *fixture, struct cinema_query query, bool *ret_more)
{
    size_t count = 0;
    bool more = false;
    arena_reset(&fixture->listed);
    assert_int_equal(fixture->catalogue.methods->list_cinemas(fixture->catalogue.context, &query,
                                                              &fixture->listed, cinemas, &count,
                                                              &more),
                     ERROR_NONE);
    if (ret_more != NULL) *ret_more = more;
    return count;
}

static size_t list_showtimes(struct fixture *fixture, struct showtime_query query, bool *ret_more)
{
    size_t count = 0;
    bool more = false;
    arena_reset(&fixture->listed);
    assert_int_equal(fixture->catalogue.methods->list_showtimes(fixture->catalogue.context, &query,
                                                                &fixture->listed, showtimes, &count,
                                                                &more),
                     ERROR_NONE);
    if (ret_more != NULL) *ret_more = more;
    return count;
}

static void execute(struct fixture *fixture, const char *sql)
{
    if (database_execute(&fixture->database, sql) != SQLITE_OK) {
        fail_msg("%s", sqlite3_errmsg(fixture->database.handle));
    }
}

static void a_loaded_catalogue_is_found(void **state)
{
    struct fixture *fixture = *state;
    write_usual(fixture, "The Tide", 100000);
    assert_int_equal(load(fixture), ERROR_NONE);
    assert_written(&fixture->report.movies, 2, 0);
    assert_written(&fixture->report.cinemas, 2, 0);
    assert_written(&fixture->report.showtimes, 3, 0);

    assert_int_equal(list_movies(fixture, all_movies(), NULL), 2);
    struct movie movie;
    assert_int_equal(fixture->catalogue.methods->find_movie(fixture->catalogue.context,
                                                            movies[1].id, &fixture->listed, &movie),
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
    write_usual(fixture, "The Tide", 100000);
    assert_int_equal(load(fixture), ERROR_NONE);
    assert_int_equal(list_cinemas(fixture, (struct cinema_query){.page.limit = 5}, NULL), 2);
    assert_true(slice_equal(cinemas[0].name, SLICE("Harbour")));
    assert_true(slice_equal(cinemas[1].timezone, SLICE("Asia/Ho_Chi_Minh")));
    struct cinema cinema;
    assert_int_equal(fixture->catalogue.methods->find_cinema(
                         fixture->catalogue.context, cinemas[1].id, &fixture->listed, &cinema),
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
    write_usual(fixture, "The Tide", 100000);
    assert_int_equal(load(fixture), ERROR_NONE);
    assert_int_equal(list_showtimes(fixture, all_showtimes(), NULL), 3);
    struct showtime showtime;
    const struct catalogue_methods *methods = fixture->catalogue.methods;
    assert_int_equal(methods->find_showtime(fixture->catalogue.context, showtimes[1].id,
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
    assert_int_equal(methods->find_plan(fixture->catalogue.context, showtimes[1].id, &plan),
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
    struct movie_query query = all_movies();
    query.page.after = id;
    assert_int_equal(methods->list_movies(context, &query, &fixture->listed, movies, &count, &more),
                     ERROR_VALIDATION_FAILED);
}

static void loading_again_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    write_usual(fixture, "The Tide", 100000);
    assert_int_equal(load(fixture), ERROR_NONE);
    const int64_t before = sqlite3_total_changes64(fixture->database.handle);
    assert_int_equal(load(fixture), ERROR_NONE);
    assert_written(&fixture->report.movies, 0, 0);
    assert_written(&fixture->report.cinemas, 0, 0);
    assert_written(&fixture->report.showtimes, 0, 0);
    assert_int_equal(sqlite3_total_changes64(fixture->database.handle), before);
}

static void other_content_under_a_known_id_is_changed(void **state)
{
    struct fixture *fixture = *state;
    write_usual(fixture, "The Tide", 100000);
    assert_int_equal(load(fixture), ERROR_NONE);
    write_usual(fixture, "The Tide", 110000);
    assert_int_equal(load(fixture), ERROR_NONE);
    assert_written(&fixture->report.showtimes, 0, 1);
    assert_int_equal(list_showtimes(fixture, all_showtimes(), NULL), 3);
    assert_int_equal(showtimes[2].prices[SEAT_VIP], 110000);
    assert_int_equal(showtimes[2].version, 2);
    assert_int_equal(showtimes[1].version, 1);
    assert_int_equal(showtimes[2].available_seats, 6);
}

static void nothing_is_removed_by_a_file_without_it(void **state)
{
    struct fixture *fixture = *state;
    write_usual(fixture, "The Tide", 100000);
    assert_int_equal(load(fixture), ERROR_NONE);
    begin(fixture);
    add(fixture, "{\"movies\":[");
    add_movie(fixture, "Another", "2023-01-05", "ended");
    add(fixture, "]}");
    assert_int_equal(load(fixture), ERROR_NONE);
    assert_int_equal(list_movies(fixture, all_movies(), NULL), 3);
    assert_int_equal(list_showtimes(fixture, all_showtimes(), NULL), 3);
}

/* A booking and its claim, as a turn would leave them; the columns that matter here. */
static void book_first_showtime(struct fixture *fixture, const char *status, bool claim)
{
    char sql[512];
    (void)snprintf(sql, sizeof sql,
                   "INSERT INTO booking(number,showtime,user,code,status,seats,total,discount,"
                   "final,held_at,first_expires_at,hold_expires_at,updated_at,had_payment)"
                   " VALUES(1,2,'u','BK-AAAAAAAA','%s','[]',1,0,1,1,1,1,1,0)",
                   status);
    execute(fixture, sql);
    if (claim) execute(fixture, "INSERT INTO seat_claim VALUES(2,0,1,'held',1)");
}

static void a_showtime_with_bookings_stays_as_it_is(void **state)
{
    struct fixture *fixture = *state;
    write_usual(fixture, "The Tide", 100000);
    assert_int_equal(load(fixture), ERROR_NONE);
    book_first_showtime(fixture, "expired", false);
    assert_int_equal(load(fixture), ERROR_NONE); /* The same content is no change. */

    write_usual(fixture, "Another Tide", 110000);
    add(fixture, " ");
    assert_int_equal(load(fixture), ERROR_NONE); /* Another movie: another showtime. */
    write_usual(fixture, "The Tide", 120000);
    assert_int_equal(load(fixture), ERROR_VALIDATION_FAILED);
    assert_int_equal(fixture->report.kept_count, 1);
    assert_int_equal(fixture->report.kept[0], 1);
}

static void a_refused_file_changes_nothing_at_all(void **state)
{
    struct fixture *fixture = *state;
    write_usual(fixture, "The Tide", 100000);
    assert_int_equal(load(fixture), ERROR_NONE);
    book_first_showtime(fixture, "pending", true);
    write_usual(fixture, "The Tide", 110000);
    char *mended = strstr(fixture->text, "Two\\nlines.");
    assert_non_null(mended);
    memcpy(mended, "One", 3);
    assert_int_equal(load(fixture), ERROR_VALIDATION_FAILED);
    assert_int_equal(list_movies(fixture, all_movies(), NULL), 2);
    assert_true(slice_equal(movies[1].description, SLICE("Two\nlines.")));
    /* And the next load is not hindered by it. */
    write_usual(fixture, "The Tide", 100000);
    assert_int_equal(load(fixture), ERROR_NONE);
}

static void a_blocked_seat_keeps_a_showtime_as_it_is(void **state)
{
    struct fixture *fixture = *state;
    write_usual(fixture, "The Tide", 100000);
    assert_int_equal(load(fixture), ERROR_NONE);
    execute(fixture, "INSERT INTO seat_claim VALUES(2,0,NULL,'blocked',NULL)");
    write_usual(fixture, "The Tide", 110000);
    assert_int_equal(load(fixture), ERROR_VALIDATION_FAILED);
}

static void replace_all(struct fixture *fixture, const char *part, const char *replacement)
{
    assert_int_equal(strlen(part), strlen(replacement));
    char *found = strstr(fixture->text, part);
    assert_non_null(found);
    for (; found != NULL; found = strstr(found, part)) {
        memcpy(found, replacement, strlen(part));
    }
}

static void a_changed_layout_reaches_showtimes_of_the_file_only(void **state)
{
    struct fixture *fixture = *state;
    write_usual(fixture, "The Tide", 100000);
    assert_int_equal(load(fixture), ERROR_NONE);
    /* The same houses with other layouts, and no showtimes: the old ones keep theirs. */
    begin(fixture);
    add(fixture, "{\"cinemas\":[");
    add_cinema(fixture, "Lantern", "Huế", "Asia/Ho_Chi_Minh");
    add_cinema(fixture, "Harbour", "New York", "America/New_York");
    add(fixture, "]}");
    replace_all(fixture, "\"B2\":\"vip\"", "\"B3\":\"vip\"");
    assert_int_equal(load(fixture), ERROR_NONE);
    assert_written(&fixture->report.cinemas, 0, 2);
    assert_int_equal(list_showtimes(fixture, all_showtimes(), NULL), 3);
    static struct seat_plan plan;
    assert_int_equal(
        fixture->catalogue.methods->find_plan(fixture->catalogue.context, showtimes[1].id, &plan),
        ERROR_NONE);
    assert_int_equal(plan.layout.types[11], SEAT_VIP);
    assert_int_equal(plan.layout.types[12], SEAT_STANDARD);
    /* With them, they follow. */
    write_usual(fixture, "The Tide", 100000);
    replace_all(fixture, "\"B2\":\"vip\"", "\"B3\":\"vip\"");
    assert_int_equal(load(fixture), ERROR_NONE);
    assert_written(&fixture->report.showtimes, 0, 1);
    assert_int_equal(
        fixture->catalogue.methods->find_plan(fixture->catalogue.context, showtimes[1].id, &plan),
        ERROR_NONE);
    assert_int_equal(plan.layout.types[11], SEAT_STANDARD);
}

static void screens_may_change_places(void **state)
{
    struct fixture *fixture = *state;
    write_usual(fixture, "The Tide", 100000);
    assert_int_equal(load(fixture), ERROR_NONE);
    begin(fixture);
    add(fixture, "{\"cinemas\":[");
    add_cinema(fixture, "Lantern", "Huế", "Asia/Ho_Chi_Minh");
    add(fixture, "]}");
    replace_all(fixture, "\"S1\"", "\"S3\"");
    replace_all(fixture, "\"S2\"", "\"S1\"");
    replace_all(fixture, "\"S3\"", "\"S2\"");
    assert_int_equal(load(fixture), ERROR_NONE);
    assert_written(&fixture->report.cinemas, 0, 1);
    assert_int_equal(list_cinemas(fixture, (struct cinema_query){.page.limit = 5}, NULL), 2);
    assert_true(slice_equal(cinemas[1].screens[0].screen_id, SLICE("S2")));
    assert_true(slice_equal(cinemas[1].screens[1].screen_id, SLICE("S1")));
}

static void movies_come_newest_first_and_are_filtered(void **state)
{
    struct fixture *fixture = *state;
    write_usual(fixture, "The Tide", 100000);
    assert_int_equal(load(fixture), ERROR_NONE);
    assert_int_equal(list_movies(fixture, all_movies(), NULL), 2);
    assert_true(slice_equal(movies[0].title, SLICE("Mắt Biển")));
    struct movie_query query = all_movies();
    query.status = SLICE("now_showing");
    assert_int_equal(list_movies(fixture, query, NULL), 1);
    assert_true(slice_equal(movies[0].title, SLICE("The Tide")));
    query = all_movies();
    query.title = SLICE("MẮT BI");
    assert_int_equal(list_movies(fixture, query, NULL), 1);
    query.title = SLICE("tide");
    assert_int_equal(list_movies(fixture, query, NULL), 1);
    query.title = SLICE("%");
    assert_int_equal(list_movies(fixture, query, NULL), 0);
}

static void cinemas_are_filtered_by_city_without_case(void **state)
{
    struct fixture *fixture = *state;
    write_usual(fixture, "The Tide", 100000);
    assert_int_equal(load(fixture), ERROR_NONE);
    struct cinema_query query = {.city = SLICE("HUẾ"), .page.limit = 5};
    assert_int_equal(list_cinemas(fixture, query, NULL), 1);
    query.city = SLICE("Hu");
    assert_int_equal(list_cinemas(fixture, query, NULL), 0);
}

static void showtimes_are_filtered_by_movie_cinema_and_local_day(void **state)
{
    struct fixture *fixture = *state;
    write_usual(fixture, "The Tide", 100000);
    assert_int_equal(load(fixture), ERROR_NONE);
    assert_int_equal(list_showtimes(fixture, all_showtimes(), NULL), 3);
    assert_true(showtimes[0].starts_at_ms < showtimes[1].starts_at_ms);
    assert_true(showtimes[1].starts_at_ms < showtimes[2].starts_at_ms);
    const struct showtime newest = showtimes[2];
    const struct showtime oldest = showtimes[0];

    struct showtime_query query = all_showtimes();
    query.movie = newest.movie;
    assert_int_equal(list_showtimes(fixture, query, NULL), 2);
    query.cinema = newest.cinema;
    assert_int_equal(list_showtimes(fixture, query, NULL), 1);
    query.movie = oldest.movie;
    assert_int_equal(list_showtimes(fixture, query, NULL), 0);
    query.movie = (struct id){0};
    query.cinema = oldest.cinema;
    assert_int_equal(list_showtimes(fixture, query, NULL), 2);
    /* Half past seven in the evening in New York is the next day in UTC. */
    query = all_showtimes();
    query.date = SLICE("2024-01-16");
    assert_int_equal(list_showtimes(fixture, query, NULL), 2);
    query.date = SLICE("2024-01-17");
    assert_int_equal(list_showtimes(fixture, query, NULL), 0);
    query.date = SLICE("2024-01-15");
    assert_int_equal(list_showtimes(fixture, query, NULL), 1);
}

static void local_days_follow_a_cinema_to_another_zone(void **state)
{
    struct fixture *fixture = *state;
    write_usual(fixture, "The Tide", 100000);
    assert_int_equal(load(fixture), ERROR_NONE);
    begin(fixture);
    add(fixture, "{\"cinemas\":[");
    add_cinema(fixture, "Harbour", "New York", "Asia/Ho_Chi_Minh");
    add(fixture, "]}");
    assert_int_equal(load(fixture), ERROR_NONE);
    struct showtime_query query = all_showtimes();
    query.date = SLICE("2024-01-16");
    assert_int_equal(list_showtimes(fixture, query, NULL), 1);
    query.date = SLICE("2024-01-17");
    assert_int_equal(list_showtimes(fixture, query, NULL), 1);
}

static void available_means_scheduled_ahead_and_a_seat_free(void **state)
{
    struct fixture *fixture = *state;
    write_usual(fixture, "The Tide", 100000);
    assert_int_equal(load(fixture), ERROR_NONE);
    struct showtime_query query = all_showtimes();
    query.available = true;
    assert_int_equal(list_showtimes(fixture, query, NULL), 2); /* One was at nine today. */
    const int64_t first_ms = showtimes[0].starts_at_ms;
    query.now_ms = first_ms - 1;
    assert_int_equal(list_showtimes(fixture, query, NULL), 2);
    query.now_ms = first_ms;
    assert_int_equal(list_showtimes(fixture, query, NULL), 1);
    query.now_ms = NOW_MS;
    execute(fixture, "UPDATE showtime SET available_seats=0 WHERE number=1");
    assert_int_equal(list_showtimes(fixture, query, NULL), 1);
    execute(fixture, "UPDATE showtime SET status='cancelled' WHERE number=2");
    assert_int_equal(list_showtimes(fixture, query, NULL), 0);
}

/* Loads `count` movies, cinemas and showtimes that sort among each other by `step`. */
static void load_many(struct fixture *fixture, int first, int count, int step)
{
    begin(fixture);
    add(fixture, "{\"movies\":[");
    for (int index = 0; index < count; index++) {
        char title[32];
        char date[16];
        const int at = first + index * step;
        (void)snprintf(title, sizeof title, "Movie %05d", at);
        (void)snprintf(date, sizeof date, "20%02d-%02d-%02d", at / 336 % 100, at / 28 % 12 + 1,
                       at % 28 + 1);
        add_movie(fixture, title, date, "now_showing");
    }
    add(fixture, "],\"cinemas\":[");
    for (int index = 0; index < count; index++) {
        char name[32];
        (void)snprintf(name, sizeof name, "House %05d", first + index * step);
        add_cinema(fixture, name, "Huế", "Asia/Ho_Chi_Minh");
    }
    add(fixture, "],\"showtimes\":[");
    for (int index = 0; index < count; index++) {
        char start[32];
        const int at = first + index * step;
        (void)snprintf(start, sizeof start, "+%dd %02d:00", at / 24, at % 24);
        add_showtime(fixture, index, index, "S1", start, 100000);
    }
    add(fixture, "]}");
    assert_int_equal(load(fixture), ERROR_NONE);
}

enum { PAGED = 37, PAGE = 5 };

/* Reads all pages of one list; between two pages others come. */
static size_t page_through(struct fixture *fixture, struct id *ids, int kind, bool disturb)
{
    size_t count = 0;
    struct page page = {.limit = PAGE};
    bool more = true;
    for (int round = 0; more && round < 100; round++) {
        size_t read = 0;
        if (kind == 0) {
            struct movie_query query = {.page = page};
            read = list_movies(fixture, query, &more);
            for (size_t at = 0; at < read; at++) ids[count++] = movies[at].id;
        } else if (kind == 1) {
            struct cinema_query query = {.page = page};
            read = list_cinemas(fixture, query, &more);
            for (size_t at = 0; at < read; at++) ids[count++] = cinemas[at].id;
        } else {
            struct showtime_query query = {.page = page, .now_ms = NOW_MS};
            read = list_showtimes(fixture, query, &more);
            for (size_t at = 0; at < read; at++) ids[count++] = showtimes[at].id;
        }
        assert_true(read == PAGE || !more);
        page.after = ids[count - 1];
        /* Odd ones come between the even ones that were there, on both sides of the cursor. */
        if (disturb && round < 3) load_many(fixture, 1 + 2 * round * 12, 12, 2);
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
    for (int kind = 0; kind < 3; kind++) {
        if (kind > 0) assert_int_equal(set_up(state), 0);
        struct fixture *fixture = *state;
        load_many(fixture, 0, PAGED, 2);
        struct id before[200];
        const size_t count = page_through(fixture, before, kind, false);
        assert_int_equal(count, PAGED);
        struct id after[200];
        const size_t paged = page_through(fixture, after, kind, true);
        assert_true(paged > PAGED);
        for (size_t at = 0; at < count; at++) assert_true(contains(after, paged, before[at]));
        for (size_t at = 0; at < paged; at++) assert_true(contains(after, paged, after[at]));
        if (kind < 2) assert_int_equal(tear_down(state), 0);
    }
}

static void a_full_arena_makes_a_shorter_page(void **state)
{
    struct fixture *fixture = *state;
    load_many(fixture, 0, PAGED, 2);
    static char block[64 * 1024];
    struct arena arena;
    arena_init(&arena, block, sizeof block);
    struct cinema_query query = {.page.limit = CATALOGUE_LISTED_MAX};
    size_t count = 0;
    bool more = false;
    const struct catalogue_methods *methods = fixture->catalogue.methods;
    assert_int_equal(
        methods->list_cinemas(fixture->catalogue.context, &query, &arena, cinemas, &count, &more),
        ERROR_NONE);
    assert_in_range(count, 1, PAGED - 1);
    assert_true(more);
    arena_init(&arena, block, 1024);
    assert_int_equal(
        methods->list_cinemas(fixture->catalogue.context, &query, &arena, cinemas, &count, &more),
        ERROR_OVERLOADED);
}

static void a_million_seats_load_in_seconds(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture);
    add(fixture, "{\"movies\":[");
    add_movie(fixture, "The Tide", "2024-01-05", "now_showing");
    add(fixture, "],\"cinemas\":[{\"name\":\"Arena\",\"address\":\"\",\"city\":\"Huế\","
                 "\"phone\":\"\",\"is_active\":true,\"screens\":[");
    for (int screen = 0; screen < 40; screen++) {
        add(fixture,
            "%s{\"screen_id\":\"S%d\",\"name\":\"Hall %d\",\"type\":\"standard\","
            "\"total_seats\":2500,\"seat_layout\":{\"rows\":50,\"cols\":50,\"unavailable\":[]}}",
            screen > 0 ? "," : "", screen, screen);
    }
    add(fixture, "]}],\"showtimes\":[");
    for (int index = 0; index < 400; index++) {
        char screen[8];
        char start[32];
        (void)snprintf(screen, sizeof screen, "S%d", index % 40);
        (void)snprintf(start, sizeof start, "+%dd 19:30", index / 40);
        add_showtime(fixture, 0, 0, screen, start, 100000);
    }
    add(fixture, "]}");
    const int64_t start_us = clock_steady_us();
    assert_int_equal(load(fixture), ERROR_NONE);
    const int64_t first_us = clock_steady_us();
    assert_written(&fixture->report.showtimes, 400, 0);
    assert_int_equal(load(fixture), ERROR_NONE);
    assert_written(&fixture->report.showtimes, 0, 0);
    print_message("400 showtimes of 2500 seats: loaded in %lld ms, again in %lld ms\n",
                  (long long)((first_us - start_us) / 1000),
                  (long long)((clock_steady_us() - first_us) / 1000));
}

#define CATALOGUE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
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
        CATALOGUE_TEST(movies_come_newest_first_and_are_filtered),
        CATALOGUE_TEST(cinemas_are_filtered_by_city_without_case),
        CATALOGUE_TEST(showtimes_are_filtered_by_movie_cinema_and_local_day),
        CATALOGUE_TEST(local_days_follow_a_cinema_to_another_zone),
        CATALOGUE_TEST(available_means_scheduled_ahead_and_a_seat_free),
        CATALOGUE_TEST(pages_skip_and_repeat_nothing_while_others_come),
        CATALOGUE_TEST(a_full_arena_makes_a_shorter_page),
        CATALOGUE_TEST(a_million_seats_load_in_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
