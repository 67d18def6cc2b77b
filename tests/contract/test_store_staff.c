/* The contract of ports/store.h about what staff do. Every adapter passes this file: run as
 * `test_store_staff sqlite` or `test_store_staff memory`. */
#include "support/unit.h"

#include "contract/store_assert.h"
#include "contract/store_fixture.h"

static size_t journal_size(struct store_fixture *fixture)
{
    static _Alignas(16) char block[64 * 1024];
    struct journal_line lines[STAFF_LISTED_MAX];
    struct arena arena;
    size_t count = 0;
    struct id next;
    arena_init(&arena, block, sizeof block);
    const struct staff_reader *reader = &fixture->staff_reader;
    const struct staff_journal_query query = {.page.limit = STAFF_LISTED_MAX};
    assert_int_equal(
        reader->methods->list_journal(reader->context, &query, &arena, lines, &count, &next),
        ERROR_NONE);
    return count;
}

static void cancel_showtime(struct store_fixture *fixture)
{
    struct staff_order order;
    struct command cancel = turn_fixture_cancel_showtime("staff", "no light", &order);
    store_fixture_run(fixture, 1, &cancel);
    assert_int_equal(cancel.answer.refusal, REFUSAL_NONE);
}

static void a_block_is_kept_with_its_seats_across_a_restart(void **state)
{
    struct store_fixture *fixture = *state;
    const struct block block = store_fixture_block(fixture, "staff", "B2 B1");
    store_fixture_restart(fixture);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_state(fixture, "B1"), SEAT_BLOCKED);
    assert_int_equal(store_fixture_state(fixture, "B2"), SEAT_BLOCKED);
    assert_true(id_equal(store_fixture_claim(fixture, "B1")->booking, block.id));
    assert_int_equal(fixture->map.version, 2);
    assert_int_equal(seat_map_available(&fixture->map), 27);
    assert_int_equal(fixture->map.next_lapse_ms, INT64_MAX);
    const struct block next = store_fixture_block(fixture, "staff", "B3");
    assert_true(memcmp(next.id.bytes, block.id.bytes, ID_SIZE) > 0);
}

static void a_release_frees_the_seats_and_its_block_is_found_no_more(void **state)
{
    struct store_fixture *fixture = *state;
    struct staff_order order;
    const struct block block = store_fixture_block(fixture, "staff", "B1 B2");
    struct command release = turn_fixture_release("staff", block.id, &order);
    store_fixture_run(fixture, 1, &release);
    assert_int_equal(release.answer.refusal, REFUSAL_NONE);
    store_fixture_restart(fixture);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_state(fixture, "B1"), SEAT_AVAILABLE);
    assert_int_equal(seat_map_available(&fixture->map), 29);
    store_fixture_run(fixture, 1, &release);
    assert_int_equal(release.answer.refusal, REFUSAL_NOT_FOUND);
    const struct block next = store_fixture_block(fixture, "staff", "B1");
    assert_false(id_equal(next.id, block.id));
    assert_int_equal(journal_size(fixture), 3);
}

static void a_seat_goes_from_a_block_to_a_hold_in_one_turn(void **state)
{
    struct store_fixture *fixture = *state;
    struct staff_order order;
    const struct block block = store_fixture_block(fixture, "staff", "B1");
    struct command release = turn_fixture_release("staff", block.id, &order);
    struct command hold = turn_fixture_hold("an", "B1", 1);
    struct command *commands[] = {&release, &hold};
    store_fixture_begin(fixture);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_turn(fixture, commands, 2), ERROR_NONE);
    store_fixture_commit(fixture);
    assert_int_equal(hold.answer.refusal, REFUSAL_NONE);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_state(fixture, "B1"), SEAT_HELD);
    assert_true(id_equal(store_fixture_claim(fixture, "B1")->booking, hold.answer.booking.id));
}

static void a_block_by_a_stale_map_sells_nothing_twice(void **state)
{
    struct store_fixture *fixture = *state;
    struct staff_order order;
    store_fixture_load(fixture, 1);
    const struct seat_map stale = fixture->map;
    uint8_t *copy = malloc(SHOWTIME_BLOCK_SIZE_MAX);
    assert_non_null(copy);
    memcpy(copy, fixture->block, SHOWTIME_BLOCK_SIZE_MAX);
    (void)store_fixture_hold(fixture, "an", "B1", 1);
    fixture->map = stale;
    memcpy(fixture->block, copy, SHOWTIME_BLOCK_SIZE_MAX);
    free(copy);
    struct command block = turn_fixture_block("staff", "B1", &order);
    store_fixture_begin(fixture);
    assert_int_equal(store_fixture_decide(fixture, &block), store_fixture_refusal(fixture));
    store_fixture_commit(fixture);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_state(fixture, "B1"), SEAT_HELD);
    assert_int_equal(journal_size(fixture), 0);
}

