/* The faults of the memory store: each is what the port promises of it, and happens once. */
#include "support/unit.h"

#include "contract/store_fixture.h"
#include "store/memory/memory_store.h"

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

static size_t booking_count(const struct store_fixture *fixture)
{
    size_t count = 0;
    (void)memory_store_bookings(fixture->memory, &count);
    return count;
}

static void a_fault_undoes_the_batch_and_the_next_one_lands(void **state)
{
    struct store_fixture *fixture = *state;
    static const struct {
        enum memory_fault fault;
        enum error error;
    } cases[] = {
        {MEMORY_FAULT_BEGIN, ERROR_STORE_UNAVAILABLE},
        {MEMORY_FAULT_RECORD, ERROR_INTERNAL_ERROR},
        {MEMORY_FAULT_RECORD_UNAVAILABLE, ERROR_STORE_UNAVAILABLE},
        {MEMORY_FAULT_COMMIT_UNAVAILABLE, ERROR_STORE_UNAVAILABLE},
    };
    static const char *const seats[] = {"A1", "A2", "A3", "A4"};
    for (uint64_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
        struct command hold = turn_fixture_hold("an", seats[index], index + 1);
        memory_store_fail_next(fixture->memory, cases[index].fault);
        assert_int_equal(try_hold(fixture, &hold), cases[index].error);
        assert_int_equal(booking_count(fixture), index);
        assert_int_equal(try_hold(fixture, &hold), ERROR_NONE);
        assert_false(hold.answer.replayed);
        assert_int_equal(booking_count(fixture), index + 1);
    }
}

static void an_open_outcome_is_known_after_a_restart(void **state)
{
    struct store_fixture *fixture = *state;
    for (int kept = 0; kept < 2; kept++) {
        struct command hold = turn_fixture_hold("an", kept ? "A1" : "A2", 1 + (uint64_t)kept);
        memory_store_fail_next(fixture->memory,
                               kept ? MEMORY_FAULT_COMMIT_KEPT : MEMORY_FAULT_COMMIT_LOST);
        assert_int_equal(try_hold(fixture, &hold), ERROR_OUTCOME_UNKNOWN);
        assert_int_equal(try_hold(fixture, &hold), ERROR_OUTCOME_UNKNOWN);
        store_fixture_restart(fixture);
        assert_int_equal(try_hold(fixture, &hold), ERROR_NONE);
        assert_int_equal(hold.answer.replayed, kept);
    }
}

static void a_crash_forgets_the_open_batch(void **state)
{
    struct store_fixture *fixture = *state;
    (void)store_fixture_hold(fixture, "an", "A1", 1);
    struct command hold = turn_fixture_hold("an", "A2", 2);
    store_fixture_begin(fixture);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_decide(fixture, &hold), ERROR_NONE);
    memory_store_crash(fixture->memory);
    assert_int_equal(booking_count(fixture), 1);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_state(fixture, "A2"), SEAT_AVAILABLE);
    const struct booking next = store_fixture_hold(fixture, "an", "A2", 2);
    assert_true(id_equal(next.id, hold.answer.booking.id)); /* Numbers go on from the rows. */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        STORE_TEST(a_fault_undoes_the_batch_and_the_next_one_lands),
        STORE_TEST(an_open_outcome_is_known_after_a_restart),
        STORE_TEST(a_crash_forgets_the_open_batch),
    };
    char *arguments[] = {(char[]){"test_memory_store"}, (char[]){"memory"}};
    if (!store_fixture_choose(2, arguments)) return 2;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
