#include "store/mongo/mongo_plan.h"

#include "base/check.h"
#include "store/mongo/mongo_echo.h"
#include "store/mongo/mongo_ids.h"
#include "store/mongo/mongo_showtime.h"

enum { CARRIED_MAX = 1024 }; /* With a full turn's own well below what a settle may have. */

/* What is appended to, and how many elements it has. */
struct outbox {
    struct mongo_store *store;
    const struct turn *turn;
    int64_t version;
    bson_t *settle;
    uint32_t count;
};

void mongo_plan_clear(struct mongo_store *store)
{
    struct mongo_plan *plan = &store->plan;
    if (!plan->made) return;
    bson_destroy(&plan->filter);
    bson_destroy(&plan->update);
    plan->made = false;
}

static bool is_replaced(const struct facts *facts, const struct mongo_settle_entry *entry)
{
    for (uint32_t index = 0; index < facts->booking_count; index++) {
        const struct booking_fact *fact = &facts->bookings[index];
        if (entry->collection != MONGO_BOOKINGS || fact->state == FACT_KNOWN) continue;
        if (id_equal(fact->booking.id, entry->id)) return true;
    }
    for (uint32_t index = 0; index < facts->payment_count; index++) {
        const struct payment_fact *fact = &facts->payments[index];
        if (entry->collection != MONGO_PAYMENTS || fact->state == FACT_KNOWN) continue;
        if (id_equal(fact->payment.id, entry->id)) return true;
    }
    for (uint32_t index = 0; index < facts->block_count; index++) {
        const struct block_fact *fact = &facts->blocks[index];
        if (entry->collection != MONGO_BLOCKS || fact->state == FACT_KNOWN) continue;
        if (id_equal(fact->block.id, entry->id)) return true;
    }
    return false;
}

uint32_t mongo_plan_carry(const struct mongo_store *store, const struct facts *replaced,
                          bson_t *settle)
{
    uint32_t count = 0;
    for (uint32_t index = 0; index < store->cut.settle.count; index++) {
        const struct mongo_settle_entry *entry = &store->cut.settle.entries[index];
        if (mongo_echo_done(store, entry)) continue;
        if (replaced != NULL && is_replaced(replaced, entry)) continue;
        bson_t value;
        mongo_settle_value(entry, &value);
        mongo_settle_append(settle, count++, entry->collection, entry->id, entry->version, &value);
    }
    return count;
}

static bool is_adopted(struct mongo_store *store, enum mongo_fact_kind kind, struct id id)
{
    const struct mongo_fact *fact = mongo_facts_get(&store->facts, kind, id);
    return fact != NULL && fact->adopted;
}

/* Was it made of an intent of another body, and does its document still say that one's? Then each
 * decision carries all of it, until one is shown. */
static bool is_carried(const struct mongo_store *store, enum mongo_collection collection,
                       struct id id)
{
    bson_t value;
    const struct mongo_settle_entry *entry = mongo_settle_find(&store->cut.settle, collection, id);
    if (entry == NULL) return false;
    mongo_settle_value(entry, &value);
    return bson_has_field(&value, "createdAt"); /* It never moves. */
}

static void append(struct outbox *outbox, enum mongo_collection collection, struct id id,
                   bson_t *value)
{
    mongo_settle_append(outbox->settle, outbox->count++, collection, id, outbox->version, value);
    bson_destroy(value);
}

/* The key that has made a record, which the document keeps. */
static const struct key_record *key_of(const struct facts *facts, struct id booking,
                                       struct id payment)
{
    for (uint32_t index = 0; index < facts->key_count; index++) {
        const struct key_fact *fact = &facts->keys[index];
        if (fact->state == FACT_KNOWN || !fact->record.created) continue;
        if (id_equal(fact->record.booking, booking) && id_equal(fact->record.payment, payment)) {
            return &fact->record;
        }
    }
    return NULL;
}

