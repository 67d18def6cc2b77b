/* test_turn.c - keys, expiry, and many commands decided at one moment. */
#include "support/turn_fixture.h"
#include "support/unit.h"

#define STATEMENT(name) \
    cmocka_unit_test_setup_teardown(name, turn_fixture_setup, turn_fixture_teardown)

static void a_thousand_clients_for_one_seat_have_one_winner(void **state)
{
    struct turn_fixture *fixture = *state;
    enum { CLIENTS = 500 };
    static struct command commands[CLIENTS];
    struct command *pointers[CLIENTS];
    for (uint32_t index = 0; index < CLIENTS; index++) {
        commands[index] = turn_fixture_hold("an", "A1", index + 1);
        pointers[index] = &commands[index];
    }
    turn_fixture_run(fixture, pointers, CLIENTS);
    assert_int_equal(commands[0].answer.refusal, REFUSAL_NONE);
    for (uint32_t index = 1; index < CLIENTS; index++) {
        assert_int_equal(commands[index].answer.refusal, REFUSAL_SEAT_HELD_BY_ANOTHER);
    }
    assert_true(fixture->map.version == 2);
    assert_int_equal(fixture->turn->seat_change_count, 1);
}

static void each_command_sees_what_the_ones_before_it_did(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    const struct payment payment = turn_fixture_paying(fixture, &booking, PAYMENT_MOMO, 2);
    struct command cancel = turn_fixture_cancel("an", booking.id);
    struct command hold = turn_fixture_hold("binh", "A1", 3);
    struct command money = turn_fixture_money(&payment, MONEY_PAID);
    struct command again = turn_fixture_hold("chi", "A1", 4);
    struct command *const commands[] = {&cancel, &hold, &money, &again};
    turn_fixture_run(fixture, commands, 4);
    assert_int_equal(cancel.answer.refusal, REFUSAL_NONE);
    assert_int_equal(hold.answer.refusal, REFUSAL_NONE);
    assert_int_equal(money.answer.outcome, MONEY_TO_REFUND);
    assert_int_equal(again.answer.refusal, REFUSAL_SEAT_HELD_BY_ANOTHER);
    assert_true(cancel.answer.map_version + 1 == hold.answer.map_version);
    assert_int_equal(fixture->turn->seat_change_count, 1);
    assert_true(id_equal(fixture->turn->seat_changes[0].booking_before, booking.id));
}

static void hold_pay_and_money_can_share_a_turn(void **state)
{
    struct turn_fixture *fixture = *state;
    struct command hold = turn_fixture_hold("an", "A1", 1);
    const struct numbers *numbers = &fixture->numbers;
    const struct id made = id_seal(&numbers->key, ID_BOOKING, numbers->next_booking);
    struct command pay = turn_fixture_pay("an", made, PAYMENT_MOMO, 2);
    struct command cancel = turn_fixture_cancel("an", made);
    struct command *const commands[] = {&hold, &pay, &cancel};
    turn_fixture_run(fixture, commands, 3);
    assert_int_equal(pay.answer.refusal, REFUSAL_NONE);
    assert_int_equal(cancel.answer.refusal, REFUSAL_NONE);
    assert_int_equal(turn_fixture_state(fixture, "A1"), SEAT_AVAILABLE);
    assert_int_equal(fixture->turn->facts.bookings[0].state, FACT_NEW);
    assert_int_equal(fixture->turn->facts.payments[0].state, FACT_NEW);
}

static void a_key_has_one_effect_and_its_first_answer_comes_again(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1 A2", 1);
    struct command again = turn_fixture_hold("an", "A1 A2", 1);
    const struct answer *answer = turn_fixture_decide(fixture, &again);
    assert_int_equal(answer->refusal, REFUSAL_NONE);
    assert_true(answer->replayed);
    assert_true(answer->created);
    assert_true(id_equal(answer->booking.id, booking.id));
    assert_false(turn_changed(fixture->turn));
    assert_int_equal(fixture->booking_count, 1);
}

static void a_double_click_in_one_turn_makes_one_booking(void **state)
{
    struct turn_fixture *fixture = *state;
    struct command first = turn_fixture_hold("an", "A1", 1);
    struct command second = turn_fixture_hold("an", "A1", 1);
    struct command *const commands[] = {&first, &second};
    turn_fixture_run(fixture, commands, 2);
    assert_false(first.answer.replayed);
    assert_true(second.answer.replayed);
    assert_true(id_equal(first.answer.booking.id, second.answer.booking.id));
    assert_int_equal(fixture->booking_count, 1);
}

