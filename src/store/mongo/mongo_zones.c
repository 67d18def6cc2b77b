#include "store/mongo/mongo_zones.h"

#include <time.h>

#include "base/check.h"
#include "store/mongo/mongo_entries.h"
#include "store/mongo/mongo_fields.h"
#include "store/mongo/mongo_ids.h"
#include "store/mongo/mongo_read.h"

#define HOUR_MS INT64_C(3600000)

enum {
    DATE_SIZE = 10,  /* YYYY-MM-DD */
    SLACK_HOURS = 2, /* A clock that is put back at midnight has a day twice. */
};

void mongo_zones_close(struct mongo_zones *zones)
{
    for (uint32_t index = 0; index < zones->zone_count; index++) {
        zones->locale->close_zone(zones->zones[index].zone);
    }
    zones->zone_count = 0;
}

/* The place of a zone, opened if it is new; MONGO_ZONES_MAX if there is none. */
static uint32_t find_zone(struct mongo_zones *zones, struct slice name)
{
    for (uint32_t index = 0; index < zones->zone_count; index++) {
        if (slice_equal(name, slice_of(zones->zones[index].name))) return index;
    }
    if (zones->zone_count == MONGO_ZONES_MAX) return MONGO_ZONES_MAX;
    struct mongo_zone *zone = &zones->zones[zones->zone_count];
    if (name.size == 0 || !slice_to_string(name, zone->name, sizeof zone->name)) {
        return MONGO_ZONES_MAX;
    }
    zone->zone = zones->locale->open_zone(name);
    return zone->zone == NULL ? MONGO_ZONES_MAX : zones->zone_count++;
}

static int compare(const void *left, const void *right)
{
    return memcmp(left, right, ID_SIZE);
}

static void take(struct mongo_zones *zones, const bson_t *document)
{
    bson_iter_t at;
    struct id id;
    if (!bson_iter_init_find(&at, document, "_id") || !mongo_fields_read_id(&at, &id)) return;
    if (!bson_iter_init_find(&at, document, "timezone")) return;
    const uint32_t zone = find_zone(zones, mongo_fields_text(&at));
    if (zone == MONGO_ZONES_MAX) return;
    zones->cinemas[zones->cinema_count].id = id;
    zones->cinemas[zones->cinema_count].zone = zone;
    zones->cinema_count++;
}

enum error mongo_zones_read(struct mongo_zones *zones, struct mongo_client *client,
                            struct id cinema)
{
    const bson_oid_t oid = mongo_ids_to_oid(cinema);
    bson_t *filter = BCON_NEW("timezone", "{", "$gt", BCON_UTF8(""), "}");
    bson_t *options =
        BCON_NEW("projection", "{", "timezone", BCON_INT32(1), "}", "limit",
                 BCON_INT64(MONGO_ZONES_CINEMAS_MAX), "batchSize",
                 BCON_INT32(MONGO_ZONES_CINEMAS_MAX), "maxTimeMS", BCON_INT32(MONGO_READ_MS));
    if (!id_is_none(cinema)) BSON_APPEND_OID(filter, "_id", &oid);
    mongoc_cursor_t *cursor =
        mongoc_collection_find_with_opts(client->collections[MONGO_CINEMAS], filter, options, NULL);
    const bson_t *document = NULL;
    zones->cinema_count = 0;
    while (zones->cinema_count < MONGO_ZONES_CINEMAS_MAX && mongoc_cursor_next(cursor, &document)) {
        take(zones, document);
    }
    const enum error error = mongo_read_end(cursor, "read time zones");
    mongoc_cursor_destroy(cursor);
    bson_destroy(options);
    bson_destroy(filter);
    qsort(zones->cinemas, zones->cinema_count, sizeof zones->cinemas[0], compare);
    return error;
}

/* The digits from `from` on, leading zeros and all. */
static bool read_digits(struct slice date, size_t from, size_t count, int *ret_number)
{
    int number = 0;
    for (size_t index = from; index < from + count; index++) {
        const char letter = date.data[index];
        if (letter < '0' || letter > '9') return false;
        number = number * 10 + (letter - '0');
    }
    *ret_number = number;
    return true;
}

