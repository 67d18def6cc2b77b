/* The contract of ports/store.h about payments. Every adapter passes this file: run as
 * `test_store_money sqlite` or `test_store_money memory`. */
#include "support/unit.h"

#include "contract/store_assert.h"
#include "contract/store_fixture.h"

static void a_confirm_makes_a_payment_that_its_key_finds(void **state)
{
    struct store_fixture *fixture = *state;
    const struct booking held = store_fixture_hold(fixture, "an", "A1", 1);
    struct command confirm = turn_fixture_confirm("an", held.id, PAYMENT_VNPAY, 2);
    confirm.return_url = url_of(SLICE("https://shop.example/back"));
    store_fixture_run(fixture, 1, &confirm);
    const struct payment payment = store_fixture_payment(fixture, confirm.answer.payment.id);
    store_assert_payment(&payment, &confirm.answer.payment);
    assert_int_equal(payment.status, PAYMENT_PENDING);
    assert_true(uuid_equal(payment.alias, turn_fixture_key(2)));

    const struct reader *reader = &fixture->reader;
    struct payment_query query = {.alias = turn_fixture_key(2), .user = user_of(slice_of("an"))};
    struct payment found;
    struct id showtime;
    uint64_t version = 0;
    assert_int_equal(
        reader->methods->find_payment(reader->context, &query, &found, &showtime, &version),
        ERROR_NONE);
    store_assert_payment(&found, &payment);
    assert_true(id_equal(showtime, store_fixture_showtime(1)));
    assert_int_equal(version, store_fixture_shared() ? 3 : 2);
    query.user = user_of(slice_of("binh"));
    assert_int_equal(
        reader->methods->find_payment(reader->context, &query, &found, &showtime, &version),
        ERROR_PAYMENT_NOT_FOUND);
    const struct booking booking = store_fixture_booking(fixture, held.id);
    assert_true(id_equal(booking.active_payment, payment.id));
    assert_true(booking.had_payment);
}

static void money_books_the_seats(void **state)
{
    struct store_fixture *fixture = *state;
    const struct booking held = store_fixture_hold(fixture, "an", "A1 A2", 1);
    const struct payment payment = store_fixture_pay(fixture, &held, 2);
    struct command money = turn_fixture_money(&payment, MONEY_PAID);
    fixture->now_ms += 5000;
    store_fixture_run(fixture, 1, &money);
    assert_int_equal(money.answer.outcome, MONEY_CONFIRMED);
    const struct booking booking = store_fixture_booking(fixture, held.id);
    const struct payment paid = store_fixture_payment(fixture, payment.id);
    store_assert_booking(&booking, &money.answer.booking);
    store_assert_payment(&paid, &money.answer.payment);
    assert_int_equal(booking.status, BOOKING_CONFIRMED);
    assert_int_equal(paid.status, PAYMENT_COMPLETED);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_state(fixture, "A1"), SEAT_BOOKED);
    assert_int_equal(store_fixture_state(fixture, "A2"), SEAT_BOOKED);
    assert_int_equal(fixture->map.next_lapse_ms, INT64_MAX);
    store_fixture_run(fixture, 1, &money);
    assert_int_equal(money.answer.outcome, MONEY_KNOWN_ALREADY);
}

static void money_of_a_superseded_payment_is_refunded_once_the_seats_are_sold(void **state)
{
    struct store_fixture *fixture = *state;
    const struct booking held = store_fixture_hold(fixture, "an", "A1", 1);
    const struct payment first = store_fixture_pay(fixture, &held, 2);
    struct command other = turn_fixture_pay("an", held.id, PAYMENT_CARD, 3);
    store_fixture_run(fixture, 1, &other);
    struct command second_paid = turn_fixture_money(&other.answer.payment, MONEY_PAID);
    struct command first_paid = turn_fixture_money(&first, MONEY_PAID);
    struct command *commands[] = {&second_paid, &first_paid};
    store_fixture_begin(fixture);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_turn(fixture, commands, 2), ERROR_NONE);
    store_fixture_commit(fixture);
    assert_int_equal(second_paid.answer.outcome, MONEY_CONFIRMED);
    assert_int_equal(first_paid.answer.outcome, MONEY_TO_REFUND);
    const struct payment refunded = store_fixture_payment(fixture, first.id);
    store_assert_payment(&refunded, &first_paid.answer.payment);
    assert_int_equal(refunded.status, PAYMENT_REFUND_DUE);
    assert_int_equal(refunded.reason, REASON_BOOKING_PAID);
}

