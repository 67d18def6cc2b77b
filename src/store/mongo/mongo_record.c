#include "store/mongo/mongo_record.h"

#include "base/check.h"
#include "base/log.h"
#include "store/mongo/mongo_ids.h"
#include "store/mongo/mongo_plan.h"
#include "store/reach.h"

/* Documents to insert in one go. */
struct intents {
    uint32_t count;
    bson_t documents[TURN_PAYMENTS_MAX];
    const bson_t *pointers[TURN_PAYMENTS_MAX];
};

static_assert(TURN_PAYMENTS_MAX >= TURN_BOOKINGS_MAX, "the intents of a kind fit");

static bson_t *add_intent(struct intents *intents)
{
    CHECK(intents->count < TURN_PAYMENTS_MAX);
    bson_t *document = &intents->documents[intents->count];
    intents->pointers[intents->count++] = document;
    bson_init(document);
    return document;
}

static enum error insert(struct mongo_store *store, enum mongo_collection collection,
                         enum mongo_step step, struct intents *intents)
{
    if (intents->count == 0) return ERROR_NONE;
    enum error error = mongo_state_step(store, step);
    if (error == ERROR_NONE) {
        bson_t *options = BCON_NEW("ordered", BCON_BOOL(false), "validate", BCON_BOOL(false));
        bson_t reply;
        bson_error_t why = {0};
        tally_add(&store->counts.round_trips, 1);
        const bool done =
            mongoc_collection_insert_many(store->client.collections[collection], intents->pointers,
                                          intents->count, options, &reply, &why);
        error = mongo_read_written("insert intents", done, false, &why, &reply);
        bson_destroy(&reply);
        bson_destroy(options);
    }
    for (uint32_t index = 0; index < intents->count; index++) {
        bson_destroy(&intents->documents[index]);
    }
    intents->count = 0;
    return error;
}

static bool is_there(struct mongo_store *store, enum mongo_fact_kind kind, struct id id)
{
    const struct mongo_fact *fact = mongo_facts_get(&store->facts, kind, id);
    return fact != NULL && fact->found;
}

static const struct claim_key *claim_of(const struct facts *facts, struct id booking,
                                        struct id payment)
{
    for (uint32_t index = 0; index < facts->key_count; index++) {
        const struct key_record *record = &facts->keys[index].record;
        if (facts->keys[index].state == FACT_KNOWN || !record->created) continue;
        if (id_equal(record->booking, booking) && id_equal(record->payment, payment)) {
            return &record->claim;
        }
    }
    return NULL;
}

/* An intent is what a hold alone makes: what else the turn does to it comes with the commit. */
static enum error insert_bookings(struct mongo_store *store, const struct turn *turn,
                                  struct intents *intents)
{
    const struct facts *facts = &turn->facts;
    for (uint32_t index = 0; index < facts->booking_count; index++) {
        const struct booking_fact *fact = &facts->bookings[index];
        if (fact->state != FACT_NEW || is_there(store, MONGO_FACT_BOOKING, fact->booking.id)) {
            continue;
        }
        struct mongo_booking booking = {.booking = fact->booking};
        const struct claim_key *claim = claim_of(facts, fact->booking.id, (struct id){0});
        if (claim == NULL) return ERROR_INTERNAL_ERROR;
        booking.key = claim->key;
        booking.fingerprint = claim->fingerprint;
        booking.booking.status = BOOKING_PENDING;
        booking.booking.hold_expires_at_ms = booking.booking.first_expires_at_ms;
        booking.booking.active_payment = (struct id){0};
        booking.booking.payment = (struct id){0};
        booking.booking.had_payment = false;
        booking.booking.confirmed_at_ms = 0;
        booking.booking.cancelled_at_ms = 0;
        booking.booking.cancellation_reason = (struct reason){0};
        mongo_documents_append_booking(&booking, add_intent(intents));
    }
    return insert(store, MONGO_BOOKINGS, MONGO_STEP_INSERT_BOOKINGS, intents);
}

