#include "disk/plain_locale.h"

#include <string.h>

#include "base/check.h"

static struct slice fold(struct slice text, struct arena *arena)
{
    (void)arena;
    return text;
}

/* Never looked into. */
static char zone_without_hours;

static struct time_zone *open_zone(struct slice name)
{
    CHECK(name.data != NULL);
    return (struct time_zone *)&zone_without_hours;
}

static void close_zone(struct time_zone *zone)
{
    CHECK(zone == (struct time_zone *)&zone_without_hours);
}

static bool date_of(struct time_zone *zone, int64_t moment_ms, char *target)
{
    (void)zone;
    (void)moment_ms;
    memcpy(target, "2024-03-01", 10);
    return true;
}

const struct locale plain_locale = {
    .fold = fold, .open_zone = open_zone, .close_zone = close_zone, .date_of = date_of};
