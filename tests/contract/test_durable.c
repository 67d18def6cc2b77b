/* What a writer makes durable before it begins: the names that it relies on. */
#include "support/unit.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk/disk.h"
#include "store/sqlite/durable.h"
#include "store/sqlite/folder.h"

/* A folder whose flushes are counted. */
struct place {
    char folder[64];
    struct disk *disk;
};

static int setup(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    assert_non_null(place);
    (void)snprintf(place->folder, sizeof place->folder, "/tmp/usher-durable-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    place->disk = disk_open(place->folder, 1);
    assert_non_null(place->disk);
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;
    disk_close(place->disk);
    assert_int_equal(rmdir(place->folder), 0);
    free(place);
    return 0;
}

static uint64_t flushes(const struct place *place)
{
    return disk_calls(place->disk, DISK_CALL_SYNC_FOLDER);
}

static void a_new_folder_is_durable_in_the_one_it_is_in(void **state)
{
    const struct place *place = *state;
    struct database_reason reason;
    struct folder folder;
    char path[80];
    (void)snprintf(path, sizeof path, "%s/data/", place->folder);
    assert_int_equal(folder_open(path, &folder, &reason), ERROR_NONE);
    folder_close(&folder);
    assert_int_equal(flushes(place), 1);

    assert_int_equal(folder_open(path, &folder, &reason), ERROR_NONE);
    folder_close(&folder);
    assert_int_equal(flushes(place), 1); /* It was there. */
    (void)snprintf(path, sizeof path, "%s/data/usher.lock", place->folder);
    assert_int_equal(unlink(path), 0);
    (void)snprintf(path, sizeof path, "%s/data", place->folder);
    assert_int_equal(rmdir(path), 0);
}

static void the_folder_of_a_file_is_flushed_however_it_is_written(void **state)
{
    const struct place *place = *state;
    char path[80];
    (void)snprintf(path, sizeof path, "%s/file", place->folder);
    assert_true(durable_folder_of(path));
    assert_int_equal(flushes(place), 1);
    (void)snprintf(path, sizeof path, "%s//file//", place->folder);
    assert_true(durable_folder_of(path));
    assert_int_equal(flushes(place), 2);

    char before[256];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(place->folder), 0);
    assert_true(durable_folder_of("file"));
    assert_int_equal(flushes(place), 3);
    assert_int_equal(chdir(before), 0);
    assert_true(durable_folder_of("/file"));
    assert_int_equal(flushes(place), 3);
}

static void a_flush_that_fails_is_told(void **state)
{
    const struct place *place = *state;
    char path[80];
    (void)snprintf(path, sizeof path, "%s/file", place->folder);
    disk_plan(place->disk, (struct disk_plan){.fault = DISK_FAULT_DEATH, .times = 1});
    assert_false(durable_folder_of(path));
    assert_int_equal(errno, EIO);
    assert_false(durable_folder_of("/nowhere/at/all"));
    assert_int_equal(errno, ENOENT);
}

static void a_store_whose_folder_cannot_be_flushed_is_refused_and_says_so(void **state)
{
    const struct place *place = *state;
    struct database_reason reason;
    struct database database;
    char path[80];
    char expected[160];
    (void)snprintf(path, sizeof path, "%s/usher.db", place->folder);
    (void)snprintf(expected, sizeof expected,
                   "the folder of %s cannot be made durable: Input/output error", path);
    disk_plan(place->disk, (struct disk_plan){.fault = DISK_FAULT_DEATH, .times = 1});
    assert_int_equal(database_open(path, DATABASE_WRITE, &database, &reason),
                     ERROR_STORE_UNAVAILABLE);
    assert_string_equal(reason.text, expected);
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_folder_is_durable_in_the_one_it_is_in, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_folder_of_a_file_is_flushed_however_it_is_written,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_flush_that_fails_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_store_whose_folder_cannot_be_flushed_is_refused_and_says_so, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