static void late_money_takes_the_seats_again(void **state)
{
    struct store_fixture *fixture = *state;
    const struct booking held = store_fixture_hold(fixture, "an", "A1", 1);
    const struct payment payment = store_fixture_pay(fixture, &held, 2);
    struct command expire = turn_fixture_expire(held.id);
    struct command money = turn_fixture_money(&payment, MONEY_PAID);
    fixture->now_ms = payment.expires_at_ms + 1;
    store_fixture_run(fixture, 1, &expire);
    assert_int_equal(store_fixture_booking(fixture, held.id).status, BOOKING_EXPIRED);
    store_fixture_run(fixture, 1, &money);
    assert_int_equal(money.answer.outcome, MONEY_CONFIRMED);
    assert_int_equal(store_fixture_booking(fixture, held.id).status, BOOKING_CONFIRMED);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_state(fixture, "A1"), SEAT_BOOKED);
}

static void a_booking_keeps_one_payment(void **state)
{
    struct store_fixture *fixture = *state;
    const struct booking held = store_fixture_hold(fixture, "an", "A1", 1);
    const struct payment first = store_fixture_pay(fixture, &held, 2);
    struct command other = turn_fixture_pay("an", held.id, PAYMENT_CARD, 3);
    store_fixture_run(fixture, 1, &other);
    struct command money = turn_fixture_money(&other.answer.payment, MONEY_PAID);
    store_fixture_run(fixture, 1, &money);

    store_fixture_begin(fixture);
    store_fixture_load(fixture, 1);
    turn_begin(fixture->turn, &fixture->policy, NULL, &fixture->map, fixture->now_ms);
    struct payment blind = store_fixture_payment(fixture, first.id);
    payment_complete(&blind, blind.amount, fixture->now_ms, fixture->now_ms);
    facts_add_payment(&fixture->turn->facts, &blind, FACT_CHANGED);
    assert_int_equal(fixture->store.methods->record(fixture->store.context, fixture->turn),
                     ERROR_INTERNAL_ERROR);
    store_fixture_commit(fixture);
    assert_int_equal(store_fixture_payment(fixture, first.id).status, PAYMENT_FAILED);
}

static void a_refund_is_never_taken_back(void **state)
{
    struct store_fixture *fixture = *state;
    const struct booking held = store_fixture_hold(fixture, "an", "A1", 1);
    const struct payment payment = store_fixture_pay(fixture, &held, 2);
    struct command wrong = turn_fixture_money(&payment, MONEY_PAID);
    wrong.amount--;
    store_fixture_run(fixture, 1, &wrong);
    assert_int_equal(wrong.answer.outcome, MONEY_TO_REFUND);

    store_fixture_begin(fixture);
    store_fixture_load(fixture, 1);
    turn_begin(fixture->turn, &fixture->policy, NULL, &fixture->map, fixture->now_ms);
    struct payment blind = payment; /* What was read before the refund. */
    payment_complete(&blind, blind.amount, fixture->now_ms, fixture->now_ms);
    facts_add_payment(&fixture->turn->facts, &blind, FACT_CHANGED);
    assert_int_equal(fixture->store.methods->record(fixture->store.context, fixture->turn),
                     ERROR_INTERNAL_ERROR);
    store_fixture_commit(fixture);
    assert_int_equal(store_fixture_payment(fixture, payment.id).status, PAYMENT_REFUND_DUE);
}

static void what_does_not_exist_is_not_gathered(void **state)
{
    struct store_fixture *fixture = *state;
    const struct payment nobody = {.id = turn_fixture_id(77), .method = PAYMENT_MOMO};
    struct command money = turn_fixture_money(&nobody, MONEY_PAID);
    struct command cancel = turn_fixture_cancel("an", turn_fixture_id(78));
    store_fixture_run(fixture, 1, &money);
    assert_int_equal(money.answer.refusal, REFUSAL_PAYMENT_NOT_FOUND);
    store_fixture_run(fixture, 1, &cancel);
    assert_int_equal(cancel.answer.refusal, REFUSAL_BOOKING_NOT_FOUND);
}

int main(int argument_count, char **arguments)
{
    static const struct CMUnitTest tests[] = {
        STORE_TEST(a_confirm_makes_a_payment_that_its_key_finds),
        STORE_TEST(money_books_the_seats),
        STORE_TEST(money_of_a_superseded_payment_is_refunded_once_the_seats_are_sold),
        STORE_TEST(late_money_takes_the_seats_again),
        STORE_TEST(a_booking_keeps_one_payment),
        STORE_TEST(a_refund_is_never_taken_back),
        STORE_TEST(what_does_not_exist_is_not_gathered),
    };
    if (!store_fixture_choose(argument_count, arguments)) return 2;
    return cmocka_run_group_tests_name(arguments[1], tests, NULL, NULL);
}