static void a_key_is_answered_whatever_became_of_its_booking(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    struct command cancel = turn_fixture_cancel("an", booking.id);
    turn_fixture_decide(fixture, &cancel);
    fixture->map.status = SHOWTIME_CANCELLED;
    fixture->now_ms = FIXTURE_ENDS_AT_MS;
    struct command again = turn_fixture_hold("an", "A1", 1);
    const struct answer *answer = turn_fixture_decide(fixture, &again);
    assert_true(answer->replayed);
    assert_true(answer->booking.first_expires_at_ms == booking.first_expires_at_ms);
}

static void a_key_is_answered_without_its_showtime(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    fixture->has_map = false;
    struct command again = turn_fixture_hold("an", "A1", 1);
    const struct answer *answer = turn_fixture_decide(fixture, &again);
    assert_true(answer->replayed);
    assert_true(id_equal(answer->booking.id, booking.id));
    assert_true(answer->map_version == 0);
}

static void a_key_with_another_body_is_reused(void **state)
{
    struct turn_fixture *fixture = *state;
    turn_fixture_held(fixture, "an", "A1", 1);
    struct command other = turn_fixture_hold("an", "A2", 1);
    const struct answer *answer = turn_fixture_decide(fixture, &other);
    assert_int_equal(answer->refusal, REFUSAL_IDEMPOTENCY_KEY_REUSED);
    assert_false(answer->replayed);
    assert_int_equal(turn_fixture_state(fixture, "A2"), SEAT_AVAILABLE);
}

static void another_users_key_is_his_own(void **state)
{
    struct turn_fixture *fixture = *state;
    turn_fixture_held(fixture, "an", "A1", 1);
    struct command other = turn_fixture_hold("binh", "A1", 1);
    const struct answer *answer = turn_fixture_decide(fixture, &other);
    assert_int_equal(answer->refusal, REFUSAL_SEAT_HELD_BY_ANOTHER);
    assert_false(answer->replayed);
    assert_true(id_is_none(answer->booking.id));
}

static void one_key_for_hold_and_confirm_and_pay_is_three_keys(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    struct command confirm = turn_fixture_confirm("an", booking.id, PAYMENT_MOMO, 1);
    struct command pay = turn_fixture_pay("an", booking.id, PAYMENT_MOMO, 1);
    assert_false(turn_fixture_decide(fixture, &confirm)->replayed);
    assert_false(turn_fixture_decide(fixture, &pay)->replayed);
    assert_int_equal(fixture->key_count, 3);
}

static void a_payments_key_answers_the_same_payment_and_status_again(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    const struct payment payment = turn_fixture_paying(fixture, &booking, PAYMENT_MOMO, 2);
    struct command there = turn_fixture_pay("an", booking.id, PAYMENT_MOMO, 3);
    turn_fixture_decide(fixture, &there);
    turn_fixture_paying(fixture, &booking, PAYMENT_CARD, 4);
    struct command made_again = turn_fixture_pay("an", booking.id, PAYMENT_MOMO, 2);
    struct command there_again = turn_fixture_pay("an", booking.id, PAYMENT_MOMO, 3);
    struct command *const commands[] = {&made_again, &there_again};
    turn_fixture_run(fixture, commands, 2);
    assert_true(made_again.answer.replayed);
    assert_true(made_again.answer.created);
    assert_true(id_equal(made_again.answer.payment.id, payment.id));
    assert_true(there_again.answer.replayed);
    assert_false(there_again.answer.created);
    assert_true(id_equal(there_again.answer.payment.id, payment.id));
    assert_false(turn_changed(fixture->turn));
}

static void a_key_whose_rows_are_lost_is_a_failure(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    turn_fixture_paying(fixture, &booking, PAYMENT_MOMO, 2);
    fixture->payment_count = 0;
    struct command pay = turn_fixture_pay("an", booking.id, PAYMENT_MOMO, 2);
    assert_int_equal(turn_fixture_decide(fixture, &pay)->failure, ERROR_INTERNAL_ERROR);
    fixture->booking_count = 0;
    struct command hold = turn_fixture_hold("an", "A1", 1);
    assert_int_equal(turn_fixture_decide(fixture, &hold)->failure, ERROR_INTERNAL_ERROR);
    assert_false(turn_changed(fixture->turn));
}

