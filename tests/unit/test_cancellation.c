/* test_cancellation.c - a customer gives seats back, once. */
#include "support/turn_fixture.h"
#include "support/unit.h"

#define STATEMENT(name) \
    cmocka_unit_test_setup_teardown(name, turn_fixture_setup, turn_fixture_teardown)

static void assert_refused(struct turn_fixture *fixture, const char *user, struct id booking,
                           enum refusal refusal)
{
    struct command command = turn_fixture_cancel(user, booking);
    const uint64_t version = fixture->map.version;
    assert_int_equal(turn_fixture_decide(fixture, &command)->refusal, refusal);
    assert_false(turn_changed(fixture->turn));
    assert_true(fixture->map.version == version);
}

static void a_cancel_frees_all_seats_and_ends_the_payment(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1 A2", 1);
    const struct payment payment = turn_fixture_paying(fixture, &booking, PAYMENT_MOMO, 2);
    const uint64_t version = fixture->map.version;
    fixture->now_ms += 5000;
    struct command command = turn_fixture_cancel("an", booking.id);
    const struct answer *answer = turn_fixture_decide(fixture, &command);
    assert_int_equal(answer->refusal, REFUSAL_NONE);
    assert_int_equal(answer->booking.status, BOOKING_CANCELLED);
    assert_true(answer->booking.cancelled_at_ms == fixture->now_ms);
    assert_true(answer->map_version == version + 1);
    assert_int_equal(turn_fixture_state(fixture, "A1"), SEAT_AVAILABLE);
    assert_int_equal(turn_fixture_state(fixture, "A2"), SEAT_AVAILABLE);
    assert_int_equal(turn_fixture_payment(fixture, payment.id)->status, PAYMENT_FAILED);
    assert_int_equal(turn_fixture_payment(fixture, payment.id)->reason, REASON_BOOKING_CANCELLED);
    assert_int_equal(fixture->turn->seat_change_count, 2);
    assert_true(id_equal(fixture->turn->seat_changes[0].booking_before, booking.id));
    assert_int_equal(fixture->turn->seat_changes[0].state_before, SEAT_HELD);
}

static void a_second_cancel_answers_the_same_and_changes_nothing(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    struct command first = turn_fixture_cancel("an", booking.id);
    turn_fixture_decide(fixture, &first);
    const uint64_t version = fixture->map.version;
    fixture->now_ms += 5000;
    struct command second = turn_fixture_cancel("an", booking.id);
    turn_fixture_decide(fixture, &second);
    assert_int_equal(second.answer.refusal, REFUSAL_NONE);
    assert_true(second.answer.booking.cancelled_at_ms == first.answer.booking.cancelled_at_ms);
    assert_false(turn_changed(fixture->turn));
    assert_true(fixture->map.version == version);
}

static void the_seats_of_a_cancelled_booking_can_be_held_by_the_next(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    struct command cancel = turn_fixture_cancel("an", booking.id);
    struct command hold = turn_fixture_hold("binh", "A1", 2);
    struct command *const commands[] = {&cancel, &hold};
    turn_fixture_run(fixture, commands, 2);
    assert_int_equal(hold.answer.refusal, REFUSAL_NONE);
    struct command again = turn_fixture_cancel("an", booking.id);
    turn_fixture_decide(fixture, &again);
    assert_int_equal(again.answer.refusal, REFUSAL_NONE);
    assert_int_equal(turn_fixture_state(fixture, "A1"), SEAT_HELD);
}

static void a_confirmed_booking_keeps_its_seats(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    const struct payment payment = turn_fixture_paying(fixture, &booking, PAYMENT_MOMO, 2);
    struct command money = turn_fixture_money(&payment, MONEY_PAID);
    turn_fixture_decide(fixture, &money);
    assert_refused(fixture, "an", booking.id, REFUSAL_BOOKING_CANNOT_BE_CANCELLED);
    assert_int_equal(turn_fixture_state(fixture, "A1"), SEAT_BOOKED);
}

static void a_booking_whose_time_is_over_cannot_be_cancelled(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    fixture->now_ms = booking.hold_expires_at_ms;
    assert_refused(fixture, "an", booking.id, REFUSAL_BOOKING_CANNOT_BE_CANCELLED);
    turn_fixture_lapse(fixture);
    assert_refused(fixture, "an", booking.id, REFUSAL_BOOKING_CANNOT_BE_CANCELLED);
}

static void somebody_elses_booking_is_not_owned(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    assert_refused(fixture, "binh", booking.id, REFUSAL_BOOKING_NOT_OWNED);
}

static void a_booking_that_is_not_there_is_not_found(void **state)
{
    struct turn_fixture *fixture = *state;
    assert_refused(fixture, "an", turn_fixture_id(9), REFUSAL_BOOKING_NOT_FOUND);
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    fixture->has_map = false;
    assert_refused(fixture, "an", booking.id, REFUSAL_BOOKING_NOT_FOUND);
}

static void a_seat_that_went_to_another_booking_is_left_alone(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1 A2 A3 A4 A5", 1);
    fixture->map.claims[turn_fixture_place(fixture, "A1")].booking = turn_fixture_id(9);
    fixture->map.states[turn_fixture_place(fixture, "A4")] = SEAT_AVAILABLE;
    fixture->map.states[turn_fixture_place(fixture, "A3")] = SEAT_ABSENT;
    struct command command = turn_fixture_cancel("an", booking.id);
    turn_fixture_decide(fixture, &command);
    assert_int_equal(turn_fixture_state(fixture, "A1"), SEAT_HELD);
    assert_int_equal(turn_fixture_state(fixture, "A2"), SEAT_AVAILABLE);
    assert_int_equal(fixture->turn->seat_change_count, 2);
}

static void a_cancel_does_not_need_the_row_of_its_payment(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    turn_fixture_paying(fixture, &booking, PAYMENT_MOMO, 2);
    fixture->payment_count = 0;
    struct command command = turn_fixture_cancel("an", booking.id);
    assert_int_equal(turn_fixture_decide(fixture, &command)->refusal, REFUSAL_NONE);
    assert_int_equal(turn_fixture_state(fixture, "A1"), SEAT_AVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STATEMENT(a_cancel_frees_all_seats_and_ends_the_payment),
        STATEMENT(a_second_cancel_answers_the_same_and_changes_nothing),
        STATEMENT(the_seats_of_a_cancelled_booking_can_be_held_by_the_next),
        STATEMENT(a_confirmed_booking_keeps_its_seats),
        STATEMENT(a_booking_whose_time_is_over_cannot_be_cancelled),
        STATEMENT(somebody_elses_booking_is_not_owned),
        STATEMENT(a_booking_that_is_not_there_is_not_found),
        STATEMENT(a_seat_that_went_to_another_booking_is_left_alone),
        STATEMENT(a_cancel_does_not_need_the_row_of_its_payment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
