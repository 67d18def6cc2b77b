#include "calendar/calendar.h"

#include <glib.h>

#include "base/timestamp.h"

enum {
    MOMENT_SIZE_MAX = 64, /* A moment with nine digits of fraction has 35. */
    DAYS_AHEAD_MAX = 365,
    HOUR_S = 3600,
    DAY_S = 24 * HOUR_S,
    OFFSET_S_MAX = 36 * HOUR_S, /* No zone was ever further from UTC. */
    EPOCH_DAY = 719163,         /* 1970-01-01, counted from the year 1. */
};

static bool is_digit(char letter)
{
    return letter >= '0' && letter <= '9';
}

static bool is_upper(char letter)
{
    return letter >= 'A' && letter <= 'Z';
}

static bool is_zone_letter(char letter)
{
    return is_upper(letter) || (letter >= 'a' && letter <= 'z') || is_digit(letter) ||
           letter == '_' || letter == '-' || letter == '+';
}

/* Keeps foreign text out of file names: every part of the name starts with a capital. */
static bool zone_well_formed(struct slice zone)
{
    if (slice_equal(zone, SLICE("UTC"))) return true;
    size_t parts = 0;
    struct slice rest = zone;
    while (rest.size > 0) {
        const struct slice part = slice_cut(rest, '/', &rest);
        if (part.size == 0 || !is_upper(part.data[0])) return false;
        for (size_t index = 0; index < part.size; index++) {
            if (!is_zone_letter(part.data[index])) return false;
        }
        parts++;
    }
    return parts >= 2 && zone.data[zone.size - 1] != '/';
}

/* NULL if the zone is not known. */
static GTimeZone *open_zone(struct slice zone)
{
    char name[CALENDAR_ZONE_SIZE_MAX];
    if (!zone_well_formed(zone) || !slice_to_string(zone, name, sizeof name)) return NULL;
    return g_time_zone_new_identifier(name);
}

bool calendar_zone_known(struct slice zone)
{
    GTimeZone *opened = open_zone(zone);
    if (opened == NULL) return false;
    g_time_zone_unref(opened);
    return true;
}

static bool read_digits(struct slice text, size_t at, size_t count, int *ret_number)
{
    CHECK(at + count <= text.size);
    int number = 0;
    for (size_t index = at; index < at + count; index++) {
        if (!is_digit(text.data[index])) return false;
        number = number * 10 + (text.data[index] - '0');
    }
    *ret_number = number;
    return true;
}

static bool parse_date(struct slice date, GDate *ret_date)
{
    int year = 0;
    int month = 0;
    int day = 0;
    if (date.size != CALENDAR_DATE_SIZE || date.data[4] != '-' || date.data[7] != '-') return false;
    if (!read_digits(date, 0, 4, &year) || year < 1970) return false;
    if (!read_digits(date, 5, 2, &month) || month < 1 || month > 12) return false;
    if (!read_digits(date, 8, 2, &day) || day < 1 || day > 31) return false;
    if (!g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year)) return false;
    g_date_clear(ret_date, 1);
    g_date_set_dmy(ret_date, (GDateDay)day, (GDateMonth)month, (GDateYear)year);
    return true;
}

bool calendar_date_valid(struct slice date)
{
    GDate parsed;
    return parse_date(date, &parsed);
}

bool calendar_parse_moment(struct slice text, int64_t *ret_moment_ms)
{
    CHECK(ret_moment_ms != NULL);

    char string[MOMENT_SIZE_MAX];
    if (!slice_to_string(text, string, sizeof string)) return false;
    GDateTime *parsed = g_date_time_new_from_iso8601(string, NULL);
    if (parsed == NULL) return false;
    const int64_t moment_ms =
        g_date_time_to_unix(parsed) * 1000 + g_date_time_get_microsecond(parsed) / 1000;
    g_date_time_unref(parsed);
    if (moment_ms < 0 || moment_ms > TIMESTAMP_MS_MAX) return false;
    *ret_moment_ms = moment_ms;
    return true;
}

/* The local day of a moment, counted from the year 1. */
static uint32_t local_day(GTimeZone *zone, int64_t moment_s)
{
    const int interval = g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, moment_s);
    const int64_t local_s = moment_s + g_time_zone_get_offset(zone, interval);
    const int64_t days = local_s >= 0 ? local_s / DAY_S : -1 - (-1 - local_s) / DAY_S;
    return (uint32_t)(EPOCH_DAY + days);
}

