#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "http/rate.h"

#define S INT64_C(1000000)
#define NOW_US (INT64_C(1000) * S)

/* Five at once, one back every two seconds. */
static const struct rate five = {.burst = 5, .interval_us = 2 * S};

static void a_new_bucket_gives_its_burst_and_no_more(void **state)
{
    (void)state;
    int64_t full_at_us = 0;
    for (uint32_t left = 5; left > 0; left--) {
        const struct rate_verdict verdict = rate_take(&five, &full_at_us, NOW_US);
        assert_true(verdict.admitted);
        assert_int_equal(verdict.remaining, left - 1);
        assert_int_equal(verdict.full_after_us, (6 - left) * 2 * S);
        assert_int_equal(verdict.retry_after_us, 0);
    }
    const struct rate_verdict verdict = rate_take(&five, &full_at_us, NOW_US);
    assert_false(verdict.admitted);
    assert_int_equal(verdict.remaining, 0);
    assert_int_equal(verdict.retry_after_us, 2 * S);
    assert_int_equal(verdict.full_after_us, 10 * S);
}

static void a_refusal_costs_nothing_and_tells_exactly_when_to_come_back(void **state)
{
    (void)state;
    int64_t full_at_us = NOW_US + 10 * S;
    for (int again = 0; again < 100; again++) {
        const struct rate_verdict verdict = rate_take(&five, &full_at_us, NOW_US + S / 2);
        assert_false(verdict.admitted);
        assert_int_equal(verdict.retry_after_us, 3 * S / 2);
    }
    assert_false(rate_take(&five, &full_at_us, NOW_US + 2 * S - 1).admitted);
    assert_true(rate_take(&five, &full_at_us, NOW_US + 2 * S).admitted);
    assert_false(rate_take(&five, &full_at_us, NOW_US + 2 * S).admitted);
}

static void a_bucket_fills_up_to_its_burst_however_long_it_rests(void **state)
{
    (void)state;
    int64_t full_at_us = NOW_US + 10 * S;
    assert_int_equal(rate_look(&five, full_at_us, NOW_US + 4 * S).remaining, 2);
    assert_int_equal(rate_look(&five, full_at_us, NOW_US + 10 * S).remaining, 5);
    assert_int_equal(rate_look(&five, full_at_us, NOW_US + 1000 * S).remaining, 5);
    int admitted = 0;
    while (rate_take(&five, &full_at_us, NOW_US + 1000 * S).admitted) admitted++;
    assert_int_equal(admitted, 5);
}

static void in_the_long_run_the_rate_is_kept_whatever_the_burst(void **state)
{
    (void)state;
    const struct rate rate = {.burst = 100, .interval_us = 50000}; /* 20/s */
    int64_t full_at_us = 0;
    int admitted = 0;
    for (int64_t at_us = 0; at_us < 60 * S; at_us += 1000)
        admitted += rate_take(&rate, &full_at_us, NOW_US + at_us).admitted;
    assert_in_range(admitted, 60 * 20 + 99, 60 * 20 + 100);
}

static void a_look_takes_nothing(void **state)
{
    (void)state;
    int64_t full_at_us = NOW_US + 8 * S;
    assert_int_equal(rate_look(&five, full_at_us, NOW_US).remaining, 1);
    assert_true(rate_look(&five, full_at_us, NOW_US).admitted);
    assert_true(rate_take(&five, &full_at_us, NOW_US).admitted);
    assert_false(rate_look(&five, full_at_us, NOW_US).admitted);
}

static void what_is_charged_is_owed_beyond_an_empty_bucket(void **state)
{
    (void)state;
    int64_t full_at_us = 0;
    for (int count = 0; count < 100; count++) rate_charge(&five, &full_at_us, NOW_US);
    struct rate_verdict verdict = rate_look(&five, full_at_us, NOW_US);
    assert_false(verdict.admitted);
    assert_int_equal(verdict.remaining, 0);
    assert_int_equal(verdict.retry_after_us, 96 * 2 * S);
    assert_int_equal(verdict.full_after_us, 100 * 2 * S);
    assert_false(rate_look(&five, full_at_us, NOW_US + 192 * S - 1).admitted);
    assert_true(rate_look(&five, full_at_us, NOW_US + 192 * S).admitted);
}