static void a_refused_key_hears_the_same_refusal_again(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    struct command refused = turn_fixture_hold("binh", "A1 A2", 2);
    turn_fixture_decide(fixture, &refused);
    struct command cancel = turn_fixture_cancel("an", booking.id);
    turn_fixture_decide(fixture, &cancel);
    struct command again = turn_fixture_hold("binh", "A1 A2", 2);
    const struct answer *answer = turn_fixture_decide(fixture, &again);
    assert_int_equal(answer->refusal, REFUSAL_SEAT_HELD_BY_ANOTHER);
    assert_true(answer->replayed);
    assert_int_equal(answer->conflict_count, 1);
    assert_true(answer->map_version == refused.answer.map_version);
    turn_fixture_held(fixture, "binh", "A1 A2", 3);
}

static void a_refused_key_with_another_body_is_reused(void **state)
{
    struct turn_fixture *fixture = *state;
    turn_fixture_held(fixture, "an", "A1", 1);
    struct command refused = turn_fixture_hold("binh", "A1", 2);
    turn_fixture_decide(fixture, &refused);
    struct command other = turn_fixture_hold("binh", "A2", 2);
    assert_int_equal(turn_fixture_decide(fixture, &other)->refusal, REFUSAL_IDEMPOTENCY_KEY_REUSED);
    struct command first = turn_fixture_hold("binh", "A1", 2);
    assert_int_equal(turn_fixture_decide(fixture, &first)->refusal, REFUSAL_SEAT_HELD_BY_ANOTHER);
}

static void without_the_memory_a_refused_key_is_judged_anew(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    struct command refused = turn_fixture_hold("binh", "A1", 2);
    turn_fixture_decide(fixture, &refused);
    struct command cancel = turn_fixture_cancel("an", booking.id);
    turn_fixture_decide(fixture, &cancel);
    fixture->remembers = false;
    turn_fixture_held(fixture, "binh", "A1", 2);
}

static void a_hold_ends_at_its_moment_and_not_before(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1 A2", 1);
    fixture->now_ms = booking.hold_expires_at_ms - 1;
    struct command early = turn_fixture_expire(booking.id);
    turn_fixture_decide(fixture, &early);
    assert_int_equal(early.answer.booking.status, BOOKING_PENDING);
    assert_false(turn_changed(fixture->turn));
    fixture->now_ms = booking.hold_expires_at_ms;
    struct command due = turn_fixture_expire(booking.id);
    const uint64_t version = fixture->map.version;
    turn_fixture_decide(fixture, &due);
    assert_int_equal(due.answer.booking.status, BOOKING_EXPIRED);
    assert_int_equal(turn_fixture_state(fixture, "A1"), SEAT_AVAILABLE);
    assert_true(fixture->map.version == version + 1);
    assert_true(fixture->map.next_lapse_ms == INT64_MAX);
}

static void assert_contradicted(struct turn_fixture *fixture, struct id booking)
{
    struct command end = turn_fixture_expire(booking);
    assert_int_equal(turn_fixture_decide(fixture, &end)->failure, ERROR_INTERNAL_ERROR);
    assert_true(fixture->turn->contradicted);
    assert_false(turn_changed(fixture->turn));
}

static void what_must_end_and_cannot_contradicts_its_seats(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    struct command cancel = turn_fixture_cancel("an", booking.id);
    turn_fixture_decide(fixture, &cancel);
    const struct booking live = turn_fixture_held(fixture, "an", "A1", 2);
    assert_contradicted(fixture, live.id);
    fixture->now_ms = booking.hold_expires_at_ms;
    assert_contradicted(fixture, booking.id);
    assert_contradicted(fixture, turn_fixture_id(9));
}

static void nothing_is_decided_after_a_contradiction(void **state)
{
    struct turn_fixture *fixture = *state;
    struct command end = turn_fixture_expire(turn_fixture_id(9));
    struct command hold = turn_fixture_hold("an", "A1", 1);
    struct command *commands[] = {&end, &hold};
    turn_fixture_run(fixture, commands, 2);
    assert_true(fixture->turn->contradicted);
    assert_int_equal(turn_fixture_state(fixture, "A1"), SEAT_AVAILABLE);
    (void)turn_fixture_held(fixture, "an", "A1", 1);
    assert_false(fixture->turn->contradicted);
}