static const struct mongo_booking *known_booking(struct mongo_store *store, struct id id)
{
    const struct mongo_fact *fact = mongo_facts_get(&store->facts, MONGO_FACT_BOOKING, id);
    CHECK(fact != NULL);
    CHECK(fact->found);
    return &store->facts.bookings[fact->place];
}

static const struct mongo_payment *known_payment(struct mongo_store *store, struct id id)
{
    const struct mongo_fact *fact = mongo_facts_get(&store->facts, MONGO_FACT_PAYMENT, id);
    CHECK(fact != NULL);
    CHECK(fact->found);
    return &store->facts.payments[fact->place];
}

static void append_bookings(struct outbox *outbox)
{
    const struct facts *facts = &outbox->turn->facts;
    for (uint32_t index = 0; index < facts->booking_count; index++) {
        const struct booking_fact *fact = &facts->bookings[index];
        const struct id id = fact->booking.id;
        const bool adopted =
            fact->state == FACT_NEW && is_adopted(outbox->store, MONGO_FACT_BOOKING, id);
        if (fact->state == FACT_KNOWN) continue;
        /* A new one that only was made is what its intent says. */
        if (fact->state == FACT_NEW && !adopted && fact->booking.status == BOOKING_PENDING &&
            id_is_none(fact->booking.active_payment)) {
            continue;
        }
        struct mongo_booking booking = {.booking = fact->booking, .version = outbox->version};
        const struct key_record *key = key_of(facts, id, (struct id){0});
        if (key != NULL) {
            booking.key = key->claim.key;
            booking.fingerprint = key->claim.fingerprint;
        }
        const bool carried = is_carried(outbox->store, MONGO_BOOKINGS, id);
        if (carried && fact->state == FACT_CHANGED) {
            const struct mongo_booking *known = known_booking(outbox->store, id);
            booking.key = known->key;
            booking.fingerprint = known->fingerprint;
        }
        bson_t value = BSON_INITIALIZER;
        mongo_documents_append_booking_change(&booking, adopted || carried, &value);
        append(outbox, MONGO_BOOKINGS, id, &value);
    }
}

static void append_payments(struct outbox *outbox)
{
    const struct facts *facts = &outbox->turn->facts;
    for (uint32_t index = 0; index < facts->payment_count; index++) {
        const struct payment_fact *fact = &facts->payments[index];
        const struct id id = fact->payment.id;
        const bool adopted =
            fact->state == FACT_NEW && is_adopted(outbox->store, MONGO_FACT_PAYMENT, id);
        if (fact->state == FACT_KNOWN) continue;
        if (fact->state == FACT_NEW && !adopted && fact->payment.status == PAYMENT_PENDING)
            continue;
        struct mongo_payment payment = {.payment = fact->payment, .version = outbox->version};
        const struct key_record *key = key_of(facts, fact->payment.booking, id);
        if (key != NULL) {
            payment.key = key->claim.key;
            payment.fingerprint = key->claim.fingerprint;
        }
        const bool carried = is_carried(outbox->store, MONGO_PAYMENTS, id);
        if (carried && fact->state == FACT_CHANGED) {
            const struct mongo_payment *known = known_payment(outbox->store, id);
            payment.key = known->key;
            payment.fingerprint = known->fingerprint;
        }
        bson_t value = BSON_INITIALIZER;
        mongo_documents_append_payment_change(&payment, adopted || carried, &value);
        append(outbox, MONGO_PAYMENTS, id, &value);
    }
}

/* A key that made a booking or a payment is found by that; the others have nothing else. The
 * first kind goes to its collection after the commit, for those who look there. */
