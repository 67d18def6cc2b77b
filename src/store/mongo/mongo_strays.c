#include "store/mongo/mongo_strays.h"

#include "base/check.h"
#include "store/mongo/mongo_among.h"
#include "store/mongo/mongo_commit.h"
#include "store/mongo/mongo_echo.h"
#include "store/mongo/mongo_gather.h"
#include "store/mongo/mongo_plan.h"
#include "store/mongo/mongo_showtime.h"

enum {
    OVERDUE_MS = 5000,     /* Beyond the guard: who is alive has ended it long before. */
    BOOKINGS_AT_ONCE = 32, /* Each may be of another showtime, which is read whole. */
};

/* Bookings that are pending, and whose time is over. */
struct overdue {
    uint32_t count;
    struct id bookings[BOOKINGS_AT_ONCE];
    struct id showtimes[BOOKINGS_AT_ONCE];
    int64_t versions[BOOKINGS_AT_ONCE];
};

bool mongo_strays_foreign(const bson_t *showtime)
{
    return !bson_has_field(showtime, "due_at");
}

static enum error commit(struct mongo_store *store, bson_t *set, const bson_t *settle,
                         uint32_t count, int64_t now_ms)
{
    enum error error = mongo_plan_finish(store, set, settle, count, now_ms);
    if (error == ERROR_NONE) error = mongo_commit_plan(store, &store->plan);
    mongo_plan_clear(store);
    if (error == ERROR_NONE) {
        (void)mongo_echo_write(store, &store->committed);
    } else { /* Nobody has decided it. */
        mongo_settle_release(&store->committed);
        mongo_settle_init(&store->committed);
    }
    store->cut.showtime = (struct id){0};
    return error;
}

static void append_due(const struct seat_map *map, bson_t *set)
{
    const int64_t due_ms = seat_map_next_lapse_ms(map);
    if (due_ms == INT64_MAX) BSON_APPEND_NULL(set, "due_at");
    else BSON_APPEND_DATE_TIME(set, "due_at", due_ms);
}

enum error mongo_strays_take_over(struct mongo_store *store, struct seat_map *map, int64_t now_ms)
{
    CHECK(!store->plan.made);
    CHECK(id_equal(store->cut.showtime, map->showtime));

    bson_t settle = BSON_INITIALIZER;
    bson_t set = BSON_INITIALIZER;
    const uint64_t version = store->cut.version + 1;
    const uint32_t count = mongo_plan_carry(store, NULL, &settle);
    mongo_plan_begin(store, version);
    append_due(map, &set);
    const enum error error = commit(store, &set, &settle, count, now_ms);
    if (error == ERROR_NONE) map->version = version;
    bson_destroy(&set);
    bson_destroy(&settle);
    return error;
}

/* `{status: "pending", hold_expires_at: {$lt: ...}}`, which has an index. */
static void append_overdue(bson_t *filter, int64_t now_ms)
{
    bson_t earlier;
    BSON_APPEND_UTF8(filter, "status", booking_status_name(BOOKING_PENDING).data);
    BSON_APPEND_DOCUMENT_BEGIN(filter, "hold_expires_at", &earlier);
    BSON_APPEND_DATE_TIME(&earlier, "$lt", now_ms - STEAL_GUARD_MS - OVERDUE_MS);
    (void)bson_append_document_end(filter, &earlier);
}

static void take_overdue(const bson_t *document, struct overdue *overdue)
{
    bson_iter_t at;
    const uint32_t place = overdue->count;
    overdue->versions[place] = 0;
    if (!bson_iter_init_find(&at, document, "_id")) return;
    if (!mongo_fields_read_id(&at, &overdue->bookings[place])) return;
    if (!bson_iter_init_find(&at, document, "showtime_id")) return;
    if (!mongo_fields_read_id(&at, &overdue->showtimes[place])) return;
    if (bson_iter_init_find(&at, document, "v")) {
        overdue->versions[place] = bson_iter_as_int64(&at);
    }
    overdue->count++;
}

/* Those that the filter finds; the last id that was looked at. */
static enum error find_overdue(struct mongo_store *store, const bson_t *filter,
                               struct overdue *overdue, struct id *ret_last)
{
    bson_t *options =
        BCON_NEW("projection", "{", "showtime_id", BCON_INT32(1), "v", BCON_INT32(1), "}", "sort",
                 "{", "_id", BCON_INT32(1), "}", "limit", BCON_INT64(BOOKINGS_AT_ONCE), "maxTimeMS",
                 BCON_INT32(MONGO_READ_MS));
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(
        store->client.collections[MONGO_BOOKINGS], filter, options, NULL);
    const bson_t *document = NULL;
    uint32_t looked = 0;
    overdue->count = 0;
    *ret_last = (struct id){0};
    tally_add(&store->counts.round_trips, 1);
    for (; looked < BOOKINGS_AT_ONCE && mongoc_cursor_next(cursor, &document); looked++) {
        bson_iter_t at;
        if (bson_iter_init_find(&at, document, "_id")) (void)mongo_fields_read_id(&at, ret_last);
        take_overdue(document, overdue);
    }
    const enum error error = mongo_read_end(cursor, "list overdue bookings");
    if (looked < BOOKINGS_AT_ONCE) *ret_last = (struct id){0};
    mongoc_cursor_destroy(cursor);
    bson_destroy(options);
    return error;
}

