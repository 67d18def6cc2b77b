/* The contract of ports/store.h: showtimes that staff change. Run as `test_store_edit sqlite` or
 * `test_store_edit memory`. */
#include "support/unit.h"

#include "contract/store_assert.h"
#include "contract/store_fixture.h"
#include "ports/catalogue_edit.h"

#define HOUR_MS INT64_C(3600000)
#define NEW_PRICE 77000

static struct slice as_it_is(struct slice text, struct arena *arena)
{
    (void)arena;
    return text;
}

/* Nobody looks into it. */
static struct time_zone *some_zone(struct slice name)
{
    static char zone;
    (void)name;
    return (struct time_zone *)&zone;
}

static void forget_zone(struct time_zone *zone)
{
    assert_non_null(zone);
}

static bool some_day(struct time_zone *zone, int64_t moment_ms, char *target)
{
    (void)zone;
    (void)moment_ms;
    memcpy(target, "2024-01-15", 10);
    return true;
}

static const struct locale locale = {
    .fold = as_it_is, .open_zone = some_zone, .close_zone = forget_zone, .date_of = some_day};

static struct catalogue_edit new_edit(uint32_t number)
{
    return (struct catalogue_edit){.kind = EDIT_SHOWTIME,
                                   .showtime.id = store_fixture_showtime(number),
                                   .locale = &locale,
                                   .actor = SLICE("staff"),
                                   .role = SLICE("admin")};
}

static struct catalogue_edit new_price(uint32_t number, enum seat_type type, int64_t price)
{
    struct catalogue_edit edit = new_edit(number);
    edit.members = 1U << SHOWTIME_PRICE;
    edit.showtime.prices[type] = price;
    return edit;
}

static struct catalogue_edit new_start(uint32_t number, int64_t starts_at_ms)
{
    struct catalogue_edit edit = new_edit(number);
    edit.members = 1U << SHOWTIME_START;
    edit.showtime.starts_at_ms = starts_at_ms;
    return edit;
}

/* In the open batch. */
static void edit_in_batch(struct store_fixture *fixture, struct catalogue_edit *edit,
                          enum edit_outcome expected)
{
    const struct store *store = &fixture->store;
    assert_int_equal(store->methods->edit(store->context, edit, fixture->now_ms), ERROR_NONE);
    assert_int_equal(edit->outcome, expected);
}

static void edit_and_commit(struct store_fixture *fixture, struct catalogue_edit edit,
                            enum edit_outcome expected)
{
    store_fixture_begin(fixture);
    edit_in_batch(fixture, &edit, expected);
    store_fixture_commit(fixture);
}

static void a_changed_price_is_in_the_map_and_grows_its_version(void **state)
{
    struct store_fixture *fixture = *state;
    struct catalogue_edit edit = new_price(1, SEAT_VIP, NEW_PRICE);
    store_fixture_begin(fixture);
    edit_in_batch(fixture, &edit, EDIT_CHANGED);
    assert_int_equal(edit.members_changed, 1U << SHOWTIME_PRICE);
    store_fixture_load(fixture, 1); /* From inside the batch. */
    assert_int_equal(fixture->map.prices[SEAT_VIP], NEW_PRICE);
    store_fixture_commit(fixture);
    store_fixture_restart(fixture);
    store_fixture_load(fixture, 1);
    assert_int_equal(fixture->map.prices[SEAT_VIP], NEW_PRICE);
    assert_int_equal(fixture->map.prices[SEAT_STANDARD], FIXTURE_PRICE_STANDARD);
    assert_int_equal(fixture->map.version, 2);
    store_fixture_load(fixture, 2);
    assert_int_equal(fixture->map.prices[SEAT_VIP], FIXTURE_PRICE_VIP);
}

static void a_price_that_is_so_already_changes_nothing(void **state)
{
    struct store_fixture *fixture = *state;
    edit_and_commit(fixture, new_price(1, SEAT_VIP, FIXTURE_PRICE_VIP), EDIT_SAME);
    store_fixture_load(fixture, 1);
    assert_int_equal(fixture->map.version, 1);
}

static void an_edit_is_undone_with_its_batch(void **state)
{
    struct store_fixture *fixture = *state;
    struct catalogue_edit edit = new_price(1, SEAT_VIP, NEW_PRICE);
    struct catalogue_edit move = new_start(1, FIXTURE_STARTS_AT_MS + HOUR_MS);
    store_fixture_begin(fixture);
    edit_in_batch(fixture, &edit, EDIT_CHANGED);
    if (!store_fixture_shared()) edit_in_batch(fixture, &move, EDIT_CHANGED);
    store_fixture_rollback(fixture);
    store_fixture_load(fixture, 1);
    assert_int_equal(fixture->map.prices[SEAT_VIP], FIXTURE_PRICE_VIP);
    assert_int_equal(fixture->map.starts_at_ms, FIXTURE_STARTS_AT_MS);
    assert_int_equal(fixture->map.version, 1);
}

