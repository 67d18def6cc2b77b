#include "store/mongo/mongo_facts.h"

#include "base/check.h"
#include "base/log.h"
#include "store/mongo/mongo_among.h"
#include "store/mongo/mongo_state.h"

static const enum mongo_collection collections[MONGO_FACT_KINDS] = {
    [MONGO_FACT_BOOKING] = MONGO_BOOKINGS,
    [MONGO_FACT_PAYMENT] = MONGO_PAYMENTS,
    [MONGO_FACT_KEY] = MONGO_KEYS,
    [MONGO_FACT_BLOCK] = MONGO_BLOCKS,
};

void mongo_facts_clear(struct mongo_facts *facts)
{
    for (size_t kind = 0; kind < MONGO_FACT_KINDS; kind++) {
        struct mongo_fact_set *set = &facts->sets[kind];
        if (set->count > 0) memset(set->slots, 0, sizeof set->slots);
        set->count = 0;
        set->record_count = 0;
    }
}

static uint32_t first_slot(struct id id)
{
    return (uint32_t)(id_hash(id) % MONGO_FACT_SLOTS);
}

struct mongo_fact *mongo_facts_get(struct mongo_facts *facts, enum mongo_fact_kind kind,
                                   struct id id)
{
    struct mongo_fact_set *set = &facts->sets[kind];
    for (uint32_t slot = first_slot(id);; slot = (slot + 1) % MONGO_FACT_SLOTS) {
        if (set->slots[slot] == 0) return NULL;
        struct mongo_fact *fact = &set->facts[set->slots[slot] - 1];
        if (id_equal(fact->id, id)) return fact;
    }
}

void mongo_facts_want(struct mongo_facts *facts, enum mongo_fact_kind kind, struct id id)
{
    struct mongo_fact_set *set = &facts->sets[kind];
    if (id_is_none(id) || mongo_facts_get(facts, kind, id) != NULL) return;
    CHECK(set->count < MONGO_FACTS_MAX);
    uint32_t slot = first_slot(id);
    while (set->slots[slot] != 0) slot = (slot + 1) % MONGO_FACT_SLOTS;
    set->facts[set->count++] = (struct mongo_fact){.id = id};
    set->slots[slot] = (uint16_t)set->count;
}

/* Reads a document, or what was decided of it, into the fact's record. */
static bool read_record(struct mongo_facts *facts, enum mongo_fact_kind kind,
                        struct mongo_fact *fact, const bson_t *document)
{
    switch (kind) {
    case MONGO_FACT_BOOKING:
        return mongo_documents_read_booking(document, &facts->bookings[fact->place]);
    case MONGO_FACT_PAYMENT:
        return mongo_documents_read_payment(document, &facts->payments[fact->place]);
    case MONGO_FACT_KEY:
        return mongo_documents_read_key(document, &facts->keys[fact->place]);
    default:
        CHECK(kind == MONGO_FACT_BLOCK);
        return mongo_documents_read_block(document, &facts->blocks[fact->place]);
    }
}

static void clear_record(struct mongo_facts *facts, enum mongo_fact_kind kind,
                         struct mongo_fact *fact)
{
    fact->place = facts->sets[kind].record_count++;
    switch (kind) {
    case MONGO_FACT_BOOKING:
        facts->bookings[fact->place] = (struct mongo_booking){0};
        break;
    case MONGO_FACT_PAYMENT:
        facts->payments[fact->place] = (struct mongo_payment){0};
        break;
    case MONGO_FACT_KEY:
        CHECK(fact->place < TURN_COMMANDS_MAX * 2);
        facts->keys[fact->place] = (struct mongo_key){0};
        break;
    default:
        CHECK(fact->place < TURN_COMMANDS_MAX * 2);
        facts->blocks[fact->place] = (struct mongo_block){0};
        break;
    }
}

/* `{_id: {$in: [...]}}` of what was not asked for; false if there is nothing. */
static bool make_filter(const struct mongo_fact_set *set, bson_t *filter)
{
    struct mongo_among among;
    mongo_among_begin(&among, filter, "_id");
    for (uint32_t index = 0; index < set->count; index++) {
        if (!set->facts[index].asked) mongo_among_add(&among, set->facts[index].id);
    }
    mongo_among_end(&among, filter);
    return among.count > 0;
}

