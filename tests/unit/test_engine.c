/* test_engine.c - queues, failures and timers of the engine, over the store in memory. */
#include "support/lone_house.h"
#include "support/unit.h"

#define NOW_MS LONE_HOUSE_NOW_MS
#define HOUR_MS INT64_C(3600000)

/* All want A1. */
static struct command *submit_hold(struct lone_house *house)
{
    return lone_house_submit_hold(house, 1);
}

static size_t bookings(const struct lone_house *house)
{
    size_t count = 0;
    memory_store_bookings(house->store, &count);
    return count;
}

static void a_queue_takes_what_the_contract_says_and_no_more(void **state)
{
    struct lone_house *house = *state;
    for (uint32_t index = 0; index < QUEUE_PER_SHOWTIME_MAX; index++) submit_hold(house);
    assert_int_equal(house->answered, 0);
    const struct command *more = submit_hold(house);
    assert_int_equal(house->answered, 1);
    assert_int_equal(more->answer.failure, ERROR_OVERLOADED);
    lone_house_run(house, NOW_MS);
    assert_int_equal(house->answered, QUEUE_PER_SHOWTIME_MAX + 1);
    assert_int_equal(house->commands[0].answer.refusal, REFUSAL_NONE);
    assert_int_equal(bookings(house), 1);
}

static void a_commit_that_fails_leaves_nothing_behind(void **state)
{
    struct lone_house *house = *state;
    memory_store_fail_next(house->store, MEMORY_FAULT_COMMIT_UNAVAILABLE);
    const struct command *first = submit_hold(house);
    lone_house_run(house, NOW_MS);
    assert_int_equal(first->answer.failure, ERROR_STORE_UNAVAILABLE);
    assert_true(id_is_none(first->answer.booking.id));
    assert_int_equal(bookings(house), 0);
    const struct command *second = submit_hold(house);
    lone_house_run(house, NOW_MS);
    assert_int_equal(second->answer.failure, ERROR_NONE);
    assert_int_equal(second->answer.refusal, REFUSAL_NONE);
    assert_int_equal(bookings(house), 1);
}

static void what_a_batch_did_counts_once_it_is_committed(void **state)
{
    struct lone_house *house = *state;
    memory_store_fail_next(house->store, MEMORY_FAULT_COMMIT_UNAVAILABLE);
    submit_hold(house);
    lone_house_run(house, NOW_MS);
    struct engine_counts counts = engine_counts(house->engine);
    assert_int_equal(counts.last_failure, ERROR_STORE_UNAVAILABLE);
    assert_true(counts.last_failure_at_ms == NOW_MS);
    assert_int_equal(counts.bookings[BOOKING_PENDING], 0);
    assert_int_equal(counts.batch_commands.sum, 0);

    for (uint32_t index = 1; index < 4; index++) submit_hold(house);
    lone_house_run(house, NOW_MS);
    lone_house_run(house, NOW_MS + HOLD_MS_DEFAULT);
    counts = engine_counts(house->engine);
    assert_int_equal(counts.last_failure, ERROR_NONE);
    assert_int_equal(counts.bookings[BOOKING_PENDING], 1);
    assert_int_equal(counts.bookings[BOOKING_EXPIRED], 1);
    assert_int_equal(counts.turn_commands.sum, 1 + 3 + 1);
    assert_int_equal(counts.batch_commands.sum, 3);
    assert_int_equal(counts.batch_turns.sum, 2);
}

static void the_feed_adds_up_the_seats_in_memory(void **state)
{
    struct lone_house *house = *state;
    assert_int_equal(feed_totals(house->feed).showtimes, 0);
    submit_hold(house);
    lone_house_run(house, NOW_MS);
    const struct feed_totals totals = feed_totals(house->feed);
    assert_int_equal(totals.showtimes, 1);
    assert_int_equal(totals.seats[SEAT_HELD], 1);
    assert_int_equal(totals.seats[SEAT_AVAILABLE], 99);
}

static void an_unknown_outcome_stops_the_engine(void **state)
{
    struct lone_house *house = *state;
    memory_store_fail_next(house->store, MEMORY_FAULT_COMMIT_KEPT);
    const struct command *first = submit_hold(house);
    lone_house_run(house, NOW_MS);
    assert_int_equal(first->answer.failure, ERROR_OUTCOME_UNKNOWN);
    assert_true(engine_failed(house->engine));
    assert_int_equal(submit_hold(house)->answer.failure, ERROR_STORE_UNAVAILABLE);
}

