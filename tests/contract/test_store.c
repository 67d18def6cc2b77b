/* The contract of ports/store.h: maps, turns, and what refuses them. Every adapter passes this
 * file: run as `test_store sqlite`, `test_store memory` or `test_store mongo`. */
#include "support/unit.h"

#include "contract/store_assert.h"
#include "contract/store_fixture.h"

static uint64_t version_of(struct store_fixture *fixture, struct id booking)
{
    struct booking found;
    uint64_t version = 0;
    const struct reader *reader = &fixture->reader;
    assert_int_equal(reader->methods->find_booking(reader->context, booking, CONSISTENCY_LATEST,
                                                   &found, &version),
                     ERROR_NONE);
    return version;
}

static void a_map_has_its_layout_prices_and_times(void **state)
{
    struct store_fixture *fixture = *state;
    store_fixture_load(fixture, 1);
    const struct seat_map *map = &fixture->map;
    assert_true(id_equal(map->showtime, store_fixture_showtime(1)));
    assert_int_equal(map->rows, 3);
    assert_int_equal(map->cols, 10);
    assert_int_equal(map->version, 1);
    assert_int_equal(map->status, SHOWTIME_SCHEDULED);
    assert_int_equal(map->starts_at_ms, FIXTURE_STARTS_AT_MS);
    assert_int_equal(map->ends_at_ms, FIXTURE_ENDS_AT_MS);
    assert_int_equal(map->prices[SEAT_STANDARD], FIXTURE_PRICE_STANDARD);
    assert_int_equal(map->prices[SEAT_VIP], FIXTURE_PRICE_VIP);
    assert_int_equal(map->prices[SEAT_COUPLE], FIXTURE_PRICE_COUPLE);
    assert_int_equal(map->types[0], SEAT_VIP);
    assert_int_equal(map->types[10], SEAT_STANDARD);
    assert_int_equal(map->types[20], SEAT_COUPLE);
    assert_int_equal(map->states[29], SEAT_ABSENT);
    assert_int_equal(seat_map_total(map), 29);
    assert_int_equal(seat_map_available(map), 29);
    assert_int_equal(map->next_lapse_ms, INT64_MAX);
}

static void an_unknown_showtime_is_not_found(void **state)
{
    assert_int_equal(store_fixture_find(*state, 99), ERROR_SHOWTIME_NOT_FOUND);
}

static void a_map_shows_the_holds_and_whose_they_are(void **state)
{
    struct store_fixture *fixture = *state;
    const struct booking booking = store_fixture_hold(fixture, "an", "A1 B2", 1);
    store_fixture_load(fixture, 1);
    const struct seat_claim *claim = store_fixture_claim(fixture, "B2");
    assert_int_equal(store_fixture_state(fixture, "A1"), SEAT_HELD);
    assert_int_equal(store_fixture_state(fixture, "B2"), SEAT_HELD);
    assert_int_equal(store_fixture_state(fixture, "B3"), SEAT_AVAILABLE);
    assert_true(id_equal(claim->booking, booking.id));
    assert_true(claim->holder == turn_tag(&fixture->policy, &booking.user));
    assert_int_equal(claim->held_until_ms, booking.hold_expires_at_ms);
    assert_int_equal(fixture->map.next_lapse_ms, booking.hold_expires_at_ms);
    assert_int_equal(fixture->map.version, 2);
    assert_int_equal(seat_map_available(&fixture->map), 27);
}

static void a_map_is_seen_from_inside_the_batch(void **state)
{
    struct store_fixture *fixture = *state;
    struct command hold = turn_fixture_hold("an", "A1", 1);
    store_fixture_begin(fixture);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_decide(fixture, &hold), ERROR_NONE);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_state(fixture, "A1"), SEAT_HELD);
    store_fixture_rollback(fixture);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_state(fixture, "A1"), SEAT_AVAILABLE);
    assert_int_equal(fixture->map.version, 1);
}

static void a_hold_is_read_back_as_it_was_answered(void **state)
{
    struct store_fixture *fixture = *state;
    const struct booking held = store_fixture_hold(fixture, "an", "C3 A1 B2", 1);
    const struct booking found = store_fixture_booking(fixture, held.id);
    store_assert_booking(&held, &found);
    assert_int_equal(found.total_amount,
                     FIXTURE_PRICE_COUPLE + FIXTURE_PRICE_VIP + FIXTURE_PRICE_STANDARD);
    assert_int_equal(version_of(fixture, held.id), 2);
}