static enum error take_documents(struct mongo_store *store, enum mongo_fact_kind kind,
                                 mongoc_cursor_t *cursor)
{
    struct mongo_facts *facts = &store->facts;
    const bson_t *document = NULL;
    while (mongoc_cursor_next(cursor, &document)) {
        bson_iter_t at;
        struct id id;
        if (!bson_iter_init_find(&at, document, "_id") || !mongo_fields_read_id(&at, &id)) continue;
        struct mongo_fact *fact = mongo_facts_get(facts, kind, id);
        if (fact == NULL || fact->found) continue; /* Not what was asked for. */
        clear_record(facts, kind, fact);
        fact->found = true;
        if (read_record(facts, kind, fact, document)) continue;
        return mongo_documents_refuse(collections[kind], document);
    }
    return mongo_read_end(cursor, "read documents");
}

/* The showtime's version that a record shows; a key's is not known. */
static int64_t version_of(const struct mongo_facts *facts, enum mongo_fact_kind kind,
                          const struct mongo_fact *fact)
{
    if (kind == MONGO_FACT_BOOKING) return facts->bookings[fact->place].version;
    if (kind == MONGO_FACT_PAYMENT) return facts->payments[fact->place].version;
    if (kind == MONGO_FACT_BLOCK) return facts->blocks[fact->place].version;
    return 0;
}

/* What the showtime has decided of a document cannot be read. */
static enum error refuse_decided(const struct mongo_store *store, struct id id)
{
    char showtime[ID_HEX_SIZE];
    char text[ID_HEX_SIZE];
    id_format(store->cut.showtime, showtime);
    id_format(id, text);
    log_event(LOG_ERROR, "showtime_broken",
              LOG_TEXT("showtime", ((struct slice){showtime, sizeof showtime})),
              LOG_TEXT("field", SLICE("settle")),
              LOG_TEXT("id", ((struct slice){text, sizeof text})));
    return ERROR_INTERNAL_ERROR;
}

/* The showtime's decision lies over the document, unless that is later. Money that is recorded is
 * later than what left the payment open or failed. */
static enum error lay_over(struct mongo_store *store, enum mongo_fact_kind kind,
                           struct mongo_fact *fact)
{
    struct mongo_facts *facts = &store->facts;
    const struct mongo_settle_entry *entry =
        mongo_settle_find(&store->cut.settle, collections[kind], fact->id);
    if (entry == NULL) return ERROR_NONE;
    fact->decided = true;
    if (fact->found && version_of(facts, kind, fact) > entry->version) return ERROR_NONE;
    bson_t value;
    mongo_settle_value(entry, &value);
    if (kind == MONGO_FACT_PAYMENT && fact->found && facts->payments[fact->place].money_waits) {
        struct mongo_payment decided = {0};
        if (!mongo_documents_read_payment(&value, &decided)) return refuse_decided(store, fact->id);
        if (!payment_paid(decided.payment.status)) return ERROR_NONE;
    }
    if (!fact->found) {
        clear_record(facts, kind, fact);
        if (kind == MONGO_FACT_BOOKING) facts->bookings[fact->place].booking.id = fact->id;
        if (kind == MONGO_FACT_PAYMENT) facts->payments[fact->place].payment.id = fact->id;
        if (kind == MONGO_FACT_BLOCK) facts->blocks[fact->place].block.id = fact->id;
    }
    fact->found = true;
    return read_record(facts, kind, fact, &value) ? ERROR_NONE : refuse_decided(store, fact->id);
}

static enum error fetch_kind(struct mongo_store *store, enum mongo_fact_kind kind)
{
    struct mongo_fact_set *set = &store->facts.sets[kind];
    bson_t filter = BSON_INITIALIZER;
    enum error error = ERROR_NONE;
    if (make_filter(set, &filter)) {
        bson_t *options = BCON_NEW("maxTimeMS", BCON_INT32(MONGO_READ_MS), "batchSize",
                                   BCON_INT32(MONGO_FACTS_MAX));
        mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(
            store->client.collections[collections[kind]], &filter, options, NULL);
        tally_add(&store->counts.round_trips, 1);
        error = take_documents(store, kind, cursor);
        mongoc_cursor_destroy(cursor);
        bson_destroy(options);
    }
    bson_destroy(&filter);
    for (uint32_t index = 0; index < set->count && error == ERROR_NONE; index++) {
        struct mongo_fact *fact = &set->facts[index];
        if (fact->asked) continue;
        fact->asked = true;
        error = lay_over(store, kind, fact);
    }
    return error;
}

enum error mongo_facts_fetch(struct mongo_store *store)
{
    enum error error = mongo_state_step(store, MONGO_STEP_READ_DOCUMENTS);
    for (uint32_t kind = 0; kind < MONGO_FACT_KINDS && error == ERROR_NONE; kind++) {
        error = fetch_kind(store, (enum mongo_fact_kind)kind);
    }
    return error;
}