/* The first second of a local day or of a later one, if the zone skipped it; found by halving,
 * because midnight itself may not exist, or come twice. */
static int64_t first_second(GTimeZone *zone, uint32_t day)
{
    const int64_t utc_midnight_s = ((int64_t)day - EPOCH_DAY) * DAY_S;
    int64_t before_s = utc_midnight_s - OFFSET_S_MAX;
    int64_t after_s = utc_midnight_s + OFFSET_S_MAX;
    CHECK(local_day(zone, before_s) < day);
    CHECK(local_day(zone, after_s) >= day);
    while (after_s - before_s > 1) {
        const int64_t middle_s = before_s + (after_s - before_s) / 2;
        if (local_day(zone, middle_s) >= day) after_s = middle_s;
        else before_s = middle_s;
    }
    return after_s;
}

bool calendar_day(struct slice zone, struct slice date, int64_t *ret_from_ms, int64_t *ret_to_ms)
{
    CHECK(ret_from_ms != NULL);
    CHECK(ret_to_ms != NULL);

    GDate parsed;
    if (!parse_date(date, &parsed)) return false;
    GTimeZone *opened = open_zone(zone);
    if (opened == NULL) return false;
    const uint32_t day = g_date_get_julian(&parsed);
    *ret_from_ms = first_second(opened, day) * 1000;
    *ret_to_ms = first_second(opened, day + 1) * 1000;
    CHECK(*ret_from_ms <= *ret_to_ms);
    g_time_zone_unref(opened);
    return true;
}

static void write_digits(char *target, size_t count, uint32_t number)
{
    for (size_t index = count; index-- > 0; number /= 10) {
        target[index] = (char)('0' + number % 10);
    }
}

struct time_zone *calendar_zone_open(struct slice name)
{
    return (struct time_zone *)open_zone(name);
}

void calendar_zone_close(struct time_zone *zone)
{
    CHECK(zone != NULL);
    g_time_zone_unref((GTimeZone *)zone);
}

bool calendar_date_of(struct time_zone *zone, int64_t moment_ms, char *target)
{
    CHECK(zone != NULL);

    if (moment_ms < 0 || moment_ms > TIMESTAMP_MS_MAX) return false;
    GDate date;
    g_date_clear(&date, 1);
    g_date_set_julian(&date, local_day((GTimeZone *)zone, moment_ms / 1000));
    memcpy(target, "0000-00-00", CALENDAR_DATE_SIZE);
    write_digits(target, 4, g_date_get_year(&date) % 10000U);
    write_digits(target + 5, 2, (uint32_t)g_date_get_month(&date));
    write_digits(target + 8, 2, g_date_get_day(&date));
    return true;
}

/* Splits `+2d 19:30`. */
static bool parse_ahead(struct slice text, uint32_t *ret_days, int *ret_hour, int *ret_minute)
{
    if (text.size < 1 || text.data[0] != '+') return false;
    struct slice clock;
    const struct slice days = slice_cut(slice_from(text, 1), 'd', &clock);
    uint64_t day_count = 0;
    if (!slice_to_number(days, DAYS_AHEAD_MAX, &day_count)) return false;
    if (clock.size != sizeof " 19:30" - 1 || clock.data[0] != ' ' || clock.data[3] != ':') {
        return false;
    }
    if (!read_digits(clock, 1, 2, ret_hour) || *ret_hour > 23) return false;
    if (!read_digits(clock, 4, 2, ret_minute) || *ret_minute > 59) return false;
    *ret_days = (uint32_t)day_count;
    return true;
}

bool calendar_parse_ahead(struct slice text, struct slice zone, int64_t now_ms,
                          int64_t *ret_moment_ms)
{
    CHECK(ret_moment_ms != NULL);
    CHECK(now_ms >= 0);

    uint32_t days = 0;
    int hour = 0;
    int minute = 0;
    if (!parse_ahead(text, &days, &hour, &minute)) return false;
    GTimeZone *opened = open_zone(zone);
    if (opened == NULL) return false;
    GDate date;
    g_date_clear(&date, 1);
    g_date_set_julian(&date, local_day(opened, now_ms / 1000) + days);
    GDateTime *local = g_date_time_new(opened, g_date_get_year(&date), (int)g_date_get_month(&date),
                                       g_date_get_day(&date), hour, minute, 0);
    g_time_zone_unref(opened);
    if (local == NULL) return false; /* Behind the year 9999. */
    *ret_moment_ms = g_date_time_to_unix(local) * 1000;
    g_date_time_unref(local);
    return true;
}
