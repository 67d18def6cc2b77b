#include "store/mongo/mongo_store.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "store/mongo/mongo_commit.h"
#include "store/mongo/mongo_echo.h"
#include "store/mongo/mongo_edit.h"
#include "store/mongo/mongo_gate.h"
#include "store/mongo/mongo_gather.h"
#include "store/mongo/mongo_ids.h"
#include "store/mongo/mongo_indexes.h"
#include "store/mongo/mongo_plan.h"
#include "store/mongo/mongo_record.h"
#include "store/mongo/mongo_showtime.h"
#include "store/mongo/mongo_strays.h"
#include "store/mongo/mongo_sweep.h"

static enum error refuse_broken(struct id showtime, const bson_t *document)
{
    char text[ID_HEX_SIZE];
    struct mongo_fault fault = {""};
    id_format(showtime, text);
    (void)mongo_showtime_fault(document, &fault);
    log_event(LOG_ERROR, "showtime_broken",
              LOG_TEXT("showtime", ((struct slice){text, sizeof text})),
              LOG_TEXT("field", slice_of(fault.field)));
    return ERROR_INTERNAL_ERROR;
}

static enum error load(void *context, struct id showtime, void *block, struct seat_map *ret_map)
{
    struct mongo_store *store = context;
    const bson_t *planned = mongo_edit_planned(store, showtime);
    if (planned != NULL) {
        const bool whole = mongo_showtime_read(planned, &store->options.tag_key, block, ret_map);
        return whole ? ERROR_NONE : refuse_broken(showtime, planned);
    }
    enum error error = mongo_commit_resolve(store, showtime);
    if (error == ERROR_NONE) error = mongo_state_step(store, MONGO_STEP_LOAD);
    if (error != ERROR_NONE) return error;
    bson_t document;
    bool there = false;
    error = mongo_state_find(store, MONGO_SHOWTIMES, showtime, NULL, &document, &there);
    if (error != ERROR_NONE) return error;
    if (!there) return ERROR_SHOWTIME_NOT_FOUND;
    const bool whole = mongo_showtime_read(&document, &store->options.tag_key, block, ret_map) &&
                       mongo_gather_take_cut(store, showtime, &document);
    store->unproved = store->unproved && !whole;
    const bool foreign = mongo_strays_foreign(&document);
    if (!whole) error = refuse_broken(showtime, &document);
    bson_destroy(&document);
    if (error != ERROR_NONE) return error;
    mongo_edit_lay_over(store, ret_map);
    if (!foreign || store->plan.made) return ERROR_NONE;
    error = mongo_strays_take_over(store, ret_map, clock_now_ms());
    return error == ERROR_OUTCOME_UNKNOWN ? ERROR_STORE_UNAVAILABLE : error; /* No turn's. */
}

static enum error pending(void *context, struct id after, struct id *showtimes, size_t capacity,
                          size_t *ret_count)
{
    return mongo_sweep_pending(context, after, showtimes, capacity, ret_count);
}

/* What the last commit has left for afterwards; if it cannot be written, the showtime keeps it. */
static void write_rest(struct mongo_store *store)
{
    (void)mongo_echo_write(store, &store->committed);
    mongo_echo_new_keys(store);
    mongo_settle_release(&store->committed);
    mongo_settle_init(&store->committed);
}

static enum error begin(void *context)
{
    struct mongo_store *store = context;
    CHECK(!store->open);
    write_rest(store);
    if (store->unresolved_count == UNRESOLVED_MAX) {
        const enum error error = mongo_commit_resolve(store, (struct id){0});
        if (error != ERROR_NONE) return error;
    }
    if (store->dead) return ERROR_STORE_UNAVAILABLE;
    store->gathered = false;
    store->unproved = true;
    store->open = true;
    return ERROR_NONE;
}

static enum error gather(void *context, struct turn *turn)
{
    return mongo_gather_turn(context, turn);
}

static enum error record(void *context, const struct turn *turn)
{
    return mongo_record_turn(context, turn);
}

static enum error edit(void *context, struct catalogue_edit *wanted, int64_t now_ms)
{
    return mongo_edit_run(context, wanted, now_ms);
}

static void forget_rest(struct mongo_store *store)
{
    mongo_settle_release(&store->committed);
    mongo_settle_init(&store->committed);
    bson_reinit(&store->new_keys);
    store->new_key_count = 0;
}

static void rollback(void *context)
{
    struct mongo_store *store = context;
    CHECK(store->open);
    mongo_gate_clear(store);
    mongo_plan_clear(store);
    forget_rest(store);
    store->cut.showtime = (struct id){0};
    store->open = false;
}

/* A key that made nothing of its own, and an entry of the journal, are found by their documents
 * alone: who has the answer may look for them. Both are rare. */
static bool is_looked_for(const struct mongo_settle *settle)
{
    for (uint32_t index = 0; index < settle->count; index++) {
        const enum mongo_collection collection = settle->entries[index].collection;
        if (collection == MONGO_KEYS || collection == MONGO_JOURNAL) return true;
    }
    return false;
}

/* What the commit has written is what a look at the showtime would show. */
static void keep_cut(struct mongo_store *store)
{
    struct mongo_cut *cut = &store->cut;
    const struct mongo_plan *plan = &store->plan;
    const bool edited = plan->edits || !id_equal(cut->showtime, plan->id);
    if (edited || !mongo_settle_take(&cut->settle, &store->committed.array)) {
        cut->showtime = (struct id){0};
        return;
    }
    cut->version = plan->version;
    cut->cancelled = cut->cancelled || plan->cancels;
    mongo_batches_push(&cut->batches, plan->batch);
}

