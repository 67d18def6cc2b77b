/* test_refund.c - staff give money back, once, and note that it has gone back. */
#include "support/turn_fixture.h"
#include "support/unit.h"

#define STATEMENT(name) \
    cmocka_unit_test_setup_teardown(name, turn_fixture_setup, turn_fixture_teardown)

/* A booking of A1 A2 that is paid. */
static struct payment sold(struct turn_fixture *fixture)
{
    const struct booking booking = turn_fixture_held(fixture, "an", "A1 A2", 1);
    return turn_fixture_sold(fixture, &booking, 2);
}

static void a_refund_cancels_the_booking_frees_its_seats_and_owes_its_money(void **state)
{
    struct turn_fixture *fixture = *state;
    struct staff_order order;
    const struct payment paid = sold(fixture);
    const uint64_t version = fixture->map.version;
    fixture->now_ms += 5000;
    struct command refund = turn_fixture_refund("staff", paid.id, 9, &order);
    const struct answer *answer = turn_fixture_decide(fixture, &refund);
    assert_int_equal(answer->refusal, REFUSAL_NONE);
    assert_true(answer->created);
    assert_true(answer->map_version == version + 1);
    assert_int_equal(answer->booking.status, BOOKING_CANCELLED);
    assert_slice_equal(reason_text(&answer->booking.cancellation_reason),
                       SLICE("a customer asked"));
    assert_true(answer->booking.cancelled_at_ms == fixture->now_ms);
    assert_int_equal(answer->payment.status, PAYMENT_REFUND_DUE);
    assert_int_equal(answer->payment.reason, REASON_REQUESTED);
    assert_true(answer->payment.paid_amount == paid.amount);
    assert_true(answer->payment.paid_at_ms == paid.paid_at_ms);
    assert_true(answer->payment.refund_requested_at_ms == fixture->now_ms);
    assert_int_equal(turn_fixture_state(fixture, "A1"), SEAT_AVAILABLE);
    assert_int_equal(turn_fixture_state(fixture, "A2"), SEAT_AVAILABLE);
    assert_int_equal(fixture->turn->seat_changes[0].state_before, SEAT_BOOKED);
    assert_int_equal(fixture->turn->facts.journal_count, 1);
    assert_int_equal(fixture->turn->facts.journal[0].action, JOURNAL_REFUND);
    assert_true(id_equal(fixture->turn->facts.journal[0].subject, paid.id));
    struct command money = turn_fixture_money(&paid, MONEY_PAID);
    assert_int_equal(turn_fixture_decide(fixture, &money)->outcome, MONEY_KNOWN_ALREADY);
}

static void a_key_gets_its_first_answer_whatever_became_of_the_money(void **state)
{
    struct turn_fixture *fixture = *state;
    struct staff_order order;
    const struct payment paid = sold(fixture);
    struct command refund = turn_fixture_refund("staff", paid.id, 9, &order);
    turn_fixture_decide(fixture, &refund);
    const struct payment first = refund.answer.payment;
    struct command done = turn_fixture_refund_done("staff", paid.id, "bank 1", &order);
    assert_int_equal(turn_fixture_decide(fixture, &done)->refusal, REFUSAL_NONE);
    struct command again = turn_fixture_refund("staff", paid.id, 9, &order);
    turn_fixture_decide(fixture, &again);
    assert_true(again.answer.replayed);
    assert_int_equal(again.answer.payment.status, PAYMENT_REFUND_DUE);
    assert_int_equal(again.answer.payment.refund_done_at_ms, 0);
    assert_int_equal(again.answer.payment.refund_reference.size, 0);
    assert_true(again.answer.payment.refund_requested_at_ms == first.refund_requested_at_ms);
    assert_false(turn_changed(fixture->turn));

    struct command later = turn_fixture_refund("staff", paid.id, 10, &order);
    turn_fixture_decide(fixture, &later);
    assert_false(later.answer.created);
    assert_int_equal(later.answer.payment.status, PAYMENT_REFUNDED);
    assert_int_equal(fixture->turn->facts.journal_count, 0);
    struct command later_again = turn_fixture_refund("staff", paid.id, 10, &order);
    turn_fixture_decide(fixture, &later_again);
    assert_true(later_again.answer.replayed);
    assert_int_equal(later_again.answer.payment.status, PAYMENT_REFUNDED);
}