static void a_block_is_not_released_twice_by_facts_of_before(void **state)
{
    struct store_fixture *fixture = *state;
    struct staff_order order;
    struct block block = store_fixture_block(fixture, "staff", "B1");
    struct command release = turn_fixture_release("staff", block.id, &order);
    store_fixture_run(fixture, 1, &release);
    store_fixture_begin(fixture);
    store_fixture_load(fixture, 1);
    turn_begin(fixture->turn, &fixture->policy, NULL, &fixture->map, fixture->now_ms);
    block.released_at_ms = fixture->now_ms + 5;
    (void)facts_add_block(&fixture->turn->facts, &block, FACT_CHANGED);
    assert_int_equal(fixture->store.methods->record(fixture->store.context, fixture->turn),
                     ERROR_INTERNAL_ERROR);
    store_fixture_commit(fixture);
}

static void a_refund_is_kept_with_its_booking_and_its_key(void **state)
{
    struct store_fixture *fixture = *state;
    struct staff_order order;
    const struct booking held = store_fixture_hold(fixture, "an", "A1 A2", 1);
    const struct payment paid = store_fixture_sell(fixture, &held, 2);
    struct command refund = turn_fixture_refund("staff", paid.id, 3, &order);
    fixture->now_ms += 5000;
    store_fixture_run(fixture, 1, &refund);
    store_fixture_restart(fixture);
    const struct booking booking = store_fixture_booking(fixture, held.id);
    const struct payment payment = store_fixture_payment(fixture, paid.id);
    store_assert_booking(&booking, &refund.answer.booking);
    store_assert_payment(&payment, &refund.answer.payment);
    assert_int_equal(booking.status, BOOKING_CANCELLED);
    assert_int_equal(payment.status, PAYMENT_REFUND_DUE);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_state(fixture, "A1"), SEAT_AVAILABLE);
    struct command again = turn_fixture_refund("staff", paid.id, 3, &order);
    store_fixture_run(fixture, 1, &again);
    assert_true(again.answer.replayed);
    store_assert_payment(&again.answer.payment, &payment);
    assert_int_equal(journal_size(fixture), 1);

    struct command done = turn_fixture_refund_done("staff", paid.id, "bank 1", &order);
    store_fixture_run(fixture, 1, &done);
    const struct payment refunded = store_fixture_payment(fixture, paid.id);
    store_assert_payment(&refunded, &done.answer.payment);
    assert_slice_equal(reason_text(&refunded.refund_reference), SLICE("bank 1"));
    assert_int_equal(journal_size(fixture), 2);
}

static void a_cancelled_showtime_stays_so_and_knows_why(void **state)
{
    struct store_fixture *fixture = *state;
    cancel_showtime(fixture);
    const int64_t cancelled_at_ms = fixture->now_ms;
    store_fixture_restart(fixture);
    fixture->now_ms = FIXTURE_ENDS_AT_MS;
    store_fixture_tend(fixture);
    store_fixture_load(fixture, 1);
    assert_int_equal(fixture->map.status, SHOWTIME_CANCELLED);
    assert_int_equal(fixture->map.cancelled_at_ms, cancelled_at_ms);
    assert_slice_equal(reason_text(&fixture->map.cancellation_reason), SLICE("no light"));
    /* Where others write too, housekeeping grows it. */
    assert_int_equal(fixture->map.version, store_fixture_shared() ? 3 : 2);
    assert_int_equal(fixture->map.next_lapse_ms, INT64_MAX);
    cancel_showtime(fixture);
    assert_int_equal(journal_size(fixture), 1);
}

