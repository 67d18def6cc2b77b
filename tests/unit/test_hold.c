/* test_hold.c - a hold takes all its seats or none, and says every reason. */
#include "support/turn_fixture.h"
#include "support/unit.h"

#define STATEMENT(name) \
    cmocka_unit_test_setup_teardown(name, turn_fixture_setup, turn_fixture_teardown)

static void assert_refused(struct turn_fixture *fixture, struct command *command,
                           enum refusal refusal)
{
    const uint64_t version = fixture->map.version;
    const uint32_t available = seat_map_available(&fixture->map);
    const uint64_t next_booking = fixture->numbers.next_booking;
    const struct answer *answer = turn_fixture_decide(fixture, command);
    assert_int_equal(answer->failure, ERROR_NONE);
    assert_int_equal(answer->refusal, refusal);
    assert_false(turn_changed(fixture->turn));
    assert_true(fixture->map.version == version);
    assert_int_equal(seat_map_available(&fixture->map), available);
    assert_true(id_is_none(answer->booking.id));
    assert_true(fixture->numbers.next_booking == next_booking);
}

static void a_hold_takes_all_its_seats_until_its_end(void **state)
{
    struct turn_fixture *fixture = *state;
    struct command command = turn_fixture_hold("an", "A1 B2 C3", 1);
    const struct answer *answer = turn_fixture_decide(fixture, &command);
    assert_int_equal(answer->refusal, REFUSAL_NONE);
    assert_false(answer->replayed);
    assert_true(answer->created);
    assert_true(answer->map_version == 2);
    const struct booking *booking = &answer->booking;
    assert_int_equal(booking->status, BOOKING_PENDING);
    assert_true(id_equal(booking->showtime, fixture->map.showtime));
    assert_true(booking->held_at_ms == FIXTURE_NOW_MS);
    assert_true(booking->hold_expires_at_ms == FIXTURE_NOW_MS + HOLD_MS_DEFAULT);
    assert_true(booking->first_expires_at_ms == booking->hold_expires_at_ms);
    static const char *const seats[] = {"A1", "B2", "C3"};
    for (size_t index = 0; index < 3; index++) {
        const uint32_t place = turn_fixture_place(fixture, seats[index]);
        assert_int_equal(fixture->map.states[place], SEAT_HELD);
        assert_true(id_equal(fixture->map.claims[place].booking, booking->id));
        assert_true(fixture->map.claims[place].held_until_ms == booking->hold_expires_at_ms);
    }
    assert_true(fixture->map.next_lapse_ms == booking->hold_expires_at_ms);
    assert_int_equal(fixture->turn->seat_change_count, 3);
}

static void seats_are_sold_as_what_they_are_and_add_up(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "C3 A1 B2", 1);
    assert_int_equal(booking.seat_count, 3);
    assert_int_equal(booking.seats[0].name.row, 2);
    assert_int_equal(booking.seats[0].type, SEAT_COUPLE);
    assert_true(booking.seats[0].price == FIXTURE_PRICE_COUPLE);
    assert_true(booking.seats[1].price == FIXTURE_PRICE_VIP);
    assert_true(booking.seats[2].price == FIXTURE_PRICE_STANDARD);
    const int64_t total = FIXTURE_PRICE_COUPLE + FIXTURE_PRICE_VIP + FIXTURE_PRICE_STANDARD;
    assert_true(booking.total_amount == total);
    assert_true(booking.discount_amount == 0);
    assert_true(booking.final_amount == total);
}

static void one_taken_seat_refuses_the_whole_hold(void **state)
{
    struct turn_fixture *fixture = *state;
    turn_fixture_held(fixture, "an", "A2", 1);
    struct command command = turn_fixture_hold("binh", "A1 A2 A3", 2);
    assert_refused(fixture, &command, REFUSAL_SEAT_HELD_BY_ANOTHER);
    assert_int_equal(turn_fixture_state(fixture, "A1"), SEAT_AVAILABLE);
    assert_int_equal(turn_fixture_state(fixture, "A3"), SEAT_AVAILABLE);
    assert_int_equal(command.answer.conflict_count, 1);
    assert_int_equal(command.answer.conflicts[0].name.col, 2);
    assert_int_equal(command.answer.conflicts[0].state, SEAT_HELD);
    assert_false(command.answer.conflicts[0].yours);
}

