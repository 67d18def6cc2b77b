#include "store/mongo/mongo_gate.h"

#include "base/check.h"
#include "base/log.h"
#include "store/mongo/mongo_commit.h"
#include "store/mongo/mongo_ids.h"

enum { TRIES_MAX = 3 }; /* Of a write that may be repeated; the next who reads the gate goes on. */

/* An edit as it stands in the gate; borrows it. */
struct edit {
    struct id batch;
    enum mongo_collection collection;
    struct id entry;
    bool known;
    bson_iter_t from;
    bson_t value;
    bson_t line;
    bool has_line;
};

static const struct {
    enum mongo_collection collection;
    const char *name;
} names[] = {{MONGO_SHOWTIMES, "showtimes"}, {MONGO_MOVIES, "movies"}, {MONGO_CINEMAS, "cinemas"}};

/* `programme` and three zeros. */
static struct id gate_id(void)
{
    return (struct id){.bytes = {'p', 'r', 'o', 'g', 'r', 'a', 'm', 'm', 'e', 0, 0, 0}};
}

static bool read_collection(const bson_iter_t *at, enum mongo_collection *ret_collection)
{
    for (size_t index = 0; index < sizeof names / sizeof names[0]; index++) {
        if (!slice_equal(mongo_fields_text(at), slice_of(names[index].name))) continue;
        *ret_collection = names[index].collection;
        return true;
    }
    return false;
}

static const char *name_of(enum mongo_collection collection)
{
    for (size_t index = 0; index < sizeof names / sizeof names[0]; index++) {
        if (names[index].collection == collection) return names[index].name;
    }
    CHECK(false);
    return NULL;
}

static bool read_inner(const bson_iter_t *at, bson_t *ret_inner)
{
    uint32_t size = 0;
    const uint8_t *data = NULL;
    if (!BSON_ITER_HOLDS_DOCUMENT(at)) return false;
    bson_iter_document(at, &size, &data);
    return bson_init_static(ret_inner, data, size);
}

static bool read_edit(const bson_t *document, struct edit *edit)
{
    bson_iter_t at;
    bool has_value = false;
    bool has_entry = false;
    bool has_from = false;
    bool whole = bson_iter_init(&at, document);
    while (whole && bson_iter_next(&at)) {
        const char *name = bson_iter_key(&at);
        const bool sets = strcmp(name, "set") == 0;
        if (strcmp(name, "id") == 0) whole = mongo_fields_read_id(&at, &edit->batch);
        else if (strcmp(name, "c") == 0) whole = read_collection(&at, &edit->collection);
        else if (strcmp(name, "t") == 0)
            whole = has_entry = mongo_fields_read_id(&at, &edit->entry);
        else if (strcmp(name, "from") == 0) {
            edit->from = at;
            has_from = true;
        } else if (strcmp(name, "line") == 0) whole = edit->has_line = read_inner(&at, &edit->line);
        else if (sets || strcmp(name, "put") == 0) {
            edit->known = sets;
            whole = has_value = read_inner(&at, &edit->value);
        }
    }
    return whole && has_value && has_entry && (has_from || !edit->known);
}

/* A gate of another hand. */
static enum error refuse(const char *what)
{
    log_event(LOG_ERROR, "gate_broken", LOG_TEXT("what", slice_of(what)));
    return ERROR_INTERNAL_ERROR;
}

/* Adds a document; `*ret_there`: there was one with its id. */
static enum error insert(struct mongo_store *store, enum mongo_collection collection,
                         const bson_t *document, bool *ret_there)
{
    bson_error_t why = {0};
    bson_t reply;
    enum mongo_class class = MONGO_DONE;
    enum error error = ERROR_NONE;
    tally_add(&store->counts.round_trips, 1);
    *ret_there = false;
    const bool done = mongoc_collection_insert_one(store->client.collections[collection], document,
                                                   NULL, &reply, &why);
    if (!done) {
        class = mongo_error_class(&why, &reply);
        *ret_there = class == MONGO_DUPLICATE;
        if (!*ret_there) error = mongo_read_failure("add an entry", &why, &reply, &class);
    } else if (mongo_error_in_concern(&reply)) {
        error = ERROR_STORE_UNAVAILABLE;
    }
    bson_destroy(&reply);
    return error;
}

