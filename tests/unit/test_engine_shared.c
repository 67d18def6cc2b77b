/* test_engine_shared.c - the engine over a store that others write to: races lost, outcomes
 * unknown. */
#include "support/unit.h"

#include "support/shared_house.h"

#define NOW_MS SHARED_HOUSE_NOW_MS

static void a_turn_that_lost_is_decided_again_in_its_order(void **state)
{
    struct shared_house *house = *state;
    house->told = ERROR_BOOKING_LOCK_FAILED;
    house->times = 3;
    const struct command *first = shared_house_submit(house, 0, 1, 1);
    const struct command *second = shared_house_submit(house, 1, 1, 1);
    assert_true(engine_step(house->engine, NOW_MS));
    assert_int_equal(house->answered, 0);
    assert_int_equal(engine_counts(house->engine).queued, 2);
    const struct command *third = shared_house_submit(house, 2, 1, 2);
    shared_house_run(house, NOW_MS + 1);
    assert_int_equal(house->answered, 3);
    assert_ptr_equal(house->order[0], first);
    assert_ptr_equal(house->order[1], second);
    assert_ptr_equal(house->order[2], third);
    assert_int_equal(first->answer.refusal, REFUSAL_NONE);
    assert_int_equal(second->answer.refusal, REFUSAL_SEAT_HELD_BY_ANOTHER);
    assert_int_equal(third->answer.refusal, REFUSAL_NONE);
    const struct engine_counts counts = engine_counts(house->engine);
    assert_int_equal(counts.races_lost, 3);
    assert_int_equal(counts.loads, 4); /* The map of before is not looked at again. */
    assert_int_equal(counts.commit_failures, 0);
    assert_int_equal(counts.queued, 0);
}

static void what_is_decided_again_comes_before_what_still_waited(void **state)
{
    struct shared_house *house = *state;
    struct staff_order order = {.text = reason_of(SLICE("no light"))};
    house->told = ERROR_BOOKING_LOCK_FAILED;
    house->times = 1;
    struct command *cancel = &house->commands[0];
    *cancel = (struct command){.kind = COMMAND_CANCEL_SHOWTIME,
                               .showtime = shared_house_showtime(1),
                               .claim.user = user_of(SLICE("staff")),
                               .order = &order};
    engine_submit(house->engine, cancel);
    const struct command *hold = shared_house_submit(house, 1, 1, 1); /* Waits for the next turn. */
    shared_house_run(house, NOW_MS);
    assert_int_equal(engine_counts(house->engine).races_lost, 1);
    assert_ptr_equal(house->order[0], cancel);
    assert_int_equal(cancel->answer.refusal, REFUSAL_NONE);
    assert_int_equal(hold->answer.refusal, REFUSAL_SHOWTIME_NOT_AVAILABLE);
}

static void a_race_seen_while_gathering_is_one_too(void **state)
{
    struct shared_house *house = *state;
    house->told = ERROR_BOOKING_LOCK_FAILED;
    house->times = 1;
    house->at_gather = true;
    const struct command *hold = shared_house_submit(house, 0, 1, 1);
    shared_house_run(house, NOW_MS);
    assert_int_equal(hold->answer.failure, ERROR_NONE);
    assert_int_equal(engine_counts(house->engine).races_lost, 1);
}

static void who_loses_for_long_hears_so_and_the_others_go_on(void **state)
{
    struct shared_house *house = *state;
    house->told = ERROR_BOOKING_LOCK_FAILED;
    house->times = 2;
    const struct command *early = shared_house_submit(house, 0, 1, 1);
    assert_true(engine_step(house->engine, NOW_MS));
    const struct command *late = shared_house_submit(house, 1, 1, 2);
    assert_true(engine_step(house->engine, NOW_MS + RACE_PATIENCE_MS));
    assert_int_equal(house->answered, 1);
    assert_int_equal(early->answer.failure, ERROR_BOOKING_LOCK_FAILED);
    shared_house_run(house, NOW_MS + RACE_PATIENCE_MS);
    assert_int_equal(house->answered, 2);
    assert_int_equal(late->answer.failure, ERROR_NONE);
    assert_int_equal(late->answer.refusal, REFUSAL_NONE);
}

static void a_race_that_is_never_won_ends(void **state)
{
    struct shared_house *house = *state;
    house->told = ERROR_BOOKING_LOCK_FAILED;
    house->times = UINT32_MAX;
    const struct command *hold = shared_house_submit(house, 0, 1, 1);
    for (int64_t now_ms = NOW_MS; now_ms <= NOW_MS + RACE_PATIENCE_MS; now_ms += 100) {
        (void)engine_step(house->engine, now_ms);
    }
    assert_int_equal(house->answered, 1);
    assert_int_equal(hold->answer.failure, ERROR_BOOKING_LOCK_FAILED);
    assert_int_equal(engine_counts(house->engine).queued, 0);
}