static void every_seat_in_the_way_is_named_in_the_order_asked(void **state)
{
    struct turn_fixture *fixture = *state;
    turn_fixture_held(fixture, "an", "A1 A2", 1);
    fixture->map.states[turn_fixture_place(fixture, "B1")] = SEAT_BOOKED;
    struct command command = turn_fixture_hold("binh", "B10 A2 C1 B1 A1", 2);
    assert_refused(fixture, &command, REFUSAL_SEAT_ALREADY_BOOKED);
    static const enum seat_state states[] = {SEAT_BLOCKED, SEAT_HELD, SEAT_BOOKED, SEAT_HELD};
    assert_int_equal(command.answer.conflict_count, 4);
    for (size_t index = 0; index < 4; index++) {
        assert_int_equal(command.answer.conflicts[index].state, states[index]);
    }
}

static void the_firmest_conflict_gives_the_code(void **state)
{
    static const struct {
        const char *seats;
        enum refusal refusal;
    } cases[] = {
        {"B10", REFUSAL_SEAT_BLOCKED},
        {"B10 A1", REFUSAL_SEAT_HELD_BY_ANOTHER},
        {"A1 B10", REFUSAL_SEAT_HELD_BY_ANOTHER},
        {"A1 B10 B1", REFUSAL_SEAT_ALREADY_BOOKED},
        {"B1 A1 B10", REFUSAL_SEAT_ALREADY_BOOKED},
    };
    struct turn_fixture *fixture = *state;
    turn_fixture_held(fixture, "an", "A1", 1);
    fixture->map.states[turn_fixture_place(fixture, "B1")] = SEAT_BOOKED;
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
        struct command command = turn_fixture_hold("binh", cases[index].seats, 10 + index);
        assert_refused(fixture, &command, cases[index].refusal);
    }
}

static void my_own_held_seat_conflicts_and_is_marked_as_mine(void **state)
{
    struct turn_fixture *fixture = *state;
    turn_fixture_held(fixture, "an", "A1", 1);
    turn_fixture_held(fixture, "binh", "A2", 2);
    struct command command = turn_fixture_hold("an", "A1 A2 B10", 3);
    assert_refused(fixture, &command, REFUSAL_SEAT_HELD_BY_ANOTHER);
    assert_true(command.answer.conflicts[0].yours);
    assert_false(command.answer.conflicts[1].yours);
    assert_false(command.answer.conflicts[2].yours);
}

static void my_own_booked_seat_is_simply_booked(void **state)
{
    struct turn_fixture *fixture = *state;
    turn_fixture_held(fixture, "an", "A1", 1);
    fixture->map.states[turn_fixture_place(fixture, "A1")] = SEAT_BOOKED;
    struct command command = turn_fixture_hold("an", "A1", 3);
    assert_refused(fixture, &command, REFUSAL_SEAT_ALREADY_BOOKED);
    assert_false(command.answer.conflicts[0].yours);
}

static void seats_that_no_layout_has_are_all_named(void **state)
{
    struct turn_fixture *fixture = *state;
    turn_fixture_held(fixture, "an", "A1", 1);
    struct command command = turn_fixture_hold("binh", "A1 C10 D1 A11 A01", 2);
    assert_refused(fixture, &command, REFUSAL_INVALID_SEAT);
    assert_int_equal(command.answer.conflict_count, 4);
    for (size_t index = 0; index < 4; index++) {
        assert_int_equal(command.answer.conflicts[index].state, SEAT_ABSENT);
    }
}

static void a_showtime_that_is_not_there_is_not_found(void **state)
{
    struct turn_fixture *fixture = *state;
    fixture->has_map = false;
    struct command command = turn_fixture_hold("an", "A1", 1);
    assert_refused(fixture, &command, REFUSAL_SHOWTIME_NOT_FOUND);
    assert_true(command.answer.map_version == 0);
}

static void a_cancelled_showtime_is_not_available(void **state)
{
    struct turn_fixture *fixture = *state;
    fixture->map.status = SHOWTIME_CANCELLED;
    struct command command = turn_fixture_hold("an", "A1", 1);
    assert_refused(fixture, &command, REFUSAL_SHOWTIME_NOT_AVAILABLE);
}

static void seats_are_held_until_the_very_start_and_not_at_it(void **state)
{
    struct turn_fixture *fixture = *state;
    fixture->now_ms = FIXTURE_STARTS_AT_MS - 1;
    turn_fixture_held(fixture, "an", "A1", 1);
    fixture->now_ms = FIXTURE_STARTS_AT_MS;
    struct command command = turn_fixture_hold("an", "A2", 2);
    assert_refused(fixture, &command, REFUSAL_SHOWTIME_ALREADY_STARTED);
}

