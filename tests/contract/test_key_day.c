#include "support/unit.h"

#include "store/key_day.h"

static void a_day_is_a_day_of_utc(void **state)
{
    (void)state;
    assert_int_equal(key_day_of(0), 0);
    assert_int_equal(key_day_of(86399999), 0);
    assert_int_equal(key_day_of(86400000), 1);
}

static void a_new_day_switches_once(void **state)
{
    (void)state;
    assert_int_equal(key_day_judge(10, 11), KEY_DAY_SWITCH);
    assert_int_equal(key_day_judge(11, 11), KEY_DAY_KEEP);
    assert_int_equal(key_day_judge(10, 4000), KEY_DAY_SWITCH);
}

static void a_clock_that_goes_back_never_switches(void **state)
{
    (void)state;
    assert_int_equal(key_day_judge(11, 10), KEY_DAY_KEEP);
    assert_int_equal(key_day_judge(11, 9), KEY_DAY_FOLLOW);
    assert_int_equal(key_day_judge(11, 0), KEY_DAY_FOLLOW);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_is_a_day_of_utc),
        cmocka_unit_test(a_new_day_switches_once),
        cmocka_unit_test(a_clock_that_goes_back_never_switches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
