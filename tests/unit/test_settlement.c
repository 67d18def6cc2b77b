/* test_settlement.c - the guards D0-D6: seats or refund, once per payment. */
#include "support/turn_fixture.h"
#include "support/unit.h"

#define STATEMENT(name) \
    cmocka_unit_test_setup_teardown(name, turn_fixture_setup, turn_fixture_teardown)

/* A booking of A1 and A2 with an open payment. */
static struct payment open_payment(struct turn_fixture *fixture)
{
    const struct booking booking = turn_fixture_held(fixture, "an", "A1 A2", 1);
    return turn_fixture_paying(fixture, &booking, PAYMENT_MOMO, 2);
}

static enum money_outcome pay_in(struct turn_fixture *fixture, const struct payment *payment)
{
    struct command money = turn_fixture_money(payment, MONEY_PAID);
    const struct answer *answer = turn_fixture_decide(fixture, &money);
    assert_int_equal(answer->failure, ERROR_NONE);
    assert_int_equal(answer->refusal, REFUSAL_NONE);
    return answer->outcome;
}

static void assert_kept(struct turn_fixture *fixture, const struct payment *payment)
{
    assert_int_equal(turn_fixture_payment(fixture, payment->id)->status, PAYMENT_COMPLETED);
    const struct booking *booking = turn_fixture_booking(fixture, payment->booking);
    assert_int_equal(booking->status, BOOKING_CONFIRMED);
    assert_true(id_equal(booking->payment, payment->id));
    for (uint32_t index = 0; index < booking->seat_count; index++) {
        const uint32_t place = seat_map_find(&fixture->map, booking->seats[index].name);
        assert_int_equal(fixture->map.states[place], SEAT_BOOKED);
        assert_true(id_equal(fixture->map.claims[place].booking, booking->id));
    }
}

static void assert_refunded(struct turn_fixture *fixture, const struct payment *payment,
                            enum payment_reason reason)
{
    const struct payment *now = turn_fixture_payment(fixture, payment->id);
    assert_int_equal(now->status, PAYMENT_REFUND_DUE);
    assert_int_equal(now->reason, reason);
    assert_true(now->refund_requested_at_ms == fixture->now_ms);
}

static void money_in_time_buys_the_seats(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct payment payment = open_payment(fixture);
    const uint64_t version = fixture->map.version;
    struct command money = turn_fixture_money(&payment, MONEY_PAID);
    money.paid_at_ms = FIXTURE_NOW_MS - 5;
    const struct answer *answer = turn_fixture_decide(fixture, &money);
    assert_int_equal(answer->outcome, MONEY_CONFIRMED);
    assert_true(answer->map_version == version + 1);
    assert_int_equal(answer->booking.status, BOOKING_CONFIRMED);
    assert_int_equal(answer->payment.status, PAYMENT_COMPLETED);
    assert_true(answer->payment.paid_at_ms == FIXTURE_NOW_MS - 5);
    assert_true(answer->payment.paid_amount == payment.amount);
    assert_kept(fixture, &payment);
}

static void money_without_a_date_was_paid_now(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct payment payment = open_payment(fixture);
    pay_in(fixture, &payment);
    assert_true(turn_fixture_payment(fixture, payment.id)->paid_at_ms == fixture->now_ms);
}

static void d0_money_that_was_kept_stays_kept_however_often_it_is_told(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct payment payment = open_payment(fixture);
    assert_int_equal(pay_in(fixture, &payment), MONEY_CONFIRMED);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(pay_in(fixture, &payment), MONEY_KNOWN_ALREADY);
        assert_false(turn_changed(fixture->turn));
    }
    assert_kept(fixture, &payment);
}

static void d0_a_refund_is_asked_for_once(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct payment payment = open_payment(fixture);
    struct command cancel = turn_fixture_cancel("an", payment.booking);
    turn_fixture_decide(fixture, &cancel);
    assert_int_equal(pay_in(fixture, &payment), MONEY_TO_REFUND);
    assert_refunded(fixture, &payment, REASON_BOOKING_CANCELLED);
    const int64_t asked_at_ms = fixture->now_ms;
    fixture->now_ms += 1000;
    assert_int_equal(pay_in(fixture, &payment), MONEY_KNOWN_ALREADY);
    assert_true(turn_fixture_payment(fixture, payment.id)->refund_requested_at_ms == asked_at_ms);
}