static void a_closed_showtime_serves_nothing_that_still_waits(void **state)
{
    struct lone_house *house = *state;
    enum { COUNT = TURN_COMMANDS_MAX + 50 };
    memory_store_fail_next(house->store, MEMORY_FAULT_RECORD);
    for (uint32_t index = 0; index < COUNT; index++) submit_hold(house);
    lone_house_run(house, NOW_MS);
    assert_int_equal(house->answered, COUNT);
    for (uint32_t index = 0; index < COUNT; index++) {
        const enum error expected =
            index < TURN_COMMANDS_MAX ? ERROR_INTERNAL_ERROR : ERROR_STORE_UNAVAILABLE;
        assert_int_equal(house->commands[index].answer.failure, expected);
    }
    assert_int_equal(bookings(house), 0);
    assert_int_equal(submit_hold(house)->answer.failure, ERROR_STORE_UNAVAILABLE);
    assert_int_equal(engine_counts(house->engine).turns_refused, 1);
}

static void a_hold_ends_at_its_moment_without_anybody_asking(void **state)
{
    struct lone_house *house = *state;
    submit_hold(house);
    lone_house_run(house, NOW_MS);
    const int64_t end_ms = NOW_MS + HOLD_MS_DEFAULT;
    assert_true(engine_next_due_ms(house->engine) == end_ms);
    lone_house_run(house, end_ms - 1);
    assert_int_equal(engine_counts(house->engine).holds_expired, 0);
    lone_house_run(house, end_ms);
    assert_int_equal(engine_counts(house->engine).holds_expired, 1);
    assert_true(engine_next_due_ms(house->engine) == INT64_MAX);
}

static void a_hold_that_was_given_back_rings_once_and_never_again(void **state)
{
    struct lone_house *house = *state;
    const struct command *hold = submit_hold(house);
    lone_house_run(house, NOW_MS);
    struct command *cancel = lone_house_next(house);
    *cancel = (struct command){.kind = COMMAND_CANCEL,
                               .showtime = lone_house_showtime(),
                               .claim.user = user_of(SLICE("an")),
                               .booking = hold->answer.booking.id};
    engine_submit(house->engine, cancel);
    lone_house_run(house, NOW_MS);
    lone_house_run(house, NOW_MS + HOLD_MS_DEFAULT);
    assert_true(engine_next_due_ms(house->engine) == INT64_MAX);
}

static void holds_end_on_time_when_the_clock_goes_back_after_a_failed_commit(void **state)
{
    struct lone_house *house = *state;
    submit_hold(house);
    lone_house_run(house, NOW_MS);
    const int64_t end_ms = NOW_MS + HOLD_MS_DEFAULT;
    memory_store_fail_next(house->store, MEMORY_FAULT_COMMIT_UNAVAILABLE);
    lone_house_run(house, end_ms + HOUR_MS);
    lone_house_run(house, end_ms - 2 * EXPIRY_RETRY_MS);
    assert_int_equal(engine_counts(house->engine).holds_expired, 0);
    lone_house_run(house, end_ms - EXPIRY_RETRY_MS);
    lone_house_run(house, end_ms);
    assert_int_equal(engine_counts(house->engine).holds_expired, 1);
    assert_true(engine_next_due_ms(house->engine) == INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LONE_HOUSE_TEST(a_queue_takes_what_the_contract_says_and_no_more),
        LONE_HOUSE_TEST(a_commit_that_fails_leaves_nothing_behind),
        LONE_HOUSE_TEST(what_a_batch_did_counts_once_it_is_committed),
        LONE_HOUSE_TEST(the_feed_adds_up_the_seats_in_memory),
        LONE_HOUSE_TEST(an_unknown_outcome_stops_the_engine),
        LONE_HOUSE_TEST(a_closed_showtime_serves_nothing_that_still_waits),
        LONE_HOUSE_TEST(a_hold_ends_at_its_moment_without_anybody_asking),
        LONE_HOUSE_TEST(a_hold_that_was_given_back_rings_once_and_never_again),
        LONE_HOUSE_TEST(holds_end_on_time_when_the_clock_goes_back_after_a_failed_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
