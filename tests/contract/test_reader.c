/* The contract of ports/reader.h. Every adapter passes this file: run as
 * `test_reader sqlite` or `test_reader memory`. */
#include "support/unit.h"

#include "contract/store_fixture.h"

static void a_list_skips_and_repeats_nothing_while_bookings_come(void **state)
{
    struct store_fixture *fixture = *state;
    static const char *const seats[] = {"A1", "A2", "A3", "A4", "A5", "A6", "A7"};
    struct id made[7];
    for (uint64_t index = 0; index < 7; index++) {
        made[index] = store_fixture_hold(fixture, "an", seats[index], index + 1).id;
        char other[8];
        (void)snprintf(other, sizeof other, "B%u", (unsigned)index + 1);
        (void)store_fixture_hold(fixture, "binh", other, index + 1);
    }
    const struct reader *reader = &fixture->reader;
    struct booking_query query = {.user = user_of(slice_of("an")), .any_status = true, .limit = 3};
    size_t seen = 0;
    bool more = true;
    while (more) {
        struct booking page[3];
        size_t count = 0;
        assert_int_equal(
            reader->methods->list_bookings(reader->context, &query, page, &count, &more),
            ERROR_NONE);
        for (size_t index = 0; index < count; index++) {
            assert_true(id_equal(page[index].id, made[6 - seen]));
            seen++;
        }
        query.after = page[count - 1].id;
        char late[8];
        (void)snprintf(late, sizeof late, "C%u", (unsigned)seen);
        (void)store_fixture_hold(fixture, "an", late, 100 + seen);
    }
    assert_int_equal(seen, 7);
}

static void a_list_can_be_of_one_status(void **state)
{
    struct store_fixture *fixture = *state;
    const struct booking first = store_fixture_hold(fixture, "an", "A1", 1);
    (void)store_fixture_hold(fixture, "an", "A2", 2);
    struct command cancel = turn_fixture_cancel("an", first.id);
    store_fixture_run(fixture, 1, &cancel);
    const struct reader *reader = &fixture->reader;
    const struct booking_query query = {
        .user = user_of(slice_of("an")), .status = BOOKING_CANCELLED, .limit = BOOKINGS_LISTED_MAX};
    struct booking page[BOOKINGS_LISTED_MAX];
    size_t count = 0;
    bool more = true;
    assert_int_equal(reader->methods->list_bookings(reader->context, &query, page, &count, &more),
                     ERROR_NONE);
    assert_int_equal(count, 1);
    assert_false(more);
    assert_true(id_equal(page[0].id, first.id));
}

static void a_cursor_that_is_not_ours_is_refused(void **state)
{
    struct store_fixture *fixture = *state;
    const struct reader *reader = &fixture->reader;
    const struct booking_query query = {.user = user_of(slice_of("an")),
                                        .any_status = true,
                                        .after = turn_fixture_id(5),
                                        .limit = 1};
    struct booking page[1];
    size_t count = 0;
    bool more = false;
    assert_int_equal(reader->methods->list_bookings(reader->context, &query, page, &count, &more),
                     ERROR_BOOKING_NOT_FOUND);
}

static void what_is_unknown_is_not_found(void **state)
{
    struct store_fixture *fixture = *state;
    const struct reader *reader = &fixture->reader;
    const struct booking held = store_fixture_hold(fixture, "an", "A1", 1);
    struct booking booking;
    struct payment payment;
    struct id showtime;
    uint64_t version = 0;
    struct id guessed = held.id;
    guessed.bytes[ID_SIZE - 1] ^= 1;
    assert_int_equal(reader->methods->find_booking(reader->context, guessed, CONSISTENCY_LATEST,
                                                   &booking, &version),
                     ERROR_BOOKING_NOT_FOUND);
    const struct payment_query as_payment = {.id = held.id};
    assert_int_equal(
        reader->methods->find_payment(reader->context, &as_payment, &payment, &showtime, &version),
        ERROR_PAYMENT_NOT_FOUND);
    const struct payment_query no_alias = {.user = user_of(slice_of("an"))};
    assert_int_equal(
        reader->methods->find_payment(reader->context, &no_alias, &payment, &showtime, &version),
        ERROR_PAYMENT_NOT_FOUND);
    assert_int_equal(reader->methods->ping(reader->context), ERROR_NONE);
}

int main(int argument_count, char **arguments)
{
    static const struct CMUnitTest tests[] = {
        STORE_TEST(a_list_skips_and_repeats_nothing_while_bookings_come),
        STORE_TEST(a_list_can_be_of_one_status),
        STORE_TEST(a_cursor_that_is_not_ours_is_refused),
        STORE_TEST(what_is_unknown_is_not_found),
    };
    if (!store_fixture_choose(argument_count, arguments)) return 2;
    return cmocka_run_group_tests_name(arguments[1], tests, NULL, NULL);
}
