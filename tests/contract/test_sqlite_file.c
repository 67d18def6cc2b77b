/* What is true of `usher.db` alone: how it is opened, what is refused, and a disk that fails. */
#include "support/unit.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/store_fixture.h"
#include "store/sqlite/folder.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/sqlite_reader.h"
#include "store/sqlite/sqlite_store.h"
#include "support/faulty_disk.h"

struct place {
    char folder[64];
    char path[96];
};

static struct place make_place(void)
{
    struct place place;
    (void)snprintf(place.folder, sizeof place.folder, "/tmp/usher-file-XXXXXX");
    assert_non_null(mkdtemp(place.folder));
    (void)snprintf(place.path, sizeof place.path, "%s/usher.db", place.folder);
    return place;
}

static void remove_place(const struct place *place)
{
    static const char *const names[] = {"usher.db", "usher.db-wal", "usher.db-shm", "usher.lock"};
    for (size_t index = 0; index < sizeof names / sizeof names[0]; index++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/%s", place->folder, names[index]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(place->folder), 0);
}

static bool contains(const struct database_reason *reason, const char *part)
{
    return strstr(reason->text, part) != NULL;
}

/* The first column of a pragma, on the connection itself. */
static int64_t ask(struct database *database, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_prepare_v2(database->handle, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    const int64_t answer = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return answer;
}

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *handle = NULL;
    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(handle), SQLITE_OK);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Opening */

static void a_commit_is_synced_and_nothing_else_checkpoints(void **state)
{
    (void)state;
    const struct place place = make_place();
    struct database_reason reason;
    struct database database;
    assert_int_equal(database_open(place.path, DATABASE_WRITE, &database, &reason), ERROR_NONE);
    assert_int_equal(ask(&database, "PRAGMA synchronous"), 2);
    assert_int_equal(ask(&database, "SELECT journal_mode='wal' FROM pragma_journal_mode"), 1);
    assert_int_equal(ask(&database, "PRAGMA wal_autocheckpoint"), 0);
    assert_int_equal(ask(&database, "PRAGMA secure_delete"), 0);
    assert_int_equal(ask(&database, "PRAGMA user_version"), SCHEMA_VERSION);
    struct stat status;
    assert_int_equal(stat(place.path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    database_close(&database);
    remove_place(&place);
}

static void a_reader_cannot_write(void **state)
{
    (void)state;
    const struct place place = make_place();
    struct database_reason reason;
    struct database writer;
    struct database reader;
    assert_int_equal(database_open(place.path, DATABASE_WRITE, &writer, &reason), ERROR_NONE);
    assert_int_equal(database_open(place.path, DATABASE_READ, &reader, &reason), ERROR_NONE);
    assert_int_not_equal(database_execute(&reader, "DELETE FROM setting"), SQLITE_OK);
    database_close(&reader);
    database_close(&writer);
    remove_place(&place);
}

static void a_reader_needs_a_file_that_is_there(void **state)
{
    (void)state;
    const struct place place = make_place();
    struct database_reason reason;
    struct database reader;
    assert_int_equal(database_open(place.path, DATABASE_READ, &reader, &reason),
                     ERROR_STORE_UNAVAILABLE);
    assert_true(contains(&reason, "cannot be opened"));
    remove_place(&place);
}

static void assert_refused(const struct place *place, const char *part)
{
    static const struct siphash_key key = {.bytes = {1}};
    struct database_reason reason;
    struct sqlite_store *store = NULL;
    assert_int_equal(sqlite_store_open(place->path, &key, &store, &reason),
                     ERROR_STORE_UNAVAILABLE);
    assert_true(contains(&reason, place->path));
    assert_true(contains(&reason, part));
}

static void a_file_from_the_future_is_refused(void **state)
{
    (void)state;
    const struct place place = make_place();
    struct database_reason reason;
    struct database database;
    assert_int_equal(database_open(place.path, DATABASE_WRITE, &database, &reason), ERROR_NONE);
    database_close(&database);
    run_sql(place.path, "PRAGMA user_version=7");
    assert_refused(&place, "is of version 7, made by a newer usher");
    remove_place(&place);
}

static void a_damaged_file_is_refused_with_its_reason(void **state)
{
    (void)state;
    const struct place place = make_place();
    write_file(place.path, "this was a database once, before the disk had its way with it");
    assert_refused(&place, "file is not a database");
    remove_place(&place);
}

static void a_file_of_another_program_is_refused_and_left_alone(void **state)
{
    (void)state;
    const struct place place = make_place();
    run_sql(place.path, "CREATE TABLE recipes(name)");
    assert_refused(&place, "of another program");
    struct database other = {0};
    assert_int_equal(sqlite3_open(place.path, &other.handle), SQLITE_OK);
    assert_int_equal(ask(&other, "SELECT journal_mode='delete' FROM pragma_journal_mode"), 1);
    assert_int_equal(sqlite3_close(other.handle), SQLITE_OK);
    remove_place(&place);
}

static void a_file_without_its_id_key_is_refused(void **state)
{
    (void)state;
    const struct place place = make_place();
    struct database_reason reason;
    struct database database;
    assert_int_equal(database_open(place.path, DATABASE_WRITE, &database, &reason), ERROR_NONE);
    database_close(&database);
    run_sql(place.path, "DELETE FROM setting WHERE name='id_key'");
    assert_refused(&place, "cannot be read");
    remove_place(&place);
}

/* The folder */

/* Written by another hand; no hold may be priced with it. */
static void a_showtime_with_a_row_that_none_can_have_is_not_loaded(void **state)
{
    struct store_fixture *fixture = *state;
    static const char *const rows[] = {"price_vip=-1", "price_couple=1000000000001", "version=-1"};
    for (size_t index = 0; index < sizeof rows / sizeof *rows; index++) {
        char sql[96];
        (void)snprintf(sql, sizeof sql, "UPDATE showtime SET %s WHERE number=1", rows[index]);
        run_sql(fixture->path, sql);
        assert_int_equal(store_fixture_find(fixture, 1), ERROR_INTERNAL_ERROR);
        assert_int_equal(store_fixture_find(fixture, 2), ERROR_NONE);
        run_sql(fixture->path, "UPDATE showtime SET price_vip=1,price_couple=1,version=1");
    }
    assert_int_equal(store_fixture_find(fixture, 1), ERROR_NONE);
}

static void a_folder_has_one_owner(void **state)
{
    (void)state;
    const struct place place = make_place();
    struct database_reason reason;
    struct folder first;
    struct folder second;
    char pid[32];
    (void)snprintf(pid, sizeof pid, "(process %d)", (int)getpid());
    assert_int_equal(folder_open(place.folder, &first, &reason), ERROR_NONE);
    assert_string_equal(first.database_path, place.path);
    assert_int_equal(folder_open(place.folder, &second, &reason), ERROR_STORE_UNAVAILABLE);
    assert_true(contains(&reason, "another usher"));
    assert_true(contains(&reason, pid));
    assert_true(contains(&reason, place.folder));
    folder_close(&first);
    assert_int_equal(folder_open(place.folder, &second, &reason), ERROR_NONE);
    folder_close(&second);
    remove_place(&place);
}

static void a_folder_is_made_for_its_owner_alone(void **state)
{
    (void)state;
    const struct place place = make_place();
    assert_int_equal(rmdir(place.folder), 0);
    struct database_reason reason;
    struct folder folder;
    struct stat status;
    assert_int_equal(folder_open(place.folder, &folder, &reason), ERROR_NONE);
    assert_int_equal(stat(place.folder, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    folder_close(&folder);
    remove_place(&place);
}

static void a_folder_that_cannot_be_made_says_why(void **state)
{
    (void)state;
    struct database_reason reason;
    struct folder folder;
    assert_int_equal(folder_open("/nowhere/at/all", &folder, &reason), ERROR_STORE_UNAVAILABLE);
    assert_true(contains(&reason, "/nowhere/at/all cannot be made: No such file"));
}

static void a_search_without_an_index_goes_on_page_by_page(void **state)
{
    struct store_fixture *fixture = *state;
    const struct booking booking = store_fixture_hold(fixture, "an", "A1", 1);
    run_sql(fixture->path,
            "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i+1 FROM n WHERE i<25000)"
            " INSERT INTO booking SELECT i,showtime,user,code,'cancelled',seats,total,discount,"
            "final,held_at,first_expires_at,hold_expires_at,updated_at,NULL,1,NULL,NULL,NULL,0"
            " FROM n,booking WHERE number=1");
    const struct staff_reader *reader = &fixture->staff_reader;
    struct staff_booking_query query = {.status = BOOKING_PENDING, .page.limit = 1};
    struct booking found[1];
    size_t count = 1;
    uint32_t pages = 0;
    for (; pages == 0 || (count == 0 && !id_is_none(query.page.after)); pages++) {
        assert_int_equal(reader->methods->list_bookings(reader->context, &query, found, &count,
                                                        &query.page.after),
                         ERROR_NONE);
    }
    assert_int_equal(pages, 2);
    assert_int_equal(count, 1);
    assert_true(id_equal(found[0].id, booking.id));
    assert_true(id_is_none(query.page.after));
}

/* A disk that fails */

static enum error try_hold(struct store_fixture *fixture, struct command *hold)
{
    const struct store *store = &fixture->store;
    enum error error = store->methods->begin(store->context);
    if (error != ERROR_NONE) return error;
    store_fixture_load(fixture, 1);
    error = store_fixture_decide(fixture, hold);
    if (error == ERROR_NONE) return store->methods->commit(store->context);
    store->methods->rollback(store->context);
    return error;
}

static void a_full_disk_undoes_the_batch_and_reads_go_on(void **state)
{
    struct store_fixture *fixture = *state;
    const struct booking before = store_fixture_hold(fixture, "an", "A1", 1);
    struct command hold = turn_fixture_hold("binh", "A2", 2);
    faulty_disk_set(FAULTY_DISK_FULL, true);
    assert_int_equal(try_hold(fixture, &hold), ERROR_STORE_UNAVAILABLE);
    assert_int_equal(try_hold(fixture, &hold), ERROR_STORE_UNAVAILABLE);
    const struct booking found = store_fixture_booking(fixture, before.id);
    assert_true(id_equal(found.id, before.id));
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_state(fixture, "A2"), SEAT_AVAILABLE);
    struct command replay = turn_fixture_hold("an", "A1", 1);
    assert_int_equal(try_hold(fixture, &replay), ERROR_NONE);
    assert_true(replay.answer.replayed);

    faulty_disk_set(FAULTY_DISK_NONE, true);
    assert_int_equal(try_hold(fixture, &hold), ERROR_NONE);
    assert_false(hold.answer.replayed);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_state(fixture, "A2"), SEAT_HELD);
}

static void a_failed_sync_of_a_commit_leaves_the_outcome_open(void **state)
{
    struct store_fixture *fixture = *state;
    struct command hold = turn_fixture_hold("an", "A1", 1);
    struct command next = turn_fixture_hold("binh", "A2", 2);
    faulty_disk_set(FAULTY_DISK_SYNC_FAILS, true);
    assert_int_equal(try_hold(fixture, &hold), ERROR_OUTCOME_UNKNOWN);
    assert_int_equal(try_hold(fixture, &next), ERROR_OUTCOME_UNKNOWN);
    store_fixture_restart(fixture);
    assert_int_equal(try_hold(fixture, &hold), ERROR_NONE);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_state(fixture, "A1"), SEAT_HELD);
}

/* What an earlier process wrote may be nowhere but in the kernel's memory; see durable.h. */
static void a_log_that_cannot_be_flushed_at_the_start_is_not_built_on(void **state)
{
    struct store_fixture *fixture = *state;
    struct database_reason reason;
    (void)store_fixture_hold(fixture, "an", "A1", 1);
    sqlite_store_close(fixture->sqlite); /* A reader keeps the log. */
    fixture->sqlite = NULL;
    faulty_disk_set(FAULTY_DISK_SYNC_FAILS, true);
    assert_int_equal(
        sqlite_store_open(fixture->path, &fixture->policy.tag_key, &fixture->sqlite, &reason),
        ERROR_STORE_UNAVAILABLE);
    assert_true(contains(&reason, "usher.db cannot be made durable"));
    store_fixture_restart(fixture);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_state(fixture, "A1"), SEAT_HELD);
}

/* A file that was restored from a backup. */
static void a_copy_that_cannot_be_settled_says_why(void **state)
{
    struct store_fixture *fixture = *state;
    struct database_reason reason = {0};
    run_sql(fixture->path, "INSERT INTO setting VALUES('copied_at','2026-01-05T19:30:00.000Z')");
    sqlite_reader_close(fixture->sqlite_reader);
    sqlite_store_close(fixture->sqlite); /* Nobody is left: it takes the log with it. */
    fixture->sqlite_reader = NULL;
    fixture->sqlite = NULL;
    faulty_disk_set(FAULTY_DISK_FULL, true);
    assert_int_equal(
        sqlite_store_open(fixture->path, &fixture->policy.tag_key, &fixture->sqlite, &reason),
        ERROR_STORE_UNAVAILABLE);
    assert_true(contains(&reason, "usher.db cannot be written: database or disk is full"));
    faulty_disk_set(FAULTY_DISK_NONE, true);
    store_fixture_restart(fixture);
    store_fixture_load(fixture, 1);
    assert_true(fixture->map.version > 1000000);
}

/* Nor does the rollback wipe the reason away. */
static void a_copy_whose_versions_cannot_be_raised_says_why(void **state)
{
    struct store_fixture *fixture = *state;
    struct database_reason reason = {0};
    run_sql(fixture->path, "INSERT INTO setting VALUES('copied_at','2026-01-05T19:30:00.000Z');"
                           "CREATE TRIGGER foreign_hand BEFORE UPDATE ON showtime"
                           " BEGIN SELECT RAISE(ABORT,'hands off'); END");
    sqlite_store_close(fixture->sqlite);
    fixture->sqlite = NULL;
    assert_int_equal(
        sqlite_store_open(fixture->path, &fixture->policy.tag_key, &fixture->sqlite, &reason),
        ERROR_STORE_UNAVAILABLE);
    assert_true(contains(&reason, "usher.db cannot be written: hands off"));
    run_sql(fixture->path, "DROP TRIGGER foreign_hand");
    store_fixture_restart(fixture);
    store_fixture_load(fixture, 1);
    assert_true(fixture->map.version > 1000000);
}

static void files_that_leave_during_a_batch_undo_it(void **state)
{
    struct store_fixture *fixture = *state;
    struct command hold = turn_fixture_hold("an", "A1", 1);
    char aside[128];
    (void)snprintf(aside, sizeof aside, "%s-aside", fixture->path);
    store_fixture_begin(fixture);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_decide(fixture, &hold), ERROR_NONE);
    assert_int_equal(rename(fixture->path, aside), 0);
    const enum error error = fixture->store.methods->commit(fixture->store.context);
    assert_int_equal(rename(aside, fixture->path), 0);
    assert_int_equal(error, ERROR_STORE_UNAVAILABLE);
    assert_int_equal(try_hold(fixture, &hold), ERROR_NONE);
    assert_false(hold.answer.replayed);
}