static void a_cancel_frees_the_seats(void **state)
{
    struct store_fixture *fixture = *state;
    const struct booking held = store_fixture_hold(fixture, "an", "A1 A2", 1);
    struct command cancel = turn_fixture_cancel("an", held.id);
    fixture->now_ms += 1000;
    store_fixture_run(fixture, 1, &cancel);
    const struct booking found = store_fixture_booking(fixture, held.id);
    assert_int_equal(found.status, BOOKING_CANCELLED);
    store_assert_booking(&cancel.answer.booking, &found);
    store_fixture_load(fixture, 1);
    assert_int_equal(seat_map_available(&fixture->map), 29);
    assert_int_equal(fixture->map.version, 3);
    (void)store_fixture_hold(fixture, "binh", "A1", 2);
}

/* A turn that has missed another one: its map says A1 is free. */
static void make_stale(struct store_fixture *fixture, uint64_t version)
{
    store_fixture_load(fixture, 1);
    const uint32_t place = 0;
    fixture->map.states[place] = SEAT_AVAILABLE;
    fixture->map.claims[place] = (struct seat_claim){0};
    fixture->map.version = version;
}

static void a_double_sale_is_refused_and_the_rest_of_the_batch_lands(void **state)
{
    struct store_fixture *fixture = *state;
    const struct booking first = store_fixture_hold(fixture, "an", "A1", 1);
    struct command second = turn_fixture_hold("binh", "B5 A1", 2);
    struct command other = turn_fixture_hold("chi", "A1", 3);
    struct command later = turn_fixture_hold("dung", "A2", 4);
    other.showtime = store_fixture_showtime(2);
    store_fixture_begin(fixture);
    store_fixture_load(fixture, 2);
    assert_int_equal(store_fixture_decide(fixture, &other), ERROR_NONE);
    make_stale(fixture, 50);
    assert_int_equal(store_fixture_decide(fixture, &second), ERROR_INTERNAL_ERROR);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_decide(fixture, &later), ERROR_NONE);
    store_fixture_commit(fixture);

    store_fixture_load(fixture, 1);
    assert_true(id_equal(store_fixture_claim(fixture, "A1")->booking, first.id));
    assert_int_equal(store_fixture_state(fixture, "B5"), SEAT_AVAILABLE);
    assert_int_equal(store_fixture_state(fixture, "A2"), SEAT_HELD);
    assert_int_equal(fixture->map.version, 3);
    store_fixture_load(fixture, 2);
    assert_int_equal(store_fixture_state(fixture, "A1"), SEAT_HELD);
    struct booking found;
    uint64_t version = 0;
    const struct reader *reader = &fixture->reader;
    assert_int_equal(reader->methods->find_booking(reader->context, second.answer.booking.id,
                                                   CONSISTENCY_LATEST, &found, &version),
                     ERROR_BOOKING_NOT_FOUND);
    struct command again = turn_fixture_hold("binh", "B6", 2); /* Its key was not kept. */
    store_fixture_run(fixture, 1, &again);
    assert_false(again.answer.replayed);
    assert_int_equal(again.answer.refusal, REFUSAL_NONE);
}

/* The day of the keys begins with the refused turn, and again with the one behind it. */
static void the_first_turn_of_a_batch_is_refused_alone_too(void **state)
{
    struct store_fixture *fixture = *state;
    const struct booking first = store_fixture_hold(fixture, "an", "A1", 1);
    struct command second = turn_fixture_hold("binh", "B5 A1", 2);
    struct command other = turn_fixture_hold("chi", "A1", 3);
    other.showtime = store_fixture_showtime(2);
    fixture->now_ms += INT64_C(86400000);
    for (uint32_t number = 1; number <= 2; number++) {
        store_fixture_move(fixture, number, fixture->now_ms + 1000, fixture->now_ms + 2000);
    }
    store_fixture_begin(fixture);
    make_stale(fixture, 50);
    assert_int_equal(store_fixture_decide(fixture, &second), ERROR_INTERNAL_ERROR);
    store_fixture_load(fixture, 2);
    assert_int_equal(store_fixture_decide(fixture, &other), ERROR_NONE);
    store_fixture_commit(fixture);

    store_fixture_restart(fixture);
    store_fixture_load(fixture, 1);
    assert_true(id_equal(store_fixture_claim(fixture, "A1")->booking, first.id));
    assert_int_equal(store_fixture_state(fixture, "B5"), SEAT_AVAILABLE);
    assert_int_equal(fixture->map.version, 2);
    (void)store_fixture_hold(fixture, "dung", "A3", 4); /* The day goes on, and begins no more. */
    struct command again = other;
    store_fixture_run(fixture, 2, &again);
    assert_true(again.answer.replayed);
    assert_true(id_equal(again.answer.booking.id, other.answer.booking.id));
}

