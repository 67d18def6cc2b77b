/* test_blocking.c - staff keep seats from sale, all of them or none, and give them back. */
#include "core/conflicts.h"
#include "support/turn_fixture.h"
#include "support/unit.h"

#define STATEMENT(name) \
    cmocka_unit_test_setup_teardown(name, turn_fixture_setup, turn_fixture_teardown)

static void assert_block_refused(struct turn_fixture *fixture, const char *seats,
                                 enum refusal refusal, uint32_t conflict_count,
                                 struct staff_order *order)
{
    struct command command = turn_fixture_block("staff", seats, order);
    const uint64_t version = fixture->map.version;
    assert_int_equal(turn_fixture_decide(fixture, &command)->refusal, refusal);
    assert_int_equal(order->answer.conflict_count, conflict_count);
    assert_false(turn_changed(fixture->turn));
    assert_true(fixture->map.version == version);
}

static struct block blocked(struct turn_fixture *fixture, const char *seats)
{
    struct staff_order order;
    struct command command = turn_fixture_block("staff", seats, &order);
    assert_int_equal(turn_fixture_decide(fixture, &command)->refusal, REFUSAL_NONE);
    return order.answer.block;
}

static void a_block_takes_its_seats_from_sale_and_is_written_down(void **state)
{
    struct turn_fixture *fixture = *state;
    struct staff_order order;
    struct command command = turn_fixture_block("staff", "B2 B1", &order);
    order.role = STAFF_ROLE_ADMIN;
    const uint64_t version = fixture->map.version;
    const struct answer *answer = turn_fixture_decide(fixture, &command);
    assert_int_equal(answer->refusal, REFUSAL_NONE);
    assert_true(answer->map_version == version + 1);
    assert_true(turn_changed(fixture->turn));
    const struct block *block = &order.answer.block;
    assert_false(id_is_none(block->id));
    assert_true(id_equal(block->showtime, fixture->map.showtime));
    assert_int_equal(block->seat_count, 2);
    assert_int_equal(block->seats[0].col, 2);
    assert_slice_equal(reason_text(&block->reason), SLICE("rehearsal"));
    assert_slice_equal(user_name(&block->created_by), SLICE("staff"));
    assert_true(block->created_at_ms == fixture->now_ms);
    assert_int_equal(block->released_at_ms, 0);
    assert_int_equal(turn_fixture_state(fixture, "B1"), SEAT_BLOCKED);
    assert_int_equal(turn_fixture_state(fixture, "B2"), SEAT_BLOCKED);
    assert_int_equal(fixture->turn->facts.blocks[0].state, FACT_NEW);
    const struct journal_entry *entry = &fixture->turn->facts.journal[0];
    assert_int_equal(fixture->turn->facts.journal_count, 1);
    assert_int_equal(entry->action, JOURNAL_BLOCK_SEATS);
    assert_int_equal(entry->role, STAFF_ROLE_ADMIN);
    assert_true(id_equal(entry->subject, block->id));
    assert_true(entry->at_ms == fixture->now_ms);
    assert_slice_equal(user_name(&entry->actor), SLICE("staff"));
    assert_slice_equal(reason_text(&entry->detail), SLICE("rehearsal"));
}

static void a_blocked_seat_cannot_be_held(void **state)
{
    struct turn_fixture *fixture = *state;
    (void)blocked(fixture, "B1");
    struct command hold = turn_fixture_hold("an", "B1 B2", 1);
    assert_int_equal(turn_fixture_decide(fixture, &hold)->refusal, REFUSAL_SEAT_BLOCKED);
    assert_int_equal(hold.answer.conflict_count, 1);
    assert_int_equal(hold.answer.conflicts[0].state, SEAT_BLOCKED);
    assert_false(hold.answer.conflicts[0].yours);
}

static void a_block_of_taken_seats_names_them_all_and_the_firmest_gives_the_code(void **state)
{
    struct turn_fixture *fixture = *state;
    struct staff_order order;
    const struct booking sold = turn_fixture_held(fixture, "an", "A1", 1);
    (void)turn_fixture_sold(fixture, &sold, 2);
    (void)turn_fixture_held(fixture, "staff", "A2", 3);
    assert_block_refused(fixture, "B9 B10", REFUSAL_SEAT_BLOCKED, 1, &order);
    assert_block_refused(fixture, "B10 A2", REFUSAL_SEAT_HELD_BY_ANOTHER, 2, &order);
    assert_true(order.answer.conflicts[1].yours);
    assert_block_refused(fixture, "A1 A2 B10 B1", REFUSAL_SEAT_ALREADY_BOOKED, 3, &order);
    assert_false(order.answer.conflicts[0].yours);
    assert_int_equal(turn_fixture_state(fixture, "B1"), SEAT_AVAILABLE);
}

