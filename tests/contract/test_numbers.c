/* test_numbers.c - the numbers behind ids and codes, which no restored backup may repeat. */
#include "support/unit.h"

#include "store/gather.h"

#define NOW_MS INT64_C(1790000000000)

static const struct turn_policy policy = {.hold_ms = 1, .payment_ms = 1, .held_seats_max = 1};

struct drawn {
    uint64_t booking;
    uint64_t payment;
};

/* What a hold and a pay at this moment get. */
static struct drawn draw(struct gather_numbers *numbers, int64_t now_ms)
{
    static struct turn turn;
    struct command hold = {.kind = COMMAND_HOLD};
    struct command pay = {.kind = COMMAND_PAY};
    turn_begin(&turn, &policy, NULL, NULL, now_ms);
    turn_add(&turn, &hold);
    turn_add(&turn, &pay);
    gather_fresh(numbers, &turn);
    const struct drawn drawn = {id_open(&numbers->key, ID_BOOKING, turn.fresh[0].booking),
                                id_open(&numbers->key, ID_PAYMENT, turn.fresh[1].payment)};
    assert_true(drawn.booking > 0);
    assert_true(drawn.payment > 0);
    return drawn;
}

static void numbers_count_up_within_a_moment(void **state)
{
    (void)state;
    struct gather_numbers numbers = {.next_booking = 1, .next_payment = 1, .next_block = 1};
    const struct drawn first = draw(&numbers, NOW_MS);
    const struct drawn second = draw(&numbers, NOW_MS);
    assert_true(second.booking == first.booking + 1);
    assert_true(second.payment == first.payment + 1);
}

static void a_backup_restored_later_repeats_no_number(void **state)
{
    (void)state;
    struct gather_numbers lost = {.next_booking = 1, .next_payment = 1, .next_block = 1};
    struct gather_numbers restored = lost;
    struct drawn last = {0};
    for (int count = 0; count < 5000; count++) last = draw(&lost, NOW_MS + count);
    const struct drawn next = draw(&restored, NOW_MS + 6000);
    assert_true(next.booking > last.booking);
    assert_true(next.payment > last.payment);
}

static void numbers_never_fall_when_the_clock_does(void **state)
{
    (void)state;
    struct gather_numbers numbers = {.next_booking = 1, .next_payment = 1, .next_block = 1};
    const struct drawn first = draw(&numbers, NOW_MS);
    const struct drawn second = draw(&numbers, NOW_MS - 86400000);
    assert_true(second.booking == first.booking + 1);
    assert_true(second.payment == first.payment + 1);
}

static void a_clock_far_ahead_does_not_use_the_numbers_up(void **state)
{
    (void)state;
    struct gather_numbers numbers = {.next_booking = 7, .next_payment = 9, .next_block = 1};
    const struct drawn drawn = draw(&numbers, INT64_MAX);
    assert_true(drawn.booking == 7);
    assert_true(drawn.payment == 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_count_up_within_a_moment),
        cmocka_unit_test(a_backup_restored_later_repeats_no_number),
        cmocka_unit_test(numbers_never_fall_when_the_clock_does),
        cmocka_unit_test(a_clock_far_ahead_does_not_use_the_numbers_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
