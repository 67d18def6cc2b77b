/* test_pay.c - confirm and pay: one active payment, one longer hold. */
#include "support/turn_fixture.h"
#include "support/unit.h"

#define STATEMENT(name) \
    cmocka_unit_test_setup_teardown(name, turn_fixture_setup, turn_fixture_teardown)

static void assert_refused(struct turn_fixture *fixture, struct command *command,
                           enum refusal refusal)
{
    const uint64_t version = fixture->map.version;
    const struct answer *answer = turn_fixture_decide(fixture, command);
    assert_int_equal(answer->refusal, refusal);
    assert_false(turn_changed(fixture->turn));
    assert_true(fixture->map.version == version);
}

static void assert_both_refused(struct turn_fixture *fixture, struct id booking,
                                enum refusal of_pay, enum refusal of_confirm)
{
    static uint64_t key = 1000;
    struct command pay = turn_fixture_pay("an", booking, PAYMENT_MOMO, ++key);
    struct command confirm = turn_fixture_confirm("an", booking, PAYMENT_MOMO, ++key);
    assert_refused(fixture, &pay, of_pay);
    assert_refused(fixture, &confirm, of_confirm);
}

static void the_first_payment_extends_the_hold_to_its_own_end(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1 A2", 1);
    fixture->now_ms += 60000;
    struct command command = turn_fixture_pay("an", booking.id, PAYMENT_MOMO, 2);
    command.return_url = url_of(SLICE("https://cinema.example/back"));
    const struct answer *answer = turn_fixture_decide(fixture, &command);
    assert_int_equal(answer->refusal, REFUSAL_NONE);
    assert_true(answer->created);
    const int64_t end_ms = fixture->now_ms + PAYMENT_MS_DEFAULT;
    const struct payment *payment = &answer->payment;
    assert_int_equal(payment->status, PAYMENT_PENDING);
    assert_true(payment->expires_at_ms == end_ms);
    assert_true(payment->amount == booking.final_amount);
    assert_true(id_equal(payment->booking, booking.id));
    assert_true(uuid_is_none(payment->alias));
    assert_slice_equal(url_text(&payment->return_url), SLICE("https://cinema.example/back"));
    assert_true(slice_starts_with(url_text(&payment->payment_url),
                                  SLICE("https://pay.example/momo/pay/TXN_MOMO_")));
    assert_true(answer->booking.hold_expires_at_ms == end_ms);
    assert_true(answer->booking.first_expires_at_ms == booking.first_expires_at_ms);
    assert_true(answer->map_version == fixture->map.version);
    assert_true(fixture->map.version == 3);
    for (uint32_t place = 0; place < 2; place++) {
        assert_true(fixture->map.claims[place].held_until_ms == end_ms);
    }
}

static void a_payment_that_ends_earlier_leaves_the_hold_as_it_is(void **state)
{
    struct turn_fixture *fixture = *state;
    fixture->policy.payment_ms = HOLD_MS_DEFAULT / 2;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    const struct payment payment = turn_fixture_paying(fixture, &booking, PAYMENT_CARD, 2);
    assert_true(payment.expires_at_ms == FIXTURE_NOW_MS + HOLD_MS_DEFAULT / 2);
    assert_true(turn_fixture_booking(fixture, booking.id)->hold_expires_at_ms ==
                booking.hold_expires_at_ms);
    assert_true(fixture->map.version == 2);
}

static void a_confirms_payment_ends_with_the_hold_and_carries_the_key(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    struct command command = turn_fixture_confirm("an", booking.id, PAYMENT_VNPAY, 2);
    const struct answer *answer = turn_fixture_decide(fixture, &command);
    assert_int_equal(answer->refusal, REFUSAL_NONE);
    assert_true(answer->payment.expires_at_ms == booking.hold_expires_at_ms);
    assert_true(uuid_equal(answer->payment.alias, turn_fixture_key(2)));
    assert_true(answer->booking.hold_expires_at_ms == booking.hold_expires_at_ms);
}