static void a_turn_on_an_old_version_is_refused(void **state)
{
    struct store_fixture *fixture = *state;
    (void)store_fixture_hold(fixture, "an", "A1", 1);
    for (uint64_t version = 0; version < 2; version++) {
        struct command second = turn_fixture_hold("binh", "A2", 2);
        store_fixture_begin(fixture);
        make_stale(fixture, version);
        assert_int_equal(store_fixture_decide(fixture, &second), store_fixture_refusal(fixture));
        store_fixture_commit(fixture);
        store_fixture_load(fixture, 1);
        assert_int_equal(store_fixture_state(fixture, "A2"), SEAT_AVAILABLE);
    }
}

static void a_booking_that_moved_meanwhile_refuses_the_turn(void **state)
{
    struct store_fixture *fixture = *state;
    const struct booking held = store_fixture_hold(fixture, "an", "A1", 1);
    struct command cancel = turn_fixture_cancel("an", held.id);
    store_fixture_run(fixture, 1, &cancel);

    store_fixture_begin(fixture);
    store_fixture_load(fixture, 1);
    turn_begin(fixture->turn, &fixture->policy, NULL, &fixture->map, fixture->now_ms);
    struct booking expired = held; /* What was read before the cancel. */
    booking_expire(&expired, fixture->now_ms);
    facts_add_booking(&fixture->turn->facts, &expired, FACT_CHANGED);
    assert_int_equal(fixture->store.methods->record(fixture->store.context, fixture->turn),
                     ERROR_INTERNAL_ERROR);
    store_fixture_commit(fixture);
    assert_int_equal(store_fixture_booking(fixture, held.id).status, BOOKING_CANCELLED);
}

static void a_claim_that_is_anothers_refuses_the_turn(void **state)
{
    struct store_fixture *fixture = *state;
    const struct booking mine = store_fixture_hold(fixture, "an", "A1", 1);
    const struct booking other = store_fixture_hold(fixture, "binh", "A2", 2);
    store_fixture_begin(fixture);
    store_fixture_load(fixture, 1);
    turn_begin(fixture->turn, &fixture->policy, NULL, &fixture->map, fixture->now_ms);
    fixture->turn->seat_changes[0] =
        (struct seat_change){.place = 0, .state_before = SEAT_HELD, .booking_before = other.id};
    fixture->turn->seat_change_count = 1;
    fixture->map.states[0] = SEAT_AVAILABLE;
    fixture->map.version++;
    assert_int_equal(fixture->store.methods->record(fixture->store.context, fixture->turn),
                     ERROR_INTERNAL_ERROR);
    store_fixture_commit(fixture);
    store_fixture_load(fixture, 1);
    assert_true(id_equal(store_fixture_claim(fixture, "A1")->booking, mine.id));
}

static void a_rollback_undoes_everything(void **state)
{
    struct store_fixture *fixture = *state;
    const struct booking before = store_fixture_hold(fixture, "an", "A1", 1);
    struct command cancel = turn_fixture_cancel("an", before.id);
    struct command hold = turn_fixture_hold("binh", "A2", 2);
    struct command *commands[] = {&cancel, &hold};
    store_fixture_begin(fixture);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_turn(fixture, commands, 2), ERROR_NONE);
    store_fixture_rollback(fixture);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_state(fixture, "A1"), SEAT_HELD);
    assert_int_equal(store_fixture_state(fixture, "A2"), SEAT_AVAILABLE);
    assert_int_equal(fixture->map.version, 2);
    const struct booking found = store_fixture_booking(fixture, before.id);
    store_assert_booking(&before, &found);
    store_fixture_run(fixture, 1, &hold);
    assert_false(hold.answer.replayed);
}

static void a_batch_of_refusals_commits(void **state)
{
    struct store_fixture *fixture = *state;
    struct command hold = turn_fixture_hold("an", "Z9", 1);
    store_fixture_run(fixture, 1, &hold);
    assert_int_equal(hold.answer.refusal, REFUSAL_INVALID_SEAT);
    store_fixture_load(fixture, 1);
    assert_int_equal(fixture->map.version, 1);
}

static void what_is_committed_survives_a_restart(void **state)
{
    struct store_fixture *fixture = *state;
    const struct booking held = store_fixture_hold(fixture, "an", "A1 A2", 1);
    const struct payment payment = store_fixture_pay(fixture, &held, 2);
    struct command open = turn_fixture_hold("binh", "A3", 3);
    store_fixture_begin(fixture);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_decide(fixture, &open), ERROR_NONE);
    if (fixture->kind == STORE_SQLITE) store_fixture_rollback(fixture);
    store_fixture_restart(fixture);

    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_state(fixture, "A1"), SEAT_HELD);
    assert_int_equal(store_fixture_state(fixture, "A3"), SEAT_AVAILABLE);
    const struct booking found = store_fixture_booking(fixture, held.id);
    assert_int_equal(found.hold_expires_at_ms, payment.expires_at_ms);
    const struct payment paid = store_fixture_payment(fixture, payment.id);
    store_assert_payment(&payment, &paid);
    struct command again = turn_fixture_hold("an", "A1 A2", 1);
    store_fixture_run(fixture, 1, &again);
    assert_true(again.answer.replayed);
    const struct booking next = store_fixture_hold(fixture, "chi", "A4", 9);
    assert_false(id_equal(next.id, held.id));
}