static void a_batch_is_one_showtimes_turn(void **state)
{
    struct shared_house *house = *state;
    (void)shared_house_submit(house, 0, 1, 1);
    (void)shared_house_submit(house, 1, 2, 1);
    shared_house_run(house, NOW_MS);
    assert_int_equal(house->answered, 2);
    assert_int_equal(house->commits, 2);
    assert_int_equal(house->turns_max, 1);
}

static void an_unknown_outcome_is_told_and_the_engine_goes_on(void **state)
{
    struct shared_house *house = *state;
    house->told = ERROR_OUTCOME_UNKNOWN;
    house->times = 1;
    const struct command *hold = shared_house_submit(house, 0, 1, 1);
    shared_house_run(house, NOW_MS);
    assert_int_equal(hold->answer.failure, ERROR_OUTCOME_UNKNOWN);
    assert_false(engine_failed(house->engine));
    const struct command *again = shared_house_submit(house, 1, 1, 1);
    shared_house_run(house, NOW_MS);
    assert_int_equal(again->answer.failure, ERROR_NONE);
    assert_int_equal(again->answer.refusal, REFUSAL_NONE);
    assert_int_equal(engine_counts(house->engine).loads, 2);
}

static void a_hold_is_dead_at_its_end_and_its_seat_free_when_every_clock_says_so(void **state)
{
    struct shared_house *house = *state;
    const struct command *hold = shared_house_submit(house, 0, 1, 1);
    shared_house_run(house, NOW_MS);
    const int64_t end_ms = hold->answer.booking.hold_expires_at_ms;
    assert_true(engine_next_due_ms(house->engine) == end_ms + STEAL_GUARD_MS);
    const struct command *early = shared_house_submit(house, 1, 1, 1);
    shared_house_run(house, end_ms + STEAL_GUARD_MS - 1);
    assert_int_equal(early->answer.refusal, REFUSAL_SEAT_HELD_BY_ANOTHER);
    assert_false(engine_step(house->engine, end_ms + STEAL_GUARD_MS - 1)); /* And rests. */
    const struct command *late = shared_house_submit(house, 2, 1, 1);
    shared_house_run(house, end_ms + STEAL_GUARD_MS);
    assert_int_equal(late->answer.refusal, REFUSAL_NONE);
    assert_int_equal(engine_counts(house->engine).holds_expired, 1);
}

static void others_are_told_of_what_was_committed_and_of_nothing_else(void **state)
{
    struct shared_house *house = *state;
    const struct command *hold = shared_house_submit(house, 0, 1, 1);
    shared_house_run(house, NOW_MS);
    assert_int_equal(house->told_of, 1);
    assert_true(id_equal(house->told_showtime, shared_house_showtime(1)));
    assert_true(house->version == hold->answer.map_version);
    (void)shared_house_submit(house, 1, 1, 1); /* Refused: nothing changes. */
    shared_house_run(house, NOW_MS);
    house->told = ERROR_OUTCOME_UNKNOWN;
    house->times = 1;
    (void)shared_house_submit(house, 2, 1, 2);
    shared_house_run(house, NOW_MS);
    (void)shared_house_submit(house, 4, 1, 1); /* Refused again, by a map that is loaded for it. */
    shared_house_run(house, NOW_MS);
    assert_int_equal(engine_counts(house->engine).loads, 2);
    assert_int_equal(house->told_of, 1);
    const struct command *last = shared_house_submit(house, 3, 1, 2);
    shared_house_run(house, NOW_MS);
    assert_int_equal(house->told_of, 2);
    assert_true(house->version == last->answer.map_version);
}

#define SHARED_TEST(function) \
    cmocka_unit_test_setup_teardown(function, shared_house_setup, shared_house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHARED_TEST(a_turn_that_lost_is_decided_again_in_its_order),
        SHARED_TEST(what_is_decided_again_comes_before_what_still_waited),
        SHARED_TEST(a_race_seen_while_gathering_is_one_too),
        SHARED_TEST(who_loses_for_long_hears_so_and_the_others_go_on),
        SHARED_TEST(a_race_that_is_never_won_ends),
        SHARED_TEST(a_batch_is_one_showtimes_turn),
        SHARED_TEST(an_unknown_outcome_is_told_and_the_engine_goes_on),
        SHARED_TEST(a_hold_is_dead_at_its_end_and_its_seat_free_when_every_clock_says_so),
        SHARED_TEST(others_are_told_of_what_was_committed_and_of_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