/* Sets what moves of an entry that has still the version that was read. */
static enum error set(struct mongo_store *store, const struct edit *edit, bool *ret_matched)
{
    const bson_oid_t oid = mongo_ids_to_oid(edit->entry);
    bson_t filter = BSON_INITIALIZER;
    bson_t update = BSON_INITIALIZER;
    bson_t reply;
    bson_error_t why = {0};
    bson_iter_t at;
    enum mongo_class class = MONGO_DONE;
    enum error error = ERROR_NONE;
    BSON_APPEND_OID(&filter, "_id", &oid);
    (void)bson_append_iter(&filter, "version", -1, &edit->from);
    BSON_APPEND_DOCUMENT(&update, "$set", &edit->value);
    tally_add(&store->counts.round_trips, 1);
    if (!mongoc_collection_update_one(store->client.collections[edit->collection], &filter, &update,
                                      NULL, &reply, &why)) {
        error = mongo_read_failure("change an entry", &why, &reply, &class);
    } else if (mongo_error_in_concern(&reply)) {
        error = ERROR_STORE_UNAVAILABLE;
    } else {
        *ret_matched =
            bson_iter_init_find(&at, &reply, "matchedCount") && bson_iter_as_int64(&at) == 1;
    }
    bson_destroy(&reply);
    bson_destroy(&filter);
    bson_destroy(&update);
    return error;
}

/* Shows the entry this edit, or did somebody else come first? A movie or cinema shows it too when
 * it has a later version: who commits that has written this one before. */
static enum error ask_ours(struct mongo_store *store, const struct edit *edit, uint64_t version,
                           bool *ret_ours)
{
    bson_t found;
    bson_iter_t at;
    bool there = false;
    enum error error = mongo_state_step(store, MONGO_STEP_READ_ENTRY);
    if (error != ERROR_NONE) return error;
    error = mongo_state_find(store, edit->collection, edit->entry,
                             "{\"version\": 1, \"batches\": 1}", &found, &there);
    *ret_ours = false;
    if (error != ERROR_NONE || !there) return error;
    if (edit->collection == MONGO_SHOWTIMES) {
        *ret_ours = mongo_batches_named(&found, edit->batch);
    } else {
        *ret_ours = bson_iter_init_find(&at, &found, "version") &&
                    bson_iter_as_int64(&at) >= (int64_t)version;
    }
    bson_destroy(&found);
    return ERROR_NONE;
}

/* Once, or as often as one likes. */
static enum error write_once(struct mongo_store *store, const struct edit *edit, uint64_t version,
                             bool *ret_ours)
{
    bool is_written = false;
    enum error error = mongo_state_step(store, MONGO_STEP_WRITE_ENTRY);
    if (error != ERROR_NONE) return error;
    if (edit->known) {
        error = set(store, edit, &is_written);
    } else {
        bool there = false;
        error = insert(store, edit->collection, &edit->value, &there);
        is_written = !there;
    }
    *ret_ours = is_written;
    if (error == ERROR_NONE && !is_written) error = ask_ours(store, edit, version, ret_ours);
    if (error != ERROR_NONE || !*ret_ours || !edit->has_line) return error;
    bool there = false;
    error = mongo_state_step(store, MONGO_STEP_WRITE_LINE);
    return error == ERROR_NONE ? insert(store, MONGO_JOURNAL, &edit->line, &there) : error;
}

static enum error write_edit(struct mongo_store *store, const bson_t *document, uint64_t version,
                             bool *ret_ours)
{
    struct edit edit = {0};
    if (!read_edit(document, &edit)) return refuse("edit");
    enum error error = ERROR_NONE;
    for (int try = 0; try < TRIES_MAX; try++) {
        error = write_once(store, &edit, version, ret_ours);
        if (error == ERROR_NONE || store->dead) break;
    }
    if (error == ERROR_NONE) store->gate.written = version;
    return error;
}