/* Which of a showtime's are still so, after it was read. */
static enum error look_again(struct mongo_store *store, const struct overdue *overdue,
                             struct id showtime, int64_t now_ms, struct overdue *ret_still)
{
    bson_t filter = BSON_INITIALIZER;
    struct mongo_among among;
    struct id last;
    mongo_among_begin(&among, &filter, "_id");
    for (uint32_t index = 0; index < overdue->count; index++) {
        const bool of_this = id_equal(overdue->showtimes[index], showtime);
        if (of_this) mongo_among_add(&among, overdue->bookings[index]);
    }
    mongo_among_end(&among, &filter);
    append_overdue(&filter, now_ms);
    const enum error error = find_overdue(store, &filter, ret_still, &last);
    bson_destroy(&filter);
    return error;
}

static bool has_seats(const struct seat_map *map, struct id booking)
{
    for (uint32_t place = 0; place < map->place_count; place++) {
        const uint8_t state = map->states[place];
        const bool claimed = state == SEAT_HELD || state == SEAT_BOOKED;
        if (claimed && id_equal(map->claims[place].booking, booking)) return true;
    }
    return false;
}

/* Appends the end of those that no commit has followed: they have no seat, and nothing was decided
 * of them. The count of the array's elements. */
static uint32_t end_intents(const struct mongo_store *store, const struct overdue *overdue,
                            const struct seat_map *map, int64_t now_ms, bson_t *settle,
                            uint32_t count)
{
    const int64_t version = (int64_t)store->cut.version + 1;
    for (uint32_t index = 0; index < overdue->count; index++) {
        const struct id id = overdue->bookings[index];
        if (overdue->versions[index] > 0 || has_seats(map, id)) continue;
        if (mongo_settle_find(&store->cut.settle, MONGO_BOOKINGS, id) != NULL) continue;
        bson_t value = BSON_INITIALIZER;
        BSON_APPEND_UTF8(&value, "status", booking_status_name(BOOKING_EXPIRED).data);
        BSON_APPEND_DATE_TIME(&value, "updatedAt", now_ms);
        BSON_APPEND_DATE_TIME(&value, "never_held_at", now_ms);
        BSON_APPEND_INT64(&value, "v", version);
        mongo_settle_append(settle, count++, MONGO_BOOKINGS, id, version, &value);
        bson_destroy(&value);
    }
    return count;
}

/* What is to be done in a showtime, of which `document` was read. */
static enum error tidy(struct mongo_store *store, const struct overdue *overdue,
                       const bson_t *document, void *block, int64_t now_ms)
{
    struct seat_map map;
    struct overdue still;
    bson_iter_t at;
    struct id showtime = {0};
    if (!bson_iter_init_find(&at, document, "_id") || !mongo_fields_read_id(&at, &showtime) ||
        !mongo_gather_take_cut(store, showtime, document) ||
        !mongo_showtime_read(document, &store->options.tag_key, block, &map)) {
        return ERROR_NONE; /* Whoever loads it says what is wrong. */
    }
    enum error error = look_again(store, overdue, showtime, now_ms, &still);
    if (error != ERROR_NONE) return error;
    bson_t settle = BSON_INITIALIZER;
    bson_t set = BSON_INITIALIZER;
    const uint32_t carried = mongo_plan_carry(store, NULL, &settle);
    const uint32_t count = end_intents(store, &still, &map, now_ms, &settle, carried);
    const bool foreign = mongo_strays_foreign(document);
    if (foreign) append_due(&map, &set);
    if (foreign || count > carried) {
        mongo_plan_begin(store, store->cut.version + 1);
        error = commit(store, &set, &settle, count, now_ms);
        if (error == ERROR_NONE) tally_add(&store->counts.swept, 1);
    }
    bson_destroy(&set);
    bson_destroy(&settle);
    return error == ERROR_BOOKING_LOCK_FAILED ? ERROR_NONE : error;
}

static bool is_seen(const struct overdue *overdue, uint32_t place)
{
    for (uint32_t other = 0; other < place; other++) {
        if (id_equal(overdue->showtimes[other], overdue->showtimes[place])) return true;
    }
    return false;
}

static enum error tidy_all(struct mongo_store *store, const struct overdue *overdue, void *block,
                           int64_t now_ms)
{
    enum error error = ERROR_NONE;
    for (uint32_t place = 0; place < overdue->count && error == ERROR_NONE; place++) {
        bson_t document;
        bool there = false;
        if (is_seen(overdue, place)) continue;
        error = mongo_state_step(store, MONGO_STEP_READ_CUT);
        if (error != ERROR_NONE) return error;
        error = mongo_state_find(store, MONGO_SHOWTIMES, overdue->showtimes[place], NULL, &document,
                                 &there);
        if (error != ERROR_NONE || !there) continue;
        error = tidy(store, overdue, &document, block, now_ms);
        bson_destroy(&document);
    }
    store->cut.showtime = (struct id){0};
    return error;
}

enum error mongo_strays_sweep(struct mongo_store *store, int64_t now_ms)
{
    CHECK(!store->plan.made);

    struct overdue overdue;
    bson_t filter = BSON_INITIALIZER;
    append_overdue(&filter, now_ms);
    mongo_read_append_after(&filter, store->strays_after);
    enum error error = find_overdue(store, &filter, &overdue, &store->strays_after);
    bson_destroy(&filter);
    if (error != ERROR_NONE || overdue.count == 0) return error;
    void *block = aligned_alloc(16, SHOWTIME_BLOCK_SIZE_MAX);
    if (block == NULL) return ERROR_STORE_UNAVAILABLE;
    error = tidy_all(store, &overdue, block, now_ms);
    free(block);
    return error;
}