static void nobody_owes_more_than_a_days_worth(void **state)
{
    (void)state;
    int64_t full_at_us = 0;
    for (int count = 0; count < 100000; count++) rate_charge(&five, &full_at_us, NOW_US);
    const struct rate_verdict verdict = rate_look(&five, full_at_us, NOW_US);
    assert_int_equal(verdict.retry_after_us, RATE_ARREARS_US_MAX + 2 * S);
}

static void a_clock_that_steps_back_costs_one_bucket_at_most(void **state)
{
    (void)state;
    int64_t full_at_us = 0;
    for (int count = 0; count < 3; count++)
        assert_true(rate_take(&five, &full_at_us, NOW_US).admitted);
    struct rate_verdict verdict = rate_take(&five, &full_at_us, S);
    assert_false(verdict.admitted);
    assert_int_equal(verdict.retry_after_us, 2 * S);
    verdict = rate_take(&five, &full_at_us, 3 * S);
    assert_true(verdict.admitted);
    assert_int_equal(rate_look(&five, full_at_us, 13 * S).remaining, 5);
}

static void the_largest_rates_do_not_overflow(void **state)
{
    (void)state;
    const struct rate slow = {.burst = RATE_BURST_MAX, .interval_us = RATE_INTERVAL_US_MAX};
    int64_t full_at_us = 0;
    assert_int_equal(rate_take(&slow, &full_at_us, INT64_MAX / 4).remaining, RATE_BURST_MAX - 1);
    const struct rate fast = {.burst = 1, .interval_us = 1};
    full_at_us = 0;
    assert_true(rate_take(&fast, &full_at_us, NOW_US).admitted);
    assert_false(rate_take(&fast, &full_at_us, NOW_US).admitted);
    assert_true(rate_take(&fast, &full_at_us, NOW_US + 1).admitted);
}

static void a_rate_is_read_as_it_is_written(void **state)
{
    (void)state;
    struct rate rate = {.burst = 7};
    assert_true(rate_parse(SLICE("2000:20/s"), &rate));
    assert_int_equal(rate.burst, 2000);
    assert_int_equal(rate.interval_us, 50000);
    assert_true(rate_parse(SLICE("10:20/h"), &rate));
    assert_int_equal(rate.burst, 10);
    assert_int_equal(rate.interval_us, 180 * S);
    assert_true(rate_parse(SLICE("1:1000000/s"), &rate));
    assert_int_equal(rate.interval_us, 1);
    assert_true(rate_parse(SLICE("1000000:1/m"), &rate));
    assert_int_equal(rate.interval_us, 60 * S);
    assert_true(rate_parse(SLICE("off"), &rate));
    assert_int_equal(rate.burst, 0);
}

static void what_is_no_rate_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",        "on",      "10",      "10:",    ":5/s",     "10:5",        "10:5/",
        "10:5/d",  "0:5/s",   "10:0/s",  "-1:5/s", "10:-5/s",  "1000001:5/s", "10:1000001/s",
        " 10:5/s", "10:5/s ", "10 :5/s", "10:5/S", "10:5/s/s", "1e3:5/s",     "10:5.5/s",
        "OFF",     "10:5/sec"};
    for (size_t index = 0; index < sizeof wrong / sizeof wrong[0]; index++) {
        struct rate rate = {.burst = 7, .interval_us = 9};
        if (rate_parse(slice_of(wrong[index]), &rate)) fail_msg("accepted: %s", wrong[index]);
        assert_int_equal(rate.burst, 7);
        assert_int_equal(rate.interval_us, 9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_bucket_gives_its_burst_and_no_more),
        cmocka_unit_test(a_refusal_costs_nothing_and_tells_exactly_when_to_come_back),
        cmocka_unit_test(a_bucket_fills_up_to_its_burst_however_long_it_rests),
        cmocka_unit_test(in_the_long_run_the_rate_is_kept_whatever_the_burst),
        cmocka_unit_test(a_look_takes_nothing),
        cmocka_unit_test(what_is_charged_is_owed_beyond_an_empty_bucket),
        cmocka_unit_test(nobody_owes_more_than_a_days_worth),
        cmocka_unit_test(a_clock_that_steps_back_costs_one_bucket_at_most),
        cmocka_unit_test(the_largest_rates_do_not_overflow),
        cmocka_unit_test(a_rate_is_read_as_it_is_written),
        cmocka_unit_test(what_is_no_rate_is_refused_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
