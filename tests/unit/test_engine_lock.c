/* test_engine_lock.c - which turns take the lock of instances that share a store, and what news of
 * the others do. */
#include "support/unit.h"

#include "support/shared_house.h"

#define NOW_MS SHARED_HOUSE_NOW_MS

static void a_turn_has_the_lock_from_before_it_looks_until_after_its_commit(void **state)
{
    struct shared_house *house = *state;
    (void)shared_house_submit(house, 0, 1, 1);
    (void)shared_house_submit(house, 1, 1, 2);
    shared_house_run(house, NOW_MS);
    (void)shared_house_submit(house, 2, 1, 3);
    house->told = ERROR_BOOKING_LOCK_FAILED;
    house->times = 1;
    shared_house_run(house, NOW_MS);
    assert_int_equal(house->acquired, 3); /* One of them lost its race. */
    assert_int_equal(house->turns, 1);
    assert_int_equal(house->commits, 3);
    assert_int_equal(house->gathers_unlocked, 0);
    assert_int_equal(house->commits_unlocked, 0);
    assert_false(house->locked);
}

static void who_had_to_wait_for_the_lock_reads_the_showtime_again(void **state)
{
    struct shared_house *house = *state;
    (void)shared_house_submit(house, 0, 1, 1);
    shared_house_run(house, NOW_MS);
    (void)shared_house_submit(house, 1, 1, 2);
    shared_house_run(house, NOW_MS);
    assert_int_equal(engine_counts(house->engine).loads, 1);
    house->contended = true;
    const struct command *hold = shared_house_submit(house, 2, 1, 3);
    shared_house_run(house, NOW_MS);
    assert_int_equal(engine_counts(house->engine).loads, 2);
    assert_int_equal(hold->answer.refusal, REFUSAL_NONE);
}

static void without_the_lock_that_it_must_have_a_turn_hears_so_and_writes_nothing(void **state)
{
    struct shared_house *house = *state;
    house->lock_told = ERROR_BOOKING_LOCK_FAILED;
    const struct command *first = shared_house_submit(house, 0, 1, 1);
    const struct command *second = shared_house_submit(house, 1, 1, 2);
    assert_false(engine_step(house->engine, NOW_MS)); /* At once, and rests. */
    assert_int_equal(house->answered, 2);
    assert_ptr_equal(house->order[0], first);
    assert_ptr_equal(house->order[1], second);
    assert_int_equal(first->answer.failure, ERROR_BOOKING_LOCK_FAILED);
    assert_int_equal(second->answer.failure, ERROR_BOOKING_LOCK_FAILED);
    struct engine_counts counts = engine_counts(house->engine);
    assert_int_equal(counts.locks_refused, 1);
    assert_int_equal(counts.races_lost, 0);
    assert_int_equal(counts.commit_failures, 0);
    assert_int_equal(counts.queued, 0);
    assert_int_equal(house->commits, 0);
    house->lock_told = ERROR_NONE;
    const struct command *third = shared_house_submit(house, 2, 1, 1);
    shared_house_run(house, NOW_MS + 1);
    assert_int_equal(third->answer.failure, ERROR_NONE);
    assert_int_equal(third->answer.refusal, REFUSAL_NONE);
}

static void holds_that_end_wait_for_the_lock_without_a_busy_loop(void **state)
{
    struct shared_house *house = *state;
    const struct command *hold = shared_house_submit(house, 0, 1, 1);
    shared_house_run(house, NOW_MS);
    const int64_t due_ms = hold->answer.booking.hold_expires_at_ms + STEAL_GUARD_MS;
    house->lock_told = ERROR_BOOKING_LOCK_FAILED;
    assert_false(engine_step(house->engine, due_ms));
    assert_false(engine_step(house->engine, due_ms + 1));
    assert_int_equal(engine_counts(house->engine).locks_refused, 1);
    assert_true(engine_next_due_ms(house->engine) > due_ms + 1);
    house->lock_told = ERROR_NONE;
    shared_house_run(house, engine_next_due_ms(house->engine));
    assert_int_equal(engine_counts(house->engine).holds_expired, 1);
}

static void who_asks_for_what_is_taken_needs_no_lock(void **state)
{
    struct shared_house *house = *state;
    (void)shared_house_submit(house, 0, 1, 1);
    shared_house_run(house, NOW_MS);
    assert_int_equal(house->acquired, 1);
    const struct command *taken = shared_house_submit(house, 1, 1, 1);
    const struct command *nowhere = shared_house_submit(house, 2, 1, 99);
    shared_house_run(house, NOW_MS);
    assert_int_equal(taken->answer.refusal, REFUSAL_SEAT_HELD_BY_ANOTHER);
    assert_int_equal(nowhere->answer.refusal, REFUSAL_INVALID_SEAT);
    assert_int_equal(house->acquired, 1);
    const struct command *free = shared_house_submit(house, 3, 1, 2);
    const struct command *again = shared_house_submit(house, 4, 1, 1);
    shared_house_run(house, NOW_MS);
    assert_int_equal(free->answer.refusal, REFUSAL_NONE);
    assert_int_equal(again->answer.refusal, REFUSAL_SEAT_HELD_BY_ANOTHER);
    assert_int_equal(house->acquired, 2);
    assert_int_equal(house->commits_unlocked, 1); /* Of the turn that had nothing to write. */
}