static void the_same_method_with_another_key_answers_the_same_payment(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    const struct payment payment = turn_fixture_paying(fixture, &booking, PAYMENT_MOMO, 2);
    struct command again = turn_fixture_pay("an", booking.id, PAYMENT_MOMO, 3);
    const struct answer *answer = turn_fixture_decide(fixture, &again);
    assert_int_equal(answer->refusal, REFUSAL_NONE);
    assert_false(answer->created);
    assert_false(answer->replayed);
    assert_true(id_equal(answer->payment.id, payment.id));
    assert_int_equal(fixture->payment_count, 1);
}

static void the_first_confirm_gives_an_open_payment_its_key(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    turn_fixture_paying(fixture, &booking, PAYMENT_MOMO, 2);
    struct command first = turn_fixture_confirm("an", booking.id, PAYMENT_MOMO, 3);
    struct command second = turn_fixture_confirm("an", booking.id, PAYMENT_MOMO, 4);
    assert_true(
        uuid_equal(turn_fixture_decide(fixture, &first)->payment.alias, turn_fixture_key(3)));
    assert_true(
        uuid_equal(turn_fixture_decide(fixture, &second)->payment.alias, turn_fixture_key(3)));
    assert_int_equal(fixture->payment_count, 1);
}

static void another_method_supersedes_and_ends_with_the_hold(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    const struct payment first = turn_fixture_paying(fixture, &booking, PAYMENT_MOMO, 2);
    fixture->now_ms += 60000;
    const struct payment second = turn_fixture_paying(fixture, &booking, PAYMENT_CARD, 3);
    assert_false(id_equal(first.id, second.id));
    assert_true(second.expires_at_ms == first.expires_at_ms);
    const struct payment *superseded = turn_fixture_payment(fixture, first.id);
    assert_int_equal(superseded->status, PAYMENT_FAILED);
    assert_int_equal(superseded->reason, REASON_SUPERSEDED);
    const struct booking *now = turn_fixture_booking(fixture, booking.id);
    assert_true(id_equal(now->active_payment, second.id));
    assert_true(now->hold_expires_at_ms == first.expires_at_ms);
}

static void a_failed_payment_makes_room_for_another_of_the_same_method(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    const struct payment first = turn_fixture_paying(fixture, &booking, PAYMENT_MOMO, 2);
    struct command failed = turn_fixture_money(&first, MONEY_FAILED);
    turn_fixture_decide(fixture, &failed);
    const struct payment second = turn_fixture_paying(fixture, &booking, PAYMENT_MOMO, 3);
    assert_false(id_equal(first.id, second.id));
    assert_int_equal(turn_fixture_payment(fixture, first.id)->reason, REASON_DECLINED);
}

static void a_payment_that_has_ended_is_replaced_and_says_so(void **state)
{
    struct turn_fixture *fixture = *state;
    fixture->policy.payment_ms = 1000;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    const struct payment first = turn_fixture_paying(fixture, &booking, PAYMENT_MOMO, 2);
    fixture->now_ms = first.expires_at_ms;
    const struct payment second = turn_fixture_paying(fixture, &booking, PAYMENT_MOMO, 3);
    assert_false(id_equal(first.id, second.id));
    assert_int_equal(turn_fixture_payment(fixture, first.id)->status, PAYMENT_FAILED);
    assert_int_equal(turn_fixture_payment(fixture, first.id)->reason, REASON_EXPIRED);
}

static void paying_is_refused_from_the_moment_the_hold_ends(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    fixture->now_ms = booking.hold_expires_at_ms;
    assert_both_refused(fixture, booking.id, REFUSAL_BOOKING_HOLD_EXPIRED,
                        REFUSAL_BOOKING_HOLD_EXPIRED);
    turn_fixture_lapse(fixture);
    assert_both_refused(fixture, booking.id, REFUSAL_BOOKING_HOLD_EXPIRED,
                        REFUSAL_BOOKING_HOLD_EXPIRED);
}

static void paying_is_granted_a_moment_before_the_hold_ends(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    fixture->now_ms = booking.hold_expires_at_ms - 1;
    turn_fixture_paying(fixture, &booking, PAYMENT_MOMO, 2);
}

static void a_live_hold_may_be_paid_after_the_show_has_started(void **state)
{
    struct turn_fixture *fixture = *state;
    fixture->now_ms = FIXTURE_STARTS_AT_MS - 1;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    fixture->now_ms = FIXTURE_STARTS_AT_MS + 1;
    turn_fixture_paying(fixture, &booking, PAYMENT_MOMO, 2);
}

