/* test_calendar.c - moments, days and zones as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/timestamp.h"
#include "calendar/calendar.h"
#include "calendar/fold.h"

enum { HOUR_MS = 3600 * 1000 };

#define SAIGON SLICE("Asia/Ho_Chi_Minh")

static int64_t moment(const char *text)
{
    int64_t moment_ms = -1;
    assert_true(calendar_parse_moment(slice_of(text), &moment_ms));
    return moment_ms;
}

static void assert_moment(int64_t moment_ms, const char *expected)
{
    char text[TIMESTAMP_SIZE + 1] = {0};
    timestamp_format(moment_ms, text);
    assert_string_equal(text, expected);
}

static void assert_day(struct slice zone, const char *date, const char *from, int hours)
{
    int64_t from_ms = 0;
    int64_t to_ms = 0;
    assert_true(calendar_day(zone, slice_of(date), &from_ms, &to_ms));
    assert_moment(from_ms, from);
    assert_int_equal(to_ms - from_ms, (int64_t)hours * HOUR_MS);
}

static void a_moment_is_read_with_its_offset(void **state)
{
    (void)state;
    assert_int_equal(moment("1970-01-01T00:00:00Z"), 0);
    assert_int_equal(moment("2024-01-15T10:30:00.000Z"), INT64_C(1705314600000));
    assert_int_equal(moment("2024-01-15T17:30:00+07:00"), INT64_C(1705314600000));
    assert_int_equal(moment("2024-01-15T05:00:00-05:30"), INT64_C(1705314600000));
    assert_int_equal(moment("2024-01-15T10:30:00.123Z"), INT64_C(1705314600123));
    assert_int_equal(moment("2024-02-29T23:59:59Z"), INT64_C(1709251199000));
}

static void a_malformed_moment_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "tomorrow",
        "2024-01-15",
        "2024-01-15T10:30:00", /* No zone: whose half past ten? */
        "2024-13-15T10:30:00Z",
        "2023-02-29T10:30:00Z",
        "2024-01-15T25:30:00Z",
        "2024-01-15T10:30:00Zulu",
        "1969-12-31T23:59:59Z",
        "12024-01-15T10:30:00Z",
        "2024-01-15T10:30:00+99:00",
        "2024-01-15T10:30:00.000000000000000000000000000000000000000000000000000000Z",
    };
    for (size_t index = 0; index < sizeof wrong / sizeof wrong[0]; index++) {
        int64_t moment_ms = 7;
        if (calendar_parse_moment(slice_of(wrong[index]), &moment_ms)) fail_msg("%s", wrong[index]);
        assert_int_equal(moment_ms, 7);
    }
    int64_t moment_ms = 7;
    assert_false(calendar_parse_moment(SLICE("2024-01-15T10:30:00Z\0"), &moment_ms));
}

static void known_zones_are_areas_and_cities(void **state)
{
    (void)state;
    assert_true(calendar_zone_known(SAIGON));
    assert_true(calendar_zone_known(SLICE("UTC")));
    assert_true(calendar_zone_known(SLICE("America/Argentina/Buenos_Aires")));
    assert_true(calendar_zone_known(SLICE("Etc/GMT+7")));
    static const char *const wrong[] = {
        "",
        "Asia/Saigon_City",
        "Mars/Olympus",
        "+07:00",
        "Z",
        "Asia",
        "Asia/",
        "/Asia/Ho_Chi_Minh",
        "EST5EDT4",
        "asia/ho_chi_minh",
        "../etc/localtime",
        "Asia/../Asia/Ho_Chi_Minh",
        "posix/UTC",
        "<+07>-7",
        "Asia//Tokyo",
        "EST5EDT,M3.2.0,M11.1.0",
    };
    for (size_t index = 0; index < sizeof wrong / sizeof wrong[0]; index++) {
        if (calendar_zone_known(slice_of(wrong[index]))) fail_msg("%s", wrong[index]);
    }
}

static void a_date_is_a_day_that_exists(void **state)
{
    (void)state;
    assert_true(calendar_date_valid(SLICE("2024-02-29")));
    assert_true(calendar_date_valid(SLICE("1970-01-01")));
    assert_false(calendar_date_valid(SLICE("2023-02-29")));
    assert_false(calendar_date_valid(SLICE("2024-00-10")));
    assert_false(calendar_date_valid(SLICE("2024-1-010")));
    assert_false(calendar_date_valid(SLICE("2024-01-1")));
    assert_false(calendar_date_valid(SLICE("2024/01/10")));
    assert_false(calendar_date_valid(SLICE("1969-12-31")));
    assert_false(calendar_date_valid(SLICE("")));
}