static void append_keys(struct outbox *outbox)
{
    struct mongo_store *store = outbox->store;
    const struct facts *facts = &outbox->turn->facts;
    for (uint32_t index = 0; index < facts->key_count; index++) {
        const struct key_fact *fact = &facts->keys[index];
        if (fact->state == FACT_KNOWN) continue;
        const struct claim_key *claim = &fact->record.claim;
        const struct mongo_key key = {.id = mongo_ids_key(store->mac, claim),
                                      .record = fact->record};
        const bool told = claim->operation == OPERATION_HOLD ||
                          (claim->operation != OPERATION_REFUND && fact->record.created);
        bson_t value = BSON_INITIALIZER;
        mongo_documents_append_key(&key, &value);
        if (!told) {
            append(outbox, MONGO_KEYS, key.id, &value);
            continue;
        }
        mongo_settle_append(&store->new_keys, store->new_key_count++, MONGO_KEYS, key.id,
                            outbox->version, &value);
        bson_destroy(&value);
    }
}

static void append_staff(struct outbox *outbox)
{
    const struct facts *facts = &outbox->turn->facts;
    for (uint32_t index = 0; index < facts->block_count; index++) {
        const struct block_fact *fact = &facts->blocks[index];
        if (fact->state == FACT_KNOWN) continue;
        const bool as_intended = fact->state == FACT_NEW && fact->block.released_at_ms == 0;
        if (as_intended) continue;
        const struct mongo_block block = {.block = fact->block, .version = outbox->version};
        bson_t value = BSON_INITIALIZER;
        mongo_documents_append_block_change(&block, &value);
        append(outbox, MONGO_BLOCKS, fact->block.id, &value);
    }
    for (uint32_t index = 0; index < facts->journal_count; index++) {
        const struct id id = mongo_ids_next();
        bson_t value = BSON_INITIALIZER;
        mongo_documents_append_entry(id, &facts->journal[index], &value);
        append(outbox, MONGO_JOURNAL, id, &value);
    }
}

/* The seats that changed, and those of a booking whose payment did. */
static void append_seats(const struct turn *turn, bson_t *set)
{
    const struct seat_map *map = turn->map;
    const struct facts *facts = &turn->facts;
    bool written[SEATS_PER_SHOWTIME_MAX] = {0};
    for (uint32_t index = 0; index < facts->booking_count; index++) {
        const struct booking_fact *fact = &facts->bookings[index];
        if (fact->state == FACT_KNOWN) continue;
        for (uint32_t seat = 0; seat < fact->booking.seat_count; seat++) {
            const uint32_t place = seat_map_find(map, fact->booking.seats[seat].name);
            if (place == PLACE_NONE || written[place]) continue;
            const uint8_t state = map->states[place];
            if (state != SEAT_HELD && state != SEAT_BOOKED) continue;
            if (!id_equal(map->claims[place].booking, fact->booking.id)) continue;
            mongo_showtime_append_seat(set, map, place, &fact->booking);
            written[place] = true;
        }
    }
    for (uint32_t index = 0; index < turn->seat_change_count; index++) {
        const uint32_t place = turn->seat_changes[index].place;
        if (!written[place]) mongo_showtime_append_seat(set, map, place, NULL);
    }
}

static void append_showtime(const struct turn *turn, bson_t *set)
{
    const struct seat_map *map = turn->map;
    const int64_t due_ms = seat_map_next_lapse_ms(map);
    append_seats(turn, set);
    BSON_APPEND_INT32(set, "available_seats", (int32_t)seat_map_available(map));
    if (due_ms == INT64_MAX) BSON_APPEND_NULL(set, "due_at");
    else BSON_APPEND_DATE_TIME(set, "due_at", due_ms);
    if (!turn->showtime_cancelled) return;
    const struct slice why = reason_text(&map->cancellation_reason);
    BSON_APPEND_UTF8(set, "status", showtime_status_name(map->status).data);
    BSON_APPEND_DATE_TIME(set, "cancelled_at", map->cancelled_at_ms);
    (void)bson_append_utf8(set, "cancellation_reason", -1, why.data, (int)why.size);
}

