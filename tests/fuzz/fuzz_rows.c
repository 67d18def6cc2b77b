/* fuzz_rows.c - stored rows that no usher wrote: a file whose rows were changed by another hand is
 * refused, or served with errors, or served; usher never crashes, and where the audit finds
 * nothing wrong, opening, reading and selling go well and leave nothing wrong.
 *
 * An input is lines of four characters and a value: which table, which column, which row, and
 * what to do there - put the value as i(nteger), t(ext), b(lob) or n(othing), d(elete the row),
 * or c(opy it). */
#include "fuzz/fuzz.h"

#include <sqlite3.h>
#include <unistd.h>

#include "calendar/calendar.h"
#include "calendar/fold.h"
#include "contract/store_fixture.h"
#include "store/sqlite/audit.h"
#include "store/sqlite/catalogue_read.h"
#include "store/sqlite/sqlite_reader.h"
#include "store/sqlite/sqlite_store.h"

enum { TABLES_MAX = 32, COLUMNS_MAX = 32, NAME_SIZE = 64, LINES_MAX = 8, INPUT_SIZE_MAX = 4096 };

struct table {
    char name[NAME_SIZE];
    int column_count;
    char columns[COLUMNS_MAX][NAME_SIZE];
};

static struct table tables[TABLES_MAX];
static size_t table_count;
static struct store_fixture *fixture; /* Its file is the one that is mutated. */
static unsigned char *image;          /* The file as the store left it. */
static sqlite3_int64 image_size;
static struct id bookings[8];
static struct id payments[8];
static size_t booking_count;

/* Nothing here has to survive a power cut, and a sync costs more than all the rest. */
int fsync(int descriptor)
{
    (void)descriptor;
    return 0;
}

int fdatasync(int descriptor)
{
    (void)descriptor;
    return 0;
}

static struct payment sell(const char *user, const char *seats, uint64_t key)
{
    const struct booking booking = store_fixture_hold(fixture, user, seats, key);
    bookings[booking_count] = booking.id;
    const struct payment payment = store_fixture_sell(fixture, &booking, key + 1);
    payments[booking_count++] = payment.id;
    return payment;
}

static void make_history(void)
{
    struct staff_order order;
    bookings[booking_count++] = store_fixture_hold(fixture, "an", "A1 B1", 1).id;
    (void)sell("binh", "A2 B2", 2);
    const struct booking paying = store_fixture_hold(fixture, "chi", "A4", 5);
    bookings[booking_count] = paying.id;
    payments[booking_count++] = store_fixture_pay(fixture, &paying, 6).id;
    const struct booking dropped = store_fixture_hold(fixture, "dung", "A5", 7);
    struct command cancel = turn_fixture_cancel("dung", dropped.id);
    store_fixture_run(fixture, 1, &cancel);
    const struct payment back = sell("hoa", "B9", 8);
    struct command refund = turn_fixture_refund("staff", back.id, 10, &order);
    store_fixture_run(fixture, 1, &refund);
    (void)store_fixture_block(fixture, "staff", "B5 B6");
}

static sqlite3 *open_raw(void)
{
    sqlite3 *handle = NULL;
    CHECK(sqlite3_open(fixture->path, &handle) == SQLITE_OK);
    return handle;
}

static void list_columns(sqlite3 *handle, struct table *table)
{
    char sql[NAME_SIZE + 64];
    sqlite3_stmt *statement = NULL;
    (void)snprintf(sql, sizeof sql, "SELECT name FROM pragma_table_info('%s')", table->name);
    CHECK(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL) == SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW && table->column_count < COLUMNS_MAX) {
        (void)snprintf(table->columns[table->column_count++], NAME_SIZE, "%s",
                       (const char *)sqlite3_column_text(statement, 0));
    }
    CHECK(sqlite3_finalize(statement) == SQLITE_OK);
}