static void another_amount_is_refunded_and_the_hold_goes_on(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct payment payment = open_payment(fixture);
    struct command money = turn_fixture_money(&payment, MONEY_PAID);
    money.amount = 1;
    assert_int_equal(turn_fixture_decide(fixture, &money)->outcome, MONEY_TO_REFUND);
    assert_refunded(fixture, &payment, REASON_AMOUNT_MISMATCH);
    assert_true(turn_fixture_payment(fixture, payment.id)->paid_amount == 1);
    assert_int_equal(turn_fixture_state(fixture, "A1"), SEAT_HELD);
    const struct booking booking = *turn_fixture_booking(fixture, payment.booking);
    assert_int_equal(booking.status, BOOKING_PENDING);
    const struct payment second = turn_fixture_paying(fixture, &booking, PAYMENT_MOMO, 3);
    assert_int_equal(pay_in(fixture, &second), MONEY_CONFIRMED);
    assert_kept(fixture, &second);
    assert_refunded(fixture, &payment, REASON_AMOUNT_MISMATCH);
}

static void another_currency_is_refunded_like_another_amount(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct payment payment = open_payment(fixture);
    struct command money = turn_fixture_money(&payment, MONEY_PAID);
    money.currency = (struct currency){"USD"};
    const struct answer *answer = turn_fixture_decide(fixture, &money);
    assert_int_equal(answer->outcome, MONEY_TO_REFUND);
    assert_slice_equal(currency_text(&answer->payment.paid_currency), SLICE("USD"));
    assert_refunded(fixture, &payment, REASON_CURRENCY_MISMATCH);
    assert_int_equal(turn_fixture_state(fixture, "A1"), SEAT_HELD);
}

static void d2_of_two_paid_payments_the_first_decided_is_kept(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct payment first = open_payment(fixture);
    const struct booking booking = *turn_fixture_booking(fixture, first.booking);
    const struct payment second = turn_fixture_paying(fixture, &booking, PAYMENT_CARD, 3);
    assert_int_equal(pay_in(fixture, &second), MONEY_CONFIRMED);
    assert_int_equal(pay_in(fixture, &first), MONEY_TO_REFUND);
    assert_kept(fixture, &second);
    assert_refunded(fixture, &first, REASON_BOOKING_PAID);
}

static void d3_superseded_money_that_comes_first_is_kept_and_ends_the_other(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct payment first = open_payment(fixture);
    const struct booking booking = *turn_fixture_booking(fixture, first.booking);
    const struct payment second = turn_fixture_paying(fixture, &booking, PAYMENT_CARD, 3);
    assert_int_equal(pay_in(fixture, &first), MONEY_CONFIRMED);
    assert_kept(fixture, &first);
    assert_int_equal(turn_fixture_payment(fixture, second.id)->status, PAYMENT_FAILED);
    assert_int_equal(turn_fixture_payment(fixture, second.id)->reason, REASON_BOOKING_PAID);
    assert_int_equal(pay_in(fixture, &second), MONEY_TO_REFUND);
    assert_refunded(fixture, &second, REASON_BOOKING_PAID);
}

static void d3_a_live_hold_gets_its_seats_after_the_start_too(void **state)
{
    struct turn_fixture *fixture = *state;
    fixture->now_ms = FIXTURE_STARTS_AT_MS - 1;
    const struct payment payment = open_payment(fixture);
    fixture->now_ms = FIXTURE_STARTS_AT_MS + 1;
    assert_int_equal(pay_in(fixture, &payment), MONEY_CONFIRMED);
    assert_kept(fixture, &payment);
}

static void d3_success_after_failed_buys_the_seats(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct payment payment = open_payment(fixture);
    struct command failed = turn_fixture_money(&payment, MONEY_FAILED);
    assert_int_equal(turn_fixture_decide(fixture, &failed)->outcome, MONEY_NOTED);
    assert_int_equal(turn_fixture_state(fixture, "A1"), SEAT_HELD);
    assert_int_equal(pay_in(fixture, &payment), MONEY_CONFIRMED);
    assert_kept(fixture, &payment);
}

static void d4_money_for_a_cancelled_booking_goes_back(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct payment payment = open_payment(fixture);
    struct command cancel = turn_fixture_cancel("an", payment.booking);
    struct command money = turn_fixture_money(&payment, MONEY_PAID);
    struct command *const commands[] = {&cancel, &money};
    turn_fixture_run(fixture, commands, 2);
    assert_int_equal(money.answer.outcome, MONEY_TO_REFUND);
    assert_refunded(fixture, &payment, REASON_BOOKING_CANCELLED);
    assert_int_equal(turn_fixture_state(fixture, "A1"), SEAT_AVAILABLE);
}

static void d4_late_money_for_a_show_that_has_begun_goes_back(void **state)
{
    struct turn_fixture *fixture = *state;
    fixture->now_ms = FIXTURE_STARTS_AT_MS - PAYMENT_MS_DEFAULT;
    const struct payment payment = open_payment(fixture);
    fixture->now_ms = FIXTURE_STARTS_AT_MS;
    turn_fixture_lapse(fixture);
    assert_int_equal(pay_in(fixture, &payment), MONEY_TO_REFUND);
    assert_refunded(fixture, &payment, REASON_SHOWTIME_STARTED);
}

