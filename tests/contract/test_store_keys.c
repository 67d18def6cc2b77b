/* The contract of ports/store.h about idempotency keys. Every adapter passes this file: run as
 * `test_store_keys sqlite` or `test_store_keys memory`. */
#include "support/unit.h"

#include "contract/store_assert.h"
#include "contract/store_fixture.h"

#define DAY_MS INT64_C(86400000)

static void a_key_is_kept_and_found_with_what_it_made(void **state)
{
    struct store_fixture *fixture = *state;
    const struct booking held = store_fixture_hold(fixture, "an", "A1", 1);
    struct command again = turn_fixture_hold("an", "A1", 1);
    struct command reused = turn_fixture_hold("an", "A2", 1);
    struct command another = turn_fixture_hold("binh", "A2", 1);
    store_fixture_run(fixture, 1, &again);
    assert_true(again.answer.replayed);
    store_assert_booking(&again.answer.booking, &held);
    store_fixture_run(fixture, 1, &reused);
    assert_int_equal(reused.answer.refusal, REFUSAL_IDEMPOTENCY_KEY_REUSED);
    store_fixture_run(fixture, 1, &another);
    assert_int_equal(another.answer.refusal, REFUSAL_NONE);
    assert_false(another.answer.replayed);
}

static void one_key_serves_two_operations(void **state)
{
    struct store_fixture *fixture = *state;
    const struct booking held = store_fixture_hold(fixture, "an", "A1", 1);
    const struct payment payment = store_fixture_pay(fixture, &held, 1);
    struct command again = turn_fixture_pay("an", held.id, PAYMENT_MOMO, 1);
    store_fixture_run(fixture, 1, &again);
    assert_true(again.answer.replayed);
    assert_true(again.answer.created);
    assert_true(id_equal(again.answer.payment.id, payment.id));
}

static void a_key_of_the_same_batch_is_found_from_another_showtime(void **state)
{
    struct store_fixture *fixture = *state;
    struct command first = turn_fixture_hold("an", "A1", 1);
    struct command second = turn_fixture_hold("an", "A2", 1);
    second.showtime = store_fixture_showtime(2);
    store_fixture_begin(fixture);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_decide(fixture, &first), ERROR_NONE);
    if (store_fixture_shared()) {
        store_fixture_commit(fixture);
        store_fixture_begin(fixture);
    }
    store_fixture_load(fixture, 2);
    assert_int_equal(store_fixture_decide(fixture, &second), ERROR_NONE);
    store_fixture_commit(fixture);
    assert_int_equal(first.answer.refusal, REFUSAL_NONE);
    assert_int_equal(second.answer.refusal, REFUSAL_IDEMPOTENCY_KEY_REUSED);
}

/* Does the key of a hold still answer? */
static bool key_lives(struct store_fixture *fixture, const char *user, uint64_t key)
{
    struct command again = turn_fixture_hold(user, "A1", key);
    store_fixture_begin(fixture);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_decide(fixture, &again), ERROR_NONE);
    store_fixture_rollback(fixture);
    return again.answer.replayed;
}

/* Somebody holds A1 for a moment. */
static void write_key(struct store_fixture *fixture, uint64_t key)
{
    struct command hold = turn_fixture_hold("busy", "A1", key);
    store_fixture_run(fixture, 1, &hold);
    assert_int_equal(hold.answer.refusal, REFUSAL_NONE);
    struct command cancel = turn_fixture_cancel("busy", hold.answer.booking.id);
    store_fixture_run(fixture, 1, &cancel);
}

/* The showtime is years away. */
static void postpone(struct store_fixture *fixture)
{
    store_fixture_move(fixture, 1, INT64_C(4000000000000), INT64_C(4000010000000));
}

static void a_key_lives_through_its_day_and_the_next(void **state)
{
    struct store_fixture *fixture = *state;
    postpone(fixture);
    const int64_t midnight_ms = (FIXTURE_NOW_MS / DAY_MS + 1) * DAY_MS;
    for (uint64_t round = 0; round < 3; round++) {
        fixture->now_ms = midnight_ms + 10 * (int64_t)round * DAY_MS - 1;
        struct command hold = turn_fixture_hold("an", "A1", 100 + round);
        store_fixture_run(fixture, 1, &hold);
        struct command cancel = turn_fixture_cancel("an", hold.answer.booking.id);
        store_fixture_run(fixture, 1, &cancel);
        fixture->now_ms += 1; /* The next day, whose first key a turn writes. */
        write_key(fixture, 200 + round);
        assert_true(key_lives(fixture, "an", 100 + round));
        fixture->now_ms += DAY_MS - 1; /* A day on, to the millisecond. */
        store_fixture_tend(fixture);
        assert_true(key_lives(fixture, "an", 100 + round));
        fixture->now_ms += 1;
        store_fixture_tend(fixture);
        assert_false(key_lives(fixture, "an", 100 + round));
        assert_true(key_lives(fixture, "busy", 200 + round));
    }
}

static void a_day_that_begins_is_undone_with_its_batch(void **state)
{
    struct store_fixture *fixture = *state;
    postpone(fixture);
    struct command hold = turn_fixture_hold("an", "A1", 1);
    store_fixture_run(fixture, 1, &hold);
    fixture->now_ms += DAY_MS;
    store_fixture_tend(fixture);
    fixture->now_ms += DAY_MS;
    struct command next = turn_fixture_hold("binh", "A2", 2);
    store_fixture_begin(fixture);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_decide(fixture, &next), ERROR_NONE);
    store_fixture_rollback(fixture);
    assert_true(key_lives(fixture, "an", 1));
    store_fixture_run(fixture, 1, &next);
    assert_false(key_lives(fixture, "an", 1));
    assert_false(next.answer.replayed);
}

static void a_clock_that_jumps_back_loses_no_key(void **state)
{
    struct store_fixture *fixture = *state;
    postpone(fixture);
    struct command hold = turn_fixture_hold("an", "A1", 1);
    store_fixture_tend(fixture);
    store_fixture_run(fixture, 1, &hold);
    static const int days[] = {1, 0, 1, 0, -40, -41, -40};
    for (size_t index = 0; index < sizeof days / sizeof days[0]; index++) {
        fixture->now_ms = FIXTURE_NOW_MS + days[index] * DAY_MS;
        store_fixture_tend(fixture);
        assert_true(key_lives(fixture, "an", 1));
    }
    store_fixture_restart(fixture);
    assert_true(key_lives(fixture, "an", 1));
}

int main(int argument_count, char **arguments)
{
    static const struct CMUnitTest tests[] = {
        STORE_TEST(a_key_is_kept_and_found_with_what_it_made),
        STORE_TEST(one_key_serves_two_operations),
        STORE_TEST(a_key_of_the_same_batch_is_found_from_another_showtime),
        STORE_TEST(a_clock_that_jumps_back_loses_no_key),
    };
    /* With several instances a key is the booking's id, and lives as long. */
    static const struct CMUnitTest days[] = {
        STORE_TEST(a_key_lives_through_its_day_and_the_next),
        STORE_TEST(a_day_that_begins_is_undone_with_its_batch),
    };
    if (!store_fixture_choose(argument_count, arguments)) return 2;
    int failed = cmocka_run_group_tests_name(arguments[1], tests, NULL, NULL);
    if (!store_fixture_shared()) {
        failed += cmocka_run_group_tests_name("days of keys", days, NULL, NULL);
    }
    return failed;
}