static void list_tables(sqlite3 *handle)
{
    sqlite3_stmt *statement = NULL;
    CHECK(sqlite3_prepare_v2(handle,
                             "SELECT name FROM sqlite_schema WHERE type='table' AND name NOT LIKE"
                             " 'sqlite_%' ORDER BY name",
                             -1, &statement, NULL) == SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW && table_count < TABLES_MAX) {
        (void)snprintf(tables[table_count++].name, NAME_SIZE, "%s",
                       (const char *)sqlite3_column_text(statement, 0));
    }
    CHECK(sqlite3_finalize(statement) == SQLITE_OK);
    for (size_t index = 0; index < table_count; index++) list_columns(handle, &tables[index]);
    CHECK(table_count > 5);
}

static void close_store(void)
{
    sqlite_reader_close(fixture->sqlite_reader);
    sqlite_store_close(fixture->sqlite);
    fixture->sqlite_reader = NULL;
    fixture->sqlite = NULL;
}

static void remove_beside(void)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s-wal", fixture->path);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s-shm", fixture->path);
    (void)unlink(path);
}

static void remove_all(void)
{
    close_store();
    remove_beside();
    (void)unlink(fixture->path);
    (void)rmdir(fixture->folder);
}

static void begin(void)
{
    char *arguments[] = {(char[]){"fuzz"}, (char[]){"sqlite"}};
    void *state = NULL;
    CHECK(store_fixture_choose(2, arguments));
    CHECK(store_fixture_setup(&state) == 0);
    fixture = state;
    (void)atexit(remove_all);
    make_history();
    close_store();
    sqlite3 *handle = open_raw();
    list_tables(handle);
    image = sqlite3_serialize(handle, "main", &image_size, 0);
    CHECK(image != NULL);
    CHECK(sqlite3_close(handle) == SQLITE_OK);
}

static void write_image(void)
{
    remove_beside();
    FILE *file = fopen(fixture->path, "wb");
    CHECK(file != NULL);
    CHECK(fwrite(image, 1, (size_t)image_size, file) == (size_t)image_size);
    CHECK(fclose(file) == 0);
}

static void bind_value(sqlite3_stmt *statement, char kind, struct slice value)
{
    if (kind == 'i') {
        char text[32] = {0};
        (void)slice_to_string(value, text, sizeof text);
        (void)sqlite3_bind_int64(statement, 1, strtoll(text, NULL, 10));
    } else if (kind == 'b') {
        (void)sqlite3_bind_blob(statement, 1, value.data, (int)value.size, SQLITE_STATIC);
    } else if (kind == 'n') {
        (void)sqlite3_bind_null(statement, 1);
    } else {
        (void)sqlite3_bind_text(statement, 1, value.data, (int)value.size, SQLITE_STATIC);
    }
}

/* What the file's own rules do not let through is not done. */
static void mutate(sqlite3 *handle, struct slice line)
{
    if (line.size < 4) return;
    const struct table *table = &tables[(uint8_t)line.data[0] % table_count];
    const char *column = table->columns[(uint8_t)line.data[1] % table->column_count];
    const unsigned row = (uint8_t)line.data[2] % 8;
    const char kind = line.data[3];
    char sql[512];
    if (kind == 'd') {
        (void)snprintf(sql, sizeof sql,
                       "DELETE FROM %s WHERE (SELECT count(*) FROM %s)>%u AND ROWID IN (SELECT"
                       " ROWID FROM %s LIMIT 1 OFFSET %u)",
                       table->name, table->name, row, table->name, row);
    } else if (kind == 'c') {
        (void)snprintf(sql, sizeof sql, "INSERT INTO %s SELECT * FROM %s LIMIT 1 OFFSET %u",
                       table->name, table->name, row);
    } else {
        (void)snprintf(
            sql, sizeof sql,
            "UPDATE OR IGNORE %s SET %s=?1 WHERE %s IN (SELECT %s FROM %s LIMIT 1 OFFSET %u)",
            table->name, column, table->columns[0], table->columns[0], table->name, row);
    }
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(handle, sql, -1, &statement, NULL) != SQLITE_OK) return;
    if (kind != 'd' && kind != 'c') bind_value(statement, kind, slice_from(line, 4));
    (void)sqlite3_step(statement);
    (void)sqlite3_finalize(statement);
}