static void d4_late_money_for_a_cancelled_show_goes_back(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct payment payment = open_payment(fixture);
    fixture->now_ms = payment.expires_at_ms;
    turn_fixture_lapse(fixture);
    fixture->map.status = SHOWTIME_CANCELLED;
    assert_int_equal(pay_in(fixture, &payment), MONEY_TO_REFUND);
    assert_refunded(fixture, &payment, REASON_SHOWTIME_CANCELLED);
}

static void d5_late_money_finds_its_seats_if_all_are_free(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct payment payment = open_payment(fixture);
    fixture->now_ms = FIXTURE_STARTS_AT_MS - 1;
    turn_fixture_lapse(fixture);
    assert_int_equal(turn_fixture_booking(fixture, payment.booking)->status, BOOKING_EXPIRED);
    assert_int_equal(turn_fixture_payment(fixture, payment.id)->reason, REASON_EXPIRED);
    assert_int_equal(turn_fixture_state(fixture, "A1"), SEAT_AVAILABLE);
    assert_int_equal(pay_in(fixture, &payment), MONEY_CONFIRMED);
    assert_kept(fixture, &payment);
}

static void d5_late_money_finds_seats_that_nobody_has_freed_yet(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct payment payment = open_payment(fixture);
    fixture->now_ms = payment.expires_at_ms;
    assert_int_equal(pay_in(fixture, &payment), MONEY_CONFIRMED);
    assert_kept(fixture, &payment);
}

static void d6_late_money_goes_back_if_one_seat_is_somebody_elses(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct payment payment = open_payment(fixture);
    fixture->now_ms = payment.expires_at_ms;
    turn_fixture_lapse(fixture);
    const struct booking rival = turn_fixture_held(fixture, "binh", "A2", 3);
    assert_int_equal(pay_in(fixture, &payment), MONEY_TO_REFUND);
    assert_refunded(fixture, &payment, REASON_SEATS_TAKEN);
    assert_int_equal(turn_fixture_state(fixture, "A1"), SEAT_AVAILABLE);
    const uint32_t place = turn_fixture_place(fixture, "A2");
    assert_true(id_equal(fixture->map.claims[place].booking, rival.id));
}

static void d6_money_goes_back_if_a_seat_is_blocked_or_gone(void **state)
{
    static const enum seat_state states[] = {SEAT_BLOCKED, SEAT_ABSENT, SEAT_BOOKED};
    struct turn_fixture *fixture = *state;
    for (uint64_t index = 0; index < 3; index++) {
        const struct booking booking = turn_fixture_held(fixture, "an", "A1", 10 + 2 * index);
        const struct payment payment =
            turn_fixture_paying(fixture, &booking, PAYMENT_MOMO, 11 + 2 * index);
        fixture->now_ms = payment.expires_at_ms;
        turn_fixture_lapse(fixture);
        fixture->map.states[0] = (uint8_t)states[index];
        assert_int_equal(pay_in(fixture, &payment), MONEY_TO_REFUND);
        assert_refunded(fixture, &payment, REASON_SEATS_TAKEN);
        fixture->map.states[0] = SEAT_AVAILABLE;
    }
}

static void a_live_hold_that_has_lost_a_seat_is_refunded(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct payment payment = open_payment(fixture);
    fixture->map.claims[0].booking = turn_fixture_id(9);
    assert_int_equal(pay_in(fixture, &payment), MONEY_TO_REFUND);
    assert_refunded(fixture, &payment, REASON_SEATS_TAKEN);
}

static void money_before_the_end_in_one_turn_keeps_its_seats(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct payment payment = open_payment(fixture);
    fixture->now_ms = payment.expires_at_ms + 1;
    struct command money = turn_fixture_money(&payment, MONEY_PAID);
    struct command end = turn_fixture_expire(payment.booking);
    struct command *const both[] = {&money, &end};
    turn_fixture_run(fixture, both, 2);
    assert_false(fixture->turn->contradicted);
    assert_int_equal(end.answer.booking.status, BOOKING_CONFIRMED);
    assert_kept(fixture, &payment);
}