static void money_that_goes_back_already_is_answered_and_nothing_is_done_twice(void **state)
{
    struct turn_fixture *fixture = *state;
    struct staff_order order;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    const struct payment payment = turn_fixture_paying(fixture, &booking, PAYMENT_MOMO, 2);
    struct command wrong = turn_fixture_money(&payment, MONEY_PAID);
    wrong.amount--;
    assert_int_equal(turn_fixture_decide(fixture, &wrong)->outcome, MONEY_TO_REFUND);
    const uint64_t version = fixture->map.version;
    struct command refund = turn_fixture_refund("staff", payment.id, 9, &order);
    const struct answer *answer = turn_fixture_decide(fixture, &refund);
    assert_int_equal(answer->refusal, REFUSAL_NONE);
    assert_true(answer->created);
    assert_int_equal(answer->payment.reason, REASON_AMOUNT_MISMATCH);
    assert_int_equal(answer->booking.status, BOOKING_PENDING);
    assert_int_equal(turn_fixture_state(fixture, "A1"), SEAT_HELD);
    assert_int_equal(fixture->turn->facts.journal_count, 0);
    assert_true(fixture->map.version == version);
}

static void money_that_never_came_cannot_go_back(void **state)
{
    struct turn_fixture *fixture = *state;
    struct staff_order order;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    const struct payment payment = turn_fixture_paying(fixture, &booking, PAYMENT_MOMO, 2);
    struct command refund = turn_fixture_refund("staff", payment.id, 9, &order);
    assert_int_equal(turn_fixture_decide(fixture, &refund)->refusal,
                     REFUSAL_BOOKING_CANNOT_BE_CANCELLED);
    assert_false(turn_changed(fixture->turn));
    struct command again = turn_fixture_refund("staff", payment.id, 9, &order);
    assert_true(turn_fixture_decide(fixture, &again)->replayed);
    struct command unknown = turn_fixture_refund("staff", turn_fixture_id(5), 10, &order);
    assert_int_equal(turn_fixture_decide(fixture, &unknown)->refusal, REFUSAL_PAYMENT_NOT_FOUND);
}

static void a_refund_whose_rows_are_lost_is_a_failure(void **state)
{
    struct turn_fixture *fixture = *state;
    struct staff_order order;
    const struct payment paid = sold(fixture);
    struct command refund = turn_fixture_refund("staff", paid.id, 9, &order);
    fixture->has_map = false;
    assert_int_equal(turn_fixture_decide(fixture, &refund)->failure, ERROR_INTERNAL_ERROR);
    fixture->has_map = true;
    fixture->booking_count = 0;
    assert_int_equal(turn_fixture_decide(fixture, &refund)->failure, ERROR_INTERNAL_ERROR);
}

static void kept_money_of_a_booking_that_it_did_not_buy_contradicts_it(void **state)
{
    struct turn_fixture *fixture = *state;
    struct staff_order order;
    const struct payment paid = sold(fixture);
    struct booking *booking = turn_fixture_booking(fixture, paid.booking);
    struct command refund = turn_fixture_refund("staff", paid.id, 9, &order);
    booking->status = BOOKING_EXPIRED;
    assert_int_equal(turn_fixture_decide(fixture, &refund)->failure, ERROR_INTERNAL_ERROR);
    assert_true(fixture->turn->contradicted);
    booking->status = BOOKING_CONFIRMED;
    booking->payment = turn_fixture_id(99);
    assert_int_equal(turn_fixture_decide(fixture, &refund)->failure, ERROR_INTERNAL_ERROR);
    assert_true(fixture->turn->contradicted);
    assert_false(turn_changed(fixture->turn));
}

