#include "store/mongo/mongo_sweep.h"

#include "base/check.h"
#include "base/clock.h"
#include "store/mongo/mongo_commit.h"
#include "store/mongo/mongo_echo.h"
#include "store/mongo/mongo_gate.h"
#include "store/mongo/mongo_gather.h"
#include "store/mongo/mongo_ids.h"
#include "store/mongo/mongo_plan.h"
#include "store/mongo/mongo_strays.h"

enum {
    SWEEP_EVERY_MS = 1000,
    STRAYS_EVERY_MS = 3000,
    SETTLED_AFTER_MS = 5000, /* Who is alive has written its rest long before. */
    SHOWTIMES_AT_ONCE = 16,  /* Each is some round trips. */
    PENDING_READ_MAX = 4096, /* Of a start: some 50 KB. */
    ENDED_AT_ONCE = 64,      /* Looked at: some wait for the end of their holds. */
    KEYS_AT_ONCE = 500,
};

/* What is done to a showtime. */
typedef enum error sweep_one(struct mongo_store *store, struct id showtime, int64_t now_ms);

/* Lists ids of showtimes, the least first. */
static enum error list(struct mongo_store *store, const bson_t *filter, size_t capacity,
                       struct id *ids, size_t *ret_count)
{
    bson_t *options = BCON_NEW("projection", "{", "_id", BCON_INT32(1), "}", "sort", "{", "_id",
                               BCON_INT32(1), "}", "limit", BCON_INT64((int64_t)capacity),
                               "maxTimeMS", BCON_INT32(MONGO_READ_MS));
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(
        store->client.collections[MONGO_SHOWTIMES], filter, options, NULL);
    const bson_t *document = NULL;
    size_t count = 0;
    tally_add(&store->counts.round_trips, 1);
    while (count < capacity && mongoc_cursor_next(cursor, &document)) {
        bson_iter_t at;
        if (!bson_iter_init_find(&at, document, "_id")) continue;
        if (mongo_fields_read_id(&at, &ids[count])) count++;
    }
    const enum error error = mongo_read_end(cursor, "list showtimes");
    mongoc_cursor_destroy(cursor);
    bson_destroy(options);
    *ret_count = count;
    return error;
}

/* Reads the ids behind `after` into the store, as many as fit: the index has all that is due
 * together, and page by page it would be sorted for each page anew. */
static enum error read_pending(struct mongo_store *store, struct id after)
{
    struct mongo_pending *pending = &store->pending;
    bson_t *filter = BCON_NEW("due_at", "{", "$gte", BCON_DATE_TIME(0), "}");
    mongo_read_append_after(filter, after);
    pending->next = 0;
    pending->count = 0;
    if (pending->ids == NULL) pending->ids = malloc(PENDING_READ_MAX * sizeof *pending->ids);
    if (pending->ids == NULL) {
        bson_destroy(filter);
        return ERROR_STORE_UNAVAILABLE;
    }
    const enum error error = list(store, filter, PENDING_READ_MAX, pending->ids, &pending->count);
    bson_destroy(filter);
    return error;
}

static void forget_pending(struct mongo_store *store)
{
    free(store->pending.ids);
    store->pending = (struct mongo_pending){0};
}

enum error mongo_sweep_pending(struct mongo_store *store, struct id after, struct id *showtimes,
                               size_t capacity, size_t *ret_count)
{
    CHECK(capacity > 0);

    struct mongo_pending *pending = &store->pending;
    const bool goes_on = pending->next > 0 && id_equal(pending->ids[pending->next - 1], after);
    const bool all_read = pending->count < PENDING_READ_MAX;
    if (!goes_on || (pending->next == pending->count && !all_read)) {
        const enum error error = read_pending(store, after);
        if (error != ERROR_NONE) return error;
    }
    size_t count = 0;
    while (count < capacity && pending->next < pending->count) {
        showtimes[count++] = pending->ids[pending->next++];
    }
    *ret_count = count;
    if (count < capacity) forget_pending(store);
    return ERROR_NONE;
}

/* Is it this showtime alone that failed? A server that is away is away for the next one too, and
 * each try takes seconds in which commands wait. */
static bool is_passing(enum error error)
{
    return error == ERROR_NONE || error == ERROR_BOOKING_LOCK_FAILED ||
           error == ERROR_SHOWTIME_NOT_FOUND || error == ERROR_INTERNAL_ERROR;
}

/* Writes what a showtime has not settled, and takes it out. Whoever moves the showtime meanwhile
 * keeps it. */