static void a_cancel_that_was_undone_left_nothing(void **state)
{
    struct store_fixture *fixture = *state;
    struct staff_order order;
    const struct block block = store_fixture_block(fixture, "staff", "B1");
    struct command cancel = turn_fixture_cancel_showtime("staff", "no light", &order);
    struct command release = turn_fixture_release("staff", block.id, &order);
    struct command again = turn_fixture_block("staff", "B2", &order);
    struct command *commands[] = {&again, &release, &cancel};
    struct staff_order orders[3];
    for (size_t index = 0; index < 3; index++) {
        orders[index] = order;
        commands[index]->order = &orders[index];
    }
    orders[1].block = block.id;
    store_fixture_begin(fixture);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_turn(fixture, commands, 3), ERROR_NONE);
    store_fixture_rollback(fixture);
    store_fixture_load(fixture, 1);
    assert_int_equal(fixture->map.status, SHOWTIME_SCHEDULED);
    assert_int_equal(fixture->map.cancelled_at_ms, 0);
    assert_int_equal(fixture->map.version, 2);
    assert_int_equal(store_fixture_state(fixture, "B1"), SEAT_BLOCKED);
    assert_int_equal(store_fixture_state(fixture, "B2"), SEAT_AVAILABLE);
    assert_int_equal(journal_size(fixture), 1);
    store_fixture_run(fixture, 1, &release);
    assert_int_equal(release.answer.refusal, REFUSAL_NONE);
}

static size_t count_pending(struct store_fixture *fixture)
{
    struct id found[4];
    size_t count = 0;
    const struct store *store = &fixture->store;
    assert_int_equal(store->methods->pending(store->context, (struct id){0}, found, 4, &count),
                     ERROR_NONE);
    if (count > 0) assert_true(id_equal(found[0], store_fixture_showtime(1)));
    return count;
}

static void a_cancelled_showtime_is_pending_until_no_booking_has_seats(void **state)
{
    struct store_fixture *fixture = *state;
    const struct booking held = store_fixture_hold(fixture, "an", "A1 A2", 1);
    const struct payment paid = store_fixture_sell(fixture, &held, 2);
    (void)store_fixture_block(fixture, "staff", "B1");
    assert_int_equal(count_pending(fixture), 0);
    cancel_showtime(fixture);
    store_fixture_restart(fixture);
    assert_int_equal(count_pending(fixture), 1);
    store_fixture_load(fixture, 1);
    assert_int_equal(fixture->map.next_lapse_ms, 0);
    fixture->now_ms += 1000;
    store_fixture_end(fixture);
    assert_int_equal(count_pending(fixture), 0);
    const struct booking booking = store_fixture_booking(fixture, held.id);
    assert_int_equal(booking.status, BOOKING_CANCELLED);
    assert_slice_equal(reason_text(&booking.cancellation_reason), SLICE("no light"));
    const struct payment payment = store_fixture_payment(fixture, paid.id);
    assert_int_equal(payment.status, PAYMENT_REFUND_DUE);
    assert_int_equal(payment.reason, REASON_SHOWTIME_CANCELLED);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_state(fixture, "A1"), SEAT_AVAILABLE);
    assert_int_equal(store_fixture_state(fixture, "B1"), SEAT_BLOCKED);
    assert_int_equal(fixture->map.next_lapse_ms, INT64_MAX);
}

static void a_showtime_is_not_cancelled_twice_by_a_map_of_before(void **state)
{
    struct store_fixture *fixture = *state;
    struct staff_order order;
    cancel_showtime(fixture);
    store_fixture_begin(fixture);
    store_fixture_load(fixture, 1);
    fixture->map.status = SHOWTIME_SCHEDULED;
    struct command cancel = turn_fixture_cancel_showtime("staff", "no film", &order);
    assert_int_equal(store_fixture_decide(fixture, &cancel), ERROR_INTERNAL_ERROR);
    store_fixture_commit(fixture);
    store_fixture_load(fixture, 1);
    assert_slice_equal(reason_text(&fixture->map.cancellation_reason), SLICE("no light"));
}

int main(int argument_count, char **arguments)
{
    static const struct CMUnitTest tests[] = {
        STORE_TEST(a_block_is_kept_with_its_seats_across_a_restart),
        STORE_TEST(a_release_frees_the_seats_and_its_block_is_found_no_more),
        STORE_TEST(a_seat_goes_from_a_block_to_a_hold_in_one_turn),
        STORE_TEST(a_block_by_a_stale_map_sells_nothing_twice),
        STORE_TEST(a_block_is_not_released_twice_by_facts_of_before),
        STORE_TEST(a_refund_is_kept_with_its_booking_and_its_key),
        STORE_TEST(a_cancelled_showtime_stays_so_and_knows_why),
        STORE_TEST(a_cancel_that_was_undone_left_nothing),
        STORE_TEST(a_cancelled_showtime_is_pending_until_no_booking_has_seats),
        STORE_TEST(a_showtime_is_not_cancelled_twice_by_a_map_of_before),
    };
    if (!store_fixture_choose(argument_count, arguments)) return 2;
    return cmocka_run_group_tests_name(arguments[1], tests, NULL, NULL);
}