/* Two instances that start at once both insert; one is refused, and reads the other's. */
static enum error make_gate(struct mongo_store *store)
{
    const bson_oid_t oid = mongo_ids_to_oid(gate_id());
    bool there = false;
    bson_t *document =
        BCON_NEW("_id", BCON_OID(&oid), "what", BCON_UTF8("programme"), "version", BCON_INT64(1));
    const enum error error = insert(store, MONGO_SETTINGS, document, &there);
    bson_destroy(document);
    return error;
}

static enum error take(struct mongo_store *store, const bson_t *document)
{
    bson_iter_t at;
    bson_t edit;
    bool ours = false;
    struct mongo_gate *gate = &store->gate;
    if (!mongo_batches_read(document, &gate->batches)) return refuse("batches");
    if (!bson_iter_init_find(&at, document, "version") || !BSON_ITER_HOLDS_NUMBER(&at) ||
        bson_iter_as_int64(&at) < 1) {
        return refuse("version");
    }
    gate->version = (uint64_t)bson_iter_as_int64(&at);
    if (gate->written == gate->version) return ERROR_NONE;
    if (!bson_iter_init_find(&at, document, "edit") || !read_inner(&at, &edit)) return ERROR_NONE;
    return write_edit(store, &edit, gate->version, &ours);
}

enum error mongo_gate_read(struct mongo_store *store)
{
    CHECK(!store->gate.plan.made);

    bson_t document;
    bool there = false;
    enum error error = mongo_commit_resolve(store, gate_id());
    if (error == ERROR_NONE) error = mongo_state_step(store, MONGO_STEP_READ_GATE);
    for (int try = 0; try < 2 && error == ERROR_NONE && !there; try++) {
        if (try > 0) error = make_gate(store);
        if (error != ERROR_NONE) break;
        error = mongo_state_find(store, MONGO_SETTINGS, gate_id(), NULL, &document, &there);
    }
    if (error != ERROR_NONE) return error;
    if (!there) return ERROR_STORE_UNAVAILABLE;
    error = take(store, &document);
    bson_destroy(&document);
    return error;
}

int64_t mongo_gate_next(const struct mongo_store *store)
{
    return (int64_t)store->gate.version + 1;
}

static void append_edit(const struct mongo_gate_edit *edit, bson_t *document)
{
    const bson_oid_t batch = mongo_ids_to_oid(edit->batch);
    const bson_oid_t entry = mongo_ids_to_oid(edit->entry);
    BSON_APPEND_OID(document, "id", &batch);
    BSON_APPEND_UTF8(document, "c", name_of(edit->collection));
    BSON_APPEND_OID(document, "t", &entry);
    if (edit->from > 0) BSON_APPEND_INT64(document, "from", edit->from);
    else BSON_APPEND_NULL(document, "from");
    BSON_APPEND_DOCUMENT(document, edit->known ? "set" : "put", edit->value);
    if (edit->line != NULL) BSON_APPEND_DOCUMENT(document, "line", edit->line);
}

enum error mongo_gate_plan(struct mongo_store *store, const struct mongo_gate_edit *edit,
                           int64_t now_ms)
{
    struct mongo_gate *gate = &store->gate;
    struct mongo_plan *plan = &gate->plan;
    CHECK(!plan->made);
    CHECK(gate->version > 0);

    const bson_oid_t oid = mongo_ids_to_oid(gate_id());
    bson_t set;
    struct mongo_batches batches = gate->batches;
    *plan = (struct mongo_plan){.made = true,
                                .collection = MONGO_SETTINGS,
                                .id = gate_id(),
                                .batch = mongo_ids_next(),
                                .version = gate->version + 1};
    mongo_batches_push(&batches, plan->batch);
    bson_init(&plan->filter);
    bson_init(&plan->update);
    bson_init(&gate->edit);
    append_edit(edit, &gate->edit);
    BSON_APPEND_OID(&plan->filter, "_id", &oid);
    BSON_APPEND_INT64(&plan->filter, "version", (int64_t)gate->version);
    BSON_APPEND_DOCUMENT_BEGIN(&plan->update, "$set", &set);
    BSON_APPEND_INT64(&set, "version", (int64_t)plan->version);
    mongo_batches_append(&batches, &set);
    BSON_APPEND_DOCUMENT(&set, "edit", &gate->edit);
    BSON_APPEND_DATE_TIME(&set, "edit_at", now_ms);
    BSON_APPEND_UTF8(&set, "by", store->options.instance);
    (void)bson_append_document_end(&plan->update, &set);
    if (plan->update.len <= UPDATE_SIZE_MAX) return ERROR_NONE;
    mongo_gate_clear(store);
    return ERROR_INTERNAL_ERROR;
}