static enum error insert_payments(struct mongo_store *store, const struct turn *turn,
                                  struct intents *intents)
{
    const struct facts *facts = &turn->facts;
    for (uint32_t index = 0; index < facts->payment_count; index++) {
        const struct payment_fact *fact = &facts->payments[index];
        if (fact->state != FACT_NEW || is_there(store, MONGO_FACT_PAYMENT, fact->payment.id)) {
            continue;
        }
        struct mongo_payment payment = {.payment = fact->payment};
        const struct claim_key *claim = claim_of(facts, fact->payment.booking, fact->payment.id);
        if (claim == NULL) return ERROR_INTERNAL_ERROR;
        payment.key = claim->key;
        payment.fingerprint = claim->fingerprint;
        payment.payment.status = PAYMENT_PENDING;
        payment.payment.reason = REASON_NONE;
        mongo_documents_append_payment(&payment, add_intent(intents));
    }
    return insert(store, MONGO_PAYMENTS, MONGO_STEP_INSERT_PAYMENTS, intents);
}

static enum error insert_blocks(struct mongo_store *store, const struct turn *turn,
                                struct intents *intents)
{
    const struct facts *facts = &turn->facts;
    for (uint32_t index = 0; index < facts->block_count; index++) {
        const struct block_fact *fact = &facts->blocks[index];
        if (fact->state != FACT_NEW) continue;
        struct mongo_block block = {.block = fact->block};
        block.block.released_at_ms = 0;
        mongo_documents_append_block(&block, add_intent(intents));
    }
    return insert(store, MONGO_BLOCKS, MONGO_STEP_INSERT_BLOCKS, intents);
}

/* Notes that a payment's money has come, whatever the turn makes of it: who finds it there goes
 * on with the decision. */
static void add_money(mongoc_bulk_operation_t *bulk, const struct payment *payment)
{
    const bson_oid_t oid = mongo_ids_to_oid(payment->id);
    const struct slice currency = currency_text(&payment->paid_currency);
    bson_t filter = BSON_INITIALIZER;
    bson_t update = BSON_INITIALIZER;
    bson_t set;
    bson_t statuses;
    bson_error_t why;
    BSON_APPEND_OID(&filter, "_id", &oid);
    BSON_APPEND_DOCUMENT_BEGIN(&filter, "status", &statuses);
    mongo_documents_append_below(&statuses, "$in", PAYMENT_FAILED);
    (void)bson_append_document_end(&filter, &statuses);
    BSON_APPEND_DOCUMENT_BEGIN(&update, "$set", &set);
    BSON_APPEND_UTF8(&set, "status", MONGO_MONEY_RECORDED);
    BSON_APPEND_INT64(&set, "paid_amount", payment->paid_amount);
    BSON_APPEND_DATE_TIME(&set, "paid_at", payment->paid_at_ms);
    if (currency.size > 0) {
        (void)bson_append_utf8(&set, "paid_currency", -1, currency.data, (int)currency.size);
    }
    (void)bson_append_document_end(&update, &set);
    CHECK(mongoc_bulk_operation_update_one_with_opts(bulk, &filter, &update, NULL, &why));
    bson_destroy(&filter);
    bson_destroy(&update);
}

static enum error record_money(struct mongo_store *store, const struct turn *turn)
{
    const struct facts *facts = &turn->facts;
    bson_t *options = BCON_NEW("ordered", BCON_BOOL(false));
    mongoc_bulk_operation_t *bulk = mongoc_collection_create_bulk_operation_with_opts(
        store->client.collections[MONGO_PAYMENTS], options);
    uint32_t count = 0;
    for (uint32_t index = 0; index < facts->payment_count; index++) {
        const struct payment_fact *fact = &facts->payments[index];
        const struct mongo_fact *known =
            mongo_facts_get(&store->facts, MONGO_FACT_PAYMENT, fact->payment.id);
        if (fact->state != FACT_CHANGED || !payment_paid(fact->payment.status)) continue;
        const struct mongo_payment *before = &store->facts.payments[known->place];
        if (payment_paid(before->payment.status) || before->money_waits) continue;
        add_money(bulk, &fact->payment);
        count++;
    }
    enum error error = ERROR_NONE;
    if (count > 0) error = mongo_state_step(store, MONGO_STEP_RECORD_MONEY);
    if (count > 0 && error == ERROR_NONE) {
        bson_t reply;
        bson_error_t why = {0};
        tally_add(&store->counts.round_trips, 1);
        const bool done = mongoc_bulk_operation_execute(bulk, &reply, &why) != 0;
        error = mongo_read_written("record money", done, false, &why, &reply);
        bson_destroy(&reply);
    }
    mongoc_bulk_operation_destroy(bulk);
    bson_destroy(options);
    return error;
}