static void lapsed_holds_are_listed_once_each_up_to_the_room(void **state)
{
    struct turn_fixture *fixture = *state;
    struct id lapsed[8];
    assert_int_equal(turn_ending(&fixture->map, fixture->now_ms, lapsed, 8), 0);
    const struct booking first = turn_fixture_held(fixture, "an", "A1 A2", 1);
    const struct booking second = turn_fixture_held(fixture, "binh", "B1 B2", 2);
    fixture->now_ms++;
    turn_fixture_held(fixture, "chi", "C1", 3);
    assert_int_equal(turn_ending(&fixture->map, first.hold_expires_at_ms - 1, lapsed, 8), 0);
    assert_int_equal(turn_ending(&fixture->map, first.hold_expires_at_ms, lapsed, 8), 2);
    assert_true(id_equal(lapsed[0], first.id));
    assert_true(id_equal(lapsed[1], second.id));
    assert_int_equal(turn_ending(&fixture->map, first.hold_expires_at_ms + 1, lapsed, 8), 3);
    assert_int_equal(turn_ending(&fixture->map, first.hold_expires_at_ms + 1, lapsed, 1), 1);
}

static void the_next_lapse_is_counted_anew_after_an_expiry(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking first = turn_fixture_held(fixture, "an", "A1", 1);
    fixture->now_ms += 2000;
    const struct booking third = turn_fixture_held(fixture, "chi", "C1", 3);
    fixture->now_ms -= 1000;
    const struct booking second = turn_fixture_held(fixture, "binh", "A9 B1", 2);
    assert_true(fixture->map.next_lapse_ms == first.hold_expires_at_ms);
    fixture->now_ms = first.hold_expires_at_ms;
    turn_fixture_lapse(fixture);
    assert_true(fixture->map.next_lapse_ms == second.hold_expires_at_ms);
    fixture->now_ms = second.hold_expires_at_ms;
    turn_fixture_lapse(fixture);
    assert_true(fixture->map.next_lapse_ms == third.hold_expires_at_ms);
}

static void the_lapse_of_seats_that_were_sold_or_given_back_is_forgotten(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking sold = turn_fixture_held(fixture, "an", "A1", 1);
    const struct payment payment = turn_fixture_paying(fixture, &sold, PAYMENT_MOMO, 2);
    struct command money = turn_fixture_money(&payment, MONEY_PAID);
    turn_fixture_decide(fixture, &money);
    fixture->now_ms = payment.expires_at_ms;
    turn_begin(fixture->turn, &fixture->policy, NULL, &fixture->map, fixture->now_ms);
    assert_true(fixture->map.next_lapse_ms == INT64_MAX);
    struct id lapsed[1];
    assert_int_equal(turn_ending(&fixture->map, fixture->now_ms, lapsed, 1), 0);
}

static void a_look_changes_nothing(void **state)
{
    struct turn_fixture *fixture = *state;
    struct command look = {.kind = COMMAND_LOOK, .showtime = turn_fixture_id(1)};
    const struct answer *answer = turn_fixture_decide(fixture, &look);
    assert_int_equal(answer->refusal, REFUSAL_NONE);
    assert_true(answer->map_version == 1);
    assert_false(turn_changed(fixture->turn));
    fixture->has_map = false;
    assert_int_equal(turn_fixture_decide(fixture, &look)->refusal, REFUSAL_SHOWTIME_NOT_FOUND);
}

static void each_kind_of_change_is_one_to_write(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    assert_true(turn_changed(fixture->turn));
    const struct payment payment = turn_fixture_paying(fixture, &booking, PAYMENT_MOMO, 2);
    struct command pending = turn_fixture_money(&payment, MONEY_PENDING);
    turn_fixture_decide(fixture, &pending);
    assert_int_equal(fixture->turn->seat_change_count, 0);
    assert_true(turn_changed(fixture->turn));
    struct command there = turn_fixture_pay("an", booking.id, PAYMENT_MOMO, 3);
    turn_fixture_decide(fixture, &there);
    assert_true(turn_changed(fixture->turn));
    assert_int_equal(fixture->turn->facts.bookings[0].state, FACT_KNOWN);
    assert_int_equal(fixture->turn->facts.payments[0].state, FACT_KNOWN);
    fixture->policy.payment_ms = HOLD_MS_DEFAULT / 2;
    const struct booking short_one = turn_fixture_held(fixture, "an", "A2", 4);
    turn_fixture_paying(fixture, &short_one, PAYMENT_MOMO, 5);
    assert_int_equal(fixture->turn->seat_change_count, 0);
    assert_true(turn_changed(fixture->turn));
}