static void showtimes_with_pending_bookings_are_listed_in_order(void **state)
{
    struct store_fixture *fixture = *state;
    const struct store *store = &fixture->store;
    struct id found[4];
    size_t count = 9;
    assert_int_equal(store->methods->pending(store->context, (struct id){0}, found, 4, &count),
                     ERROR_NONE);
    assert_int_equal(count, 0);
    struct command second = turn_fixture_hold("an", "A1", 1);
    second.showtime = store_fixture_showtime(2);
    store_fixture_run(fixture, 2, &second);
    const struct booking first = store_fixture_hold(fixture, "an", "A1", 2);
    assert_int_equal(store->methods->pending(store->context, (struct id){0}, found, 1, &count),
                     ERROR_NONE);
    assert_int_equal(count, 1);
    assert_true(id_equal(found[0], store_fixture_showtime(1)));
    assert_int_equal(store->methods->pending(store->context, found[0], found, 4, &count),
                     ERROR_NONE);
    assert_int_equal(count, 1);
    assert_true(id_equal(found[0], store_fixture_showtime(2)));
    struct command cancel = turn_fixture_cancel("an", first.id);
    store_fixture_run(fixture, 1, &cancel);
    assert_int_equal(store->methods->pending(store->context, (struct id){0}, found, 4, &count),
                     ERROR_NONE);
    assert_int_equal(count, 1);
    assert_true(id_equal(found[0], store_fixture_showtime(2)));
}

static void an_ended_showtime_is_completed_once_nothing_of_it_is_pending(void **state)
{
    struct store_fixture *fixture = *state;
    const struct booking held = store_fixture_hold(fixture, "an", "A1", 1);
    store_fixture_move(fixture, 1, FIXTURE_NOW_MS + 500, FIXTURE_NOW_MS + 1000);
    fixture->now_ms = FIXTURE_NOW_MS + 1000;
    store_fixture_tend(fixture);
    store_fixture_load(fixture, 1);
    assert_int_equal(fixture->map.status, SHOWTIME_SCHEDULED);
    struct command expire = turn_fixture_expire(held.id);
    fixture->now_ms = held.hold_expires_at_ms;
    store_fixture_run(fixture, 1, &expire);
    store_fixture_tend(fixture);
    store_fixture_load(fixture, 1);
    assert_int_equal(fixture->map.status, SHOWTIME_COMPLETED);
    store_fixture_load(fixture, 2);
    assert_int_equal(fixture->map.status, SHOWTIME_SCHEDULED);
}

int main(int argument_count, char **arguments)
{
    static const struct CMUnitTest tests[] = {
        STORE_TEST(a_map_has_its_layout_prices_and_times),
        STORE_TEST(an_unknown_showtime_is_not_found),
        STORE_TEST(a_map_shows_the_holds_and_whose_they_are),
        STORE_TEST(a_hold_is_read_back_as_it_was_answered),
        STORE_TEST(a_cancel_frees_the_seats),
        STORE_TEST(a_turn_on_an_old_version_is_refused),
        STORE_TEST(a_booking_that_moved_meanwhile_refuses_the_turn),
        STORE_TEST(a_claim_that_is_anothers_refuses_the_turn),
        STORE_TEST(a_rollback_undoes_everything),
        STORE_TEST(a_batch_of_refusals_commits),
        STORE_TEST(what_is_committed_survives_a_restart),
        STORE_TEST(showtimes_with_pending_bookings_are_listed_in_order),
        STORE_TEST(an_ended_showtime_is_completed_once_nothing_of_it_is_pending),
    };
    static const struct CMUnitTest batches[] = {
        STORE_TEST(a_map_is_seen_from_inside_the_batch),
        STORE_TEST(a_double_sale_is_refused_and_the_rest_of_the_batch_lands),
        STORE_TEST(the_first_turn_of_a_batch_is_refused_alone_too),
    };
    if (!store_fixture_choose(argument_count, arguments)) return 2;
    int failed = cmocka_run_group_tests_name(arguments[1], tests, NULL, NULL);
    if (!store_fixture_shared()) {
        failed += cmocka_run_group_tests_name("batches of several turns", batches, NULL, NULL);
    }
    return failed;
}