static bool booking_may_change(struct mongo_store *store, const struct booking_fact *fact)
{
    const struct mongo_fact *known =
        mongo_facts_get(&store->facts, MONGO_FACT_BOOKING, fact->booking.id);
    if (known == NULL || !known->found) return false;
    const enum booking_status before = store->facts.bookings[known->place].booking.status;
    return (reach_booking(fact->booking.status) >> before & 1) != 0;
}

/* A payment that is kept is the one that its booking names. */
static bool payment_may_change(struct mongo_store *store, const struct turn *turn,
                               const struct payment_fact *fact)
{
    const struct mongo_fact *known =
        mongo_facts_get(&store->facts, MONGO_FACT_PAYMENT, fact->payment.id);
    if (known == NULL || !known->found) return false;
    const enum payment_status before = store->facts.payments[known->place].payment.status;
    if ((reach_payment(fact->payment.status) >> before & 1) == 0) return false;
    if (fact->payment.status != PAYMENT_COMPLETED) return true;
    const struct booking_fact *booking =
        facts_booking((struct facts *)&turn->facts, fact->payment.booking);
    return booking != NULL && id_equal(booking->booking.payment, fact->payment.id);
}

static bool block_may_change(struct mongo_store *store, const struct block_fact *fact)
{
    const struct mongo_fact *known =
        mongo_facts_get(&store->facts, MONGO_FACT_BLOCK, fact->block.id);
    if (known == NULL || !known->found) return false;
    return store->facts.blocks[known->place].block.released_at_ms == 0;
}

/* Only what was gathered for this turn may be changed by it, and only where it can go. */
static bool is_sound(struct mongo_store *store, const struct turn *turn)
{
    const struct facts *facts = &turn->facts;
    if (turn->map == NULL || !id_equal(store->cut.showtime, turn->map->showtime)) return false;
    if (turn->map->version < store->cut.version) return false;
    if (turn->showtime_cancelled && store->cut.cancelled) return false;
    for (uint32_t index = 0; index < facts->booking_count; index++) {
        const struct booking_fact *fact = &facts->bookings[index];
        if (fact->state == FACT_CHANGED && !booking_may_change(store, fact)) return false;
    }
    for (uint32_t index = 0; index < facts->payment_count; index++) {
        const struct payment_fact *fact = &facts->payments[index];
        if (fact->state == FACT_CHANGED && !payment_may_change(store, turn, fact)) return false;
    }
    for (uint32_t index = 0; index < facts->block_count; index++) {
        const struct block_fact *fact = &facts->blocks[index];
        if (fact->state == FACT_CHANGED && !block_may_change(store, fact)) return false;
    }
    return true;
}

enum error mongo_record_turn(struct mongo_store *store, const struct turn *turn)
{
    CHECK(store->open);

    if (store->plan.made || !store->gathered || !is_sound(store, turn)) {
        log_event(LOG_ERROR, "turn_refused", LOG_NUMBER("commands", turn->command_count));
        return ERROR_INTERNAL_ERROR;
    }
    struct intents *intents = malloc(sizeof *intents);
    if (intents == NULL) return ERROR_STORE_UNAVAILABLE;
    intents->count = 0;
    enum error error = insert_bookings(store, turn, intents);
    if (error == ERROR_NONE) error = insert_payments(store, turn, intents);
    if (error == ERROR_NONE) error = insert_blocks(store, turn, intents);
    free(intents);
    if (error == ERROR_NONE) error = record_money(store, turn);
    return error == ERROR_NONE ? mongo_plan_turn(store, turn) : error;
}