static void a_block_of_seats_that_are_not_there_names_those_only(void **state)
{
    struct turn_fixture *fixture = *state;
    struct staff_order order;
    assert_block_refused(fixture, "B10 C10 A99", REFUSAL_INVALID_SEAT, 2, &order);
    assert_int_equal(order.answer.conflicts[0].state, SEAT_ABSENT);
}

static void a_show_that_is_over_or_cancelled_takes_no_block_but_one_that_has_begun_does(
    void **state)
{
    struct turn_fixture *fixture = *state;
    struct staff_order order;
    fixture->now_ms = FIXTURE_STARTS_AT_MS;
    (void)blocked(fixture, "B1");
    fixture->now_ms = FIXTURE_ENDS_AT_MS;
    assert_block_refused(fixture, "B2", REFUSAL_SHOWTIME_NOT_AVAILABLE, 0, &order);
    fixture->now_ms = FIXTURE_NOW_MS;
    fixture->map.status = SHOWTIME_CANCELLED;
    assert_block_refused(fixture, "B2", REFUSAL_SHOWTIME_NOT_AVAILABLE, 0, &order);
}

static void a_block_of_no_showtime_is_refused(void **state)
{
    struct turn_fixture *fixture = *state;
    struct staff_order order;
    fixture->has_map = false;
    struct command block = turn_fixture_block("staff", "B1", &order);
    assert_int_equal(turn_fixture_decide(fixture, &block)->refusal, REFUSAL_SHOWTIME_NOT_FOUND);
    struct command release = turn_fixture_release("staff", turn_fixture_id(5), &order);
    assert_int_equal(turn_fixture_decide(fixture, &release)->refusal, REFUSAL_SHOWTIME_NOT_FOUND);
}

static void a_release_gives_all_seats_back_once(void **state)
{
    struct turn_fixture *fixture = *state;
    struct staff_order order;
    const struct block block = blocked(fixture, "B1 B2");
    const uint64_t version = fixture->map.version;
    fixture->now_ms += 1000;
    struct command release = turn_fixture_release("other", block.id, &order);
    const struct answer *answer = turn_fixture_decide(fixture, &release);
    assert_int_equal(answer->refusal, REFUSAL_NONE);
    assert_true(answer->map_version == version + 1);
    assert_true(order.answer.block.released_at_ms == fixture->now_ms);
    assert_int_equal(order.answer.block.seat_count, 2);
    assert_int_equal(turn_fixture_state(fixture, "B1"), SEAT_AVAILABLE);
    assert_int_equal(turn_fixture_state(fixture, "B2"), SEAT_AVAILABLE);
    assert_int_equal(fixture->turn->facts.blocks[0].state, FACT_CHANGED);
    assert_int_equal(fixture->turn->facts.journal[0].action, JOURNAL_RELEASE_SEATS);
    assert_int_equal(fixture->turn->seat_changes[0].state_before, SEAT_BLOCKED);
    assert_true(id_equal(fixture->turn->seat_changes[0].booking_before, block.id));

    struct command again = turn_fixture_release("other", block.id, &order);
    assert_int_equal(turn_fixture_decide(fixture, &again)->refusal, REFUSAL_NOT_FOUND);
    assert_false(turn_changed(fixture->turn));
    (void)turn_fixture_held(fixture, "an", "B1 B2", 1);
}

static void a_block_is_released_at_its_own_showtime_only(void **state)
{
    struct turn_fixture *fixture = *state;
    struct staff_order order;
    const struct block block = blocked(fixture, "B1");
    struct command unknown = turn_fixture_release("staff", turn_fixture_id(77), &order);
    assert_int_equal(turn_fixture_decide(fixture, &unknown)->refusal, REFUSAL_NOT_FOUND);
    fixture->blocks[0].showtime = turn_fixture_id(9);
    struct command foreign = turn_fixture_release("staff", block.id, &order);
    assert_int_equal(turn_fixture_decide(fixture, &foreign)->refusal, REFUSAL_NOT_FOUND);
    assert_int_equal(turn_fixture_state(fixture, "B1"), SEAT_BLOCKED);
}