static void the_same_turn_twice_gives_the_same_bytes(void **state)
{
    void *other_state = NULL;
    assert_int_equal(turn_fixture_setup(&other_state), 0);
    struct turn_fixture *const fixtures[] = {*state, other_state};
    static struct answer answers[2];
    for (size_t index = 0; index < 2; index++) {
        turn_fixture_held(fixtures[index], "an", "A1", 1);
        struct command command = turn_fixture_hold("binh", "A1 B1 B10", 2);
        answers[index] = *turn_fixture_decide(fixtures[index], &command);
        turn_fixture_held(fixtures[index], "binh", "B1", 3);
    }
    assert_memory_equal(&answers[0], &answers[1], sizeof answers[0]);
    const struct seat_map *left = &fixtures[0]->map;
    const struct seat_map *right = &fixtures[1]->map;
    assert_memory_equal(left->claims, right->claims, left->place_count * sizeof *left->claims);
    assert_memory_equal(left->states, right->states, left->place_count);
    turn_fixture_teardown(&other_state);
}

static void an_answer_has_nothing_of_the_commands_last_one(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "A1", 1);
    struct command pay = turn_fixture_pay("an", booking.id, PAYMENT_MOMO, 2);
    assert_false(id_is_none(turn_fixture_decide(fixture, &pay)->payment.id));
    const struct command hold = turn_fixture_hold("binh", "A1", 3);
    pay.kind = hold.kind;
    pay.claim = hold.claim;
    pay.seat_count = hold.seat_count;
    memcpy(pay.seats, hold.seats, sizeof pay.seats);
    const struct answer *answer = turn_fixture_decide(fixture, &pay);
    assert_int_equal(answer->refusal, REFUSAL_SEAT_HELD_BY_ANOTHER);
    assert_int_equal(answer->conflict_count, 1);
    assert_false(answer->created);
    assert_true(id_is_none(answer->booking.id));
    assert_true(id_is_none(answer->payment.id));
}

static void decide_nothing(void *context)
{
    turn_fixture_run(context, NULL, 0);
}

static void a_turn_of_no_commands_is_a_bug(void **state)
{
    assert_true(unit_aborts(decide_nothing, *state));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STATEMENT(a_thousand_clients_for_one_seat_have_one_winner),
        STATEMENT(each_command_sees_what_the_ones_before_it_did),
        STATEMENT(hold_pay_and_money_can_share_a_turn),
        STATEMENT(a_key_has_one_effect_and_its_first_answer_comes_again),
        STATEMENT(a_double_click_in_one_turn_makes_one_booking),
        STATEMENT(a_key_is_answered_whatever_became_of_its_booking),
        STATEMENT(a_key_is_answered_without_its_showtime),
        STATEMENT(a_key_with_another_body_is_reused),
        STATEMENT(another_users_key_is_his_own),
        STATEMENT(one_key_for_hold_and_confirm_and_pay_is_three_keys),
        STATEMENT(a_payments_key_answers_the_same_payment_and_status_again),
        STATEMENT(a_key_whose_rows_are_lost_is_a_failure),
        STATEMENT(a_refused_key_hears_the_same_refusal_again),
        STATEMENT(a_refused_key_with_another_body_is_reused),
        STATEMENT(without_the_memory_a_refused_key_is_judged_anew),
        STATEMENT(a_hold_ends_at_its_moment_and_not_before),
        STATEMENT(what_must_end_and_cannot_contradicts_its_seats),
        STATEMENT(nothing_is_decided_after_a_contradiction),
        STATEMENT(lapsed_holds_are_listed_once_each_up_to_the_room),
        STATEMENT(the_next_lapse_is_counted_anew_after_an_expiry),
        STATEMENT(the_lapse_of_seats_that_were_sold_or_given_back_is_forgotten),
        STATEMENT(a_look_changes_nothing),
        STATEMENT(each_kind_of_change_is_one_to_write),
        STATEMENT(the_same_turn_twice_gives_the_same_bytes),
        STATEMENT(an_answer_has_nothing_of_the_commands_last_one),
        STATEMENT(a_turn_of_no_commands_is_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
