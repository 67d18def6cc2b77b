/* test_money.c - sums that cannot overflow unseen. */
#include "support/unit.h"

#include "core/limits.h"
#include "core/money.h"

static void sums_and_differences_are_exact(void **state)
{
    (void)state;
    assert_true(money_add(0, 0) == 0);
    assert_true(money_add(200000, 90000) == 290000);
    assert_true(money_add(INT64_MAX - 1, 1) == INT64_MAX);
    assert_true(money_subtract(290000, 90000) == 200000);
    assert_true(money_subtract(5, 5) == 0);
}

static void ten_seats_of_the_highest_price_add_up(void **state)
{
    (void)state;
    int64_t total = 0;
    for (int seat = 0; seat < SEATS_PER_HOLD_MAX; seat++) total = money_add(total, PRICE_MAX);
    assert_true(total == PRICE_MAX * SEATS_PER_HOLD_MAX);
}

static void add_too_much(void *context)
{
    (void)context;
    (void)money_add(INT64_MAX, 1);
}

static void add_a_debt(void *context)
{
    (void)context;
    (void)money_add(5, -1);
}

static void take_too_much(void *context)
{
    (void)context;
    (void)money_subtract(4, 5);
}

static void overflow_and_negative_money_are_bugs(void **state)
{
    (void)state;
    assert_true(unit_aborts(add_too_much, NULL));
    assert_true(unit_aborts(add_a_debt, NULL));
    assert_true(unit_aborts(take_too_much, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_and_differences_are_exact),
        cmocka_unit_test(ten_seats_of_the_highest_price_add_up),
        cmocka_unit_test(overflow_and_negative_money_are_bugs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
