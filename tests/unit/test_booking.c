/* test_booking.c - the states of a booking and the moves between them. */
#include "support/unit.h"

#include "core/booking.h"

static const struct id payment = {.bytes = {5}};

static void only_the_contracts_moves_are_allowed(void **state)
{
    (void)state;
    /* From row to column: pending, confirmed, cancelled, expired. */
    static const char *const table[BOOKING_STATUS_COUNT] = {
        [BOOKING_PENDING] = ".yyy",
        [BOOKING_CONFIRMED] = "..y.",
        [BOOKING_CANCELLED] = "....",
        [BOOKING_EXPIRED] = ".y..",
    };
    for (uint32_t from = 0; from < BOOKING_STATUS_COUNT; from++) {
        for (uint32_t to = 0; to < BOOKING_STATUS_COUNT; to++) {
            const bool allowed =
                booking_may_become((enum booking_status)from, (enum booking_status)to);
            assert_int_equal(allowed, table[from][to] == 'y');
        }
    }
}

static struct booking pending(void)
{
    return (struct booking){.hold_expires_at_ms = 1000, .active_payment = payment};
}

static void confirming_names_the_payment_and_the_moment(void **state)
{
    (void)state;
    struct booking booking = pending();
    booking_confirm(&booking, payment, 77);
    assert_int_equal(booking.status, BOOKING_CONFIRMED);
    assert_true(booking.confirmed_at_ms == 77);
    assert_true(booking.updated_at_ms == 77);
    assert_true(id_equal(booking.payment, payment));
    assert_true(id_is_none(booking.active_payment));
}

static void cancelling_names_the_reason_and_the_moment(void **state)
{
    (void)state;
    struct booking booking = pending();
    booking_cancel(&booking, reason_of(SLICE("the projector broke")), 78);
    assert_int_equal(booking.status, BOOKING_CANCELLED);
    assert_true(booking.cancelled_at_ms == 78);
    assert_true(booking.updated_at_ms == 78);
    assert_slice_equal(reason_text(&booking.cancellation_reason), SLICE("the projector broke"));
    assert_true(id_is_none(booking.active_payment));
}

static void expiring_stamps_the_moment(void **state)
{
    (void)state;
    struct booking booking = pending();
    booking_expire(&booking, 79);
    assert_int_equal(booking.status, BOOKING_EXPIRED);
    assert_true(booking.updated_at_ms == 79);
    assert_true(id_is_none(booking.active_payment));
}

static void a_booking_lives_while_pending_and_before_its_end(void **state)
{
    (void)state;
    struct booking booking = pending();
    assert_true(booking_live(&booking, 999));
    assert_false(booking_live(&booking, 1000));
    booking.status = BOOKING_CONFIRMED;
    assert_false(booking_live(&booking, 999));
}

static void expire_a_cancelled_one(void *context)
{
    struct booking booking = {.status = BOOKING_CANCELLED};
    (void)context;
    booking_expire(&booking, 1);
}

static void confirm_without_a_payment(void *context)
{
    struct booking booking = pending();
    (void)context;
    booking_confirm(&booking, (struct id){0}, 1);
}

static void a_move_that_is_not_allowed_is_a_bug(void **state)
{
    (void)state;
    assert_true(unit_aborts(expire_a_cancelled_one, NULL));
    assert_true(unit_aborts(confirm_without_a_payment, NULL));
}

static void users_are_equal_by_their_whole_names(void **state)
{
    (void)state;
    const struct user left = user_of(SLICE("an"));
    const struct user longer = user_of(SLICE("anh"));
    const struct user same = user_of(SLICE("an"));
    assert_true(user_equal(&left, &same));
    assert_false(user_equal(&left, &longer));
    char name[USER_SIZE_MAX];
    memset(name, 'u', sizeof name);
    const struct slice longest = {.data = name, .size = sizeof name};
    const struct user user = user_of(longest);
    assert_slice_equal(user_name(&user), longest);
}

static void a_reason_may_be_empty(void **state)
{
    (void)state;
    const struct reason reason = reason_of((struct slice){0});
    assert_int_equal(reason_text(&reason).size, 0);
}

static void statuses_have_the_contracts_words(void **state)
{
    (void)state;
    static const struct slice names[] = {SLICE_INIT("pending"), SLICE_INIT("confirmed"),
                                         SLICE_INIT("cancelled"), SLICE_INIT("expired")};
    for (uint32_t index = 0; index < BOOKING_STATUS_COUNT; index++) {
        enum booking_status status = BOOKING_STATUS_COUNT;
        assert_slice_equal(booking_status_name((enum booking_status)index), names[index]);
        assert_true(booking_status_parse(names[index], &status));
        assert_int_equal(status, index);
    }
    enum booking_status status = BOOKING_STATUS_COUNT;
    assert_false(booking_status_parse(SLICE("held"), &status));
    assert_int_equal(status, BOOKING_STATUS_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_contracts_moves_are_allowed),
        cmocka_unit_test(confirming_names_the_payment_and_the_moment),
        cmocka_unit_test(cancelling_names_the_reason_and_the_moment),
        cmocka_unit_test(expiring_stamps_the_moment),
        cmocka_unit_test(a_booking_lives_while_pending_and_before_its_end),
        cmocka_unit_test(a_move_that_is_not_allowed_is_a_bug),
        cmocka_unit_test(users_are_equal_by_their_whole_names),
        cmocka_unit_test(a_reason_may_be_empty),
        cmocka_unit_test(statuses_have_the_contracts_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
