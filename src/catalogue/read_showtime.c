#include "catalogue/read_showtime.h"

#include "base/check.h"
#include "base/timestamp.h"
#include "calendar/calendar.h"
#include "catalogue/derived_id.h"

enum {
    MOMENT_SIZE_MAX = 40,
};

#define MINUTE_MS INT64_C(60000)

static const struct slice showtime_members[] = {
    SLICE_INIT("id"),        SLICE_INIT("movie_index"), SLICE_INIT("cinema_index"),
    SLICE_INIT("screen_id"), SLICE_INIT("start_time"),  SLICE_INIT("starts_in"),
    SLICE_INIT("price"),
};

static const struct slice single_members[] = {
    SLICE_INIT("id"),        SLICE_INIT("movie_id"),   SLICE_INIT("cinema_id"),
    SLICE_INIT("screen_id"), SLICE_INIT("start_time"), SLICE_INIT("price"),
};

static const struct slice price_members[SEAT_TYPE_COUNT] = {
    [SEAT_STANDARD] = SLICE_INIT("standard"),
    [SEAT_VIP] = SLICE_INIT("vip"),
    [SEAT_COUPLE] = SLICE_INIT("couple"),
};

/* The position that a `..._index` names; `count` on a fault. */
static size_t read_index(const struct node *node, size_t count, const char *what)
{
    const size_t faults_before = node->faults->count;
    const int64_t index = node_integer(node, 0, INT32_MAX);
    if (node->faults->count > faults_before) return count;
    if ((size_t)index < count) return (size_t)index;
    faults_add(node->faults, &node->place, "there is no %s[%lld]", what, (long long)index);
    return count;
}

static const struct screen *read_screen_id(const struct node *node, const struct cinema *cinema)
{
    const struct slice text = node_text(node, (struct text_rule){1, SCREEN_ID_SIZE_MAX, false});
    if (text.size == 0 || cinema == NULL) return NULL;
    for (size_t index = 0; index < cinema->screen_count; index++) {
        if (slice_equal(cinema->screens[index].screen_id, text)) return &cinema->screens[index];
    }
    faults_add(node->faults, &node->place, "the cinema has no screen %.*s", (int)text.size,
               text.data);
    return NULL;
}

static void read_prices(const struct node *node, int64_t *prices)
{
    if (!node_is_object(node, price_members, SEAT_TYPE_COUNT)) return;
    for (size_t type = 0; type < SEAT_TYPE_COUNT; type++) {
        const struct node price = node_member(node, price_members[type]);
        if (node_missing(&price) && price.optional) continue;
        prices[type] = node_integer(&price, 1, PRICE_MAX);
    }
}

/* -1 if it is missing or no moment. */
static int64_t read_start_time(const struct node *node)
{
    int64_t moment_ms = -1;
    const struct slice text = node_text(node, (struct text_rule){1, MOMENT_SIZE_MAX, false});
    if (text.size > 0 && !calendar_parse_moment(text, &moment_ms)) {
        faults_add(node->faults, &node->place, "must be a moment such as 2024-01-15T10:30:00Z");
    }
    return moment_ms;
}

/* The start, as a moment or as an hour of a day ahead; -1 on a fault. */
static int64_t read_start(const struct node *node, const struct cinema *cinema, int64_t now_ms)
{
    const struct node start_time = node_member(node, SLICE("start_time"));
    const struct node starts_in = node_member(node, SLICE("starts_in"));
    if (node_missing(&start_time) == node_missing(&starts_in)) {
        faults_add(node->faults, &node->place, "must have either start_time or starts_in");
        return -1;
    }
    if (node_missing(&starts_in)) return read_start_time(&start_time);
    int64_t moment_ms = -1;
    const struct slice text = node_text(&starts_in, (struct text_rule){1, MOMENT_SIZE_MAX, false});
    if (text.size == 0 || cinema == NULL) return -1;
    if (!calendar_parse_ahead(text, cinema->timezone, now_ms, &moment_ms)) {
        faults_add(node->faults, &starts_in.place,
                   "must be days ahead and an hour, such as +2d 19:30");
    }
    return moment_ms;
}

