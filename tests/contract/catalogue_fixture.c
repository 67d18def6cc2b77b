#include "contract/catalogue_fixture.h"

#include <unistd.h>

#include "calendar/calendar.h"
#include "calendar/fold.h"
#include "store/mongo/mongo_catalogue_write.h"

static const struct locale locale = {.fold = fold_text,
                                     .open_zone = calendar_zone_open,
                                     .close_zone = calendar_zone_close,
                                     .date_of = calendar_date_of};

static bool is_mongo;

bool fixture_choose(int argument_count, char **arguments)
{
    const struct slice name = slice_of(argument_count == 2 ? arguments[1] : "");
    is_mongo = slice_equal(name, SLICE("mongo"));
    if (is_mongo || slice_equal(name, SLICE("sqlite"))) return true;
    fprintf(stderr, "usage: %s sqlite|mongo\n", arguments[0]);
    return false;
}

bool fixture_is_mongo(void)
{
    return is_mongo;
}

static void open_mongo(struct fixture *fixture)
{
    mongo_fixture_borrow(&fixture->mongo);
    fixture->mongo_store =
        mongo_fixture_store(&fixture->mongo, &(struct siphash_key){0}, (struct mongo_hook){0});
    assert_int_equal(mongo_catalogue_open(fixture->mongo.connection, &locale, &fixture->mongo_read),
                     ERROR_NONE);
    fixture->catalogue = mongo_catalogue_port(fixture->mongo_read);
}

static void open_sqlite(struct fixture *fixture)
{
    (void)snprintf(fixture->folder, sizeof fixture->folder, "/tmp/usher-catalogue-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/usher.db", fixture->folder);
    struct database_reason reason;
    assert_int_equal(database_open(fixture->path, DATABASE_WRITE, &fixture->database, &reason),
                     ERROR_NONE);
    assert_int_equal(catalogue_read_open(fixture->path, &locale, &fixture->read, &reason),
                     ERROR_NONE);
    fixture->catalogue = catalogue_read_port(fixture->read);
}

int fixture_set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    if (is_mongo) open_mongo(fixture);
    else open_sqlite(fixture);
    arena_init(&fixture->entries, malloc(FIXTURE_ARENA_SIZE), FIXTURE_ARENA_SIZE);
    arena_init(&fixture->listed, malloc(FIXTURE_LISTED_SIZE), FIXTURE_LISTED_SIZE);
    *state = fixture;
    return 0;
}

static void remove_folder(const struct fixture *fixture)
{
    static const char *const names[] = {"", "-wal", "-shm"};
    for (size_t index = 0; index < sizeof names / sizeof names[0]; index++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s%s", fixture->path, names[index]);
        (void)unlink(path);
    }
    (void)rmdir(fixture->folder);
}

int fixture_tear_down(void **state)
{
    struct fixture *fixture = *state;
    mongo_catalogue_close(fixture->mongo_read);
    mongo_store_close(fixture->mongo_store);
    catalogue_read_close(fixture->read);
    if (!is_mongo) {
        database_close(&fixture->database);
        remove_folder(fixture);
    }
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
    for (size_t index = 0; index < FIXTURE_IDS_MAX && index < entries.showtime_count; index++) {
        fixture->ids[index] = entries.showtimes[index].showtime.id;
    }
    if (!is_mongo) return catalogue_write(&fixture->database, &entries, &locale, &fixture->report);
    return mongo_catalogue_write(fixture->mongo_store, &entries, &locale, NOW_MS, &fixture->report);
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

__attribute__((format(printf, 2, 3))) static void execute(struct fixture *fixture,
                                                          const char *format, ...)
{
    char sql[512];
    va_list arguments;
    va_start(arguments, format);
    const int size = vsnprintf(sql, sizeof sql, format, arguments);
    va_end(arguments);
    assert_in_range(size, 0, sizeof sql - 1);
    if (database_execute(&fixture->database, sql) != SQLITE_OK) {
        fail_msg("%s", sqlite3_errmsg(fixture->database.handle));
    }
}

/* The number of the showtime's row. */
static long long number_of(struct fixture *fixture, size_t place)
{
    char id[ID_HEX_SIZE + 1] = {0};
    assert_in_range(place, 0, FIXTURE_IDS_MAX - 1);
    id_format(fixture->ids[place], id);
    sqlite3_stmt *row =
        database_statement(&fixture->database, "SELECT number FROM showtime WHERE id=?1");
    assert_non_null(row);
    database_bind_text(row, 1, slice_of(id));
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    const long long number = sqlite3_column_int64(row, 0);
    database_done(row);
    return number;
}

static void update(struct fixture *fixture, size_t place, const char *json)
{
    assert_in_range(place, 0, FIXTURE_IDS_MAX - 1);
    mongo_fixture_update(&fixture->mongo, MONGO_SHOWTIMES, fixture->ids[place], json);
}

int64_t fixture_changes(struct fixture *fixture)
{
    return is_mongo ? mongo_fixture_versions(&fixture->mongo)
                    : sqlite3_total_changes64(fixture->database.handle);
}

void fixture_book(struct fixture *fixture, size_t place, const char *status, bool claim)
{
    if (is_mongo) {
        mongo_fixture_book(&fixture->mongo, fixture->ids[place], status);
        if (claim) update(fixture, place, "{\"$inc\": {\"available_seats\": -1}}");
        return;
    }
    const long long number = number_of(fixture, place);
    execute(fixture,
            "INSERT INTO booking(number,showtime,user,code,status,seats,total,discount,"
            "final,held_at,first_expires_at,hold_expires_at,updated_at,had_payment)"
            " VALUES(1,%lld,'u','BK-AAAAAAAA','%s','[]',1,0,1,1,1,1,1,0)",
            number, status);
    if (claim) execute(fixture, "INSERT INTO seat_claim VALUES(%lld,0,1,'held',1,NULL)", number);
}

void fixture_block(struct fixture *fixture, size_t place)
{
    if (is_mongo) {
        update(fixture, place, "{\"$inc\": {\"available_seats\": -1}}");
        return;
    }
    execute(fixture, "INSERT INTO seat_claim VALUES(%lld,0,NULL,'blocked',NULL,1)",
            number_of(fixture, place));
}

void fixture_sell_out(struct fixture *fixture, size_t place)
{
    if (is_mongo) {
        update(fixture, place, "{\"$set\": {\"available_seats\": 0}}");
        return;
    }
    execute(fixture, "UPDATE showtime SET available_seats=0 WHERE number=%lld",
            number_of(fixture, place));
}

void fixture_cancel(struct fixture *fixture, size_t place)
{
    if (is_mongo) {
        update(fixture, place, "{\"$set\": {\"status\": \"cancelled\"}}");
        return;
    }
    execute(fixture, "UPDATE showtime SET status='cancelled' WHERE number=%lld",
            number_of(fixture, place));
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