static void a_block_can_be_made_and_released_in_one_turn(void **state)
{
    struct turn_fixture *fixture = *state;
    struct staff_order first;
    struct staff_order second;
    struct command block = turn_fixture_block("staff", "B1", &first);
    const struct numbers *numbers = &fixture->numbers;
    const struct id made = id_seal(&numbers->key, ID_BLOCK, numbers->next_block);
    struct command release = turn_fixture_release("staff", made, &second);
    struct command *commands[] = {&block, &release};
    turn_fixture_run(fixture, commands, 2);
    assert_int_equal(release.answer.refusal, REFUSAL_NONE);
    assert_int_equal(turn_fixture_state(fixture, "B1"), SEAT_AVAILABLE);
    assert_int_equal(fixture->turn->facts.blocks[0].state, FACT_NEW);
    assert_int_equal(fixture->turn->facts.journal_count, 2);
}

static void a_block_that_lacks_one_of_its_seats_contradicts_them(void **state)
{
    struct turn_fixture *fixture = *state;
    struct staff_order order;
    const struct block block = blocked(fixture, "B1 B2");
    struct command release = turn_fixture_release("staff", block.id, &order);
    struct seat_claim *claim = &fixture->map.claims[turn_fixture_place(fixture, "B1")];
    struct seat_name *name = &fixture->blocks[0].seats[0];
    claim->booking = turn_fixture_id(99);
    assert_int_equal(turn_fixture_decide(fixture, &release)->failure, ERROR_INTERNAL_ERROR);
    assert_true(fixture->turn->contradicted);
    claim->booking = block.id;
    const struct seat_name first = *name;
    name->col = 99;
    assert_int_equal(turn_fixture_decide(fixture, &release)->failure, ERROR_INTERNAL_ERROR);
    assert_true(fixture->turn->contradicted);
    *name = first;
    fixture->map.states[turn_fixture_place(fixture, "B1")] = SEAT_AVAILABLE;
    assert_int_equal(turn_fixture_decide(fixture, &release)->failure, ERROR_INTERNAL_ERROR);
    assert_true(fixture->turn->contradicted);
}

static void late_money_does_not_find_a_blocked_seat(void **state)
{
    struct turn_fixture *fixture = *state;
    const struct booking booking = turn_fixture_held(fixture, "an", "B1", 1);
    const struct payment payment = turn_fixture_paying(fixture, &booking, PAYMENT_MOMO, 2);
    fixture->now_ms = payment.expires_at_ms;
    turn_fixture_lapse(fixture);
    (void)blocked(fixture, "B1");
    struct command money = turn_fixture_money(&payment, MONEY_PAID);
    assert_int_equal(turn_fixture_decide(fixture, &money)->outcome, MONEY_TO_REFUND);
    assert_int_equal(money.answer.payment.reason, REASON_SEATS_TAKEN);
}

static void a_block_whose_command_brings_its_id_draws_none(void **state)
{
    struct turn_fixture *fixture = *state;
    struct staff_order order;
    struct command command = turn_fixture_block("staff", "B1", &order);
    const uint64_t next_block = fixture->numbers.next_block;
    command.made = turn_fixture_id(77);
    assert_int_equal(turn_fixture_decide(fixture, &command)->refusal, REFUSAL_NONE);
    assert_true(id_equal(order.answer.block.id, command.made));
    assert_true(fixture->numbers.next_block == next_block);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        STATEMENT(a_block_whose_command_brings_its_id_draws_none),
        STATEMENT(a_block_takes_its_seats_from_sale_and_is_written_down),
        STATEMENT(a_blocked_seat_cannot_be_held),
        STATEMENT(a_block_of_taken_seats_names_them_all_and_the_firmest_gives_the_code),
        STATEMENT(a_block_of_seats_that_are_not_there_names_those_only),
        STATEMENT(a_show_that_is_over_or_cancelled_takes_no_block_but_one_that_has_begun_does),
        STATEMENT(a_block_of_no_showtime_is_refused),
        STATEMENT(a_release_gives_all_seats_back_once),
        STATEMENT(a_block_is_released_at_its_own_showtime_only),
        STATEMENT(a_block_can_be_made_and_released_in_one_turn),
        STATEMENT(a_block_that_lacks_one_of_its_seats_contradicts_them),
        STATEMENT(late_money_does_not_find_a_blocked_seat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