static enum error commit_plan(struct mongo_store *store)
{
    const enum error error = mongo_commit_plan(store, &store->plan);
    if (error == ERROR_NONE) keep_cut(store);
    else store->cut.showtime = (struct id){0};
    mongo_plan_clear(store);
    if (error != ERROR_NONE) forget_rest(store); /* It may not be so. */
    if (error == ERROR_OUTCOME_UNKNOWN) tally_add(&store->counts.unresolved, 1);
    return error;
}

/* The gate decides first; what moves a showtime is the showtime's to decide then. */
static enum error commit_edit(struct mongo_store *store)
{
    struct mongo_gate *gate = &store->gate;
    enum error error = mongo_commit_plan(store, &gate->plan);
    if (error == ERROR_OUTCOME_UNKNOWN) tally_add(&store->counts.unresolved, 1);
    if (error == ERROR_NONE && store->plan.made) {
        gate->written = gate->plan.version;
        error = commit_plan(store);
        if (error != ERROR_NONE && error != ERROR_BOOKING_LOCK_FAILED) gate->written = 0;
    } else if (error == ERROR_NONE) {
        error = mongo_gate_write(store);
    }
    mongo_gate_clear(store);
    mongo_plan_clear(store);
    if (error != ERROR_NONE) forget_rest(store);
    return error;
}

/* A turn with nothing to write must have been decided against a map that was current after its
 * commands had come. */
static enum error commit(void *context)
{
    struct mongo_store *store = context;
    CHECK(store->open);
    store->open = false;
    if (store->dead) return ERROR_STORE_UNAVAILABLE;
    const bool edits = store->gate.plan.made;
    if (!edits && !store->plan.made) return mongo_gather_prove(store);
    enum error error = edits ? commit_edit(store) : commit_plan(store);
    if (error != ERROR_NONE) return error;
    tally_add(&store->counts.commits, 1);
    error = mongo_state_step(store, MONGO_STEP_COMMITTED);
    if (error == ERROR_NONE && is_looked_for(&store->committed)) write_rest(store);
    return error;
}

static enum error tend(void *context, int64_t now_ms)
{
    struct mongo_store *store = context;
    CHECK(!store->open);
    write_rest(store);
    mongo_gate_prune(store);
    if (store->unresolved_count > 0) (void)mongo_commit_resolve(store, (struct id){0});
    mongo_sweep_run(store, now_ms);
    return ERROR_NONE;
}

static const struct store_methods methods = {.load = load,
                                             .pending = pending,
                                             .begin = begin,
                                             .gather = gather,
                                             .record = record,
                                             .edit = edit,
                                             .commit = commit,
                                             .rollback = rollback,
                                             .tend = tend};

enum error mongo_store_open(const struct mongo_store_options *options,
                            struct mongo_store **ret_store, struct mongo_reason *ret_reason)
{
    CHECK(options->connection != NULL);

    struct mongo_store *store = calloc(1, sizeof *store);
    struct mongo_settle *scratch = malloc(sizeof *scratch);
    if (store == NULL || scratch == NULL) {
        free(store);
        free(scratch);
        mongo_explain(ret_reason, "there is no memory for the store");
        return ERROR_STORE_UNAVAILABLE;
    }
    store->options = *options;
    if (store->options.instance == NULL) store->options.instance = "usher";
    store->scratch = scratch;
    mongo_settle_init(store->scratch);
    mongo_settle_init(&store->committed);
    mongo_settle_init(&store->cut.settle);
    bson_init(&store->new_keys);
    store->numbers = (struct numbers){.next_booking = 1, .next_payment = 1, .next_block = 1};
    random_fill(&store->numbers.key, sizeof store->numbers.key);
    uint32_t missing = 0;
    enum error error = mongo_client_open(options->connection, &store->client);
    if (error != ERROR_NONE) mongo_explain(ret_reason, "the pool has no client left");
    else error = mongo_ids_open(&store->client, &store->mac, ret_reason);
    if (error == ERROR_NONE) {
        error = mongo_indexes_make(&store->client, &missing);
        if (error != ERROR_NONE) mongo_explain(ret_reason, "MongoDB does not answer");
    }
    store->indexes_missing = missing;
    if (error == ERROR_NONE) *ret_store = store;
    else mongo_store_close(store);
    return error;
}

void mongo_store_close(struct mongo_store *store)
{
    if (store == NULL) return;
    mongo_gate_clear(store);
    mongo_plan_clear(store);
    for (uint32_t index = 0; index < store->unresolved_count; index++) {
        bson_destroy(&store->unresolved[index].filter);
        bson_destroy(&store->unresolved[index].update);
    }
    mongo_settle_release(&store->committed);
    mongo_settle_release(&store->cut.settle);
    mongo_settle_release(store->scratch);
    bson_destroy(&store->new_keys);
    mac_close(store->mac);
    mongo_client_close(&store->client);
    free(store->pending.ids);
    free(store->scratch);
    free(store);
}

struct store mongo_store_port(struct mongo_store *store)
{
    CHECK(store != NULL);
    return (struct store){.context = store, .methods = &methods, .shared = true};
}

struct mongo_store_counts mongo_store_counts(const struct mongo_store *store)
{
    const struct mongo_store_counts *counts = &store->counts;
    return (struct mongo_store_counts){.round_trips = tally_read(&counts->round_trips),
                                       .commits = tally_read(&counts->commits),
                                       .races_lost = tally_read(&counts->races_lost),
                                       .retries = tally_read(&counts->retries),
                                       .unresolved = tally_read(&counts->unresolved),
                                       .resolved = tally_read(&counts->resolved),
                                       .swept = tally_read(&counts->swept)};
}