static void a_refunds_key_without_money_is_a_failure(void **state)
{
    struct turn_fixture *fixture = *state;
    struct staff_order order;
    const struct payment paid = sold(fixture);
    struct command refund = turn_fixture_refund("staff", paid.id, 9, &order);
    assert_int_equal(turn_fixture_decide(fixture, &refund)->failure, ERROR_NONE);
    turn_fixture_payment(fixture, paid.id)->status = PAYMENT_FAILED;
    assert_int_equal(turn_fixture_decide(fixture, &refund)->failure, ERROR_INTERNAL_ERROR);
    assert_false(fixture->turn->contradicted);
    fixture->payment_count = 0;
    assert_int_equal(turn_fixture_decide(fixture, &refund)->failure, ERROR_INTERNAL_ERROR);
}

static void a_refund_is_noted_as_paid_under_one_reference(void **state)
{
    struct turn_fixture *fixture = *state;
    struct staff_order order;
    const struct payment paid = sold(fixture);
    struct command early = turn_fixture_refund_done("staff", paid.id, "bank 1", &order);
    assert_int_equal(turn_fixture_decide(fixture, &early)->refusal, REFUSAL_VALIDATION_FAILED);
    assert_int_equal(early.answer.payment.status, PAYMENT_COMPLETED);
    struct command refund = turn_fixture_refund("staff", paid.id, 9, &order);
    turn_fixture_decide(fixture, &refund);
    fixture->now_ms += 5000;
    struct command done = turn_fixture_refund_done("staff", paid.id, "bank 1", &order);
    assert_int_equal(turn_fixture_decide(fixture, &done)->refusal, REFUSAL_NONE);
    assert_int_equal(done.answer.payment.status, PAYMENT_REFUNDED);
    assert_true(done.answer.payment.refund_done_at_ms == fixture->now_ms);
    assert_slice_equal(reason_text(&done.answer.payment.refund_reference), SLICE("bank 1"));
    assert_int_equal(fixture->turn->facts.journal[0].action, JOURNAL_REFUND_DONE);
    assert_slice_equal(reason_text(&fixture->turn->facts.journal[0].detail), SLICE("bank 1"));

    struct command again = turn_fixture_refund_done("staff", paid.id, "bank 1", &order);
    assert_int_equal(turn_fixture_decide(fixture, &again)->refusal, REFUSAL_NONE);
    assert_false(turn_changed(fixture->turn));
    struct command other = turn_fixture_refund_done("staff", paid.id, "bank 2", &order);
    assert_int_equal(turn_fixture_decide(fixture, &other)->refusal, REFUSAL_VALIDATION_FAILED);
    assert_slice_equal(reason_text(&other.answer.payment.refund_reference), SLICE("bank 1"));
    struct command unknown = turn_fixture_refund_done("staff", turn_fixture_id(5), "x", &order);
    assert_int_equal(turn_fixture_decide(fixture, &unknown)->refusal, REFUSAL_PAYMENT_NOT_FOUND);
}

static void a_refund_that_failed_can_be_paid_by_hand(void **state)
{
    struct turn_fixture *fixture = *state;
    struct staff_order order;
    const struct payment paid = sold(fixture);
    struct command refund = turn_fixture_refund("staff", paid.id, 9, &order);
    turn_fixture_decide(fixture, &refund);
    turn_fixture_payment(fixture, paid.id)->status = PAYMENT_REFUND_FAILED;
    struct command done = turn_fixture_refund_done("staff", paid.id, "bank 1", &order);
    assert_int_equal(turn_fixture_decide(fixture, &done)->refusal, REFUSAL_NONE);
    assert_int_equal(done.answer.payment.status, PAYMENT_REFUNDED);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        STATEMENT(a_refund_cancels_the_booking_frees_its_seats_and_owes_its_money),
        STATEMENT(a_key_gets_its_first_answer_whatever_became_of_the_money),
        STATEMENT(money_that_goes_back_already_is_answered_and_nothing_is_done_twice),
        STATEMENT(money_that_never_came_cannot_go_back),
        STATEMENT(a_refund_whose_rows_are_lost_is_a_failure),
        STATEMENT(kept_money_of_a_booking_that_it_did_not_buy_contradicts_it),
        STATEMENT(a_refunds_key_without_money_is_a_failure),
        STATEMENT(a_refund_is_noted_as_paid_under_one_reference),
        STATEMENT(a_refund_that_failed_can_be_paid_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
