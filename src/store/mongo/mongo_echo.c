#include "store/mongo/mongo_echo.h"

#include "store/mongo/mongo_ids.h"

/* A slot by the hash of document and version; the newer one of two takes it. */
static uint64_t mark_of(const struct mongo_settle_entry *entry)
{
    return id_hash(entry->id) ^ ((uint64_t)entry->version * UINT64_C(0x9e3779b97f4a7c15) | 1);
}

bool mongo_echo_done(const struct mongo_store *store, const struct mongo_settle_entry *entry)
{
    const uint64_t mark = mark_of(entry);
    return store->echoed[mark % ECHOED_REMEMBERED] == mark;
}

static void note_done(struct mongo_store *store, const struct mongo_settle_entry *entry)
{
    const uint64_t mark = mark_of(entry);
    store->echoed[mark % ECHOED_REMEMBERED] = mark;
}

/* `{_id, v: {$lt: version}}`; of a payment also the statuses from which it can climb there. A
 * document of the predecessor has no `v`. */
static void make_filter(const struct mongo_settle_entry *entry, const bson_t *value, bson_t *filter)
{
    bson_t older;
    bson_t not_newer;
    const bson_oid_t oid = mongo_ids_to_oid(entry->id);
    BSON_APPEND_OID(filter, "_id", &oid);
    BSON_APPEND_DOCUMENT_BEGIN(filter, "v", &older);
    BSON_APPEND_DOCUMENT_BEGIN(&older, "$not", &not_newer);
    BSON_APPEND_INT64(&not_newer, "$gte", entry->version);
    (void)bson_append_document_end(&older, &not_newer);
    (void)bson_append_document_end(filter, &older);
    if (entry->collection != MONGO_PAYMENTS) return;
    bson_iter_t at;
    bson_t statuses;
    enum payment_status status;
    if (!bson_iter_init_find(&at, value, "status")) return;
    if (!payment_status_parse(mongo_fields_text(&at), &status)) return;
    BSON_APPEND_DOCUMENT_BEGIN(filter, "status", &statuses);
    mongo_documents_append_below(&statuses, "$in", status);
    (void)bson_append_document_end(filter, &statuses);
}

/* What stands in a showtime may be of another hand: the driver, or the server, may refuse it. */
static bool add_update(mongoc_bulk_operation_t *bulk, const struct mongo_settle_entry *entry,
                       const bson_t *options, bson_error_t *why)
{
    bson_t value;
    mongo_settle_value(entry, &value);
    bson_t filter = BSON_INITIALIZER;
    bson_t update = BSON_INITIALIZER;
    make_filter(entry, &value, &filter);
    BSON_APPEND_DOCUMENT(&update, "$set", &value);
    const bool added =
        mongoc_bulk_operation_update_one_with_opts(bulk, &filter, &update, options, why);
    bson_destroy(&filter);
    bson_destroy(&update);
    return added;
}

static bool add_insert(mongoc_bulk_operation_t *bulk, const struct mongo_settle_entry *entry,
                       const bson_t *options, bson_error_t *why)
{
    bson_t value;
    mongo_settle_value(entry, &value);
    return mongoc_bulk_operation_insert_with_opts(bulk, &value, options, why);
}

static enum error execute(struct mongo_store *store, mongoc_bulk_operation_t *bulk)
{
    bson_t reply;
    bson_error_t why = {0};
    const bool done = mongoc_bulk_operation_execute(bulk, &reply, &why) != 0;
    tally_add(&store->counts.round_trips, 1);
    const enum error error = mongo_read_written("echo", done, true, &why, &reply);
    bson_destroy(&reply);
    return error;
}

static enum error add(mongoc_bulk_operation_t *bulk, const struct mongo_settle_entry *entry)
{
    bson_t *options = BCON_NEW("validate", BCON_BOOL(false));
    bson_error_t why = {0};
    enum mongo_class class = MONGO_DONE;
    const bool added = mongo_settle_puts(entry->collection)
                           ? add_insert(bulk, entry, options, &why)
                           : add_update(bulk, entry, options, &why);
    bson_destroy(options);
    if (added) return ERROR_NONE;
    (void)mongo_read_failure("echo", &why, NULL, &class);
    return ERROR_INTERNAL_ERROR;
}

/* All that can be sent is; what cannot be stays in the showtime, with the rest of it. */
static enum error write_kind(struct mongo_store *store, const struct mongo_settle *settle,
                             enum mongo_collection collection)
{
    bson_t *options = BCON_NEW("ordered", BCON_BOOL(false));
    mongoc_bulk_operation_t *bulk = mongoc_collection_create_bulk_operation_with_opts(
        store->client.collections[collection], options);
    uint32_t count = 0;
    enum error refused = ERROR_NONE;
    for (uint32_t index = 0; index < settle->count; index++) {
        const struct mongo_settle_entry *entry = &settle->entries[index];
        if (entry->collection != collection || mongo_echo_done(store, entry)) continue;
        const enum error error = add(bulk, entry);
        if (error == ERROR_NONE) count++;
        else refused = error;
    }
    const enum error error = count == 0 ? ERROR_NONE : execute(store, bulk);
    mongoc_bulk_operation_destroy(bulk);
    bson_destroy(options);
    return error == ERROR_NONE ? refused : error;
}

static bool has_work(const struct mongo_store *store, const struct mongo_settle *settle,
                     enum mongo_collection collection)
{
    for (uint32_t index = 0; index < settle->count; index++) {
        const struct mongo_settle_entry *entry = &settle->entries[index];
        if (entry->collection == collection && !mongo_echo_done(store, entry)) return true;
    }
    return false;
}

enum error mongo_echo_write(struct mongo_store *store, const struct mongo_settle *settle)
{
    static const struct {
        enum mongo_collection collection;
        enum mongo_step step;
    } kinds[] = {{MONGO_BOOKINGS, MONGO_STEP_ECHO_BOOKINGS},
                 {MONGO_PAYMENTS, MONGO_STEP_ECHO_PAYMENTS},
                 {MONGO_BLOCKS, MONGO_STEP_ECHO_BLOCKS},
                 {MONGO_KEYS, MONGO_STEP_ECHO_KEYS},
                 {MONGO_JOURNAL, MONGO_STEP_ECHO_JOURNAL}};
    /* A booking before its payments: what is kept is never shown before its seats. */
    for (size_t index = 0; index < sizeof kinds / sizeof kinds[0]; index++) {
        if (!has_work(store, settle, kinds[index].collection)) continue;
        enum error error = mongo_state_step(store, kinds[index].step);
        if (error == ERROR_NONE) error = write_kind(store, settle, kinds[index].collection);
        if (error != ERROR_NONE) return error;
    }
    for (uint32_t index = 0; index < settle->count; index++) {
        note_done(store, &settle->entries[index]);
    }
    return ERROR_NONE;
}

void mongo_echo_new_keys(struct mongo_store *store)
{
    if (store->new_key_count == 0) return;
    store->new_key_count = 0;
    bson_t keys;
    bson_steal(&keys, &store->new_keys);
    bson_init(&store->new_keys);
    struct mongo_settle *settle = store->scratch;
    if (mongo_settle_take(settle, &keys)) (void)mongo_echo_write(store, settle);
    bson_destroy(&keys);
}
