/* test_showtime_cancellation.c - there will be no show: bookings end, and money goes back. */
#include "support/turn_fixture.h"
#include "support/unit.h"

#define STATEMENT(name) \
    cmocka_unit_test_setup_teardown(name, turn_fixture_setup, turn_fixture_teardown)

static void cancel_showtime(struct turn_fixture *fixture, struct staff_order *order)
{
    struct command cancel = turn_fixture_cancel_showtime("staff", "no light", order);
    assert_int_equal(turn_fixture_decide(fixture, &cancel)->refusal, REFUSAL_NONE);
}

static void assert_contradicted(struct turn_fixture *fixture, struct id booking)
{
    struct command end = turn_fixture_expire(booking);
    assert_int_equal(turn_fixture_decide(fixture, &end)->failure, ERROR_INTERNAL_ERROR);
    assert_true(fixture->turn->contradicted);
    assert_false(turn_changed(fixture->turn));
}

static void a_cancel_is_one_change_and_wakes_the_showtime_for_its_bookings(void **state)
{
    struct turn_fixture *fixture = *state;
    struct staff_order order;
    (void)turn_fixture_held(fixture, "an", "A1", 1);
    const uint64_t version = fixture->map.version;
    struct command cancel = turn_fixture_cancel_showtime("staff", "no light", &order);
    assert_true(turn_ends_with(&cancel));
    const struct answer *answer = turn_fixture_decide(fixture, &cancel);
    assert_int_equal(answer->refusal, REFUSAL_NONE);
    assert_true(answer->map_version == version + 1);
    assert_true(order.answer.cancelled_at_ms == fixture->now_ms);
    assert_slice_equal(reason_text(&order.answer.cancellation_reason), SLICE("no light"));
    assert_int_equal(fixture->map.status, SHOWTIME_CANCELLED);
    assert_true(fixture->turn->showtime_cancelled);
    assert_int_equal(fixture->map.next_lapse_ms, 0);
    assert_int_equal(fixture->turn->facts.journal[0].action, JOURNAL_CANCEL_SHOWTIME);
    assert_true(id_equal(fixture->turn->facts.journal[0].subject, fixture->map.showtime));
}

static void a_second_cancel_answers_like_the_first_and_changes_nothing(void **state)
{
    struct turn_fixture *fixture = *state;
    struct staff_order order;
    cancel_showtime(fixture, &order);
    assert_true(turn_changed(fixture->turn));
    assert_true(fixture->map.next_lapse_ms == INT64_MAX);
    const int64_t cancelled_at_ms = fixture->now_ms;
    const uint64_t version = fixture->map.version;
    fixture->now_ms += 5000;
    struct command again = turn_fixture_cancel_showtime("other", "no film", &order);
    assert_int_equal(turn_fixture_decide(fixture, &again)->refusal, REFUSAL_NONE);
    assert_true(order.answer.cancelled_at_ms == cancelled_at_ms);
    assert_slice_equal(reason_text(&order.answer.cancellation_reason), SLICE("no light"));
    assert_false(turn_changed(fixture->turn));
    assert_true(fixture->map.version == version);
}

static void a_showtime_that_is_not_there_cannot_be_cancelled(void **state)
{
    struct turn_fixture *fixture = *state;
    struct staff_order order;
    fixture->has_map = false;
    struct command cancel = turn_fixture_cancel_showtime("staff", "no light", &order);
    assert_int_equal(turn_fixture_decide(fixture, &cancel)->refusal, REFUSAL_SHOWTIME_NOT_FOUND);
}

static void every_booking_that_stands_must_end_and_no_block(void **state)
{
    struct turn_fixture *fixture = *state;
    struct staff_order order;
    const struct booking held = turn_fixture_held(fixture, "an", "A1 A2", 1);
    const struct booking sold = turn_fixture_held(fixture, "binh", "B1", 2);
    (void)turn_fixture_sold(fixture, &sold, 3);
    struct id ending[8];
    assert_int_equal(turn_ending(&fixture->map, fixture->now_ms, ending, 8), 0);
    assert_int_equal(turn_ending(&fixture->map, held.hold_expires_at_ms, ending, 8), 1);
    cancel_showtime(fixture, &order);
    assert_int_equal(turn_ending(&fixture->map, fixture->now_ms, ending, 8), 2);
    assert_true(id_equal(ending[0], held.id));
    assert_true(id_equal(ending[1], sold.id));
    assert_int_equal(turn_ending(&fixture->map, fixture->now_ms, ending, 1), 1);
    turn_fixture_lapse(fixture);
    assert_int_equal(turn_ending(&fixture->map, fixture->now_ms, ending, 8), 0);
    assert_true(fixture->map.next_lapse_ms == INT64_MAX);
    assert_int_equal(turn_fixture_state(fixture, "B10"), SEAT_BLOCKED);
}

