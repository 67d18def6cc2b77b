#include "store/mongo/mongo_commit.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/mongo/mongo_ids.h"

enum {
    PAUSE_FIRST_MS = 20, /* Between tries: a socket is replaced at once, a primary in seconds. */
    PAUSE_MAX_MS = 500,
    RESOLVE_MS = 1500, /* A showtime's commands wait meanwhile. */
    US_PER_MS = 1000,
};

enum verdict { APPLIED_NOW, NOT_MATCHED, NOT_DECIDED };

struct attempt {
    enum verdict verdict;
    enum mongo_class class;
    bool maybe; /* One of the tries may have been applied. */
};

static void pause_ms(int64_t wait_ms)
{
    const struct timespec wait = {.tv_sec = wait_ms / 1000,
                                  .tv_nsec = wait_ms % 1000 * US_PER_MS * 1000};
    (void)nanosleep(&wait, NULL);
}

static int64_t matched_of(const bson_t *reply)
{
    bson_iter_t at;
    return bson_iter_init_find(&at, reply, "matchedCount") ? bson_iter_as_int64(&at) : 0;
}

/* One try; the same bytes each time. */
static void try_once(struct mongo_store *store, enum mongo_collection collection,
                     const bson_t *filter, const bson_t *update, struct attempt *attempt)
{
    bson_t *options = BCON_NEW("validate", BCON_BOOL(false));
    bson_t reply;
    bson_error_t why = {0};
    const bool done = mongoc_collection_update_one(store->client.collections[collection], filter,
                                                   update, options, &reply, &why);
    tally_add(&store->counts.round_trips, 1);
    attempt->class = MONGO_DONE;
    if (done && mongo_error_in_concern(&reply)) {
        attempt->verdict = NOT_DECIDED;
        attempt->class = MONGO_APPLIED;
        attempt->maybe = true;
    } else if (done) {
        attempt->verdict = matched_of(&reply) == 1 ? APPLIED_NOW : NOT_MATCHED;
    } else {
        attempt->verdict = NOT_DECIDED;
        (void)mongo_read_failure("commit", &why, &reply, &attempt->class);
        const bool maybe = attempt->class == MONGO_UNKNOWN || attempt->class == MONGO_APPLIED;
        attempt->maybe = attempt->maybe || maybe;
    }
    bson_destroy(&reply);
    bson_destroy(options);
}

static bool is_worth_trying(enum mongo_class class)
{
    return class != MONGO_BUG && class != MONGO_CONFIG && class != MONGO_DUPLICATE;
}

/* Tries until something is known, or the time is over. */
static enum error try_until(struct mongo_store *store, enum mongo_collection collection,
                            const bson_t *filter, const bson_t *update, int64_t limit_ms,
                            struct attempt *attempt)
{
    const int64_t until_us = clock_steady_us() + limit_ms * US_PER_MS;
    int64_t wait_ms = PAUSE_FIRST_MS;
    for (;;) {
        const enum error stopped = mongo_state_step(store, MONGO_STEP_COMMIT);
        if (stopped != ERROR_NONE) return stopped;
        try_once(store, collection, filter, update, attempt);
        if (attempt->verdict != NOT_DECIDED) return ERROR_NONE;
        if (!is_worth_trying(attempt->class)) return ERROR_NONE;
        if (clock_steady_us() + wait_ms * US_PER_MS >= until_us) return ERROR_NONE;
        tally_add(&store->counts.retries, 1);
        pause_ms(wait_ms);
        if (wait_ms < PAUSE_MAX_MS) wait_ms *= 2;
    }
}

/* After a try that may have been applied, another one did not match: is the batch in the
 * document? */
static enum error read_back(struct mongo_store *store, const struct mongo_plan *plan,
                            bool *ret_ours)
{
    enum error error = mongo_state_step(store, MONGO_STEP_READ_BACK);
    if (error != ERROR_NONE) return error;
    bson_t document;
    bool there = false;
    tally_add(&store->counts.round_trips, 1);
    error = mongo_read_latest(&store->client, plan->collection, plan->id, "{\"batches\": 1}",
                              &document, &there);
    if (error != ERROR_NONE) return ERROR_OUTCOME_UNKNOWN;
    *ret_ours = there && mongo_batches_named(&document, plan->batch);
    if (there) bson_destroy(&document);
    return ERROR_NONE;
}

static void keep_unresolved(struct mongo_store *store, const struct mongo_plan *plan)
{
    const bool programme = plan->collection != MONGO_SHOWTIMES;
    char text[ID_HEX_SIZE];
    id_format(plan->id, text);
    log_event(LOG_WARNING, "commit_unresolved",
              LOG_TEXT(programme ? "programme" : "showtime", ((struct slice){text, sizeof text})));
    CHECK(store->unresolved_count < UNRESOLVED_MAX);
    struct mongo_unresolved *kept = &store->unresolved[store->unresolved_count++];
    kept->collection = plan->collection;
    kept->id = plan->id;
    bson_copy_to(&plan->filter, &kept->filter);
    bson_copy_to(&plan->update, &kept->update);
}

enum error mongo_commit_plan(struct mongo_store *store, const struct mongo_plan *plan)
{
    CHECK(plan->made);

    struct attempt attempt = {0};
    const enum error stopped =
        try_until(store, plan->collection, &plan->filter, &plan->update, MONGO_COMMIT_MS, &attempt);
    if (stopped != ERROR_NONE) return stopped;
    if (attempt.verdict == APPLIED_NOW) return ERROR_NONE;
    if (attempt.verdict == NOT_MATCHED) {
        bool ours = false;
        const enum error error = attempt.maybe ? read_back(store, plan, &ours) : ERROR_NONE;
        if (error != ERROR_NONE) return error; /* Decided; nothing is under way any more. */
        if (!ours) tally_add(&store->counts.races_lost, 1);
        return ours ? ERROR_NONE : ERROR_BOOKING_LOCK_FAILED;
    }
    if (attempt.maybe) {
        keep_unresolved(store, plan);
        return ERROR_OUTCOME_UNKNOWN;
    }
    return mongo_error_of(attempt.class);
}

static void forget(struct mongo_store *store, uint32_t index)
{
    struct mongo_unresolved *gone = &store->unresolved[index];
    struct mongo_unresolved *last = &store->unresolved[--store->unresolved_count];
    bson_destroy(&gone->filter);
    bson_destroy(&gone->update);
    if (gone == last) return;
    gone->collection = last->collection;
    gone->id = last->id;
    CHECK(bson_steal(&gone->filter, &last->filter));
    CHECK(bson_steal(&gone->update, &last->update));
}

enum error mongo_commit_resolve(struct mongo_store *store, struct id id)
{
    uint32_t index = 0;
    while (index < store->unresolved_count) {
        struct mongo_unresolved *kept = &store->unresolved[index];
        if (!id_is_none(id) && !id_equal(kept->id, id)) {
            index++;
            continue;
        }
        struct attempt attempt = {0};
        const enum error stopped =
            try_until(store, kept->collection, &kept->filter, &kept->update, RESOLVE_MS, &attempt);
        if (stopped != ERROR_NONE) return stopped;
        if (attempt.verdict == NOT_DECIDED) return ERROR_STORE_UNAVAILABLE;
        tally_add(&store->counts.resolved, 1);
        forget(store, index);
    }
    return ERROR_NONE;
}