/* A command that looks, or tells, of a version. */
static struct command *tell(struct shared_house *house, uint32_t index, enum command_kind kind,
                            uint64_t seen_version)
{
    struct command *command = &house->commands[index];
    *command = (struct command){
        .kind = kind, .showtime = shared_house_showtime(1), .seen_version = seen_version};
    engine_submit(house->engine, command);
    return command;
}

static void who_looks_needs_no_lock(void **state)
{
    struct shared_house *house = *state;
    const struct command *look = tell(house, 0, COMMAND_LOOK, 0);
    shared_house_run(house, NOW_MS);
    assert_int_equal(house->answered, 1);
    assert_int_equal(look->answer.refusal, REFUSAL_NONE);
    assert_int_equal(house->acquired, 0);
    house->lock_told = ERROR_BOOKING_LOCK_FAILED;
    look = tell(house, 1, COMMAND_LOOK, 0);
    shared_house_run(house, NOW_MS);
    assert_int_equal(look->answer.failure, ERROR_NONE);
    assert_int_equal(engine_counts(house->engine).locks_refused, 0);
    (void)tell(house, 2, COMMAND_LOOK, 0); /* With a hold behind it, the turn needs one. */
    const struct command *hold = shared_house_submit(house, 3, 1, 1);
    shared_house_run(house, NOW_MS);
    assert_int_equal(hold->answer.failure, ERROR_BOOKING_LOCK_FAILED);
}

static void who_looks_for_a_version_is_shown_it(void **state)
{
    struct shared_house *house = *state;
    const struct command *hold = shared_house_submit(house, 0, 1, 1);
    shared_house_run(house, NOW_MS);
    const uint64_t version = hold->answer.map_version;
    (void)tell(house, 1, COMMAND_LOOK, version);
    shared_house_run(house, NOW_MS);
    assert_int_equal(engine_counts(house->engine).loads, 1); /* It is in memory. */
    (void)tell(house, 2, COMMAND_LOOK, version + 1);
    shared_house_run(house, NOW_MS);
    assert_int_equal(engine_counts(house->engine).loads, 2);
    assert_int_equal(engine_counts(house->engine).races_lost, 0);
}

static void news_cost_nothing_until_the_map_is_asked_for(void **state)
{
    struct shared_house *house = *state;
    const struct command *hold = shared_house_submit(house, 0, 1, 1);
    shared_house_run(house, NOW_MS);
    const uint64_t version = hold->answer.map_version;
    const uint32_t commits = house->commits;
    const struct command *old = tell(house, 1, COMMAND_NEWS, version);
    assert_ptr_equal(house->order[house->answered - 1], old); /* At once. */
    const struct command *news = tell(house, 2, COMMAND_NEWS, version + 1);
    assert_ptr_equal(house->order[house->answered - 1], news);
    assert_int_equal(news->answer.failure, ERROR_NONE);
    assert_false(engine_step(house->engine, NOW_MS));
    assert_int_equal(house->commits, commits);
    assert_int_equal(engine_counts(house->engine).loads, 1);
    const struct command *next = shared_house_submit(house, 3, 1, 2);
    shared_house_run(house, NOW_MS);
    assert_int_equal(next->answer.refusal, REFUSAL_NONE);
    assert_int_equal(engine_counts(house->engine).loads, 2);
}

static void news_of_what_is_not_in_memory_are_dropped(void **state)
{
    struct shared_house *house = *state;
    (void)tell(house, 0, COMMAND_NEWS, 9);
    shared_house_run(house, NOW_MS);
    assert_int_equal(house->answered, 1);
    assert_int_equal(engine_counts(house->engine).resident, 0);
    assert_int_equal(house->commits, 0);
}

#define SHARED_TEST(function) \
    cmocka_unit_test_setup_teardown(function, shared_house_setup, shared_house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHARED_TEST(a_turn_has_the_lock_from_before_it_looks_until_after_its_commit),
        SHARED_TEST(who_had_to_wait_for_the_lock_reads_the_showtime_again),
        SHARED_TEST(without_the_lock_that_it_must_have_a_turn_hears_so_and_writes_nothing),
        SHARED_TEST(holds_that_end_wait_for_the_lock_without_a_busy_loop),
        SHARED_TEST(who_asks_for_what_is_taken_needs_no_lock),
        SHARED_TEST(who_looks_needs_no_lock),
        SHARED_TEST(who_looks_for_a_version_is_shown_it),
        SHARED_TEST(news_cost_nothing_until_the_map_is_asked_for),
        SHARED_TEST(news_of_what_is_not_in_memory_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