static void failed_does_not_end_the_hold_and_is_noted_once(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct payment payment = open_payment(fixture);
    const uint64_t version = fixture->map.version;
    struct command failed = turn_fixture_money(&payment, MONEY_FAILED);
    assert_int_equal(turn_fixture_decide(fixture, &failed)->outcome, MONEY_NOTED);
    assert_int_equal(turn_fixture_payment(fixture, payment.id)->reason, REASON_DECLINED);
    assert_int_equal(turn_fixture_state(fixture, "A1"), SEAT_HELD);
    assert_true(fixture->map.version == version);
    assert_int_equal(turn_fixture_decide(fixture, &failed)->outcome, MONEY_KNOWN_ALREADY);
    assert_false(turn_changed(fixture->turn));
}

static void pending_is_noted_and_never_undoes_anything(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct payment payment = open_payment(fixture);
    struct command pending = turn_fixture_money(&payment, MONEY_PENDING);
    assert_int_equal(turn_fixture_decide(fixture, &pending)->outcome, MONEY_NOTED);
    assert_int_equal(turn_fixture_payment(fixture, payment.id)->status, PAYMENT_PROCESSING);
    assert_int_equal(turn_fixture_decide(fixture, &pending)->outcome, MONEY_KNOWN_ALREADY);
    assert_int_equal(pay_in(fixture, &payment), MONEY_CONFIRMED);
    assert_int_equal(turn_fixture_decide(fixture, &pending)->outcome, MONEY_KNOWN_ALREADY);
    assert_kept(fixture, &payment);
}

static void failed_after_paid_is_ignored(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct payment payment = open_payment(fixture);
    pay_in(fixture, &payment);
    struct command failed = turn_fixture_money(&payment, MONEY_FAILED);
    assert_int_equal(turn_fixture_decide(fixture, &failed)->outcome, MONEY_KNOWN_ALREADY);
    assert_kept(fixture, &payment);
}

static void an_unknown_payment_or_another_provider_is_not_found(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct payment payment = open_payment(fixture);
    struct command foreign = turn_fixture_money(&payment, MONEY_PAID);
    foreign.method = PAYMENT_CARD;
    assert_int_equal(turn_fixture_decide(fixture, &foreign)->refusal, REFUSAL_PAYMENT_NOT_FOUND);
    assert_false(turn_changed(fixture->turn));
    struct command unknown = turn_fixture_money(&payment, MONEY_PAID);
    unknown.payment = turn_fixture_id(9);
    assert_int_equal(turn_fixture_decide(fixture, &unknown)->refusal, REFUSAL_PAYMENT_NOT_FOUND);
}

static void a_payment_without_its_booking_or_showtime_is_a_failure(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct payment payment = open_payment(fixture);
    fixture->has_map = false;
    struct command money = turn_fixture_money(&payment, MONEY_PAID);
    assert_int_equal(turn_fixture_decide(fixture, &money)->failure, ERROR_INTERNAL_ERROR);
    fixture->has_map = true;
    fixture->booking_count = 0;
    assert_int_equal(turn_fixture_decide(fixture, &money)->failure, ERROR_INTERNAL_ERROR);
    assert_false(turn_changed(fixture->turn));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STATEMENT(money_in_time_buys_the_seats),
        STATEMENT(money_without_a_date_was_paid_now),
        STATEMENT(d0_money_that_was_kept_stays_kept_however_often_it_is_told),
        STATEMENT(d0_a_refund_is_asked_for_once),
        STATEMENT(another_amount_is_refunded_and_the_hold_goes_on),
        STATEMENT(another_currency_is_refunded_like_another_amount),
        STATEMENT(d2_of_two_paid_payments_the_first_decided_is_kept),
        STATEMENT(d3_superseded_money_that_comes_first_is_kept_and_ends_the_other),
        STATEMENT(d3_a_live_hold_gets_its_seats_after_the_start_too),
        STATEMENT(d3_success_after_failed_buys_the_seats),
        STATEMENT(d4_money_for_a_cancelled_booking_goes_back),
        STATEMENT(d4_late_money_for_a_show_that_has_begun_goes_back),
        STATEMENT(d4_late_money_for_a_cancelled_show_goes_back),
        STATEMENT(d5_late_money_finds_its_seats_if_all_are_free),
        STATEMENT(d5_late_money_finds_seats_that_nobody_has_freed_yet),
        STATEMENT(d6_late_money_goes_back_if_one_seat_is_somebody_elses),
        STATEMENT(d6_money_goes_back_if_a_seat_is_blocked_or_gone),
        STATEMENT(a_live_hold_that_has_lost_a_seat_is_refunded),
        STATEMENT(money_before_the_end_in_one_turn_keeps_its_seats),
        STATEMENT(failed_does_not_end_the_hold_and_is_noted_once),
        STATEMENT(pending_is_noted_and_never_undoes_anything),
        STATEMENT(failed_after_paid_is_ignored),
        STATEMENT(an_unknown_payment_or_another_provider_is_not_found),
        STATEMENT(a_payment_without_its_booking_or_showtime_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