/* The beginning of a day, in UTC. */
static bool read_day(struct slice date, int64_t *ret_day_ms)
{
    int year = 0;
    int month = 0;
    int day = 0;
    if (date.size != DATE_SIZE || date.data[4] != '-' || date.data[7] != '-') return false;
    if (!read_digits(date, 0, 4, &year) || !read_digits(date, 5, 2, &month)) return false;
    if (!read_digits(date, 8, 2, &day) || month < 1 || month > 12 || day < 1 || day > 31) {
        return false;
    }
    struct tm moment = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    *ret_day_ms = (int64_t)timegm(&moment) * 1000;
    return true;
}

/* The first hour between the two at which the zone's day is `date` or later; with `after`, only
 * later. */
static int64_t find_hour(const struct mongo_zones *zones, struct time_zone *zone, struct slice date,
                         bool after, int64_t from_ms, int64_t until_ms)
{
    while (until_ms - from_ms > HOUR_MS) {
        char day[DATE_SIZE];
        const int64_t middle_ms = from_ms + (until_ms - from_ms) / HOUR_MS / 2 * HOUR_MS;
        if (!zones->locale->date_of(zone, middle_ms, day)) return from_ms;
        const int order = memcmp(day, date.data, sizeof day);
        if (order > 0 || (order == 0 && !after)) until_ms = middle_ms;
        else from_ms = middle_ms;
    }
    return after ? until_ms : from_ms;
}

bool mongo_zones_span(const struct mongo_zones *zones, struct slice date, int64_t *ret_from_ms,
                      int64_t *ret_until_ms)
{
    int64_t day_ms = 0;
    if (!read_day(date, &day_ms)) return false;
    /* A local day lies within 14 hours before and 12 behind the same day of UTC. */
    const int64_t first_ms = day_ms - 14 * HOUR_MS;
    const int64_t last_ms = day_ms + 36 * HOUR_MS;
    const bool all = zones->cinema_count == 0 || zones->cinema_count == MONGO_ZONES_CINEMAS_MAX ||
                     zones->zone_count == MONGO_ZONES_MAX;
    *ret_from_ms = all ? first_ms : last_ms;
    *ret_until_ms = all ? last_ms : first_ms;
    bool seen[MONGO_ZONES_MAX] = {0};
    for (uint32_t index = 0; index < zones->cinema_count && !all; index++) {
        const uint32_t place = zones->cinemas[index].zone;
        if (seen[place]) continue;
        seen[place] = true;
        struct time_zone *zone = zones->zones[place].zone;
        const int64_t from_ms = find_hour(zones, zone, date, false, first_ms, last_ms);
        const int64_t until_ms = find_hour(zones, zone, date, true, first_ms, last_ms);
        if (from_ms < *ret_from_ms) *ret_from_ms = from_ms;
        if (until_ms > *ret_until_ms) *ret_until_ms = until_ms;
    }
    *ret_from_ms -= SLACK_HOURS * HOUR_MS;
    *ret_until_ms += SLACK_HOURS * HOUR_MS;
    return true;
}

bool mongo_zones_of_day(struct mongo_zones *zones, const bson_t *showtime, struct slice date)
{
    bson_iter_t at;
    struct id cinema;
    char day[DATE_SIZE];
    uint32_t place = MONGO_ZONES_MAX;
    if (bson_iter_init_find(&at, showtime, "cinema_id") && mongo_fields_read_id(&at, &cinema)) {
        const void *found = bsearch(&cinema, zones->cinemas, zones->cinema_count,
                                    sizeof zones->cinemas[0], compare);
        const size_t offset =
            found == NULL ? 0 : (size_t)((const char *)found - (const char *)zones->cinemas);
        if (found != NULL) place = zones->cinemas[offset / sizeof zones->cinemas[0]].zone;
    }
    if (place == MONGO_ZONES_MAX) {
        const bool says = bson_iter_init_find(&at, showtime, "timezone");
        place = find_zone(zones, says ? mongo_fields_text(&at) : MONGO_ZONE_USUAL);
    }
    if (place == MONGO_ZONES_MAX) return false;
    if (!bson_iter_init_find(&at, showtime, "start_time") || !BSON_ITER_HOLDS_DATE_TIME(&at)) {
        return false;
    }
    return zones->locale->date_of(zones->zones[place].zone, bson_iter_date_time(&at), day) &&
           slice_equal(date, (struct slice){day, sizeof day});
}