static enum error settle(struct mongo_store *store, struct id showtime, int64_t now_ms)
{
    enum error error = mongo_gather_cut(store, showtime);
    if (error == ERROR_NONE) error = mongo_echo_write(store, &store->cut.settle);
    if (error == ERROR_NONE) error = mongo_state_step(store, MONGO_STEP_PRUNE);
    if (error != ERROR_NONE) return error;
    bson_t rest = BSON_INITIALIZER;
    bson_t set = BSON_INITIALIZER;
    mongo_plan_begin(store, store->cut.version + 1);
    error = mongo_plan_finish(store, &set, &rest, 0, now_ms);
    if (error == ERROR_NONE) error = mongo_commit_plan(store, &store->plan);
    if (error == ERROR_NONE) tally_add(&store->counts.swept, 1);
    mongo_plan_clear(store);
    bson_destroy(&set);
    bson_destroy(&rest);
    return error;
}

/* Does it to each; one that ends the round is passed over by the next. */
static enum error do_each(struct mongo_store *store, const struct id *showtimes, size_t count,
                          int64_t now_ms, sweep_one *one, struct id *after)
{
    enum error error = ERROR_NONE;
    for (size_t index = 0; index < count && is_passing(error); index++) {
        error = one(store, showtimes[index], now_ms);
        if (!is_passing(error) && index + 1 < count) *after = showtimes[index];
    }
    return error;
}

static enum error settle_all(struct mongo_store *store, int64_t now_ms)
{
    struct id showtimes[SHOWTIMES_AT_ONCE];
    size_t count = 0;
    bson_t *filter = BCON_NEW("settle_at", "{", "$gte", BCON_DATE_TIME(0), "$lte",
                              BCON_DATE_TIME(now_ms - SETTLED_AFTER_MS), "}");
    mongo_read_append_after(filter, store->settle_after);
    const enum error error = list(store, filter, SHOWTIMES_AT_ONCE, showtimes, &count);
    bson_destroy(filter);
    if (error != ERROR_NONE) return error;
    store->settle_after = (struct id){0};
    if (count == SHOWTIMES_AT_ONCE) store->settle_after = showtimes[count - 1];
    return do_each(store, showtimes, count, now_ms, settle, &store->settle_after);
}

enum error mongo_sweep_settle(struct mongo_store *store)
{
    enum { ROUNDS_MAX = 100000 }; /* Each settles some showtimes, or the last one. */
    bson_t *filter = BCON_NEW("settle_at", "{", "$gte", BCON_DATE_TIME(0), "}");
    struct id showtimes[SHOWTIMES_AT_ONCE];
    enum error error = ERROR_NONE;
    size_t count = 1;
    uint64_t swept = store->counts.swept;
    for (int round = 0; round < ROUNDS_MAX && error == ERROR_NONE && count > 0; round++) {
        error = list(store, filter, SHOWTIMES_AT_ONCE, showtimes, &count);
        if (error != ERROR_NONE || count == 0) break;
        for (size_t index = 0; index < count && is_passing(error); index++) {
            error = settle(store, showtimes[index], clock_now_ms());
        }
        if (!is_passing(error)) break; /* Among them: of unknown outcome, and kept as that. */
        error = ERROR_NONE;
        if (store->counts.swept == swept) error = ERROR_INTERNAL_ERROR;
        swept = store->counts.swept;
    }
    bson_destroy(filter);
    return error;
}

/* A show that is over, of which nothing is due. */
static enum error complete(struct mongo_store *store, struct id showtime, int64_t now_ms)
{
    enum error error = mongo_gather_cut(store, showtime);
    if (error != ERROR_NONE) return error;
    bson_t rest = BSON_INITIALIZER;
    bson_t set = BSON_INITIALIZER;
    const uint32_t count = mongo_plan_carry(store, NULL, &rest);
    mongo_plan_begin(store, store->cut.version + 1);
    BSON_APPEND_UTF8(&store->plan.filter, "status", showtime_status_name(SHOWTIME_SCHEDULED).data);
    BSON_APPEND_NULL(&store->plan.filter, "due_at");
    BSON_APPEND_UTF8(&set, "status", showtime_status_name(SHOWTIME_COMPLETED).data);
    error = mongo_plan_finish(store, &set, &rest, count, now_ms);
    if (error == ERROR_NONE) error = mongo_commit_plan(store, &store->plan);
    if (error == ERROR_NONE) tally_add(&store->counts.swept, 1);
    mongo_plan_clear(store);
    bson_destroy(&set);
    bson_destroy(&rest);
    return error;
}