static void a_cancelled_booking_is_not_pending(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    struct command cancel = turn_fixture_cancel("an", booking.id);
    turn_fixture_decide(fixture, &cancel);
    assert_both_refused(fixture, booking.id, REFUSAL_BOOKING_NOT_PENDING,
                        REFUSAL_BOOKING_NOT_PENDING);
}

static void a_confirmed_booking_is_already_paid(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    const struct payment payment = turn_fixture_paying(fixture, &booking, PAYMENT_MOMO, 2);
    struct command money = turn_fixture_money(&payment, MONEY_PAID);
    turn_fixture_decide(fixture, &money);
    assert_both_refused(fixture, booking.id, REFUSAL_BOOKING_ALREADY_PAID,
                        REFUSAL_BOOKING_NOT_PENDING);
}

static void somebody_elses_booking_is_not_owned(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "binh", "A1", 1);
    assert_both_refused(fixture, booking.id, REFUSAL_BOOKING_NOT_OWNED, REFUSAL_BOOKING_NOT_OWNED);
}

static void a_booking_that_is_not_there_is_not_found(void **state)
{
    struct turn_fixture *fixture = *state;
    assert_both_refused(fixture, turn_fixture_id(9), REFUSAL_BOOKING_NOT_FOUND,
                        REFUSAL_BOOKING_NOT_FOUND);
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    fixture->has_map = false;
    assert_both_refused(fixture, booking.id, REFUSAL_BOOKING_NOT_FOUND, REFUSAL_BOOKING_NOT_FOUND);
}

static void a_hold_that_has_lost_its_seats_cannot_be_paid(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1 A2", 1);
    const uint32_t place = turn_fixture_place(fixture, "A2");
    fixture->map.claims[place].booking = turn_fixture_id(9);
    assert_both_refused(fixture, booking.id, REFUSAL_BOOKING_HOLD_EXPIRED,
                        REFUSAL_BOOKING_HOLD_EXPIRED);
    fixture->map.states[place] = SEAT_AVAILABLE;
    assert_both_refused(fixture, booking.id, REFUSAL_BOOKING_HOLD_EXPIRED,
                        REFUSAL_BOOKING_HOLD_EXPIRED);
    fixture->map.states[place] = SEAT_ABSENT;
    assert_both_refused(fixture, booking.id, REFUSAL_BOOKING_HOLD_EXPIRED,
                        REFUSAL_BOOKING_HOLD_EXPIRED);
}

static void a_payment_whose_command_brings_its_id_draws_none(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking held = turn_fixture_held(fixture, "an", "A1", 1);
    struct command command = turn_fixture_pay("an", held.id, PAYMENT_MOMO, 2);
    const uint64_t next_payment = fixture->numbers.next_payment;
    command.made = turn_fixture_id(77);
    assert_true(id_equal(turn_fixture_decide(fixture, &command)->payment.id, command.made));
    assert_true(fixture->numbers.next_payment == next_payment);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STATEMENT(a_payment_whose_command_brings_its_id_draws_none),
        STATEMENT(the_first_payment_extends_the_hold_to_its_own_end),
        STATEMENT(a_payment_that_ends_earlier_leaves_the_hold_as_it_is),
        STATEMENT(a_confirms_payment_ends_with_the_hold_and_carries_the_key),
        STATEMENT(the_same_method_with_another_key_answers_the_same_payment),
        STATEMENT(the_first_confirm_gives_an_open_payment_its_key),
        STATEMENT(another_method_supersedes_and_ends_with_the_hold),
        STATEMENT(a_failed_payment_makes_room_for_another_of_the_same_method),
        STATEMENT(a_payment_that_has_ended_is_replaced_and_says_so),
        STATEMENT(paying_is_refused_from_the_moment_the_hold_ends),
        STATEMENT(paying_is_granted_a_moment_before_the_hold_ends),
        STATEMENT(a_live_hold_may_be_paid_after_the_show_has_started),
        STATEMENT(a_cancelled_booking_is_not_pending),
        STATEMENT(a_confirmed_booking_is_already_paid),
        STATEMENT(somebody_elses_booking_is_not_owned),
        STATEMENT(a_booking_that_is_not_there_is_not_found),
        STATEMENT(a_hold_that_has_lost_its_seats_cannot_be_paid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