/* Holds and cancels until the WAL wants a checkpoint, which then happens in `tend`. */
static void fill_wal(struct store_fixture *fixture)
{
    for (uint64_t round = 0; round < 200; round++) {
        struct command hold = turn_fixture_hold("an", "A1 A2 A3 A4 A5 A6 A7 A8", 1000 + round);
        assert_int_equal(try_hold(fixture, &hold), ERROR_NONE);
        struct command cancel = turn_fixture_cancel("an", hold.answer.booking.id);
        assert_int_equal(try_hold(fixture, &cancel), ERROR_NONE);
    }
}

static void a_failed_sync_of_a_checkpoint_stops_the_store(void **state)
{
    struct store_fixture *fixture = *state;
    fill_wal(fixture);
    faulty_disk_set(FAULTY_DISK_SYNC_FAILS, false);
    assert_int_equal(store_fixture_tend(fixture), ERROR_OUTCOME_UNKNOWN);
    struct command hold = turn_fixture_hold("binh", "A1", 1);
    assert_int_equal(try_hold(fixture, &hold), ERROR_OUTCOME_UNKNOWN);
    store_fixture_tend(fixture);
    store_fixture_restart(fixture);
    assert_int_equal(try_hold(fixture, &hold), ERROR_NONE);
}

static void a_checkpoint_without_room_keeps_the_store_going(void **state)
{
    struct store_fixture *fixture = *state;
    fill_wal(fixture);
    faulty_disk_set(FAULTY_DISK_FULL, false);
    store_fixture_tend(fixture);
    struct command hold = turn_fixture_hold("binh", "A1", 1);
    assert_int_equal(try_hold(fixture, &hold), ERROR_NONE);
    faulty_disk_set(FAULTY_DISK_NONE, false);
    store_fixture_restart(fixture);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_state(fixture, "A1"), SEAT_HELD);
}

