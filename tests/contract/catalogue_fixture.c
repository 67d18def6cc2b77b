#include "contract/catalogue_fixture.h"

#include <unistd.h>

#include "calendar/calendar.h"
#include "calendar/fold.h"

static const struct locale locale = {.fold = fold_text,
                                     .open_zone = calendar_zone_open,
                                     .close_zone = calendar_zone_close,
                                     .date_of = calendar_date_of};

int fixture_set_up(void **state)
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
    arena_init(&fixture->entries, malloc(FIXTURE_ARENA_SIZE), FIXTURE_ARENA_SIZE);
    arena_init(&fixture->listed, malloc(FIXTURE_LISTED_SIZE), FIXTURE_LISTED_SIZE);
    *state = fixture;
    return 0;
}

int fixture_tear_down(void **state)
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
void fixture_add(struct fixture *fixture, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const size_t room = sizeof fixture->text - fixture->text_size;
    const int size = vsnprintf(fixture->text + fixture->text_size, room, format, arguments);
    va_end(arguments);
    assert_in_range(size, 0, room - 1);
    fixture->text_size += (size_t)size;
}

void fixture_begin(struct fixture *fixture)
{
    fixture->text_size = 0;
}

enum error fixture_load(struct fixture *fixture)
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

void fixture_add_movie(struct fixture *fixture, const char *title, const char *release_date,
                       const char *status)
{
    fixture_add(
        fixture,
        "%s{\"title\":\"%s\",\"duration\":120,\"genre\":[\"Drama\",\"Sea\"],\"poster_url\":\"/p\","
        "\"description\":\"Two\\nlines.\",\"release_date\":\"%s\",\"status\":\"%s\"}",
        fixture->text[fixture->text_size - 1] == '[' ? "" : ",", title, release_date, status);
}

void fixture_add_cinema(struct fixture *fixture, const char *name, const char *city,
                        const char *zone)
{
    fixture_add(fixture,
                "%s{\"name\":\"%s\",\"address\":\"1 Quay\",\"city\":\"%s\",\"phone\":\"1\","
                "\"is_active\":true,\"timezone\":\"%s\",\"screens\":["
                "{\"screen_id\":\"S1\",\"name\":\"One\",\"type\":\"imax\",\"total_seats\":39,"
                "\"seat_layout\":{\"rows\":4,\"cols\":10,\"unavailable\":[\"B1\"],"
                "\"types\":{\"B2\":\"vip\"},\"aisles_after\":[3,7],\"accessible\":[\"D5\"]}},"
                "{\"screen_id\":\"S2\",\"name\":\"Two\",\"type\":\"standard\",\"total_seats\":6,"
                "\"seat_layout\":{\"rows\":2,\"cols\":3,\"unavailable\":[]}}]}",
                fixture->text[fixture->text_size - 1] == '[' ? "" : ",", name, city, zone);
}

void fixture_add_showtime(struct fixture *fixture, int movie, int cinema, const char *screen_id,
                          const char *starts_in, int vip)
{
    fixture_add(
        fixture,
        "%s{\"movie_index\":%d,\"cinema_index\":%d,\"screen_id\":\"%s\",\"starts_in\":\"%s\","
        "\"price\":{\"standard\":80000,\"vip\":%d,\"couple\":120000}}",
        fixture->text[fixture->text_size - 1] == '[' ? "" : ",", movie, cinema, screen_id,
        starts_in, vip);
}

/* Two movies, two cinemas, three showtimes. */
void fixture_write_usual(struct fixture *fixture, const char *title, int vip)
{
    fixture_begin(fixture);
    fixture_add(fixture, "{\"movies\":[");
    fixture_add_movie(fixture, title, "2024-01-05", "now_showing");
    fixture_add_movie(fixture, "Mắt Biển", "2024-02-05", "coming_soon");
    fixture_add(fixture, "],\"cinemas\":[");
    fixture_add_cinema(fixture, "Lantern", "Huế", "Asia/Ho_Chi_Minh");
    fixture_add_cinema(fixture, "Harbour", "New York", "America/New_York");
    fixture_add(fixture, "],\"showtimes\":[");
    fixture_add_showtime(fixture, 0, 0, "S1", "+1d 19:30", 100000);
    fixture_add_showtime(fixture, 0, 1, "S2", "+1d 19:30", vip);
    fixture_add_showtime(fixture, 1, 0, "S2", "+0d 09:00", 100000);
    fixture_add(fixture, "]}");
}

struct movie_query fixture_all_movies(void)
{
    return (struct movie_query){.page.limit = CATALOGUE_LISTED_MAX};
}

struct showtime_query fixture_all_showtimes(void)
{
    return (struct showtime_query){.now_ms = NOW_MS, .page.limit = CATALOGUE_LISTED_MAX};
}

size_t fixture_list_movies(struct fixture *fixture, struct movie_query query, bool *ret_more)
{
    size_t count = 0;
    bool more = false;
    arena_reset(&fixture->listed);
    assert_int_equal(fixture->catalogue.methods->list_movies(fixture->catalogue.context, &query,
                                                             &fixture->listed, fixture->movies,
                                                             &count, &more),
                     ERROR_NONE);
    if (ret_more != NULL) *ret_more = more;
    return count;
}

size_t fixture_list_cinemas(struct fixture *fixture, struct cinema_query query, bool *ret_more)
{
    size_t count = 0;
    bool more = false;
    arena_reset(&fixture->listed);
    assert_int_equal(fixture->catalogue.methods->list_cinemas(fixture->catalogue.context, &query,
                                                              &fixture->listed, fixture->cinemas,
                                                              &count, &more),
                     ERROR_NONE);
    if (ret_more != NULL) *ret_more = more;
    return count;
}

size_t fixture_list_showtimes(struct fixture *fixture, struct showtime_query query, bool *ret_more)
{
    size_t count = 0;
    bool more = false;
    arena_reset(&fixture->listed);
    assert_int_equal(fixture->catalogue.methods->list_showtimes(fixture->catalogue.context, &query,
                                                                &fixture->listed,
                                                                fixture->showtimes, &count, &more),
                     ERROR_NONE);
    if (ret_more != NULL) *ret_more = more;
    return count;
}

void fixture_execute(struct fixture *fixture, const char *sql)
{
    if (database_execute(&fixture->database, sql) != SQLITE_OK) {
        fail_msg("%s", sqlite3_errmsg(fixture->database.handle));
    }
}

void fixture_replace(struct fixture *fixture, const char *part, const char *replacement)
{
    assert_int_equal(strlen(part), strlen(replacement));
    char *found = strstr(fixture->text, part);
    assert_non_null(found);
    for (; found != NULL; found = strstr(found, part)) {
        memcpy(found, replacement, strlen(part));
    }
}