static void a_showtime_that_nobody_booked_may_move(void **state)
{
    struct store_fixture *fixture = *state;
    edit_and_commit(fixture, new_start(1, FIXTURE_STARTS_AT_MS + HOUR_MS), EDIT_CHANGED);
    store_fixture_load(fixture, 1);
    assert_true(fixture->map.starts_at_ms == FIXTURE_STARTS_AT_MS + HOUR_MS);
    assert_true(fixture->map.ends_at_ms == FIXTURE_ENDS_AT_MS + HOUR_MS);
    assert_int_equal(fixture->map.version, 2);
}

static void a_booked_showtime_stays_whatever_became_of_the_booking(void **state)
{
    struct store_fixture *fixture = *state;
    const struct booking booking = store_fixture_hold(fixture, "an", "A1", 1);
    struct command cancel = {.kind = COMMAND_CANCEL,
                             .showtime = booking.showtime,
                             .claim.user = booking.user,
                             .booking = booking.id};
    struct catalogue_edit edit = new_start(1, FIXTURE_STARTS_AT_MS + HOUR_MS);
    store_fixture_begin(fixture);
    edit_in_batch(fixture, &edit, EDIT_KEPT);
    assert_int_equal(edit.members_changed, 1U << SHOWTIME_START);
    store_fixture_commit(fixture);
    store_fixture_run(fixture, 1, &cancel);
    store_fixture_restart(fixture);
    edit_and_commit(fixture, edit, EDIT_KEPT);
    fixture->now_ms += 60000; /* Housekeeping has come by: only the booking says it still. */
    assert_int_equal(store_fixture_tend(fixture), ERROR_NONE);
    edit_and_commit(fixture, edit, EDIT_KEPT);
    edit_and_commit(fixture, new_start(2, FIXTURE_STARTS_AT_MS + HOUR_MS), EDIT_CHANGED);
}

static void a_hold_that_was_undone_does_not_keep_a_showtime(void **state)
{
    struct store_fixture *fixture = *state;
    struct command hold = turn_fixture_hold("an", "A1", 1);
    store_fixture_begin(fixture);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_decide(fixture, &hold), ERROR_NONE);
    store_fixture_rollback(fixture);
    edit_and_commit(fixture, new_start(1, FIXTURE_STARTS_AT_MS + HOUR_MS), EDIT_CHANGED);
}

static void a_new_price_leaves_what_is_sold_and_is_that_of_the_next_hold(void **state)
{
    struct store_fixture *fixture = *state;
    const struct booking old = store_fixture_hold(fixture, "an", "B1", 1);
    edit_and_commit(fixture, new_price(1, SEAT_STANDARD, NEW_PRICE), EDIT_CHANGED);
    const struct booking again = store_fixture_booking(fixture, old.id);
    assert_int_equal(again.final_amount, FIXTURE_PRICE_STANDARD);
    assert_int_equal(again.seats[0].price, FIXTURE_PRICE_STANDARD);
    const struct booking new = store_fixture_hold(fixture, "binh", "B2", 2);
    assert_int_equal(new.final_amount, NEW_PRICE);
    store_fixture_load(fixture, 1);
    assert_int_equal(store_fixture_state(fixture, "B1"), SEAT_HELD);
    assert_int_equal(fixture->map.version, 4);
    assert_int_equal(seat_map_available(&fixture->map), 27);
}

static void a_showtime_that_is_over_changes_no_more(void **state)
{
    struct store_fixture *fixture = *state;
    fixture->now_ms = FIXTURE_ENDS_AT_MS;
    edit_and_commit(fixture, new_price(1, SEAT_VIP, NEW_PRICE), EDIT_OVER);
    edit_and_commit(fixture, new_price(1, SEAT_VIP, FIXTURE_PRICE_VIP), EDIT_SAME);
    store_fixture_tend(fixture);
    edit_and_commit(fixture, new_start(1, FIXTURE_ENDS_AT_MS + HOUR_MS), EDIT_OVER);
    store_fixture_load(fixture, 1);
    /* Where others write too, the end is a version of its own. */
    assert_int_equal(fixture->map.version, store_fixture_shared() ? 2 : 1);
}

static void an_unknown_showtime_is_not_found(void **state)
{
    struct store_fixture *fixture = *state;
    edit_and_commit(fixture, new_price(99, SEAT_VIP, NEW_PRICE), EDIT_NOT_FOUND);
}

int main(int argument_count, char **arguments)
{
    if (!store_fixture_choose(argument_count, arguments)) return 2;
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_changed_price_is_in_the_map_and_grows_its_version),
        STORE_TEST(a_price_that_is_so_already_changes_nothing),
        STORE_TEST(an_edit_is_undone_with_its_batch),
        STORE_TEST(a_showtime_that_nobody_booked_may_move),
        STORE_TEST(a_booked_showtime_stays_whatever_became_of_the_booking),
        STORE_TEST(a_hold_that_was_undone_does_not_keep_a_showtime),
        STORE_TEST(a_new_price_leaves_what_is_sold_and_is_that_of_the_next_hold),
        STORE_TEST(a_showtime_that_is_over_changes_no_more),
        STORE_TEST(an_unknown_showtime_is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