static void a_day_of_saigon_starts_at_seventeen_utc(void **state)
{
    (void)state;
    assert_day(SAIGON, "2024-01-15", "2024-01-14T17:00:00.000Z", 24);
    assert_day(SAIGON, "2024-02-29", "2024-02-28T17:00:00.000Z", 24);
}

static void a_day_of_a_clock_change_has_23_or_25_hours(void **state)
{
    (void)state;
    const struct slice new_york = SLICE("America/New_York");
    assert_day(new_york, "2024-03-10", "2024-03-10T05:00:00.000Z", 23);
    assert_day(new_york, "2024-03-11", "2024-03-11T04:00:00.000Z", 24);
    assert_day(new_york, "2024-11-03", "2024-11-03T04:00:00.000Z", 25);
}

static void a_day_without_midnight_starts_at_one(void **state)
{
    (void)state;
    const struct slice cairo = SLICE("Africa/Cairo");
    assert_day(cairo, "2024-04-26", "2024-04-25T22:00:00.000Z", 23);
    assert_day(cairo, "2024-04-25", "2024-04-24T22:00:00.000Z", 24);
}

static void a_day_with_two_midnights_starts_at_the_first(void **state)
{
    (void)state;
    assert_day(SLICE("America/Havana"), "2024-11-03", "2024-11-03T04:00:00.000Z", 25);
}

static void a_day_needs_a_known_zone_and_a_date(void **state)
{
    (void)state;
    int64_t from_ms = 1;
    int64_t to_ms = 2;
    assert_false(calendar_day(SLICE("Mars/Olympus"), SLICE("2024-01-15"), &from_ms, &to_ms));
    assert_false(calendar_day(SAIGON, SLICE("2024-01-32"), &from_ms, &to_ms));
    assert_int_equal(from_ms, 1);
    assert_int_equal(to_ms, 2);
}

static void every_moment_lies_in_the_day_of_its_date(void **state)
{
    (void)state;
    static const char *const zones[] = {"Asia/Ho_Chi_Minh", "America/New_York",
                                        "Africa/Cairo",     "America/Havana",
                                        "Pacific/Apia",     "Pacific/Kiritimati"};
    for (size_t index = 0; index < sizeof zones / sizeof zones[0]; index++) {
        const struct slice zone = slice_of(zones[index]);
        struct time_zone *opened = calendar_zone_open(zone);
        assert_non_null(opened);
        const int64_t start_ms = moment("2024-01-01T00:00:00Z");
        for (int64_t hours = 0; hours < 366 * 24; hours += 7) {
            const int64_t now_ms = start_ms + hours * HOUR_MS;
            char date[CALENDAR_DATE_SIZE];
            assert_true(calendar_date_of(opened, now_ms, date));
            int64_t from_ms = 0;
            int64_t to_ms = 0;
            assert_true(calendar_day(zone, (struct slice){date, sizeof date}, &from_ms, &to_ms));
            assert_true(from_ms <= now_ms && now_ms < to_ms);
        }
        calendar_zone_close(opened);
    }
}

static void a_moment_outside_the_calendar_has_no_date(void **state)
{
    (void)state;
    char date[CALENDAR_DATE_SIZE] = "untouched";
    assert_null(calendar_zone_open(SLICE("Mars/Base")));
    struct time_zone *zone = calendar_zone_open(SLICE("Asia/Ho_Chi_Minh"));
    assert_non_null(zone);
    assert_false(calendar_date_of(zone, -1, date));
    assert_false(calendar_date_of(zone, INT64_MAX, date));
    assert_string_equal(date, "untouched");
    assert_true(calendar_date_of(zone, moment("9999-12-31T23:59:59Z"), date));
    assert_true(calendar_date_of(zone, 0, date));
    assert_memory_equal(date, "1970-01-01", sizeof date);
    calendar_zone_close(zone);
}

static int64_t ahead(const char *text, struct slice zone, const char *now)
{
    int64_t moment_ms = 0;
    assert_true(calendar_parse_ahead(slice_of(text), zone, moment(now), &moment_ms));
    return moment_ms;
}

