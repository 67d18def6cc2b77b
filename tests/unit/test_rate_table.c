#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>

#include <cmocka.h>

#include "http/rate_table.h"

#define S INT64_C(1000000)
#define NOW_US (INT64_C(1000) * S)

enum { BURST = 10, TABLE_BUCKETS = RATE_SETS_MIN * RATE_WAYS };

static const struct rate ten = {.burst = BURST, .interval_us = S};

/* A key of a test, by its number. */
static struct rate_verdict take(struct rate_table *table, uint64_t key, int64_t now_us)
{
    return rate_table_take(table, (struct slice){(const char *)&key, sizeof key}, now_us);
}

static struct rate_verdict look(struct rate_table *table, uint64_t key, int64_t now_us)
{
    return rate_table_look(table, (struct slice){(const char *)&key, sizeof key}, now_us);
}

static uint32_t drain(struct rate_table *table, uint64_t key, int64_t now_us)
{
    uint32_t admitted = 0;
    while (take(table, key, now_us).admitted) admitted++;
    return admitted;
}

static struct rate_table *open_table(void)
{
    struct rate_table *table = rate_table_open(&ten, RATE_SETS_MIN);
    assert_non_null(table);
    return table;
}

static void keys_have_buckets_of_their_own(void **state)
{
    (void)state;
    struct rate_table *table = open_table();
    assert_int_equal(drain(table, 1, NOW_US), BURST);
    assert_int_equal(drain(table, 2, NOW_US), BURST);
    assert_false(take(table, 1, NOW_US).admitted);
    assert_true(take(table, 1, NOW_US + S).admitted);
    assert_false(take(table, 2, NOW_US + S - 1).admitted);
    rate_table_close(table);
}

static void a_key_is_all_of_its_bytes(void **state)
{
    (void)state;
    struct rate_table *table = open_table();
    for (int count = 0; count < BURST; count++)
        assert_true(rate_table_take(table, SLICE("alice"), NOW_US).admitted);
    assert_false(rate_table_take(table, SLICE("alice"), NOW_US).admitted);
    assert_true(rate_table_take(table, SLICE("alic"), NOW_US).admitted);
    assert_true(rate_table_take(table, SLICE("alice "), NOW_US).admitted);
    rate_table_close(table);
}

static void a_look_makes_no_bucket_and_takes_nothing(void **state)
{
    (void)state;
    struct rate_table *table = open_table();
    for (int count = 0; count < 100; count++) {
        const struct rate_verdict verdict = look(table, 1, NOW_US);
        assert_true(verdict.admitted);
        assert_int_equal(verdict.remaining, BURST);
    }
    assert_int_equal(drain(table, 1, NOW_US), BURST);
    assert_false(look(table, 1, NOW_US).admitted);
    rate_table_close(table);
}

static void a_flood_of_strangers_does_not_give_a_drained_key_a_new_bucket(void **state)
{
    (void)state;
    struct rate_table *table = open_table();
    assert_int_equal(drain(table, 1, NOW_US), BURST);
    /* Fifty times the table, one request each: all of them owe less than the drained one. */
    for (uint64_t key = 100; key < 100 + 3 * (uint64_t)TABLE_BUCKETS; key++)
        (void)take(table, key, NOW_US);
    assert_false(take(table, 1, NOW_US).admitted);
    rate_table_close(table);
}

static void pushing_a_bucket_out_gives_half_of_one_back_at_most(void **state)
{
    (void)state;
    struct rate_table *table = open_table();
    assert_int_equal(drain(table, 1, NOW_US), BURST);
    /* Drain so many others that the key's set is full of drained ones, again and again. */
    for (uint64_t key = 100; key < 100 + 10 * (uint64_t)TABLE_BUCKETS; key++)
        (void)drain(table, key, NOW_US);
    assert_in_range(drain(table, 1, NOW_US), 0, BURST / 2);
    rate_table_close(table);
}

static void a_stranger_in_a_full_table_still_has_half_a_bucket(void **state)
{
    (void)state;
    struct rate_table *table = open_table();
    for (uint64_t key = 100; key < 100 + 10 * (uint64_t)TABLE_BUCKETS; key++)
        (void)drain(table, key, NOW_US);
    for (uint64_t key = 1000000; key < 1000100; key++)
        assert_in_range(drain(table, key, NOW_US), BURST / 2, BURST);
    rate_table_close(table);
}

static void buckets_that_are_full_again_make_room_first(void **state)
{
    (void)state;
    struct rate_table *table = open_table();
    for (uint64_t key = 100; key < 100 + 10 * (uint64_t)TABLE_BUCKETS; key++)
        (void)drain(table, key, NOW_US);
    const int64_t later_us = NOW_US + BURST * S;
    for (uint64_t key = 1; key < 20; key++) assert_int_equal(drain(table, key, later_us), BURST);
    rate_table_close(table);
}

static void tables_scatter_by_secrets_of_their_own(void **state)
{
    (void)state;
    /* Which of many keys lose their buckets differs from table to table. */
    uint64_t lost[2][16] = {{0}};
    for (int which = 0; which < 2; which++) {
        struct rate_table *table = open_table();
        for (uint64_t key = 0; key < 1024; key++) (void)take(table, key, NOW_US);
        for (uint64_t key = 0; key < 1024; key++) {
            if (look(table, key, NOW_US).remaining == BURST)
                lost[which][key / 64] |= UINT64_C(1) << key % 64;
        }
        rate_table_close(table);
    }
    assert_memory_not_equal(lost[0], lost[1], sizeof lost[0]);
}

enum { THREADS = 4, TAKES = 20000 };

struct crowd {
    struct rate_table *table;
    atomic_uint admitted[3]; /* By key. */
};

static void *press(void *argument)
{
    struct crowd *crowd = argument;
    for (uint64_t turn = 0; turn < TAKES; turn++) {
        const uint64_t key = turn % 3;
        if (take(crowd->table, key, NOW_US).admitted) atomic_fetch_add(&crowd->admitted[key], 1);
        (void)take(crowd->table, 1000 + turn, NOW_US); /* Others come and go beside them. */
        (void)look(crowd->table, key, NOW_US);
    }
    return NULL;
}

static void loops_share_a_bucket_and_never_give_a_token_twice(void **state)
{
    (void)state;
    struct rate rate = {.burst = 5000, .interval_us = S};
    struct crowd crowd = {.table = rate_table_open(&rate, RATE_SETS_MIN)};
    assert_non_null(crowd.table);
    pthread_t threads[THREADS];
    for (int index = 0; index < THREADS; index++)
        assert_int_equal(pthread_create(&threads[index], NULL, press, &crowd), 0);
    for (int index = 0; index < THREADS; index++)
        assert_int_equal(pthread_join(threads[index], NULL), 0);
    for (int key = 0; key < 3; key++) assert_int_equal(atomic_load(&crowd.admitted[key]), 5000);
    rate_table_close(crowd.table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_have_buckets_of_their_own),
        cmocka_unit_test(a_key_is_all_of_its_bytes),
        cmocka_unit_test(a_look_makes_no_bucket_and_takes_nothing),
        cmocka_unit_test(a_flood_of_strangers_does_not_give_a_drained_key_a_new_bucket),
        cmocka_unit_test(pushing_a_bucket_out_gives_half_of_one_back_at_most),
        cmocka_unit_test(a_stranger_in_a_full_table_still_has_half_a_bucket),
        cmocka_unit_test(buckets_that_are_full_again_make_room_first),
        cmocka_unit_test(tables_scatter_by_secrets_of_their_own),
        cmocka_unit_test(loops_share_a_bucket_and_never_give_a_token_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