static struct id read_reference(const struct node *node)
{
    if (node_missing(node) && !node->optional) {
        faults_add(node->faults, &node->place, "is missing");
    }
    return node_id(node);
}

static struct id derive(const struct showtime *showtime)
{
    char start[TIMESTAMP_SIZE];
    timestamp_format(showtime->starts_at_ms, start);
    const struct slice parts[] = {
        {(const char *)showtime->movie.bytes, ID_SIZE},
        {(const char *)showtime->cinema.bytes, ID_SIZE},
        showtime->screen_id,
        {start, sizeof start},
    };
    return derived_id(SLICE("showtime"), parts, sizeof parts / sizeof parts[0]);
}

void read_showtime(const struct node *node, const struct catalogue_entries *entries, int64_t now_ms,
                   struct showtime_entry *ret_entry)
{
    CHECK(id_is_none(ret_entry->showtime.id));

    const size_t faults_before = node->faults->count;
    if (!node_is_object(node, showtime_members,
                        sizeof showtime_members / sizeof showtime_members[0])) {
        return;
    }
    const struct node id = node_member(node, SLICE("id"));
    const struct node movie_index = node_member(node, SLICE("movie_index"));
    const struct node cinema_index = node_member(node, SLICE("cinema_index"));
    const struct node screen_id = node_member(node, SLICE("screen_id"));
    const struct node price = node_member(node, SLICE("price"));
    const size_t movie_at = read_index(&movie_index, entries->movie_count, "movies");
    const size_t cinema_at = read_index(&cinema_index, entries->cinema_count, "cinemas");
    const struct cinema *cinema =
        cinema_at < entries->cinema_count ? &entries->cinemas[cinema_at] : NULL;
    const struct screen *screen = read_screen_id(&screen_id, cinema);
    struct showtime *showtime = &ret_entry->showtime;
    showtime->starts_at_ms = read_start(node, cinema, now_ms);
    read_prices(&price, showtime->prices);
    showtime->id = node_id(&id);
    if (node->faults->count > faults_before || cinema == NULL || screen == NULL) return;

    const struct movie *movie = &entries->movies[movie_at];
    ret_entry->screen = screen;
    ret_entry->timezone = cinema->timezone;
    showtime->movie = movie->id;
    showtime->cinema = cinema->id;
    showtime->screen_id = screen->screen_id;
    showtime->ends_at_ms = showtime->starts_at_ms + movie->duration_minutes * MINUTE_MS;
    showtime->total_seats = screen->total_seats;
    if (showtime->ends_at_ms > TIMESTAMP_MS_MAX) {
        faults_add(node->faults, &node->place, "must end before the year 10000");
    }
    if (node_missing(&id)) showtime->id = derive(showtime);
}

void read_single_showtime(const struct node *node, struct showtime *ret_showtime)
{
    CHECK(id_is_none(ret_showtime->id));

    const size_t faults_before = node->faults->count;
    if (!node_is_object(node, single_members, sizeof single_members / sizeof single_members[0])) {
        return;
    }
    const struct node id = node_member(node, SLICE("id"));
    const struct node movie = node_member(node, SLICE("movie_id"));
    const struct node cinema = node_member(node, SLICE("cinema_id"));
    const struct node screen_id = node_member(node, SLICE("screen_id"));
    const struct node start_time = node_member(node, SLICE("start_time"));
    struct node price = node_member(node, SLICE("price"));
    price.partial = node->partial;
    ret_showtime->movie = read_reference(&movie);
    ret_showtime->cinema = read_reference(&cinema);
    ret_showtime->screen_id =
        node_text(&screen_id, (struct text_rule){1, SCREEN_ID_SIZE_MAX, false});
    ret_showtime->starts_at_ms = read_start_time(&start_time);
    read_prices(&price, ret_showtime->prices);
    ret_showtime->id = node_id(&id);
    if (node->partial || node->faults->count > faults_before) return;
    if (node_missing(&id)) ret_showtime->id = derive(ret_showtime);
}