/* A new showtime has its line of the journal in it. */
static void take_settle(struct mongo_store *store)
{
    bson_iter_t at;
    bson_iter_t settle;
    if (!bson_iter_init(&at, &store->gate.edit)) return;
    if (!bson_iter_find_descendant(&at, "put.settle", &settle)) return;
    (void)mongo_settle_read(&store->committed, &settle);
}

enum error mongo_gate_write(struct mongo_store *store)
{
    CHECK(store->gate.plan.made);

    bool ours = false;
    const enum error error = write_edit(store, &store->gate.edit, store->gate.plan.version, &ours);
    if (error != ERROR_NONE) return ERROR_OUTCOME_UNKNOWN; /* It is committed. */
    if (!ours) return ERROR_BOOKING_LOCK_FAILED;
    take_settle(store);
    return ERROR_NONE;
}

void mongo_gate_clear(struct mongo_store *store)
{
    struct mongo_gate *gate = &store->gate;
    if (gate->has_showtime) bson_destroy(&gate->showtime);
    gate->has_showtime = false;
    if (!gate->plan.made) return;
    bson_destroy(&gate->plan.filter);
    bson_destroy(&gate->plan.update);
    bson_destroy(&gate->edit);
    gate->plan.made = false;
}

void mongo_gate_prune(struct mongo_store *store)
{
    if (store->gate.written == 0) return;
    if (mongo_state_step(store, MONGO_STEP_PRUNE_GATE) != ERROR_NONE) return;
    const bson_oid_t oid = mongo_ids_to_oid(gate_id());
    bson_t *filter =
        BCON_NEW("_id", BCON_OID(&oid), "version", BCON_INT64((int64_t)store->gate.written));
    bson_t *update = BCON_NEW("$unset", "{", "edit", BCON_INT32(1), "edit_at", BCON_INT32(1), "}");
    bson_error_t why = {0};
    enum mongo_class class = MONGO_DONE;
    tally_add(&store->counts.round_trips, 1);
    store->gate.written = 0;
    if (!mongoc_collection_update_one(store->client.collections[MONGO_SETTINGS], filter, update,
                                      NULL, NULL, &why)) {
        (void)mongo_read_failure("tidy the programme", &why, NULL, &class); /* Till the sweep. */
    }
    bson_destroy(filter);
    bson_destroy(update);
}

static enum error ask_left(struct mongo_store *store, int64_t before_ms, bool *ret_left)
{
    const bson_oid_t oid = mongo_ids_to_oid(gate_id());
    bson_t *filter =
        BCON_NEW("_id", BCON_OID(&oid), "edit_at", "{", "$lte", BCON_DATE_TIME(before_ms), "}");
    tally_add(&store->counts.round_trips, 1);
    const enum error error =
        mongo_read_any(&store->client, MONGO_SETTINGS, filter, "look at the programme", ret_left);
    bson_destroy(filter);
    return error;
}

void mongo_gate_sweep(struct mongo_store *store, int64_t before_ms)
{
    bool left = false;
    if (ask_left(store, before_ms, &left) != ERROR_NONE || !left) return;
    if (mongo_gate_read(store) != ERROR_NONE) return;
    tally_add(&store->counts.swept, 1);
    mongo_gate_prune(store);
}