static void an_hour_ahead_counts_local_days(void **state)
{
    (void)state;
    assert_moment(ahead("+2d 19:30", SAIGON, "2024-01-15T10:00:00Z"), "2024-01-17T12:30:00.000Z");
    /* 18:00 UTC is the next day in Saigon. */
    assert_moment(ahead("+0d 19:30", SAIGON, "2024-01-15T18:00:00Z"), "2024-01-16T12:30:00.000Z");
    assert_moment(ahead("+365d 00:00", SAIGON, "2024-01-15T10:00:00Z"), "2025-01-13T17:00:00.000Z");
    /* The same hour on both sides of a clock change. */
    const struct slice new_york = SLICE("America/New_York");
    assert_moment(ahead("+0d 19:30", new_york, "2024-03-09T17:00:00Z"), "2024-03-10T00:30:00.000Z");
    assert_moment(ahead("+1d 19:30", new_york, "2024-03-09T17:00:00Z"), "2024-03-10T23:30:00.000Z");
}

static void an_hour_that_a_clock_change_skips_is_the_change(void **state)
{
    (void)state;
    const struct slice new_york = SLICE("America/New_York");
    assert_moment(ahead("+1d 02:30", new_york, "2024-03-09T17:00:00Z"), "2024-03-10T07:00:00.000Z");
    assert_moment(ahead("+0d 01:30", new_york, "2024-11-03T12:00:00Z"), "2024-11-03T06:30:00.000Z");
}

static void a_malformed_hour_ahead_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",           "2d 19:30",   "+2d",        "+2d 24:00",
                                        "+2d 19:60",  "+2d  9:30",  "+2d 19:30 ", "+366d 19:30",
                                        "+-2d 19:30", "+02d 19:30", "+d 19:30",   "+2d19:30"};
    for (size_t index = 0; index < sizeof wrong / sizeof wrong[0]; index++) {
        int64_t moment_ms = 7;
        if (calendar_parse_ahead(slice_of(wrong[index]), SAIGON, 0, &moment_ms)) {
            fail_msg("%s", wrong[index]);
        }
        assert_int_equal(moment_ms, 7);
    }
    int64_t moment_ms = 7;
    assert_false(calendar_parse_ahead(SLICE("+2d 19:30"), SLICE("Mars/Olympus"), 0, &moment_ms));
}

static struct slice fold(const char *text, struct arena *arena)
{
    return fold_text(slice_of(text), arena);
}

static void folding_forgets_case_but_not_accents(void **state)
{
    (void)state;
    char block[1024];
    struct arena arena;
    arena_init(&arena, block, sizeof block);
    assert_true(slice_equal(fold("MẮT BIẾC", &arena), fold("Mắt biếc", &arena)));
    assert_true(slice_equal(fold("ĐÀ NẴNG", &arena), fold("đà nẵng", &arena)));
    /* The same letters, composed and with their accents apart. */
    assert_true(slice_equal(fold("\u1EAE", &arena), fold("a\u0306\u0301", &arena)));
    assert_false(slice_equal(fold("mat", &arena), fold("mắt", &arena)));
    assert_true(slice_equal(fold("", &arena), SLICE("")));
    assert_true(slice_equal(fold("\xff", &arena), SLICE("\xff")));
}

/* What stands behind a text that breaks off in the middle of a letter is not read. */
static void folding_leaves_half_a_letter_alone(void **state)
{
    (void)state;
    char block[1024];
    struct arena arena;
    arena_init(&arena, block, sizeof block);
    const struct slice half = {"MA\xC3\x89", 3};
    assert_true(slice_equal(fold_text(half, &arena), half));
}

static void folding_into_a_full_arena_says_so(void **state)
{
    (void)state;
    char block[16];
    struct arena arena;
    arena_init(&arena, block, sizeof block);
    assert_null(fold("a title of more than sixteen", &arena).data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_moment_is_read_with_its_offset),
        cmocka_unit_test(a_malformed_moment_is_refused),
        cmocka_unit_test(known_zones_are_areas_and_cities),
        cmocka_unit_test(a_date_is_a_day_that_exists),
        cmocka_unit_test(a_day_of_saigon_starts_at_seventeen_utc),
        cmocka_unit_test(a_day_of_a_clock_change_has_23_or_25_hours),
        cmocka_unit_test(a_day_without_midnight_starts_at_one),
        cmocka_unit_test(a_day_with_two_midnights_starts_at_the_first),
        cmocka_unit_test(a_day_needs_a_known_zone_and_a_date),
        cmocka_unit_test(every_moment_lies_in_the_day_of_its_date),
        cmocka_unit_test(a_moment_outside_the_calendar_has_no_date),
        cmocka_unit_test(an_hour_ahead_counts_local_days),
        cmocka_unit_test(an_hour_that_a_clock_change_skips_is_the_change),
        cmocka_unit_test(a_malformed_hour_ahead_is_refused),
        cmocka_unit_test(folding_forgets_case_but_not_accents),
        cmocka_unit_test(folding_leaves_half_a_letter_alone),
        cmocka_unit_test(folding_into_a_full_arena_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
