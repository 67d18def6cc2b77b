/* Ids and codes that came from another store: found both ways, and given to nobody else. */
#include "support/unit.h"

#include "contract/store_fixture.h"
#include "store/sqlite/import_numbers.h"
#include "store/sqlite/writer_state.h"

enum { MOVED_COUNT = 700 }; /* More than a turn may draw. */

static struct id foreign_id(uint32_t index)
{
    return (struct id){.bytes = {0xee, 0xee, (uint8_t)(index >> 8), (uint8_t)index, 0xff}};
}

/* Bookings whose codes stand for the numbers from `first` on, as if they had been imported. */
static void move_codes(struct sqlite_store *store, int64_t first)
{
    for (uint32_t index = 0; index < MOVED_COUNT; index++) {
        const struct code code = code_of_number(&store->ids.key, (uint64_t)first + index);
        assert_int_equal(
            row_ids_move(&store->ids, ID_BOOKING, 100 + index, foreign_id(index), &code),
            SQLITE_DONE);
    }
}

static void a_moved_id_is_found_both_ways_and_by_its_code(void **state)
{
    struct store_fixture *fixture = *state;
    struct sqlite_store *store = fixture->sqlite;
    const struct booking own = store_fixture_hold(fixture, "an", "A1", 1);
    const int64_t number = row_ids_number(&store->ids, ID_BOOKING, own.id);
    move_codes(store, number + 1);
    for (uint32_t index = 0; index < MOVED_COUNT; index += 99) {
        const struct code code = code_of_number(&store->ids.key, (uint64_t)number + 1 + index);
        assert_int_equal(row_ids_number(&store->ids, ID_BOOKING, foreign_id(index)), 100 + index);
        assert_true(id_equal(row_ids_id(&store->ids, ID_BOOKING, 100 + index), foreign_id(index)));
        assert_int_equal(row_ids_coded(&store->ids, code), 100 + index);
        assert_memory_equal(row_ids_code(&store->ids, 100 + index).letters, code.letters,
                            CODE_SIZE);
    }
    assert_int_equal(row_ids_number(&store->ids, ID_PAYMENT, foreign_id(0)), 0);
    assert_int_equal(row_ids_number(&store->ids, ID_BOOKING, own.id), number);
    assert_true(id_equal(row_ids_id(&store->ids, ID_BOOKING, number), own.id));
    assert_int_equal(row_ids_coded(&store->ids, own.code), number);
    /* The code that the number of a moved one stands for is nobody's. */
    const struct code none = code_of_number(&store->ids.key, 100 + MOVED_COUNT - 1);
    assert_int_equal(row_ids_coded(&store->ids, none), 0);
}

static void no_new_booking_gets_a_code_that_was_moved_here(void **state)
{
    struct store_fixture *fixture = *state;
    struct sqlite_store *store = fixture->sqlite;
    const struct booking first = store_fixture_hold(fixture, "an", "A1", 1);
    const int64_t number = row_ids_number(&store->ids, ID_BOOKING, first.id);
    move_codes(store, number + 1);
    const struct booking next = store_fixture_hold(fixture, "an", "A2", 2);
    assert_int_equal(row_ids_number(&store->ids, ID_BOOKING, next.id), number + 1 + MOVED_COUNT);
    const struct booking last = store_fixture_hold(fixture, "an", "A3", 3);
    assert_int_equal(row_ids_number(&store->ids, ID_BOOKING, last.id), number + 2 + MOVED_COUNT);
}

static void a_number_is_ones_own_or_near_its_time(void **state)
{
    struct store_fixture *fixture = *state;
    struct row_ids *ids = &fixture->sqlite->ids;
    struct import_numbers numbers = {.ids = ids};
    struct move_reason reason = {""};
    const int64_t moment_ms = fixture->now_ms;
    int64_t given = 0;
    const struct import_numbers_wish own = {
        .kind = ID_PAYMENT, .id = id_seal(&ids->key, ID_PAYMENT, 77), .made_at_ms = moment_ms};
    assert_true(import_numbers_allot(&numbers, &own, &given, &reason));
    assert_int_equal(given, 77);
    int64_t before = 0;
    for (uint32_t index = 0; index < 100; index++) {
        const struct import_numbers_wish foreign = {
            .kind = ID_PAYMENT, .id = foreign_id(index), .made_at_ms = moment_ms};
        assert_true(import_numbers_allot(&numbers, &foreign, &given, &reason));
        assert_true(given > before);
        before = given;
    }
    const struct import_numbers_wish twice = {
        .kind = ID_PAYMENT, .id = foreign_id(5), .made_at_ms = moment_ms};
    assert_false(import_numbers_allot(&numbers, &twice, &given, &reason));
    assert_non_null(strstr(reason.text, "one of its id already"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_moved_id_is_found_both_ways_and_by_its_code),
        STORE_TEST(no_new_booking_gets_a_code_that_was_moved_here),
        STORE_TEST(a_number_is_ones_own_or_near_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