/* The index finds what has ended; whether something is due of it, the document says. */
static size_t list_ended(struct mongo_store *store, int64_t now_ms, struct id *showtimes)
{
    bson_t *filter = BCON_NEW("status", BCON_UTF8("scheduled"), "end_time", "{", "$lte",
                              BCON_DATE_TIME(now_ms), "}");
    mongo_read_append_after(filter, store->ended_after);
    bson_t *options =
        BCON_NEW("projection", "{", "due_at", BCON_INT32(1), "}", "sort", "{", "_id", BCON_INT32(1),
                 "}", "limit", BCON_INT64(ENDED_AT_ONCE), "maxTimeMS", BCON_INT32(MONGO_READ_MS));
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(
        store->client.collections[MONGO_SHOWTIMES], filter, options, NULL);
    const bson_t *document = NULL;
    struct id last = {0};
    size_t count = 0;
    size_t looked = 0;
    tally_add(&store->counts.round_trips, 1);
    for (; count < SHOWTIMES_AT_ONCE && mongoc_cursor_next(cursor, &document); looked++) {
        bson_iter_t at;
        if (!bson_iter_init_find(&at, document, "_id") || !mongo_fields_read_id(&at, &last))
            continue;
        if (bson_iter_init_find(&at, document, "due_at") && !BSON_ITER_HOLDS_NULL(&at)) continue;
        showtimes[count++] = last;
    }
    const bool at_end = count < SHOWTIMES_AT_ONCE && looked < ENDED_AT_ONCE;
    store->ended_after = last;
    if (at_end) store->ended_after = (struct id){0};
    mongoc_cursor_destroy(cursor); /* An error: the next sweep. */
    bson_destroy(options);
    bson_destroy(filter);
    return count;
}

static enum error complete_all(struct mongo_store *store, int64_t now_ms)
{
    struct id showtimes[SHOWTIMES_AT_ONCE];
    const size_t count = list_ended(store, now_ms, showtimes);
    return do_each(store, showtimes, count, now_ms, complete, &store->ended_after);
}

/* What a server with a TTL index does by itself. */
static void delete_old_keys(struct mongo_store *store, int64_t now_ms)
{
    bson_t *filter = BCON_NEW("expires_at", "{", "$lt", BCON_DATE_TIME(now_ms), "}");
    bson_t *options = BCON_NEW("projection", "{", "_id", BCON_INT32(1), "}", "limit",
                               BCON_INT64(KEYS_AT_ONCE), "maxTimeMS", BCON_INT32(MONGO_READ_MS));
    mongoc_collection_t *keys = store->client.collections[MONGO_KEYS];
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(keys, filter, options, NULL);
    bson_t in = BSON_INITIALIZER;
    const bson_t *document = NULL;
    uint32_t count = 0;
    while (mongoc_cursor_next(cursor, &document)) {
        char buffer[16];
        const char *key = NULL;
        bson_iter_t at;
        if (!bson_iter_init_find(&at, document, "_id")) continue;
        (void)bson_uint32_to_string(count++, &key, buffer, sizeof buffer);
        (void)bson_append_iter(&in, key, -1, &at);
    }
    mongoc_cursor_destroy(cursor);
    if (count > 0) {
        bson_t *old = BCON_NEW("_id", "{", "$in", BCON_ARRAY(&in), "}");
        bson_error_t why;
        (void)mongoc_collection_delete_many(keys, old, NULL, NULL, &why);
        bson_destroy(old);
    }
    bson_destroy(&in);
    bson_destroy(options);
    bson_destroy(filter);
}

static bool is_time(int64_t *at_ms, int64_t now_ms, int64_t every_ms)
{
    const int64_t passed_ms = now_ms - *at_ms;
    if (passed_ms >= 0 && passed_ms < every_ms) return false;
    *at_ms = now_ms;
    return true;
}

void mongo_sweep_run(struct mongo_store *store, int64_t now_ms)
{
    CHECK(!store->plan.made);

    if (store->options.sweeps_not || store->dead) return;
    if (!is_time(&store->swept_at_ms, now_ms, SWEEP_EVERY_MS)) return;
    /* Nothing more of unknown outcome is begun. */
    if (store->unresolved_count > 0) return;
    mongo_gate_sweep(store, now_ms - SETTLED_AFTER_MS);
    if (store->unresolved_count > 0) return;
    enum error error = settle_all(store, now_ms);
    if (is_passing(error)) error = complete_all(store, now_ms);
    if (is_passing(error) && is_time(&store->tidied_at_ms, now_ms, STRAYS_EVERY_MS)) {
        error = mongo_strays_sweep(store, now_ms);
    }
    if (is_passing(error) && store->indexes_missing > 0) delete_old_keys(store, now_ms);
}