static void a_checkpoint_lets_the_log_start_over(void **state)
{
    struct store_fixture *fixture = *state;
    char path[128];
    struct stat before;
    struct stat after;
    (void)snprintf(path, sizeof path, "%s-wal", fixture->path);
    fill_wal(fixture);
    store_fixture_tend(fixture);
    assert_int_equal(stat(path, &before), 0);
    fill_wal(fixture);
    assert_int_equal(stat(path, &after), 0);
    assert_true(after.st_size <= before.st_size);
}

static int healthy_setup(void **state)
{
    faulty_disk_set(FAULTY_DISK_NONE, false);
    faulty_disk_set(FAULTY_DISK_NONE, true);
    return store_fixture_setup(state);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commit_is_synced_and_nothing_else_checkpoints),
        cmocka_unit_test(a_reader_cannot_write),
        cmocka_unit_test(a_reader_needs_a_file_that_is_there),
        cmocka_unit_test(a_file_from_the_future_is_refused),
        cmocka_unit_test(a_damaged_file_is_refused_with_its_reason),
        cmocka_unit_test(a_file_of_another_program_is_refused_and_left_alone),
        cmocka_unit_test(a_file_without_its_id_key_is_refused),
        cmocka_unit_test(a_folder_has_one_owner),
        cmocka_unit_test(a_folder_is_made_for_its_owner_alone),
        cmocka_unit_test(a_folder_that_cannot_be_made_says_why),
        STORE_TEST(a_showtime_with_a_row_that_none_can_have_is_not_loaded),
        STORE_TEST(a_search_without_an_index_goes_on_page_by_page),
        cmocka_unit_test_setup_teardown(a_full_disk_undoes_the_batch_and_reads_go_on, healthy_setup,
                                        store_fixture_teardown),
        cmocka_unit_test_setup_teardown(a_failed_sync_of_a_commit_leaves_the_outcome_open,
                                        healthy_setup, store_fixture_teardown),
        cmocka_unit_test_setup_teardown(a_log_that_cannot_be_flushed_at_the_start_is_not_built_on,
                                        healthy_setup, store_fixture_teardown),
        cmocka_unit_test_setup_teardown(a_copy_that_cannot_be_settled_says_why, healthy_setup,
                                        store_fixture_teardown),
        STORE_TEST(files_that_leave_during_a_batch_undo_it),
        STORE_TEST(a_copy_whose_versions_cannot_be_raised_says_why),
        cmocka_unit_test_setup_teardown(a_failed_sync_of_a_checkpoint_stops_the_store,
                                        healthy_setup, store_fixture_teardown),
        cmocka_unit_test_setup_teardown(a_checkpoint_without_room_keeps_the_store_going,
                                        healthy_setup, store_fixture_teardown),
        cmocka_unit_test_setup_teardown(a_checkpoint_lets_the_log_start_over, healthy_setup,
                                        store_fixture_teardown),
    };
    char *arguments[] = {(char[]){"test_sqlite_file"}, (char[]){"sqlite"}};
    if (!store_fixture_choose(2, arguments)) return 2;
    faulty_disk_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
