/* test_numbers.c - the numbers behind ids and codes, which no restored backup may repeat. */
#include "support/unit.h"

#include "core/numbers.h"

#define NOW_MS INT64_C(1790000000000)

static const struct numbers new_store = {.next_booking = 1, .next_payment = 1, .next_block = 1};

struct drawn {
    uint64_t booking;
    uint64_t payment;
    uint64_t block;
};

/* One of each at this moment; ids and codes must be what the numbers say. */
static struct drawn draw(struct numbers *numbers, int64_t now_ms)
{
    struct code code;
    const struct siphash_key *key = &numbers->key;
    const struct id booking = numbers_draw_booking(numbers, now_ms, &code);
    const struct id payment = numbers_draw_payment(numbers, now_ms);
    const struct id block = numbers_draw_block(numbers, now_ms);
    const struct drawn drawn = {.booking = id_open(key, ID_BOOKING, booking),
                                .payment = id_open(key, ID_PAYMENT, payment),
                                .block = id_open(key, ID_BLOCK, block)};
    assert_true(drawn.booking > 0);
    assert_true(drawn.payment > 0);
    assert_true(drawn.block > 0);
    assert_true(code_to_number(key, code) == drawn.booking);
    return drawn;
}

static void assert_above(struct drawn drawn, struct drawn last)
{
    assert_true(drawn.booking > last.booking);
    assert_true(drawn.payment > last.payment);
    assert_true(drawn.block > last.block);
}

static void assert_next(struct drawn drawn, struct drawn last)
{
    assert_true(drawn.booking == last.booking + 1);
    assert_true(drawn.payment == last.payment + 1);
    assert_true(drawn.block == last.block + 1);
}

static void numbers_count_up_within_a_moment(void **state)
{
    (void)state;
    struct numbers numbers = new_store;
    const struct drawn first = draw(&numbers, NOW_MS);
    assert_next(draw(&numbers, NOW_MS), first);
}

static void a_backup_restored_later_repeats_no_number(void **state)
{
    (void)state;
    struct numbers lost = new_store;
    struct numbers restored = new_store;
    struct drawn last = {0};
    for (int count = 0; count < 5000; count++) last = draw(&lost, NOW_MS + count);
    assert_above(draw(&restored, NOW_MS + 6000), last);
}

static void numbers_never_fall_when_the_clock_does(void **state)
{
    (void)state;
    struct numbers numbers = new_store;
    const struct drawn first = draw(&numbers, NOW_MS);
    assert_next(draw(&numbers, NOW_MS - 86400000), first);
}

static void a_clock_far_behind_or_ahead_goes_on_from_the_store(void **state)
{
    (void)state;
    static const int64_t moments[] = {1, INT64_MAX};
    for (size_t index = 0; index < 2; index++) {
        struct numbers numbers = {.next_booking = 7, .next_payment = 9, .next_block = 11};
        const struct drawn drawn = draw(&numbers, moments[index]);
        assert_true(drawn.booking == 7);
        assert_true(drawn.payment == 9);
        assert_true(drawn.block == 11);
    }
}

static void what_is_moved_gets_a_number_of_its_own_time(void **state)
{
    (void)state;
    const uint64_t booking = numbers_at(NOW_MS, true);
    const uint64_t payment = numbers_at(NOW_MS, false);
    assert_true(numbers_at(NOW_MS + 1, true) >= booking);
    assert_true(numbers_at(NOW_MS + 1000, true) == booking + 1000);
    assert_true(numbers_at(NOW_MS + 1000, false) > payment + 1000);
    assert_true(numbers_at(1, true) == 1);
    assert_true(numbers_at(1, false) == 1);
}

static void the_next_booking_is_the_clock_s_or_the_store_s(void **state)
{
    (void)state;
    struct numbers numbers = new_store;
    const uint64_t next = numbers_next_booking(&numbers, NOW_MS);
    assert_true(next > numbers.next_booking);
    numbers.next_booking = next + 7;
    assert_true(numbers_next_booking(&numbers, NOW_MS) == next + 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_count_up_within_a_moment),
        cmocka_unit_test(a_backup_restored_later_repeats_no_number),
        cmocka_unit_test(numbers_never_fall_when_the_clock_does),
        cmocka_unit_test(a_clock_far_behind_or_ahead_goes_on_from_the_store),
        cmocka_unit_test(what_is_moved_gets_a_number_of_its_own_time),
        cmocka_unit_test(the_next_booking_is_the_clock_s_or_the_store_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