static void a_held_booking_is_cancelled_with_its_open_payment(void **state)
{
    struct turn_fixture *fixture = *state;
    struct staff_order order;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1 A2", 1);
    const struct payment payment = turn_fixture_paying(fixture, &booking, PAYMENT_MOMO, 2);
    cancel_showtime(fixture, &order);
    fixture->now_ms += 10;
    turn_fixture_lapse(fixture);
    const struct booking *ended = turn_fixture_booking(fixture, booking.id);
    assert_int_equal(ended->status, BOOKING_CANCELLED);
    assert_true(ended->cancelled_at_ms == fixture->now_ms);
    assert_slice_equal(reason_text(&ended->cancellation_reason), SLICE("no light"));
    assert_int_equal(turn_fixture_state(fixture, "A1"), SEAT_AVAILABLE);
    const struct payment *failed = turn_fixture_payment(fixture, payment.id);
    assert_int_equal(failed->status, PAYMENT_FAILED);
    assert_int_equal(failed->reason, REASON_SHOWTIME_CANCELLED);

    struct command money = turn_fixture_money(&payment, MONEY_PAID);
    assert_int_equal(turn_fixture_decide(fixture, &money)->outcome, MONEY_TO_REFUND);
    assert_int_equal(money.answer.payment.reason, REASON_SHOWTIME_CANCELLED);
    assert_int_equal(fixture->turn->facts.journal_count, 0);
}

static void a_sold_booking_is_cancelled_and_its_money_goes_back_once(void **state)
{
    struct turn_fixture *fixture = *state;
    struct staff_order order;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    const struct payment paid = turn_fixture_sold(fixture, &booking, 2);
    cancel_showtime(fixture, &order);
    turn_fixture_lapse(fixture);
    assert_int_equal(turn_fixture_booking(fixture, booking.id)->status, BOOKING_CANCELLED);
    const struct payment *refund = turn_fixture_payment(fixture, paid.id);
    assert_int_equal(refund->status, PAYMENT_REFUND_DUE);
    assert_int_equal(refund->reason, REASON_SHOWTIME_CANCELLED);
    assert_true(refund->paid_amount == paid.amount);
    assert_contradicted(fixture, booking.id); /* What is over does not end again. */
}

static void a_sold_booking_whose_money_is_not_where_it_should_be_contradicts_its_seats(void **state)
{
    struct turn_fixture *fixture = *state;
    struct staff_order order;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    const struct payment paid = turn_fixture_sold(fixture, &booking, 2);
    cancel_showtime(fixture, &order);
    turn_fixture_payment(fixture, paid.id)->status = PAYMENT_REFUNDED;
    assert_contradicted(fixture, booking.id);
    turn_fixture_payment(fixture, paid.id)->status = PAYMENT_COMPLETED;
    turn_fixture_payment(fixture, paid.id)->booking = turn_fixture_id(99);
    assert_contradicted(fixture, booking.id);
    fixture->payment_count = 0;
    assert_contradicted(fixture, booking.id);
}

static void a_sold_booking_of_a_show_that_is_on_does_not_end(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    (void)turn_fixture_sold(fixture, &booking, 2);
    assert_contradicted(fixture, booking.id);
    assert_int_equal(turn_fixture_booking(fixture, booking.id)->status, BOOKING_CONFIRMED);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        STATEMENT(a_cancel_is_one_change_and_wakes_the_showtime_for_its_bookings),
        STATEMENT(a_second_cancel_answers_like_the_first_and_changes_nothing),
        STATEMENT(a_showtime_that_is_not_there_cannot_be_cancelled),
        STATEMENT(every_booking_that_stands_must_end_and_no_block),
        STATEMENT(a_held_booking_is_cancelled_with_its_open_payment),
        STATEMENT(a_sold_booking_is_cancelled_and_its_money_goes_back_once),
        STATEMENT(a_sold_booking_whose_money_is_not_where_it_should_be_contradicts_its_seats),
        STATEMENT(a_sold_booking_of_a_show_that_is_on_does_not_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