static void mutate_all(struct slice text)
{
    sqlite3 *handle = open_raw();
    (void)sqlite3_exec(handle, "PRAGMA ignore_check_constraints=ON; PRAGMA foreign_keys=OFF; BEGIN",
                       NULL, NULL, NULL);
    for (unsigned count = 0; text.data != NULL && count < LINES_MAX; count++) {
        mutate(handle, slice_cut(text, '\n', &text));
    }
    (void)sqlite3_exec(handle, "COMMIT", NULL, NULL, NULL);
    CHECK(sqlite3_close(handle) == SQLITE_OK);
}

static void hear(void *context, struct slice text)
{
    (void)context;
    CHECK(text.size > 0 && text.size <= AUDIT_SENTENCE_SIZE);
}

/* Does the audit find nothing? */
static bool is_clean(void)
{
    struct audit_counts counts;
    struct database_reason reason = {{0}};
    const enum error error = audit_run(fixture->path, hear, NULL, &counts, &reason);
    CHECK(error == ERROR_NONE || reason.text[0] != '\0');
    return error == ERROR_NONE && counts.violations == 0;
}

static bool is_answer(enum error error)
{
    return error == ERROR_NONE || error == ERROR_BOOKING_NOT_FOUND ||
           error == ERROR_PAYMENT_NOT_FOUND || error == ERROR_NOT_FOUND ||
           error == ERROR_SHOWTIME_NOT_FOUND || error == ERROR_MOVIE_NOT_FOUND ||
           error == ERROR_CINEMA_NOT_FOUND;
}

static bool read_all(const struct reader *reader, const struct staff_reader *staff)
{
    static struct booking listed[BOOKINGS_LISTED_MAX];
    static struct payment payment;
    static struct block blocks[STAFF_LISTED_MAX];
    uint64_t version = 0;
    size_t count = 0;
    bool more = false;
    bool good = true;
    struct id next = {0};
    for (size_t index = 0; index < booking_count; index++) {
        const struct payment_query query = {.id = payments[index]};
        struct id showtime;
        good &= is_answer(reader->methods->find_booking(reader->context, bookings[index],
                                                        CONSISTENCY_LATEST, &listed[0], &version));
        if (id_is_none(query.id)) continue;
        good &= is_answer(
            reader->methods->find_payment(reader->context, &query, &payment, &showtime, &version));
    }
    const struct booking_query mine = {
        .user = {.size = 2, .name = "an"}, .any_status = true, .limit = BOOKINGS_LISTED_MAX};
    good &=
        is_answer(reader->methods->list_bookings(reader->context, &mine, listed, &count, &more));
    const struct staff_booking_query all = {.any_status = true, .page.limit = STAFF_LISTED_MAX};
    good &= is_answer(staff->methods->list_bookings(staff->context, &all, listed, &count, &next));
    const struct staff_block_query standing = {.showtime = store_fixture_showtime(1),
                                               .page.limit = STAFF_LISTED_MAX};
    good &=
        is_answer(staff->methods->list_blocks(staff->context, &standing, blocks, &count, &next));
    return good;
}

static bool read_journal(const struct staff_reader *staff)
{
    static _Alignas(16) char block[64 * 1024];
    static struct journal_line lines[STAFF_LISTED_MAX];
    static struct payment refunds[STAFF_LISTED_MAX];
    struct arena arena;
    size_t count = 0;
    struct id next = {0};
    arena_init(&arena, block, sizeof block);
    const struct staff_refund_query any = {.any_status = true, .page.limit = STAFF_LISTED_MAX};
    bool good =
        is_answer(staff->methods->list_refunds(staff->context, &any, refunds, &count, &next));
    const struct staff_journal_query query = {.page.limit = STAFF_LISTED_MAX};
    good &= is_answer(
        staff->methods->list_journal(staff->context, &query, &arena, lines, &count, &next));
    return good;
}