void mongo_plan_begin(struct mongo_store *store, uint64_t version)
{
    struct mongo_plan *plan = &store->plan;
    CHECK(!plan->made);
    CHECK(version > store->cut.version);

    const bson_oid_t showtime = mongo_ids_to_oid(store->cut.showtime);
    plan->made = true;
    plan->edits = false;
    plan->cancels = false;
    plan->collection = MONGO_SHOWTIMES;
    plan->id = store->cut.showtime;
    plan->batch = mongo_ids_next();
    plan->version = version;
    bson_init(&plan->filter);
    bson_init(&plan->update);
    BSON_APPEND_OID(&plan->filter, "_id", &showtime);
    BSON_APPEND_INT64(&plan->filter, "version", (int64_t)store->cut.version);
}

enum error mongo_plan_finish(struct mongo_store *store, bson_t *set, const bson_t *settle,
                             uint32_t settle_count, int64_t now_ms)
{
    struct mongo_plan *plan = &store->plan;
    const bson_oid_t batch = mongo_ids_to_oid(plan->batch);
    bson_t last;
    BSON_APPEND_INT64(set, "version", (int64_t)plan->version);
    BSON_APPEND_DATE_TIME(set, "updatedAt", now_ms);
    BSON_APPEND_ARRAY(set, "settle", settle);
    if (settle_count == 0) BSON_APPEND_NULL(set, "settle_at");
    else BSON_APPEND_DATE_TIME(set, "settle_at", now_ms);
    struct mongo_batches batches = store->cut.batches;
    mongo_batches_push(&batches, plan->batch);
    mongo_batches_append(&batches, set);
    BSON_APPEND_DOCUMENT_BEGIN(set, "last_batch", &last);
    BSON_APPEND_OID(&last, "id", &batch);
    BSON_APPEND_INT32(&last, "n", (int32_t)(plan->version - store->cut.version));
    BSON_APPEND_DATE_TIME(&last, "at", now_ms);
    BSON_APPEND_UTF8(&last, "by", store->options.instance);
    (void)bson_append_document_end(set, &last);
    BSON_APPEND_DOCUMENT(&plan->update, "$set", set);
    const bool fits =
        plan->update.len <= UPDATE_SIZE_MAX && mongo_settle_take(&store->committed, settle);
    if (!fits) mongo_plan_clear(store);
    if (fits) return ERROR_NONE;
    /* Alone it would fit: others' rest cannot be written. */
    return store->cut.settle.count > CARRIED_MAX ? ERROR_STORE_UNAVAILABLE : ERROR_INTERNAL_ERROR;
}

enum error mongo_plan_turn(struct mongo_store *store, const struct turn *turn)
{
    CHECK(turn->map != NULL);
    CHECK(id_equal(store->cut.showtime, turn->map->showtime));

    if (turn->map->version == store->cut.version) turn->map->version++;
    mongo_plan_begin(store, turn->map->version);
    /* What others have left is theirs to write; when it grows, it is the next one's. */
    if (store->cut.settle.count > CARRIED_MAX) (void)mongo_echo_write(store, &store->cut.settle);
    bson_t settle = BSON_INITIALIZER;
    bson_t set = BSON_INITIALIZER;
    struct outbox outbox = {
        .store = store, .turn = turn, .version = (int64_t)turn->map->version, .settle = &settle};
    outbox.count = mongo_plan_carry(store, &turn->facts, &settle);
    bson_reinit(&store->new_keys);
    store->new_key_count = 0;
    append_bookings(&outbox);
    append_payments(&outbox);
    append_keys(&outbox);
    append_staff(&outbox);
    append_showtime(turn, &set);
    store->plan.cancels = turn->showtime_cancelled;
    const enum error error = mongo_plan_finish(store, &set, &settle, outbox.count, turn->now_ms);
    bson_destroy(&set);
    bson_destroy(&settle);
    return error;
}