static void from_its_end_on_a_showtime_is_not_available(void **state)
{
    struct turn_fixture *fixture = *state;
    fixture->now_ms = FIXTURE_ENDS_AT_MS - 1;
    struct command before = turn_fixture_hold("an", "A1", 1);
    assert_refused(fixture, &before, REFUSAL_SHOWTIME_ALREADY_STARTED);
    fixture->now_ms = FIXTURE_ENDS_AT_MS;
    struct command after = turn_fixture_hold("an", "A1", 2);
    assert_refused(fixture, &after, REFUSAL_SHOWTIME_NOT_AVAILABLE);
}

static void a_user_may_hold_up_to_the_limit_and_hears_when_to_come_back(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking first =
        turn_fixture_held(fixture, "an", "A1 A2 A3 A4 A5 A6 A7 A8 A9 A10", 1);
    fixture->now_ms += 1000;
    turn_fixture_held(fixture, "an", "C1 C2 C3 C4 C5 C6 C7 C8 C9 B1", 2);
    struct command command = turn_fixture_hold("an", "B2", 3);
    assert_refused(fixture, &command, REFUSAL_TOO_MANY_HOLDS);
    assert_true(command.answer.retry_at_ms == first.hold_expires_at_ms);
    turn_fixture_held(fixture, "binh", "B2", 4);
}

static void conflicts_are_looked_at_before_hoarding(void **state)
{
    struct turn_fixture *fixture = *state;
    fixture->policy.held_seats_max = 1;
    turn_fixture_held(fixture, "an", "A1", 1);
    struct command command = turn_fixture_hold("an", "A1", 2);
    assert_refused(fixture, &command, REFUSAL_SEAT_HELD_BY_ANOTHER);
}

static void a_hold_larger_than_the_limit_is_told_to_wait_a_hold(void **state)
{
    struct turn_fixture *fixture = *state;
    fixture->policy.held_seats_max = 2;
    struct command command = turn_fixture_hold("an", "A1 A2 A3", 1);
    assert_refused(fixture, &command, REFUSAL_TOO_MANY_HOLDS);
    assert_true(command.answer.retry_at_ms == FIXTURE_NOW_MS + HOLD_MS_DEFAULT);
}

static void no_seats(void *context)
{
    struct command command = turn_fixture_hold("an", "", 1);
    turn_fixture_decide(context, &command);
}

static void a_hold_of_no_seats_is_a_bug(void **state)
{
    assert_true(unit_aborts(no_seats, *state));
}

static void a_hold_that_brings_its_id_and_code_draws_none(void **state)
{
    struct turn_fixture *fixture = *state;
    struct command command = turn_fixture_hold("an", "A1", 1);
    const uint64_t next_booking = fixture->numbers.next_booking;
    command.made = turn_fixture_id(77);
    command.made_code = (struct code){"ABCD2345"};
    const struct answer *answer = turn_fixture_decide(fixture, &command);
    assert_true(id_equal(answer->booking.id, command.made));
    assert_memory_equal(answer->booking.code.letters, "ABCD2345", CODE_SIZE);
    assert_true(fixture->numbers.next_booking == next_booking);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STATEMENT(a_hold_takes_all_its_seats_until_its_end),
        STATEMENT(seats_are_sold_as_what_they_are_and_add_up),
        STATEMENT(one_taken_seat_refuses_the_whole_hold),
        STATEMENT(every_seat_in_the_way_is_named_in_the_order_asked),
        STATEMENT(the_firmest_conflict_gives_the_code),
        STATEMENT(my_own_held_seat_conflicts_and_is_marked_as_mine),
        STATEMENT(my_own_booked_seat_is_simply_booked),
        STATEMENT(seats_that_no_layout_has_are_all_named),
        STATEMENT(a_showtime_that_is_not_there_is_not_found),
        STATEMENT(a_cancelled_showtime_is_not_available),
        STATEMENT(seats_are_held_until_the_very_start_and_not_at_it),
        STATEMENT(from_its_end_on_a_showtime_is_not_available),
        STATEMENT(a_user_may_hold_up_to_the_limit_and_hears_when_to_come_back),
        STATEMENT(conflicts_are_looked_at_before_hoarding),
        STATEMENT(a_hold_larger_than_the_limit_is_told_to_wait_a_hold),
        STATEMENT(a_hold_of_no_seats_is_a_bug),
        STATEMENT(a_hold_that_brings_its_id_and_code_draws_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