static void read_catalogue(void)
{
    static const struct locale locale = {.fold = fold_text, .date_of = calendar_date_of};
    static _Alignas(16) char block[1024 * 1024];
    static struct showtime showtimes[CATALOGUE_LISTED_MAX];
    static struct cinema cinemas[CATALOGUE_LISTED_MAX];
    static struct movie movies[CATALOGUE_LISTED_MAX];
    static struct seat_plan plan;
    struct catalogue_read *read = NULL;
    struct database_reason reason;
    if (catalogue_read_open(fixture->path, &locale, &read, &reason) != ERROR_NONE) return;
    const struct catalogue catalogue = catalogue_read_port(read);
    const struct catalogue_methods *methods = catalogue.methods;
    struct arena arena;
    size_t count = 0;
    bool more = false;
    arena_init(&arena, block, sizeof block);
    const struct movie_query any_movie = {.page.limit = 5};
    const struct cinema_query any_cinema = {.page.limit = 5};
    const struct showtime_query any_showtime = {.page.limit = 5, .now_ms = FIXTURE_NOW_MS};
    (void)methods->list_movies(catalogue.context, &any_movie, &arena, movies, &count, &more);
    (void)methods->list_cinemas(catalogue.context, &any_cinema, &arena, cinemas, &count, &more);
    (void)methods->list_showtimes(catalogue.context, &any_showtime, &arena, showtimes, &count,
                                  &more);
    (void)methods->find_plan(catalogue.context, store_fixture_showtime(1), &plan);
    catalogue_read_close(read);
}

/* A turn of the showtime as the engine would run it; false if the store could not. */
static bool run(struct command *command)
{
    const struct store *store = &fixture->store;
    if (store->methods->begin(store->context) != ERROR_NONE) return false;
    bool good = store_fixture_find(fixture, 1) == ERROR_NONE &&
                store_fixture_decide(fixture, command) == ERROR_NONE;
    if (good) good = store->methods->commit(store->context) == ERROR_NONE;
    else store->methods->rollback(store->context);
    return good && command->answer.failure == ERROR_NONE;
}

static bool has_showtime(void)
{
    const enum error error = store_fixture_find(fixture, 1);
    return error != ERROR_SHOWTIME_NOT_FOUND;
}

static bool sell_on(void)
{
    struct id pending[4];
    size_t count = 0;
    const struct store *store = &fixture->store;
    bool good =
        store->methods->pending(store->context, (struct id){0}, pending, 4, &count) == ERROR_NONE;
    if (!has_showtime()) return good;
    struct command hold = turn_fixture_hold("minh", "A8 B8", 100);
    good &= run(&hold);
    struct command money = turn_fixture_money(
        &(struct payment){.id = payments[2], .method = PAYMENT_MOMO, .amount = 1}, MONEY_PAID);
    good &= run(&money);
    struct command cancel = turn_fixture_cancel("an", bookings[0]);
    good &= run(&cancel);
    fixture->now_ms += INT64_C(3600000);
    if (hold.answer.failure == ERROR_NONE && hold.answer.refusal == REFUSAL_NONE) {
        struct command end = turn_fixture_expire(hold.answer.booking.id);
        good &= run(&end);
    }
    (void)store->methods->tend(store->context, fixture->now_ms);
    fixture->now_ms = FIXTURE_NOW_MS;
    return good;
}

static bool serve(void)
{
    struct database_reason reason = {{0}};
    const enum error error =
        sqlite_store_open(fixture->path, &fixture->policy.tag_key, &fixture->sqlite, &reason);
    if (error != ERROR_NONE) {
        CHECK(reason.text[0] != '\0');
        return false;
    }
    fixture->store = sqlite_store_port(fixture->sqlite);
    if (sqlite_reader_open(fixture->path, &fixture->sqlite_reader, &reason) != ERROR_NONE)
        return false;
    const struct reader reader = sqlite_reader_port(fixture->sqlite_reader);
    const struct staff_reader staff = sqlite_staff_reader_port(fixture->sqlite_reader);
    bool good = read_all(&reader, &staff);
    good &= read_journal(&staff);
    read_catalogue(); /* Which the audit does not look at. */
    good &= sell_on();
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > INPUT_SIZE_MAX) return -1;
    if (fixture == NULL) begin();
    write_image();
    mutate_all((struct slice){(const char *)data, size});
    const bool clean = is_clean();
    const bool served = serve();
    close_store();
    if (!clean) return 0;
    CHECK(served);
    CHECK(is_clean());
    return 0;
}
